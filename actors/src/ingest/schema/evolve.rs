//! How a table grows with its events: by columns, and by widening that loses nothing.

use super::infer::Inference;
use super::{ColumnType, MAX_COLUMNS, Path, Scalar, TableSchema};

/// What a table needs so that a message becomes a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Fields without a column.
    pub add: Vec<(Path, ColumnType)>,
    /// Columns, by their position in the schema, and the type that holds more.
    pub widen: Vec<(usize, ColumnType)>,
}

impl Changes {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.widen.is_empty()
    }
}

/// What `schema` needs for the messages that `seen` has looked at.
pub fn propose(schema: &TableSchema, seen: &Inference) -> Changes {
    let mut changes = Changes::default();
    for proposal in seen.propose() {
        // The decoder does not ask for these, but other fields of the same message may have made it ask.
        if schema.leaves_out(&proposal.path) || schema.keeps_whole(&proposal.path) {
            continue;
        }
        let existing = schema
            .columns
            .iter()
            .position(|column| column.path == proposal.path);
        match existing {
            None if schema.columns.len() + changes.add.len() < MAX_COLUMNS => {
                changes.add.push((proposal.path, proposal.column_type));
            }
            None => {}
            Some(index) if schema.columns[index].is_chosen => {}
            Some(index) => {
                let wider = widen(schema.columns[index].column_type, proposal.column_type);
                changes
                    .widen
                    .extend(wider.map(|column_type| (index, column_type)));
            }
        }
    }
    changes
}

/// The type that holds what `have` holds and what `seen` holds, exactly; `None` when `have` does
/// already or when there is none. `Int64` to `Float64` is exact only for values up to 2^53: who
/// widens has to look at the table first.
pub fn widen(have: ColumnType, seen: ColumnType) -> Option<ColumnType> {
    use Scalar::{DateTime, Float64, Int64, Int128, UInt64};
    match (have, seen) {
        (ColumnType::Scalar(have), ColumnType::Scalar(seen)) => {
            Some(ColumnType::Scalar(match (have, seen) {
                (Int64, UInt64) | (Int64 | UInt64, Int128) => Int128,
                (Int64, Float64) => Float64,
                (DateTime(have), DateTime(seen)) if seen > have => DateTime(seen),
                _ => return None,
            }))
        }
        (
            ColumnType::Array {
                element,
                nullable: false,
            },
            ColumnType::Array {
                element: seen,
                nullable: true,
            },
        ) if element == seen => Some(ColumnType::Array {
            element,
            nullable: true,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(columns: &[(&str, Scalar)]) -> TableSchema {
        let mut schema = TableSchema::default();
        for (name, scalar) in columns {
            schema
                .add(&[(*name).to_owned()], ColumnType::Scalar(*scalar))
                .unwrap();
        }
        schema
    }

    fn changes(schema: &TableSchema, message: &str) -> Changes {
        let mut seen = Inference::default();
        seen.observe(message.as_bytes(), 0);
        propose(schema, &seen)
    }

    #[test]
    fn new_fields_become_columns_and_known_ones_stay() {
        let table = schema(&[("a", Scalar::Int64)]);
        let found = changes(&table, r#"{"a":1,"b":"x","c":{"d":true}}"#);
        assert_eq!(found.widen, []);
        assert_eq!(
            found.add,
            [
                (vec!["b".to_owned()], ColumnType::Scalar(Scalar::String)),
                (
                    vec!["c".to_owned(), "d".to_owned()],
                    ColumnType::Scalar(Scalar::Bool)
                ),
            ]
        );
    }

    #[test]
    fn what_is_left_out_never_comes_back_and_an_object_kept_as_text_is_not_taken_apart() {
        let mut table = schema(&[("a", Scalar::String), ("m", Scalar::String)]);
        table.add(&["m".to_owned(), "x".to_owned()], ColumnType::LowCardinality);
        table.left_out = vec![
            vec!["secret".to_owned()],
            vec!["who".to_owned(), "mail".to_owned()],
        ];
        let found = changes(
            &table,
            r#"{"a":{"b":1},"m":{"y":2},"secret":{"deep":1},"who":{"mail":"x","name":"ann"},"new":true}"#,
        );
        let added: Vec<String> = found.add.iter().map(|(path, _)| path.join(".")).collect();
        assert_eq!(added, ["m.y", "who.name", "new"]);
        let mut full = schema(&[("n", Scalar::Int64)]);
        full.left_out = vec![vec!["n".to_owned()]];
        assert_eq!(changes(&full, r#"{"n":1.5}"#), Changes::default());
    }

    #[test]
    fn only_what_loses_nothing_is_widened() {
        let table = schema(&[
            ("n", Scalar::Int64),
            ("s", Scalar::Bool),
            ("t", Scalar::DateTime(3)),
        ]);
        let to = |message| changes(&table, message).widen;
        assert_eq!(to(r#"{"n":1.5}"#), [(0, ColumnType::Scalar(Scalar::Float64))]);
        assert_eq!(
            to(r#"{"n":18446744073709551615}"#),
            [(0, ColumnType::Scalar(Scalar::Int128))]
        );
        assert_eq!(
            to(r#"{"t":"2026-11-22T17:04:05.123456Z"}"#),
            [(2, ColumnType::Scalar(Scalar::DateTime(6)))]
        );
        assert_eq!(to(r#"{"n":"text"}"#), []);
        assert_eq!(to(r#"{"s":1}"#), []);
        let mut chosen = table.clone();
        chosen.columns[0].is_chosen = true;
        assert_eq!(changes(&chosen, r#"{"n":1.5}"#), Changes::default());
    }
}
