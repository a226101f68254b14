//! Connections tried before they are kept: do they work, and what would their streams be?

use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_actors::ingest::preview::{self, Looked, Preview};
use aurora_actors::ingest::schema::choice::ColumnChoice;
use aurora_actors::ingest::source::check::{self, Findings};
use aurora_actors::ingest::source::connection::{KafkaConnection, SourceError};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;

use super::draft::{self, Draft};
use crate::http::access::Caller;
use crate::http::extract::Body;
use crate::http::problem::Problem;
use crate::http::registry::checked_choices;
use crate::node::NodeState;
use crate::registry::document::ConnectionDocument;
use crate::registry::security::{Given, Security};

/// How many are tried at once on a node.
const AT_ONCE: usize = 2;

/// How many looks at topics a node keeps, each with some megabytes of messages, and for how long: while somebody
/// chooses types for the columns they see.
const KEPT_LOOKS: usize = 2;
const KEEP_LOOKS_FOR: Duration = Duration::from_secs(120);

/// What is tried at the moment: each trial holds connections and a thread of its own.
#[derive(Debug)]
pub struct Trials {
    turns: Arc<Semaphore>,
    /// The latest looks, the last one last.
    looks: Arc<Mutex<Vec<Look>>>,
}

/// A topic as it was looked at, through a connection as it was then: whoever has another login gets another look.
#[derive(Debug)]
struct Look {
    connection: KafkaConnection,
    topic: String,
    looked: Arc<Looked>,
    at: Instant,
}

impl Default for Trials {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            looks: Arc::default(),
        }
    }
}

impl Trials {
    fn look(&self, connection: &KafkaConnection, topic: &str) -> Option<Arc<Looked>> {
        let looks = self.looks.lock();
        let mut looks = looks.iter().filter(|look| look.at.elapsed() < KEEP_LOOKS_FOR);
        let look = looks.find(|look| look.connection == *connection && look.topic == topic);
        look.map(|look| look.looked.clone())
    }

    fn keep(&self, connection: KafkaConnection, topic: String, looked: Arc<Looked>) {
        let looks = self.looks.clone();
        {
            let mut looks = looks.lock();
            looks.retain(|look| look.connection != connection || look.topic != topic);
            let spare = (looks.len() + 1).saturating_sub(KEPT_LOOKS);
            looks.drain(..spare);
            looks.push(Look {
                connection,
                topic,
                looked,
                at: Instant::now(),
            });
        }
        tokio::spawn(async move {
            tokio::time::sleep(KEEP_LOOKS_FOR).await;
            looks.lock().retain(|look| look.at.elapsed() < KEEP_LOOKS_FOR);
        });
    }

    fn begin(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.turns.clone().try_acquire_owned().map_err(|_| {
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "busy",
                "Other connections are being tried",
                format!("A node tries {AT_ONCE} at once."),
                "Try again in some seconds, or through another node.",
            )
            .again_after(3)
        })
    }
}

/// A connection to be tried: one that is there, one that was typed, or one that is there with changes that were typed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The name of one that is there. Secrets that are left out are its.
    pub name: Option<String>,
    /// `HOST:PORT[,HOST:PORT…]`
    pub brokers: Option<String>,
    /// How it is secured.
    pub security: Option<Security<Given>>,
}

/// A topic to be looked at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// The name of a connection that is there. Secrets that are left out are its.
    pub connection: Option<String>,
    /// `HOST:PORT[,HOST:PORT…]`
    pub brokers: Option<String>,
    /// How it is secured.
    pub security: Option<Security<Given>>,
    /// The topic.
    pub topic: String,
    /// What is decided about its columns, as in POST /api/v1/streams. A look that the node took at the topic within the
    /// last two minutes serves again, so that only what was decided makes a difference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnChoice>,
}

/// Says whether a connection works, step by step, and which topics there are. Nothing is kept.
#[utoipa::path(
    post,
    path = "/api/v1/connections/test",
    tag = "connections",
    request_body = Trial,
    responses((status = 200, description = "Tried", body = Findings))
)]
pub(in crate::http) async fn test(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    Body(trial): Body<Trial>,
) -> Result<Json<Findings>, Problem> {
    let Trial {
        name,
        brokers,
        security,
    } = trial;
    let connection = typed(&state, &caller, name.as_deref(), brokers, security).await?;
    let turn = state.trials.begin()?;
    let found = check::check(connection, turn).await;
    found.map(Json).map_err(|error| draft::setup_problem(&error))
}

/// Looks at a topic: some messages, and the columns that a stream would begin with, as proposed or as somebody decides.
/// Nothing is made.
#[utoipa::path(
    post,
    path = "/api/v1/connections/preview",
    tag = "connections",
    request_body = PreviewRequest,
    responses((status = 200, description = "Looked at", body = Preview))
)]
pub(in crate::http) async fn preview(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<PreviewRequest>,
) -> Result<Json<Preview>, Problem> {
    let PreviewRequest {
        connection,
        brokers,
        security,
        topic,
        columns,
    } = request;
    draft::require_topic(&topic)?;
    let choices = checked_choices(&columns)?;
    let connection = typed(&state, &caller, connection.as_deref(), brokers, security).await?;
    let known = state
        .trials
        .look(&connection, &topic)
        .filter(|_| !choices.is_empty());
    let looked = match known {
        Some(looked) => looked,
        None => look(&state, connection, topic).await?,
    };
    // Decoding what was seen for each choice takes a core.
    let turn = state.trials.begin()?;
    let preview = tokio::task::spawn_blocking(move || {
        let preview = looked.preview(&choices);
        drop(turn);
        preview
    });
    let preview = preview.await;
    preview
        .map(Json)
        .map_err(|error| preview_problem(&SourceError::Setup(error.to_string())))
}

/// Looks at a topic when it is this request's turn, and keeps what was seen for a while.
async fn look(state: &NodeState, connection: KafkaConnection, topic: String) -> Result<Arc<Looked>, Problem> {
    let turn = state.trials.begin()?;
    let looked = tokio::task::spawn_blocking(move || {
        let looked = preview::look(&connection, &topic);
        drop(turn);
        (connection, topic, looked)
    });
    match looked.await {
        Ok((connection, topic, Ok(looked))) => {
            let looked = Arc::new(looked);
            state.trials.keep(connection, topic, looked.clone());
            Ok(looked)
        }
        Ok((_, _, Err(error))) => Err(preview_problem(&error)),
        Err(error) => Err(preview_problem(&SourceError::Setup(error.to_string()))),
    }
}

fn preview_problem(error: &SourceError) -> Problem {
    match error {
        SourceError::NoSuchTopic(topic) => Problem::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is no such topic",
            format!("The brokers know no topic {topic:?}, or the user may not see it."),
            "See POST /api/v1/connections/test for the topics there are.",
        )
        .about("topic"),
        SourceError::Setup(_) => draft::setup_problem(error),
        SourceError::Unreachable(_) => Problem::new(
            StatusCode::BAD_GATEWAY,
            "kafka-away",
            "The brokers do not answer",
            "They have not said within some seconds what the topic is like.",
            "POST /api/v1/connections/test says why.",
        ),
        SourceError::NoRight(right) => Problem::new(
            StatusCode::BAD_GATEWAY,
            "kafka-right",
            "The brokers do not let this user read the topic",
            right.why(),
            &right.what_to_do(),
        )
        .about("topic"),
        SourceError::OutOfRange | SourceError::Forbidden | SourceError::Refused(_) => Problem::new(
            StatusCode::BAD_GATEWAY,
            "kafka-refused",
            "The brokers refuse to show the topic",
            "They answer, but do not let this user read it, or it changes at this moment.",
            "Have the rights DESCRIBE and READ on the topic given to the user (ACLs), or try again.",
        ),
    }
}

/// The connection that a request speaks of, if its author may use it.
async fn typed(
    state: &NodeState,
    caller: &Caller,
    name: Option<&str>,
    brokers: Option<String>,
    security: Option<Security<Given>>,
) -> Result<KafkaConnection, Problem> {
    let known = match name {
        Some(name) => Some(known(state, name).await?),
        None => None,
    };
    let brokers = brokers.or_else(|| known.as_ref().map(|known| known.brokers.clone()));
    let brokers = brokers.ok_or_else(|| draft::missing("brokers"))?;
    let draft = match (&security, &known) {
        (Some(security), known) => Draft::of(&brokers, security, known.as_ref())?,
        (None, Some(known)) => Draft::with_brokers(&brokers, known)?,
        (None, None) => return Err(draft::missing("security")),
    };
    draft.allow(caller, known.as_ref())?;
    draft.usable(name.unwrap_or("trial")).await
}

async fn known(state: &NodeState, name: &str) -> Result<ConnectionDocument, Problem> {
    let missing = || Problem::not_found("connection", name).about("name");
    let Some(registry) = &state.registry else {
        return state.declared.connections.get(name).cloned().ok_or_else(missing);
    };
    let found = registry.connection(name).await?.ok_or_else(missing)?;
    found.content.map_err(|_| super::unreadable_document())
}
