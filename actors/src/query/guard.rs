//! What a query may be, judged by ClickHouse's own parse of it.
//!
//! `EXPLAIN AST` parses exactly as execution will, so no comment, case or encoding hides anything
//! from it, and it executes nothing. It also refuses several statements at once.

/// Functions that reach outside the database although the reader has no right to: grants cover
/// table functions, not these.
const FORBIDDEN_FUNCTIONS: [&str; 4] = [
    "file",
    "catboostevaluate",
    "getserversetting",
    "getservicesetting",
];

/// Kinds of statement that only read, as `EXPLAIN AST` names them.
const READING: [&str; 12] = [
    "SelectWithUnionQuery",
    "SelectIntersectExceptQuery",
    "SelectQuery",
    "DescribeQuery",
    "Explain",
    "ShowTables",
    "ShowColumns",
    "ShowIndexes",
    "ShowFunctions",
    "ShowCreateTableQuery",
    "ExistsTableQuery",
    "ExistsDatabaseQuery",
];

/// Why a query does not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no reading statement.
    #[error("only statements that read are allowed here, such as SELECT, DESCRIBE, SHOW or EXPLAIN")]
    NotReading,
    /// It uses a function that reaches outside the database.
    #[error("the function {0} is not allowed here, since it reaches outside the database")]
    Function(String),
}

/// Judges a query by `ast`, the lines of its `EXPLAIN AST`.
pub fn judge(ast: &str) -> Result<(), Refusal> {
    let kind = ast.split_whitespace().next().unwrap_or_default();
    if !READING.contains(&kind) {
        return Err(Refusal::NotReading);
    }
    for line in ast.lines() {
        let Some(function) = line.trim_start().strip_prefix("Function ") else {
            continue;
        };
        let name = function.split(" (").next().unwrap_or(function).trim();
        if FORBIDDEN_FUNCTIONS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Refusal::Function(name.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reading_statements_pass() {
        assert_eq!(
            judge("SelectWithUnionQuery (children 1)\n ExpressionList"),
            Ok(())
        );
        assert_eq!(judge("ShowTables"), Ok(()));
        for ast in [
            "InsertQuery   (children 3)",
            "DropQuery",
            "Set",
            "SystemQuery",
            "",
            "CreateQuery t",
        ] {
            assert_eq!(judge(ast), Err(Refusal::NotReading), "{ast}");
        }
    }

    #[test]
    fn functions_that_reach_outside_are_found_anywhere_in_any_case() {
        let ast = "Explain EXPLAIN (children 1)\n SelectWithUnionQuery (children 1)\n     Function fIlE (children 1)\n";
        assert_eq!(judge(ast), Err(Refusal::Function("fIlE".to_owned())));
        assert_eq!(
            judge("SelectQuery\n Function profile (children 1)\n Identifier file"),
            Ok(())
        );
    }
}
