//! The passwords of the two ClickHouse users, made once per data directory.

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
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets(hidden)")
    }
}

impl Secrets {
    fn generate() -> Self {
        let mut rng = rand::rng();
        Self {
            writer_password: Alphanumeric.sample_string(&mut rng, PASSWORD_LENGTH_CHARS),
            reader_password: Alphanumeric.sample_string(&mut rng, PASSWORD_LENGTH_CHARS),
        }
    }

    /// Reads the passwords of an earlier start, or makes new ones. The users file is rendered from them at
    /// every start, so an unreadable file costs nothing but URLs that somebody noted down.
    pub(super) fn load_or_create(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => match serde_json::from_slice::<Self>(&bytes) {
                Ok(secrets) if secrets.is_complete() => return Ok(secrets),
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
        self.writer_password.len() >= PASSWORD_LENGTH_CHARS
            && self.reader_password.len() >= PASSWORD_LENGTH_CHARS
    }
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
