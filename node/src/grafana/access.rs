//! The user by whom Grafana reads ClickHouse: what it may do, in one place.
//!
//! Grafana runs whatever its users write, so the user may read and nothing else, and what it uses is bounded. It may see:
//!
//! - the tables of events;
//! - of Aurora's own tables those that say how ingest is doing. Of dead letters everything but key and payload, and
//!   neither the registry (it has sealed logins in it) nor the history of what people ask;
//! - of ClickHouse's tables the sizes, counts and times that the dashboards show: of `query_log` no statement.
//!
//! The embedded ClickHouse has it in its users file ([`users_xml`]); elsewhere the same is said in SQL ([`sql`]). A test runs
//! every query of every dashboard and alert as this user, and what is not needed should not be granted.

use aurora_actors::store::sql::{ident, literal, password_hash};

use crate::xml::escape;

/// The user's name, unless a configuration says another.
pub const USER: &str = "aurora_grafana";

/// What it may do, apart from reading the tables of events.
const GRANTS: [&str; 12] = [
    "SELECT ON aurora.samples",
    "SELECT ON aurora.journal",
    "SELECT ON aurora.owners",
    "SELECT ON aurora.generations",
    "SELECT(stream, generation, partition, offset, timestamp, reason, detail, at) ON aurora.dead_letters",
    "SELECT ON system.parts",
    "SELECT ON system.disks",
    "SELECT ON system.metrics",
    "SELECT ON system.databases",
    "SELECT ON system.tables",
    "SELECT ON system.columns",
    "SELECT(event_date, event_time, type, query_kind, user, query_duration_ms, read_rows, read_bytes, written_rows, \
     written_bytes, memory_usage, exception_code) ON system.query_log",
];

/// A setting of its profile: name, value, and between what a query may set it.
type Setting = (&'static str, &'static str, Option<(&'static str, &'static str)>);

/// Its profile. What the plugin's driver sets with each query has to be changeable: the time that is left for it and a few
/// seconds more, and over HTTP compression. A minimum of 1 matters as much as the maximum: 0 means "no limit" to
/// ClickHouse.
const SETTINGS: [Setting; 9] = [
    ("readonly", "1", None),
    ("max_execution_time", "60", Some(("1", "120"))),
    ("max_memory_usage", "2000000000", None),
    ("max_memory_usage_for_user", "4000000000", None),
    ("max_result_rows", "1000000", Some(("1", "1000000"))),
    ("max_threads", "4", None),
    ("enable_http_compression", "0", Some(("0", "1"))),
    ("cancel_http_readonly_queries_on_client_close", "1", None),
    ("allow_introspection_functions", "0", None),
];

/// Seconds that a query of it may take at most; without a word about it, half of that.
pub const MAX_SECONDS: u32 = 120;

/// Queries that it may start in a minute.
const QUERIES_A_MINUTE: u32 = 60_000;

/// What it may do, as `SELECT ON db.table`. The first of `databases` is that of the tables of events; there may be others
/// that dashboards of people's own read.
fn grants<D: AsRef<str>>(databases: &[D]) -> Vec<String> {
    let events = databases
        .iter()
        .map(|database| format!("SELECT, SHOW ON {}.*", ident(database.as_ref())));
    events.chain(GRANTS.map(str::to_owned)).collect()
}

/// The `GRANT …` statements of a users file: without a `TO`, since they stand in the user.
pub fn users_file_grants<D: AsRef<str>>(databases: &[D]) -> Vec<String> {
    grants(databases)
        .iter()
        .map(|grant| format!("GRANT {grant}"))
        .collect()
}

/// Its parts of a users file: the profile, the quota and the user, to stand in `<profiles>`, `<quotas>` and `<users>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsersXml {
    /// For `<profiles>`.
    pub profile: String,
    /// For `<quotas>`.
    pub quota: String,
    /// For `<users>`.
    pub user: String,
}

/// The user in a users file. `networks` is what stands in `<networks>`, such as `<ip>10.0.0.0/16</ip>`.
pub fn users_xml<D: AsRef<str>>(databases: &[D], password: &str, networks: &str) -> UsersXml {
    let values = SETTINGS
        .iter()
        .map(|(name, value, _)| format!("<{name}>{value}</{name}>"));
    let constraints = SETTINGS.iter().filter_map(|(name, _, range)| {
        let (min, max) = (*range)?;
        Some(format!(
            "<{name}><min>{min}</min><max>{max}</max><changeable_in_readonly/></{name}>"
        ))
    });
    let grants = users_file_grants(databases)
        .into_iter()
        .map(|grant| format!("<query>{}</query>", escape(&grant)));
    UsersXml {
        profile: format!(
            "<{USER}>{}<constraints>{}</constraints></{USER}>",
            values.collect::<String>(),
            constraints.collect::<String>()
        ),
        quota: format!(
            "<{USER}><interval><duration>60</duration><queries>{QUERIES_A_MINUTE}</queries></interval></{USER}>"
        ),
        user: format!(
            "<{USER}><password_sha256_hex>{}</password_sha256_hex><networks>{networks}</networks>\
             <profile>{USER}</profile><quota>{USER}</quota><grants>{}</grants></{USER}>",
            password_hash(password),
            grants.collect::<String>()
        ),
    }
}

/// The statements that make the user where access is managed in SQL, and make it again what it has to be. They hold the
/// password's hash and not the password.
///
/// Tables that Aurora has not made yet may be granted all the same. A system table that a ClickHouse does not have, such as
/// `query_log` where it is turned off, is no error either.
pub fn sql<D: AsRef<str>>(databases: &[D], password: &str) -> Vec<String> {
    let settings = SETTINGS.iter().map(|(name, value, range)| match range {
        None => format!("{name} = {}", literal(value)),
        Some((min, max)) => format!(
            "{name} = {} MIN {} MAX {} CHANGEABLE_IN_READONLY",
            literal(value),
            literal(min),
            literal(max)
        ),
    });
    let settings: Vec<String> = settings.collect();
    let identity = format!(
        "IDENTIFIED WITH sha256_hash BY {}",
        literal(&password_hash(password))
    );
    let profile = format!("SETTINGS PROFILE '{USER}'");
    let made = [
        format!("CREATE SETTINGS PROFILE IF NOT EXISTS {USER}"),
        format!("ALTER SETTINGS PROFILE {USER} SETTINGS {}", settings.join(", ")),
        format!("CREATE USER IF NOT EXISTS {USER} {identity} GRANTEES NONE {profile}"),
        format!("ALTER USER {USER} {identity} DEFAULT ROLE NONE GRANTEES NONE {profile}"),
        format!(
            "CREATE QUOTA IF NOT EXISTS {USER} KEYED BY user_name FOR INTERVAL 1 minute MAX queries = {QUERIES_A_MINUTE} \
             TO {USER}"
        ),
        format!("REVOKE ALL ON *.* FROM {USER}"),
    ];
    let granted = grants(databases)
        .into_iter()
        .map(|grant| format!("GRANT {grant} TO {USER}"));
    made.into_iter().chain(granted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_and_statements_say_the_same() {
        let databases = ["od`d & <b>", "more"];
        let xml = users_xml(&databases, "hunter2", "<ip>::1</ip>");
        let sql = sql(&databases, "hunter2");
        for grant in users_file_grants(&databases) {
            assert!(xml.user.contains(&format!("<query>{}</query>", escape(&grant))));
            assert!(sql.contains(&format!("{grant} TO {USER}")), "{grant}");
        }
        let profile = sql
            .iter()
            .find(|statement| statement.starts_with("ALTER SETTINGS"))
            .unwrap();
        for (name, value, range) in SETTINGS {
            assert!(xml.profile.contains(&format!("<{name}>{value}</{name}>")));
            assert!(profile.contains(&format!("{name} = '{value}'")));
            let changeable = format!("<{name}><min>");
            assert_eq!(xml.profile.contains(&changeable), range.is_some());
        }
        for text in [&xml.user, &sql.join("\n")] {
            assert!(!text.contains("hunter2") && text.contains(&password_hash("hunter2")));
        }
    }

    #[test]
    fn it_may_read_and_nothing_else_and_not_what_people_write() {
        let grants = users_file_grants(&["events"]);
        assert!(grants.iter().all(|grant| grant.starts_with("GRANT SELECT")));
        let all = grants.join("\n");
        for kept in [
            "payload", " key", "registry", "history", "verdicts", "aurora.*", "*.*", "system.*",
        ] {
            assert!(!all.contains(kept), "{kept}");
        }
        assert_eq!(SETTINGS[0], ("readonly", "1", None));
        let (_, _, range) = SETTINGS[1];
        assert_eq!(range.unwrap().1, MAX_SECONDS.to_string());
    }
}
