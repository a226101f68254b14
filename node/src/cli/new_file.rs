//! Files that are there only once they are whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

/// A file that is being written. Until [`NewFile::finish`] it has another name, beside the one it is to have, and what
/// was there before stays; dropping it leaves nothing behind.
#[derive(Debug)]
pub(super) struct NewFile(Kind);

#[derive(Debug)]
enum Kind {
    Beside {
        file: NamedTempFile,
        target: PathBuf,
    },
    /// What is no file, such as a pipe, cannot be put in the place of itself.
    Special(File),
}

impl NewFile {
    /// Begins one that is to be called `path`.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        // A link stays a link, to a new file.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let there = fs::metadata(&target).ok();
        if there.as_ref().is_some_and(fs::Metadata::is_dir) {
            bail!("cannot write {}: it is a directory", path.display());
        }
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            let file = OpenOptions::new().write(true).open(&target);
            return Ok(Self(Kind::Special(file.with_context(cannot)?)));
        }
        let directory = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".aurora-").suffix(".partial");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As every program's files, less what the umask takes; temporary ones would be the owner's alone.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(directory).with_context(cannot)?;
        if let Some(there) = there {
            let same = file.as_file().set_permissions(there.permissions());
            same.with_context(cannot)?;
        }
        Ok(Self(Kind::Beside { file, target }))
    }

    /// Whether people look at it, by whatever name it was called.
    pub(super) fn is_terminal(&self) -> bool {
        match &self.0 {
            Kind::Beside { .. } => false,
            Kind::Special(file) => file.is_terminal(),
        }
    }

    /// Gives it its name, now that it is whole.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let Kind::Beside { file, target } = self.0 else {
            return Ok(());
        };
        let cannot = || format!("cannot write {}", target.display());
        // Otherwise, after a loss of power, the name might be there and the bytes not.
        file.as_file().sync_all().with_context(cannot)?;
        file.persist(&target).with_context(cannot)?;
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Beside { file, .. } => file.write(bytes),
            Kind::Special(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Beside { file, .. } => file.flush(),
            Kind::Special(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn it_is_there_once_it_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows.csv");
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists() && names(directory.path()).len() == 1);
        drop(file);
        assert!(names(directory.path()).is_empty());
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(directory.path()), ["rows.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_was_there_stays_until_then_and_keeps_its_permissions() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("secret"), directory.path().join("link"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&path, &link).unwrap();
        let mut file = NewFile::create(&link).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_to_and_directories_refused() {
        let mut null = NewFile::create(Path::new("/dev/null")).unwrap();
        null.write_all(b"gone").unwrap();
        null.finish().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let directory = tempfile::tempdir().unwrap();
        let error = NewFile::create(directory.path()).unwrap_err();
        assert!(error.to_string().contains("is a directory"), "{error}");
        let error = NewFile::create(&directory.path().join("no/such/file")).unwrap_err();
        assert!(error.to_string().starts_with("cannot write"), "{error}");
    }
}
