//! Inserts by hand, over a connection of their own: to stall in the middle of a body, to hang up, to come late.
//!
//! A client library sends what it is given as soon as it can and hides where one request ends and the next
//! begins. The delivery protocol is about just those moments, so here they are the test's to choose. What
//! goes over the wire is what Aurora's own client sends: the statement in the URL, the data in chunks.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_actors::store::Login;
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than ClickHouse takes for anything that a test asks of it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The settings of Aurora's own inserts that decide what becomes a block and what is waited for.
pub const INSERT_SETTINGS: [(&str, &str); 3] = [
    ("async_insert", "0"),
    ("max_insert_threads", "1"),
    ("max_partitions_per_insert_block", "0"),
];

/// An insert on its way. Dropping it closes the connection, as a client does that ends in order.
#[derive(Debug)]
pub struct RawInsert {
    stream: TcpStream,
}

/// What ClickHouse said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// ClickHouse's error code, if it named one.
    pub code: Option<u32>,
    /// The body.
    pub text: String,
}

impl RawAnswer {
    /// Whether the insert was acknowledged.
    pub fn is_ok(&self) -> bool {
        self.status == 200 && self.code.is_none()
    }
}

impl RawInsert {
    /// Connects and sends the head of the request except for the empty line at its end, so that ClickHouse
    /// knows nothing of it yet. `settings` come on top of [`INSERT_SETTINGS`] and win over them.
    pub async fn connect(
        login: &Login,
        statement: &str,
        query_id: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let mut parameters: BTreeMap<&str, &str> = INSERT_SETTINGS.into_iter().collect();
        parameters.extend(settings.iter().copied());
        parameters.extend([("query", statement), ("query_id", query_id)]);
        let url = Url::parse_with_params(&login.url, parameters).context("the login has no usable URL")?;
        let address = url
            .socket_addrs(|| None)
            .context("the login's host has no address")?;
        let mut stream = TcpStream::connect(address.as_slice())
            .await
            .context("ClickHouse cannot be reached")?;
        stream.set_nodelay(true)?;
        let head = format!(
            "POST {}?{} HTTP/1.1\r\nHost: clickhouse\r\nX-ClickHouse-User: {}\r\nX-ClickHouse-Key: {}\r\n\
             Connection: close\r\nTransfer-Encoding: chunked\r\n",
            url.path(),
            url.query().unwrap_or_default(),
            login.user,
            login.password,
        );
        stream.write_all(head.as_bytes()).await?;
        Ok(Self { stream })
    }

    /// [`Self::connect`] and [`Self::begin`] in one.
    pub async fn start(
        login: &Login,
        statement: &str,
        query_id: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let mut insert = Self::connect(login, statement, query_id, settings).await?;
        insert.begin().await?;
        Ok(insert)
    }

    /// Completes the head: from now on ClickHouse works on the insert.
    pub async fn begin(&mut self) -> Result<()> {
        self.stream
            .write_all(b"\r\n")
            .await
            .context("ClickHouse closed the connection")
    }

    /// Sends a piece of the body.
    pub async fn send(&mut self, piece: &[u8]) -> Result<()> {
        // An empty chunk would be the last one.
        ensure!(!piece.is_empty(), "there is nothing to send");
        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
        chunk.extend_from_slice(piece);
        chunk.extend_from_slice(b"\r\n");
        self.stream
            .write_all(&chunk)
            .await
            .context("ClickHouse closed the connection")
    }

    /// Says that the body is complete.
    pub async fn finish(&mut self) -> Result<()> {
        self.stream
            .write_all(b"0\r\n\r\n")
            .await
            .context("ClickHouse closed the connection")
    }

    /// Reads ClickHouse's answer to its end. An error says that the connection ended without one.
    pub async fn answer(&mut self) -> Result<RawAnswer> {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(ANSWER_TIMEOUT, self.stream.read_to_end(&mut bytes)).await;
        let ended = read.with_context(|| format!("no answer within {ANSWER_TIMEOUT:?}"))?;
        // A reset after the answer, because we have sent what nobody read, takes nothing from it.
        match parse(&bytes) {
            Some(answer) => Ok(answer),
            None => {
                ended.context("the connection broke")?;
                anyhow::bail!("the connection ended without an answer")
            }
        }
    }

    /// Sends what is left of the body, says that it is complete, and reads the answer. Errors of sending do
    /// not count: who is refused in the middle of a body finds the connection closed.
    pub async fn complete(mut self, rest: &[u8]) -> Result<RawAnswer> {
        let sent = match rest {
            [] => Ok(()),
            rest => self.send(rest).await,
        };
        if sent.is_ok() {
            let _ = self.finish().await;
        }
        self.answer().await
    }

    /// Ends the connection as a crash of this machine's program does: with a reset.
    pub fn reset(self) -> Result<()> {
        self.stream
            .set_zero_linger()
            .context("the connection cannot be reset")
    }
}

/// The answer in `bytes`, if it is all there. ClickHouse says how it ends either by its length or by chunks.
fn parse(bytes: &[u8]) -> Option<RawAnswer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let is_chunked = header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let text = match is_chunked {
        true => unchunk(body)?,
        false => body.to_owned(),
    };
    Some(RawAnswer {
        status,
        code: header("X-ClickHouse-Exception-Code").and_then(|code| code.parse().ok()),
        text,
    })
}

fn unchunk(mut body: &str) -> Option<String> {
    let mut text = String::new();
    loop {
        let (length, rest) = body.split_once("\r\n")?;
        let length = usize::from_str_radix(length.trim(), 16).ok()?;
        if length == 0 {
            return Some(text);
        }
        text.push_str(rest.get(..length)?);
        body = rest.get(length..)?.strip_prefix("\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let chunked = "HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\n\
                       X-ClickHouse-Exception-Code: 395\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        let expected = RawAnswer {
            status: 500,
            code: Some(395),
            text: "abcde".to_owned(),
        };
        assert_eq!(parse(chunked.as_bytes()), Some(expected));
        for cut in [10, chunked.len() - 10] {
            assert_eq!(parse(&chunked.as_bytes()[..cut]), None);
        }
        let plain = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").expect("an answer");
        assert!(plain.is_ok() && plain.text.is_empty());
    }
}
