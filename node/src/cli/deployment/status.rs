//! `aurora status --deployment`: how a deployment in AWS is.

use std::collections::BTreeMap;
use std::process::ExitCode;

use aurora_pulumi::engine::{StackState, StateResource};
use comfy_table::Cell;
use serde::Serialize;

use super::refresh::how_far;
use super::{INSTANCE, Tools};
use crate::aws::Aws;
use crate::aws::auto_scaling::{Activity, Group, GroupInstance, InstanceRefresh};
use crate::aws::ec2::Instance;
use crate::cli::output;

const GROUP: &str = "aws:autoscaling/group:Group";
const VOLUME: &str = "aws:ebs/volume:Volume";
const ATTACHMENT: &str = "aws:ec2/volumeAttachment:VolumeAttachment";
/// How many of the last things that happened to the group are shown.
const ACTIVITIES: u8 = 5;

#[derive(Debug, Serialize)]
struct View {
    name: String,
    region: String,
    url: Option<String>,
    grafana: Option<String>,
    /// What a run was cut off in.
    pending: Vec<String>,
    /// Nothing when AWS has none.
    group: Option<GroupView>,
    /// How far nodes are that are being replaced.
    refresh: Option<String>,
    nodes: Vec<MachineView>,
    /// The database's and Grafana's.
    machines: Vec<MachineView>,
    volumes: Vec<VolumeView>,
    resources: Vec<ResourceView>,
    activities: Vec<String>,
}

#[derive(Debug, Serialize)]
struct GroupView {
    name: String,
    desired: u32,
    least: u32,
    most: u32,
}

#[derive(Debug, Serialize)]
struct MachineView {
    role: String,
    id: String,
    r#type: Option<String>,
    zone: Option<String>,
    /// Nothing when EC2 does not know it.
    state: Option<String>,
    /// As the group sees it; others have none.
    health: Option<String>,
}

#[derive(Debug, Serialize)]
struct VolumeView {
    name: String,
    id: String,
    zone: Option<String>,
    gib: Option<f64>,
    /// Those of the databases before a restore are not.
    in_use: bool,
    /// Whether it stays when the deployment is taken down.
    kept: bool,
}

#[derive(Debug, Serialize)]
struct ResourceView {
    r#type: String,
    name: String,
    id: String,
}

/// Shows what Pulumi knows, and what AWS says of the machines.
pub(in crate::cli) async fn show(
    tools: &Tools,
    with_resources: bool,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let deployment = tools.deployment()?;
    let workspace = tools.workspace(&deployment).await?;
    let state = workspace.state().await?;
    let outputs = workspace.outputs().await?;
    let text = |key: &str| text_of(&outputs, key);
    let aws = Aws::from_surroundings(Some(&deployment.region)).await?;
    let name = deployment.named("peers");
    let group = aws.auto_scaling_group(&name).await?;
    let activities = match &group {
        Some(_) => aws.scaling_activities(&name, ACTIVITIES).await?,
        None => Vec::new(),
    };
    // Whoever may see the group may not be allowed this, and sees the machines come and go.
    let refresh = match &group {
        Some(_) => aws.last_refresh(&name).await.ok().flatten(),
        None => None,
    };
    let known: Vec<&StateResource> = of(&state, INSTANCE).collect();
    let ids: Vec<&str> = known.iter().map(|machine| machine.id.as_str()).collect();
    let instances = aws.instances_with_ids(&ids).await?;
    let instances = instances.iter().map(|one| (one.instance_id.as_str(), one));
    let instances: BTreeMap<&str, &Instance> = instances.collect();
    let view = View {
        name: deployment.name.clone(),
        region: deployment.region.clone(),
        url: text("url"),
        grafana: text("grafanaUrl"),
        pending: state
            .pending
            .iter()
            .map(|one| format!("{} {}", one.operation, one.name))
            .collect(),
        refresh: refresh
            .filter(InstanceRefresh::is_under_way)
            .map(|refresh| how_far(&refresh)),
        nodes: group
            .as_ref()
            .map_or(&[][..], Group::instances)
            .iter()
            .map(node)
            .collect(),
        machines: known
            .iter()
            .map(|known| machine(known, instances.get(known.id.as_str()).copied()))
            .collect(),
        volumes: volumes(&state),
        resources: state.in_aws().map(resource).collect(),
        activities: activities.iter().map(sentence).collect(),
        group: group.map(|group| GroupView {
            name: group.name,
            desired: group.desired_capacity,
            least: group.min_size,
            most: group.max_size,
        }),
    };
    if view.group.is_none() {
        let region = &view.region;
        output::note(&match of(&state, GROUP).next() {
            Some(_) => format!(
                "AWS has no Auto Scaling group {name} in {region}, although it was deployed: is this the right account, or has \
                 somebody deleted it?"
            ),
            None => format!("there are no nodes: no Auto Scaling group {name} is deployed in {region}"),
        });
    }
    if as_json {
        output::json(&view)?;
    } else {
        print(&view, with_resources);
    }
    Ok(ExitCode::SUCCESS)
}

fn text_of(outputs: &BTreeMap<String, serde_json::Value>, key: &str) -> Option<String> {
    outputs
        .get(key)
        .and_then(|value| value.as_str())
        .map(str::to_owned)
}

/// What is known of a type.
fn of<'a>(state: &'a StackState, token: &'a str) -> impl Iterator<Item = &'a StateResource> {
    state.in_aws().filter(move |resource| resource.token == token)
}

fn node(instance: &GroupInstance) -> MachineView {
    MachineView {
        role: "node".to_owned(),
        id: instance.id.clone(),
        r#type: instance.instance_type.clone(),
        zone: Some(instance.zone.clone()),
        state: Some(instance.lifecycle_state.clone()),
        health: Some(instance.health_status.clone()),
    }
}

/// A machine that the engine knows, and what EC2 says of it.
fn machine(known: &StateResource, instance: Option<&Instance>) -> MachineView {
    MachineView {
        role: known.name.clone(),
        id: known.id.clone(),
        r#type: instance.map(|instance| instance.instance_type.clone()),
        zone: instance.map(|instance| instance.zone().to_owned()),
        state: instance.map(|instance| instance.state().to_owned()),
        health: None,
    }
}

fn volumes(state: &StackState) -> Vec<VolumeView> {
    let attached: Vec<String> = of(state, ATTACHMENT)
        .filter_map(|attachment| text_of(&attachment.outputs, "volumeId"))
        .collect();
    of(state, VOLUME)
        .map(|volume| VolumeView {
            name: volume.name.clone(),
            id: volume.id.clone(),
            zone: text_of(&volume.outputs, "availabilityZone"),
            gib: volume.outputs.get("size").and_then(serde_json::Value::as_f64),
            in_use: attached.contains(&volume.id),
            kept: volume.protect,
        })
        .collect()
}

fn resource(known: &StateResource) -> ResourceView {
    ResourceView {
        r#type: known.token.clone(),
        name: known.name.clone(),
        id: known.id.clone(),
    }
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

fn print(view: &View, with_resources: bool) {
    let hint = if with_resources {
        ""
    } else {
        " (--resources lists them)"
    };
    output::line(&format!(
        "{} in {}: {} resources{hint}",
        view.name,
        view.region,
        view.resources.len()
    ));
    for (what, url) in [("web app", &view.url), ("Grafana", &view.grafana)] {
        if let Some(url) = url {
            output::line(&format!("{what:<10}{url}"));
        }
    }
    for pending in &view.pending {
        output::line(&format!(
            "cut off   {pending}: `aurora deploy` goes on from there"
        ));
    }
    if let Some(group) = &view.group {
        output::line(&format!(
            "nodes     {} wanted, {} to {}",
            group.desired, group.least, group.most
        ));
    }
    if let Some(refresh) = &view.refresh {
        output::line(refresh);
    }
    if !view.nodes.is_empty() || !view.machines.is_empty() {
        output::line(&machines(view).to_string());
    }
    for volume in &view.volumes {
        output::line(&sentence_of(volume));
    }
    for activity in &view.activities {
        output::line(&output::harmless(activity));
    }
    if with_resources {
        let mut table = output::table(&["type", "name", "id"]);
        for resource in &view.resources {
            table.add_row(vec![&resource.r#type, &resource.name, &resource.id]);
        }
        output::line(&table.to_string());
    }
}

fn machines(view: &View) -> comfy_table::Table {
    let mut table = output::table(&["", "machine", "type", "zone", "state", "health"]);
    for machine in view.nodes.iter().chain(&view.machines) {
        let state = machine.state.as_deref().unwrap_or("not in EC2");
        let health = machine.health.as_deref().unwrap_or_default();
        table.add_row(vec![
            Cell::new(&machine.role),
            Cell::new(&machine.id),
            Cell::new(machine.r#type.as_deref().unwrap_or_default()),
            Cell::new(machine.zone.as_deref().unwrap_or_default()),
            output::verdict(state, matches!(state, "InService" | "running")),
            output::verdict(health, health == "Healthy"),
        ]);
    }
    table
}

fn sentence_of(volume: &VolumeView) -> String {
    let size = volume.gib.map_or(String::new(), |gib| format!(", {gib} GiB"));
    let zone = volume
        .zone
        .as_deref()
        .map_or(String::new(), |zone| format!(" in {zone}"));
    let unused = if volume.in_use { "" } else { ", not in use" };
    let kept = if volume.kept {
        ", kept when the rest goes"
    } else {
        ""
    };
    format!(
        "volume    {} {}{size}{zone}{unused}{kept}",
        volume.name, volume.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(token: &str, name: &str, id: &str, outputs: serde_json::Value) -> StateResource {
        StateResource {
            token: token.to_owned(),
            name: name.to_owned(),
            id: id.to_owned(),
            protect: token == VOLUME,
            outputs: serde_json::from_value(outputs).unwrap(),
        }
    }

    #[test]
    fn volumes_that_a_restore_has_left_are_told() {
        let size = serde_json::json!({ "size": 50, "availabilityZone": "eu-west-1a" });
        let state = StackState {
            resources: vec![
                known(VOLUME, "data", "vol-0", size.clone()),
                known(VOLUME, "data-1", "vol-1", size),
                known(
                    ATTACHMENT,
                    "data-1",
                    "a",
                    serde_json::json!({ "volumeId": "vol-1" }),
                ),
            ],
            ..StackState::default()
        };
        let told: Vec<String> = volumes(&state).iter().map(sentence_of).collect();
        assert_eq!(
            told,
            [
                "volume    data vol-0, 50 GiB in eu-west-1a, not in use, kept when the rest goes",
                "volume    data-1 vol-1, 50 GiB in eu-west-1a, kept when the rest goes",
            ]
        );
    }

    #[test]
    fn a_machine_that_ec2_does_not_know_has_no_state() {
        let known = known(INSTANCE, "clickhouse", "i-1", serde_json::json!({}));
        assert_eq!(machine(&known, None).state, None);
        let stopped: Instance = quick_xml::de::from_str(
            "<item><instanceId>i-1</instanceId><instanceState><name>stopped</name></instanceState></item>",
        )
        .unwrap();
        assert_eq!(machine(&known, Some(&stopped)).state.as_deref(), Some("stopped"));
    }
}
