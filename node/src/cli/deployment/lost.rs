//! Machines that are gone from AWS although nobody here took them away: ended by hand, or with their hardware.
//!
//! Pulumi would go on believing in them: nothing would be made in their place, and a volume could not be taken from one that
//! is not there. So what there is is looked at anew, before anything is planned; the next run makes another machine, and gives
//! it the same volume.

use std::time::Duration;

use aurora_pulumi::engine::{Leftovers, StackState, Workspace};

use super::operation::watched;
use crate::aws::ec2::Instance;
use crate::aws::{Aws, AwsError};
use crate::cli::interrupt::Interrupts;
use crate::cli::output;

const INSTANCE: &str = "aws:ec2/instance:Instance";
/// How often a machine that is being ended is looked at; it takes a minute or a few.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Machines of `state` that are gone, by name and id, or that are being ended; those that were stopped are only named.
pub(super) async fn gone(aws: &Aws, state: &StackState) -> Result<Vec<Lost>, AwsError> {
    let machines: Vec<(&str, &str)> = state
        .in_aws()
        .filter(|resource| resource.token == INSTANCE)
        .map(|resource| (resource.name.as_str(), resource.id.as_str()))
        .collect();
    let ids: Vec<&str> = machines.iter().map(|(_, id)| *id).collect();
    let there = aws.instances_with_ids(&ids).await?;
    let mut lost = Vec::new();
    for (name, id) in machines {
        let machine = there.iter().find(|machine| machine.instance_id == id);
        match machine.map_or("terminated", Instance::state) {
            ended @ ("terminated" | "shutting-down") => lost.push(Lost {
                what: format!("the machine {name} ({id})"),
                is_ending: ended == "shutting-down",
            }),
            "stopped" | "stopping" => output::note(&format!(
                "the machine {name} ({id}) is stopped: `aws ec2 start-instances --instance-ids {id}` starts it"
            )),
            _ => {}
        }
    }
    Ok(lost)
}

/// A machine that nobody here has taken away.
pub(super) struct Lost {
    what: String,
    /// Whether it is there a little longer: until it is gone it holds its volume, and is looked at as if it ran.
    is_ending: bool,
}

impl Lost {
    /// Says so.
    pub(super) fn tell(&self) {
        match self.is_ending {
            true => output::note(&format!("{} is being ended", self.what)),
            false => output::note(&format!("{} is gone from AWS", self.what)),
        }
    }
}

/// What is known of the deployment once machines that are gone are no part of it; nothing when somebody has had enough.
/// `aws` is where the deployment is.
pub(super) async fn settled(
    aws: &Aws,
    workspace: &Workspace,
    state: StackState,
) -> anyhow::Result<Option<StackState>> {
    let mut interrupts = Interrupts::listen_to_all();
    let mut is_told = false;
    let lost = loop {
        let lost = match gone(aws, &state).await {
            Ok(lost) => lost,
            Err(error) => {
                output::note(&format!("whether all machines are there is not known: {error}"));
                return Ok(Some(state));
            }
        };
        if !lost.iter().any(|lost| lost.is_ending) {
            break lost;
        }
        if !is_told {
            lost.iter().for_each(Lost::tell);
            output::note("waiting until it is gone");
            is_told = true;
        }
        if interrupts.unless(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return Ok(None);
        }
    };
    if lost.is_empty() {
        return Ok(Some(state));
    }
    lost.iter().for_each(Lost::tell);
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
