//! Each format, compared with what ClickHouse itself says.

use std::fs::{File, OpenOptions};
use std::io::Write;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::sandbox::Sandbox;
use serde_json::{Value, json};

use super::{Bench, names_in, require_failure};

const ROWS: &str = "SELECT parcel_id, status, country, weight_kg, note FROM parcels WHERE country = {c:String} ORDER BY parcel_id";
/// The same for ClickHouse itself.
const KNOWN: &str = "SELECT parcel_id, status, country, weight_kg, note FROM events.parcels WHERE country = 'DE' ORDER BY parcel_id";

/// A checksum over rows and their order, of columns of these names.
fn checksum(from: &str) -> String {
    format!(
        "SELECT count(), sum(sipHash64(rowNumberInAllBlocks(), toUInt64(parcel_id), toString(status), toString(country), \
         ifNull(toFloat64(weight_kg), -1), toString(note))) FROM ({from}) SETTINGS max_threads = 1"
    )
}

#[tokio::test]
async fn every_format_says_what_sql_says() -> Result<()> {
    Sandbox::run("formats", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let known = bench.clickhouse.line(&checksum(KNOWN)).await?;
        ensure!(known.starts_with("1000\t"), "{known}");
        for (format, name, clickhouse) in [
            ("csv", "a.csv", "CSVWithNames"),
            ("jsonlines", "a.jsonl", "JSONEachRow"),
            ("parquet", "a.parquet", "Parquet"),
            ("arrow", "a.arrow", "Arrow"),
        ] {
            let printed = bench.run(&["sql", ROWS, "--param", "c=DE", "--format", format]).await?;
            ensure!(
                printed.status.success() && printed.stderr.is_empty(),
                "{format}: {printed:?}"
            );
            // By the ending of its name.
            let path = bench.path(name);
            bench.good(&["sql", ROWS, "--param", "c=DE", "--output", name]).await?;
            let file = std::fs::read(&path)?;
            if format != "parquet" {
                ensure!(file == printed.stdout, "{format} differs between file and pipe");
            }
            for bytes in [&file, &printed.stdout] {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let structure = "'parcel_id UInt64, status String, country String, weight_kg Nullable(Float64), note String'";
                let read = format!("SELECT * FROM format('{clickhouse}', {structure}, unhex('{hex}'))");
                let seen = bench.clickhouse.line(&checksum(&read)).await?;
                ensure!(seen == known, "{format}: {seen} instead of {known}");
            }
        }
        let left = names_in(&bench.directory)?;
        ensure!(!left.iter().any(|name| name.contains("partial")), "{left:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn json_is_the_nodes_answer_and_tables_are_for_people() -> Result<()> {
    Sandbox::run("json", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let sql = "SELECT toUInt64(number) AS n, number / 3 AS x, ['a', NULL] AS a, 1e300 AS big, '' AS e FROM numbers(3)";
        let printed = bench.json(&["sql", sql]).await?;
        let direct: Value = bench.node.api().try_sql(sql).await?.json();
        for member in ["columns", "rows", "truncated", "complete_to"] {
            ensure!(printed[member] == direct[member], "{member}: {printed} instead of {direct}");
        }
        let members = |object: &Value| -> Result<Vec<String>> {
            Ok(object.as_object().context("it is no object")?.keys().cloned().collect())
        };
        ensure!(members(&printed)? == members(&direct)?, "{printed}");
        ensure!(members(&printed["statistics"])? == members(&direct["statistics"])?, "{printed}");

        let limited = bench.json(&["sql", "SELECT * FROM parcels", "--limit", "7"]).await?;
        ensure!(limited["rows"].as_array().map(Vec::len) == Some(7) && limited["truncated"] == true);
        let table = bench.good(&["sql", "SELECT note, parcel_id FROM parcels WHERE parcel_id = 5", "--format", "table"]).await?;
        ensure!(table.contains("[2Jü5") && table.contains("parcel_id"), "{table}");
        ensure!(!table.contains('\u{1b}'), "a row moves the cursor: {table:?}");
        bench.good(&["sql", "SELECT 42 AS n", "--format", "table", "--output", "table.txt"]).await?;
        ensure!(std::fs::read_to_string(bench.path("table.txt"))?.contains("42"));

        // Several statements, from standard input, and none.
        for arguments in [&["sql"][..], &["sql", "-"]] {
            let command = bench.command(arguments).await?;
            let several = bench.run_with(command, "SELECT 'a;b'; -- one;\nSELECT 2").await?;
            let lines: Vec<Value> = String::from_utf8(several.stdout)?
                .lines()
                .map(serde_json::from_str)
                .collect::<Result<_, _>>()?;
            ensure!(lines.len() == 2 && lines[0]["rows"] == json!([["a;b"]]) && lines[1]["rows"] == json!([[2]]), "{lines:?}");
        }
        let command = bench.command(&["sql"]).await?;
        let half = bench.run_with(command, "SELECT 1; SELECT nonsense; SELECT 3").await?;
        ensure!(half.status.code() == Some(1) && half.stdout.iter().filter(|byte| **byte == b'\n').count() == 1, "{half:?}");
        bench.fails(&["sql"], &["no statement"]).await?;
        bench.fails(&["sql", "SELECT 1; SELECT 2"], &["error"]).await?;
        bench.fails(&["sql", "SELECT 1", "--format", "csv", "--limit", "2"], &["LIMIT"]).await?;
        bench.fails(&["sql", "SELECT 1", "--param", "x"], &["NAME=VALUE"]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_nobody_can_read_is_not_written_to_a_terminal() -> Result<()> {
    Sandbox::run("terminal-formats", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        for format in ["parquet", "arrow"] {
            let terminal = bench.terminal(&["sql", "SELECT 1", "--format", format]).await?;
            terminal
                .until(&format!("{format} is nothing to read on a terminal"))
                .await?;
            ensure!(terminal.wait().await?.code() == Some(1));
            let terminal = bench
                .terminal(&["sql", "SELECT 1", "--format", format, "--output", "/dev/stdout"])
                .await?;
            terminal
                .until(&format!("{format} is nothing to read on a terminal"))
                .await?;
            ensure!(terminal.wait().await?.code() == Some(1));
            // A file is none.
            let terminal = bench
                .terminal(&["sql", "SELECT 1", "--format", format, "--output", "there"])
                .await?;
            ensure!(terminal.wait().await?.success());
            ensure!(std::fs::metadata(bench.path("there"))?.len() > 100);
        }
        let terminal = bench.terminal(&["sql", "SELECT 6 * 7 AS answer"]).await?;
        terminal.until("answer").await?;
        terminal.until("42").await?;
        terminal.until("1 row in").await?;
        ensure!(terminal.wait().await?.success());
        let terminal = bench
            .terminal(&["sql", "SELECT 6 * 7 AS answer", "--format", "jsonlines"])
            .await?;
        terminal.until("{\"answer\":42}").await?;
        ensure!(terminal.wait().await?.success());
        // Not a prompt, when what comes out goes to a file.
        let terminal = bench.terminal(&["sql", "--output", "there"]).await?;
        terminal.until("no statement is given").await?;
        ensure!(terminal.wait().await?.code() == Some(1));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_cannot_be_printed_is_an_error() -> Result<()> {
    Sandbox::run("unprinted", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        for arguments in [
            &["sql", "SELECT 1"][..],
            &["sql", "SELECT 1", "--format", "table"],
            &["sql", "SELECT 1", "--format", "csv"],
            &["ask", "How many parcels were lost?"],
            &["saved"],
        ] {
            let full = OpenOptions::new().write(true).open("/dev/full")?;
            let output = bench
                .run_into(bench.command(arguments).await?, "", full.into())
                .await?;
            require_failure(&output, &["cannot be written"]).with_context(|| format!("{arguments:?}"))?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rows_that_are_left_out_are_told_of() -> Result<()> {
    Sandbox::run("left-out", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let all = "SELECT * FROM parcels";
        let raise = "There are more than these 1000 rows: raise --limit, or use --format csv for all\n";
        for arguments in [
            &["sql", all][..],
            &["sql", all, "--output", "some.json"],
            &["sql", all, "--format", "table", "--output", "some.txt"],
        ] {
            let output = bench.run(arguments).await?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(
                output.status.success() && said.ends_with(raise),
                "{arguments:?}: {said}"
            );
        }
        // Raising it helps no more.
        let many = "SELECT number FROM numbers(100001)";
        let output = bench.run(&["sql", many, "--limit", "200000"]).await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            said == "There are more than these 100000 rows: use --format csv for all\n",
            "{said}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn files_are_the_same_whoever_looks_and_the_shells_stay_its_own() -> Result<()> {
    Sandbox::run("files", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        // Nothing in a file is bold, even if standard output is a terminal.
        let table = [
            "sql",
            "SELECT 42 AS n",
            "--format",
            "table",
            "--output",
            "table.txt",
        ];
        let terminal = bench.terminal(&table).await?;
        terminal.until("1 row in").await?;
        ensure!(terminal.wait().await?.success());
        let written = std::fs::read_to_string(bench.path("table.txt"))?;
        ensure!(
            written.contains("42") && !written.contains('\u{1b}'),
            "{written:?}"
        );

        // As `--output /dev/stdout >> all.csv`.
        let path = bench.path("all.csv");
        std::fs::write(&path, "old\n")?;
        let mut opened: File = OpenOptions::new().append(true).open(&path)?;
        let arguments = [
            "sql",
            "SELECT 1 AS a",
            "--format",
            "csv",
            "--output",
            "/dev/stdout",
        ];
        let output = bench
            .run_into(bench.command(&arguments).await?, "", opened.try_clone()?.into())
            .await?;
        ensure!(output.status.success(), "{output:?}");
        opened.write_all(b"new\n")?;
        let written = std::fs::read_to_string(&path)?;
        ensure!(written == "old\n\"a\"\n1\nnew\n", "{written:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_long_statement_says_how_far_it_is() -> Result<()> {
    Sandbox::run("progress", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        bench
            .clickhouse
            .execute(
                "CREATE TABLE events.many (n UInt64) ENGINE = MergeTree ORDER BY n AS SELECT number FROM numbers(6000000)",
            )
            .await?;
        // A fifth of a second for each of its blocks, however fast the machine is.
        let sql = "SELECT count() AS all_of_them FROM many WHERE sleepEachRow(0.000003) = 0";
        let terminal = bench.terminal(&["sql", sql]).await?;
        let before = terminal.until(" read").await?;
        ensure!(before.contains(" %, "), "{before:?}");
        ensure!(before.contains(" rows and "), "{before:?}");
        terminal.until("all_of_them").await?;
        terminal.until("6000000").await?;
        ensure!(terminal.wait().await?.success());
        // In a pipe there is nothing but the answer.
        let output = bench
            .run(&["sql", "SELECT sleepEachRow(0.4) FROM numbers(3)"])
            .await?;
        ensure!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        Ok(())
    })
    .await
}
