//! Ctrl-C while something is waited for.

use std::future::Future;

/// What a process ends with that Ctrl-C has ended: as shells count, 128 and the number of the signal.
pub(super) const INTERRUPTED: u8 = 130;

/// Waits for something, unless Ctrl-C comes first: then it is dropped, and nothing comes of it.
pub(super) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Who cannot listen to Ctrl-C is ended by it.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = interrupt => None,
        done = work => Some(done),
    }
}
