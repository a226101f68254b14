//! ClickHouse's answer, read into events as it comes.
//!
//! Rows come as `JSONCompactEachRowWithProgress`: a line for the columns, a line a row, and a line of
//! progress every tenth of a second, while nothing has been found yet, too (progress in HTTP headers stops
//! with the first byte of the body). An exception in the middle ends the answer without the chunk that ends
//! every whole one, so that it is an error here even if its text should not be understood.

use clickhouse::query::BytesCursor;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::limits::MAX_ANSWER_BYTES;
use super::sql::{Event, Progress, ResultColumn, SqlError};
use crate::store::StoreError;

/// The format of rows.
pub(super) const FORMAT: &str = "JSONCompactEachRowWithProgress";

/// Most rows, and about the most bytes, of one event.
const BATCH_ROWS: usize = 1_000;
const BATCH_BYTES: usize = 256 << 10;

/// A line of the answer.
#[derive(Debug)]
enum Line {
    Columns(Vec<ResultColumn>),
    Row(Box<RawValue>),
    Progress(Progress),
    /// Totals, the number of rows before the limit, and whatever else may be added.
    Other,
    /// ClickHouse has thrown an exception; its text follows.
    Exception,
}

#[derive(Deserialize)]
struct Meta {
    meta: Vec<MetaColumn>,
}

#[derive(Deserialize)]
struct MetaColumn {
    name: String,
    #[serde(rename = "type")]
    column_type: String,
}

#[derive(Deserialize)]
struct ProgressLine {
    progress: ProgressNumbers,
}

/// As texts or as numbers, as the setting about 64-bit integers says.
#[derive(Deserialize)]
struct ProgressNumbers {
    #[serde(default, deserialize_with = "number")]
    read_rows: u64,
    #[serde(default, deserialize_with = "number")]
    read_bytes: u64,
    #[serde(default, deserialize_with = "number")]
    total_rows_to_read: u64,
}

fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

impl From<ProgressNumbers> for Progress {
    fn from(numbers: ProgressNumbers) -> Self {
        // A subquery may have been read before it is known how much the query itself is to read.
        let total_rows = numbers.total_rows_to_read.max(numbers.read_rows);
        Self {
            rows_read: numbers.read_rows,
            bytes_read: numbers.read_bytes,
            total_rows,
            percent: (numbers.total_rows_to_read > 0)
                .then(|| numbers.read_rows as f64 / total_rows as f64 * 100.0),
        }
    }
}

fn parse(line: &[u8]) -> Result<Line, SqlError> {
    let wrong = || unreadable(line);
    if line.starts_with(b"{\"row\":") {
        let row = line[b"{\"row\":".len()..].trim_ascii_end();
        let row = row.strip_suffix(b"}").ok_or_else(wrong)?;
        let row = std::str::from_utf8(row).map_err(|_| wrong())?;
        return serde_json::from_str(row).map(Line::Row).map_err(|_| wrong());
    }
    if line.starts_with(b"{\"progress\":") {
        let line: ProgressLine = serde_json::from_slice(line).map_err(|_| wrong())?;
        return Ok(Line::Progress(line.progress.into()));
    }
    if line.starts_with(b"{\"meta\":") {
        let line: Meta = serde_json::from_slice(line).map_err(|_| wrong())?;
        let columns = line.meta.into_iter().map(|column| ResultColumn {
            name: column.name,
            column_type: column.column_type,
        });
        return Ok(Line::Columns(columns.collect()));
    }
    let is_other = ["{\"rows_before", "{\"totals\":", "{\"min\":", "{\"max\":"]
        .iter()
        .any(|start| line.starts_with(start.as_bytes()));
    match line.trim_ascii() {
        b"" => Ok(Line::Other),
        b"__exception__" => Ok(Line::Exception),
        text if text.starts_with(b"{\"exception\":") || text.starts_with(b"Code: ") => Ok(Line::Exception),
        _ if is_other => Ok(Line::Other),
        _ => Err(wrong()),
    }
}

fn unreadable(line: &[u8]) -> SqlError {
    let start: String = String::from_utf8_lossy(line).chars().take(80).collect();
    SqlError::Statement(format!(
        "the rows are not in the format that was asked for ({start}…); leave out any FORMAT clause"
    ))
}

/// Whoever wanted the events does not read them any more.
#[derive(Debug)]
pub(super) struct Abandoned;

/// How reading ended.
#[derive(Debug)]
pub(super) struct End {
    /// There are more rows than were sent on.
    pub(super) truncated: bool,
    /// ClickHouse has nothing more to say, so there is nothing to cancel.
    pub(super) is_complete: bool,
    /// The last that was heard of it.
    pub(super) progress: Progress,
}

type Events = mpsc::Sender<Event>;

/// Why reading stopped short.
#[derive(Debug)]
pub(super) enum Stop {
    Error(SqlError),
    Abandoned,
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        Self::Error(error)
    }
}

impl From<Abandoned> for Stop {
    fn from(_: Abandoned) -> Self {
        Self::Abandoned
    }
}

async fn send(events: &Events, event: Event) -> Result<(), Abandoned> {
    events.send(event).await.map_err(|_| Abandoned)
}

/// Rows on their way from ClickHouse's pieces to events.
#[derive(Debug)]
struct Reader<'a> {
    events: &'a Events,
    limit: usize,
    /// Rows and bytes that have been taken.
    rows: usize,
    bytes: usize,
    batch: Vec<Box<RawValue>>,
    batch_bytes: usize,
    progress: Progress,
    has_columns: bool,
}

/// Reads rows, at most `limit`, and sends them on as they come.
pub(super) async fn rows(cursor: &mut BytesCursor, limit: usize, events: &Events) -> Result<End, Stop> {
    let mut reader = Reader {
        events,
        limit,
        rows: 0,
        bytes: 0,
        batch: Vec::new(),
        batch_bytes: 0,
        progress: Progress::default(),
        has_columns: false,
    };
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let piece = match cursor.next().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(error) => return Err(exception_in(&rest, error.into()).into()),
        };
        rest.extend_from_slice(&piece);
        let mut start = 0;
        while let Some(end) = memchr::memchr(b'\n', &rest[start..]) {
            let line = &rest[start..start + end];
            match parse(line)? {
                Line::Exception => return Err(until_end(cursor, rest.split_off(start)).await.into()),
                line => {
                    if reader.take(line).await? {
                        return reader.end(true, false).await;
                    }
                }
            }
            start += end + 1;
        }
        rest.drain(..start);
        if rest.len() > MAX_ANSWER_BYTES {
            return reader.end(true, false).await;
        }
        reader.flush().await?;
    }
    // Every whole answer begins with its columns, and ends with a line's end.
    if !rest.trim_ascii().is_empty() || !reader.has_columns {
        return Err(match exception_in(&rest, StoreError::Answer(String::new())) {
            exception @ SqlError::Store(StoreError::Exception { .. }) => exception,
            _ => unreadable(&rest),
        }
        .into());
    }
    reader.end(false, true).await
}

impl Reader<'_> {
    /// Takes a line; `true` says that there is no room for it.
    async fn take(&mut self, line: Line) -> Result<bool, Stop> {
        match line {
            Line::Columns(columns) => {
                self.has_columns = true;
                send(self.events, Event::Columns(columns)).await?;
            }
            Line::Progress(progress) => {
                self.progress = progress;
                self.flush().await?;
                send(self.events, Event::Progress(progress)).await?;
            }
            Line::Row(row) => {
                self.bytes += row.get().len();
                if self.rows == self.limit || self.bytes > MAX_ANSWER_BYTES {
                    return Ok(true);
                }
                self.rows += 1;
                self.batch_bytes += row.get().len();
                self.batch.push(row);
                if self.batch.len() == BATCH_ROWS || self.batch_bytes >= BATCH_BYTES {
                    self.flush().await?;
                }
            }
            Line::Other | Line::Exception => {}
        }
        Ok(false)
    }

    async fn flush(&mut self) -> Result<(), Abandoned> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.batch_bytes = 0;
        send(self.events, Event::Rows(std::mem::take(&mut self.batch))).await
    }

    async fn end(mut self, truncated: bool, is_complete: bool) -> Result<End, Stop> {
        self.flush().await?;
        Ok(End {
            truncated,
            is_complete,
            progress: self.progress,
        })
    }
}

/// Sends a file on as it comes.
pub(super) async fn bytes(cursor: &mut BytesCursor, events: &Events) -> Result<End, Stop> {
    loop {
        match cursor.next().await {
            Ok(Some(piece)) => send(events, Event::Bytes(piece)).await?,
            Ok(None) => break,
            Err(error) => return Err(Stop::Error(StoreError::from(error).into())),
        }
    }
    Ok(End {
        truncated: false,
        is_complete: true,
        progress: Progress::default(),
    })
}

/// Reads what is left of an answer in which an exception has begun, for its text.
async fn until_end(cursor: &mut BytesCursor, mut text: Vec<u8>) -> SqlError {
    const MAX_EXCEPTION_BYTES: usize = 64 << 10;
    while text.len() < MAX_EXCEPTION_BYTES {
        match cursor.next().await {
            Ok(Some(piece)) => text.extend_from_slice(&piece),
            Ok(None) => break,
            Err(error) => {
                return match StoreError::from(error) {
                    exception @ StoreError::Exception { .. } => exception.into(),
                    other => exception_in(&text, other),
                };
            }
        }
    }
    exception_in(&text, StoreError::Answer("it ends in an exception".to_owned()))
}

/// The exception that is told in `text`, or `otherwise`.
fn exception_in(text: &[u8], otherwise: StoreError) -> SqlError {
    if matches!(otherwise, StoreError::Exception { .. }) {
        return otherwise.into();
    }
    let text = String::from_utf8_lossy(text);
    match text.find("Code: ") {
        Some(start) if text[start..].contains("DB::") => StoreError::from_exception(&text[start..]).into(),
        _ => otherwise.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        let Line::Columns(columns) = parse(br#"{"meta":[{"name":"n","type":"UInt64"}]}"#).unwrap() else {
            panic!("no columns");
        };
        assert_eq!(
            (columns[0].name.as_str(), columns[0].column_type.as_str()),
            ("n", "UInt64")
        );
        let Line::Row(row) = parse(br#"{"row":["18446744073709551615", "}", {"a":1}]}"#).unwrap() else {
            panic!("no row");
        };
        assert_eq!(row.get(), r#"["18446744073709551615", "}", {"a":1}]"#);
        assert!(matches!(parse(b"\r").unwrap(), Line::Other));
        assert!(matches!(parse(b"__exception__\r").unwrap(), Line::Exception));
        assert!(matches!(
            parse(br#"{"rows_before_limit_at_least":3}"#).unwrap(),
            Line::Other
        ));
        for wrong in [&b"1,2"[..], b"{\"row\":[1", b"{\"row\":[1}}", b"{\"row\":[\xff]}"] {
            assert!(matches!(parse(wrong), Err(SqlError::Statement(_))), "{wrong:?}");
        }
    }

    #[test]
    fn progress_is_a_part_of_a_whole_that_may_grow() {
        let of = |line: &str| match parse(line.as_bytes()).unwrap() {
            Line::Progress(progress) => progress,
            other => panic!("{other:?}"),
        };
        let half = of(r#"{"progress":{"read_rows":"5","read_bytes":"60","total_rows_to_read":"10"}}"#);
        assert_eq!((half.rows_read, half.percent), (5, Some(50.0)));
        let more = of(r#"{"progress":{"read_rows":30,"read_bytes":60,"total_rows_to_read":10}}"#);
        assert_eq!((more.total_rows, more.percent), (30, Some(100.0)));
        assert_eq!(of(r#"{"progress":{"read_rows":"1"}}"#).percent, None);
    }

    #[test]
    fn an_exception_is_found_in_what_is_left() {
        let text = b"__exception__\r\nabc\r\nCode: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED) (version 26)\n";
        let broken = || StoreError::Broken("x".to_owned());
        assert!(matches!(
            exception_in(text, broken()),
            SqlError::Store(StoreError::Exception { code: 159, .. })
        ));
        assert!(matches!(
            exception_in(b"{\"row\":[", broken()),
            SqlError::Store(StoreError::Broken(_))
        ));
    }
}
