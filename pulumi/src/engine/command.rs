//! The program `pulumi`: where it is, whether it is one that we know, and running it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::EngineError;

/// Versions of `pulumi` that this crate works with, from and up to (excluded): it uses what is internal to them.
pub const SUPPORTED: (Version, Version) = ((3, 150, 0), (4, 0, 0));
type Version = (u32, u32, u32);

/// Most bytes that are kept of what it says.
const MAX_OUTPUT: u64 = 4 << 20;

/// A `pulumi` that can be used.
#[derive(Debug, Clone)]
pub struct Pulumi {
    path: PathBuf,
    version: Version,
}

/// What a run of it said, and how it ended.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) success: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Pulumi {
    /// The one at `path`, or the first in the search path, if its version is one that we know.
    pub async fn find(path: Option<&Path>) -> Result<Self, EngineError> {
        let path = path.unwrap_or(Path::new("pulumi")).to_owned();
        let output = Command::new(&path)
            .arg("version")
            .env("PULUMI_SKIP_UPDATE_CHECK", "true")
            .output()
            .await;
        let output = output.map_err(|source| EngineError::NoPulumi {
            path: path.clone(),
            source,
        })?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let version = parse_version(&text).ok_or_else(|| EngineError::Version(text.clone()))?;
        if version < SUPPORTED.0 || version >= SUPPORTED.1 {
            return Err(EngineError::Version(text));
        }
        Ok(Self { path, version })
    }

    /// Its version.
    pub fn version(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{major}.{minor}.{patch}")
    }

    /// A run of it in `directory`, in a process group of its own: a Ctrl-C on the terminal is for us, and we pass it on.
    pub(super) fn command(
        &self,
        directory: &Path,
        arguments: &[OsString],
        env: &BTreeMap<String, OsString>,
    ) -> Command {
        let mut command = Command::new(&self.path);
        command
            .arg("--cwd")
            .arg(directory)
            .args(arguments)
            .arg("--non-interactive")
            .arg("--color=never")
            .envs(env)
            .env("PULUMI_SKIP_UPDATE_CHECK", "true")
            // `--event-log` is taken with this only.
            .env("PULUMI_DEBUG_COMMANDS", "true")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(super) async fn run(
        &self,
        directory: &Path,
        arguments: &[&str],
        env: &BTreeMap<String, OsString>,
        input: Option<&str>,
    ) -> Result<Said, EngineError> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let mut command = self.command(directory, &arguments, env);
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().map_err(EngineError::Io)?;
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            stdin.write_all(input.as_bytes()).await.map_err(EngineError::Io)?;
        }
        finish(child).await
    }
}

/// Waits for the end of `child`, and keeps what it says.
pub(super) async fn finish(mut child: Child) -> Result<Said, EngineError> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr, status) = tokio::join!(read(stdout), read(stderr), child.wait());
    Ok(Said {
        success: status.map_err(EngineError::Io)?.success(),
        stdout,
        stderr,
    })
}

/// All that comes, of which the first part is kept: what is not read would make the other side wait.
async fn read(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else {
        return String::new();
    };
    let mut kept = Vec::new();
    let mut first = (&mut stream).take(MAX_OUTPUT);
    if first.read_to_end(&mut kept).await.is_ok() {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn parse_version(text: &str) -> Option<Version> {
    let text = text.trim().trim_start_matches('v');
    let core = text.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| part.parse().ok());
    let version = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("v3.150.0\n"), Some((3, 150, 0)));
        assert_eq!(parse_version("3.200.1-dev.0+x"), Some((3, 200, 1)));
        for text in ["", "v", "3.1", "3.1.x", "3.1.2.3"] {
            assert_eq!(parse_version(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_no_pulumi_is_named() {
        let missing = Pulumi::find(Some(Path::new("/nowhere/pulumi")))
            .await
            .unwrap_err();
        assert!(missing.to_string().contains("/nowhere/pulumi"), "{missing}");
        // It says nothing, and ends well.
        let other = Pulumi::find(Some(Path::new("true"))).await.unwrap_err();
        assert!(matches!(other, EngineError::Version(_)), "{other}");
    }
}
