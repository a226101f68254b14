//! Where rows are written.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use super::interrupt::Stop;
use super::output;

/// What is written at once, in bytes; who is told to stop stops between two of these.
const PIECE: usize = 64 << 10;

/// A file, or standard output.
#[derive(Debug)]
pub(super) enum Sink {
    File(File),
    Stdout,
    /// Whoever read standard output has had enough, as `head` has.
    Enough,
}

impl Sink {
    /// Whether people look at it.
    pub(super) fn is_terminal(&self) -> bool {
        match self {
            Self::File(file) => file.is_terminal(),
            Self::Stdout => output::is_terminal(),
            Self::Enough => false,
        }
    }

    /// Whether more makes no sense.
    pub(super) fn has_enough(&self) -> bool {
        matches!(self, Self::Enough)
    }

    /// Writes all of it, unless it is told to stop.
    pub(super) fn take(&mut self, bytes: &[u8], stop: &Stop) -> io::Result<()> {
        for piece in bytes.chunks(PIECE) {
            if stop.is_said() || self.has_enough() {
                break;
            }
            self.write(piece)?;
        }
        Ok(())
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        let written = match self {
            Self::File(file) => return file.write_all(piece),
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                // At once: what waits to be written would come out later, in the middle of something else.
                stdout.write_all(piece).and_then(|()| stdout.flush())
            }
            Self::Enough => return Ok(()),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                *self = Self::Enough;
                Ok(())
            }
            written => written,
        }
    }

    /// Waits until what was written is where it stays.
    pub(super) fn sync(&self) -> io::Result<()> {
        match self {
            Self::File(file) if file.metadata()?.is_file() => file.sync_all(),
            _ => Ok(()),
        }
    }
}
