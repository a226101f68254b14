//! AWS as code: a deployment of Aurora, from its description to running machines.
//!
//! ```text
//! Deployment ──▶ stacks ──▶ sdk::Program ──▶ the engine of the pulumi CLI ──▶ the aws provider ──▶ AWS
//!  a file        pure        data             started by `engine`
//! ```
//!
//! | module | does |
//! |---|---|
//! | [`deployment`] | the description, read and checked |
//! | [`stacks`] | what is laid out for it: network, machines, database, Grafana, edge, secrets, backups, alarms |
//! | [`machines`] | what machines are made of: user-data, units, configuration |
//! | [`cost`] | what it costs a month, as an estimate |
//! | [`sdk`] | programs for Pulumi's engine |
//! | [`engine`] | drives the `pulumi` command |
//! | [`schema`] | what the aws provider takes |
//!
//! What it does in an account, and what could not be tried without one, is in `docs/aws.md`.

pub mod cost;
pub mod deployment;
pub mod engine;
pub mod machines;
#[cfg(test)]
mod mock_engine;
pub mod schema;
pub mod sdk;
pub mod stacks;
