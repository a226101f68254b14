//! Everything that is to be in a Grafana, as a pure function of the streams and the configuration.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::alerts::{self, AlertOptions};
use super::contact_point::contact_point;
use super::dashboards::{StreamTable, operations, stream};
use super::datasource::DataSource;
use super::model::{Dashboard, DataSourceRef};
use super::names::Names;

/// What is to be there.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// What it is called.
    pub names: Names,
    /// The data source.
    pub datasource: DataSource,
    /// The dashboards by their uids, as JSON.
    pub dashboards: BTreeMap<String, Value>,
    /// The contact point that Aurora makes, as JSON, if it makes one.
    pub contact_point: Option<Value>,
    /// The group of alert rules, as JSON.
    pub alerts: Value,
}

impl Desired {
    /// What is to be there for these streams.
    pub fn new(
        names: &Names,
        datasource: &DataSource,
        options: &AlertOptions,
        streams: &[StreamTable],
    ) -> Self {
        let dashboards = dashboards(names, &datasource.database, streams);
        let as_json = |dashboard: Dashboard| (dashboard.uid.clone(), json!(dashboard));
        Self {
            names: names.clone(),
            datasource: datasource.clone(),
            dashboards: dashboards.into_iter().map(as_json).collect(),
            contact_point: options
                .sns_topic
                .as_ref()
                .map(|topic| contact_point(names, topic)),
            alerts: json!(alerts::rules(names, options)),
        }
    }
}

/// All dashboards.
pub fn dashboards(names: &Names, database: &str, streams: &[StreamTable]) -> Vec<Dashboard> {
    let source = DataSourceRef::clickhouse(&names.datasource());
    let of_streams = streams
        .iter()
        .map(|table| stream::dashboard(names, &source, table));
    std::iter::once(operations::dashboard(names, &source, database))
        .chain(of_streams)
        .collect()
}
