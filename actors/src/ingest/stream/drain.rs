//! Asking pipelines to hand over, and waiting until they have.

use ractor::ActorRef;
use tokio::sync::oneshot;

use crate::ingest::pipeline::PipelineMessage;

/// Asks a pipeline to hand over; `None` when it has ended already.
pub(super) fn ask_to_drain(pipeline: &ActorRef<PipelineMessage>) -> Option<oneshot::Receiver<()>> {
    let (done, handed_over) = oneshot::channel();
    pipeline
        .cast(PipelineMessage::Drain(done.into()))
        .ok()
        .map(|()| handed_over)
}

/// Waits for what was asked for by [`ask_to_drain`]. A pipeline that fails meanwhile has nothing to
/// hand over.
pub(super) async fn all_drained(handovers: Vec<oneshot::Receiver<()>>) {
    for handed_over in handovers {
        let _ = handed_over.await;
    }
}
