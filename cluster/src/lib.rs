//! Who is here and who owns what.
//!
//! This crate knows nothing of Kafka, ClickHouse or actors. It gives names to the parties of the
//! delivery protocol ([`ids`]), finds out by gossip which nodes are here ([`membership`], over the
//! sealed datagrams of [`gossip`]), and says, as a pure function every node computes alike, which node
//! should work on which partition ([`assignment`]). Gossip decides who *should* work; whose work
//! *counts* is decided elsewhere, by the epochs in ClickHouse.

pub mod assignment;
pub mod gossip;
pub mod ids;
pub mod membership;
pub mod seeds;

pub use assignment::{Bounds, Candidate, Member, assign};
pub use gossip::keys::Protocol;
pub use gossip::seal::{ClusterKey, InvalidKey, NotOurs, Purpose, SEAL_OVERHEAD_BYTES, Sealer};
pub use gossip::session::{Answer, GossipCounters};
pub use ids::{Epoch, Generation, NodeId, Partition, StreamId};
pub use membership::{
    ClusterView, Conflict, GossipTiming, IdCheck, MemberState, MemberView, Membership, MembershipChange,
    MembershipChanges, MembershipError, MembershipOptions, diff,
};
pub use seeds::{Contacts, SeedReport, SeedResolver, SeedSource};
