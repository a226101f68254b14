//! Every event exactly once, while the node and ClickHouse are killed and restarted.
//!
//! `AURORA_CHAOS_EVENTS` sets how many events the kills have to survive, and `AURORA_CHAOS_SEED` when they
//! happen: a run that fails prints both.

use std::env;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use aurora_chaos_tests::invariants::{landed_past_journal, require_exactly_once};
use aurora_chaos_tests::load::{Load, PacedLoad, Produced};
use aurora_chaos_tests::node::stream_id;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::{PATIENCE, Stack};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const PARTITIONS: i32 = 4;
/// For each of node and ClickHouse.
const KILLS: u64 = 5;
/// How long the load is spread over, however large it is.
const LOAD_SECONDS: u64 = 40;
const DEFAULT_EVENTS: u64 = 300_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_node_and_clickhouse_lose_nothing_and_double_nothing() -> Result<()> {
    let events = variable("AURORA_CHAOS_EVENTS")?.unwrap_or(DEFAULT_EVENTS);
    let seed = variable("AURORA_CHAOS_SEED")?.unwrap_or_else(rand::random);
    eprintln!("AURORA_CHAOS_EVENTS={events} AURORA_CHAOS_SEED={seed}");
    let result = Sandbox::run("exactly-once", async |sandbox| {
        let flow = Flow::start(sandbox, "killed", events, LOAD_SECONDS).await?;
        let mut random = StdRng::seed_from_u64(seed);
        let (node_kills, clickhouse_kills) = (kills(&flow.rest, &mut random), kills(&flow.rest, &mut random));
        let (of_node, of_clickhouse) = tokio::try_join!(
            kill_node(&flow, &node_kills),
            kill_clickhouse(&flow, &clickhouse_kills)
        )?;
        // On a machine so slow that the load ended long before, the run proves little.
        ensure!(
            of_node > 0 && of_clickhouse > 0,
            "only {of_node} and {of_clickhouse} kills fell into the load: produce more events"
        );
        flow.require_exactly_once().await
    });
    result
        .await
        .with_context(|| format!("with AURORA_CHAOS_EVENTS={events} AURORA_CHAOS_SEED={seed}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_restart_leaves_nothing_to_settle() -> Result<()> {
    Sandbox::run("orderly-restart", async |sandbox| {
        let flow = Flow::start(sandbox, "restarted", 80_000, 16).await?;
        for share in [4, 2] {
            flow.until_acknowledged(flow.rest.events / share).await?;
            // Only who is writing has something to hand over.
            let before = flow.rows().await?;
            eventually("rows to land", PATIENCE, async || {
                flow.rows().await.map(|rows| rows > before)
            })
            .await?;
            let status = flow.stack.node.terminate().await?;
            ensure!(status.success(), "asked to end, the node ended with {status}");
            let past = landed_past_journal(&flow.stack.clickhouse, &flow.table, &flow.stream).await?;
            ensure!(
                past == 0,
                "{past} rows and dead letters have landed past the journal"
            );
            flow.stack.node.start_again().await?;
        }
        flow.require_exactly_once().await
    })
    .await
}

/// A load on its way through Kafka and a node into ClickHouse.
struct Flow {
    stack: Stack,
    stream: String,
    table: String,
    /// What was produced before the node started, so that all kinds of messages are in its sample.
    first: Load,
    first_produced: Produced,
    rest: Load,
    load: PacedLoad,
}

impl Flow {
    async fn start(sandbox: &Sandbox, topic: &str, events: u64, seconds: u64) -> Result<Self> {
        let kafka = shared::kafka().await?;
        kafka.create_topic(topic, PARTITIONS, &[]).await?;
        let first = Load {
            events: events / 10,
            malformed_per_mille: 10,
            ..Load::new(topic, PARTITIONS)
        };
        let rest = Load {
            first: first.events,
            events: events - first.events,
            oversized: true,
            ..first.clone()
        };
        let first_produced = first.produce(kafka).await?;
        let stack = Stack::start(sandbox, &[topic]).await?;
        let stream = stream_id(topic);
        let table = eventually("the stream to run", PATIENCE, async || {
            let stream = stack.node.api().stream(&stream).await?;
            anyhow::Ok(stream.table.filter(|_| stream.rows > 0))
        });
        Ok(Self {
            table: table.await?,
            load: rest.paced(kafka, u32::try_from((rest.events / seconds).max(1))?)?,
            stack,
            stream,
            first,
            first_produced,
            rest,
        })
    }

    async fn until_acknowledged(&self, events: u64) -> Result<()> {
        let what = format!("{events} acknowledgements");
        eventually(&what, PATIENCE, async || self.load.acknowledged() >= events).await
    }

    fn is_under_load(&self) -> bool {
        self.load.acknowledged() < self.rest.events
    }

    async fn rows(&self) -> Result<u64> {
        let query = format!("SELECT count() FROM {}", self.table);
        self.stack.clickhouse.number(&query).await
    }

    /// Waits until everything is consumed, then lets Aurora prove it, then proves it without Aurora.
    async fn require_exactly_once(self) -> Result<()> {
        let produced = self.load.finished().await?.and(&self.first_produced);
        ensure!(produced.total() == self.first.events + self.rest.events);
        self.stack.clickhouse.until_up().await?;
        self.stack.until_consumed(&self.first.topic).await?;
        self.stack
            .until_journaled(&self.first.topic, produced.total())
            .await?;
        self.stack.audit(&self.first.topic).await?;
        let loads = [self.first, self.rest];
        require_exactly_once(&self.stack.clickhouse, &self.table, &loads, &produced).await
    }
}

/// When to kill: so much later than so many events of the load.
#[derive(Debug, Clone, Copy)]
struct Kill {
    after: u64,
    pause: Duration,
}

/// Kills at random moments between a twentieth and four fifths of the load, one in each stretch of it, so that
/// the victim is back before the next.
fn kills(load: &Load, random: &mut StdRng) -> Vec<Kill> {
    let stretch = load.events * 15 / 20 / KILLS;
    let kill = |number| Kill {
        after: load.events / 20 + number * stretch + random.random_range(0..stretch.max(1)),
        // Acknowledgements come in batches; this spreads kills between them.
        pause: Duration::from_millis(random.random_range(0..300)),
    };
    (0..KILLS).map(kill).collect()
}

/// Kills the node, and says how many times the load was not over yet.
async fn kill_node(flow: &Flow, kills: &[Kill]) -> Result<u64> {
    let mut under_load = 0;
    for kill in kills {
        flow.until_acknowledged(kill.after).await?;
        tokio::time::sleep(kill.pause).await;
        under_load += u64::from(flow.is_under_load());
        flow.stack.node.kill9()?;
        flow.stack.node.start_again().await?;
    }
    Ok(under_load)
}

/// Kills ClickHouse, and says how many times the load was not over yet.
async fn kill_clickhouse(flow: &Flow, kills: &[Kill]) -> Result<u64> {
    let mut under_load = 0;
    for kill in kills {
        flow.until_acknowledged(kill.after).await?;
        flow.stack.clickhouse.until_up().await?;
        tokio::time::sleep(kill.pause).await;
        under_load += u64::from(flow.is_under_load());
        flow.stack.clickhouse.kill9().await?;
    }
    Ok(under_load)
}

fn variable<T: FromStr<Err: Display>>(name: &str) -> Result<Option<T>> {
    let Some(text) = env::var_os(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let text = text.to_string_lossy();
    let value = text.parse();
    value
        .map(Some)
        .map_err(|error| anyhow!("{name}={text} cannot be used: {error}"))
}
