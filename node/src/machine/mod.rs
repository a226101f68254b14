//! A node on a machine of AWS: what is about to happen to the machine, and figures about the node.
//!
//! - [`lifecycle`]: the node drains before its machine goes, and the Auto Scaling group waits for it.
//! - [`figures`]: how it is doing, for CloudWatch.
//! - [`disk`]: how full a disk is.
//! - [`journal`]: the machine's log, for CloudWatch Logs.

pub mod disk;
pub mod figures;
pub mod journal;
pub mod lifecycle;
