//! A query's stream, of which the history learns how it ended.

use aurora_actors::query::memory::Recording;
use aurora_actors::query::memory::history::Outcome;
use aurora_actors::query::sql::{Event, SqlError, SqlStream};

use crate::http::memory::history;

/// The events of a query whose record is written when they end, or when nobody reads them any more.
#[derive(Debug)]
pub(in crate::http) struct Recorded {
    stream: SqlStream,
    /// Nothing once the outcome is known.
    recording: Option<Recording>,
    history_id: String,
}

impl Recorded {
    /// What was started, or why it was not, with its record.
    pub(in crate::http) fn of(
        started: Result<SqlStream, SqlError>,
        mut recording: Recording,
    ) -> Result<Self, SqlError> {
        let history_id = recording.record().id.to_string();
        match started {
            Ok(stream) => Ok(Self {
                stream,
                recording: Some(recording),
                history_id,
            }),
            Err(error) => {
                failed(recording, &error);
                Err(error)
            }
        }
    }

    pub(in crate::http) fn query_id(&self) -> &str {
        self.stream.query_id()
    }

    /// Its record in the history.
    pub(in crate::http) fn history_id(&self) -> &str {
        &self.history_id
    }

    /// See [`SqlStream::next`].
    pub(in crate::http) async fn next(&mut self) -> Result<Option<Event>, SqlError> {
        let event = self.stream.next().await;
        match &event {
            Ok(Some(Event::Rows(rows))) => {
                if let Some(recording) = &mut self.recording {
                    recording.record().rows += rows.len() as u64;
                }
            }
            Ok(Some(Event::Done { statistics, .. })) => {
                if let Some(mut recording) = self.recording.take() {
                    recording.record().rows_read = statistics.rows_read;
                    recording.end(Outcome::Ok);
                }
            }
            Err(error) => {
                if let Some(recording) = self.recording.take() {
                    failed(recording, error);
                }
            }
            Ok(_) => {}
        }
        event
    }
}

fn failed(mut recording: Recording, error: &SqlError) {
    recording.record().error = error.to_string();
    recording.end(history::outcome(error));
}
