//! From Kafka to ClickHouse, every offset exactly once.
//!
//! ```text
//!            one a connection            one a partition                one a stream
//! Kafka ──▶ source::Source ──▶ buffer ──▶ pipeline: decode ──▶ slot ──▶ writer ──▶ ClickHouse
//!           polls on a thread  the node's  bytes → columns     128 Ki    group      fenced insert,
//!                              budget                          rows,     commit     then journal,
//!                                                              16 MiB               then Kafka commit
//! ```
//!
//! Data never travels in an actor's mailbox, which has no bound; messages there are control. The
//! modules stand in the order in which data passes them.

pub mod source;

pub mod json;
pub mod schema;

pub mod decode;

pub mod batch;

pub mod ownership;

pub mod journal;

pub mod dead_letters;

pub mod slot;

pub mod pipeline;
pub mod preview;

pub mod writer;

pub mod generation;

pub mod start;

pub mod reconcile;

pub mod stream;

pub mod supervisor;

pub mod resting;

pub mod audit;

pub mod metrics;

pub mod status;
