//! Which types a column could be given, and what each would cost: found out by decoding, so that it is what a stream
//! would do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ingest::batch::Columns;
use crate::ingest::decode::{Decoder, RejectReason, Unfit};
use crate::ingest::schema::infer::{Inference, Proposal};
use crate::ingest::schema::{ColumnType, TableSchema};
use crate::ingest::source::sample::Sampled;

/// Messages that are decoded before their rows, which nobody wants, are given up.
const AT_ONCE: usize = 100;

/// A type that a column could be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypeChoice {
    /// The type, as ClickHouse spells it.
    #[serde(rename = "type")]
    pub column_type: String,
    /// Messages of the sample that would be dead letters because of it; 0 when every value fits, exactly or widened
    /// without a loss.
    pub rejects: u64,
}

/// For each column of `schema` the types that hold some of its values in the sample, and the type it has.
pub(super) fn alternatives(
    schema: &TableSchema,
    proposals: &[Option<Proposal>],
    sample: &Inference,
    sampled: &[Sampled],
) -> Vec<Vec<TypeChoice>> {
    let candidates: Vec<Vec<ColumnType>> = schema
        .columns
        .iter()
        .map(|column| {
            let mut types = sample.alternatives(&column.path);
            if !types.contains(&column.column_type) {
                types.push(column.column_type);
            }
            types
        })
        .collect();
    let mut choices = vec![Vec::new(); candidates.len()];
    // One pass tries one type of every column.
    let passes = candidates.iter().map(Vec::len).max().unwrap_or(0);
    for pass in 0..passes {
        let mut tried = schema.clone();
        for (column, types) in tried.columns.iter_mut().zip(&candidates) {
            column.column_type = types.get(pass).copied().unwrap_or(column.column_type);
        }
        for (index, rejects) in misfits(tried, sampled).into_iter().enumerate() {
            let Some(column_type) = candidates[index].get(pass) else {
                continue;
            };
            let seen = proposals[index].as_ref().map_or(0, |proposal| proposal.seen);
            if rejects < seen || seen == 0 || *column_type == schema.columns[index].column_type {
                choices[index].push(TypeChoice {
                    column_type: column_type.to_string(),
                    rejects,
                });
            }
        }
    }
    choices
}

/// For each column, how many messages have something that does not fit into it.
fn misfits(schema: TableSchema, sampled: &[Sampled]) -> Vec<u64> {
    let schema = Arc::new(schema);
    let mut counts = vec![0; schema.columns.len()];
    let mut decoder = Decoder::new(schema.clone());
    for some in sampled.chunks(AT_ONCE) {
        let mut columns = Columns::new(schema.clone());
        for message in some {
            let outcome = decoder.decode(&message.payload, &mut columns, Unfit::Settle);
            if matches!(outcome, Err(RejectReason::WrongType { .. })) {
                decoder.misfits().iter().for_each(|index| counts[*index] += 1);
            }
        }
    }
    counts
}
