//! Grafana: every query is run, dashboards fit Grafana's published schema, and a Grafana is kept in step.

mod alerts;
mod expand;
mod files;
mod grants;
mod keeper;
mod queries;
mod schema;
mod sync;

use anyhow::{Context, Result, ensure};
use aurora_actors::store::Login;
use aurora_chaos_tests::api::http_client;
use serde_json::Value;

/// ClickHouse as the plugin sees it.
struct Asked {
    http: reqwest::Client,
    login: Login,
}

/// What came back.
#[derive(Debug)]
struct Rows {
    /// Names and types.
    columns: Vec<(String, String)>,
    /// Values, as JSON.
    rows: Vec<Vec<Value>>,
}

impl Asked {
    fn new(login: &Login) -> Result<Self> {
        Ok(Self {
            http: http_client()?,
            login: login.clone(),
        })
    }

    /// Runs a statement with the settings that the plugin's driver sends along.
    async fn rows(&self, sql: &str) -> Result<Rows> {
        let url = format!(
            "{}/?default_format=JSONCompact&database=events&max_execution_time=60&enable_http_compression=1",
            self.login.url
        );
        let request = self.http.post(url).body(sql.to_owned());
        let request = request
            .header("X-ClickHouse-User", &self.login.user)
            .header("X-ClickHouse-Key", &self.login.password);
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{status} to {sql}\n{text}");
        let json: Value = serde_json::from_str(&text).with_context(|| format!("no JSON: {text}"))?;
        let column = |column: &Value| {
            let field = |name: &str| column[name].as_str().unwrap_or_default().to_owned();
            (field("name"), field("type"))
        };
        let columns = json["meta"].as_array().context("no columns")?;
        let rows = json["data"].as_array().context("no rows")?;
        Ok(Rows {
            columns: columns.iter().map(column).collect(),
            rows: rows.iter().filter_map(|row| row.as_array().cloned()).collect(),
        })
    }
}

fn bare(column_type: &str) -> &str {
    let mut bare = column_type;
    for outer in ["LowCardinality(", "Nullable("] {
        bare = bare
            .strip_prefix(outer)
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(bare);
    }
    bare
}

fn is_number(column_type: &str) -> bool {
    ["Int", "UInt", "Float", "Decimal"]
        .iter()
        .any(|kind| bare(column_type).starts_with(kind))
}

fn is_text(column_type: &str) -> bool {
    bare(column_type) == "String"
}

fn is_time(column_type: &str) -> bool {
    bare(column_type).starts_with("DateTime")
}
