//! Every query of every dashboard and of every alert, run in a real ClickHouse as the user that Grafana gets, over real data:
//! an ordinary stream, and one whose columns and values are called what would break a statement that is put together
//! carelessly.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_actors::query::limits::QueryLimits;
use aurora_actors::store::{Login, Store};
use aurora_chaos_tests::cached_tool::go_program;
use aurora_chaos_tests::load::{Load, Message, produce_messages};
use aurora_chaos_tests::node::stream_id;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::{PATIENCE, Stack};
use aurora_cluster::StreamId;
use aurora_node::grafana::alerts::AlertOptions;
use aurora_node::grafana::catalog;
use aurora_node::grafana::dashboards::StreamTable;
use aurora_node::grafana::datasource::{DataSource, QUERY_SECONDS, query_seconds};
use aurora_node::grafana::desired::Desired;
use aurora_node::grafana::names::Names;
use serde_json::{Value, json};

use super::expand::{Shown, expand};
use super::{Asked, Rows, is_number, is_text, is_time};

const ORDINARY: &str = "grafana-ordinary";
const HOSTILE: &str = "grafana-hostile";
const EVENTS: u64 = 3_000;
const HOSTILE_EVENTS: usize = 400;
/// Names of fields that mean something to somebody on the way: each is there once as a text and once as a number.
const NAMES: [&str; 14] = [
    "a`b",
    "quote\"d it's",
    "$__timeFilter(x)",
    "${__from}",
    "$stream",
    "[[stream]]",
    "{x:String}",
    "-- c",
    "/* c */",
    "? @x",
    "time",
    "value",
    "e",
    "back\\slash\\x41",
];
/// Panels that may have nothing to show.
const MAY_BE_EMPTY: [&str; 1] = ["Statements that failed, timeseries"];

fn hostile_messages() -> Vec<String> {
    let values = [
        "${__from}",
        "$__interval_s",
        "[[stream]]",
        "'; DROP TABLE events.x; --",
        "`\\'",
    ];
    let message = |number: usize| {
        let texts = NAMES
            .iter()
            .map(|name| ((*name).to_owned(), json!(values[number % values.len()])));
        let numbers = NAMES
            .iter()
            .map(|name| (format!("{name} n"), json!(number as f64 + 0.5)));
        // These hide the names that our own statements use.
        let hiding = ["series", "events", "average", "count"].map(|name| (name.to_owned(), json!(number)));
        let fields: serde_json::Map<String, Value> = texts.chain(numbers).chain(hiding).collect();
        Value::Object(fields).to_string()
    };
    (0..HOSTILE_EVENTS).map(message).collect()
}

/// A node that has read both topics, has audited them, and has written samples of them.
async fn scene(sandbox: &Sandbox) -> Result<Stack> {
    let kafka = shared::kafka().await?;
    for topic in [ORDINARY, HOSTILE] {
        kafka.create_topic(topic, 2, &[]).await?;
    }
    let load = Load {
        events: EVENTS,
        malformed_per_mille: 100,
        ..Load::new(ORDINARY, 2)
    };
    load.produce(kafka).await?;
    let messages = hostile_messages();
    let messages: Vec<Message<'_>> = messages.iter().map(|payload| Message::new(payload)).collect();
    produce_messages(kafka, HOSTILE, &messages).await?;
    let stack = Stack::start(sandbox, &[ORDINARY, HOSTILE]).await?;
    for topic in [ORDINARY, HOSTILE] {
        stack.until_consumed(topic).await?;
    }
    let sampled = "SELECT uniqExact(stream) FROM aurora.samples WHERE audit = 'clean' AND events_per_s >= 0";
    eventually(
        "samples of both streams with their audits",
        PATIENCE,
        async || stack.clickhouse.number(sampled).await.map(|streams| streams == 2),
    )
    .await?;
    // ClickHouse writes its log of queries every second.
    let logged = "SELECT count() FROM system.query_log WHERE query_kind = 'Insert' AND type = 'QueryFinish'";
    eventually("inserts in the log of queries", PATIENCE, async || {
        stack.clickhouse.number(logged).await.map(|inserts| inserts > 0)
    })
    .await?;
    Ok(stack)
}

async fn desired(stack: &Stack) -> Result<(Desired, Vec<StreamTable>)> {
    let ids: Vec<StreamId> = [ORDINARY, HOSTILE]
        .iter()
        .map(|topic| stream_id(topic).parse())
        .collect::<Result<_, _>>()?;
    let tables = catalog::read(&Store::new(stack.clickhouse.writer()), "events", &ids).await?;
    ensure!(tables.len() == 2, "both have tables: {tables:?}");
    let source = DataSource::like(stack.clickhouse.grafana(), "events", "test").context("an address")?;
    Ok((
        Desired::new(&Names::default(), &source, &AlertOptions::default(), &tables),
        tables,
    ))
}

/// The last hour, at a step of half a minute, with some streams chosen.
async fn shown(stack: &Stack, streams: &[&str]) -> Result<Shown> {
    let now = i64::try_from(stack.clickhouse.number("SELECT toUnixTimestamp(now())").await?)?;
    Ok(Shown {
        from_s: now - 3_600,
        to_s: now + 1,
        interval_s: 30,
        variables: BTreeMap::from([(
            "stream".to_owned(),
            streams.iter().map(|stream| (*stream).to_owned()).collect(),
        )]),
    })
}

/// What each visualization needs to find.
fn check_shape(kind: &str, title: &str, found: &Rows) -> Result<()> {
    let types: Vec<&str> = found.columns.iter().map(|(_, kind)| kind.as_str()).collect();
    let fits = match (kind, types.as_slice()) {
        ("timeseries", [time, values @ ..]) => {
            let labelled = values.first().is_some_and(|first| is_text(first));
            let numbers = &values[usize::from(labelled)..];
            is_time(time)
                && found.columns[0].0 == "time"
                && !numbers.is_empty()
                && numbers.iter().all(|kind| is_number(kind))
        }
        ("stat", [number]) => is_number(number) && found.rows.len() == 1,
        ("bargauge", [name, number]) => is_text(name) && is_number(number),
        ("table", [_, ..]) => true,
        _ => false,
    };
    ensure!(fits, "{title} is a {kind} and finds {:?}", found.columns);
    if kind == "timeseries" {
        let times: Vec<String> = found.rows.iter().map(|row| row[0].to_string()).collect();
        ensure!(times.is_sorted(), "{title}: times are not in order");
    }
    Ok(())
}

/// Runs statements by ClickHouse's Go driver, which is what the plugin uses.
async fn run_by_driver(stack: &Stack, login: &Login, seconds: u32, statements: &[String]) -> Result<()> {
    let files = [
        ("main.go", include_str!("../../clickhouse-driver/main.go")),
        ("go.mod", include_str!("../../clickhouse-driver/go.mod")),
        ("go.sum", include_str!("../../clickhouse-driver/go.sum")),
    ];
    let mut driver = Command::new(go_program("clickhouse-driver", &files, &["."]).await?);
    let asked = json!({
        "addr": stack.clickhouse.address(),
        "user": login.user,
        "password": login.password,
        "database": "events",
        "seconds": seconds,
        "statements": statements,
    });
    let output = tokio::task::spawn_blocking(move || -> Result<_> {
        let mut child = driver.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        child
            .stdin
            .take()
            .context("its input")?
            .write_all(asked.to_string().as_bytes())?;
        Ok(child.wait_with_output()?)
    })
    .await??;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}");
    Ok(())
}

/// The statements of all panels, put together for ClickHouse.
fn statements(desired: &Desired, shown: &Shown) -> Result<Vec<String>> {
    let panels = desired
        .dashboards
        .values()
        .filter_map(|dashboard| dashboard["panels"].as_array());
    let targets = panels
        .flatten()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let written = targets.filter_map(|target| target["rawSql"].as_str());
    let rules = desired.alerts["rules"].as_array().into_iter().flatten();
    let of_rules = rules.filter_map(|rule| rule["data"][0]["model"]["rawSql"].as_str());
    written.chain(of_rules).map(|sql| expand(sql, shown)).collect()
}

/// Runs all panels, and returns what each found by the dashboard's title, and its own with its kind.
async fn run_panels(
    asked: &Asked,
    desired: &Desired,
    shown: &Shown,
) -> Result<BTreeMap<(String, String), Rows>> {
    let (mut found, mut failed) = (BTreeMap::new(), Vec::new());
    for dashboard in desired.dashboards.values() {
        let of = dashboard["title"].as_str().context("a title")?;
        for panel in dashboard["panels"].as_array().context("panels")? {
            let (Some(title), Some(kind)) = (panel["title"].as_str(), panel["type"].as_str()) else {
                anyhow::bail!("a panel without title or type: {panel}");
            };
            for target in panel["targets"].as_array().into_iter().flatten() {
                let sql = expand(target["rawSql"].as_str().context("a statement")?, shown)?;
                let ran = asked
                    .rows(&sql)
                    .await
                    .and_then(|rows| check_shape(kind, title, &rows).map(|()| rows));
                match ran {
                    Ok(rows) => drop(found.insert((of.to_owned(), format!("{title}, {kind}")), rows)),
                    Err(error) => failed.push(format!("{of}, {title}: {error:#}")),
                }
            }
        }
        for variable in dashboard["templating"]["list"].as_array().into_iter().flatten() {
            let sql = expand(variable["query"].as_str().context("a query")?, shown)?;
            let rows = asked.rows(&sql).await?;
            ensure!(rows.columns.len() == 1 && rows.rows.len() == 2, "{rows:?}");
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n\n"));
    Ok(found)
}

fn number(found: &BTreeMap<(String, String), Rows>, of: &str, title: &str) -> Result<u64> {
    let rows = found
        .get(&(of.to_owned(), title.to_owned()))
        .context("the panel")?;
    let value = &rows.rows.first().context("a row")?[0];
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().with_context(|| format!("{text} is no number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_query_runs_as_grafanas_user_and_finds_what_is_there() -> Result<()> {
    Sandbox::run("grafana-queries", async |sandbox| {
        let stack = scene(sandbox).await?;
        let (desired, tables) = desired(&stack).await?;
        let names: BTreeSet<&str> = tables
            .iter()
            .flat_map(|table| &table.columns)
            .map(|column| column.name.as_str())
            .collect();
        for name in NAMES {
            ensure!(names.contains(name), "there is no column {name}: {names:?}");
        }
        let asked = Asked::new(stack.clickhouse.grafana())?;
        let found = run_panels(&asked, &desired, &shown(&stack, &["$__all"]).await?).await?;
        for ((of, title), rows) in &found {
            let may_be_empty = MAY_BE_EMPTY.contains(&title.as_str())
                || (*of == stream_id(HOSTILE) && title.to_lowercase().contains("dead letters"));
            ensure!(
                may_be_empty || !rows.rows.is_empty(),
                "{of}, {title} finds nothing"
            );
        }
        let statements = statements(&desired, &shown(&stack, &["$__all"]).await?)?;
        ensure!(statements.len() > 50, "{} statements", statements.len());
        let login = stack.clickhouse.grafana();
        run_by_driver(&stack, login, QUERY_SECONDS, &statements).await?;
        let payload = ["SELECT payload FROM aurora.dead_letters".to_owned()];
        let wrong = run_by_driver(&stack, login, QUERY_SECONDS, &payload).await;
        ensure!(wrong.is_err(), "a statement that fails goes unnoticed");
        // The reading user stands in where no other is named: it sees the events, and has less time.
        let reader = stack.clickhouse.reader();
        let of_events = |sql: &&String| sql.contains("_timestamp") && !sql.contains("aurora.");
        let of_events: Vec<String> = statements.iter().filter(of_events).cloned().collect();
        ensure!(of_events.len() > 10, "{} statements", of_events.len());
        let allowed = QueryLimits::default().max_seconds;
        run_by_driver(&stack, reader, query_seconds(allowed), &of_events).await?;
        ensure!(
            run_by_driver(&stack, reader, QUERY_SECONDS, &of_events)
                .await
                .is_err()
        );
        // What they find is what is there.
        let ordinary = stack.node.api().stream(&stream_id(ORDINARY)).await?;
        ensure!(ordinary.dead_letters > 0, "{ordinary:?}");
        assert_eq!(
            number(&found, &stream_id(HOSTILE), "Events, stat")?,
            HOSTILE_EVENTS as u64
        );
        assert_eq!(number(&found, "Aurora: operations", "Nodes, stat")?, 1);
        assert_eq!(number(&found, "Aurora: operations", "Broken audits, stat")?, 0);
        require_every_name(&asked, &stack, &desired, &tables).await
    })
    .await
}

/// A dashboard breaks down by a few columns only: so there are several of the hostile stream, each of some of its columns,
/// until each has had its turn.
async fn require_every_name(
    asked: &Asked,
    stack: &Stack,
    desired: &Desired,
    tables: &[StreamTable],
) -> Result<()> {
    let hostile = tables
        .iter()
        .find(|table| table.id.topic() == HOSTILE)
        .context("its table")?;
    let mut found = BTreeMap::new();
    for columns in hostile.columns.chunks(6) {
        let some = StreamTable {
            columns: columns.to_vec(),
            ..hostile.clone()
        };
        let some = Desired::new(
            &desired.names,
            &desired.datasource,
            &AlertOptions::default(),
            &[some],
        );
        found.extend(run_panels(asked, &some, &shown(stack, &["$__all"]).await?).await?);
    }
    for name in NAMES {
        let shown_name = name.replace('$', "＄").replace('[', "［").replace(']', "］");
        let of = |title: String| {
            found
                .get(&(stream_id(HOSTILE), title))
                .with_context(|| name.to_owned())
        };
        let top = of(format!("Top {shown_name}, bargauge"))?;
        let values: BTreeSet<&str> = top.rows.iter().filter_map(|row| row[0].as_str()).collect();
        ensure!(
            values.contains("${__from}") && values.len() == 5,
            "{name}: {values:?}"
        );
        let over_time = of(format!("{shown_name} n, timeseries"))?;
        ensure!(!over_time.rows.is_empty(), "{name}: no numbers");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_choice_of_streams_is_heeded() -> Result<()> {
    Sandbox::run("grafana-choice", async |sandbox| {
        let stack = Stack::with_topic(sandbox, "grafana-choice", &["{\"a\":1}"; 3]).await?;
        let sampled = "SELECT count() FROM aurora.samples WHERE stream != ''";
        eventually("a sample", PATIENCE, async || {
            stack.clickhouse.number(sampled).await.map(|samples| samples > 0)
        })
        .await?;
        let source = DataSource::like(stack.clickhouse.grafana(), "events", "test").context("an address")?;
        let desired = Desired::new(&Names::default(), &source, &AlertOptions::default(), &[]);
        let asked = Asked::new(stack.clickhouse.grafana())?;
        let operations = desired.dashboards.values().next().context("a dashboard")?;
        let lag = operations["panels"].as_array().into_iter().flatten();
        let lag = lag.filter(|panel| panel["title"] == "Lag" && panel["type"] == "timeseries");
        let sql = lag
            .filter_map(|panel| panel["targets"][0]["rawSql"].as_str())
            .next()
            .context("lag")?;
        let rows = async |chosen: &str| -> Result<usize> {
            let sql = expand(sql, &shown(&stack, &[chosen]).await?)?;
            Ok(asked.rows(&sql).await?.rows.len())
        };
        ensure!(rows(&stream_id("grafana-choice")).await? > 0);
        ensure!(rows("$__all").await? > 0);
        ensure!(rows("test:another").await? == 0);
        Ok(())
    })
    .await
}

/// Samples stop while ClickHouse is away, and go on afterwards; ingest has nothing to do with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_go_on_after_clickhouse_was_away() -> Result<()> {
    Sandbox::run("grafana-samples", async |sandbox| {
        let stack = Stack::with_topic(sandbox, "grafana-samples", &["{\"a\":1}"; 3]).await?;
        let sampled = "SELECT count() FROM aurora.samples WHERE stream = ''";
        let until_more_than = async |count: u64| {
            eventually("another sample", Duration::from_secs(120), async || {
                stack
                    .clickhouse
                    .number(sampled)
                    .await
                    .map(|samples| samples > count)
            })
            .await
        };
        until_more_than(0).await?;
        stack.clickhouse.kill9().await?;
        stack.clickhouse.until_up().await?;
        let before = stack.clickhouse.number(sampled).await?;
        until_more_than(before).await?;
        stack.produce("grafana-samples", &["{\"a\":2}"; 3]).await?;
        stack.audit("grafana-samples").await
    })
    .await
}
