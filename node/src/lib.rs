//! The node: what ties actors, HTTP, configuration and the embedded services together.
//!
//! - [`aws`]: asking AWS, where that is built in.
//! - [`cli`]: what `aurora` understands and does.
//! - [`cluster`]: this node among others.
//! - [`config`]: the file of a node that is one peer of a cluster.
//! - [`embedded`]: ClickHouse, a broker and a stream of events, for machines that have none.
//! - [`machine`]: a node on a machine of AWS.
//! - [`grafana`]: dashboards and alerts in a Grafana, as code and kept in step.
//! - [`node`]: one running node.
//! - [`registry`]: what all nodes of a cluster are to ingest.
//! - [`http`]: its API and the page.
//! - [`systemd`]: what a service manager is told.

#[cfg(feature = "aws")]
pub mod aws;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod embedded;
pub mod grafana;
pub mod http;
#[cfg(feature = "aws")]
pub mod machine;
pub mod node;
pub mod registry;
mod samples;
pub mod systemd;
mod telemetry;
mod xml;
