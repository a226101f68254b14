//! Machines that are gone from AWS although nobody here took them away: ended by hand, or with their hardware.
//!
//! Pulumi would go on believing in them: nothing would be made in their place, and a volume could not be taken from one that
//! is not there. So what there is is looked at anew, before anything is planned; the next run makes another machine, and gives
//! it the same volume.

use aurora_pulumi::deployment::Deployment;
use aurora_pulumi::engine::{Leftovers, StackState, Workspace};

use super::checks;
use super::operation::watched;
use crate::aws::ec2::Instance;
use crate::aws::{Aws, AwsError};
use crate::cli::output;

const INSTANCE: &str = "aws:ec2/instance:Instance";

/// What is known of the deployment once machines that are gone are no part of it; nothing when somebody has had enough.
pub(super) async fn settled(
    workspace: &Workspace,
    deployment: &Deployment,
    state: StackState,
) -> anyhow::Result<Option<StackState>> {
    let machines: Vec<(&str, &str)> = state
        .in_aws()
        .filter(|resource| resource.token == INSTANCE)
        .map(|resource| (resource.name.as_str(), resource.id.as_str()))
        .collect();
    if machines.is_empty() {
        return Ok(Some(state));
    }
    let there = match found(deployment, &machines).await {
        Ok(there) => there,
        Err(error) => {
            output::note(&format!("whether all machines are there is not known: {error}"));
            return Ok(Some(state));
        }
    };
    let mut are_lost = false;
    for (name, id) in machines {
        let machine = there.iter().find(|machine| machine.instance_id == id);
        match machine.map_or("terminated", Instance::state) {
            "terminated" | "shutting-down" => {
                output::note(&format!("the machine {name} ({id}) is gone from AWS"));
                are_lost = true;
            }
            "stopped" | "stopping" => output::note(&format!(
                "the machine {name} ({id}) is stopped: `aws ec2 start-instances --region {} --instance-ids {id}` starts it",
                deployment.region
            )),
            _ => {}
        }
    }
    if !are_lost {
        return Ok(Some(state));
    }
    // What another account has not would be taken for deleted.
    checks::same_account(deployment, &state).await?;
    output::note("looking at everything anew");
    let nothing_left = Leftovers::default();
    let looked = watched(None, false, async |run| {
        workspace.settle(&nothing_left, run).await
    });
    match looked.await? {
        Some(_) => Ok(Some(workspace.state().await?)),
        None => Ok(None),
    }
}

async fn found(deployment: &Deployment, machines: &[(&str, &str)]) -> Result<Vec<Instance>, AwsError> {
    let ids: Vec<&str> = machines.iter().map(|(_, id)| *id).collect();
    let aws = Aws::from_surroundings(Some(&deployment.region)).await?;
    aws.instances_with_ids(&ids).await
}
