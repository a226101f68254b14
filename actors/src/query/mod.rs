//! SQL from people and programs.
//!
//! **Invariant:** a query runs as ClickHouse's reading user and no other. What that user may not do,
//! ClickHouse itself refuses; the checks in [`guard`] come on top, for what grants cannot express.

pub mod guard;
pub mod memory;
pub mod sql;
