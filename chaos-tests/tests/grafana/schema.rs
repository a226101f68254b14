//! Dashboards against the types that Grafana publishes (`@grafana/schema`), by the TypeScript compiler.
//!
//! The version is pinned in `ui/web/package.json`, whose modules are there once the web app has been built.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_actors::store::sql::TableName;
use aurora_chaos_tests::process::Process;
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_cluster::StreamId;
use aurora_node::grafana::dashboards::{Column, StreamTable};
use aurora_node::grafana::desired::dashboards;
use aurora_node::grafana::names::Names;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(300);

/// The published types, as they are in JSON: an enumeration is one of its values.
const HEAD: &str = r"
import type { Dashboard, Panel, RowPanel } from '@grafana/schema';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type * as BarGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as Table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';

type Json<T> =
  T extends string ? (string extends T ? string : `${T}`)
  : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer U)[] ? Json<U>[]
  : T extends object ? { [K in keyof T]: Json<T[K]> }
  : T;
type Options = {
  stat: Stat.Options;
  timeseries: TimeSeries.Options;
  bargauge: BarGauge.Options;
  table: Table.Options;
};
";

fn modules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/web/node_modules")
}

/// A program that compiles if the dashboards are what the types say.
fn program(dashboards: &[Value]) -> Result<String> {
    let mut program = HEAD.to_owned();
    for (number, dashboard) in dashboards.iter().enumerate() {
        writeln!(
            program,
            "export const d{number}: Json<Dashboard> = {dashboard:#};"
        )?;
        for panel in dashboard["panels"].as_array().context("panels")? {
            let (kind, id) = (panel["type"].as_str().context("a type")?, &panel["id"]);
            if kind == "row" {
                writeln!(
                    program,
                    "export const r{number}_{id}: Json<RowPanel> = {panel:#};"
                )?;
                continue;
            }
            writeln!(program, "export const p{number}_{id}: Json<Panel> = {panel:#};")?;
            let (options, custom) = (&panel["options"], &panel["fieldConfig"]["defaults"]["custom"]);
            writeln!(
                program,
                "export const o{number}_{id}: Json<Options['{kind}']> = {options:#};"
            )?;
            if kind == "timeseries" {
                writeln!(
                    program,
                    "export const c{number}_{id}: Json<TimeSeries.FieldConfig> = {custom:#};"
                )?;
            }
        }
    }
    Ok(program)
}

/// What the compiler says; nothing when it finds no fault.
async fn compile(sandbox: &Sandbox, name: &str, dashboards: &[Value]) -> Result<String> {
    let modules = modules().canonicalize().context(
        "the web app's modules are not there; build the crate aurora-ui once, or run `npm ci` in ui/web",
    )?;
    let directory = sandbox.path(name);
    sandbox.write(format!("{name}/check.ts"), program(dashboards)?)?;
    let published = modules.join("@grafana/schema/dist/types");
    let configuration = json!({
        "compilerOptions": {
            "strict": true,
            "noEmit": true,
            "skipLibCheck": true,
            "target": "es2022",
            "module": "esnext",
            "moduleResolution": "bundler",
            "types": [],
            "paths": {
                "@grafana/schema": [published.join("index.d.ts")],
                "@grafana/schema/dist/esm/raw/composable/stat/*": [published.join("raw/composable/stat/panelcfg/x/types.gen.d.ts")],
                "@grafana/schema/dist/esm/raw/composable/timeseries/*":
                    [published.join("raw/composable/timeseries/panelcfg/x/types.gen.d.ts")],
                "@grafana/schema/dist/esm/raw/composable/bargauge/*":
                    [published.join("raw/composable/bargauge/panelcfg/x/types.gen.d.ts")],
                "@grafana/schema/dist/esm/raw/composable/table/*": [published.join("raw/composable/table/panelcfg/x/types.gen.d.ts")],
            },
        },
        "files": ["check.ts"],
    });
    sandbox.write(format!("{name}/tsconfig.json"), configuration.to_string())?;
    let mut tsc = Command::new("node");
    tsc.arg(modules.join("typescript/bin/tsc"))
        .args(["--pretty", "false", "--project"])
        .arg(&directory);
    let tsc = Process::spawn(&directory, "tsc", tsc)
        .context("the TypeScript compiler needs Node.js 20 or later")?;
    let status = tsc.wait(LIMIT).await?;
    let said = tsc.log_tail(20);
    ensure!(
        status.success() == said.trim().is_empty(),
        "tsc ended with {status}: {said}"
    );
    Ok(said.trim().to_owned())
}

fn made() -> Result<Vec<Value>> {
    let id: StreamId = "shop:orders".parse()?;
    let column = |name: &str, column_type: &str| Column {
        name: name.to_owned(),
        column_type: column_type.to_owned(),
    };
    let stream = StreamTable {
        table: TableName::for_topic("events", id.topic()),
        id,
        columns: vec![
            column("country", "LowCardinality(Nullable(String))"),
            column("price", "Nullable(Float64)"),
            column("note", "Nullable(String)"),
        ],
    };
    let made = dashboards(&Names::default(), "events", &[stream]);
    Ok(made.iter().map(|dashboard| json!(dashboard)).collect())
}

#[tokio::test]
async fn dashboards_are_what_grafanas_published_types_say() -> Result<()> {
    Sandbox::run("grafana-schema", async |sandbox| {
        let dashboards = made()?;
        let kinds: Vec<&str> = dashboards
            .iter()
            .flat_map(|dashboard| dashboard["panels"].as_array().into_iter().flatten())
            .filter_map(|panel| panel["type"].as_str())
            .collect();
        for kind in ["row", "stat", "timeseries", "bargauge", "table"] {
            ensure!(kinds.contains(&kind), "no {kind} among {kinds:?}");
        }
        let said = compile(sandbox, "good", &dashboards).await?;
        ensure!(said.is_empty(), "{said}");

        // What is wrong is found: a field that is not there, a value that is none of an enumeration's, and a type.
        let mut wrong = Vec::new();
        for (path, value) in [
            ("/refesh", json!("30s")),
            ("/panels/1/options/colorMode", json!("loud")),
            ("/panels/1/gridPos/w", json!("wide")),
        ] {
            let mut dashboard = dashboards[0].clone();
            let (parent, name) = path.rsplit_once('/').context("a path")?;
            dashboard.pointer_mut(parent).context("a parent")?[name] = value;
            wrong.push(dashboard);
        }
        for number in 0..wrong.len() {
            let alone = compile(sandbox, &format!("wrong-{number}"), &wrong[number..=number]).await?;
            ensure!(!alone.is_empty(), "number {number} is not found to be wrong");
        }
        Ok(())
    })
    .await
}
