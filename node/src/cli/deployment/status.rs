//! `aurora status --deployment`: how a deployment in AWS is.

use std::process::ExitCode;

use serde::Serialize;

use super::Tools;
use crate::aws::auto_scaling::{Activity, Group};
use crate::aws::{Aws, AwsError};
use crate::cli::output;

/// How many of the last things that happened to the group are shown.
const ACTIVITIES: u8 = 5;

#[derive(Debug, Serialize)]
struct View {
    name: String,
    region: String,
    url: Option<String>,
    grafana: Option<String>,
    resources: usize,
    pending: Vec<String>,
    nodes: Vec<NodeView>,
    desired: u32,
    least: u32,
    most: u32,
    activities: Vec<String>,
}

#[derive(Debug, Serialize)]
struct NodeView {
    instance: String,
    zone: String,
    state: String,
    health: String,
    machine: Option<String>,
}

/// Shows what Pulumi knows and what the Auto Scaling group says.
pub(in crate::cli) async fn show(tools: &Tools, as_json: bool) -> anyhow::Result<ExitCode> {
    let deployment = tools.deployment()?;
    let workspace = tools.workspace(&deployment).await?;
    let state = workspace.state().await?;
    let outputs = workspace.outputs().await?;
    let text = |key: &str| {
        outputs
            .get(key)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    let aws = Aws::from_surroundings(Some(&deployment.region)).await?;
    let name = deployment.named("peers");
    let group = aws.auto_scaling_group(&name).await?;
    let activities = match aws.scaling_activities(&name, ACTIVITIES).await {
        Ok(activities) => activities,
        Err(AwsError::NotFound { .. } | AwsError::Rejected { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let view = View {
        name: deployment.name.clone(),
        region: deployment.region.clone(),
        url: text("url"),
        grafana: text("grafanaUrl"),
        resources: state.in_aws().count(),
        pending: state
            .pending
            .iter()
            .map(|one| format!("{} {}", one.operation, one.name))
            .collect(),
        nodes: group.as_ref().map(nodes).unwrap_or_default(),
        desired: group.as_ref().map_or(0, |group| group.desired_capacity),
        least: group.as_ref().map_or(0, |group| group.min_size),
        most: group.as_ref().map_or(0, |group| group.max_size),
        activities: activities.iter().map(sentence).collect(),
    };
    if as_json {
        output::json(&view)?;
    } else {
        print(&view);
    }
    Ok(ExitCode::SUCCESS)
}

fn nodes(group: &Group) -> Vec<NodeView> {
    let instances = group.instances().iter();
    instances
        .map(|instance| NodeView {
            instance: instance.id.clone(),
            zone: instance.zone.clone(),
            state: instance.lifecycle_state.clone(),
            health: instance.health_status.clone(),
            machine: instance.instance_type.clone(),
        })
        .collect()
}

fn sentence(activity: &Activity) -> String {
    let what = activity.description.as_deref().unwrap_or("something");
    let more = activity
        .status_message
        .as_deref()
        .map_or(String::new(), |more| format!(": {more}"));
    format!(
        "{} {} ({}){more}",
        activity.start_time, what, activity.status_code
    )
}

fn print(view: &View) {
    output::line(&format!(
        "{} in {}: {} resources",
        view.name, view.region, view.resources
    ));
    for (what, url) in [("web app", &view.url), ("Grafana", &view.grafana)] {
        if let Some(url) = url {
            output::line(&format!("{what:<10}{url}"));
        }
    }
    for pending in &view.pending {
        output::line(&format!("cut off: {pending}"));
    }
    output::line(&format!(
        "nodes     {} wanted, {} to {}",
        view.desired, view.least, view.most
    ));
    let mut table = output::table(&["machine", "zone", "state", "health", "type"]);
    for node in &view.nodes {
        table.add_row(vec![
            comfy_table::Cell::new(&node.instance),
            comfy_table::Cell::new(&node.zone),
            output::verdict(&node.state, node.state == "InService"),
            output::verdict(&node.health, node.health == "Healthy"),
            comfy_table::Cell::new(node.machine.as_deref().unwrap_or_default()),
        ]);
    }
    output::line(&table.to_string());
    for activity in &view.activities {
        output::line(&output::harmless(activity));
    }
}
