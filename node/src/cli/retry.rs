//! `aurora streams retry`: dead letters tried again, as many requests as that takes.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use super::client::{Client, in_path};
use super::output::{self, thousands};
use super::progress::Progress;
use crate::http::dead_letters::retry::{RetryFailure, RetryRequest, RetryResult};

/// How often in a row a partition may have no node that answers; it may be changing hands.
const PATIENCE: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

/// Tries all dead letters of a stream again, or those with one reason. Ends well when none of them is left.
pub(super) async fn run(client: &Client, id: &str, reason: Option<&str>) -> anyhow::Result<ExitCode> {
    let progress = Progress::new();
    let (rows, failed, failures, has_stopped) = tokio::select! {
        result = all(client, id, reason, &progress) => result?,
        never = progress.appear() => never,
    };
    drop(progress);
    if rows + failed == 0 {
        // What a node was at when it was given up, it has finished.
        let none = if has_stopped {
            "none are left"
        } else {
            "there are none"
        };
        output::note(&format!("{id}: of such dead letters {none}"));
        return Ok(ExitCode::SUCCESS);
    }
    output::note(&format!(
        "{} dead letters are rows now, {} still do not fit",
        thousands(rows),
        thousands(failed)
    ));
    for RetryFailure {
        partition,
        offset,
        reason,
        detail,
    } in failures.into_values()
    {
        output::note(&format!(
            "{reason}, for example partition {partition}, offset {offset}: {detail}"
        ));
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How many became rows, how many did not, an example for each reason, and whether some node did not answer in time.
type Outcome = (u64, u64, BTreeMap<String, RetryFailure>, bool);

async fn all(
    client: &Client,
    id: &str,
    reason: Option<&str>,
    progress: &Progress,
) -> anyhow::Result<Outcome> {
    let path = format!("/api/v1/streams/{}/dead-letters/retry", in_path(id));
    let mut request = RetryRequest {
        reason: reason.map(str::to_owned),
        ..RetryRequest::default()
    };
    let (mut rows, mut failed, mut failures) = (0, 0, BTreeMap::new());
    let (mut stops, mut has_stopped) = (0, false);
    loop {
        let result: RetryResult = client.post(&path, &request).await?;
        rows += result.rows;
        failed += result.failed;
        for failure in result.failures {
            failures.entry(failure.reason.clone()).or_insert(failure);
        }
        progress.say(format!(
            "{} rows made, {} do not fit",
            thousands(rows),
            thousands(failed)
        ));
        if let Some(stopped) = result.stopped {
            (stops, has_stopped) = (stops + 1, true);
            anyhow::ensure!(
                stops < PATIENCE,
                "{stopped} {rows} dead letters are rows now; run it again for the others"
            );
            tokio::time::sleep(PAUSE).await;
        } else {
            stops = 0;
        }
        match result.next {
            Some(next) => request.after = Some(next),
            None => return Ok((rows, failed, failures, has_stopped)),
        }
    }
}
