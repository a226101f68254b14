//! What can be found wrong before anything is made.
//!
//! Everything is looked at, and all that is wrong is said at once. What the credentials may not ask is said as well, and
//! stops nothing: deploying needs other rights than asking for quotas.

use anyhow::{Context, bail};
use aurora_pulumi::deployment::Deployment;
use aurora_pulumi::engine::StackState;
use jiff::Timestamp;

use crate::aws::{Aws, AwsError};
use crate::cli::output;

const GROUP: &str = "aws:autoscaling/group:Group";

/// What was found.
#[derive(Debug, Default)]
struct Found {
    wrong: Vec<String>,
    unknown: Vec<String>,
}

impl Found {
    /// What AWS says; what may not be asked is only said.
    fn take<T>(&mut self, what: &str, answer: Result<T, AwsError>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(error @ AwsError::Denied { .. }) => {
                self.unknown.push(format!("{what}: {error}"));
                None
            }
            Err(error) => {
                self.wrong.push(format!("{what}: {error}"));
                None
            }
        }
    }
}

/// Asks AWS whether `deployment` can be made, or become what it is to be from what it is in `state`.
pub(super) async fn ask(deployment: &Deployment, state: &StackState) -> anyhow::Result<()> {
    stays(deployment, state)?;
    let aws = Aws::from_surroundings(Some(&deployment.region)).await?;
    let identity = aws
        .caller_identity()
        .await
        .context("AWS does not know who is deploying")?;
    output::note(&format!(
        "account {} in {}, as {}",
        identity.account, deployment.region, identity.arn
    ));
    let mut found = Found::default();
    // Other regions' interfaces do not exist; this one's would only not be reached.
    region(&aws, deployment, &mut found).await;
    if found.wrong.is_empty() {
        machines(&aws, deployment, &mut found).await;
        quota(&aws, deployment, state, &mut found).await;
        certificate(&aws, deployment, &mut found).await;
    }
    for unknown in &found.unknown {
        output::note(&format!("not checked: {unknown}"));
    }
    if found.wrong.is_empty() {
        return Ok(());
    }
    bail!(
        "nothing has been changed, because this would fail:\n  {}",
        found.wrong.join("\n  ")
    )
}

/// What a deployment that is there cannot become.
fn stays(deployment: &Deployment, state: &StackState) -> anyhow::Result<()> {
    let output = |token, name, key: &str| {
        state
            .resource(token, name)
            .and_then(|resource| resource.outputs.get(key))
    };
    let cidr = output("aws:ec2/vpc:Vpc", "network", "cidrBlock").and_then(|cidr| cidr.as_str());
    if let Some(cidr) = cidr.filter(|cidr| *cidr != deployment.network.cidr.to_string()) {
        bail!(
            "the network has the addresses {cidr}, and they cannot be changed: set `cidr` under [network] back to them, or \
             make a deployment with another name"
        );
    }
    let size = output("aws:ebs/volume:Volume", "data", "size").and_then(serde_json::Value::as_f64);
    let wanted = deployment.machines().storage.size_gib;
    if let Some(size) = size.filter(|size| *size > f64::from(wanted)) {
        bail!(
            "the database's volume has {size} GiB, and volumes cannot shrink to {wanted}: set `volume_gib` under [clickhouse] \
             to {size} or more"
        );
    }
    Ok(())
}

async fn region(aws: &Aws, deployment: &Deployment, found: &mut Found) {
    // Asked where it is surely answered.
    let home = aws.in_region(if deployment.region.starts_with("cn-") {
        "cn-north-1"
    } else {
        "us-east-1"
    });
    let home = if deployment.region.contains("-gov-") {
        aws.clone()
    } else {
        home
    };
    let Some(regions) = found.take("regions", home.regions().await) else {
        return;
    };
    let wanted = &deployment.region;
    match regions.iter().find(|region| region.name == *wanted) {
        None => {
            let names: Vec<&str> = regions.iter().map(|region| region.name.as_str()).collect();
            found.wrong.push(format!(
                "there is no region {wanted}; there are {}",
                names.join(", ")
            ));
        }
        Some(region) if !region.is_enabled => {
            found.wrong.push(format!(
                "the region {wanted} is not enabled for this account: enable it in the account's settings"
            ));
        }
        Some(_) => {}
    }
}

async fn machines(aws: &Aws, deployment: &Deployment, found: &mut Found) {
    let machines = deployment.machines();
    let Some(zones) = found.take("zones", aws.zones().await) else {
        return;
    };
    let wanted = usize::from(machines.zones);
    if zones.len() < wanted {
        let (region, count) = (&deployment.region, zones.len());
        found.wrong.push(format!(
            "{region} has {count} zones, and {wanted} are wanted: set `zones` under [network]"
        ));
        return;
    }
    // The program takes the first ones, too.
    let zones: Vec<&str> = zones.iter().take(wanted).map(String::as_str).collect();
    let database_zone = deployment.database_zone();
    let mut roles = vec![
        ("scaling", &machines.types.peer, &zones[..]),
        (
            "clickhouse",
            &machines.types.clickhouse,
            &zones[database_zone..=database_zone],
        ),
    ];
    if deployment.grafana.enabled {
        roles.push(("grafana", &machines.types.grafana, &zones[..1]));
    }
    for (section, name, needed) in roles {
        let Some(offered) = found.take(name, aws.zones_with_type(needed, name).await) else {
            continue;
        };
        let missing: Vec<&str> = needed
            .iter()
            .copied()
            .filter(|zone| !offered.iter().any(|has| has == zone))
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            found.wrong.push(format!(
                "AWS has no {name} in {missing}: set another `machine` under [{section}]"
            ));
            continue;
        }
        let Some(types) = found.take(name, aws.instance_types(&[name]).await) else {
            continue;
        };
        let architecture = deployment.architecture.ec2_name();
        let fits = types
            .iter()
            .all(|known| known.architectures.iter().any(|has| has == architecture));
        if !fits {
            found.wrong.push(format!(
                "{name} is not for {architecture}: set `architecture`, or `machine` under [{section}]"
            ));
        }
    }
}

async fn quota(aws: &Aws, deployment: &Deployment, state: &StackState, found: &mut Found) {
    let machines = deployment.machines();
    let mut names = vec![
        machines.types.peer.as_str(),
        &machines.types.clickhouse,
        &machines.types.grafana,
    ];
    names.sort_unstable();
    names.dedup();
    let Some(types) = found.take("machine types", aws.instance_types(&names).await) else {
        return;
    };
    let vcpus = |name: &str| {
        types
            .iter()
            .find(|known| known.name == name)
            .map_or(0, |known| known.vcpus)
    };
    // What is there is counted as used already.
    let there = |token, name| state.resource(token, name).is_some();
    let running = state
        .resource(GROUP, "peers")
        .and_then(|group| group.outputs.get("minSize")?.as_f64());
    let new_nodes = (f64::from(deployment.nodes()) - running.unwrap_or(0.0)).max(0.0);
    let mut needed = new_nodes * f64::from(vcpus(&machines.types.peer));
    let instance = "aws:ec2/instance:Instance";
    // A restore's new machine is there before the old one goes.
    let (database, _) = deployment.database_names();
    for (name, machine, wanted) in [
        (database.as_str(), &machines.types.clickhouse, true),
        ("grafana", &machines.types.grafana, deployment.grafana.enabled),
    ] {
        if wanted && !there(instance, name) {
            needed += f64::from(vcpus(machine));
        }
    }
    if needed == 0.0 {
        return;
    }
    let quota = match aws.vcpu_quota().await {
        Ok(quota) => quota,
        // Whoever cannot be told the quota meets it, at worst, when machines are made: with a message that says so.
        Err(error) => return found.unknown.push(format!("the quota of processors: {error}")),
    };
    if needed > quota.left() {
        found.wrong.push(format!(
            "{needed} more virtual processors are needed, and the account has {} left of {} in {}: ask for more in AWS's \
             Service Quotas (Running On-Demand Standard instances), or choose fewer nodes or a smaller `size`",
            quota.left(),
            quota.limit,
            deployment.region
        ));
    }
}

async fn certificate(aws: &Aws, deployment: &Deployment, found: &mut Found) {
    let (Some(arn), Some(domain)) = (&deployment.edge.certificate, &deployment.edge.domain) else {
        return;
    };
    let Some(certificate) = found.take("the certificate", aws.certificate(arn).await) else {
        return;
    };
    if let Some(trouble) = certificate.trouble(Timestamp::now()) {
        found
            .wrong
            .push(format!("the certificate {arn} cannot be used: {trouble}"));
    }
    let mut names = vec![domain.clone()];
    if deployment.grafana.enabled {
        names.push(format!("grafana.{domain}"));
    }
    for name in names.iter().filter(|name| !certificate.is_for(name)) {
        let has = certificate.names.join(", ");
        found
            .wrong
            .push(format!("the certificate {arn} is not for {name}, only for {has}"));
    }
}
