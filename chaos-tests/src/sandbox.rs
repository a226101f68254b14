//! A directory for one test, and waiting for what must come true.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// Set to 1 to keep the directories of tests that pass, too.
pub(crate) const KEEP_VARIABLE: &str = "AURORA_KEEP_SANDBOX";

/// Whether a test of this process has failed.
static HAS_FAILED: AtomicBool = AtomicBool::new(false);

/// Whether a test of this process has failed so far, as far as sandboxes can tell.
pub(crate) fn has_failed() -> bool {
    HAS_FAILED.load(Ordering::Relaxed)
}

/// The directory in which everything of one test happens: configuration, data, logs.
///
/// It is deleted when the test passes. When the test fails, it stays, and its path is printed. A failing test
/// is one that panics while the sandbox is alive, or returns an error out of [`Sandbox::run`]. Declare the
/// sandbox before what runs in it: Rust drops in reverse order, so that processes have ended before their
/// files go.
#[derive(Debug)]
pub struct Sandbox {
    directory: Option<TempDir>,
    path: PathBuf,
    keep: bool,
}

impl Sandbox {
    /// A fresh directory, whose name contains `name`.
    pub fn new(name: &str) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix(&format!("aurora-{name}-"))
            .tempdir()
            .with_context(|| {
                format!(
                    "cannot create a sandbox in {}. Point TMPDIR to a writable directory",
                    env::temp_dir().display()
                )
            })?;
        let keep = env::var_os(KEEP_VARIABLE).is_some_and(|value| value == "1");
        Ok(Self {
            path: directory.path().to_owned(),
            directory: Some(directory),
            keep,
        })
    }

    /// Runs a test that returns a `Result`, and keeps the directory if it returns an error.
    pub async fn run<T>(name: &str, test: impl AsyncFnOnce(&Sandbox) -> Result<T>) -> Result<T> {
        let mut sandbox = Self::new(name)?;
        let started = Instant::now();
        let result = test(&sandbox).await;
        eprintln!("{name} took {:.1} s", started.elapsed().as_secs_f64());
        sandbox.keep |= result.is_err();
        HAS_FAILED.fetch_or(result.is_err(), Ordering::Relaxed);
        result
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.path
    }

    /// The path of the file or directory `name` in it. Nothing is created.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file, configuration usually, and returns its path.
    pub fn write(&self, name: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(&path, contents).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Keeps the directory whatever happens.
    pub fn keep(&mut self) {
        self.keep = true;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let Some(directory) = self.directory.take() else {
            return;
        };
        HAS_FAILED.fetch_or(thread::panicking(), Ordering::Relaxed);
        if self.keep || thread::panicking() {
            eprintln!(
                "the sandbox is kept, with all logs: {}",
                directory.keep().display()
            );
        }
    }
}

/// What a probe of [`eventually`] may answer: `bool`, `Option<T>`, or `Result` of one of these with the
/// reason why not.
pub trait Answer {
    /// What is handed on once the answer is yes.
    type Value;

    /// The value, or why there is none yet ("" when nothing is known).
    fn into_value(self) -> Result<Self::Value, String>;
}

impl Answer for bool {
    type Value = ();

    fn into_value(self) -> Result<(), String> {
        if self { Ok(()) } else { Err(String::new()) }
    }
}

impl<T> Answer for Option<T> {
    type Value = T;

    fn into_value(self) -> Result<T, String> {
        self.ok_or_else(String::new)
    }
}

impl<A: Answer, E: Display> Answer for Result<A, E> {
    type Value = A::Value;

    fn into_value(self) -> Result<A::Value, String> {
        // The alternate form shows the whole chain of causes of an anyhow::Error.
        self.map_err(|error| format!("{error:#}"))?.into_value()
    }
}

/// Asks `probe` again and again until it answers yes, at most for `timeout`, which should be generous: a test
/// that passes never waits for it.
///
/// `what` completes the sentence "waited for …". The error carries the probe's last reason.
pub async fn eventually<A: Answer>(
    what: &str,
    timeout: Duration,
    mut probe: impl AsyncFnMut() -> A,
) -> Result<A::Value> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(10);
    let mut reason = String::new();
    let mut attempts = 0_u32;
    loop {
        let remaining = timeout.saturating_sub(started.elapsed());
        match tokio::time::timeout(remaining, probe()).await.map(A::into_value) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(why)) => reason = why,
            Err(_) if attempts == 0 => reason = "the probe never returned".to_owned(),
            Err(_) => {}
        }
        attempts += 1;
        if started.elapsed() >= timeout {
            let reason = if reason.is_empty() {
                "the answer was no".to_owned()
            } else {
                reason
            };
            bail!("waited {timeout:?} for {what}, in vain; attempt {attempts} said: {reason}");
        }
        tokio::time::sleep(pause.min(timeout.saturating_sub(started.elapsed()))).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;
    use std::convert::Infallible;

    #[tokio::test]
    async fn eventually_hands_on_the_value() -> Result<()> {
        let mut asked = 0;
        let value = eventually("the third question", Duration::from_secs(5), async || {
            asked += 1;
            (asked == 3).then_some("here")
        });
        assert_eq!(value.await?, "here");
        Ok(())
    }

    #[tokio::test]
    async fn eventually_says_what_it_waited_for_and_the_last_reason() {
        let never = async || -> Result<bool> { Err(anyhow!("no route").context("not connected")) };
        let error = eventually("a connection", Duration::from_millis(30), never)
            .await
            .expect_err("it never comes");
        let message = error.to_string();
        assert!(
            message.contains("a connection") && message.contains("not connected: no route"),
            "{message}"
        );
    }

    #[tokio::test]
    async fn eventually_does_not_hang_with_its_probe() {
        let hanging = async || -> bool { std::future::pending().await };
        let error = eventually("a sign", Duration::from_millis(30), hanging)
            .await
            .expect_err("it never comes");
        assert!(error.to_string().contains("never returned"), "{error}");
    }

    #[tokio::test]
    async fn the_directory_goes_when_the_test_passes_and_stays_when_it_fails() -> Result<()> {
        let mut seen = PathBuf::new();
        Sandbox::run("passing", async |sandbox| {
            seen = sandbox.write("sub/file", "x")?;
            Ok(())
        })
        .await?;
        assert!(!seen.exists() || env::var_os(KEEP_VARIABLE).is_some());

        let failing = Sandbox::run("failing", async |sandbox| -> Result<Infallible> {
            seen = sandbox.directory().to_owned();
            bail!("on purpose")
        });
        assert!(failing.await.is_err());
        assert!(seen.exists());
        fs::remove_dir_all(seen)?;
        Ok(())
    }
}
