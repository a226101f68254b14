//! The id that a topic got when it was made (KIP-516), through librdkafka's DescribeTopics, which
//! the Rust binding does not wrap.

use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::client::Client;

use super::connection::{Context, SourceError};

/// The id of a topic, as text; `None` when the brokers give none.
pub(super) fn fetch(
    client: &Client<Context>,
    topic: &str,
    timeout: Duration,
) -> Result<Option<String>, SourceError> {
    let name = CString::new(topic).map_err(|error| SourceError::Setup(error.to_string()))?;
    let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    let mut names = [name.as_ptr()];
    // SAFETY: every pointer comes from librdkafka and is destroyed once, after its last use; the
    // event owns what is read from it, and the texts are copied before it goes.
    unsafe {
        let handle = client.native_ptr();
        let queue = rd::rd_kafka_queue_new(handle);
        let topics = rd::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), 1);
        rd::rd_kafka_DescribeTopics(handle, topics, ptr::null(), queue);
        let event = rd::rd_kafka_queue_poll(queue, timeout_ms);
        let answer = read(event, topic);
        if !event.is_null() {
            rd::rd_kafka_event_destroy(event);
        }
        rd::rd_kafka_TopicCollection_destroy(topics);
        rd::rd_kafka_queue_destroy(queue);
        answer
    }
}

/// Reads the answer from `event`.
///
/// # Safety
/// `event` is null or a live event of librdkafka.
unsafe fn read(event: *mut rd::rd_kafka_event_t, topic: &str) -> Result<Option<String>, SourceError> {
    if event.is_null() {
        return Err(SourceError::Unreachable("no answer to DescribeTopics".to_owned()));
    }
    // SAFETY: the event is live, and results, descriptions and ids live as long as it does.
    unsafe {
        let result = rd::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() || rd::rd_kafka_event_error(event) as i32 != 0 {
            let reason = rd::rd_kafka_event_error_string(event);
            return Err(SourceError::Unreachable(text(reason)));
        }
        let mut count = 0;
        let descriptions = rd::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if count == 0 {
            return Err(SourceError::NoSuchTopic(topic.to_owned()));
        }
        let description = *descriptions;
        let error = rd::rd_kafka_error_code(rd::rd_kafka_TopicDescription_error(description));
        match rdkafka::error::RDKafkaErrorCode::from(error) {
            rdkafka::error::RDKafkaErrorCode::NoError => {}
            rdkafka::error::RDKafkaErrorCode::UnknownTopicOrPartition => {
                return Err(SourceError::NoSuchTopic(topic.to_owned()));
            }
            rdkafka::error::RDKafkaErrorCode::TopicAuthorizationFailed => return Err(SourceError::Forbidden),
            code => return Err(SourceError::Refused(code.to_string())),
        }
        let id = rd::rd_kafka_TopicDescription_topic_id(description);
        if id.is_null() {
            return Ok(None);
        }
        let (most, least) = (
            rd::rd_kafka_Uuid_most_significant_bits(id),
            rd::rd_kafka_Uuid_least_significant_bits(id),
        );
        Ok((most != 0 || least != 0).then(|| format!("{most:016x}{least:016x}")))
    }
}

/// Copies a text of librdkafka.
///
/// # Safety
/// `pointer` is null or a live text that ends with a zero byte.
unsafe fn text(pointer: *const std::ffi::c_char) -> String {
    if pointer.is_null() {
        return "DescribeTopics failed".to_owned();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}
