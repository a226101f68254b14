//! Alert rules, as Grafana's provisioning API takes them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

/// What the source of expressions is called.
const EXPRESSION: &str = "__expr__";
/// The names of a rule's two steps: what is asked, and when that is bad.
const QUERY: &str = "A";
const CONDITION: &str = "C";

/// Rules that are looked at together.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleGroup {
    /// Its name, unique in its folder.
    pub title: String,
    /// The folder.
    pub folder_uid: String,
    /// Seconds between two looks.
    pub interval: u32,
    /// The rules, in order.
    pub rules: Vec<Rule>,
}

/// When somebody has to be told what.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Its name for programs.
    pub uid: String,
    /// Its name for people.
    pub title: String,
    /// The group.
    pub rule_group: String,
    /// The folder.
    #[serde(rename = "folderUID")]
    pub folder_uid: String,
    /// The organisation; Aurora's login decides which.
    #[serde(rename = "orgID")]
    pub org_id: u32,
    /// Which step decides.
    pub condition: &'static str,
    /// The steps.
    pub data: Vec<Step>,
    /// What it means that the query finds nothing.
    pub no_data_state: NoData,
    /// What it means that the query fails.
    pub exec_err_state: Failed,
    /// For how long it has to be so before anybody is told.
    #[serde(rename = "for")]
    pub pending: &'static str,
    /// What is said.
    pub annotations: BTreeMap<&'static str, String>,
    /// By what it is routed, unless it says itself where it goes.
    pub labels: BTreeMap<&'static str, String>,
    /// Where it goes, past the notification policies. Since Grafana 11.2; `null` leaves it to them.
    #[serde(rename = "notification_settings")]
    pub notification_settings: Option<NotificationSettings>,
    /// Whether it is not looked at.
    pub is_paused: bool,
}

/// Where an alert goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationSettings {
    /// The contact point's name.
    pub receiver: String,
}

/// What it means that a query finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum NoData {
    /// Nothing is bad.
    #[serde(rename = "OK")]
    Ok,
    /// It is what the rule is there for.
    Alerting,
}

/// What it means that a query fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Failed {
    /// Another rule tells.
    #[serde(rename = "OK")]
    Ok,
    /// Somebody has to be told.
    Error,
}

/// A step: a query, or an expression over an earlier step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Unique in its rule.
    pub ref_id: &'static str,
    /// Empty: the model says it.
    pub query_type: &'static str,
    /// What is asked about.
    pub relative_time_range: RelativeTimeRange,
    /// Who is asked.
    pub datasource_uid: String,
    /// What is asked.
    pub model: Value,
}

/// Seconds before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RelativeTimeRange {
    /// The beginning.
    pub from: u32,
    /// The end.
    pub to: u32,
}

/// When a number is bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bad {
    /// Above this.
    Above(f64),
    /// Below this.
    Below(f64),
}

/// The steps of a rule: rows of texts, by which its alerts are told apart, and one number, which is bad or not. That is what
/// Grafana takes of a table, so there is nothing to reduce.
///
/// The statement says itself which time it is about: a provisioning file would put environment variables in the place of the
/// plugin's macros, depending on Grafana's version.
pub fn steps(datasource_uid: &str, seconds: u32, sql: &str, bad: Bad) -> Vec<Step> {
    let (kind, limit) = match bad {
        Bad::Above(limit) => ("gt", limit),
        Bad::Below(limit) => ("lt", limit),
    };
    let query = json!({
        "refId": QUERY,
        "editorType": "sql",
        "queryType": "table",
        "format": 1,
        "rawSql": sql,
        "intervalMs": 1000,
        "maxDataPoints": 43_200,
    });
    let condition = json!({
        "refId": CONDITION,
        "type": "threshold",
        "expression": QUERY,
        "datasource": { "type": EXPRESSION, "uid": EXPRESSION },
        "conditions": [{ "evaluator": { "type": kind, "params": [limit] } }],
        "intervalMs": 1000,
        "maxDataPoints": 43_200,
    });
    let step = |ref_id, from, uid: &str, model| Step {
        ref_id,
        query_type: "",
        relative_time_range: RelativeTimeRange { from, to: 0 },
        datasource_uid: uid.to_owned(),
        model,
    };
    vec![
        step(QUERY, seconds, datasource_uid, query),
        step(CONDITION, 0, EXPRESSION, condition),
    ]
}

/// Which step decides.
pub const DECIDES: &str = CONDITION;
