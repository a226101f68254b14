//! Who owns what. (Who is here, by gossip, is still to come.)
//!
//! This crate knows nothing of Kafka, ClickHouse or actors. It gives names to the parties of the
//! delivery protocol ([`ids`]) and says, as a pure function every node computes alike, which node
//! should work on which partition ([`assignment`]). Gossip decides who *should* work; whose work
//! *counts* is decided elsewhere, by the epochs in ClickHouse.

pub mod assignment;
pub mod ids;

pub use assignment::{Bounds, Candidate, Member, assign};
pub use ids::{Epoch, Generation, NodeId, Partition, StreamId};
