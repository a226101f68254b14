//! Whether two statements came to the same, which is what tells that two readings of a question agree.
//!
//! Names and order of columns do not count, nor does the order of rows: "the top three" by two statements are the same
//! three. A column more does not count either, as long as each row of the narrower answer is found in the other.

use serde_json::Value;

use super::Answer;

/// Rows up to which two answers are compared; longer ones never agree.
const MOST_ROWS: usize = 1_000;

/// Relative difference up to which two numbers are the same: sums of floats come in any order.
const TOLERANCE: f64 = 1e-9;

/// A cell without what does not matter for its meaning.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Whole(i128),
    Number(f64),
    Text(String),
}

/// Whether both answers say the same.
pub(super) fn same_rows(one: &Answer, other: &Answer) -> bool {
    let cells = |answer: &Answer| -> Option<Vec<Vec<Cell>>> {
        let rows = answer.rows.iter();
        rows.map(|row| serde_json::from_str::<Vec<Value>>(row.get()).ok())
            .map(|row| row.map(|row| row.iter().map(cell).collect()))
            .collect()
    };
    if one.truncated || other.truncated {
        return false;
    }
    match (cells(one), cells(other)) {
        (Some(one), Some(other)) => same(&one, &other),
        _ => false,
    }
}

/// Numbers come as numbers, or as texts where JSON would lose digits.
fn cell(value: &Value) -> Cell {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (text.parse::<i128>(), text.parse::<f64>()) {
        (Ok(number), _) => Cell::Whole(number),
        (_, Ok(number)) if number.is_finite() => Cell::Number(number),
        _ => Cell::Text(text),
    }
}

/// Each row of the narrower is found in the wider, and none is left over there.
fn same(one: &[Vec<Cell>], other: &[Vec<Cell>]) -> bool {
    if one.len() != other.len() || one.len() > MOST_ROWS {
        return false;
    }
    let width = |rows: &[Vec<Cell>]| rows.first().map_or(0, Vec::len);
    let (narrow, wide) = if width(one) <= width(other) {
        (one, other)
    } else {
        (other, one)
    };
    let mut left: Vec<&Vec<Cell>> = wide.iter().collect();
    narrow.iter().all(|row| {
        let found = left.iter().position(|candidate| holds(candidate, row));
        found.map(|at| left.swap_remove(at)).is_some()
    })
}

/// Whether a row has all the cells of another, each as often.
fn holds(row: &[Cell], cells: &[Cell]) -> bool {
    let mut left: Vec<&Cell> = row.iter().collect();
    cells.iter().all(|wanted| {
        let found = left.iter().position(|cell| equal(cell, wanted));
        found.map(|at| left.swap_remove(at)).is_some()
    })
}

fn equal(one: &Cell, other: &Cell) -> bool {
    let float = |cell: &Cell| match cell {
        Cell::Whole(number) => Some(*number as f64),
        Cell::Number(number) => Some(*number),
        Cell::Text(_) => None,
    };
    match (one, other) {
        (Cell::Whole(one), Cell::Whole(other)) => one == other,
        _ => match (float(one), float(other)) {
            (Some(one), Some(other)) => (one - other).abs() <= TOLERANCE * one.abs().max(other.abs()),
            _ => one == other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(json: &str) -> Vec<Vec<Cell>> {
        let rows: Vec<Vec<Value>> = serde_json::from_str(json).unwrap();
        rows.iter().map(|row| row.iter().map(cell).collect()).collect()
    }

    #[test]
    fn order_names_and_further_columns_do_not_matter() {
        for (one, other) in [
            (r#"[["AT", 3], ["DE", 4]]"#, r#"[[4, "DE"], [3, "AT"]]"#),
            (r#"[["18446744073709551615"]]"#, "[[18446744073709551615]]"),
            ("[[0.30000000000000004]]", r#"[["0.3"]]"#),
            (r#"[["AT"], ["DE"]]"#, r#"[["DE", 4], ["AT", 3]]"#),
            ("[]", "[]"),
        ] {
            assert!(same(&rows(one), &rows(other)), "{one} {other}");
            assert!(same(&rows(other), &rows(one)), "{other} {one}");
        }
    }

    #[test]
    fn other_rows_are_others() {
        for (one, other) in [
            (r#"[["AT", 3]]"#, r#"[["AT", 4]]"#),
            (r#"[["AT", 3]]"#, r#"[["AT", 3], ["DE", 4]]"#),
            // Each row stands for one of the other, not for several.
            ("[[1], [1]]", "[[1], [2]]"),
            ("[[1, 1]]", "[[1, 2]]"),
            ("[[null]]", "[[0]]"),
            (r#"[["18446744073709551615"]]"#, r#"[["18446744073709551614"]]"#),
            (r#"[["2026-01-01"]]"#, r#"[["2026-01-02"]]"#),
        ] {
            assert!(!same(&rows(one), &rows(other)), "{one} {other}");
            assert!(!same(&rows(other), &rows(one)), "{other} {one}");
        }
    }
}
