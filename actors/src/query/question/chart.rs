//! Which picture shows an answer best, by the types of its columns.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::catalog::plain_type;
use crate::query::sql::ResultColumn;

/// How an answer is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chart {
    /// The kind of picture.
    pub kind: ChartKind,
    /// The column along the x axis, or of the slices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The columns of numbers.
    #[serde(default)]
    pub y: Vec<String>,
    /// The column that tells several lines or colours apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
}

/// A kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// One number, large.
    Number,
    /// Numbers over time.
    Line,
    /// Numbers side by side.
    Bar,
    /// Parts of a whole.
    Pie,
    /// Rows, as they are.
    Table,
}

/// Slices that a pie can have and still be read.
const MOST_SLICES: usize = 6;
/// Bars that can stand side by side.
const MOST_BARS: usize = 60;

/// The picture for a result of these columns and so many rows; `is_share` when its numbers are parts of a whole.
pub fn chart(columns: &[ResultColumn], rows: usize, is_share: bool) -> Chart {
    let is = |column: &ResultColumn, kinds: &[&str]| {
        kinds
            .iter()
            .any(|kind| plain_type(&column.column_type).starts_with(kind))
    };
    let numbers: Vec<&ResultColumn> = columns
        .iter()
        .filter(|column| is(column, &["Int", "UInt", "Float", "Decimal", "BFloat"]))
        .collect();
    let times: Vec<&ResultColumn> = columns.iter().filter(|column| is(column, &["Date"])).collect();
    let names: Vec<&ResultColumn> = columns
        .iter()
        .filter(|column| is(column, &["String", "FixedString", "Enum", "Bool", "UUID"]))
        .collect();
    let table = Chart {
        kind: ChartKind::Table,
        x: None,
        y: Vec::new(),
        series: None,
    };
    let name = |column: &&ResultColumn| column.name.clone();
    match (times.as_slice(), names.as_slice(), numbers.as_slice()) {
        (_, _, []) => table,
        ([], [], [_]) if rows == 1 => Chart {
            kind: ChartKind::Number,
            y: numbers.iter().map(name).collect(),
            ..table
        },
        ([time], names, numbers) if rows > 1 && names.len() <= 1 => Chart {
            kind: ChartKind::Line,
            x: Some(time.name.clone()),
            y: numbers.iter().map(name).collect(),
            series: names.first().map(name),
        },
        // A number that counts up is an axis: hours of the day, ratings.
        ([], [], [axis, rest @ ..]) if !rest.is_empty() && rows > 1 && rows <= MOST_BARS => Chart {
            kind: ChartKind::Bar,
            x: Some(axis.name.clone()),
            y: rest.iter().map(name).collect(),
            series: None,
        },
        ([], [thing, more @ ..], numbers) if rows > 1 && rows <= MOST_BARS && more.len() <= 1 => Chart {
            kind: if is_share && rows <= MOST_SLICES && more.is_empty() && numbers.len() == 1 {
                ChartKind::Pie
            } else {
                ChartKind::Bar
            },
            x: Some(thing.name.clone()),
            y: numbers.iter().map(name).collect(),
            series: more.first().map(name),
        },
        _ => table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(types: &[&str]) -> Vec<ResultColumn> {
        types
            .iter()
            .enumerate()
            .map(|(at, column_type)| ResultColumn {
                name: format!("c{at}"),
                column_type: (*column_type).to_owned(),
            })
            .collect()
    }

    #[test]
    fn pictures_suit_their_types() {
        for (types, rows, kind) in [
            (&["UInt64"][..], 1, ChartKind::Number),
            (&["DateTime", "UInt64"], 24, ChartKind::Line),
            (
                &["Date", "LowCardinality(String)", "Float64"],
                24,
                ChartKind::Line,
            ),
            (&["LowCardinality(String)", "UInt64"], 5, ChartKind::Bar),
            (&["UInt8", "UInt64"], 24, ChartKind::Bar),
            (&["String"], 5, ChartKind::Table),
            (&["String", "UInt64"], 5_000, ChartKind::Table),
            (&[], 0, ChartKind::Table),
        ] {
            assert_eq!(chart(&columns(types), rows, false).kind, kind, "{types:?}");
        }
        assert_eq!(
            chart(&columns(&["String", "Float64"]), 3, true).kind,
            ChartKind::Pie
        );
    }
}
