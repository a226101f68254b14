//! Dead letters tried again, over HTTP: each is sent to the node that has its partition.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aurora_actors::ingest::dead_letters::retry::{self, Outstanding, Retried, Retry, StillDead};
use aurora_actors::ingest::status::State as StreamState;
use aurora_actors::ingest::status::merge::Merged;
use aurora_actors::ingest::supervisor::IngestMessage;
use aurora_cluster::{Generation, Partition, StreamId};
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::unreadable;
use crate::cluster::peer::{Answer, Request};
use crate::http::access::Caller;
use crate::http::extract::InPath;
use crate::http::problem::Problem;
use crate::node::NodeState;

/// Letters that are tried in one request, at most.
const MAX_LETTERS: usize = 500;
/// Bytes of payloads after which a request takes no more letters.
const MAX_BYTES: u64 = 4 << 20;
/// Failures that are told one by one.
const SHOWN_FAILURES: usize = 50;
/// How long a partition may take: shorter than what another node waits for the answer. It may be settling, which takes a
/// while when a node has just died.
const LIMIT: Duration = Duration::from_secs(8);
/// Most bytes of a payload that takes the place of another: it has to get through to another node.
const MAX_PAYLOAD_BYTES: usize = 256 << 10;

/// Which dead letters are to be tried again.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryRequest {
    /// These. When left out: all, as many at a time as one request can take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 500)]
    pub letters: Option<Vec<LetterToRetry>>,
    /// Of all, only those with this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of all, those that come after these: the `next` of the answer before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A dead letter to be tried again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterToRetry {
    /// Which life of the topic it is of.
    pub generation: u32,
    /// Its partition.
    pub partition: i32,
    /// Its offset there, as text.
    pub offset: String,
    /// What to make a row of in place of the payload that came; for a single letter. The letter itself stays as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

/// What became of dead letters that were tried again.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct RetryResult {
    /// How many are rows now.
    pub rows: u64,
    /// How many were rows already.
    pub before: u64,
    /// How many are dead letters still.
    pub failed: u64,
    /// Why, of the first fifty of them.
    pub failures: Vec<RetryFailure>,
    /// What to send as `after` to go on with the others; null when all have been tried.
    pub next: Option<String>,
    /// Why it was given up before its end. `next` goes on with what was not tried.
    pub stopped: Option<String>,
}

/// A dead letter that did not become a row.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RetryFailure {
    /// Its partition.
    pub partition: i32,
    /// Its offset there, as text.
    pub offset: String,
    /// The reason, in short.
    pub reason: String,
    /// The reason, as a sentence.
    pub detail: String,
}

/// Letters to be tried, by partition, and where the next request goes on.
#[derive(Debug, Default)]
struct Chosen {
    letters: BTreeMap<Partition, Retry>,
    next: Option<String>,
}

/// Tries dead letters again: those that fit now become rows, each exactly once, however often this is asked.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{id}/dead-letters/retry",
    tag = "streams",
    params(("id" = String, Path, description = "connection:topic")),
    request_body = RetryRequest,
    responses((status = 200, description = "Done", body = RetryResult))
)]
pub(in crate::http) async fn retry(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath<String>,
    request: Result<Json<RetryRequest>, JsonRejection>,
) -> Result<Json<RetryResult>, Problem> {
    let Json(request) = request.map_err(|rejection| unreadable("letters", &rejection.body_text()))?;
    let missing = || Problem::not_found("stream", &id);
    let stream: StreamId = id.parse().map_err(|_| missing())?;
    let streams = state.cluster.streams().await;
    let merged = streams.get(&stream).ok_or_else(missing)?;
    let generation = generation(merged)?;
    let mut result = RetryResult::default();
    let names_letters = request.letters.is_some();
    let chosen = match request.letters {
        Some(letters) => named(letters, generation, &mut result)?,
        None => {
            let (reason, after) = (request.reason.as_deref(), request.after.as_deref());
            outstanding(&state, &stream, generation, reason, after).await?
        }
    };
    result.next = chosen.next;
    let mut last = request.after;
    for (partition, retry) in chosen.letters {
        let after = retry.offsets.last().map(|offset| format!("{partition}.{offset}"));
        match at_owner(&state, merged, &stream, generation, partition, retry).await {
            Ok(retried) => result.add(partition, retried),
            Err(reason) => {
                result.stopped = Some(format!("Partition {partition}: {reason}."));
                result.next = last.or_else(|| Some(String::new())).filter(|_| !names_letters);
                break;
            }
        }
        last = after;
    }
    let RetryResult { rows, failed, .. } = &result;
    tracing::info!(%stream, by = %caller.name, rows, failed, stopped = result.stopped, "dead letters tried again");
    Ok(Json(result))
}

/// The generation that the stream works on; letters can be retried only while it works.
fn generation(merged: &Merged) -> Result<Generation, Problem> {
    let snapshot = &merged.snapshot;
    let (detail, hint) = if snapshot.state == StreamState::Paused {
        ("It is paused.", "Resume it and try again.")
    } else if snapshot.generation == 0 || merged.owners.is_empty() {
        ("It has not begun.", "Try again once its state is running.")
    } else {
        return Ok(snapshot.generation);
    };
    Err(Problem::new(
        StatusCode::CONFLICT,
        "not-running",
        "Dead letters can be tried again only while their stream works",
        detail,
        hint,
    ))
}

/// The letters that the request names.
fn named(
    letters: Vec<LetterToRetry>,
    generation: Generation,
    result: &mut RetryResult,
) -> Result<Chosen, Problem> {
    if letters.len() > MAX_LETTERS {
        return Err(unreadable(
            "letters",
            &format!("There are more than {MAX_LETTERS}."),
        ));
    }
    let only = letters.len() == 1;
    let mut chosen = Chosen::default();
    for letter in letters {
        let offset: u64 = letter
            .offset
            .parse()
            .map_err(|_| unreadable("letters", "An offset is no number, as text."))?;
        if letter.payload.is_some() && !only {
            return Err(unreadable(
                "letters",
                "Only a single letter can be given another payload.",
            ));
        }
        if letter
            .payload
            .as_ref()
            .is_some_and(|payload| payload.len() > MAX_PAYLOAD_BYTES)
        {
            let detail = format!("The payload has more than {MAX_PAYLOAD_BYTES} bytes.");
            return Err(unreadable("letters", &detail));
        }
        if letter.generation != generation {
            result.fail(
                letter.partition,
                StillDead {
                    offset,
                    reason: "earlier_generation".to_owned(),
                    detail: "it is of an earlier life of its topic, which nobody writes any more".to_owned(),
                },
            );
            continue;
        }
        let retry = chosen.letters.entry(letter.partition).or_insert_with(|| Retry {
            offsets: Vec::new(),
            payload: None,
        });
        retry.offsets.push(offset);
        retry.payload = letter.payload;
    }
    for retry in chosen.letters.values_mut() {
        retry.offsets.sort_unstable();
        retry.offsets.dedup();
    }
    Ok(chosen)
}

/// As many of all outstanding letters as one request takes.
async fn outstanding(
    state: &NodeState,
    stream: &StreamId,
    generation: Generation,
    reason: Option<&str>,
    after: Option<&str>,
) -> Result<Chosen, Problem> {
    let place = |text: &str| {
        let (partition, offset) = text.split_once('.')?;
        Some((partition.parse::<Partition>().ok()?, offset.parse::<u64>().ok()?))
    };
    // An empty one stands for the beginning.
    let after = after.filter(|after| !after.is_empty()).map(|after| {
        place(after).ok_or_else(|| unreadable("after", "after: it is not the `next` of an answer."))
    });
    let after = after.transpose()?;
    let outstanding = Outstanding::of(&state.store, stream, &state.database).await?;
    let found = retry::candidates(
        &state.store,
        stream,
        generation,
        reason,
        after,
        &outstanding,
        MAX_LETTERS + 1,
    )
    .await?;
    let mut chosen = Chosen::default();
    let (mut taken, mut bytes) = (0, 0);
    for candidate in &found {
        if taken == MAX_LETTERS || (taken > 0 && bytes + candidate.bytes > MAX_BYTES) {
            let last = found[taken - 1];
            chosen.next = Some(format!("{}.{}", last.partition, last.offset));
            break;
        }
        (taken, bytes) = (taken + 1, bytes + candidate.bytes);
        let retry = chosen
            .letters
            .entry(candidate.partition)
            .or_insert_with(|| Retry {
                offsets: Vec::new(),
                payload: None,
            });
        retry.offsets.push(candidate.offset);
    }
    Ok(chosen)
}

/// Has the node that has the partition do it. The error says why it was not done, or not known to be.
async fn at_owner(
    state: &NodeState,
    merged: &Merged,
    stream: &StreamId,
    generation: Generation,
    partition: Partition,
    retry: Retry,
) -> Result<Retried, String> {
    let Some(owner) = merged.owners.get(&partition) else {
        return Err("no node works on it now; try again in some seconds".to_owned());
    };
    if *owner == state.id {
        return here(state, stream, generation, partition, retry).await;
    }
    let request = Request::Retry(stream.clone(), generation, partition, retry);
    match state.cluster.ask(owner, request).await {
        Ok(Answer::Retried(retried)) => Ok(retried),
        Ok(_) => Err(format!("{owner} is of a version that cannot do it")),
        Err(error) => Err(format!("{owner}: {error}")),
    }
}

/// Does it on this node.
pub(in crate::http) async fn here(
    state: &NodeState,
    stream: &StreamId,
    generation: Generation,
    partition: Partition,
    retry: Retry,
) -> Result<Retried, String> {
    let (reply, answer) = tokio::sync::oneshot::channel();
    let message = IngestMessage::Retry(stream.clone(), generation, partition, retry, reply.into());
    // When ingest has ended, the port goes with the message.
    let _ = state.ingest.cast(message);
    match tokio::time::timeout(LIMIT, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => {
            Err("the node that had it does not work on it any more, or has others to try; ask again in some seconds".to_owned())
        }
        Err(_) => Err("it is busy; what it has begun it ends, and asking again does no harm".to_owned()),
    }
}

impl RetryResult {
    fn add(&mut self, partition: Partition, retried: Retried) {
        self.rows += retried.rows;
        self.before += retried.before;
        for letter in retried.failed {
            self.fail(partition, letter);
        }
    }

    fn fail(&mut self, partition: Partition, letter: StillDead) {
        self.failed += 1;
        if self.failures.len() < SHOWN_FAILURES {
            self.failures.push(RetryFailure {
                partition,
                offset: letter.offset.to_string(),
                reason: letter.reason,
                detail: letter.detail,
            });
        }
    }
}
