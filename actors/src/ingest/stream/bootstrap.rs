//! What has to be known before a stream's partitions can start: the topic, its generation, and a
//! table for it.

use std::sync::Arc;
use std::time::Duration;

use aurora_cluster::Partition;

use super::StreamContext;
use crate::ingest::generation;
use crate::ingest::ownership::StreamTarget;
use crate::ingest::schema::choice::Plan;
use crate::ingest::schema::infer::Inference;
use crate::ingest::schema::keeper::SchemaKeeper;
use crate::ingest::schema::table;
use crate::ingest::source::connection::SourceError;
use crate::ingest::source::sample::{SAMPLE_MESSAGES, sample};
use crate::ingest::start::{self, Beginnings, Start};
use crate::ingest::status::State;
use crate::store::{StoreError, identity, system};

/// How long to look for messages to infer a schema from.
const SAMPLE_LIMIT: Duration = Duration::from_secs(10);
/// A topic with fewer messages gets a moment to fill, so that a stream's first message alone does
/// not decide the table.
const SMALL_SAMPLE: usize = 100;
const SMALL_SAMPLE_WAIT: Duration = Duration::from_secs(2);

const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A stream that can start.
#[derive(Debug)]
pub struct Bootstrapped {
    /// The stream.
    pub target: StreamTarget,
    /// What tells this life of the topic from others.
    pub topic_identity: String,
    /// The topic's partitions.
    pub partitions: Vec<Partition>,
    /// Where those begin that do not begin at their first offset.
    pub beginnings: Beginnings,
    /// The table's schema.
    pub schema: Arc<SchemaKeeper>,
}

#[derive(Debug, thiserror::Error)]
enum NotYet {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("this ClickHouse belongs to the cluster {0:?}, which is not ours")]
    Foreign(String),
    #[error("the topic has no messages yet; the table is made from the first ones")]
    NoMessages,
}

/// Tries until it has succeeded, saying in the stream's status what it waits for.
pub(super) async fn bootstrap(context: &StreamContext) -> Bootstrapped {
    let mut pause = SHORTEST_PAUSE;
    loop {
        match attempt(context).await {
            Ok(ready) => return ready,
            Err(not_yet) => {
                let reason = not_yet.to_string();
                tracing::info!(stream = %context.spec.id, reason, "the stream cannot start yet");
                context.status.set_state(State::Waiting, Some(reason));
                // New messages are waited for eagerly: somebody is watching.
                pause = if matches!(not_yet, NotYet::NoMessages) {
                    SHORTEST_PAUSE
                } else {
                    pause * 2
                };
                pause = pause.min(LONGEST_PAUSE);
                tokio::time::sleep(pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
            }
        }
    }
}

async fn attempt(context: &StreamContext) -> Result<Bootstrapped, NotYet> {
    let StreamContext {
        spec, source, store, ..
    } = context;
    let partitions = source.partitions(spec.id.topic()).await?;
    let topic_identity = topic_identity(context).await?;
    system::create(store, &spec.database).await?;
    let owner = identity::settle(store, context.cluster.as_ref()).await?;
    if owner != context.cluster {
        return Err(NotYet::Foreign(owner.unwrap_or_default().name));
    }
    let target = generation::current(store, &spec.id, &topic_identity, &spec.database).await?;
    let beginnings = beginnings(context, &target, &partitions).await?;
    let schema = match table::read(store, &target.table).await? {
        Some(schema) => {
            let otherwise = spec.columns.not_in(&schema);
            if !otherwise.is_empty() {
                tracing::info!(stream = %spec.id, table = %target.table, ?otherwise, "the table is there already, with other columns than were chosen");
            }
            schema
        }
        None => {
            let Plan { schema, keys, .. } = spec.columns.plan(&look(context).await?);
            table::create(store, &target.table, &schema, &keys).await?;
            tracing::info!(stream = %spec.id, table = %target.table, columns = schema.columns.len(), ?keys, "table made");
            table::read(store, &target.table).await?.unwrap_or(schema)
        }
    };
    let schema = Arc::new(SchemaKeeper::new(store.clone(), target.table.clone(), schema));
    Ok(Bootstrapped {
        target,
        topic_identity,
        partitions,
        beginnings,
        schema,
    })
}

/// Where the stream begins, which is decided by whoever looks first.
async fn beginnings(
    context: &StreamContext,
    target: &StreamTarget,
    partitions: &[Partition],
) -> Result<Beginnings, NotYet> {
    let StreamContext {
        spec, source, store, ..
    } = context;
    if spec.start == Start::Earliest {
        return Ok(Beginnings::new());
    }
    if let Some(decided) = start::decided(store, target).await? {
        return Ok(decided);
    }
    let beginnings = source.beginnings(spec.id.topic(), partitions, spec.start).await?;
    let decided = start::decide(store, target, &beginnings).await?;
    tracing::info!(stream = %spec.id, start = %spec.start, ?decided, "where the stream begins has been decided");
    Ok(decided)
}

/// What tells this life of the topic from others.
pub(super) async fn topic_identity(context: &StreamContext) -> Result<String, SourceError> {
    match &context.spec.topic_identity {
        Some(identity) => Ok(identity.clone()),
        None => context.source.topic_identity(context.spec.id.topic()).await,
    }
}

async fn look(context: &StreamContext) -> Result<Inference, NotYet> {
    let mut waited = false;
    loop {
        let connection = context.source.connection().clone();
        let topic = context.spec.id.topic().to_owned();
        let found =
            tokio::task::spawn_blocking(move || sample(&connection, &topic, SAMPLE_MESSAGES, SAMPLE_LIMIT))
                .await
                .map_err(|error| SourceError::Setup(error.to_string()))??;
        if found.is_empty() {
            return Err(NotYet::NoMessages);
        }
        if found.len() < SMALL_SAMPLE && !waited {
            waited = true;
            tokio::time::sleep(SMALL_SAMPLE_WAIT).await;
            continue;
        }
        let mut inference = Inference::default();
        found
            .iter()
            .for_each(|message| inference.observe(&message.payload, message.timestamp_ms));
        return Ok(inference);
    }
}
