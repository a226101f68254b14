//! The passwords of ClickHouse's users, made once per data directory.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};

/// 40 letters and digits are 238 bits, and need no escaping in URLs.
const PASSWORD_LENGTH_CHARS: usize = 40;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Secrets {
    pub(super) writer_password: String,
    pub(super) reader_password: String,
    /// Files of earlier versions lack it.
    #[serde(default)]
    pub(super) grafana_password: String,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets(hidden)")
    }
}

impl Secrets {
    fn generate() -> Self {
        Self {
            writer_password: password(),
            reader_password: password(),
            grafana_password: password(),
        }
    }

    /// Reads the passwords of an earlier start, or makes new ones. The users file is rendered from them at
    /// every start, so an unreadable file costs nothing but URLs that somebody noted down.
    pub(super) fn load_or_create(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => match serde_json::from_slice::<Self>(&bytes) {
                Ok(secrets) if secrets.is_complete() => return Ok(secrets),
                // The URLs of the other users stay valid.
                Ok(secrets) if secrets.grafana_password.is_empty() && secrets.has_both() => {
                    let secrets = Self {
                        grafana_password: password(),
                        ..secrets
                    };
                    write_private(path, &serde_json::to_vec_pretty(&secrets)?)?;
                    return Ok(secrets);
                }
                Ok(_) | Err(_) => {
                    tracing::warn!(path = %path.display(), "secrets file is damaged, making new passwords");
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let secrets = Self::generate();
        write_private(path, &serde_json::to_vec_pretty(&secrets)?)?;
        Ok(secrets)
    }

    fn is_complete(&self) -> bool {
        self.has_both() && self.grafana_password.len() >= PASSWORD_LENGTH_CHARS
    }

    /// Whether those are there that there have always been.
    fn has_both(&self) -> bool {
        self.writer_password.len() >= PASSWORD_LENGTH_CHARS
            && self.reader_password.len() >= PASSWORD_LENGTH_CHARS
    }
}

fn password() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), PASSWORD_LENGTH_CHARS)
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    // A leftover of a crash may have other permissions, and `mode` counts only when the file is created.
    match fs::remove_file(&temporary) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn passwords_are_kept_private_and_reused() {
        let dir = tempdir("secrets");
        let path = dir.join("secrets.json");
        let first = Secrets::load_or_create(&path).unwrap();
        assert_ne!(first.writer_password, first.reader_password);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(first == Secrets::load_or_create(&path).unwrap());
        assert!(!format!("{first:?}").contains(&first.writer_password));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_file_of_an_earlier_version_keeps_its_passwords() {
        let dir = tempdir("earlier");
        let path = dir.join("secrets.json");
        let (writer, reader) = (
            "w".repeat(PASSWORD_LENGTH_CHARS),
            "r".repeat(PASSWORD_LENGTH_CHARS),
        );
        let earlier = format!(r#"{{"writer_password":"{writer}","reader_password":"{reader}"}}"#);
        fs::write(&path, earlier).unwrap();
        let secrets = Secrets::load_or_create(&path).unwrap();
        assert_eq!(
            (&secrets.writer_password, &secrets.reader_password),
            (&writer, &reader)
        );
        assert!(secrets.is_complete() && secrets == Secrets::load_or_create(&path).unwrap());
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let dir = tempdir("damaged");
        let path = dir.join("secrets.json");
        for damaged in ["{", r#"{"writer_password":"","reader_password":""}"#] {
            fs::write(&path, damaged).unwrap();
            assert!(Secrets::load_or_create(&path).unwrap().is_complete());
        }
        fs::remove_dir_all(&dir).unwrap();
    }

    fn tempdir(name: &str) -> std::path::PathBuf {
        let dir = std::env::temp_dir().join(format!("aurora-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        dir
    }
}
