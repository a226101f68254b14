//! Tells the brokers how far a group has come, so that tools which watch consumer groups can see the lag.
//!
//! Nothing depends on it, so it must hold nothing up: a consumer's own `commit` would, since librdkafka begins to read
//! a newly assigned partition only when no commit of that consumer is under way, and one to a broker that stands still is
//! under way for as long as a request may take. This goes by AlterConsumerGroupOffsets, which the Rust binding does not wrap.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::ptr;
use std::time::Duration;

use aurora_cluster::Partition;
use rdkafka::bindings as rd;
use rdkafka::client::Client;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::connection::Context;

/// Sends the positions of some partitions of `topic` (the next offset to read, by partition) in the name of `group`, which
/// must have no members, and does not wait for an answer. What does not arrive within `patience` is given up.
pub(super) fn send(
    client: &Client<Context>,
    group: &str,
    topic: &str,
    positions: &BTreeMap<Partition, u64>,
    patience: Duration,
) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::new();
    for (partition, next) in positions {
        let next = i64::try_from(*next).unwrap_or(i64::MAX);
        list.add_partition_offset(topic, *partition, Offset::Offset(next))?;
    }
    let group = CString::new(group)?;
    let patience_ms = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: every pointer comes from librdkafka and is destroyed once, after its last use. The request copies the group
    // and the list. An answer to a queue that is gone is dropped by librdkafka.
    unsafe {
        let handle = client.native_ptr();
        let options = rd::rd_kafka_AdminOptions_new(
            handle,
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS,
        );
        rd::rd_kafka_AdminOptions_set_request_timeout(options, patience_ms, ptr::null_mut(), 0);
        let queue = rd::rd_kafka_queue_new(handle);
        let mut request = rd::rd_kafka_AlterConsumerGroupOffsets_new(group.as_ptr(), list.ptr());
        rd::rd_kafka_AlterConsumerGroupOffsets(handle, &raw mut request, 1, options, queue);
        rd::rd_kafka_AlterConsumerGroupOffsets_destroy(request);
        rd::rd_kafka_queue_destroy(queue);
        rd::rd_kafka_AdminOptions_destroy(options);
    }
    Ok(())
}
