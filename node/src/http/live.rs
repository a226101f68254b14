//! What pages show as it is now, told as it changes: Server-Sent Events.
//!
//! ```text
//! event: streams     data: as GET /api/v1/streams
//! event: cluster     data: as GET /api/v1/cluster
//! ```
//!
//! One task looks once a second while anybody watches, however many watch. Of a connection that is slow, what it has
//! missed is left out: it gets what is, not what was. While nothing changes, `alive` is sent every two seconds: a page that
//! hears nothing for longer takes the node for gone (`ui/web/src/api/live.ts`).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::problem::Problem;
use super::{cluster, streams};
use crate::node::NodeState;

/// How often somebody looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often something is sent while nothing changes.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// How long a look may take: ClickHouse is asked about streams that are paused.
const LOOK_LIMIT: Duration = Duration::from_secs(3);
/// How long one connection lasts. A page begins another, and whoever may no longer look is noticed.
const LIFETIME: Duration = Duration::from_secs(300);
/// Connections at once.
const PLACES: usize = 512;

/// One look, as it is sent.
#[derive(Debug, Default)]
struct Look {
    streams: Arc<str>,
    cluster: Arc<str>,
}

/// Looks for all who watch.
#[derive(Debug)]
pub(crate) struct Live {
    looks: watch::Sender<Arc<Look>>,
    /// Whether the task runs.
    looking: Mutex<bool>,
    places: Arc<Semaphore>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            looks: watch::Sender::default(),
            looking: Mutex::new(false),
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }
}

impl Live {
    /// What is seen from now on.
    fn watch(&self, state: &Arc<NodeState>) -> watch::Receiver<Arc<Look>> {
        let looks = self.looks.subscribe();
        let mut looking = self.looking.lock();
        if !*looking {
            *looking = true;
            tokio::spawn(look(state.clone()));
        }
        looks
    }
}

/// Says that nobody looks any more, should the task end otherwise than it is to.
struct Looking(Option<Arc<NodeState>>);

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(state) = &self.0 {
            *state.live.looking.lock() = false;
        }
    }
}

/// Looks until nobody watches.
async fn look(state: Arc<NodeState>) {
    let mut guard = Looking(Some(state.clone()));
    loop {
        let next = Instant::now() + INTERVAL;
        let before = state.live.looks.borrow().streams.clone();
        let streams = tokio::time::timeout(LOOK_LIMIT, streams::list(State(state.clone()))).await;
        let cluster = cluster::show(State(state.clone())).await;
        state.live.looks.send_replace(Arc::new(Look {
            streams: streams.map_or(before, |streams| text(&streams.0)),
            cluster: text(&cluster.0),
        }));
        tokio::time::sleep_until(next).await;
        // Under the lock: whoever comes now waits for it, and then finds that nobody looks.
        let mut looking = state.live.looking.lock();
        if state.live.looks.receiver_count() == 0 {
            *looking = false;
            guard.0 = None;
            return;
        }
    }
}

fn text(value: &impl Serialize) -> Arc<str> {
    // What handlers answer with: nothing that JSON could refuse.
    serde_json::to_string(value).unwrap_or_default().into()
}

/// Somebody who watches.
struct Watcher {
    looks: watch::Receiver<Arc<Look>>,
    sent: Look,
    until: Instant,
    state: Arc<NodeState>,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// What has changed since the last time; `None` at the end.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            tokio::select! {
                changed = self.looks.changed() => changed.ok()?,
                () = tokio::time::sleep_until(self.until) => return None,
                // The node is about to go: the page is to find out soon enough.
                () = self.state.draining.cancelled() => return None,
            }
            let look = self.looks.borrow_and_update().clone();
            let mut events = Vec::new();
            for (name, now, sent) in [
                ("streams", &look.streams, &mut self.sent.streams),
                ("cluster", &look.cluster, &mut self.sent.cluster),
            ] {
                if now != sent {
                    events.push(Event::default().event(name).data(&**now));
                    *sent = now.clone();
                }
            }
            if !events.is_empty() {
                return Some(events);
            }
        }
    }
}

/// Tells how the streams and the cluster are, whenever that has changed, once a second at most. Ends after five minutes;
/// ask again then.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    tag = "cluster",
    responses((
        status = 200,
        description = "Events `streams` and `cluster`, with what `/api/v1/streams` and `/api/v1/cluster` answer",
        body = String,
        content_type = "text/event-stream"
    ))
)]
pub(super) async fn follow(State(state): State<Arc<NodeState>>) -> Result<Response, Problem> {
    let place = state.live.places.clone().try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "Too many watch this node",
            format!("{PLACES} connections get its events already."),
            "Ask GET /api/v1/streams and /api/v1/cluster again and again, or watch another node.",
        )
        .again_after(30)
    })?;
    let watcher = Watcher {
        looks: state.live.watch(&state),
        sent: Look::default(),
        until: Instant::now() + LIFETIME,
        state,
        _place: place,
    };
    let looks = stream::unfold(watcher, async |mut watcher| {
        let events = watcher.next().await?;
        let events = events.into_iter().map(Ok::<_, Infallible>);
        Some((stream::iter(events), watcher))
    });
    let events = stream::StreamExt::flatten(looks);
    let mut response = Sse::new(events)
        .keep_alive(
            KeepAlive::new()
                .interval(KEEP_ALIVE)
                .event(Event::default().event("alive").data("{}")),
        )
        .into_response();
    // Proxies that collect answers would collect these as well.
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
