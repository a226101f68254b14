//! Lines of a pipe, none of them without end.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Longest line; bytes that are no text take up to four characters each in JSON.
const MAX_LINE_BYTES: usize = 2 << 20;

/// Reads lines. Waiting for one may be given up at any time.
pub(super) struct Lines {
    pipe: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    line: Vec<u8>,
    is_too_long: bool,
}

impl Lines {
    pub(super) fn new(pipe: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self {
            pipe: BufReader::with_capacity(64 << 10, Box::new(pipe)),
            line: Vec::new(),
            is_too_long: false,
        }
    }

    /// The next line that is not too long, or the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let some = self.pipe.fill_buf().await?;
            if some.is_empty() {
                return Ok(None);
            }
            let end = some.iter().position(|byte| *byte == b'\n');
            let part = &some[..end.unwrap_or(some.len())];
            self.is_too_long |= self.line.len() + part.len() > MAX_LINE_BYTES;
            if !self.is_too_long {
                self.line.extend_from_slice(part);
            }
            let read = part.len() + usize::from(end.is_some());
            self.pipe.consume(read);
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                if !std::mem::take(&mut self.is_too_long) {
                    return Ok(Some(line));
                }
                tracing::warn!(
                    "an entry of the journal is longer than {MAX_LINE_BYTES} bytes; it is left out"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_one_by_one_and_none_without_end() {
        let mut text = b"first\n\nthird\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', MAX_LINE_BYTES + 1));
        text.extend_from_slice(b"\nlast\nunfinished");
        let mut lines = Lines::new(io::Cursor::new(text));
        for expected in ["first", "", "third", "last"] {
            assert_eq!(lines.next().await.unwrap().unwrap(), expected.as_bytes());
        }
        assert_eq!(lines.next().await.unwrap(), None);
    }
}
