//! `aurora bench ingest`

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use aurora_actors::store::sql::{TableName, ident};
use aurora_actors::store::system;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use tempfile::TempDir;

use super::super::interrupt::{INTERRUPTED, Interrupts};
use super::super::output;
use super::aurora_node::AuroraNode;
use super::freshness::{self, Freshness};
use super::kafka_engine::{self, EngineSettings, KafkaEngine};
use super::measure::{Before, CatchUp, catch_up, ensure_exactly_once};
use super::report::{Reader, Report, Workload};
use super::services::{self, Services};
use super::topic::{COMPRESSION, Topic};
use super::usage::Pids;
use crate::telemetry::{self, LogFormat};

/// Read a topic into ClickHouse, with Aurora and with ClickHouse's own Kafka engine.
///
/// Both read the same topic by turns, as fast as they can, into tables of the same columns, types and order
/// in one ClickHouse. Then both read events that come at a steady rate. Everything is looked at from outside,
/// in the same way.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aurora bench ingest\n  aurora bench ingest --kafka localhost:9092 --rate 40000 --json"
)]
pub(super) struct IngestArgs {
    /// A Kafka to use, in which topics are made and deleted; otherwise one is started (takes Java 17)
    #[arg(long, value_name = "HOST:PORT", env = "AURORA_KAFKA")]
    kafka: Option<String>,
    /// How many events to catch up with
    #[arg(long, default_value_t = 2_000_000)]
    events: u64,
    /// How many partitions the topics have
    #[arg(long, default_value_t = 4)]
    partitions: u32,
    /// Events a second, of all partitions together, while freshness is measured
    #[arg(long, value_name = "EVENTS_PER_S", default_value_t = 10_000)]
    rate: u32,
    /// For how many seconds freshness is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    seconds: u64,
    /// How often each of the two catches up
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

impl IngestArgs {
    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.events >= 10_000,
            "--events must be 10000 or more, or there is nothing to measure"
        );
        ensure!(
            (1..=1_000).contains(&self.partitions),
            "--partitions must be between 1 and 1000"
        );
        ensure!(
            (100..=1_000_000).contains(&self.rate),
            "--rate must be between 100 and 1000000"
        );
        ensure!(
            self.rounds >= 1 && self.seconds >= 1,
            "--rounds and --seconds must be 1 or more"
        );
        Ok(())
    }
}

pub(super) async fn run(args: &IngestArgs) -> anyhow::Result<ExitCode> {
    telemetry::start(LogFormat::Text, "warn");
    args.check()?;
    let directory = tempfile::Builder::new()
        .prefix("aurora-bench-")
        .tempdir()
        .context("no directory for temporary files; point TMPDIR to one")?;
    let mut interrupts = Interrupts::listen_to_all();
    let started = interrupts.unless(Services::start(&directory, args.kafka.as_deref()));
    let started = started.await;
    let services = match started {
        Some(Ok(services)) => services,
        failed => {
            services::remove(directory).await;
            return failed.map_or(Ok(ExitCode::from(INTERRUPTED)), |failed| {
                failed.map(|_| ExitCode::FAILURE)
            });
        }
    };
    let bench = Bench {
        args,
        services,
        directory,
        topics: Mutex::new(Vec::new()),
    };
    let report = interrupts.unless(bench.measure()).await;
    output::note("cleaning up");
    bench.clean_up().await;
    match report {
        None => Ok(ExitCode::from(INTERRUPTED)),
        Some(report) => {
            let report = report?;
            if args.json {
                output::json(&report)?;
            } else {
                report.show();
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

struct Bench<'a> {
    args: &'a IngestArgs,
    services: Services,
    directory: TempDir,
    topics: Mutex<Vec<Topic>>,
}

impl Bench<'_> {
    async fn measure(&self) -> anyhow::Result<Report> {
        let args = self.args;
        let run = uuid::Uuid::new_v4().simple().to_string();
        let name = |what: &str| format!("aurora-bench-{}-{what}", &run[..8]);
        let topic = self.topic(name("backlog")).await?;
        let progress = bar("sending", args.events);
        let bytes = topic.fill(args.events, progress.clone()).await?;
        progress.finish_and_clear();

        let mut aurora = Reader::default();
        let mut engine = Reader::default();
        let mut settings = vec![kafka_engine::DEFAULT, kafka_engine::TUNED];
        let mut model = None;
        for round in 1..=args.rounds {
            let (caught_up, table) = self.aurora_catches_up(round, &topic).await?;
            aurora.catch_up.push(caught_up);
            // The engine's tables are made like Aurora's, so one of Aurora's stays.
            let model = &*model.get_or_insert(table);
            let mut attempts = Vec::new();
            for settings in &settings {
                let caught_up = self.engine_catches_up(round, &topic, model, *settings).await?;
                attempts.push((*settings, caught_up));
            }
            // Both ways in the first round, then the better one.
            attempts.sort_by(|(_, a), (_, b)| b.events_per_s.total_cmp(&a.events_per_s));
            let (better, caught_up) = attempts.swap_remove(0);
            settings = vec![better];
            engine.settings.get_or_insert(better.name);
            engine.catch_up.push(caught_up);
            engine.other_settings.extend(
                attempts
                    .into_iter()
                    .map(|(other, caught_up)| (other.name, caught_up)),
            );
        }
        let model = model.context("--rounds is 0")?;
        aurora.freshness = Some(self.aurora_freshness(self.topic(name("steady-1")).await?).await?);
        let engine_topic = self.topic(name("steady-2")).await?;
        engine.freshness = Some(self.engine_freshness(engine_topic, &model).await?);
        let workload = Workload {
            events: args.events,
            bytes,
            partitions: args.partitions,
            compression: COMPRESSION,
            steady_events_per_s: args.rate,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        };
        Ok(Report::new(workload, aurora, engine))
    }

    async fn topic(&self, name: String) -> anyhow::Result<Topic> {
        let topic = Topic::create(&self.services.brokers, name, self.args.partitions).await?;
        self.topics.lock().push(topic.clone());
        Ok(topic)
    }

    async fn aurora_catches_up(&self, round: usize, topic: &Topic) -> anyhow::Result<(CatchUp, TableName)> {
        let progress = bar(&format!("aurora, round {round}"), self.args.events);
        let before = Before::now(self.services.pids());
        let mut node = self.node(&format!("bench_aurora_{round}"), topic)?;
        let (pids, table) = (self.pids(&node), node.table().clone());
        let store = &self.services.store;
        let events = self.args.events;
        let measured = catch_up(store, &table, events, (before, pids), &progress, || {
            node.ensure_running()
        })
        .await;
        let caught_up = measured.map_err(|error| node.explain(&error))?;
        node.stop().await;
        progress.finish_and_clear();
        note(&format!("aurora, round {round}"), &caught_up);
        ensure_exactly_once(store, &table, events).await?;
        // So that no merge of one reader's table takes CPU from the other; the empty table is the model.
        store.execute(&format!("TRUNCATE TABLE {table} SYNC")).await?;
        // And so that the next round knows nothing of this one.
        let notes = format!("DROP DATABASE {} SYNC", system::DATABASE);
        store.execute(&notes).await?;
        Ok((caught_up, table))
    }

    async fn engine_catches_up(
        &self,
        round: usize,
        topic: &Topic,
        model: &TableName,
        settings: EngineSettings,
    ) -> anyhow::Result<CatchUp> {
        let what = format!("kafka engine ({}), round {round}", settings.name);
        let progress = bar(&what, self.args.events);
        let Services { store, .. } = &self.services;
        let pids = self.services.pids();
        let before = Before::now(pids);
        let database = format!("bench_engine_{}_{round}", settings.name);
        let engine = KafkaEngine::start(store, &database, topic, model, settings).await?;
        let events = self.args.events;
        let caught_up = catch_up(
            store,
            engine.table(),
            events,
            (before, pids),
            &progress,
            || Ok(()),
        )
        .await?;
        progress.finish_and_clear();
        note(&what, &caught_up);
        let table = engine.table().clone();
        engine.stop().await?;
        ensure_exactly_once(store, &table, events).await?;
        store
            .execute(&format!("DROP DATABASE {} SYNC", ident(&database)))
            .await?;
        Ok(caught_up)
    }

    async fn aurora_freshness(&self, topic: Topic) -> anyhow::Result<Freshness> {
        output::note(&format!(
            "aurora at {} events a second",
            output::thousands(self.args.rate.into())
        ));
        let mut load = topic.pace(self.args.rate)?;
        let mut node = self.node("bench_aurora_steady", &topic)?;
        let (pids, table) = (self.pids(&node), node.table().clone());
        let store = &self.services.store;
        let window = Duration::from_secs(self.args.seconds);
        let measured =
            freshness::measure(store, &table, pids, &mut load, window, || node.ensure_running()).await;
        let fresh = measured.map_err(|error| node.explain(&error))?;
        drop(load);
        node.stop().await;
        store.execute(&format!("TRUNCATE TABLE {table} SYNC")).await?;
        Ok(fresh)
    }

    async fn engine_freshness(&self, topic: Topic, model: &TableName) -> anyhow::Result<Freshness> {
        output::note(&format!(
            "kafka engine at {} events a second",
            output::thousands(self.args.rate.into())
        ));
        let mut load = topic.pace(self.args.rate)?;
        let Services { store, .. } = &self.services;
        // Left to its defaults it would show events every 7.5 s.
        let engine =
            KafkaEngine::start(store, "bench_engine_steady", &topic, model, kafka_engine::TUNED).await?;
        let window = Duration::from_secs(self.args.seconds);
        let pids = self.services.pids();
        let fresh = freshness::measure(store, engine.table(), pids, &mut load, window, || Ok(())).await?;
        drop(load);
        engine.stop().await?;
        Ok(fresh)
    }

    fn node(&self, database: &str, topic: &Topic) -> anyhow::Result<AuroraNode> {
        AuroraNode::start(&self.services, self.directory.path(), database, topic)
    }

    fn pids(&self, node: &AuroraNode) -> Pids {
        Pids {
            node: Some(node.pid()),
            ..self.services.pids()
        }
    }

    async fn clean_up(self) {
        if !self.services.owns_kafka() {
            for topic in self.topics.into_inner() {
                if let Err(error) = topic.delete().await {
                    output::note(&format!(
                        "the topic {} could not be deleted: {error:#}",
                        topic.name
                    ));
                }
            }
        }
        self.services.stop().await;
        services::remove(self.directory).await;
    }
}

/// A bar on a terminal; elsewhere a line has to do.
fn bar(what: &str, events: u64) -> ProgressBar {
    let progress = ProgressBar::new(events).with_message(what.to_owned());
    if progress.is_hidden() {
        output::note(&format!("{what}: {} events", output::thousands(events)));
    }
    match ProgressStyle::with_template("{msg:40} {wide_bar} {human_pos}/{human_len}  {elapsed}") {
        Ok(style) => progress.with_style(style),
        // The template is a constant; the default style is as good.
        Err(_) => progress,
    }
}

fn note(what: &str, caught_up: &CatchUp) {
    let CatchUp {
        events_per_s,
        seconds_to_last_row,
        ..
    } = caught_up;
    output::note(&format!(
        "{what}: {} events/s, all visible after {seconds_to_last_row:.1} s",
        output::thousands(*events_per_s as u64)
    ));
}
