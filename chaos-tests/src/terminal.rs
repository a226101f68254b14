//! A program at a terminal, with somebody who types and reads.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use anyhow::{Context, Result};
use nix::libc;
use nix::pty::{Winsize, openpty};

use crate::process::{Process, open_log};
use crate::sandbox::eventually;

/// So wide that no line of a test is broken.
const SIZE: Winsize = Winsize {
    ws_row: 50,
    ws_col: 220,
    ws_xpixel: 0,
    ws_ypixel: 0,
};
/// Ctrl-C, as a terminal sends it.
pub const CTRL_C: &str = "\x03";
/// Ctrl-D.
pub const CTRL_D: &str = "\x04";
/// The arrow that brings back what was typed before.
pub const UP: &str = "\x1b[A";
/// Enter, as keyboards send it.
pub const ENTER: &str = "\r";

/// A program with a pseudo-terminal as its standard input, output and error, in a session of its own. What it writes is
/// in its log, too. Dropping it kills it.
pub struct Terminal {
    process: Process,
    keyboard: Mutex<File>,
    screen: Arc<Mutex<Screen>>,
    patience: Duration,
}

/// What the program has written.
#[derive(Default)]
struct Screen {
    bytes: Vec<u8>,
    /// Up to where somebody has read.
    read: usize,
}

impl Terminal {
    /// Starts a program. Whoever waits for it waits for at most `patience`.
    pub fn spawn(directory: &Path, name: &str, mut command: Command, patience: Duration) -> Result<Self> {
        let pty = openpty(&SIZE, None).context("there is no pseudo-terminal to be had")?;
        let (log, mut output) = open_log(directory, name)?;
        // Copies, since those are closed in every other child.
        let (mine, its_own) = (pty.master.try_clone()?, pty.slave.try_clone()?);
        drop(pty);
        let mine = File::from(mine);
        command
            .stdin(its_own.try_clone()?)
            .stdout(its_own.try_clone()?)
            .stderr(its_own)
            .env("TERM", "xterm");
        let take_terminal = || {
            // Who was started with Ctrl-C ignored, as by `nohup … &`, passes that on, and a shell may not trap it then.
            // SAFETY: the calls take no pointers to memory and are async-signal-safe, as code after a fork must be.
            // Standard input is the terminal by now.
            let is_taken = unsafe {
                libc::signal(libc::SIGINT, libc::SIG_DFL) != libc::SIG_ERR
                    && libc::setsid() >= 0
                    && libc::ioctl(0, libc::TIOCSCTTY, 0) >= 0
            };
            match is_taken {
                true => Ok(()),
                false => Err(io::Error::last_os_error()),
            }
        };
        // SAFETY: the closure only makes system calls; it allocates nothing and takes no lock.
        unsafe { command.pre_exec(take_terminal) };
        let process = Process::start(name, log, &output, command)?;
        let screen = Arc::new(Mutex::new(Screen::default()));
        let (mut written, shown) = (mine.try_clone()?, screen.clone());
        thread::spawn(move || {
            let mut piece = [0; 16 << 10];
            loop {
                match written.read(&mut piece) {
                    // Linux says EIO when nobody has the terminal open any more.
                    Ok(0) => return,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => return,
                    Ok(length) => {
                        let piece = &piece[..length];
                        let _ = output.write_all(piece);
                        lock(&shown).bytes.extend_from_slice(piece);
                    }
                }
            }
        });
        Ok(Self {
            process,
            keyboard: Mutex::new(mine),
            screen,
            patience,
        })
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Types a text, as it is.
    pub fn type_text(&self, text: &str) -> Result<()> {
        lock(&self.keyboard)
            .write_all(text.as_bytes())
            .context("the terminal is closed")
    }

    /// Types a line, and Enter.
    pub fn enter(&self, line: &str) -> Result<()> {
        self.type_text(&format!("{line}{ENTER}"))
    }

    /// Waits until a text is on the screen, after what has been read before, and returns what came up to its end.
    /// What moves the cursor, or changes colours, is left out.
    pub async fn until(&self, text: &str) -> Result<String> {
        let what = format!("{text:?} on the terminal");
        let found = eventually(&what, self.patience, async || self.find(text));
        found.await.with_context(|| {
            let screen = lock(&self.screen);
            let unread = String::from_utf8_lossy(&screen.bytes[screen.read..]).into_owned();
            format!("not yet read on the terminal is:\n{unread:?}")
        })
    }

    /// Waits until it ends by itself.
    pub async fn wait(&self) -> Result<ExitStatus> {
        self.process.wait(self.patience).await
    }

    fn find(&self, text: &str) -> Option<String> {
        let mut screen = lock(&self.screen);
        let (plain, ends) = plain(&screen.bytes[screen.read..]);
        let end = plain.find(text)? + text.len();
        screen.read += ends[end - 1];
        Some(plain[..end].to_owned())
    }
}

/// What people see of bytes, and for each byte of it up to where it goes in those.
fn plain(bytes: &[u8]) -> (String, Vec<usize>) {
    let (mut seen, mut ends) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == 0x1b {
            // CSI sequences end with a letter, or @ to ~; other ones are a character long.
            let is_long = bytes.get(at + 1) == Some(&b'[');
            let skipped = if is_long { at + 2 } else { at + 1 };
            let length = bytes[skipped.min(bytes.len())..]
                .iter()
                .position(|byte| (0x40..=0x7e).contains(byte));
            match length {
                Some(length) => at = skipped + length + 1,
                // The rest of it is still to come.
                None => break,
            }
            continue;
        }
        if bytes[at] != b'\r' {
            seen.push(bytes[at]);
            ends.push(at + 1);
        }
        at += 1;
    }
    match String::from_utf8(seen) {
        Ok(text) => (text, ends),
        // A character has come by half.
        Err(error) => {
            let whole = error.utf8_error().valid_up_to();
            ends.truncate(whole);
            let text = String::from_utf8_lossy(&error.as_bytes()[..whole]).into_owned();
            (text, ends)
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn what_is_typed_is_read_and_what_is_written_is_seen() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let script = "test -t 0 && test -t 2 && printf '\\033[1mready\\033[0m\\n'; read line; echo \"<$line>\"; exit 3";
        let terminal = Terminal::spawn(directory.path(), "shell", shell(script), PATIENCE)?;
        terminal.until("ready").await?;
        terminal.enter("grüße")?;
        terminal.until("<grüße>").await?;
        assert_eq!(terminal.wait().await?.code(), Some(3));
        assert!(terminal.process().find_in_log("<grüße>").is_some());
        Ok(())
    }

    #[tokio::test]
    async fn ctrl_c_reaches_who_is_at_the_terminal() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let script = "trap 'echo caught; exit 7' INT; echo ready; while true; do sleep 1; done";
        // As in a run of tests that was started by `nohup … &`.
        // SAFETY: no handler is set, and what there was is put back.
        let before = unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
        let terminal = Terminal::spawn(directory.path(), "shell", shell(script), PATIENCE);
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGINT, before) };
        let terminal = terminal?;
        terminal.until("ready").await?;
        terminal.type_text(CTRL_C)?;
        terminal.until("caught").await?;
        assert_eq!(terminal.wait().await?.code(), Some(7));
        Ok(())
    }

    #[test]
    fn what_moves_the_cursor_is_not_seen() {
        let of = |text: &str| plain(text.as_bytes()).0;
        assert_eq!(of("\x1b[?2004h\rsql> \x1b[7CSELECT\x1b[K\r\n"), "sql> SELECT\n");
        assert_eq!(of("a\x1b[1"), "a", "the rest is still to come");
        let (text, ends) = plain("\x1b[1mab\r\n".as_bytes());
        assert_eq!((text.as_str(), ends.as_slice()), ("ab\n", &[5, 6, 8][..]));
        assert_eq!(plain(&"aü".as_bytes()[..2]).0, "a");
    }
}
