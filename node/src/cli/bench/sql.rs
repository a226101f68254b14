//! `aurora bench sql`: what it costs to go through Aurora instead of asking ClickHouse directly.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aurora_actors::store::{Login, Store};
use clap::Args;
use futures_util::future::join_all;
use serde::Serialize;
use tempfile::TempDir;

use super::super::interrupt::{INTERRUPTED, Interrupts};
use super::super::output;
use super::services;
use crate::embedded::clickhouse::{ClickHouseOptions, EmbeddedClickHouse, default_cache_dir};
use crate::embedded::process::ChildProcess;
use crate::telemetry::{self, LogFormat};

const DATABASE: &str = "events";
const READY_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Ask the same questions through Aurora and of ClickHouse directly.
///
/// As many clients as are named ask one after the other, each waiting for its answer, by turns directly and
/// through a node. No two questions are the same text, so that nothing is remembered; both ways run as the
/// reading user and answer in JSON. ClickHouse refuses what is too much at once, while Aurora lets it wait:
/// refusals are counted, and asked again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aurora bench sql\n  aurora bench sql --clients 1,50 --seconds 5 --json")]
pub(super) struct SqlArgs {
    /// How many clients ask at once, one figure after the other
    #[arg(long, value_delimiter = ',', default_values_t = [1, 50, 500])]
    clients: Vec<usize>,
    /// For how many seconds each of the two is asked, in each round
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often the two take turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Rows of the table that is asked about
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

/// What came out.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    cores: usize,
    rows: u64,
    clients: BTreeMap<usize, Compared>,
}

#[derive(Debug, Serialize)]
struct Compared {
    direct: Figures,
    aurora: Figures,
    added_p50_ms: f64,
    added_p99_ms: f64,
}

#[derive(Debug, Serialize)]
struct Figures {
    p50_ms: f64,
    p99_ms: f64,
    answers_per_s: f64,
    /// Answers that were a refusal, and asked for again; their time is part of the answer's.
    refused: u64,
}

/// Where a question goes.
#[derive(Debug, Clone)]
enum Way {
    Direct(Login),
    Aurora(String),
}

/// Latencies of one way, in milliseconds, over all rounds.
#[derive(Debug, Default)]
struct Asked {
    latencies_ms: Vec<f64>,
    refused: u64,
    seconds: f64,
}

impl Asked {
    fn figures(mut self) -> Figures {
        self.latencies_ms.sort_by(f64::total_cmp);
        Figures {
            p50_ms: percentile(&self.latencies_ms, 0.5),
            p99_ms: percentile(&self.latencies_ms, 0.99),
            answers_per_s: self.latencies_ms.len() as f64 / self.seconds.max(f64::EPSILON),
            refused: self.refused,
        }
    }
}

/// The smallest value that at least this share of them does not exceed.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

pub(super) async fn run(args: &SqlArgs) -> anyhow::Result<ExitCode> {
    telemetry::start(LogFormat::Text, "warn");
    ensure!(
        args.clients.iter().all(|clients| (1..=2_000).contains(clients)) && !args.clients.is_empty(),
        "--clients must be between 1 and 2000"
    );
    ensure!(
        args.seconds >= 1 && args.rounds >= 1 && args.rows >= 1,
        "--seconds, --rounds and --rows must be 1 or more"
    );
    let directory = tempfile::Builder::new()
        .prefix("aurora-bench-")
        .tempdir()
        .context("no directory for temporary files; point TMPDIR to one")?;
    let report = Interrupts::listen_to_all()
        .unless(measure(args, &directory))
        .await;
    services::remove(directory).await;
    let Some(report) = report else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let report = report?;
    if args.json {
        output::json(&report)?;
    } else {
        show(&report);
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(args: &SqlArgs, directory: &TempDir) -> anyhow::Result<Report> {
    let program = std::env::current_exe().context("the path of this program is not known")?;
    output::note("starting ClickHouse and a node");
    let clickhouse = EmbeddedClickHouse::start(ClickHouseOptions {
        data_dir: directory.path().to_owned(),
        cache_dir: default_cache_dir(),
        exposed_databases: vec![DATABASE.to_owned()],
        program: program.clone(),
    })
    .await?;
    let store = Store::new(&clickhouse.writer());
    store.execute(&format!("CREATE DATABASE {DATABASE}")).await?;
    let table = format!(
        "CREATE TABLE {DATABASE}.bench (n UInt64, kind LowCardinality(String), amount Decimal(18, 2)) \
         ENGINE = MergeTree ORDER BY n AS SELECT number, concat('kind-', toString(number % 20)), \
         toDecimal64(number % 1000, 2) FROM numbers({})",
        args.rows
    );
    store.execute(&table).await?;
    let (node, url) = start_node(&program, directory, &clickhouse).await?;
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(REQUEST_TIMEOUT)
        .build()
        .context("the HTTP client cannot start")?;
    let ways = [Way::Direct(clickhouse.reader()), Way::Aurora(url)];
    let mut clients = BTreeMap::new();
    for &count in &args.clients {
        output::note(&format!("{count} clients"));
        let mut asked = [Asked::default(), Asked::default()];
        for round in 0..args.rounds {
            for (way, asked) in ways.iter().zip(&mut asked) {
                ask(&http, way, count, args, round, asked).await?;
            }
        }
        let [direct, aurora] = asked.map(Asked::figures);
        let compared = Compared {
            added_p50_ms: aurora.p50_ms - direct.p50_ms,
            added_p99_ms: aurora.p99_ms - direct.p99_ms,
            direct,
            aurora,
        };
        clients.insert(count, compared);
    }
    node.stop(STOP_TIMEOUT).await;
    clickhouse.stop().await;
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        rows: args.rows,
        clients,
    })
}

/// A node as in production, in a process of its own, and where it answers.
async fn start_node(
    program: &std::path::Path,
    directory: &TempDir,
    clickhouse: &EmbeddedClickHouse,
) -> anyhow::Result<(ChildProcess, String)> {
    let (writer, reader) = (clickhouse.writer(), clickhouse.reader());
    // Taken and let go again: the node says its port to people only.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    let address = listener.local_addr()?;
    drop(listener);
    let config = format!(
        "[node]\nid = \"bench\"\nhttp = \"{address}\"\n[clickhouse]\nurl = \"{}\"\n\
         writer = {{ user = \"{}\", password = \"env:AURORA_BENCH_WRITER\" }}\n\
         reader = {{ user = \"{}\", password = \"env:AURORA_BENCH_READER\" }}\n",
        writer.url, writer.user, reader.user
    );
    let path = directory.path().join("bench-sql.toml");
    std::fs::write(&path, config).with_context(|| format!("{} cannot be written", path.display()))?;
    let mut command = Command::new(program);
    command
        .args(["node", "--config"])
        .arg(&path)
        .env("AURORA_BENCH_WRITER", &writer.password)
        .env("AURORA_BENCH_READER", &reader.password);
    let mut node = ChildProcess::spawn(directory.path(), "aurora-node", command)?;
    let url = format!("http://{address}");
    let started = Instant::now();
    loop {
        let ready = reqwest::get(format!("{url}/readyz")).await;
        if ready.is_ok_and(|answer| answer.status().is_success()) {
            return Ok((node, url));
        }
        node.ensure_running()?;
        ensure!(
            started.elapsed() < READY_TIMEOUT,
            "the node does not answer: {}",
            node.log_tail(15)
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Has all clients ask for the time of a round.
async fn ask(
    http: &reqwest::Client,
    way: &Way,
    clients: usize,
    args: &SqlArgs,
    round: usize,
    asked: &mut Asked,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let limit = Duration::from_secs(args.seconds);
    let one = async |client: usize| {
        let mut latencies_ms = Vec::new();
        let mut refused = 0_u64;
        let mut number = 0_usize;
        while started.elapsed() < limit {
            number += 1;
            let from = (client * 7_919 + round * 104_729 + number * 1_299_709) as u64 % args.rows;
            let sql = format!(
                "SELECT kind, count() AS c, sum(amount) AS s FROM bench WHERE n BETWEEN {from} AND {} \
                 GROUP BY kind ORDER BY s DESC",
                from + 2_000
            );
            let since = Instant::now();
            // The first ones of a client also make its connection, either way.
            while !answered(http, way, &sql).await? {
                refused += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            latencies_ms.push(since.elapsed().as_secs_f64() * 1_000.0);
        }
        anyhow::Ok((latencies_ms, refused))
    };
    for client in join_all((0..clients).map(one)).await {
        let (mut latencies_ms, refused) = client?;
        asked.latencies_ms.append(&mut latencies_ms);
        asked.refused += refused;
    }
    asked.seconds += started.elapsed().as_secs_f64();
    Ok(())
}

/// Whether a question was answered, with all of its answer read; `false` when it was too much at once.
async fn answered(http: &reqwest::Client, way: &Way, sql: &str) -> anyhow::Result<bool> {
    let request = match way {
        Way::Direct(login) => http
            .post(format!(
                "{}/?database={DATABASE}&default_format=JSONCompact",
                login.url
            ))
            .header("X-ClickHouse-User", &login.user)
            .header("X-ClickHouse-Key", &login.password)
            .body(sql.to_owned()),
        Way::Aurora(url) => http
            .post(format!("{url}/api/v1/sql"))
            .json(&serde_json::json!({ "sql": sql })),
    };
    let response = request.send().await.context("no answer")?;
    let status = response.status();
    let text = response.text().await.context("the answer broke off")?;
    if status.is_success() {
        return Ok(true);
    }
    // 202 is TOO_MANY_SIMULTANEOUS_QUERIES.
    let is_too_much = status.as_u16() == 429 || text.starts_with("Code: 202.");
    ensure!(
        is_too_much,
        "{status}: {}",
        text.chars().take(500).collect::<String>()
    );
    Ok(false)
}

fn show(report: &Report) {
    output::line(&format!(
        "{} rows, {} cores for all; milliseconds",
        output::thousands(report.rows),
        report.cores
    ));
    let mut table = output::table(&[
        "clients",
        "way",
        "p50",
        "p99",
        "added p50",
        "added p99",
        "answers/s",
        "refused",
    ]);
    for (clients, compared) in &report.clients {
        let ways = [
            ("ClickHouse", &compared.direct, None),
            (
                "Aurora",
                &compared.aurora,
                Some((compared.added_p50_ms, compared.added_p99_ms)),
            ),
        ];
        for (way, figures, added) in ways {
            let ms = |value: f64| output::number(format!("{value:.2}"));
            let (p50, p99) = added.map_or_else(
                || (output::number(""), output::number("")),
                |(p50, p99)| (ms(p50), ms(p99)),
            );
            table.add_row(vec![
                output::number(clients.to_string()),
                way.into(),
                ms(figures.p50_ms),
                ms(figures.p99_ms),
                p50,
                p99,
                output::number(output::thousands(figures.answers_per_s.round() as u64)),
                output::number(output::thousands(figures.refused)),
            ]);
        }
    }
    output::line(&table.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_all_answers() {
        let asked = Asked {
            latencies_ms: (1..=100).rev().map(f64::from).collect(),
            refused: 3,
            seconds: 2.0,
        };
        let figures = asked.figures();
        assert_eq!((figures.p50_ms, figures.p99_ms), (50.0, 99.0));
        assert_eq!((figures.answers_per_s, figures.refused), (50.0, 3));
        assert!(percentile(&[], 0.5).is_nan());
    }
}
