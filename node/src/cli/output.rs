//! Tables for people on a terminal, JSON for everything else.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use anyhow::{Context, bail};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};
use serde::Serialize;

use super::interrupt::Stop;
use super::sink::Sink;

/// What went wrong with the first line that could not be printed.
static UNPRINTED: OnceLock<io::Error> = OnceLock::new();

/// Whether a person looks at standard output.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Prints a line; a closed pipe is no error, as with `head`. Any other error makes the whole command fail at its end.
pub(super) fn line(text: &str) {
    if let Err(error) = try_print(text, &Stop::default()) {
        let _ = UNPRINTED.set(error);
    }
}

/// Prints a long text, unless it is told to stop.
pub(super) fn print(text: &str, stop: &Stop) -> anyhow::Result<()> {
    try_print(text, stop).context("standard output cannot be written")
}

fn try_print(text: &str, stop: &Stop) -> io::Result<()> {
    Sink::Stdout.take(format!("{text}\n").as_bytes(), stop)
}

/// Fails if a line could not be printed.
pub(super) fn require_written() -> anyhow::Result<()> {
    match UNPRINTED.get() {
        Some(error) => bail!("standard output cannot be written: {error}"),
        None => Ok(()),
    }
}

/// Prints a value as JSON on one line.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?);
    Ok(())
}

/// Says on standard error what went wrong.
pub(super) fn error(text: &str) {
    let text = harmless(text);
    let mut stderr = io::stderr().lock();
    let _ = if stderr.is_terminal() {
        writeln!(stderr, "\x1b[1;31merror:\x1b[0m {text}")
    } else {
        writeln!(stderr, "error: {text}")
    };
}

/// Says on standard error what is going on.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

/// A text without what would move a terminal's cursor or change its colours: most are words of strangers.
pub(super) fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => '\n',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// A table with these headings.
pub(super) fn table<S: AsRef<str>>(headings: &[S]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(
        headings
            .iter()
            .map(|heading| Cell::new(heading.as_ref()).add_attribute(Attribute::Bold)),
    );
    table
}

/// A number as text, to the right.
pub(super) fn number(value: impl Into<String>) -> Cell {
    Cell::new(value.into()).set_alignment(CellAlignment::Right)
}

/// A text that is good or bad news.
pub(super) fn verdict(text: &str, good: bool) -> Cell {
    Cell::new(text).fg(if good { Color::Green } else { Color::Red })
}

/// A number with its thousands set apart.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of rows, in words.
pub(super) fn rows(number: impl std::fmt::Display) -> String {
    let number = number.to_string();
    let noun = if number == "1" { "row" } else { "rows" };
    format!("{number} {noun}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_row_is_no_rows() {
        assert_eq!(["0", "1", "21"].map(super::rows), ["0 rows", "1 row", "21 rows"]);
    }

    #[test]
    fn strangers_cannot_move_the_cursor() {
        assert_eq!(super::harmless("a\n\u{1b}[2J\u{9b}b\tü"), "a\n [2J b ü");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(super::thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
