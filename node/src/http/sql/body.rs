//! Answers in one piece: the object of JSON, and files.

use std::fmt::Write as _;

use aurora_actors::query::format::ExportFormat;
use aurora_actors::query::sql::{Event, SqlError};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::super::problem::Problem;
use super::recorded::Recorded;
use super::{HOLD, QUERY_ID};

/// A query's result on its way into `{"query_id", "history_id", "columns", "rows", "truncated", "statistics", "complete_to"}`.
struct JsonAnswer {
    stream: Recorded,
    complete_to: Option<jiff::Timestamp>,
    /// What is written and not sent.
    text: String,
    has_rows: bool,
    is_over: bool,
}

/// Where a body is.
enum Step<T> {
    Go(T),
    /// It is cut off here.
    Cut,
    End,
}

/// Ends a transfer without its proper end, so that nobody takes what came for the whole.
async fn cut() -> std::io::Error {
    // What has been written leaves when nothing more comes at once; an error throws it away.
    tokio::task::yield_now().await;
    std::io::Error::other("the query failed")
}

/// The result as JSON.
pub(super) async fn json(
    stream: Recorded,
    complete_to: Option<jiff::Timestamp>,
) -> Result<Response, Problem> {
    let query_id = query_id(&stream);
    let mut answer = JsonAnswer {
        text: format!(
            "{{\"query_id\":{},\"history_id\":{}",
            quoted(stream.query_id()),
            quoted(stream.history_id())
        ),
        stream,
        complete_to,
        has_rows: false,
        is_over: false,
    };
    answer.write_until(HOLD).await?;
    let body = if answer.is_over {
        Body::from(answer.text)
    } else {
        Body::from_stream(stream::unfold(Step::Go(answer), JsonAnswer::step))
    };
    let content_type = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, content_type), (QUERY_ID, query_id)], body).into_response())
}

impl JsonAnswer {
    async fn step(step: Step<Self>) -> Option<(std::io::Result<Bytes>, Step<Self>)> {
        let mut answer = match step {
            Step::Go(answer) => answer,
            Step::Cut => return Some((Err(cut().await), Step::End)),
            Step::End => return None,
        };
        // What was held back goes first.
        if let Err(error) = answer.write_until(1).await {
            let problem = serde_json::to_string(&Problem::from(error)).unwrap_or_default();
            let text = format!("],\"problem\":{problem}");
            return Some((Ok(text.into()), Step::Cut));
        }
        let text = std::mem::take(&mut answer.text);
        let next = if answer.is_over {
            Step::End
        } else {
            Step::Go(answer)
        };
        Some((Ok(text.into()), next))
    }

    /// Writes until there are so many bytes, or until the end.
    async fn write_until(&mut self, bytes: usize) -> Result<(), SqlError> {
        while self.text.len() < bytes && !self.is_over {
            match self.stream.next().await? {
                Some(event) => self.write(event),
                None => return Err(SqlError::Stopping),
            }
        }
        Ok(())
    }

    fn write(&mut self, event: Event) {
        // Writing to a String cannot fail, and our own types always become JSON.
        match event {
            Event::Columns(columns) => {
                let columns = serde_json::to_string(&columns).unwrap_or_default();
                let _ = write!(self.text, ",\"columns\":{columns},\"rows\":[");
            }
            Event::Rows(rows) => {
                for row in rows {
                    if std::mem::replace(&mut self.has_rows, true) {
                        self.text.push(',');
                    }
                    self.text.push_str(row.get());
                }
            }
            Event::Progress(_) | Event::Bytes(_) => {}
            Event::Done {
                truncated,
                statistics,
            } => {
                let statistics = serde_json::to_string(&statistics).unwrap_or_default();
                let complete_to = serde_json::to_string(&self.complete_to).unwrap_or_default();
                let _ = write!(
                    self.text,
                    "],\"truncated\":{truncated},\"statistics\":{statistics},\"complete_to\":{complete_to}}}"
                );
                self.is_over = true;
            }
        }
    }
}

/// The result as a file.
pub(super) async fn file(
    mut stream: Recorded,
    format: ExportFormat,
    name: Option<&str>,
) -> Result<Response, Problem> {
    let query_id = query_id(&stream);
    // What fails before the first byte fails with a status.
    let first = stream.next().await?;
    let body = Body::from_stream(stream::unfold(Step::Go((first, stream)), |step| async {
        let (event, mut stream) = match step {
            Step::Go(state) => state,
            Step::Cut => return Some((Err(cut().await), Step::End)),
            Step::End => return None,
        };
        match event {
            Some(Event::Bytes(bytes)) => {
                let step = match stream.next().await {
                    Ok(next) => Step::Go((next, stream)),
                    Err(error) => {
                        tracing::info!(%error, query_id = stream.query_id(), "an export was cut off");
                        Step::Cut
                    }
                };
                Some((Ok(bytes), step))
            }
            Some(Event::Done { .. }) | None => None,
            Some(_) => Some((Err(cut().await), Step::End)),
        }
    }));
    let disposition = format!(
        "attachment; filename=\"{}.{}\"",
        file_name(name.unwrap_or_default()),
        format.extension()
    );
    let disposition = HeaderValue::from_str(&disposition)
        .unwrap_or_else(|_| HeaderValue::from_static("attachment; filename=\"aurora\""));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(format.media_type()),
        ),
        (header::CONTENT_DISPOSITION, disposition),
        // A file of somebody else's words must never be taken for a page.
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (QUERY_ID, query_id),
    ];
    Ok((headers, body).into_response())
}

/// A name that means nothing to any file system or header: letters, digits, `-` and `_`.
fn file_name(wanted: &str) -> String {
    let safe = |character: char| {
        if character.is_ascii_alphanumeric() || matches!(character, '-' | '_') {
            character
        } else {
            '_'
        }
    };
    let name: String = wanted.chars().take(80).map(safe).collect();
    if name.trim_matches('_').is_empty() {
        "aurora".to_owned()
    } else {
        name
    }
}

fn query_id(stream: &Recorded) -> HeaderValue {
    // It is letters, digits and dashes.
    HeaderValue::from_str(stream.query_id()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn quoted(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_harmless() {
        assert_eq!(file_name("orders-2024_05"), "orders-2024_05");
        assert_eq!(file_name("../../etc/passwd"), "______etc_passwd");
        assert_eq!(
            file_name("a\"; x=\"b\r\nSet-Cookie: c"),
            "a___x__b__Set-Cookie__c"
        );
        for nothing in ["", "...", "\u{202e}"] {
            assert_eq!(file_name(nothing), "aurora");
        }
        assert!(file_name(&"a".repeat(1_000)).len() <= 80);
    }
}
