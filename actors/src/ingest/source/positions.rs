//! Tells the brokers how far a group has come, so that tools which watch consumer groups can see the lag.
//!
//! Nothing depends on it, so it must hold nothing up, and it has a client and a thread of its own. Through the client that
//! reads it would: librdkafka begins to read a newly assigned partition only when none of that client's commits is
//! under way, and one to a broker that stands still is under way for as long as a request may take. (Its admin
//! requests for groups would do without a second client, but end the process when the group's coordinator goes at the
//! wrong moment: confluentinc/librdkafka#4605.)

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use aurora_cluster::Partition;
use parking_lot::Mutex;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::connection::{Context, KafkaConnection, SourceError};

/// The next offsets to read, by topic and partition.
type Positions = BTreeMap<(String, Partition), u64>;

/// Where positions are left to be told. The client is made when there is something to tell, and goes with this.
#[derive(Debug, Default)]
pub(super) struct PositionTeller {
    sender: Mutex<Option<Sender<Positions>>>,
}

impl PositionTeller {
    /// Has positions told, some time; those that are not told by then are overtaken by later ones.
    pub(super) fn tell(
        &self,
        connection: &KafkaConnection,
        topic: &str,
        positions: &BTreeMap<Partition, u64>,
    ) -> Result<(), SourceError> {
        let positions = positions
            .iter()
            .map(|(partition, next)| ((topic.to_owned(), *partition), *next))
            .collect();
        let mut sender = self.sender.lock();
        let sender = match &mut *sender {
            Some(sender) => sender,
            none => none.insert(start(connection)?),
        };
        // The thread ends with the sender.
        let _ = sender.send(positions);
        Ok(())
    }
}

fn start(connection: &KafkaConnection) -> Result<Sender<Positions>, SourceError> {
    let consumer = connection.consumer()?;
    let (sender, received) = mpsc::channel();
    std::thread::Builder::new()
        .name(format!("lag-{}", connection.name))
        .spawn(move || run(&consumer, &received))
        .map_err(|error| SourceError::Setup(error.to_string()))?;
    Ok(sender)
}

fn run(consumer: &BaseConsumer<Context>, received: &Receiver<Positions>) {
    while let Ok(mut positions) = received.recv() {
        // What came while the brokers took their time.
        for later in received.try_iter() {
            positions.extend(later);
        }
        if let Err(error) = commit(consumer, &positions) {
            tracing::debug!(%error, "the brokers are not told how far we are");
        }
        // The client's own complaints, which would pile up.
        while consumer.poll(Duration::ZERO).is_some() {}
    }
}

fn commit(consumer: &BaseConsumer<Context>, positions: &Positions) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::new();
    for ((topic, partition), next) in positions {
        let next = i64::try_from(*next).unwrap_or(i64::MAX);
        list.add_partition_offset(topic, *partition, Offset::Offset(next))?;
    }
    consumer.commit(&list, CommitMode::Sync)
}
