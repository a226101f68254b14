//! The wall around queries is ClickHouse's own: asked as the reader, past all of Aurora's checks, it refuses
//! everything but reading the exposed databases; and it cannot open this machine's files for anybody.

use anyhow::{Result, ensure};
use aurora_actors::store::{Login, Store, StoreError};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::sandbox::Sandbox;

async fn refusal(login: &Login, sql: &str) -> Result<String> {
    match Store::new_plain(login).execute(sql).await {
        Err(StoreError::Exception { message, .. }) => Ok(message),
        other => anyhow::bail!("{sql} was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn clickhouse_itself_lets_the_reader_only_read() -> Result<()> {
    Sandbox::run("reader", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        for statement in [
            "CREATE DATABASE events",
            "CREATE TABLE events.t (n Int64) ENGINE = MergeTree ORDER BY n",
            "CREATE DATABASE private",
            "CREATE TABLE private.t (n Int64) ENGINE = MergeTree ORDER BY n",
        ] {
            clickhouse.execute(statement).await?;
        }
        let reader = clickhouse.reader();
        Store::new_plain(reader).execute("SELECT * FROM events.t").await?;
        for sql in [
            "SELECT * FROM private.t",
            "INSERT INTO events.t VALUES (1)",
            "DROP TABLE events.t",
            "ALTER TABLE events.t DELETE WHERE 1",
            "CREATE TABLE events.mine (n Int64) ENGINE = Memory",
            "CREATE TEMPORARY TABLE mine (n Int64)",
            "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
            "SELECT * FROM file('x.csv', 'CSV', 'a String')",
            "SELECT * FROM remote('127.0.0.1:1', events.t)",
            "SELECT * FROM executable('x.sh', 'TSV', 'a String')",
            "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'CSV', 'a String')",
            "SELECT * FROM system.query_log",
            "SELECT * FROM system.processes",
            "KILL QUERY WHERE 1 SYNC",
            "SYSTEM STOP MERGES events.t",
            "SELECT sleep(1) SETTINGS max_execution_time = 100000",
            "SELECT 1 SETTINGS readonly = 0",
            "SET readonly = 0",
        ] {
            refusal(reader, sql).await?;
        }
        Ok(())
    })
    .await
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_embedded_clickhouse_opens_no_file_but_its_own() -> Result<()> {
    Sandbox::run("files", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let outside = sandbox.write("outside.txt", "secret")?;
        let secrets = sandbox.path("clickhouse").join("clickhouse/secrets.json");
        let parent = format!("/proc/{}/environ", std::process::id());
        let outside = [outside, secrets, "/etc/hostname".into(), parent.into()];
        for path in outside {
            let path = path.to_string_lossy();
            // The writer may call it; the kernel must not let it.
            let message = refusal(clickhouse.writer(), &format!("SELECT file('{path}')")).await?;
            ensure!(message.contains("Permission denied"), "{path}: {message}");
        }
        Ok(())
    })
    .await
}
