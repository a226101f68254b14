//! What a stream would be, before it is made: the same sample, inference and decoding that it begins with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::batch::Columns;
use super::decode::{Decoder, RejectReason, Unfit};
use super::schema::choice::{Choices, Plan};
use super::schema::infer::{Inference, Proposal};
use super::schema::{Column, TableSchema};
use super::source::connection::{Context, KafkaConnection, SourceError, partitions};
use super::source::rights::Right;
use super::source::sample::{SAMPLE_MESSAGES, Sampled, read_some};

mod alternatives;

pub use alternatives::TypeChoice;

/// How long each part of looking may take: the partitions, the first messages, the last ones.
const LOOK_LIMIT: Duration = Duration::from_secs(4);
/// How long it may take to count the messages.
const COUNT_LIMIT: Duration = Duration::from_secs(3);
/// Messages that are shown.
const SHOWN: usize = 20;
/// Bytes of a payload that are shown, and of a key and a rejected message.
const SHOWN_PAYLOAD_BYTES: usize = 4 << 10;
const SHOWN_TEXT_BYTES: usize = 400;

/// What a stream of a topic would begin with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// The topic.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: usize,
    /// Offsets from the first to the last of each partition; null when counting took too long. Where Kafka has removed
    /// some in between, messages are fewer.
    pub messages_in_topic: Option<String>,
    /// Messages that were looked at.
    pub sampled: usize,
    /// Some of them, the latest first.
    pub messages: Vec<PreviewMessage>,
    /// The columns that the table would have.
    pub columns: Vec<PreviewColumn>,
    /// Fields that would get no column, because the request leaves them out.
    pub left_out: Vec<PreviewLeftOut>,
    /// Messages that would become dead letters.
    pub rejected: Vec<PreviewRejects>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewMessage {
    /// Its partition.
    pub partition: i32,
    /// Its offset there.
    pub offset: String,
    /// When Kafka got it.
    pub timestamp: Option<jiff::Timestamp>,
    /// Its key; what is no UTF-8 in it is shown as �.
    pub key: Option<String>,
    /// Its payload, cut when it is long; what is no UTF-8 in it is shown as �.
    pub payload: String,
}

/// A column that the table would have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewColumn {
    /// Its name.
    pub name: String,
    /// The field: keys from the outermost object inwards.
    pub path: Vec<String>,
    /// Its type, as ClickHouse spells it.
    #[serde(rename = "type")]
    pub column_type: String,
    /// Messages that have a value there.
    pub seen: u64,
    /// Messages that have none.
    pub missing: u64,
    /// Some values, as JSON.
    pub examples: Vec<String>,
    /// What the sample shows of it.
    pub evidence: String,
    /// The type that the sample speaks for; null where it has no value there.
    pub proposed: Option<String>,
    /// The types that it could be given, the one it has among them, and what each would cost.
    pub choices: Vec<TypeChoice>,
}

/// A field that would get no column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewLeftOut {
    /// The field: keys from the outermost object inwards.
    pub path: Vec<String>,
    /// Messages that have a value there; 0 for an object.
    pub seen: u64,
}

/// Messages that would become dead letters for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewRejects {
    /// The reason, in short.
    pub reason: String,
    /// The column that they do not fit into, if that is the reason. A message counts for the first one only.
    pub column: Option<String>,
    /// How many.
    pub count: u64,
    /// The reason of one of them, as a sentence.
    pub detail: String,
    /// The beginning of that one.
    pub example: String,
}

/// What was found when a topic was looked at.
#[derive(Debug)]
pub struct Looked {
    topic: String,
    partitions: usize,
    messages_in_topic: Option<u64>,
    sampled: Vec<Sampled>,
}

/// Looks at a topic. Blocks for some seconds at most.
pub fn look(connection: &KafkaConnection, topic: &str) -> Result<Looked, SourceError> {
    let consumer = connection.sampling_consumer()?;
    let ids = partitions(&consumer, topic, LOOK_LIMIT)
        .map_err(|error| error.about(connection, topic, Right::Describe))?;
    let sampled = read_some(&consumer, topic, &ids, SAMPLE_MESSAGES, LOOK_LIMIT)
        .map_err(|error| error.about(connection, topic, Right::Read))?;
    Ok(Looked {
        topic: topic.to_owned(),
        partitions: ids.len(),
        messages_in_topic: messages_in(&consumer, topic, &ids),
        sampled,
    })
}

impl Looked {
    /// What a stream would begin with if its table were made with these choices. Uses a processor for a while.
    pub fn preview(&self, choices: &Choices) -> Preview {
        let (columns, left_out, rejected) = planned(&self.sampled, choices);
        Preview {
            topic: self.topic.clone(),
            partitions: self.partitions,
            messages_in_topic: self.messages_in_topic.map(|count| count.to_string()),
            sampled: self.sampled.len(),
            messages: latest(&self.sampled),
            columns,
            left_out,
            rejected,
        }
    }
}

fn messages_in(consumer: &BaseConsumer<Context>, topic: &str, ids: &[i32]) -> Option<u64> {
    let deadline = Instant::now() + COUNT_LIMIT;
    let mut count = 0;
    for id in ids {
        let left = deadline.checked_duration_since(Instant::now())?;
        let (low, high) = consumer.fetch_watermarks(topic, *id, left).ok()?;
        count += u64::try_from(high - low).unwrap_or(0);
    }
    Some(count)
}

/// The columns, what is left out, and what would not fit.
fn planned(
    sampled: &[Sampled],
    choices: &Choices,
) -> (Vec<PreviewColumn>, Vec<PreviewLeftOut>, Vec<PreviewRejects>) {
    let mut sample = Inference::default();
    for message in sampled {
        sample.observe(&message.payload, message.timestamp_ms);
    }
    let (messages, unfit) = sample.seen();
    let left_out = choices.left_out().iter().map(|path| PreviewLeftOut {
        path: path.clone(),
        seen: sample.present(path),
    });
    let Plan {
        schema, proposals, ..
    } = choices.plan(&sample);
    let alternatives = alternatives::alternatives(&schema, &proposals, &sample, sampled);
    let columns = schema.columns.iter().zip(proposals).zip(alternatives);
    let columns = columns
        .map(|((column, proposal), choices)| preview_column(column, proposal, choices, messages - unfit))
        .collect();
    (columns, left_out.collect(), rejects(schema, sampled))
}

fn preview_column(
    column: &Column,
    proposal: Option<Proposal>,
    choices: Vec<TypeChoice>,
    objects: u64,
) -> PreviewColumn {
    let seen = proposal.as_ref().map_or(0, |proposal| proposal.seen);
    PreviewColumn {
        name: column.name.clone(),
        path: column.path.clone(),
        column_type: column.column_type.to_string(),
        seen,
        missing: objects.saturating_sub(seen),
        proposed: proposal.as_ref().map(|proposal| proposal.column_type.to_string()),
        evidence: match &proposal {
            Some(proposal) => proposal.evidence.clone(),
            None => "in none of the messages that were looked at".to_owned(),
        },
        examples: proposal.map(|proposal| proposal.examples).unwrap_or_default(),
        choices,
    }
}

fn rejects(schema: TableSchema, sampled: &[Sampled]) -> Vec<PreviewRejects> {
    let schema = Arc::new(schema);
    let mut decoder = Decoder::new(schema.clone());
    let mut columns = Columns::new(schema);
    let mut found: BTreeMap<(&'static str, Option<String>), PreviewRejects> = BTreeMap::new();
    for message in sampled {
        let Err(reason) = decoder.decode(&message.payload, &mut columns, Unfit::Settle) else {
            continue;
        };
        let column = match &reason {
            RejectReason::WrongType { column, .. } => Some(column.clone()),
            _ => None,
        };
        let rejects = found
            .entry((reason.code(), column.clone()))
            .or_insert_with(|| PreviewRejects {
                reason: reason.code().to_owned(),
                column,
                count: 0,
                detail: reason.to_string(),
                example: shown(&message.payload, SHOWN_TEXT_BYTES),
            });
        rejects.count += 1;
    }
    found.into_values().collect()
}

fn latest(sampled: &[Sampled]) -> Vec<PreviewMessage> {
    let mut latest: Vec<&Sampled> = sampled.iter().collect();
    latest
        .sort_by_key(|message| std::cmp::Reverse((message.timestamp_ms, message.partition, message.offset)));
    latest.truncate(SHOWN);
    let shown_message = |message: &Sampled| PreviewMessage {
        partition: message.partition,
        offset: message.offset.to_string(),
        timestamp: jiff::Timestamp::from_millisecond(message.timestamp_ms).ok(),
        key: message.key.as_ref().map(|key| shown(key, SHOWN_TEXT_BYTES)),
        payload: shown(&message.payload, SHOWN_PAYLOAD_BYTES),
    };
    latest.into_iter().map(shown_message).collect()
}

/// The beginning of a text, cut between characters.
fn shown(bytes: &[u8], most: usize) -> String {
    let mut end = bytes.len().min(most);
    // A byte of this form is in the middle of a character.
    while end < bytes.len() && end > 0 && bytes[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests;
