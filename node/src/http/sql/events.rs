//! Answers as events, as they come: Server-Sent Events.

use std::convert::Infallible;
use std::time::Duration;

use aurora_actors::query::sql::Event as Happened;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;

use super::super::problem::Problem;
use super::recorded::Recorded;

/// How often something is sent while nothing happens, so that nobody between takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The events of a query, `query` first.
pub(super) fn answer(stream: Recorded, complete_to: Option<jiff::Timestamp>) -> Response {
    let begun = event(
        "query",
        &json!({ "query_id": stream.query_id(), "history_id": stream.history_id() }),
    );
    let begin = stream::once(std::future::ready(Ok::<_, Infallible>(begun)));
    let rest = stream::unfold(Some(stream), move |stream| async move {
        let mut stream = stream?;
        let (event, is_last) = match stream.next().await {
            Ok(None) => return None,
            Ok(Some(happened)) => told(happened, complete_to)?,
            Err(error) => (event("problem", &Problem::from(error)), true),
        };
        Some((Ok(event), (!is_last).then_some(stream)))
    });
    let events = stream::StreamExt::chain(begin, rest);
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    // Proxies that collect answers would collect these as well.
    response
        .headers_mut()
        .insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

fn told(happened: Happened, complete_to: Option<jiff::Timestamp>) -> Option<(Event, bool)> {
    Some(match happened {
        Happened::Columns(columns) => (event("columns", &columns), false),
        Happened::Rows(rows) => (event("rows", &rows), false),
        Happened::Progress(progress) => (event("progress", &progress), false),
        Happened::Bytes(_) => return None,
        Happened::Done {
            truncated,
            statistics,
        } => {
            let done = json!({
                "truncated": truncated,
                "statistics": statistics,
                "complete_to": complete_to,
            });
            (event("done", &done), true)
        }
    })
}

fn event(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    match event.json_data(data) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!(%error, name, "an event is no json");
            Event::default().event("problem").data("{}")
        }
    }
}
