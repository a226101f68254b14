//! Ctrl-C while something is waited for.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use super::output;

/// What a process ends with that Ctrl-C has ended: as shells count, 128 and the number of the signal.
pub(super) const INTERRUPTED: u8 = 130;
/// How long a thread that is to stop is waited for; one that writes where nobody reads cannot stop.
const GRACE: Duration = Duration::from_secs(1);

/// Listens to Ctrl-C as long as it is there: what is pressed while nobody waits is heard by who waits next.
pub(super) struct Interrupts {
    signals: Vec<Signal>,
    /// That the terminal is closed, which shells and the system may both say: heard once, it means nothing more.
    hangup: Option<Signal>,
}

/// Says to a thread that nobody wants any more what it does.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

/// Work in a thread of its own.
pub(super) struct Worker<T> {
    thread: JoinHandle<T>,
    stop: Stop,
}

impl Interrupts {
    pub(super) fn listen() -> Self {
        Self::to(&[SignalKind::interrupt()], None)
    }

    /// Listens to whatever else asks a process to end as well: a terminal that is closed, a job that is cancelled. For work
    /// that must not be cut off.
    pub(super) fn listen_to_all() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        Self::to(&kinds, Some(SignalKind::hangup()))
    }

    fn to(kinds: &[SignalKind], hangup: Option<SignalKind>) -> Self {
        // Who cannot listen to a signal is ended by it.
        Self {
            signals: kinds.iter().filter_map(|kind| signal(*kind).ok()).collect(),
            hangup: hangup.and_then(|kind| signal(kind).ok()),
        }
    }

    fn poll_heard(&mut self, context: &mut std::task::Context<'_>) -> Poll<()> {
        let heard =
            |signal: &mut Signal, context: &mut std::task::Context<'_>| signal.poll_recv(context).is_ready();
        if self.hangup.as_mut().is_some_and(|hangup| heard(hangup, context)) {
            self.hangup = None;
            return Poll::Ready(());
        }
        match self.signals.iter_mut().any(|signal| heard(signal, context)) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Waits for something, unless Ctrl-C comes first: then it is dropped, and nothing comes of it.
    pub(super) async fn unless<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let interrupt = std::future::poll_fn(|context| self.poll_heard(context));
        tokio::select! {
            biased;
            () = interrupt => None,
            done = work => Some(done),
        }
    }

    /// Stops nodes, unless somebody asks a second time.
    pub(super) async fn unless_again(&mut self, work: impl Future<Output = ()>) {
        if self.unless(work).await.is_none() {
            output::note("stopped at once; nothing is lost, it will be settled at the next start");
        }
    }

    /// [`Interrupts::unless`] for what blocks: Ctrl-C tells it to stop.
    pub(super) async fn unless_in_thread<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Stop) -> T + Send + 'static,
    ) -> anyhow::Result<Option<T>> {
        let mut worker = Worker::start(work);
        if let Some(done) = self.unless(worker.done()).await {
            return done.map(Some);
        }
        worker.stop().await;
        Ok(None)
    }
}

/// Waits for one thing, unless Ctrl-C comes first.
pub(super) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    Interrupts::listen().unless(work).await
}

impl Stop {
    /// Whether to stop.
    pub(super) fn is_said(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<T: Send + 'static> Worker<T> {
    pub(super) fn start(work: impl FnOnce(&Stop) -> T + Send + 'static) -> Self {
        let stop = Stop::default();
        let its_own = stop.clone();
        Self {
            thread: tokio::task::spawn_blocking(move || work(&its_own)),
            stop,
        }
    }

    /// What comes of it.
    pub(super) async fn done(&mut self) -> anyhow::Result<T> {
        (&mut self.thread).await.context("a thread panicked")
    }

    /// Has it stop, and waits until it has; not for long.
    pub(super) async fn stop(self) {
        self.stop.0.store(true, Ordering::Relaxed);
        let _ = tokio::time::timeout(GRACE, self.thread).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_pressed_while_nobody_waits_is_heard() {
        let mut interrupts = Interrupts::listen();
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGINT).unwrap();
        assert_eq!(interrupts.unless(std::future::pending::<()>()).await, None);
        assert_eq!(interrupts.unless(std::future::ready(1)).await, Some(1));
    }

    #[tokio::test]
    async fn a_terminal_that_closes_is_heard_by_who_wants_to() {
        let mut interrupts = Interrupts::listen_to_all();
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGHUP).unwrap();
        assert_eq!(interrupts.unless(std::future::pending::<()>()).await, None);
        // Its shell says so, and then the system.
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGHUP).unwrap();
        assert_eq!(interrupts.unless(std::future::ready(1)).await, Some(1));
        let some_time = tokio::time::sleep(Duration::from_millis(50));
        assert_eq!(interrupts.unless(some_time).await, Some(()));
    }

    #[tokio::test]
    async fn who_is_told_to_stop_is_waited_for() {
        let worker = Worker::start(|stop| {
            while !stop.is_said() {
                std::thread::yield_now();
            }
        });
        let thread = worker.thread.abort_handle();
        worker.stop().await;
        assert!(thread.is_finished());
    }
}
