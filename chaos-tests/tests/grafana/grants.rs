//! What Grafana's user may not do, and what it has to be able to set.

use anyhow::{Result, ensure};
use aurora_actors::store::{Store, StoreError, system};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_node::grafana::access;

#[tokio::test]
async fn grafanas_user_may_read_what_dashboards_show_and_nothing_else() -> Result<()> {
    Sandbox::run("grafana-grants", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        system::create(&Store::new(clickhouse.writer()), "events").await?;
        clickhouse
            .execute("CREATE TABLE events.t (n Int64) ENGINE = MergeTree ORDER BY n")
            .await?;
        let user = Store::new_plain(clickhouse.grafana());
        for sql in [
            "SELECT * FROM events.t",
            "SELECT reason, detail, at FROM aurora.dead_letters",
            "SELECT * FROM aurora.samples",
            "SELECT count() FROM system.parts",
            // What the plugin lists for people who write queries.
            "SELECT name FROM system.databases",
            "SELECT name FROM system.tables WHERE database = 'events'",
            "SELECT name FROM system.columns WHERE database = 'events'",
            // What its driver sets.
            "SELECT 1 SETTINGS max_execution_time = 70",
            "SELECT 1 SETTINGS enable_http_compression = 1",
        ] {
            user.execute(sql).await?;
        }
        for sql in [
            "SELECT * FROM aurora.dead_letters",
            "SELECT payload FROM aurora.dead_letters",
            "SELECT key FROM aurora.dead_letters",
            "SELECT * FROM aurora.registry",
            "SELECT * FROM aurora.history",
            "SELECT * FROM aurora.verdicts",
            "SELECT query FROM system.query_log",
            "SELECT * FROM system.processes",
            "SELECT * FROM system.users",
            "SELECT * FROM system.grants",
            "SELECT * FROM system.settings_profiles",
            "INSERT INTO events.t VALUES (1)",
            "INSERT INTO aurora.samples (node) VALUES ('x')",
            "DROP TABLE events.t",
            "ALTER TABLE events.t DELETE WHERE 1",
            "CREATE TABLE events.mine (n Int64) ENGINE = Memory",
            "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
            "SELECT * FROM file('x.csv', 'CSV', 'a String')",
            "SELECT * FROM remote('127.0.0.1:1', events.t)",
            "KILL QUERY WHERE 1 SYNC",
            "SYSTEM STOP MERGES events.t",
            "SELECT 1 SETTINGS max_execution_time = 0",
            "SELECT 1 SETTINGS max_execution_time = 121",
            "SELECT 1 SETTINGS max_memory_usage = 0",
            "SELECT 1 SETTINGS readonly = 0",
            "SET readonly = 2",
        ] {
            let refused = user.execute(sql).await;
            ensure!(
                matches!(refused, Err(StoreError::Exception { .. })),
                "{sql} was not refused: {refused:?}"
            );
        }
        Ok(())
    })
    .await
}

/// The embedded ClickHouse can make no user, but it reads the statements that make one elsewhere, and finds no fault.
#[tokio::test]
async fn clickhouse_understands_the_statements_that_make_the_user() -> Result<()> {
    Sandbox::run("grafana-statements", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let statements = access::sql(&["events", "e`v\\e'n$ts"], "it's \"secret\"");
        ensure!(statements.len() > 10, "{statements:?}");
        for statement in statements {
            clickhouse.execute(&format!("EXPLAIN AST {statement}")).await?;
        }
        let wrong = clickhouse.execute("EXPLAIN AST GRANT SELEKT ON a.b TO c").await;
        ensure!(wrong.is_err(), "a statement that is wrong is understood too");
        Ok(())
    })
    .await
}
