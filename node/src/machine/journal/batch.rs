//! What goes to CloudWatch Logs at once, within its limits.

use tokio::time::Instant;

use super::entry::Entry;
use crate::aws::logs::NewEvent;

/// AWS's limits for a call: events, bytes with what each event counts on top, and hours between the first and the last.
const MAX_EVENTS: usize = 10_000;
const MAX_BYTES: usize = 1_048_576;
const EVENT_BYTES: usize = 26;
const MAX_SPAN_MS: i64 = 23 * 3_600 * 1_000;
/// Longest message. A longer one is cut.
const MAX_MESSAGE_BYTES: usize = 250_000;

/// Some entries, in the order of the journal.
#[derive(Debug, Default)]
pub(super) struct Batch {
    events: Vec<NewEvent>,
    bytes: usize,
    /// The earliest and the latest time.
    span_ms: Option<(i64, i64)>,
    cursor: Option<String>,
    begun: Option<Instant>,
}

impl Batch {
    /// Takes an entry, or gives it back when this has to be sent first.
    pub(super) fn add(&mut self, entry: Entry) -> Result<(), Entry> {
        if entry.message.is_empty() {
            // AWS takes no event without a message, but the journal has been read so far.
            self.note(entry.cursor);
            return Ok(());
        }
        let (earliest, latest) = self.span_ms.unwrap_or((entry.at_ms, entry.at_ms));
        let span_ms = (earliest.min(entry.at_ms), latest.max(entry.at_ms));
        let bytes = self.bytes + entry.message.len().min(MAX_MESSAGE_BYTES) + EVENT_BYTES;
        if self.events.len() >= MAX_EVENTS || bytes > MAX_BYTES || span_ms.1 - span_ms.0 > MAX_SPAN_MS {
            return Err(entry);
        }
        self.span_ms = Some(span_ms);
        self.bytes = bytes;
        self.events.push(NewEvent {
            at_ms: entry.at_ms,
            message: cut(entry.message),
        });
        self.note(entry.cursor);
        Ok(())
    }

    fn note(&mut self, cursor: String) {
        self.cursor = Some(cursor);
        self.begun.get_or_insert_with(Instant::now);
    }

    /// In the order of time, as AWS wants them: a clock may have been set back.
    pub(super) fn sorted(&self) -> Vec<NewEvent> {
        let mut events = self.events.clone();
        events.sort_by_key(|event| event.at_ms);
        events
    }

    /// How many events.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Where the journal has been read up to.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// When the first entry came.
    pub(super) fn begun(&self) -> Option<Instant> {
        self.begun
    }
}

fn cut(mut message: String) -> String {
    if message.len() > MAX_MESSAGE_BYTES {
        let end = (0..=MAX_MESSAGE_BYTES - 3)
            .rev()
            .find(|end| message.is_char_boundary(*end));
        message.truncate(end.unwrap_or(0));
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at_ms: i64, message: String) -> Entry {
        Entry {
            cursor: format!("at {at_ms}"),
            at_ms,
            message,
        }
    }

    fn fits(batch: &mut Batch, at_ms: i64, bytes: usize) -> bool {
        batch.add(entry(at_ms, "x".repeat(bytes))).is_ok()
    }

    #[test]
    fn a_batch_stays_within_what_aws_takes() {
        let mut many = Batch::default();
        let count = (0..).take_while(|at| fits(&mut many, *at, 1)).count();
        assert_eq!(count, MAX_EVENTS);

        let mut long = Batch::default();
        let count = (0..).take_while(|at| fits(&mut long, *at, 100_000)).count();
        assert_eq!(count, MAX_BYTES / (100_000 + EVENT_BYTES));

        let mut days = Batch::default();
        assert!(fits(&mut days, 0, 1) && fits(&mut days, MAX_SPAN_MS, 1));
        assert!(!fits(&mut days, MAX_SPAN_MS + 1, 1) && !fits(&mut days, -1, 1));
    }

    #[test]
    fn any_message_fits_into_an_empty_batch() {
        let mut batch = Batch::default();
        assert!(batch.add(entry(0, "ö".repeat(MAX_BYTES))).is_ok());
        let message = &batch.sorted()[0].message;
        assert!(
            message.len() <= MAX_MESSAGE_BYTES && message.ends_with('…'),
            "{}",
            message.len()
        );
    }

    #[test]
    fn events_are_in_the_order_of_time_and_the_cursor_in_that_of_the_journal() {
        let mut batch = Batch::default();
        for at_ms in [5, 3, 4] {
            assert!(fits(&mut batch, at_ms, 1));
        }
        let times: Vec<i64> = batch.sorted().iter().map(|event| event.at_ms).collect();
        assert_eq!(times, [3, 4, 5]);
        assert_eq!(batch.cursor(), Some("at 4"));
        assert!(batch.add(entry(9, String::new())).is_ok());
        assert_eq!((batch.len(), batch.cursor()), (3, Some("at 9")));
    }
}
