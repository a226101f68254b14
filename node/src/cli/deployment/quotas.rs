//! Whether an account may have as much as a deployment needs.

use aurora_pulumi::deployment::Deployment;
use aurora_pulumi::engine::StackState;

use super::INSTANCE;
use super::checks::Found;
use crate::aws::Aws;
use crate::aws::account::Market;
use crate::aws::ec2::is_standard;

const GROUP: &str = "aws:autoscaling/group:Group";

/// Processors: of machines that are there already, and of those that are to be.
pub(super) async fn processors(aws: &Aws, deployment: &Deployment, state: &StackState, found: &mut Found) {
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
        let replaced = match (market, deployment.scaling.spot) {
            (Market::OnDemand, false) | (Market::Spot, true) => surge(nodes) * of_node,
            _ => 0.0,
        };
        if needed + replaced == 0.0 {
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
        } else if needed + replaced > quota.left() {
            found.tight.push(format!(
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
pub(super) async fn networks(aws: &Aws, deployment: &Deployment, state: &StackState, found: &mut Found) {
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
