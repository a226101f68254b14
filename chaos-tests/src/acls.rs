//! Rights on topics, given and taken by the brokers' own requests: the client for tests has no words for them.

use std::ffi::{CString, c_char};
use std::ptr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::admin::AdminClient;
use rdkafka::bindings as rd;
use rdkafka::client::DefaultClientContext;

use crate::kafka::Kafka;

const LIMIT: Duration = Duration::from_secs(20);

/// What may be done with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// To see that it is there.
    Describe,
    /// To read it, which includes to see it.
    Read,
}

/// Lets `user` do that with a topic.
pub async fn allow(kafka: &Kafka, user: &str, operation: Operation, topic: &str) -> Result<()> {
    ask(kafka, user, operation, topic, Change::Add).await
}

/// Takes it back.
pub async fn take_back(kafka: &Kafka, user: &str, operation: Operation, topic: &str) -> Result<()> {
    ask(kafka, user, operation, topic, Change::Delete).await
}

#[derive(Clone, Copy)]
enum Change {
    Add,
    Delete,
}

async fn ask(kafka: &Kafka, user: &str, operation: Operation, topic: &str, change: Change) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = kafka.client_config().create()?;
    let (principal, topic) = (CString::new(format!("User:{user}"))?, CString::new(topic)?);
    tokio::task::spawn_blocking(move || change_rights(&admin, &principal, operation, &topic, change))
        .await
        .context("the thread that asks for rights")?
}

fn change_rights(
    admin: &AdminClient<DefaultClientContext>,
    principal: &CString,
    operation: Operation,
    topic: &CString,
    change: Change,
) -> Result<()> {
    let operation = match operation {
        Operation::Describe => rd::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_DESCRIBE,
        Operation::Read => rd::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_READ,
    };
    let make = match change {
        Change::Add => rd::rd_kafka_AclBinding_new,
        Change::Delete => rd::rd_kafka_AclBindingFilter_new,
    };
    let mut error: [c_char; 256] = [0; 256];
    // SAFETY: every pointer is of this function or comes from librdkafka, is live while it is used, and is destroyed
    // once, after its last use.
    unsafe {
        let mut binding = make(
            rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC,
            topic.as_ptr(),
            rd::rd_kafka_ResourcePatternType_t::RD_KAFKA_RESOURCE_PATTERN_LITERAL,
            principal.as_ptr(),
            c"*".as_ptr(),
            operation,
            rd::rd_kafka_AclPermissionType_t::RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW,
            error.as_mut_ptr(),
            error.len(),
        );
        ensure!(!binding.is_null(), "no right can be spoken of like that");
        let client = admin.inner().native_ptr();
        let queue = rd::rd_kafka_queue_new(client);
        match change {
            Change::Add => rd::rd_kafka_CreateAcls(client, &raw mut binding, 1, ptr::null(), queue),
            Change::Delete => rd::rd_kafka_DeleteAcls(client, &raw mut binding, 1, ptr::null(), queue),
        }
        let limit_ms = i32::try_from(LIMIT.as_millis()).unwrap_or(i32::MAX);
        let event = rd::rd_kafka_queue_poll(queue, limit_ms);
        let code = (!event.is_null()).then(|| rd::rd_kafka_event_error(event) as i32);
        if !event.is_null() {
            rd::rd_kafka_event_destroy(event);
        }
        rd::rd_kafka_AclBinding_destroy(binding);
        rd::rd_kafka_queue_destroy(queue);
        ensure!(code == Some(0), "the brokers do not change rights: {code:?}");
    }
    Ok(())
}
