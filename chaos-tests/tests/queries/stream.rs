//! Rows as they come, files, and failures in the middle, which never look like the end.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::sandbox::Sandbox;
use serde_json::{Value, json};

use super::{Bench, begin, events};

/// Two million rows: more than an export may have, and enough for progress to be seen.
const TABLE: &str = "CREATE TABLE events.many (n UInt64, s String) ENGINE = MergeTree ORDER BY n
    AS SELECT number, repeat('x', 100) FROM numbers(2000000)";
/// It fails at a row in the middle, long after the first ones have been sent.
const FAILS: &str = "SELECT n, s, throwIf(n = 700000) FROM events.many WHERE n < 900000";

#[tokio::test]
async fn rows_and_progress_come_as_events() -> Result<()> {
    Sandbox::run("events", async |sandbox| {
        let bench = Bench::start(sandbox, &[]).await?;
        bench.clickhouse.execute(TABLE).await?;
        // Slow enough for progress: what is hashed is hashed many times.
        let hashes: Vec<String> = (0..40).map(|n| format!("sipHash64(s, {n})")).collect();
        let sql = format!(
            "SELECT n FROM events.many WHERE n % 500000 = 0 AND bitXor({}, 1) != 0 ORDER BY n",
            hashes.join(" + ")
        );
        let body = json!({ "sql": sql });
        let answer = begin(&bench.node, "", "text/event-stream", &body).await?;
        ensure!(answer.status() == 200, "{answer:?}");
        let all = events(&answer.text().await?);
        let of = |name: &'static str| {
            all.iter()
                .filter(move |(event, _)| event == name)
                .map(|(_, data)| data)
        };
        ensure!(
            all[0].0 == "query" && all.last().context("no events")?.0 == "done",
            "{all:?}"
        );
        let columns = of("columns").next().context("no columns")?;
        ensure!(
            *columns == json!([{ "name": "n", "type": "UInt64" }]),
            "{columns}"
        );
        let rows: Vec<&Value> = of("rows")
            .flat_map(|rows| rows.as_array().into_iter().flatten())
            .collect();
        ensure!(
            rows == [
                &json!(["0"]),
                &json!(["500000"]),
                &json!(["1000000"]),
                &json!(["1500000"])
            ],
            "{rows:?}"
        );
        let percents: Vec<f64> = of("progress")
            .filter_map(|data| data["percent"].as_f64())
            .collect();
        ensure!(
            !percents.is_empty() && percents.iter().all(|percent| (0.0..=100.0).contains(percent)),
            "{percents:?}"
        );
        let done = of("done").next().context("no end")?;
        ensure!(
            done["truncated"] == false && done["statistics"]["rows_read"] == "2000000",
            "{done}"
        );
        // What cannot start has a status of its own; what fails later is the last event.
        let refused = begin(&bench.node, "", "text/event-stream", &json!({ "sql": "" })).await?;
        ensure!(refused.status() == 400, "{refused:?}");
        let failed = begin(
            &bench.node,
            "",
            "text/event-stream",
            &json!({ "sql": "SELECT nonsense" }),
        )
        .await?;
        let failed = events(&failed.text().await?);
        let (last, problem) = failed.last().context("no events")?;
        ensure!(last == "problem" && problem["status"] == 400, "{failed:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn files_are_whole_or_visibly_broken() -> Result<()> {
    Sandbox::run("files", async |sandbox| {
        let bench = Bench::start(sandbox, &[("max_result_rows", 1_000_000)]).await?;
        bench.clickhouse.execute(TABLE).await?;
        let whole = json!({ "sql": "SELECT n, s FROM events.many WHERE n < 300000 ORDER BY n" });
        for (format, begins, ends) in [
            ("csv", &b"\"n\",\"s\"\n0,\""[..], &b"x\"\n"[..]),
            ("jsonlines", b"{\"n\":\"0\",", b"\"}\n"),
            ("parquet", b"PAR1", b"PAR1"),
            ("arrow", b"ARROW1", b"ARROW1"),
        ] {
            let path = format!("?format={format}&name=..%2Fmy%20file%22");
            let answer = begin(&bench.node, &path, "*/*", &whole).await?;
            ensure!(answer.status() == 200, "{format}: {}", answer.text().await?);
            let header = |name: &str| {
                let value = answer.headers().get(name);
                value
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or_default()
                    .to_owned()
            };
            let (disposition, nosniff) = (header("content-disposition"), header("x-content-type-options"));
            ensure!(
                disposition.starts_with("attachment; filename=\"___my_file_.") && nosniff == "nosniff",
                "{disposition:?}"
            );
            let file = answer.bytes().await?;
            ensure!(
                file.starts_with(begins) && file.ends_with(ends),
                "{format}: {} bytes",
                file.len()
            );
            // Too many rows, and an exception in the middle.
            for sql in ["SELECT n, s FROM events.many", FAILS] {
                let answer = begin(
                    &bench.node,
                    &format!("?format={format}"),
                    "*/*",
                    &json!({ "sql": sql }),
                )
                .await?;
                let status = answer.status();
                let rest = answer.bytes().await;
                ensure!(
                    matches!(status.as_u16(), 400 | 422) || rest.is_err(),
                    "{format}: {sql} looks like a whole file: {status}, {} bytes",
                    rest.map_or(0, |rest| rest.len())
                );
            }
        }
        let unknown = begin(&bench.node, "?format=exe", "*/*", &whole).await?;
        ensure!(unknown.status() == 400);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn json_that_fails_in_the_middle_is_no_json() -> Result<()> {
    Sandbox::run("broken-json", async |sandbox| {
        let bench = Bench::start(sandbox, &[]).await?;
        // Thirty megabytes before the row at which it fails: much more than anybody holds back.
        bench
            .clickhouse
            .execute(
                "CREATE TABLE events.slow (n UInt64, s String) ENGINE = MergeTree ORDER BY n
                 SETTINGS index_granularity = 1024 AS SELECT number, repeat('x', 300) FROM numbers(200000)",
            )
            .await?;
        let sql = "SELECT n, s, throwIf(n = 95000) FROM events.slow ORDER BY n";
        let failing = json!({ "sql": sql, "limit": 100_000 });
        let mut answer = begin(&bench.node, "", "application/json", &failing).await?;
        let status = answer.status();
        let mut text = Vec::new();
        let broke = loop {
            match answer.chunk().await {
                Ok(Some(piece)) => text.extend_from_slice(&piece),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        let is_json = serde_json::from_slice::<Value>(&text).is_ok();
        let end = String::from_utf8_lossy(&text[text.len().saturating_sub(600)..]).into_owned();
        ensure!(
            status == 200 && broke && !is_json,
            "{status}, and it looks whole: {end}"
        );
        ensure!(end.contains("\"problem\":{"), "nobody is told why: {end}");
        // A good one is whole, whatever its size.
        let good = json!({ "sql": "SELECT n, s FROM events.slow", "limit": 60_000 });
        let good: Value = begin(&bench.node, "", "application/json", &good)
            .await?
            .json()
            .await?;
        ensure!(good["rows"].as_array().map(Vec::len) == Some(60_000) || good["truncated"] == true);
        ensure!(good["statistics"]["rows_read"].is_string() && good["columns"][0]["name"] == "n");
        Ok(())
    })
    .await
}
