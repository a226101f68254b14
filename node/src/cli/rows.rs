//! Rows as a table.

use aurora_actors::query::limits::MAX_LIMIT;
use comfy_table::{Cell, ContentArrangement, Table};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::output::{self, harmless};

/// A column of an answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Column {
    name: String,
    #[serde(rename = "type")]
    column_type: String,
}

/// Rows under the names of their columns; numbers stand on the right. A row is an array, as ClickHouse wrote it.
pub(super) fn table(columns: &[Column], rows: &[Box<RawValue>]) -> anyhow::Result<Table> {
    let headings: Vec<String> = columns.iter().map(|column| harmless(&column.name)).collect();
    let mut table = output::table(&headings);
    for row in rows {
        let values: Vec<&RawValue> = serde_json::from_str(row.get())?;
        let cells = values.iter().zip(columns).map(|(value, column)| {
            let text = harmless(&text(value.get()));
            if is_number(&column.column_type) {
                output::number(text)
            } else {
                Cell::new(text)
            }
        });
        table.add_row(cells);
    }
    Ok(table)
}

/// The same for a file, where no line is too long and nothing is bold, even if standard output is a terminal.
pub(super) fn wide_table(columns: &[Column], rows: &[Box<RawValue>]) -> anyhow::Result<Table> {
    let mut table = table(columns, rows)?;
    table
        .set_content_arrangement(ContentArrangement::Disabled)
        .force_no_tty();
    Ok(table)
}

/// A value as people read it; numbers stay as ClickHouse wrote them.
fn text(json: &str) -> String {
    match json {
        "null" => "NULL".to_owned(),
        json => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
    }
}

/// Up to when an answer is complete, as the end of a sentence.
pub(super) fn complete_up_to(time: Option<jiff::Timestamp>) -> String {
    time.map_or_else(String::new, |time| format!(", complete up to {time:.0}"))
}

/// That a statement has more rows than are shown, and what to do to have them; `all` gets all.
pub(super) fn more_than(shown: usize, limit: usize, all: &str) -> String {
    // Fewer than were asked for are as many bytes as an answer may have.
    let can_be_raised = shown == limit && limit < MAX_LIMIT;
    let raise = if can_be_raised { "raise --limit, or " } else { "" };
    format!("There are more than these {}: {raise}{all}", output::rows(shown))
}

fn is_number(column_type: &str) -> bool {
    let inner = column_type
        .trim_start_matches("LowCardinality(")
        .trim_start_matches("Nullable(");
    ["Int", "UInt", "Float", "Decimal", "BFloat"]
        .iter()
        .any(|number| inner.starts_with(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_they_are_and_cannot_move_the_cursor() {
        let columns: Vec<Column> = serde_json::from_str(
            r#"[{"name":"n","type":"Nullable(Float64)"},{"name":"text","type":"String"},{"name":"a","type":"Array(UInt8)"}]"#,
        )
        .unwrap();
        let rows: Vec<Box<RawValue>> =
            serde_json::from_str(r#"[[1.50,"a\u001b[2Jb",[1, 2]],[null,"NULL","x"]]"#).unwrap();
        let shown = wide_table(&columns, &rows).unwrap().to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert!(
            lines[3].contains("1.50") && lines[3].contains("a [2Jb"),
            "{shown}"
        );
        assert!(
            lines[3].contains("[1, 2]") && lines[4].contains("NULL"),
            "{shown}"
        );
        assert!(!shown.contains('\u{1b}'), "{shown}");
    }

    #[test]
    fn a_limit_is_raised_only_where_that_helps() {
        let all = "use --format csv for all";
        assert_eq!(
            more_than(1_000, 1_000, all),
            "There are more than these 1000 rows: raise --limit, or use --format csv for all"
        );
        for (shown, limit) in [(MAX_LIMIT, MAX_LIMIT), (MAX_LIMIT, 2 * MAX_LIMIT), (20, 1_000)] {
            let said = more_than(shown, limit, all);
            assert!(said.ends_with("rows: use --format csv for all"), "{said}");
        }
    }

    #[test]
    fn numbers_are_known_by_their_type() {
        for number in [
            "UInt64",
            "Nullable(Decimal(9, 2))",
            "LowCardinality(Nullable(Int8))",
        ] {
            assert!(is_number(number), "{number}");
        }
        for other in ["String", "Array(UInt8)", "Nullable(DateTime)"] {
            assert!(!is_number(other), "{other}");
        }
    }
}
