//! What a stream looks after while it runs: its lag, its topic, and whether the journal is true.

use std::time::{Duration, Instant};

use ractor::ActorRef;

use super::{StreamContext, StreamMessage, bootstrap};
use crate::ingest::audit;
use crate::ingest::metrics::StreamLabels;

const REFRESH_INTERVAL: Duration = Duration::from_secs(5);
const LAG_INTERVAL: Duration = Duration::from_secs(1);
/// The audit runs this often, and never takes more than a twentieth of the time.
const AUDIT_INTERVAL: Duration = Duration::from_secs(10);
const AUDIT_SHARE: u32 = 20;

pub(super) async fn report_lag(context: StreamContext) {
    let labels = StreamLabels {
        stream: context.spec.id.to_string(),
    };
    let mut ticks = tokio::time::interval(LAG_INTERVAL);
    loop {
        ticks.tick().await;
        let lag = i64::try_from(context.status.lag()).unwrap_or(i64::MAX);
        context.metrics.lag.get_or_create(&labels).set(lag);
    }
}

pub(super) async fn watch_topic(context: StreamContext, myself: ActorRef<StreamMessage>) {
    loop {
        tokio::time::sleep(REFRESH_INTERVAL).await;
        // Brokers that are away are dealt with by those who read from them.
        if let Ok(partitions) = context.source.partitions(context.spec.id.topic()).await
            && let Ok(identity) = bootstrap::topic_identity(&context).await
            && myself.cast(StreamMessage::Topic(identity, partitions)).is_err()
        {
            return;
        }
    }
}

pub(super) async fn audit_continuously(context: StreamContext) {
    let labels = StreamLabels {
        stream: context.spec.id.to_string(),
    };
    let mut pause = Duration::from_secs(2);
    loop {
        tokio::time::sleep(pause).await;
        let Some(shape) = context.shape.lock().clone() else {
            continue;
        };
        // One node is enough: that with the first partition.
        if !shape
            .partitions
            .first()
            .is_some_and(|first| context.status.here().contains(first))
        {
            continue;
        }
        let started = Instant::now();
        match audit::audit(&context.store, &shape.target).await {
            Ok(report) => {
                if !report.clean {
                    tracing::error!(stream = %report.stream, problems = ?report.problems, "the audit found errors");
                }
                context
                    .metrics
                    .audit_clean
                    .get_or_create(&labels)
                    .set(i64::from(report.clean));
                context.status.set_audit(report);
            }
            Err(error) => tracing::debug!(%error, "no audit possible"),
        }
        pause = AUDIT_INTERVAL.max(started.elapsed() * AUDIT_SHARE);
    }
}
