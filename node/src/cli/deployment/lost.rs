//! Machines that are gone from AWS although nobody here took them away: ended by hand, or with their hardware.
//!
//! Pulumi would go on believing in them: nothing would be made in their place, and a volume could not be taken from one that
//! is not there. So what there is is looked at anew, before anything is planned; the next run makes another machine, and gives
//! it the same volume.

use std::time::Duration;

use aurora_pulumi::engine::{Leftovers, StackState, Workspace};

use super::INSTANCE;
use super::operation::watched;
use crate::aws::{Aws, AwsError};
use crate::cli::interrupt::Interrupts;
use crate::cli::output;

/// How often a machine that is being ended is looked at; it takes a minute or a few.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A machine that does not run, and nobody here has seen to that.
pub(super) struct Amiss {
    name: String,
    id: String,
    how: How,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Gone,
    /// There a little longer: until it is gone it holds its volume, and is looked at as if it ran.
    Ending,
    Stopped,
}

impl Amiss {
    /// Whether it is no more.
    pub(super) fn is_gone(&self) -> bool {
        self.how == How::Gone
    }

    /// Says so.
    pub(super) fn tell(&self) {
        let Self { name, id, how } = self;
        let what = match how {
            How::Gone => "is gone from AWS".to_owned(),
            How::Ending => "is being ended".to_owned(),
            How::Stopped => {
                format!("is stopped: `aws ec2 start-instances --instance-ids {id}` starts it")
            }
        };
        output::note(&format!("the machine {name} ({id}) {what}"));
    }
}

/// Machines of `state` that do not run.
pub(super) async fn amiss(aws: &Aws, state: &StackState) -> Result<Vec<Amiss>, AwsError> {
    let machines: Vec<_> = state
        .in_aws()
        .filter(|resource| resource.token == INSTANCE)
        .collect();
    let ids: Vec<&str> = machines.iter().map(|machine| machine.id.as_str()).collect();
    let there = aws.instances_with_ids(&ids).await?;
    let how = |id: &str| match there.iter().find(|machine| machine.instance_id == id) {
        None => Some(How::Gone),
        Some(machine) => match machine.state() {
            "terminated" => Some(How::Gone),
            "shutting-down" => Some(How::Ending),
            "stopped" | "stopping" => Some(How::Stopped),
            _ => None,
        },
    };
    let amiss = machines.into_iter().filter_map(|machine| {
        Some(Amiss {
            how: how(&machine.id)?,
            name: machine.name.clone(),
            id: machine.id.clone(),
        })
    });
    Ok(amiss.collect())
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
    let found = loop {
        let found = match amiss(aws, &state).await {
            Ok(found) => found,
            Err(error) => {
                output::note(&format!("whether all machines are there is not known: {error}"));
                return Ok(Some(state));
            }
        };
        let Some(ending) = found.iter().find(|machine| machine.how == How::Ending) else {
            break found;
        };
        if !is_told {
            ending.tell();
            output::note("waiting until it is gone");
            is_told = true;
        }
        if interrupts.unless(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return Ok(None);
        }
    };
    found.iter().for_each(Amiss::tell);
    if !found.iter().any(Amiss::is_gone) {
        return Ok(Some(state));
    }
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
