//! What a stream looks after while it runs: its lag, its topic, and whether the journal is true.

use std::time::{Duration, Instant};

use ractor::ActorRef;

use super::{StreamContext, StreamMessage, bootstrap};
use crate::ingest::audit;
use crate::ingest::metrics::StreamLabels;
use crate::ingest::source::connection::SourceError;
use crate::ingest::source::sample::sample;
use crate::ingest::status::State;

const REFRESH_INTERVAL: Duration = Duration::from_secs(5);
/// How long a look may take whether the topic may be read.
const LOOK_LIMIT: Duration = Duration::from_secs(3);
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

/// Says in the status when the brokers do not let the topic be read any more, until they do. The consumer goes on trying
/// by itself.
pub(super) async fn watch_rights(context: StreamContext) {
    let mut seen = context.source.times_forbidden();
    let mut is_forbidden = false;
    loop {
        tokio::time::sleep(REFRESH_INTERVAL).await;
        let times = context.source.times_forbidden();
        if times == seen && !is_forbidden {
            continue;
        }
        // It may be another topic of the connection.
        let (connection, topic) = (
            context.source.connection().clone(),
            context.spec.id.topic().to_owned(),
        );
        let looked = tokio::task::spawn_blocking(move || sample(&connection, &topic, 1, LOOK_LIMIT)).await;
        match looked {
            Ok(Err(error @ SourceError::NoRight(_))) => {
                let reason = error.to_string();
                if !is_forbidden {
                    tracing::warn!(stream = %context.spec.id, reason, "the brokers do not let the topic be read");
                }
                is_forbidden = true;
                context
                    .status
                    .change_state(State::Running, State::Waiting, Some(reason));
            }
            Ok(Ok(_)) => {
                seen = times;
                if is_forbidden {
                    context.status.change_state(State::Waiting, State::Running, None);
                }
                is_forbidden = false;
            }
            // Brokers that are away say nothing about rights.
            _ => {}
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
