//! Server-Sent Events, as nodes send them.

use anyhow::{Context, bail};
use reqwest::Response;
use serde::de::DeserializeOwned;

use super::client::Refused;
use crate::http::problem::Problem;

/// Most bytes of one event: more than the rows of the longest answer.
const MAX_EVENT_BYTES: usize = 256 << 20;
/// What stands between two events.
const GAP: &[u8] = b"\n\n";

/// Something that happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// What.
    pub(super) name: String,
    /// More about it, as JSON.
    pub(super) data: String,
}

/// The events of an answer. Dropping them tells the node that nobody wants them any more.
pub(super) struct Events {
    response: Response,
    reader: Reader,
}

/// Cuts what comes into events.
#[derive(Debug, Default)]
struct Reader {
    bytes: Vec<u8>,
    /// Up to where no gap is.
    searched: usize,
}

impl Event {
    /// What is said about it.
    pub(super) fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_str(&self.data)
            .with_context(|| format!("the event {:?} is another than this version knows", self.name))
    }
}

impl Events {
    pub(super) fn new(response: Response) -> Self {
        Self {
            response,
            reader: Reader::default(),
        }
    }

    /// The next event. What the node could not do is an error, and so is an end: the last event is known by its name.
    pub(super) async fn next(&mut self) -> anyhow::Result<Event> {
        loop {
            if let Some(event) = self.reader.pop() {
                if event.name == "problem" {
                    return Err(Refused(event.read::<Problem>()?).into());
                }
                return Ok(event);
            }
            if self.reader.bytes.len() > MAX_EVENT_BYTES {
                bail!("the node's answer is longer than any that there can be");
            }
            let piece = self.response.chunk().await;
            match piece.context("the node's answer broke off")? {
                Some(piece) => self.reader.bytes.extend_from_slice(&piece),
                None => bail!("the node's answer broke off"),
            }
        }
    }
}

impl Reader {
    /// Takes the first event out of what has come, if it is there to its end.
    fn pop(&mut self) -> Option<Event> {
        loop {
            let rest = &self.bytes[self.searched..];
            let Some(found) = rest.windows(GAP.len()).position(|bytes| bytes == GAP) else {
                self.searched = self.bytes.len().saturating_sub(GAP.len() - 1);
                return None;
            };
            let end = self.searched + found;
            let event = event(&String::from_utf8_lossy(&self.bytes[..end]));
            self.bytes.drain(..end + GAP.len());
            self.searched = 0;
            if event.is_some() {
                return event;
            }
        }
    }
}

/// The event in these lines; there is none in what only keeps a connection alive.
fn event(lines: &str) -> Option<Event> {
    let mut name = None;
    let mut data: Vec<&str> = Vec::new();
    for line in lines.lines() {
        let (field, value) = line.split_once(':')?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => name = Some(value.to_owned()),
            "data" => data.push(value),
            _ => {}
        }
    }
    Some(Event {
        name: name?,
        data: data.join("\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<Event> {
        let mut reader = Reader::default();
        let mut events = Vec::new();
        for piece in pieces {
            reader.bytes.extend_from_slice(piece);
            events.extend(std::iter::from_fn(|| reader.pop()));
        }
        events
    }

    fn of(name: &str, data: &str) -> Event {
        Event {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn events_are_the_same_however_they_are_cut() {
        let text = "event: query\ndata: {\"id\":\"ü\"}\n\n:\n\nevent: rows\ndata: [1,\ndata: 2]\n\nevent: done\ndata: {}\n\n";
        let all = [
            of("query", "{\"id\":\"ü\"}"),
            of("rows", "[1,\n2]"),
            of("done", "{}"),
        ];
        assert_eq!(read(&[text.as_bytes()]), all);
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(read(&single), all);
        for size in 2..20 {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            assert_eq!(read(&pieces), all, "in pieces of {size}");
        }
    }

    #[test]
    fn half_an_event_is_none() {
        assert_eq!(read(&[b"event: rows\ndata: [1]\n"]), []);
        assert_eq!(read(&[b":\n\n", b"\n\n", b"data: nameless\n\n"]), []);
    }
}
