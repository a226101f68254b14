//! Grafana's dashboards and alert rules as types: what of them Aurora uses.
//!
//! They serialize to what Grafana's HTTP API and its provisioning files take. A test checks dashboards against the types that
//! Grafana publishes.

pub mod alert;
pub mod panel;

use serde::Serialize;

pub use panel::Panel;

/// The plugin that reads ClickHouse.
pub const PLUGIN: &str = "grafana-clickhouse-datasource";
/// The version of the JSON of dashboards. Newer Grafanas bring it up to date when they load it.
pub const SCHEMA_VERSION: u32 = 39;

/// Which data source a query is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataSourceRef {
    /// The plugin.
    #[serde(rename = "type")]
    pub plugin: &'static str,
    /// Which of its data sources.
    pub uid: String,
}

impl DataSourceRef {
    /// The data source with this uid, of the ClickHouse plugin.
    pub fn clickhouse(uid: &str) -> Self {
        Self {
            plugin: PLUGIN,
            uid: uid.to_owned(),
        }
    }
}

/// A dashboard.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// Its name for programs and in its address.
    pub uid: String,
    /// Its name for people.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// What it can be found by.
    pub tags: Vec<String>,
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Whether its page offers to change it.
    pub editable: bool,
    /// 1: the crosshair is shared by all panels.
    pub graph_tooltip: u8,
    /// The zone of its times.
    pub timezone: &'static str,
    /// What it shows at first.
    pub time: TimeRange,
    /// How often it reads again.
    pub refresh: &'static str,
    /// What can be chosen.
    pub templating: Templating,
    /// Ways to others.
    pub links: Vec<Link>,
    /// What it shows.
    pub panels: Vec<Panel>,
}

/// From when to when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimeRange {
    /// The beginning.
    pub from: &'static str,
    /// The end.
    pub to: &'static str,
}

/// The variables of a dashboard.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Templating {
    /// In the order in which they are shown.
    pub list: Vec<Variable>,
}

/// Something that can be chosen from what a query finds: one, several or all of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// `query`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its name in statements.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Where the query goes.
    pub datasource: DataSourceRef,
    /// A statement whose only column is what can be chosen.
    pub query: String,
    /// 2: whenever the time changes.
    pub refresh: u8,
    /// 1: in alphabetical order.
    pub sort: u8,
    /// Whether several can be chosen.
    pub multi: bool,
    /// Whether all can be chosen at once.
    pub include_all: bool,
    /// What is chosen at first.
    pub current: Chosen,
}

/// What is chosen of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// As it is shown.
    pub text: Vec<String>,
    /// As it stands in statements.
    pub value: Vec<String>,
}

impl Variable {
    /// Any of what `query` finds, all of it at first.
    pub fn any_of(name: &str, label: &str, datasource: &DataSourceRef, query: String) -> Self {
        Self {
            kind: "query",
            name: name.to_owned(),
            label: label.to_owned(),
            datasource: datasource.clone(),
            query,
            refresh: 2,
            sort: 1,
            multi: true,
            include_all: true,
            current: Chosen {
                text: vec!["All".to_owned()],
                value: vec!["$__all".to_owned()],
            },
        }
    }
}

/// A way to other dashboards: all that have some tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// `dashboards`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it says.
    pub title: String,
    /// Which dashboards.
    pub tags: Vec<String>,
    /// Whether they are shown as a list to choose from.
    pub as_dropdown: bool,
    /// Whether the time goes along.
    pub keep_time: bool,
    /// Whether variables go along.
    pub include_vars: bool,
    /// Whether it opens another tab.
    pub target_blank: bool,
    /// The icon, for links to elsewhere.
    pub icon: &'static str,
    /// What is shown when the mouse is over it.
    pub tooltip: String,
    /// The address, for links to elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Link {
    /// The dashboards with this tag, to choose from.
    pub fn to_tag(title: &str, tag: &str) -> Self {
        Self {
            kind: "dashboards",
            title: title.to_owned(),
            tags: vec![tag.to_owned()],
            as_dropdown: true,
            keep_time: true,
            include_vars: false,
            target_blank: false,
            icon: "external link",
            tooltip: String::new(),
            url: None,
        }
    }
}
