//! What a stream would be, before it is made: the same sample, inference and decoding that it begins with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::batch::Columns;
use super::decode::{Decoder, Unfit};
use super::schema::TableSchema;
use super::schema::infer::{Inference, Proposal};
use super::source::connection::{Context, KafkaConnection, SourceError, partitions};
use super::source::sample::{SAMPLE_MESSAGES, Sampled, read_some};

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
    /// What speaks for the type.
    pub evidence: String,
}

/// Messages that would become dead letters for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewRejects {
    /// The reason, in short.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The reason of one of them, as a sentence.
    pub detail: String,
    /// The beginning of that one.
    pub example: String,
}

/// Looks at a topic. Blocks for some seconds at most.
pub fn preview(connection: &KafkaConnection, topic: &str) -> Result<Preview, SourceError> {
    let consumer = connection.sampling_consumer()?;
    let ids = partitions(&consumer, topic, LOOK_LIMIT)?;
    let sampled = read_some(&consumer, topic, &ids, SAMPLE_MESSAGES, LOOK_LIMIT)?;
    let count = messages_in(&consumer, topic, &ids);
    let (columns, rejected) = proposed(&sampled);
    Ok(Preview {
        topic: topic.to_owned(),
        partitions: ids.len(),
        messages_in_topic: count.map(|count| count.to_string()),
        sampled: sampled.len(),
        messages: latest(sampled),
        columns,
        rejected,
    })
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

/// The columns, and what would not fit into them.
fn proposed(sampled: &[Sampled]) -> (Vec<PreviewColumn>, Vec<PreviewRejects>) {
    let mut inference = Inference::default();
    for message in sampled {
        inference.observe(&message.payload, message.timestamp_ms);
    }
    let (messages, unfit) = inference.seen();
    let mut schema = TableSchema::default();
    let mut columns = Vec::new();
    for proposal in inference.propose() {
        let Some(column) = schema.add(&proposal.path, proposal.column_type) else {
            continue;
        };
        columns.push(preview_column(column.name.clone(), proposal, messages - unfit));
    }
    (columns, rejects(schema, sampled))
}

fn preview_column(name: String, proposal: Proposal, objects: u64) -> PreviewColumn {
    PreviewColumn {
        name,
        column_type: proposal.column_type.to_string(),
        path: proposal.path,
        seen: proposal.seen,
        missing: objects.saturating_sub(proposal.seen),
        examples: proposal.examples,
        evidence: proposal.evidence,
    }
}

fn rejects(schema: TableSchema, sampled: &[Sampled]) -> Vec<PreviewRejects> {
    let schema = Arc::new(schema);
    let mut decoder = Decoder::new(schema.clone());
    let mut columns = Columns::new(schema.clone());
    let mut found: BTreeMap<&'static str, PreviewRejects> = BTreeMap::new();
    for message in sampled {
        let Err(reason) = decoder.decode(&message.payload, &mut columns, Unfit::Settle) else {
            continue;
        };
        let rejects = found.entry(reason.code()).or_insert_with(|| PreviewRejects {
            reason: reason.code().to_owned(),
            count: 0,
            detail: reason.to_string(),
            example: shown(&message.payload, SHOWN_TEXT_BYTES),
        });
        rejects.count += 1;
    }
    found.into_values().collect()
}

fn latest(mut sampled: Vec<Sampled>) -> Vec<PreviewMessage> {
    sampled
        .sort_by_key(|message| std::cmp::Reverse((message.timestamp_ms, message.partition, message.offset)));
    sampled.truncate(SHOWN);
    let shown_message = |message: Sampled| PreviewMessage {
        partition: message.partition,
        offset: message.offset.to_string(),
        timestamp: jiff::Timestamp::from_millisecond(message.timestamp_ms).ok(),
        key: message.key.map(|key| shown(&key, SHOWN_TEXT_BYTES)),
        payload: shown(&message.payload, SHOWN_PAYLOAD_BYTES),
    };
    sampled.into_iter().map(shown_message).collect()
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
mod tests {
    use super::*;

    fn sampled(offset: i64, payload: &str) -> Sampled {
        Sampled {
            partition: 0,
            offset,
            key: None,
            payload: payload.as_bytes().to_vec(),
            timestamp_ms: 1_795_367_045_000 + offset,
        }
    }

    #[test]
    fn columns_and_rejects_are_those_that_a_stream_would_have() {
        let mut messages: Vec<Sampled> = (0..300)
            .map(|n| sampled(n, &format!(r#"{{"n":{n},"who":{{"name":"ann"}}}}"#)))
            .collect();
        messages.push(sampled(300, r#"{"n":"many"}"#));
        messages.push(sampled(301, "broken"));
        messages.push(sampled(302, "[1]"));
        let (columns, rejected) = proposed(&messages);
        let columns: Vec<(&str, &str, u64, u64)> = columns
            .iter()
            .map(|column| {
                (
                    column.name.as_str(),
                    column.column_type.as_str(),
                    column.seen,
                    column.missing,
                )
            })
            .collect();
        assert_eq!(
            columns,
            [
                ("n", "Nullable(Int64)", 301, 0),
                ("who.name", "LowCardinality(Nullable(String))", 300, 1)
            ]
        );
        let rejected: Vec<(&str, u64, &str)> = rejected
            .iter()
            .map(|rejects| (rejects.reason.as_str(), rejects.count, rejects.example.as_str()))
            .collect();
        assert_eq!(
            rejected,
            [
                ("invalid_json", 1, "broken"),
                ("not_an_object", 1, "[1]"),
                ("wrong_type", 1, r#"{"n":"many"}"#)
            ]
        );
    }

    #[test]
    fn the_latest_messages_are_shown_and_long_ones_are_cut() {
        let mut messages: Vec<Sampled> = (0..30).map(|n| sampled(n, "{}")).collect();
        messages.push(sampled(30, &"ä".repeat(3_000)));
        let shown = latest(messages);
        assert_eq!(
            (shown.len(), shown[0].offset.as_str(), shown[19].offset.as_str()),
            (20, "30", "11")
        );
        assert_eq!(shown[0].payload, "ä".repeat(2_048));
        assert_eq!(super::shown("aä".as_bytes(), 2), "a");
    }
}
