//! Files of somebody else's, put in place whole.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;
use nix::unistd::{Gid, Group, Uid, User, chown};

/// Whose files are, and who may read them.
#[derive(Debug, Clone, Args)]
pub(super) struct Ownership {
    /// Whose the files are to be: USER or USER:GROUP; needs root
    #[arg(long, value_name = "USER[:GROUP]")]
    owner: Option<String>,
}

/// A user and maybe a group of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Owner {
    user: Option<Uid>,
    group: Option<Gid>,
}

impl Ownership {
    /// Who that is here; looked up before anything is written.
    pub(super) fn look_up(&self) -> anyhow::Result<Owner> {
        let Some(text) = &self.owner else {
            return Ok(Owner::default());
        };
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text.as_str(), None),
        };
        let Some(user) = User::from_name(user).context("users cannot be looked up")? else {
            bail!("--owner: this machine has no user {user:?}");
        };
        let group = match group {
            None => user.gid,
            Some(name) => match Group::from_name(name).context("groups cannot be looked up")? {
                Some(group) => group.gid,
                None => bail!("--owner: this machine has no group {name:?}"),
            },
        };
        Ok(Owner {
            user: Some(user.uid),
            group: Some(group),
        })
    }
}

/// An access mode in octal, such as `0400`.
pub(super) fn mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("an access mode is an octal number up to 0777, such as 0400".to_owned()),
    }
}

/// Puts a file in the place of what was there. Nobody ever sees a part of it, or with another mode or owner.
pub(super) fn put(path: &Path, content: &[u8], mode: u32, owner: Owner) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // Its owner's alone until it is whole.
    let builder = tempfile::Builder::new().prefix(".aurora-").tempfile_in(directory);
    let mut file = builder.with_context(cannot)?;
    file.write_all(content).with_context(cannot)?;
    if owner.user.is_some() {
        chown(file.path(), owner.user, owner.group).with_context(cannot)?;
    }
    let permissions = Permissions::from_mode(mode);
    file.as_file().set_permissions(permissions).with_context(cannot)?;
    file.as_file().sync_all().with_context(cannot)?;
    file.persist(path).with_context(cannot)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_with_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, "old").unwrap();
        put(&path, b"new", 0o400, Owner::default()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o400);
        // Nothing else is left, and a file that only its owner may read is replaced, too.
        put(&path, b"newer", 0o440, Owner::default()).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(put(&directory.path().join("a/b"), b"", 0o400, Owner::default()).is_err());
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(mode("0400"), Ok(0o400));
        assert_eq!(mode("640"), Ok(0o640));
        for text in ["", "0800", "4755", "rw"] {
            assert!(mode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_owner_is_named() {
        let ownership = |owner: &str| Ownership {
            owner: Some(owner.to_owned()),
        };
        let error = ownership("aurora-nobody-is-called-so").look_up().unwrap_err();
        assert!(
            error.to_string().contains("aurora-nobody-is-called-so"),
            "{error}"
        );
        let error = ownership("root:aurora-nobody-is-called-so")
            .look_up()
            .unwrap_err();
        assert!(error.to_string().contains("no group"), "{error}");
        assert_eq!(ownership("root").look_up().unwrap().user, Some(Uid::from_raw(0)));
    }
}
