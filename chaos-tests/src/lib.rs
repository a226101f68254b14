//! The sandbox of real services, the faults and the invariants.
//!
//! A test makes a [`sandbox::Sandbox`], starts in it what it needs, and waits with [`sandbox::eventually`]
//! for what has to come true. Nothing is left behind when it ends, however it ends, except the directory of a
//! test that failed.
//!
//! ```no_run
//! use std::time::Duration;
//! use aurora_chaos_tests::kafka::{Kafka, KafkaOptions};
//! use aurora_chaos_tests::load::Load;
//! use aurora_chaos_tests::sandbox::{Sandbox, eventually};
//!
//! # async fn example() -> anyhow::Result<()> {
//! Sandbox::run("kafka-restart", async |sandbox| {
//!     let kafka = Kafka::start(sandbox, KafkaOptions::default()).await?;
//!     kafka.create_topic("events", 4, &[]).await?;
//!     let load = Load { events: 20_000, malformed_per_mille: 10, ..Load::new("events", 4) };
//!     let produced = load.produce(&kafka).await?;
//!
//!     kafka.stop_broker(0)?;
//!     kafka.start_broker(0).await?;
//!     eventually("every event", Duration::from_secs(30), async || {
//!         kafka.end_offsets("events").await.map(|ends| ends.iter().sum::<i64>() == 20_000)
//!     })
//!     .await?;
//!     assert_eq!(produced.total(), 20_000);
//!     Ok(())
//! })
//! .await
//! # }
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`sandbox`] | a directory for one test, and waiting |
//! | [`process`], [`terminal`] | child processes and ports; children at a terminal, typed to |
//! | [`kafka`], [`shared`] | brokers: of a test's own, or one for all tests of a process |
//! | [`load`] | messages of which every byte is known |
//! | [`binary`] | the aurora binary, built when it is needed |
//! | [`clickhouse`] | a ClickHouse to be killed |
//! | [`node`], [`up`] | `aurora node` and `aurora up` as processes |
//! | [`api`] | a node's HTTP API |
//! | [`clock`] | clocks of nodes that are wrong |
//! | [`cluster`] | several nodes, a load through them, and how long each partition stands still |
//! | [`arena`] | three nodes in namespaces, and everything behind proxies, to carry out schedules of faults |
//! | [`stack`] | Kafka, ClickHouse and a node between them, for tests of a stream |
//! | [`faults`] | faults as data, and seeded schedules of them |
//! | [`acls`], [`tokens`] | rights on topics, and a server for tokens |
//! | [`toxiproxy`], [`netns`], [`udp_relay`] | what makes faults of the network |
//! | [`moto`], [`hooks`], [`metadata`] | an emulator of AWS, and stand-ins for what it has not |
//! | [`fake_aws`] | a stand-in of Pulumi's aws provider |
//! | [`machine`] | machines of a deployment, started as EC2 does |
//! | [`grafana`] | a stand-in for Grafana |
//! | [`raw_insert`] | inserts by hand, to stall and to vanish |
//! | [`cached_tool`] | tools that are built once a machine |
//! | [`invariants`] | what has to hold of the tables, counted without Aurora's help |
//! | [`model`] | the delivery protocol as a model, driven through thousands of seeds |
//!
//! What it needs of the machine: Java 17 and Maven for Kafka, Go for toxiproxy, Python with venv for moto, a C compiler
//! for clocks that are wrong, Node.js for Grafana's published types, and for tests of the network the right to make namespaces, iproute2 and nftables. What is
//! downloaded is kept under `AURORA_CACHE`.
//! `AURORA_KEEP_SANDBOX=1` keeps the directories of tests that pass.

pub mod acls;
pub mod api;
pub mod arena;
pub mod binary;
pub mod cached_tool;
pub mod clickhouse;
pub mod clock;
pub mod cluster;
pub mod fake_aws;
pub mod faults;
pub mod grafana;
pub mod hooks;
pub mod invariants;
pub mod kafka;
pub mod load;
pub mod machine;
pub mod metadata;
pub mod model;
pub mod moto;
pub mod netns;
pub mod node;
pub mod process;
pub mod raw_insert;
pub mod sandbox;
pub mod secured;
pub mod shared;
pub mod stack;
pub mod terminal;
pub mod tokens;
pub mod toxiproxy;
pub mod udp_relay;
pub mod up;
