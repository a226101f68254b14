//! What can be found wrong before anything is made.
//!
//! Everything is looked at, and all that is wrong is said at once. What the credentials may not ask is said as well, and
//! stops nothing: deploying needs other rights than asking for quotas.

use anyhow::{Context, bail};
use aurora_pulumi::deployment::{Architecture, Deployment};
use aurora_pulumi::engine::StackState;
use aurora_pulumi::stacks::SYSTEM_DEVICE;
use jiff::Timestamp;

use super::pending::TAG;
use super::{INSTANCE, quotas};
use crate::aws::{Aws, AwsError};
use crate::cli::output;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What would fail.
    pub(super) wrong: Vec<String>,
    /// What could not be looked at.
    pub(super) unknown: Vec<String>,
    /// What may fail later.
    pub(super) tight: Vec<String>,
}

impl Found {
    /// What AWS says; what may not be asked is only said.
    pub(super) fn take<T>(&mut self, what: &str, answer: Result<T, AwsError>) -> Option<T> {
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

/// Asks who is deploying, and makes sure that account and region are those that `state` is about: elsewhere nothing of it
/// would be found, and everything taken for deleted.
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
    if let Some(region) = state.region().filter(|region| *region != deployment.region) {
        bail!(
            "the deployment {:?} is in {region}, and cannot move to {}: set `region` back, or make a deployment with another name",
            deployment.name,
            deployment.region
        );
    }
    Ok(aws)
}

/// Asks AWS whether `deployment` can be made, or become what it is to be from what it is in `state`.
pub(super) async fn ask(
    aws: &Aws,
    deployment: &Deployment,
    state: &StackState,
    renew_machines: bool,
) -> anyhow::Result<()> {
    stays(deployment, state, renew_machines)?;
    let mut found = Found::default();
    // Other regions' interfaces do not exist; this one's would only not be reached.
    region(aws, deployment, &mut found).await;
    if found.wrong.is_empty() {
        machines(aws, deployment, &mut found).await;
        quotas::processors(aws, deployment, state, &mut found).await;
        quotas::networks(aws, deployment, state, &mut found).await;
        certificate(aws, deployment, &mut found).await;
        image(aws, deployment, &mut found).await;
        if state.is_empty() {
            somebody_elses(aws, deployment, &mut found).await;
        }
    }
    for unknown in &found.unknown {
        output::note(&format!("not checked: {unknown}"));
    }
    for tight in &found.tight {
        output::note(tight);
    }
    if found.wrong.is_empty() {
        return Ok(());
    }
    bail!(
        "nothing has been changed, because this would fail:\n  {}",
        found.wrong.join("\n  ")
    )
}

/// Whether an image of one's own is there, and has its system where disks are laid out for it: elsewhere it would get another
/// disk than the one that is said to be encrypted.
async fn image(aws: &Aws, deployment: &Deployment, found: &mut Found) {
    let Some(image) = &deployment.image else { return };
    let Some(root) = found.take("the image", aws.root_device(image).await) else {
        return;
    };
    match root.as_deref() {
        Some(SYSTEM_DEVICE) => {}
        Some(other) => found.wrong.push(format!(
            "the image {image} has its system on {other}, and it has to be on {SYSTEM_DEVICE}, as Debian's own have it: copy it with \
             that root device name (`aws ec2 register-image --root-device-name {SYSTEM_DEVICE}` from its snapshot)"
        )),
        None => found.wrong.push(format!(
            "there is no image {image} in {} that this account may use: set another `image`",
            deployment.region
        )),
    }
}

/// Whether there is a deployment of this name that this state knows nothing of. Only what goes at once when it is deleted
/// says so.
async fn somebody_elses(aws: &Aws, deployment: &Deployment, found: &mut Found) {
    const SIGNS: [&str; 4] = [
        "autoscaling:auto-scaling-group",
        // What is kept of one that was taken down.
        "ec2:volume",
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
            "there is a deployment {:?}, or data of one, in this account and region that this state does not know ({}): choose another `name`, or \
             deploy from where its state is (`backend` under [state], or the folder .aurora beside its description)",
            deployment.name,
            signs.join(", ")
        ));
    }
}

/// What a deployment that is there cannot become.
fn stays(deployment: &Deployment, state: &StackState, renew_machines: bool) -> anyhow::Result<()> {
    let cidr = state
        .output("aws:ec2/vpc:Vpc", "network", "cidrBlock")
        .and_then(|cidr| cidr.as_str());
    if let Some(cidr) = cidr.filter(|cidr| *cidr != deployment.network.cidr.to_string()) {
        bail!(
            "the network has the addresses {cidr}, and they cannot be changed: set `cidr` under [network] back to them, or \
             make a deployment with another name"
        );
    }
    if let Some(names) = &deployment.network.zone_names {
        for (index, name) in names.iter().enumerate() {
            let subnet = format!("private-{index}");
            let zone = state.output("aws:ec2/subnet:Subnet", &subnet, "availabilityZone");
            let zone = zone.and_then(|zone| zone.as_str());
            if let Some(zone) = zone.filter(|zone| zone != name) {
                bail!(
                    "the deployment's zone {index} is {zone}, and cannot become {name}: set `zone_names` under [network] back, or \
                     make a deployment with another name"
                );
            }
        }
    }
    // Machines keep their image, which is for one kind of processor.
    let (database, volume) = deployment.database_names();
    let machine_type = state
        .output(INSTANCE, &database, "instanceType")
        .and_then(|machine_type| machine_type.as_str());
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
    let zone = state
        .output("aws:ebs/volume:Volume", &volume, "availabilityZone")
        .and_then(|zone| zone.as_str());
    let names = deployment.network.zone_names.as_deref().unwrap_or_default();
    let wanted = names.get(usize::from(deployment.database_zone()));
    if let (Some(zone), Some(wanted)) = (zone, wanted)
        && zone != wanted
    {
        bail!(
            "the database's volume is in {zone}, and volumes cannot move to {wanted}: put {zone} back in its place in `zone_names` \
             under [network]"
        );
    }
    let size = state
        .output("aws:ebs/volume:Volume", &volume, "size")
        .and_then(serde_json::Value::as_f64);
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
    let Some(there) = found.take("zones", aws.zones().await) else {
        return;
    };
    let machines = deployment.machines();
    let wanted = usize::from(machines.zones);
    // The program takes the first ones, too.
    let zones = match &deployment.network.zone_names {
        Some(names) => names.clone(),
        None => there.iter().take(wanted).cloned().collect(),
    };
    let unknown: Vec<&str> = zones
        .iter()
        .filter(|zone| !there.contains(zone))
        .map(String::as_str)
        .collect();
    if zones.len() < wanted || !unknown.is_empty() {
        let (region, count, unknown) = (&deployment.region, there.len(), unknown.join(", "));
        found.wrong.push(match unknown.as_str() {
            "" => format!("{region} has {count} zones, and {wanted} are wanted: set `zones` under [network]"),
            unknown => format!(
                "{region} has no {unknown}, only {}: set `zone_names` under [network]",
                there.join(", ")
            ),
        });
        return;
    }
    let types = &machines.types;
    let database_zone = usize::from(deployment.database_zone());
    let mut roles = vec![
        ("scaling", &types.peer, &zones[..]),
        (
            "clickhouse",
            &types.clickhouse,
            &zones[database_zone..=database_zone],
        ),
    ];
    if deployment.grafana.enabled {
        roles.push(("grafana", &types.grafana, &zones[..1]));
    }
    let mut is_missing = false;
    let mut everywhere = there.clone();
    for (section, name, needed) in roles {
        let Some(offered) = found.take(name, aws.zones_with_type(&[], name).await) else {
            continue;
        };
        everywhere.retain(|zone| offered.contains(zone));
        let missing: Vec<&str> = needed
            .iter()
            .filter(|zone| !offered.contains(zone))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            machine_type(aws, deployment, section, name, found).await;
        } else {
            is_missing = true;
            let missing = missing.join(", ");
            found.wrong.push(format!(
                "AWS has no {name} in {missing}: set another `machine` under [{section}]"
            ));
        }
    }
    if is_missing && everywhere.len() >= wanted {
        let named: Vec<String> = everywhere
            .iter()
            .take(wanted)
            .map(|zone| format!("{zone:?}"))
            .collect();
        found.wrong.push(format!(
            "other zones have all of these machines: `zone_names = [{}]` under [network] chooses them",
            named.join(", ")
        ));
    }
}

/// Whether a type is for the deployment's kind of processor, and for what it is to do.
async fn machine_type(aws: &Aws, deployment: &Deployment, section: &str, name: &str, found: &mut Found) {
    let Some(types) = found.take(name, aws.instance_types(&[name]).await) else {
        return;
    };
    if section == "clickhouse" && types.iter().any(|known| !known.is_nitro) {
        found.wrong.push(format!(
            "{name} is of an old kind, on which the database does not find its volume: set a newer `machine` under [{section}]"
        ));
    }
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
