//! What other nodes ask. Whatever is not sealed by this cluster for this process gets a bare 404, as if
//! nothing were here.

use std::sync::Arc;

use aurora_actors::ingest::supervisor::IngestMessage;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::dead_letters;
use crate::cluster::peer::{Answer, Request};
use crate::node::NodeState;

/// Answers a sealed request, sealed.
pub(super) async fn answer(State(state): State<Arc<NodeState>>, sealed: Bytes) -> Response {
    let Some((from, request)) = state.cluster.open(&sealed) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let answer = match request {
        Request::Report => Answer::Report(state.cluster.report()),
        Request::Drain => {
            tracing::info!(by = %from, "asked to hand over and go");
            state.leave.cancel();
            Answer::Done
        }
        Request::Retry(stream, generation, partition, retry) => {
            match dead_letters::retry::here(&state, &stream, generation, partition, retry).await {
                Ok(retried) => Answer::Retried(retried),
                Err(reason) => Answer::Refused(reason),
            }
        }
        Request::Release(stream, generation, partitions) => {
            tracing::info!(%stream, to = %from, ?partitions, "handing over");
            let (done, released) = tokio::sync::oneshot::channel();
            let message = IngestMessage::Release(stream, generation, partitions, done.into());
            let asked = state.ingest.cast(message);
            match (asked, released.await) {
                (Ok(()), Ok(())) => Answer::Done,
                // Then nothing writes here either: it may be taken.
                _ => Answer::Refused("the stream does not run here".to_owned()),
            }
        }
    };
    match state.cluster.answer(&sealed, &answer) {
        Some(sealed) => sealed.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
