//! What can be found wrong before anything is made.
//!
//! Everything is looked at, and all that is wrong is said at once. What the credentials may not ask is said as well, and
//! stops nothing: deploying needs other rights than asking for quotas.

use anyhow::{Context, bail};
use aurora_pulumi::deployment::{Architecture, Deployment};
use aurora_pulumi::engine::StackState;
use jiff::Timestamp;

use crate::aws::account::Market;
use crate::aws::ec2::is_standard;
use crate::aws::{Aws, AwsError};
use crate::cli::output;

use super::pending::TAG;

const GROUP: &str = "aws:autoscaling/group:Group";
const INSTANCE: &str = "aws:ec2/instance:Instance";

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

/// Asks who is deploying, and makes sure that it is the account that `state` is about: elsewhere nothing of it would be
/// found, and everything taken for deleted.
pub(super) async fn same_account(deployment: &Deployment, state: &StackState) -> anyhow::Result<Aws> {
    let aws = Aws::from_surroundings(Some(&deployment.region)).await?;
    let identity = aws
        .caller_identity()
        .await
        .context("AWS does not know who is deploying")?;
    output::note(&format!(
        "account {} in {}, as {}",
        identity.account, deployment.region, identity.arn
    ));
    if let Some(account) = state.account().filter(|account| *account != identity.account) {
        bail!(
            "the deployment {:?} is in the account {account}, and these credentials are for {}: nothing has been changed. Is \
             AWS_PROFILE the right one?",
            deployment.name,
            identity.account
        );
    }
    Ok(aws)
}

/// Asks AWS whether `deployment` can be made, or become what it is to be from what it is in `state`.
pub(super) async fn ask(
    deployment: &Deployment,
    state: &StackState,
    renew_machines: bool,
) -> anyhow::Result<()> {
    stays(deployment, state, renew_machines)?;
    let aws = same_account(deployment, state).await?;
    let mut found = Found::default();
    // Other regions' interfaces do not exist; this one's would only not be reached.
    region(&aws, deployment, &mut found).await;
    if found.wrong.is_empty() {
        machines(&aws, deployment, &mut found).await;
        quota(&aws, deployment, state, &mut found).await;
        network_quotas(&aws, deployment, state, &mut found).await;
        certificate(&aws, deployment, &mut found).await;
        if state.is_empty() {
            somebody_elses(&aws, deployment, &mut found).await;
        }
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

/// Whether there is a deployment of this name that this state knows nothing of. Only what goes at once when it is deleted
/// says so.
async fn somebody_elses(aws: &Aws, deployment: &Deployment, found: &mut Found) {
    const SIGNS: [&str; 3] = [
        "autoscaling:auto-scaling-group",
        "ec2:vpc",
        "elasticloadbalancing:loadbalancer",
    ];
    let tagged = aws.tagged(TAG, &deployment.name).await;
    let Some(tagged) = found.take("what is there already", tagged) else {
        return;
    };
    let signs: Vec<&str> = tagged
        .iter()
        .filter(|tagged| SIGNS.contains(&tagged.kind.as_str()))
        .map(|tagged| tagged.id.as_str())
        .collect();
    if !signs.is_empty() {
        found.wrong.push(format!(
            "there is a deployment {:?} in this account and region that this state does not know ({}): choose another `name`, or \
             deploy from where its state is (`backend` under [state], or the folder .aurora beside its description)",
            deployment.name,
            signs.join(", ")
        ));
    }
}

/// What a deployment that is there cannot become.
fn stays(deployment: &Deployment, state: &StackState, renew_machines: bool) -> anyhow::Result<()> {
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
    let region = output("aws:ec2/vpc:Vpc", "network", "arn")
        .and_then(|arn| arn.as_str())
        .and_then(|arn| arn.split(':').nth(3));
    if let Some(region) = region.filter(|region| *region != deployment.region) {
        bail!(
            "the deployment {:?} is in {region}, and cannot move to {}: set `region` back, or make a deployment with another name",
            deployment.name,
            deployment.region
        );
    }
    // Machines keep their image, which is for one kind of processor.
    let (database, volume) = deployment.database_names();
    let machine_type =
        output(INSTANCE, &database, "instanceType").and_then(|machine_type| machine_type.as_str());
    let is_other = machine_type
        .map(Architecture::of_machine_type)
        .is_some_and(|architecture| architecture != deployment.architecture);
    if is_other && !renew_machines {
        bail!(
            "the machines that are there are not for {}: `aurora deploy --renew-machines` makes them anew, and the database is \
             away meanwhile",
            deployment.architecture.ec2_name()
        );
    }
    let size = output("aws:ebs/volume:Volume", &volume, "size").and_then(serde_json::Value::as_f64);
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
    let database_zone = usize::from(deployment.database_zone());
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
        if section == "clickhouse" && types.iter().any(|known| !known.is_nitro) {
            found.wrong.push(format!(
                "{name} is of an old kind, on which the database does not find its volume: set a newer `machine` under [{section}]"
            ));
        }
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
    // Other families than the standard ones have quotas of their own, which few come near.
    let vcpus = |name: &str| {
        let known = types.iter().find(|known| known.name == name);
        known
            .filter(|known| is_standard(&known.name))
            .map_or(0.0, |known| f64::from(known.vcpus))
    };
    // What is there is counted as used already.
    let there = |token, name| state.resource(token, name).is_some();
    let running = state
        .resource(GROUP, "peers")
        .and_then(|group| group.outputs.get("minSize")?.as_f64());
    let nodes = f64::from(deployment.nodes());
    let of_node = vcpus(&machines.types.peer);
    let new_nodes = (nodes - running.unwrap_or(0.0)).max(0.0) * of_node;
    // A restore's new machine is there before the old one goes.
    let (database, _) = deployment.database_names();
    let singles = [
        (database.as_str(), &machines.types.clickhouse, true),
        ("grafana", &machines.types.grafana, deployment.grafana.enabled),
    ];
    let new_singles: f64 = singles
        .into_iter()
        .filter(|(name, _, wanted)| *wanted && !there(INSTANCE, name))
        .map(|(_, machine, _)| vcpus(machine))
        .sum();
    let (spot, on_demand) = match deployment.scaling.spot {
        true => (new_nodes, new_singles),
        false => (0.0, new_nodes + new_singles),
    };
    for (needed, market) in [(on_demand, Market::OnDemand), (spot, Market::Spot)] {
        if needed == 0.0 {
            continue;
        }
        let quota = match aws.vcpu_quota(market).await {
            Ok(quota) => quota,
            // Whoever cannot be told the quota meets it, at worst, when machines are made: with a message that says so.
            Err(error) => {
                found.unknown.push(format!("the quota of processors: {error}"));
                continue;
            }
        };
        if needed > quota.left() {
            found.wrong.push(format!(
                "{needed} more virtual processors are needed, and the account has {} left of {} in {}: ask for more in AWS's \
                 Service Quotas ({market}), or choose fewer nodes or a smaller `size`",
                quota.left(),
                quota.limit,
                deployment.region
            ));
        } else if market == Market::OnDemand && needed + surge(nodes) * of_node > quota.left() {
            found.unknown.push(format!(
                "another version of Aurora starts up to {} more nodes for a while, and the quota of processors has no room for them",
                surge(nodes)
            ));
        }
    }
}

/// How many machines more there are while a group replaces those that it has.
fn surge(nodes: f64) -> f64 {
    (nodes / 2.0).ceil()
}

/// Networks and public addresses: an account has five of each in a region unless it asked for more.
async fn network_quotas(aws: &Aws, deployment: &Deployment, state: &StackState, found: &mut Found) {
    let machines = deployment.machines();
    let gateways = if machines.nat_in_every_zone {
        machines.zones
    } else {
        1
    };
    let there = |token: &str| state.in_aws().filter(|resource| resource.token == token).count();
    for (what, needed, quota) in [
        (
            "networks (VPCs per Region)",
            1_usize.saturating_sub(there("aws:ec2/vpc:Vpc")),
            aws.network_quota().await,
        ),
        (
            "public addresses (EC2-VPC Elastic IPs)",
            usize::from(gateways).saturating_sub(there("aws:ec2/eip:Eip")),
            aws.address_quota().await,
        ),
    ] {
        match quota {
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            Ok(quota) if needed as f64 > quota.left() => found.wrong.push(format!(
                "{needed} more {what} are needed, and the account has {} left of {} in {}: ask for more in AWS's Service Quotas",
                quota.left(),
                quota.limit,
                deployment.region
            )),
            Ok(_) => {}
            Err(error) => found.unknown.push(format!("the quota of {what}: {error}")),
        }
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
