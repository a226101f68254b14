//! Going on after a run that was cut off: what it may have left is looked for in AWS.

use std::time::Duration;

use anyhow::Context as _;
use aurora_pulumi::deployment::Deployment;
use aurora_pulumi::engine::{EngineError, Leftovers, StackState, Workspace};
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::checks;
use super::operation::{READING, showing, watched};
use crate::aws::{Aws, AwsError};
use crate::cli::interrupt::Interrupts;
use crate::cli::output;

/// The tag that everything of a deployment has; its value is the deployment's name.
pub(super) const TAG: &str = "aurora";
/// What was made a moment ago may not be found yet. Resource Groups says nothing of how long it takes; EC2, which makes
/// nearly all that could be made twice, takes seconds.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// What somebody says of an earlier run that was cut off.
#[derive(Debug, Args)]
pub(super) struct Recovery {
    /// Take away the lock of another run that was cut off
    #[arg(long)]
    unlock: bool,
    /// Do not look in AWS for what a run that was cut off may have left: you have, and it is not there
    #[arg(long)]
    forget_pending: bool,
}

impl Recovery {
    /// Takes a lock away, if somebody wants that. It comes before everything else: hardly anything can be done without.
    pub(super) async fn unlock(&self, workspace: &Workspace) -> anyhow::Result<()> {
        if self.unlock {
            workspace.unlock().await?;
        }
        Ok(())
    }

    /// What is known of the deployment, once what an earlier run was cut off in is settled; nothing when somebody has had
    /// enough.
    pub(super) async fn state(
        &self,
        workspace: &Workspace,
        deployment: &Deployment,
    ) -> anyhow::Result<Option<StackState>> {
        let state = showing(READING, workspace.state()).await?;
        if state.pending.is_empty() {
            return Ok(Some(state));
        }
        // Settling looks at everything anew, and what another account has not would be taken for deleted.
        let aws = checks::same_account(deployment, &state).await?;
        let leftovers = match self.forget_pending {
            true => Some(Leftovers::forgotten(&state)),
            false => look(&aws, deployment, &state).await?,
        };
        let Some(leftovers) = leftovers else {
            return Ok(None);
        };
        let settled = watched(None, false, async |run| workspace.settle(&leftovers, run).await).await?;
        match settled {
            Some(_) => Ok(Some(workspace.state().await?)),
            None => Ok(None),
        }
    }
}

async fn look(aws: &Aws, deployment: &Deployment, state: &StackState) -> anyhow::Result<Option<Leftovers>> {
    output::note("an earlier run was cut off: looking in AWS for what it may have left");
    let rest = rest(state, Timestamp::now());
    if !rest.is_zero() {
        output::note(&format!(
            "that was a moment ago: waiting {} s until AWS surely says what there is",
            rest.as_secs() + 1
        ));
        let mut interrupts = Interrupts::listen_to_all();
        if interrupts.unless(tokio::time::sleep(rest)).await.is_none() {
            return Ok(None);
        }
    }
    let tagged = match aws.tagged(TAG, &deployment.name).await {
        Ok(tagged) => tagged,
        Err(denied @ AwsError::Denied { .. }) => {
            return Err(denied).context(EngineError::Pending(state.pending.clone()));
        }
        Err(error) => return Err(error).context("AWS does not say what has the deployment's tag"),
    };
    let leftovers = Leftovers::find(state, &tagged);
    for (pending, id) in &leftovers.there {
        output::note(&format!(
            "{} {} is there ({id}), and taken up",
            pending.token, pending.name
        ));
    }
    for pending in &leftovers.unseen {
        output::note(&format!(
            "{} {} may be there, and AWS takes no second one: if it says so now, delete it by hand, nothing uses it yet",
            pending.token, pending.name
        ));
    }
    for pending in &leftovers.absent {
        let what = match pending.operation.as_str() {
            "creating" => "is not there, and will be made",
            _ => "is looked at anew",
        };
        output::note(&format!("{} {} {what}", pending.token, pending.name));
    }
    for (pending, ids) in &leftovers.doubtful {
        output::note(&format!(
            "{} {} may be any of {}",
            pending.token,
            pending.name,
            ids.join(", ")
        ));
    }
    Ok(Some(leftovers))
}

/// How long it is until AWS knows what the run of `state` has made.
fn rest(state: &StackState, now: Timestamp) -> Duration {
    let written: Option<Timestamp> = state.written.as_ref().and_then(|time| time.parse().ok());
    let age = written.map_or(SignedDuration::ZERO, |written| now.duration_since(written));
    // A clock that is behind is no reason to wait for ever.
    let age = age.max(SignedDuration::ZERO);
    Duration::try_from(SETTLED_AFTER - age).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_long_ago_is_not_waited_for() {
        let state = |time: Option<&str>| StackState {
            written: time.map(str::to_owned),
            ..StackState::default()
        };
        let now: Timestamp = "2026-11-27T10:00:20Z".parse().unwrap();
        assert_eq!(
            rest(&state(Some("2026-11-27T10:00:00.5Z")), now),
            Duration::from_millis(10_500)
        );
        assert_eq!(rest(&state(Some("2026-11-26T10:00:00Z")), now), Duration::ZERO);
        for unknown in [None, Some("x"), Some("2026-11-28T10:00:00Z")] {
            assert_eq!(rest(&state(unknown), now), Duration::from_secs(30));
        }
    }
}
