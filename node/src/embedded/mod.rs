//! What `aurora up` brings along: a real ClickHouse, a broker and a shop that sends events.

pub mod broker;
pub mod clickhouse;
pub mod demo;
pub mod kafka;
pub mod lock;
pub(crate) mod process;
