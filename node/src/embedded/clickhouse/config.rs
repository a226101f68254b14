//! ClickHouse's two configuration files, as pure functions of where things are and who may do what.

use std::fmt::Write as _;
use std::path::PathBuf;

use aurora_actors::query::limits::QueryLimits;
use aurora_actors::query::wall::profile;
use aurora_actors::store::sql::{ident, password_hash};

use super::secrets::Secrets;
use crate::grafana::access;
use crate::xml::escape;

/// The user that ingest writes as.
pub(super) const WRITER: &str = "aurora_writer";
/// The user that every query runs as.
pub(super) const READER: &str = "aurora_reader";

/// What the server's configuration depends on.
#[derive(Debug, Clone)]
pub(super) struct ServerConfig {
    pub(super) data: PathBuf,
    pub(super) user_files: PathBuf,
    pub(super) format_schemas: PathBuf,
    pub(super) users_file: PathBuf,
    pub(super) log_file: PathBuf,
    pub(super) http_port: u16,
}

/// Renders config.xml: loopback only, sized for a laptop, and quiet.
///
/// clickhouse-local creates only those system logs that have a section, so naming `query_log` alone keeps the
/// others from growing. `log-level` is needed because clickhouse-local takes no notice of `logger/level` and
/// logs everything. The pool sizes and the `merge_tree` entries belong together: ClickHouse refuses to create
/// tables when a pool has fewer slots than the number that must be free for a mutation.
///
/// No native protocol: whoever logs in as `default` there is refused for its session limit like over HTTP,
/// but libchdb 26.7.3 aborts some seconds later, so that any local process could end ClickHouse without a
/// password.
pub(super) fn config_xml(config: &ServerConfig) -> String {
    let directory = |path: &PathBuf| escape(&format!("{}/", path.display()));
    let file = |path: &PathBuf| escape(&path.display().to_string());
    format!(
        r"<clickhouse>
  <log-level>warning</log-level>
  <logger><level>warning</level><log>{log_file}</log><size>10M</size><count>3</count></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{http_port}</http_port>
  <path>{data}</path>
  <tmp_path>{data}tmp/</tmp_path>
  <user_files_path>{user_files}</user_files_path>
  <format_schema_path>{format_schemas}</format_schema_path>
  <users_config>{users_file}</users_config>
  <timezone>UTC</timezone>
  <access_control_improvements>
    <settings_constraints_replace_previous>true</settings_constraints_replace_previous>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <select_from_information_schema_requires_grant>true</select_from_information_schema_requires_grant>
    <users_without_row_policies_can_read_rows>true</users_without_row_policies_can_read_rows>
  </access_control_improvements>
  <query_log>
    <database>system</database>
    <table>query_log</table>
    <partition_by>event_date</partition_by>
    <ttl>event_date + INTERVAL 1 DAY DELETE</ttl>
    <flush_interval_milliseconds>1000</flush_interval_milliseconds>
  </query_log>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <max_concurrent_queries>200</max_concurrent_queries>
  <keep_alive_timeout>30</keep_alive_timeout>
  <mark_cache_size>67108864</mark_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <uncompressed_cache_size>16777216</uncompressed_cache_size>
  <index_uncompressed_cache_size>16777216</index_uncompressed_cache_size>
  <compiled_expression_cache_size>33554432</compiled_expression_cache_size>
  <query_condition_cache_size>16777216</query_condition_cache_size>
  <query_cache><max_size_in_bytes>16777216</max_size_in_bytes></query_cache>
  <background_pool_size>4</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_common_pool_size>4</background_common_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <background_message_broker_schedule_pool_size>4</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>2</background_distributed_schedule_pool_size>
  <background_buffer_flush_schedule_pool_size>2</background_buffer_flush_schedule_pool_size>
  <background_fetches_pool_size>2</background_fetches_pool_size>
  <background_move_pool_size>2</background_move_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>4</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>4</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>4</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
",
        log_file = file(&config.log_file),
        http_port = config.http_port,
        data = directory(&config.data),
        user_files = directory(&config.user_files),
        format_schemas = directory(&config.format_schemas),
        users_file = file(&config.users_file),
    )
}

/// Renders users.xml. There is no writable access storage, so this file is all there is: who exists, and what
/// they may do.
///
/// `default` is the session that keeps the listener open. libchdb logs it in without a password, so it must
/// have none; its one allowed session is the one it uses itself. A bound with a minimum of 1 matters as much as
/// the maximum: 0 means "no limit" to ClickHouse.
pub(super) fn users_xml(secrets: &Secrets, exposed_databases: &[String]) -> String {
    let mut reader_grants = String::new();
    for database in exposed_databases {
        let on = format!("{}.*", ident(database));
        for privilege in ["SELECT", "SHOW"] {
            // Writing to a String cannot fail.
            let _ = write!(
                reader_grants,
                "<query>{}</query>",
                escape(&format!("GRANT {privilege} ON {on}"))
            );
        }
    }
    let grafana = access::users_xml(
        exposed_databases,
        &secrets.grafana_password,
        "<ip>127.0.0.1</ip><ip>::1</ip>",
    );
    format!(
        r"<clickhouse>
  <profiles>
    <!-- How long an insert whose body stands still is waited for, by KILL QUERY too: a taker-over of its partitions waits
         as long. Only the default profile's value counts, neither the user's nor the query's. -->
    <default><http_receive_timeout>4</http_receive_timeout></default>
    <listener><max_sessions_for_user>1</max_sessions_for_user><log_queries>0</log_queries></listener>
    <{WRITER}><async_insert>0</async_insert></{WRITER}>
{reader_profile}
    {grafana_profile}
  </profiles>
  <quotas>
    <default><interval><duration>3600</duration></interval></default>
    <{READER}><interval><duration>60</duration><queries>{queries}</queries></interval></{READER}>
    {grafana_quota}
  </quotas>
  <users>
    <default>
      <no_password/>
      <networks><ip>::1</ip></networks>
      <profile>listener</profile>
      <quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query><query>GRANT SELECT ON system.numbers</query></grants>
    </default>
    <{WRITER}>
      <password_sha256_hex>{writer_hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>{WRITER}</profile>
      <quota>default</quota>
      <grants><query>GRANT ALL ON *.*</query><query>REVOKE ACCESS MANAGEMENT ON *.*</query></grants>
    </{WRITER}>
    <{READER}>
      <password_sha256_hex>{reader_hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>{READER}</profile>
      <quota>{READER}</quota>
      <grants>{reader_grants}</grants>
    </{READER}>
    {grafana_user}
  </users>
</clickhouse>
",
        queries = profile::QUERIES_A_MINUTE,
        grafana_profile = grafana.profile,
        grafana_quota = grafana.quota,
        grafana_user = grafana.user,
        reader_profile = reader_profile(),
        writer_hash = password_hash(&secrets.writer_password),
        reader_hash = password_hash(&secrets.reader_password),
    )
}

/// The limits of every query, and how far a single query may lower them: those of any reader of Aurora's, and a
/// few for a laptop.
fn reader_profile() -> String {
    let mut values = String::new();
    let mut constraints = String::new();
    // Writing to a String cannot fail.
    for setting in profile::settings(&QueryLimits::default()) {
        let (name, value) = (setting.name, escape(&setting.value));
        let _ = writeln!(values, "      <{name}>{value}</{name}>");
        if let Some(range) = setting.changeable {
            let _ = write!(constraints, "        <{name}>");
            for (word, bound) in [("min", range.min), ("max", range.max)] {
                if let Some(bound) = bound {
                    let _ = write!(constraints, "<{word}>{bound}</{word}>");
                }
            }
            let _ = writeln!(constraints, "<changeable_in_readonly/></{name}>");
        }
    }
    format!(
        r"    <{READER}>
{values}      <max_threads>4</max_threads>
      <max_concurrent_queries_for_user>100</max_concurrent_queries_for_user>
      <max_temporary_data_on_disk_size_for_user>4000000000</max_temporary_data_on_disk_size_for_user>
      <constraints>
{constraints}      </constraints>
    </{READER}>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> ServerConfig {
        ServerConfig {
            data: "/d/a & b/data".into(),
            user_files: "/d/<user>".into(),
            format_schemas: "/d/'formats'".into(),
            users_file: "/d/\"users\".xml".into(),
            log_file: "/d/log".into(),
            http_port: 18_100,
        }
    }

    fn secrets() -> Secrets {
        Secrets {
            writer_password: "w-secret".into(),
            reader_password: "r-secret".into(),
            grafana_password: "g-secret".into(),
        }
    }

    #[test]
    fn listens_on_loopback_and_escapes_paths() {
        let xml = config_xml(&config());
        assert!(xml.contains("<listen_host>127.0.0.1</listen_host>"));
        assert_eq!(xml.matches("<listen_host>").count(), 1);
        assert!(xml.contains("<http_port>18100</http_port>") && !xml.contains("tcp_port"));
        assert!(xml.contains("<path>/d/a &amp; b/data/</path>"));
        assert!(xml.contains("<user_files_path>/d/&lt;user&gt;/</user_files_path>"));
        assert!(xml.contains("/d/&apos;formats&apos;/"));
        assert!(xml.contains("/d/&quot;users&quot;.xml"));
    }

    #[test]
    fn only_query_log_is_kept_and_it_expires() {
        let xml = config_xml(&config());
        assert!(xml.contains("INTERVAL 1 DAY DELETE"));
        for growing in [
            "metric_log",
            "trace_log",
            "text_log",
            "part_log",
            "query_thread_log",
        ] {
            assert!(!xml.contains(growing), "{growing}");
        }
    }

    #[test]
    fn passwords_are_hashed() {
        let xml = users_xml(&secrets(), &[]);
        assert!(!xml.contains("w-secret") && !xml.contains("r-secret") && !xml.contains("g-secret"));
        assert!(xml.contains(&password_hash("w-secret")));
        assert_eq!(
            password_hash("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn the_reader_gets_exactly_the_exposed_databases() {
        let xml = users_xml(&secrets(), &["app".into(), "od`d & <b>".into()]);
        assert!(xml.contains("<query>GRANT SELECT ON `app`.*</query><query>GRANT SHOW ON `app`.*</query>"));
        assert!(xml.contains(r"<query>GRANT SELECT ON `od\`d &amp; &lt;b&gt;`.*</query>"));
        let reader = &xml[xml.rfind("<aurora_reader>").unwrap()..xml.rfind("</aurora_reader>").unwrap()];
        assert_eq!(reader.matches("<query>").count(), 4);
    }

    #[test]
    fn limits_can_only_be_lowered() {
        let xml = users_xml(&secrets(), &[]);
        for setting in ["max_execution_time", "max_memory_usage", "max_result_rows"] {
            let bounded = format!("<{setting}><min>1</min><max>");
            assert!(
                xml.contains(&bounded),
                "{setting} needs a minimum, as 0 means no limit"
            );
        }
    }

    #[test]
    fn without_exposed_databases_the_reader_may_read_nothing() {
        // An absent or empty list of grants must not fall back to ClickHouse's default of everything.
        assert!(users_xml(&secrets(), &[]).contains("<grants></grants>"));
    }
}
