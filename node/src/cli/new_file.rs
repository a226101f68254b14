//! Files that are there only once they are whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

/// Links that lead to links; the kernel follows no more either.
const MAX_LINKS: usize = 40;

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
        if leads_to_descriptor(path) {
            // What the shell has opened must not be taken from it; and it may have something in it already.
            let file = OpenOptions::new().append(true).open(path);
            return Ok(Self(Kind::Special(file.with_context(cannot)?)));
        }
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
        if let Some(there) = &there {
            // It would be replaced, for which its own permissions do not matter; they are there to be heeded.
            if there.permissions().readonly() {
                bail!("cannot write {}: it is read-only", path.display());
            }
            let opened = OpenOptions::new().write(true).open(&target);
            opened.with_context(cannot)?;
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

    /// What to write it through, in any thread. The name stays here: dropping this removes what nobody finished, even
    /// while somebody still writes.
    pub(super) fn writer(&self) -> io::Result<File> {
        match &self.0 {
            Kind::Beside { file, .. } => file.as_file().try_clone(),
            Kind::Special(file) => file.try_clone(),
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

/// Whether a path names what some process has open, such as `/dev/stdout`, itself or by a link.
fn leads_to_descriptor(path: &Path) -> bool {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let Ok(parent) = fs::canonicalize(parent) else {
            return false;
        };
        // Linux has them in the one, others in the other.
        if ["/proc", "/dev/fd"].iter().any(|place| parent.starts_with(place)) {
            return true;
        }
        let link = path.file_name().map(|name| parent.join(name));
        let Some(Ok(next)) = link.map(fs::read_link) else {
            return false;
        };
        path = parent.join(next);
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::Write;

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
        let file = NewFile::create(&path).unwrap();
        file.writer().unwrap().write_all(b"half").unwrap();
        assert!(!path.exists() && names(directory.path()).len() == 1);
        drop(file);
        assert!(names(directory.path()).is_empty());
        let file = NewFile::create(&path).unwrap();
        file.writer().unwrap().write_all(b"whole").unwrap();
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
        let file = NewFile::create(&link).unwrap();
        file.writer().unwrap().write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_to_and_directories_refused() {
        let null = NewFile::create(Path::new("/dev/null")).unwrap();
        null.writer().unwrap().write_all(b"gone").unwrap();
        null.finish().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let directory = tempfile::tempdir().unwrap();
        let error = NewFile::create(directory.path()).unwrap_err();
        assert!(error.to_string().contains("is a directory"), "{error}");
        let error = NewFile::create(&directory.path().join("no/such/file")).unwrap_err();
        assert!(error.to_string().starts_with("cannot write"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_the_shell_has_opened_is_added_to() {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::symlink;
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("all.csv"), directory.path().join("link"));
        fs::write(&path, "old,").unwrap();
        let opened = OpenOptions::new().append(true).open(&path).unwrap();
        let descriptor = PathBuf::from(format!("/dev/fd/{}", opened.as_raw_fd()));
        symlink(&descriptor, &link).unwrap();
        for name in [&descriptor, &link] {
            let file = NewFile::create(name).unwrap();
            file.writer().unwrap().write_all(b"new,").unwrap();
            file.finish().unwrap();
        }
        (&opened).write_all(b"more").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old,new,new,more");
    }

    #[cfg(unix)]
    #[test]
    fn what_must_not_be_written_is_not_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kept");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let error = NewFile::create(&path).unwrap_err();
        assert!(error.to_string().contains("it is read-only"), "{error}");
        assert_eq!(names(directory.path()), ["kept"]);
    }

    #[test]
    fn a_name_that_is_dropped_goes_while_somebody_writes() {
        let directory = tempfile::tempdir().unwrap();
        let file = NewFile::create(&directory.path().join("rows.csv")).unwrap();
        let mut writer = file.writer().unwrap();
        drop(file);
        writer.write_all(b"late").unwrap();
        assert!(names(directory.path()).is_empty());
    }
}
