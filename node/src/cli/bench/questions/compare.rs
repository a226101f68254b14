//! Whether two results say the same, whatever their columns are called and in whatever order they come.
//!
//! An answer may carry further columns, and its columns and rows may be in any order. Numbers are equal within a
//! tolerance, also when one of them is written as text (64-bit integers and decimals cross JSON so); a ratio may
//! come as 0.12 or as 12. The rules are those of the scorer that the first questions came with, so that figures
//! can be compared; but a column of ratios has one scale, and dates are put in order as dates.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Value;

/// How two numbers are equal when nothing else is said, relative.
const TOLERANCE: f64 = 1e-6;
const RATIO_TOLERANCE: f64 = 5e-3;
const ABSOLUTE_TOLERANCE: f64 = 1e-9;
/// Answers with more columns are taken for dumps of a table, in which everything can be found.
const MAX_ANSWER_COLUMNS: usize = 12;
/// Ways of laying the columns on one another that are tried. Only columns of equal values come into question, so
/// that this is met by results of many equal columns only.
const MAX_TRIES: usize = 12_000;

/// A row of a result.
pub(super) type ResultRow = Vec<Value>;

/// What may differ between a right answer and the known one.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Leeway {
    /// 0.12 and 12 are the same.
    #[serde(default)]
    pub(super) ratio: bool,
    /// How far numbers may be apart, relative.
    pub(super) tolerance: Option<f64>,
    /// Rows that are tied on the last number of a row may be cut off anywhere: what the rows are called is not
    /// compared then. Holds the name of that number.
    pub(super) ties: Option<String>,
}

/// Whether `answer` says what `known` says.
pub(super) fn matches(known: &[ResultRow], answer: &[ResultRow], leeway: &Leeway) -> bool {
    let (Some(first), Some(given)) = (known.first(), answer.first()) else {
        return known.len() == answer.len();
    };
    let (width, have) = (first.len(), given.len());
    if known.len() != answer.len() || have < width || have > MAX_ANSWER_COLUMNS {
        return false;
    }
    // Nothing that ClickHouse returns looks like that.
    if known.iter().any(|row| row.len() != width) || answer.iter().any(|row| row.len() != have) {
        return false;
    }
    let candidates: Vec<Vec<usize>> = (0..width)
        .map(|column| {
            let known = sorted_column(known, column);
            (0..have)
                .filter(|&other| all_same(&known, &sorted_column(answer, other), leeway))
                .collect()
        })
        .collect();
    let known_sorted = sorted(known, &(0..width).collect::<Vec<_>>());
    let mut search = Search {
        known: &known_sorted,
        answer,
        candidates: &candidates,
        leeway,
        tries_left: MAX_TRIES,
    };
    search.from(&mut Vec::with_capacity(width)) || (leeway.ties.is_some() && same_counts(known, answer))
}

/// Goes through the ways in which columns of the answer can stand for those of the known result.
struct Search<'a> {
    known: &'a [Vec<&'a Value>],
    answer: &'a [ResultRow],
    candidates: &'a [Vec<usize>],
    leeway: &'a Leeway,
    tries_left: usize,
}

impl Search<'_> {
    fn from(&mut self, chosen: &mut Vec<usize>) -> bool {
        let Some(candidates) = self.candidates.get(chosen.len()) else {
            self.tries_left = self.tries_left.saturating_sub(1);
            return all_same(self.known, &sorted(self.answer, chosen), self.leeway);
        };
        for &column in candidates {
            if self.tries_left == 0 {
                return false;
            }
            if chosen.contains(&column) {
                continue;
            }
            chosen.push(column);
            if self.from(chosen) {
                return true;
            }
            chosen.pop();
        }
        false
    }
}

/// Whether some column of the answer holds the numbers that the known rows were cut by.
fn same_counts(known: &[ResultRow], answer: &[ResultRow]) -> bool {
    let Some(column) = (0..known[0].len()).rfind(|&column| number(&known[0][column]).is_some()) else {
        return false;
    };
    let numbers = |rows: &[ResultRow], column: usize| {
        let mut numbers: Vec<f64> = rows
            .iter()
            .map(|row| number(&row[column]).unwrap_or(0.0))
            .collect();
        numbers.sort_by(f64::total_cmp);
        numbers
    };
    let known = numbers(known, column);
    (0..answer[0].len()).any(|other| numbers(answer, other) == known)
}

/// One column of the rows, in the exact order of its values: nothing stands beside them that could decide.
fn sorted_column(rows: &[ResultRow], column: usize) -> Vec<Vec<&Value>> {
    let mut cells: Vec<(Key, &Value)> = rows
        .iter()
        .map(|row| match number(&row[column]) {
            Some(number) => (Key::Number(number), &row[column]),
            None => (Key::Text(text(&row[column])), &row[column]),
        })
        .collect();
    cells.sort_by(|(a, _), (b, _)| a.cmp(b));
    cells.into_iter().map(|(_, value)| vec![value]).collect()
}

/// These columns of the rows, in an order that depends on the values alone.
fn sorted<'a>(rows: &'a [ResultRow], columns: &[usize]) -> Vec<Vec<&'a Value>> {
    let mut rows: Vec<(Vec<Key>, Vec<&Value>)> = rows
        .iter()
        .map(|row| {
            let picked: Vec<&Value> = columns.iter().map(|&column| &row[column]).collect();
            (picked.iter().map(|value| Key::of(value)).collect(), picked)
        })
        .collect();
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What rows are ordered by: numbers, roughly, before texts.
#[derive(Debug, Clone)]
enum Key {
    Number(f64),
    Text(String),
}

impl Key {
    fn of(value: &Value) -> Self {
        match number(value) {
            // So that numbers within the tolerance do not decide about the order, what stands beside them does.
            Some(number) => Self::Number((number * 1_000.0).round()),
            None => Self::Text(text(value)),
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

fn all_same(a: &[Vec<&Value>], b: &[Vec<&Value>], leeway: &Leeway) -> bool {
    let cells = a.iter().flatten().zip(b.iter().flatten());
    cells.into_iter().all(|(a, b)| same(a, b, leeway))
}

fn same(a: &Value, b: &Value, leeway: &Leeway) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) if leeway.ratio => [1.0, 100.0, 0.01]
            .iter()
            .any(|scale| close(a * scale, b, RATIO_TOLERANCE)),
        (Some(a), Some(b)) => close(a, b, leeway.tolerance.unwrap_or(TOLERANCE)),
        _ if a.is_null() || b.is_null() => a == b,
        _ => text(a) == text(b),
    }
}

fn close(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= (relative * a.abs().max(b.abs())).max(ABSOLUTE_TOLERANCE)
}

/// A value as a number, if it is one or is the text of one.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) if is_decimal(text) => text.parse().ok(),
        _ => None,
    }
}

/// Stricter than `str::parse`, which takes "inf" and ".5" too.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (text, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole) && digits(fraction) && digits(exponent)
}

/// A value as text, in which a date and its midnight are the same, with a zone and without.
fn text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text.strip_suffix('Z').unwrap_or(&text);
    let text = match text.rsplit_once('.') {
        Some((before, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => before,
        _ => text,
    };
    let text = text
        .strip_suffix(" 00:00:00")
        .or_else(|| text.strip_suffix("T00:00:00"))
        .unwrap_or(text);
    text.replace('T', " ").trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rows(value: Value) -> Vec<ResultRow> {
        serde_json::from_value(value).unwrap()
    }

    fn match_with(known: Value, answer: Value, leeway: &Leeway) -> bool {
        matches(&rows(known), &rows(answer), leeway)
    }

    fn match_exactly(known: Value, answer: Value) -> bool {
        match_with(known, answer, &Leeway::default())
    }

    #[test]
    fn columns_and_rows_may_be_in_any_order_and_there_may_be_more_columns() {
        let known = json!([["a", 1], ["b", 2]]);
        assert!(match_exactly(
            known.clone(),
            json!([[2, "x", "b"], [1, "y", "a"]])
        ));
        assert!(!match_exactly(known.clone(), json!([[1, "b"], [2, "a"]])));
        assert!(!match_exactly(known.clone(), json!([["a"], ["b"]])));
        assert!(!match_exactly(known, json!([["a", 1]])));
    }

    #[test]
    fn equal_columns_are_told_apart_by_what_stands_beside_them() {
        let known = json!([["a", 1, 2], ["b", 2, 1]]);
        assert!(match_exactly(known.clone(), json!([["b", 1, 2], ["a", 2, 1]])));
        assert!(!match_exactly(known, json!([["b", 1, 1], ["a", 2, 2]])));
    }

    #[test]
    fn numbers_that_are_nearly_equal_keep_their_rows() {
        let known = json!([["a", 0.61692], ["b", 0.617]]);
        assert!(match_exactly(
            known.clone(),
            json!([[0.617, "b"], [0.61692, "a"]])
        ));
        assert!(!match_exactly(known, json!([[0.617, "a"], [0.61692, "b"]])));
    }

    #[test]
    fn numbers_may_be_written_as_text() {
        assert!(match_exactly(json!([[12]]), json!([["12"]])));
        assert!(match_exactly(json!([[12.5]]), json!([["12.50"]])));
        assert!(match_exactly(json!([[true]]), json!([[1]])));
        assert!(!match_exactly(json!([[12]]), json!([["12 kg"]])));
        assert!(!match_exactly(json!([[12]]), json!([["13"]])));
    }

    #[test]
    fn nothing_is_neither_zero_nor_empty() {
        assert!(match_exactly(json!([[null]]), json!([[null]])));
        assert!(!match_exactly(json!([[null]]), json!([[0]])));
        assert!(!match_exactly(json!([[null]]), json!([[""]])));
        assert!(match_exactly(json!([]), json!([])));
        assert!(!match_exactly(json!([]), json!([[1]])));
        assert!(!match_exactly(json!([[1]]), json!([])));
    }

    #[test]
    fn only_a_ratio_may_come_as_a_percentage() {
        let ratio = Leeway {
            ratio: true,
            ..Leeway::default()
        };
        assert!(match_with(json!([["a", 0.123]]), json!([["a", "12.3"]]), &ratio));
        assert!(match_with(json!([["a", 12.3]]), json!([["a", 0.123]]), &ratio));
        assert!(!match_with(json!([["a", 0.123]]), json!([["a", 0.126]]), &ratio));
        assert!(!match_exactly(json!([["a", 0.123]]), json!([["a", 12.3]])));
    }

    #[test]
    fn the_tolerance_is_relative() {
        let leeway = Leeway {
            tolerance: Some(0.02),
            ..Leeway::default()
        };
        assert!(match_with(json!([[100]]), json!([[101.9]]), &leeway));
        assert!(!match_with(json!([[100]]), json!([[103]]), &leeway));
        assert!(!match_exactly(json!([[100]]), json!([[100.1]])));
    }

    #[test]
    fn tied_rows_may_be_cut_anywhere_but_the_counts_must_agree() {
        let ties = Leeway {
            ties: Some("n".to_owned()),
            ..Leeway::default()
        };
        let known = json!([["a", 5], ["b", 3], ["c", 3]]);
        assert!(match_with(
            known.clone(),
            json!([["a", 5], ["b", 3], ["d", 3]]),
            &ties
        ));
        assert!(!match_with(
            known.clone(),
            json!([["a", 5], ["b", 3], ["d", 2]]),
            &ties
        ));
        assert!(!match_exactly(known, json!([["a", 5], ["b", 3], ["d", 3]])));
    }

    #[test]
    fn a_date_is_its_midnight_with_a_zone_and_without() {
        let known = json!([["2026-03-01"]]);
        for same in [
            "2026-03-01 00:00:00",
            "2026-03-01T00:00:00.000Z",
            "2026-03-01 00:00:00.000",
        ] {
            assert!(match_exactly(known.clone(), json!([[same]])), "{same}");
        }
        assert!(!match_exactly(known, json!([["2026-03-01 01:00:00"]])));
        let hour = json!([["2026-03-01 07:00:00"]]);
        assert!(match_exactly(hour, json!([["2026-03-01T07:00:00.000Z"]])));
    }

    #[test]
    fn many_equal_columns_do_not_take_forever() {
        let known = vec![vec![json!(1); 11]; 3];
        let mut answer = vec![vec![json!(1); 12]; 3];
        assert!(matches(&known, &answer, &Leeway::default()));
        for row in &mut answer {
            row[0] = json!(2);
            row[1] = json!(2);
        }
        assert!(!matches(&known, &answer, &Leeway::default()));
    }

    fn cell() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i32>().prop_map(|number| json!(number)),
            (-1_000_000_i64..1_000_000).prop_map(|thousandths| json!(thousandths as f64 / 1_000.0)),
            "[a-z]{1,6}".prop_map(|text| json!(text)),
            Just(Value::Null),
        ]
    }

    /// Rows of the same width, with the width of each.
    fn table() -> impl Strategy<Value = Vec<ResultRow>> {
        (1_usize..5, 1_usize..20).prop_flat_map(|(width, height)| {
            proptest::collection::vec(proptest::collection::vec(cell(), width), height)
        })
    }

    proptest! {
        #[test]
        fn permuted_rows_and_columns_match(
            known in table(),
            column_order in Just((0..6).collect::<Vec<usize>>()).prop_shuffle(),
            seed in any::<u64>(),
            extra in 0_usize..3,
        ) {
            let width = known[0].len();
            let order: Vec<usize> = column_order.into_iter().filter(|&column| column < width + extra).collect();
            let mut answer: Vec<ResultRow> = known
                .iter()
                .enumerate()
                .map(|(index, row)| {
                    let cell = |&column: &usize| row.get(column).cloned().unwrap_or_else(|| json!(format!("extra {index}")));
                    order.iter().map(cell).collect()
                })
                .collect();
            let turn = usize::try_from(seed % 1_000).unwrap() % answer.len();
            answer.rotate_left(turn);
            if seed & 1024 != 0 {
                answer.reverse();
            }
            prop_assert!(matches(&known, &answer, &Leeway::default()));
        }

        #[test]
        fn a_changed_value_does_not_match(known in table(), at in any::<proptest::sample::Index>()) {
            let width = known[0].len();
            let at = at.index(known.len() * width);
            let mut answer = known.clone();
            // No cell of a table is such a text.
            answer[at / width][at % width] = json!("something else");
            prop_assert!(!matches(&known, &answer, &Leeway::default()));
        }

        #[test]
        fn a_number_that_is_off_by_more_than_the_tolerance_does_not_match(
            known in 1.0_f64..1e9,
            off in prop_oneof![0.001..0.5_f64, -0.5..-0.001_f64],
        ) {
            let leeway = Leeway { tolerance: Some(0.0005), ..Leeway::default() };
            prop_assert!(!matches(&[vec![json!(known)]], &[vec![json!(known * (1.0 + off))]], &leeway));
        }
    }
}
