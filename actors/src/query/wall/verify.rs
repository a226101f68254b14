//! Asks ClickHouse, as the reading user, whether it is the wall that it has to be: by what its settings and
//! grants say, and by trying what must be refused.

use super::super::format;
use crate::store::sql::literal;
use crate::store::{Store, StoreError};

/// What the reader is like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// What is wrong; nothing when the wall stands.
    pub(super) faults: Vec<String>,
    /// Whether a query may lower its own limits.
    pub(super) narrows: bool,
    /// The limits as ClickHouse has them: seconds, bytes of memory, rows of a result, rows to read.
    pub(super) limits: [u64; 4],
}

/// Limits without which a query could take all there is.
const LIMITS: [&str; 3] = ["max_execution_time", "max_memory_usage", "max_result_rows"];

/// What must be refused, and what it would give away.
const FORBIDDEN: [(&str, &str); 11] = [
    ("SELECT count() FROM aurora.registry", "read Aurora's own tables"),
    ("SELECT count() FROM system.users", "read about users"),
    (
        "SELECT count() FROM system.processes",
        "read the queries of others",
    ),
    (
        "CREATE TEMPORARY TABLE aurora_wall_probe (n UInt8)",
        "make tables",
    ),
    ("SELECT 1 SETTINGS readonly = 0", "leave the readonly mode"),
    (
        "SELECT 1 SETTINGS max_execution_time = 0",
        "lift its limit of time",
    ),
    (
        "SELECT 1 SETTINGS max_memory_usage = 0",
        "lift its limit of memory",
    ),
    ("SELECT 1 SETTINGS max_result_rows = 0", "lift its limit of rows"),
    (
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String') LIMIT 0",
        "make requests to other servers",
    ),
    (
        "SELECT * FROM file('aurora-wall-probe.csv', 'CSV', 'a String') LIMIT 0",
        "read files",
    ),
    (
        "SELECT * FROM remote('127.0.0.1:1', system.one) LIMIT 0",
        "ask other ClickHouse servers",
    ),
];

/// The exceptions by which ClickHouse refuses, by its `src/Common/ErrorCodes.cpp`.
const REFUSED: [u32; 6] = [
    164, // READONLY
    291, // DATABASE_ACCESS_DENIED
    344, // SUPPORT_IS_DISABLED
    392, // QUERY_IS_PROHIBITED
    452, // SETTING_CONSTRAINT_VIOLATION
    497, // ACCESS_DENIED
];

/// Exceptions that say nothing about the reader, only about how busy ClickHouse is.
pub(super) const PASSING: [u32; 6] = [
    159, // TIMEOUT_EXCEEDED
    201, // QUOTA_EXCEEDED
    202, // TOO_MANY_SIMULTANEOUS_QUERIES
    241, // MEMORY_LIMIT_EXCEEDED
    394, // QUERY_WAS_CANCELLED
    439, // CANNOT_SCHEDULE_TASK
];

/// What is not there cannot be read either: Aurora's tables before the first ingest.
const ABSENT: [u32; 2] = [60, 81];

/// Tables of the system that tell nothing but what ClickHouse itself can do.
const HARMLESS: [&str; 10] = [
    "one",
    "numbers",
    "numbers_mt",
    "zeros",
    "functions",
    "formats",
    "data_type_families",
    "time_zones",
    "aggregate_function_combinators",
    "collations",
];

/// Asks as `reader`. An error is about ClickHouse being away, or the reader unknown.
pub(super) async fn look(reader: &Store) -> Result<Found, StoreError> {
    let mut found = Found::default();
    look_at_settings(reader, &mut found).await?;
    for line in reader.rows::<String>("SHOW GRANTS FINAL").await? {
        found.faults.extend(grant_fault(&line));
    }
    for (sql, what) in FORBIDDEN {
        if is_allowed(reader, sql).await? {
            found
                .faults
                .push(format!("it may {what} ({sql} was not refused)"));
        }
    }
    let narrow = "SELECT 1 SETTINGS max_result_rows = 1, result_overflow_mode = 'break', max_execution_time = 1, \
                  max_memory_usage = 100000000, max_rows_to_read = 1000";
    found.narrows = is_allowed(reader, narrow).await?;
    Ok(found)
}

async fn is_allowed(reader: &Store, sql: &str) -> Result<bool, StoreError> {
    match reader.execute(sql).await {
        Ok(()) => Ok(true),
        Err(StoreError::Exception { code, .. }) if REFUSED.contains(&code) => Ok(false),
        Err(StoreError::Exception { code, .. }) if ABSENT.contains(&code) => Ok(false),
        // It was tried, whatever came of it.
        Err(StoreError::Exception { code, .. }) if !PASSING.contains(&code) => Ok(true),
        Err(away) => Err(away),
    }
}

async fn look_at_settings(reader: &Store, found: &mut Found) -> Result<(), StoreError> {
    let format_names = format::SETTINGS.iter().map(|(name, _)| *name);
    let names: Vec<&str> = ["readonly", "result_overflow_mode", "max_rows_to_read"]
        .into_iter()
        .chain(LIMITS)
        .chain(format_names)
        .collect();
    let values = names
        .iter()
        .map(|name| format!("toString(getSetting({}))", literal(name)));
    let values: Vec<String> = values.collect();
    let values: Vec<String> = reader.row(&format!("SELECT [{}]", values.join(", "))).await?;
    let value = |wanted: &str| -> &str {
        let position = names.iter().position(|name| *name == wanted);
        let value = position.and_then(|position| values.get(position));
        match value.map_or("", String::as_str) {
            "true" => "1",
            "false" => "0",
            other => other,
        }
    };
    if value("readonly") != "1" {
        found
            .faults
            .push(format!("its setting readonly is {} and not 1", value("readonly")));
    }
    for name in LIMITS {
        if value(name).parse().unwrap_or(0.0) <= 0.0 {
            found
                .faults
                .push(format!("its setting {name} is 0, which is no limit"));
        }
    }
    if value("result_overflow_mode") != "throw" {
        let fault =
            "its setting result_overflow_mode is not throw, so that an export could be cut short unnoticed";
        found.faults.push(fault.to_owned());
    }
    for (name, wanted) in format::SETTINGS {
        if value(name) != wanted {
            found.faults.push(format!(
                "its setting {name} is {:?} and not {wanted:?}, so that values would not be exact",
                value(name)
            ));
        }
    }
    let number = |name: &str| value(name).parse::<f64>().unwrap_or(0.0) as u64;
    found.limits = [
        number("max_execution_time"),
        number("max_memory_usage"),
        number("max_result_rows"),
        number("max_rows_to_read"),
    ];
    Ok(())
}

/// What is wrong with a line of SHOW GRANTS.
fn grant_fault(line: &str) -> Option<String> {
    let grant = line.strip_prefix("GRANT ")?;
    let fault = || Some(format!("it has the grant: {line}"));
    if grant.ends_with(" WITH GRANT OPTION") {
        return fault();
    }
    // A role: what it brings has lines of its own.
    let (privileges, rest) = grant.split_once(" ON ")?;
    let target = rest.rsplit_once(" TO ").map_or(rest, |(target, _)| target);
    let reads_only = split_privileges(privileges).all(|privilege| {
        let name = privilege.split('(').next().unwrap_or(privilege).trim();
        name == "SELECT" || name == "dictGet" || name.starts_with("SHOW")
    });
    if !reads_only {
        return fault();
    }
    let (database, table) = target.split_once('.').unwrap_or((target, "*"));
    match database {
        "*" | "aurora" | "`aurora`" => fault(),
        "system" | "information_schema" | "INFORMATION_SCHEMA" if !HARMLESS.contains(&table) => fault(),
        _ => None,
    }
}

/// Splits at commas that are not within the columns of a privilege.
fn split_privileges(privileges: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    privileges.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' => return depth == 0,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_that_only_read_exposed_databases_are_fine() {
        for line in [
            "GRANT SHOW, SELECT ON events.* TO aurora_reader",
            "GRANT SELECT(a, b), SHOW COLUMNS ON `od``d`.t TO r",
            "GRANT SELECT ON system.numbers TO r",
            "GRANT analysts TO r",
            "REVOKE SELECT ON events.secret FROM r",
        ] {
            assert_eq!(grant_fault(line), None, "{line}");
        }
    }

    #[test]
    fn grants_that_do_more_are_not() {
        for line in [
            "GRANT SELECT ON *.* TO r",
            "GRANT SELECT ON aurora.owners TO r",
            "GRANT SELECT ON system.* TO r",
            "GRANT SELECT ON system.query_log TO r",
            "GRANT SHOW, SELECT ON events.* TO r WITH GRANT OPTION",
            "GRANT SELECT, INSERT ON events.* TO r",
            "GRANT SELECT(a), ALTER UPDATE(b, c) ON events.* TO r",
            "GRANT READ ON URL TO r",
            "GRANT CREATE TEMPORARY TABLE ON *.* TO r",
            "GRANT ALL ON *.* TO r",
        ] {
            assert!(grant_fault(line).is_some(), "{line}");
        }
    }
}
