//! What a partition has ready to be written: rows as columns, the messages that could not become
//! rows, and an account of every offset in between.

pub mod column;
pub mod native;

use std::sync::Arc;

use crate::ingest::decode::RejectReason;
use crate::ingest::journal::Range;
use crate::ingest::schema::{ColumnType, Scalar, TableSchema};
use crate::ingest::source::buffer::Permit;
use column::ColumnBuilder;

/// The columns of decoded rows, without their metadata. Rows are added whole or not at all.
#[derive(Debug)]
pub struct Columns {
    /// The schema they follow.
    pub schema: Arc<TableSchema>,
    /// One for each column of the schema.
    pub fields: Vec<ColumnBuilder>,
    /// Fields without a column, see [`REST_COLUMN`](super::schema::REST_COLUMN).
    pub rest: ColumnBuilder,
    /// Whole rows so far.
    pub rows: usize,
}

impl Columns {
    /// No rows yet.
    pub fn new(schema: Arc<TableSchema>) -> Self {
        let fields = schema
            .columns
            .iter()
            .map(|column| ColumnBuilder::new(column.column_type))
            .collect();
        let rest = ColumnBuilder::new(ColumnType::Scalar(Scalar::String));
        Self {
            schema,
            fields,
            rest,
            rows: 0,
        }
    }

    /// Bytes that the columns take, roughly.
    pub fn bytes(&self) -> usize {
        self.fields.iter().map(ColumnBuilder::bytes).sum::<usize>() + self.rest.bytes()
    }
}

/// A message that could not become a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Its offset.
    pub offset: u64,
    /// The broker's timestamp, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Its key, if it has one.
    pub key: Option<Vec<u8>>,
    /// Its payload.
    pub payload: Vec<u8>,
    /// Why.
    pub reason: RejectReason,
}

/// A batch of one partition: an unbroken range of offsets and what each of them became.
#[derive(Debug)]
pub struct PartitionBatch {
    /// The rows' fields.
    pub columns: Columns,
    /// The rows' offsets, ascending.
    pub offsets: Vec<u64>,
    /// The rows' broker timestamps, milliseconds since 1970.
    pub timestamps_ms: Vec<i64>,
    /// Messages that could not become rows.
    pub rejects: Vec<Reject>,
    /// The offsets that the batch accounts for. Its `rows` and `dead` count what earlier epochs
    /// have landed too, which `offsets` and `rejects` leave out.
    pub range: Range,
    /// Bytes of payloads among `rejects`.
    pub rejected_bytes: usize,
    /// Bytes of all messages that the batch accounts for.
    pub message_bytes: u64,
    /// Their share of the node's byte budget, held until they have landed.
    pub permits: Vec<Permit>,
    /// Whether it must not share an insert with other partitions, since a value in it is suspect.
    pub alone: bool,
}

impl PartitionBatch {
    /// An empty batch that starts at offset `first`.
    pub fn new(schema: Arc<TableSchema>, first: u64) -> Self {
        Self {
            columns: Columns::new(schema),
            offsets: Vec::new(),
            timestamps_ms: Vec::new(),
            rejects: Vec::new(),
            range: Range::empty(first),
            rejected_bytes: 0,
            message_bytes: 0,
            permits: Vec::new(),
            alone: false,
        }
    }

    /// Whether it accounts for no offset at all.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Bytes of columns that wait to be written, roughly.
    pub fn bytes(&self) -> usize {
        self.columns.bytes() + self.offsets.len() * 16
    }
}

/// The columns of `batches`, which share one schema, as one Native block: `_partition`, `_offset`,
/// `_timestamp`, the catch-all, then the fields, in the shape that [`block_shape`] describes.
pub fn encode_block(batches: &[(i32, &PartitionBatch)]) -> Vec<u8> {
    let Some((_, first)) = batches.first() else {
        return Vec::new();
    };
    let rows = batches.iter().map(|(_, batch)| batch.offsets.len()).sum();
    let schema = &first.columns.schema;
    let shape = block_shape(schema);
    let mut out = Vec::with_capacity(batches.iter().map(|(_, batch)| batch.bytes() + 4096).sum());
    native::write_block_header(&mut out, shape.len(), rows);
    for (index, (name, type_name)) in shape.iter().enumerate() {
        native::write_column_header(&mut out, name, type_name);
        match index {
            0 => batches.iter().for_each(|(partition, batch)| {
                batch
                    .offsets
                    .iter()
                    .for_each(|_| out.extend_from_slice(&partition.to_le_bytes()));
            }),
            1 => batches
                .iter()
                .flat_map(|(_, batch)| &batch.offsets)
                .for_each(|offset| {
                    out.extend_from_slice(&offset.to_le_bytes());
                }),
            2 => batches
                .iter()
                .flat_map(|(_, batch)| &batch.timestamps_ms)
                .for_each(|timestamp| {
                    out.extend_from_slice(&timestamp.to_le_bytes());
                }),
            3 => native::write_column(&mut out, &parts(batches, |columns| &columns.rest)),
            field => native::write_column(&mut out, &parts(batches, |columns| &columns.fields[field - 4])),
        }
    }
    out
}

fn parts<'a>(
    batches: &[(i32, &'a PartitionBatch)],
    column: impl Fn(&'a Columns) -> &'a ColumnBuilder,
) -> Vec<&'a ColumnBuilder> {
    batches.iter().map(|(_, batch)| column(&batch.columns)).collect()
}

/// Names and types of the columns that [`encode_block`] writes, in its order.
pub fn block_shape(schema: &TableSchema) -> Vec<(&str, String)> {
    let mut shape = vec![
        ("_partition", "Int32".to_owned()),
        ("_offset", "UInt64".to_owned()),
        ("_timestamp", "DateTime64(3, 'UTC')".to_owned()),
        (crate::ingest::schema::REST_COLUMN, "Nullable(String)".to_owned()),
    ];
    shape.extend(
        schema
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.column_type.to_string())),
    );
    shape
}
