//! After a deployment the group may still replace its machines, new ones first.

use std::time::{Duration, Instant};

use anyhow::bail;
use aurora_pulumi::deployment::Deployment;

use crate::aws::Aws;
use crate::aws::auto_scaling::InstanceRefresh;
use crate::cli::interrupt::Interrupts;
use crate::cli::output;
use crate::cli::progress::Progress;

/// When somebody is told that nothing happens.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);
/// How often the group is asked; a machine takes minutes.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Waits until nodes have been replaced, if they are. Whoever has waited long enough need not: it goes on by itself.
pub(super) async fn wait(deployment: &Deployment) -> anyhow::Result<()> {
    let aws = Aws::from_surroundings(Some(&deployment.region)).await?;
    let group = deployment.named("peers");
    let progress = Progress::new();
    let follow = async {
        let mut is_said = false;
        let mut last_step = (None, Instant::now());
        loop {
            let refresh = match aws.last_refresh(&group).await {
                Ok(Some(refresh)) if refresh.is_under_way() => refresh,
                Ok(last) => return Ok(is_said.then_some(last).flatten()),
                Err(error) => return Err(error),
            };
            if !is_said {
                output::note(
                    "nodes are replaced, up to half of them at a time, new ones first; Ctrl-C leaves it to the group, and \
                     `aurora status --deployment` says how far it is",
                );
                is_said = true;
            }
            if last_step.0 != refresh.percentage_complete {
                last_step = (refresh.percentage_complete, Instant::now());
            } else if last_step.1.elapsed() > STUCK_AFTER {
                progress.above(
                    "no node has been replaced for a quarter of an hour: a new one may not become ready, and `aurora logs` says why",
                );
                last_step.1 = Instant::now();
            }
            progress.say(how_far(&refresh));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let watched = async {
        tokio::select! {
            ended = follow => ended,
            never = progress.appear() => never,
        }
    };
    match Interrupts::listen_to_all().unless(watched).await {
        // Whoever may deploy may not be allowed to ask this.
        Some(Err(error)) => {
            output::note(&format!("whether nodes are being replaced is not known: {error}"));
            Ok(())
        }
        Some(Ok(Some(last))) if !last.is_done() => bail!(
            "nodes could not all be replaced ({}): {}. Those that were not run as before; `aurora logs` may say why, and the next \
             `aurora deploy` tries again",
            last.status,
            last.status_reason.unwrap_or_default()
        ),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// How far it is, in words.
pub(super) fn how_far(refresh: &InstanceRefresh) -> String {
    let percent = refresh.percentage_complete.unwrap_or(0);
    match refresh.instances_to_update {
        Some(left) => format!("nodes are replaced: {percent} %, {left} to go"),
        None => format!("nodes are replaced: {percent} %"),
    }
}
