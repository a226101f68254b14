//! A Grafana, configured completely and kept in step: data source, folder, dashboards and alert rules as code.
//!
//! ```text
//! streams, columns (ClickHouse) ──▶ Desired ──▶ Syncer: look, compare, change ──HTTP──▶ Grafana ──▶ ClickHouse, as
//!                                    pure    └─▶ files, for a Grafana that is provisioned by them      aurora_grafana
//! ```
//!
//! | module | does |
//! |---|---|
//! | `model` | Grafana's dashboards and alert rules as types |
//! | `sql`, `names` | names and texts that mean nothing to Grafana; what Aurora's things are called |
//! | `dashboards/{operations,stream}`, `alerts`, `contact_point` | what is shown and told, and where to, pure |
//! | `datasource`, `access` | how Grafana reaches ClickHouse, and what it may do there |
//! | `desired` | all of it together |
//! | `catalog` | which streams there are, and their tables' columns |
//! | `client` | Grafana's HTTP API |
//! | `sync` | makes a Grafana what it is to be, and changes nothing that is right |
//! | `keeper` | which node does that, and when |
//! | `provisioning`, `yaml` | the same as files |
//!
//! One node keeps the Grafana in step: of those that are ready and have a login for it, the one with the lowest id that does
//! not fail. It does not matter if two do it for a moment, as while a node is taken for dead that is not.
//!
//! Figures come from ClickHouse only. What is not there by itself, nodes write into `aurora.samples` (`crate::samples`).

pub mod access;
pub mod alerts;
pub mod catalog;
pub mod client;
pub mod contact_point;
pub mod dashboards;
pub mod datasource;
pub mod desired;
pub mod keeper;
pub mod model;
pub mod names;
pub mod provisioning;
mod sql;
pub mod sync;
mod yaml;

use reqwest::Url;

use self::alerts::AlertOptions;
use self::client::Credentials;
use self::datasource::DataSource;
use self::names::Names;
use crate::config::Secret;

/// What a node knows of a Grafana.
#[derive(Debug, Clone, Default)]
pub struct GrafanaOptions {
    /// Where browsers reach it, if there is one.
    pub url: Option<Url>,
    /// How to keep it in step, if this node has a login for it.
    pub manage: Option<ManageOptions>,
}

/// How to keep a Grafana in step.
#[derive(Debug, Clone)]
pub struct ManageOptions {
    /// Where this node reaches it.
    pub url: Url,
    /// The login.
    pub credentials: Credentials,
    /// Where its password or token is written, to be read again when Grafana does not take it any more.
    pub secret: Option<Secret>,
    /// What Aurora's things in it are called.
    pub names: Names,
    /// How it reaches ClickHouse.
    pub datasource: DataSource,
    /// From when on somebody is told, and whom.
    pub alerts: AlertOptions,
}
