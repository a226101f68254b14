//! Questions in plain words over HTTP: `POST /api/v1/ask`.
//!
//! JSON when nothing else is asked for. With `Accept: text/event-stream` the steps come as they happen (`step`), and at
//! last one of `answer`, `clarification` and `problem`. A client that goes ends whatever is done for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aurora_actors::query::memory::Recording;
use aurora_actors::query::memory::history::{Kind, Outcome};
use aurora_actors::query::question::ask::{Answer, AskError, AskRequest, Reply, STEPS, Step};
use aurora_actors::query::question::corrections::Choice;
use aurora_actors::query::question::model::Usage;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::access::Caller;
use super::extract::Body;
use super::memory::history;
use super::problem::Problem;
use super::sql::{complete_to, wants_events};
use crate::node::NodeState;

/// How often something is sent while nothing happens.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// The question, in plain words.
    question: String,
    /// The questions before it, the oldest first, when it goes on from them.
    #[serde(default)]
    conversation: Vec<String>,
    /// Parts of how it is read that are to be others, one after the other: from the `corrections` of an answer to it. At
    /// most twenty.
    #[serde(default)]
    corrections: Vec<Choice>,
    /// Most rows to return.
    limit: Option<usize>,
}

/// What comes back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answered {
    #[serde(flatten)]
    answer: Answer,
    /// Its record in the history, to say whether it is right.
    history_id: String,
    /// Everything up to this time is in the answer, in every stream.
    complete_to: Option<jiff::Timestamp>,
}

/// A question back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Asked {
    /// The question.
    clarification: String,
    /// The record of what was asked, in the history.
    history_id: String,
    /// What models have cost.
    usage: Usage,
}

/// What is told at the end.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AskReply)]
pub(super) enum End {
    /// The answer.
    Answer(Box<Answered>),
    /// A question back.
    Clarification(Asked),
}

/// A question on its way, with its record.
struct Asking {
    state: Arc<NodeState>,
    request: AskRequest,
    recording: Recording,
}

/// Answers a question, or says why not.
#[utoipa::path(
    post,
    path = "/api/v1/ask",
    tag = "queries",
    request_body = Question,
    responses(
        (status = 200, description = "The answer, or a question back; as events when `text/event-stream` is accepted", body = End),
        (status = 422, description = "It cannot be answered", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn ask(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Body(question): Body<Question>,
) -> Result<Response, Problem> {
    let mut recording = state.memory.begin(history::record(Kind::Question, &caller));
    recording.record().question = question.question.chars().take(4_000).collect();
    let asking = Asking {
        request: AskRequest {
            question: question.question,
            conversation: question.conversation,
            corrections: question.corrections,
            limit: question.limit,
            user: caller.name.clone(),
        },
        state,
        recording,
    };
    let (steps, told) = mpsc::channel(STEPS);
    if wants_events(&headers) {
        return Ok(events(asking, steps, told));
    }
    Ok(Json(asking.answer(&steps).await?).into_response())
}

impl Asking {
    async fn answer(mut self, steps: &mpsc::Sender<Step>) -> Result<End, Problem> {
        // What has landed before the query starts is what it is sure to see.
        let complete_to = complete_to(&self.state).await;
        let reply = self.state.asker.ask(&self.request, steps).await;
        let record = self.recording.record();
        record.complete_to = complete_to;
        let history_id = record.id.to_string();
        match reply {
            Ok(Reply::Answer(answer)) => {
                record.sql.clone_from(&answer.sql);
                record.engine.clone_from(&answer.engine);
                record.tables.clone_from(&answer.tables);
                record.rows = answer.rows.len() as u64;
                record.rows_read = answer.statistics.rows_read;
                self.spent(answer.usage);
                self.recording.end(Outcome::Ok);
                Ok(End::Answer(Box::new(Answered {
                    answer: *answer,
                    history_id,
                    complete_to,
                })))
            }
            Ok(Reply::Clarification { question, usage }) => {
                record.error.clone_from(&question);
                self.spent(usage);
                self.recording.end(Outcome::Declined);
                Ok(End::Clarification(Asked {
                    clarification: question,
                    history_id,
                    usage,
                }))
            }
            Err(error) => {
                record.error = error.to_string();
                if let AskError::Declined { usage, .. } = &error {
                    self.spent(*usage);
                }
                let outcome = match &error {
                    AskError::Question(_) => Outcome::Failed,
                    AskError::Declined { .. } => Outcome::Declined,
                    AskError::Sql(error) => history::outcome(error),
                };
                self.recording.end(outcome);
                Err(error.into())
            }
        }
    }

    fn spent(&mut self, usage: Usage) {
        let record = self.recording.record();
        record.prompt_tokens = usage.prompt_tokens;
        record.completion_tokens = usage.completion_tokens;
        record.cost = usage.cost;
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Question(why) => Self::new(
                StatusCode::BAD_REQUEST,
                "question",
                "This is no question",
                why,
                "Ask in a sentence, such as \"How many orders were there today?\".",
            ),
            AskError::Declined { why, hint, .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "declined",
                "This cannot be answered",
                why,
                &hint,
            ),
            AskError::Sql(error) => error.into(),
        }
    }
}

/// Where a stream of events is.
struct Telling {
    told: mpsc::Receiver<Step>,
    /// Nothing once it has ended.
    answer: Option<BoxFuture<'static, Result<End, Problem>>>,
    end: Option<Result<End, Problem>>,
}

fn events(asking: Asking, steps: mpsc::Sender<Step>, told: mpsc::Receiver<Step>) -> Response {
    let telling = Telling {
        told,
        // The sender goes with the future, and with it the channel ends.
        answer: Some(Box::pin(async move { asking.answer(&steps).await })),
        end: None,
    };
    let events = stream::unfold(telling, |mut telling| async move {
        let event = telling.next().await?;
        Some((Ok::<_, Infallible>(event), telling))
    });
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl Telling {
    async fn next(&mut self) -> Option<Event> {
        while let Some(answer) = &mut self.answer {
            tokio::select! {
                biased;
                Some(step) = self.told.recv() => return Some(event("step", &step)),
                end = answer => {
                    self.answer = None;
                    self.end = Some(end);
                }
            }
        }
        // Steps that were told before the end.
        if let Some(step) = self.told.recv().await {
            return Some(event("step", &step));
        }
        Some(match self.end.take()? {
            Ok(End::Answer(answer)) => event("answer", &answer),
            Ok(End::Clarification(asked)) => event("clarification", &asked),
            Err(problem) => event("problem", &problem),
        })
    }
}

fn event(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    match event.json_data(data) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!(%error, name, "an event is no json");
            Event::default().event("problem").data("{}")
        }
    }
}
