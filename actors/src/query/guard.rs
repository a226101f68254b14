//! What a query may be, judged by ClickHouse's own parse of it.
//!
//! `EXPLAIN AST` parses exactly as execution will, so no comment, case or encoding hides anything
//! from it, and it executes nothing. It also refuses several statements at once. Where it shows less
//! than was parsed (the filter of SHOW, the function of APPLY), the statement is refused.
//!
//! SETTINGS are refused too. ClickHouse holds those of the whole query to the reader's constraints, but not
//! those of a subquery: `SELECT * FROM (SELECT getSetting('readonly') SETTINGS readonly = 0)` answers 0
//! (26.7). The limits of memory and time are the whole query's, and hold; still, nobody needs this.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::statement::Statement;

/// Functions that reach outside the database although the reader has no right to: grants cover
/// table functions, not these.
const FORBIDDEN_FUNCTIONS: [&str; 4] = [
    "file",
    "catboostevaluate",
    "getserversetting",
    "getservicesetting",
];

/// Kinds of statement that only read, as `EXPLAIN AST` names them.
const READING: [&str; 8] = [
    "SelectWithUnionQuery",
    "SelectIntersectExceptQuery",
    "SelectQuery",
    "DescribeQuery",
    "Explain",
    "ShowCreateTableQuery",
    "ExistsTableQuery",
    "ExistsDatabaseQuery",
];

/// Kinds that only read too, but may carry a filter that their AST does not show.
const SHOWING: [&str; 4] = ["ShowTables", "ShowColumns", "ShowIndexes", "ShowFunctions"];

/// Why a query does not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no reading statement.
    #[error("only statements that read are allowed here, such as SELECT, DESCRIBE, SHOW or EXPLAIN")]
    NotReading,
    /// It uses a function that reaches outside the database.
    #[error("the function {0} is not allowed here, since it reaches outside the database")]
    Function(String),
    /// It names a function that reaches outside without calling it, or a column of that name.
    #[error("{0} is the name of a function that is not allowed here; if a column is meant, write table.{0}")]
    Name(String),
    /// It sets something.
    #[error("SETTINGS are not allowed here; what a query may use is the same for all")]
    Settings,
    /// It applies a function that the parse does not show.
    #[error("APPLY is not allowed here; call the function on each column instead")]
    Apply,
    /// It shows what it lists through a filter.
    #[error("SHOW is allowed with words and LIKE only; SELECT from system.tables or system.columns instead")]
    ShowFilter,
}

/// Statements that have been let pass a moment ago, with their parameters, since a dashboard asks the same
/// again and again and each judgement is a round trip.
#[derive(Debug, Default)]
pub(super) struct Judged {
    passed: Mutex<HashMap<Statement, Instant>>,
}

impl Judged {
    /// Not longer, for ClickHouse may be another version meanwhile.
    const AGE: Duration = Duration::from_secs(60);
    const STATEMENTS: usize = 500;
    const BYTES: usize = 4 << 10;

    /// Whether the guard has let it pass.
    pub(super) fn knows(&self, statement: &Statement) -> bool {
        let passed = self.passed.lock();
        passed.get(statement).is_some_and(|at| at.elapsed() < Self::AGE)
    }

    /// Remembers that it was let pass.
    pub(super) fn remember(&self, statement: &Statement) {
        let params = statement.params.iter();
        let bytes = params.fold(statement.sql.len(), |bytes, (name, value)| {
            bytes + name.len() + value.len()
        });
        if bytes > Self::BYTES {
            return;
        }
        let mut passed = self.passed.lock();
        if passed.len() >= Self::STATEMENTS {
            passed.retain(|_, at| at.elapsed() < Self::AGE);
        }
        if passed.len() >= Self::STATEMENTS {
            passed.clear();
        }
        passed.insert(statement.clone(), Instant::now());
    }
}

/// Judges the query `sql` by `ast`, the lines of its `EXPLAIN AST`.
pub fn judge(sql: &str, ast: &str) -> Result<(), Refusal> {
    let kind = ast.split_whitespace().next().unwrap_or_default();
    if SHOWING.contains(&kind) {
        return if is_plain_show(sql) {
            Ok(())
        } else {
            Err(Refusal::ShowFilter)
        };
    }
    if !READING.contains(&kind) {
        return Err(Refusal::NotReading);
    }
    for line in ast.lines() {
        let node = line.trim_start();
        let depth = line.len() - node.len();
        // What EXPLAIN itself is told, such as `indexes = 1`, is shown directly below it.
        let is_of_explain = kind == "Explain" && depth == 1;
        if node.split(' ').next() == Some("Set") && !is_of_explain {
            return Err(Refusal::Settings);
        }
        let name_after = |prefix: &str| {
            let name = node.strip_prefix(prefix)?;
            let name = name.split(" (").next().unwrap_or(name).trim();
            FORBIDDEN_FUNCTIONS
                .contains(&name.to_ascii_lowercase().as_str())
                .then(|| name.to_owned())
        };
        if let Some(name) = name_after("Function ") {
            return Err(Refusal::Function(name));
        }
        // arrayMap(file, …): a function can be passed by its bare name.
        if let Some(name) = name_after("Identifier ") {
            return Err(Refusal::Name(name));
        }
        if node.starts_with("ColumnsApplyTransformer") || SHOWING.iter().any(|kind| node.starts_with(kind)) {
            return Err(if node.starts_with("Show") {
                Refusal::ShowFilter
            } else {
                Refusal::Apply
            });
        }
    }
    Ok(())
}

/// Whether a SHOW consists of words and at most a LIKE with a plain text: nothing that is evaluated.
fn is_plain_show(sql: &str) -> bool {
    let (words, pattern) = match sql.split_once('\'') {
        None => (sql, None),
        Some((words, pattern)) => (words, pattern.trim_end().strip_suffix('\'')),
    };
    let is_word = |word: &str| {
        word.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
    };
    let plain_words = words
        .split_ascii_whitespace()
        .all(|word| is_word(word) && !word.eq_ignore_ascii_case("where"));
    let ends_in_like = || {
        words
            .split_ascii_whitespace()
            .last()
            .is_some_and(|w| w.eq_ignore_ascii_case("like") || w.eq_ignore_ascii_case("ilike"))
    };
    match pattern {
        Some(pattern) => plain_words && ends_in_like() && !pattern.contains(['\'', '\\']),
        None => plain_words && !sql.contains('\''),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reading_statements_pass() {
        assert_eq!(
            judge("SELECT 1", "SelectWithUnionQuery (children 1)\n ExpressionList"),
            Ok(())
        );
        for ast in [
            "InsertQuery   (children 3)",
            "DropQuery",
            "Set",
            "SystemQuery",
            "",
            "CreateQuery t",
        ] {
            assert_eq!(judge("", ast), Err(Refusal::NotReading), "{ast}");
        }
    }

    #[test]
    fn functions_that_reach_outside_are_found_anywhere_in_any_case() {
        let ast = "Explain EXPLAIN (children 1)\n SelectWithUnionQuery (children 1)\n     Function fIlE (children 1)\n";
        assert_eq!(judge("", ast), Err(Refusal::Function("fIlE".to_owned())));
        assert_eq!(
            judge(
                "",
                "SelectQuery\n Function profile (children 1)\n Identifier t.file"
            ),
            Ok(())
        );
    }

    #[test]
    fn functions_that_are_named_and_not_called_are_found() {
        assert_eq!(
            judge("", "SelectQuery\n  Identifier FILE\n"),
            Err(Refusal::Name("FILE".to_owned()))
        );
        assert_eq!(
            judge("", "SelectQuery\n ColumnsApplyTransformer\n"),
            Err(Refusal::Apply)
        );
        assert_eq!(
            judge("", "Explain EXPLAIN\n ShowTables\n"),
            Err(Refusal::ShowFilter)
        );
    }

    #[test]
    fn settings_are_found_anywhere_but_those_of_explain() {
        let subquery = "SelectWithUnionQuery (children 1)\n  SelectQuery (children 2)\n   Set\n";
        assert_eq!(judge("", subquery), Err(Refusal::Settings));
        let explain =
            "Explain EXPLAIN (children 2)\n Set\n SelectWithUnionQuery (children 1)\n  Literal UInt64_1\n";
        assert_eq!(judge("", explain), Ok(()));
        assert_eq!(judge("", &format!("{explain}   Set\n")), Err(Refusal::Settings));
    }

    #[test]
    fn a_statement_is_remembered_with_its_parameters() {
        let statement = |value: &str| Statement {
            sql: "SELECT {f:Identifier}".to_owned(),
            params: vec![("f".to_owned(), value.to_owned())],
        };
        let judged = Judged::default();
        judged.remember(&statement("a"));
        assert!(judged.knows(&statement("a")) && !judged.knows(&statement("file")));
        for number in 0..2_000 {
            judged.remember(&statement(&number.to_string()));
        }
        assert!(judged.passed.lock().len() <= Judged::STATEMENTS);
    }

    #[test]
    fn a_show_may_not_evaluate_anything() {
        let plain = [
            "SHOW TABLES",
            "show databases",
            "SHOW TABLES FROM events LIKE 'shop%'",
            "SHOW COLUMNS FROM events.t",
        ];
        for sql in plain {
            assert_eq!(judge(sql, "ShowTables"), Ok(()), "{sql}");
        }
        for sql in [
            "SHOW TABLES WHERE name = file('/etc/hostname')",
            "SHOW TABLES LIKE 'a' WHERE file('x') = ''",
            "SHOW TABLES LIMIT length(file('x'))",
            "SHOW TABLES LIKE 'a\\'b'",
            "SHOW TABLES WHERE `name`=1",
            "SHOW/**/TABLES",
        ] {
            assert_eq!(judge(sql, "ShowTables"), Err(Refusal::ShowFilter), "{sql}");
        }
    }
}
