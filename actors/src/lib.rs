//! The work: from Kafka to ClickHouse, and from questions to answers, as supervised actors.
//!
//! - [`store`]: ClickHouse, as far as Aurora needs it.
//! - [`ingest`]: one pipeline a partition, from messages to rows, each exactly once.
//! - [`query`]: SQL from people and programs, run as a user who can only read.

pub mod ingest;
pub mod query;
pub mod store;
