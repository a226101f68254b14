//! What values of a machine may look like. They end up in shell, in TOML, in XML and in unit files: what could mean something
//! there is refused first, and quoted nevertheless.

use crate::deployment::{InvalidDeployment, check_name, check_region};

/// Why there is no such machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMachine {
    /// The name or the region is none.
    #[error(transparent)]
    Deployment(#[from] InvalidDeployment),
    /// A value is not of its form.
    #[error("{what} {value:?} is not right: it has to be {form}")]
    Form {
        /// Which value.
        what: &'static str,
        /// What it is.
        value: String,
        /// What it has to be.
        form: &'static str,
    },
    /// A variable of the machine's environment holds what could be read in two ways.
    #[error(
        "{name} cannot hold {value:?}: only printable ASCII without quotes and backslashes reads the same everywhere"
    )]
    Variable {
        /// The variable.
        name: &'static str,
        /// What it was to hold.
        value: String,
    },
    /// What the user has written for nodes is no TOML.
    #[error("the configuration for nodes is not TOML: {0}")]
    Toml(String),
    /// It has a section that is not the user's to write.
    #[error(
        "the configuration for nodes has {0:?}, which the deployment decides. It may have connections, streams, queries, \
         limits, model and access"
    )]
    Section(String),
    /// It has a secret in plain text.
    #[error(
        "{0} is a secret in plain text, which everybody could read who may describe the machine. Put it into Secrets Manager \
         and write \"secretsmanager:NAME\" (or \"ssm:PARAMETER\")"
    )]
    PlainSecret(String),
    /// There is more than a machine takes.
    #[error(
        "the machine's user-data has {bytes} bytes when it is packed, and AWS takes {limit}: write fewer connections and \
         streams into the deployment, and add the others with `aurora connect` and `aurora streams add`"
    )]
    TooLarge {
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
}

type Checked = Result<(), InvalidMachine>;

fn form(what: &'static str, value: &str, form: &'static str, holds: bool) -> Checked {
    if holds {
        return Ok(());
    }
    let value = value.chars().take(100).collect();
    Err(InvalidMachine::Form { what, value, form })
}

/// A deployment's name.
pub(crate) fn deployment(name: &str) -> Checked {
    Ok(check_name(name)?)
}

/// A region.
pub(crate) fn region(region: &str) -> Checked {
    Ok(check_region(region)?)
}

/// The name of a bucket that TLS certificates fit: without dots.
pub(crate) fn bucket(name: &str) -> Checked {
    let holds = (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    form(
        "the bucket",
        name,
        "3 to 63 lowercase letters, digits and hyphens",
        holds,
    )
}

/// So many hexadecimal digits.
pub(crate) fn hexadecimal(what: &'static str, text: &str, digits: usize) -> Checked {
    let holds = text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    form(
        what,
        text,
        "lowercase hexadecimal digits, as sha256sum and sha512sum print them",
        holds,
    )
}

/// The id of an EBS volume.
pub(crate) fn volume(id: &str) -> Checked {
    let digits = id.strip_prefix("vol-").unwrap_or_default();
    let holds =
        (8..=17).contains(&digits.len()) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    form(
        "the volume",
        id,
        "the id of a volume, such as vol-0123456789abcdef0",
        holds,
    )
}

/// A version.
pub(crate) fn version(text: &str) -> Checked {
    let parts = text.split('.');
    let holds = (1..=40).contains(&text.len())
        && parts.clone().count() >= 2
        && parts
            .clone()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    form(
        "the version",
        text,
        "numbers with dots between them, such as 26.8.2.7",
        holds,
    )
}

/// An address of a server: scheme, host, maybe port and path, and nothing that means something to who reads it later.
pub(crate) fn url(what: &'static str, text: &str) -> Checked {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let holds = text.len() <= 500
        && rest.is_some_and(|rest| {
            let host = rest.split(['/', ':']).next().unwrap_or_default();
            let in_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
            let in_rest = |b: u8| in_host(b) || matches!(b, b'/' | b':' | b'_' | b'~');
            !host.is_empty() && host.bytes().all(in_host) && rest.bytes().all(in_rest)
        });
    form(what, text, "a plain http:// or https:// address", holds)
}

/// A network of IPv4 addresses.
pub(crate) fn network(text: &str) -> Checked {
    let holds = text.split_once('/').is_some_and(|(address, bits)| {
        address.parse::<std::net::Ipv4Addr>().is_ok()
            && matches!(bits.parse(), Ok(0..=32_u8))
            && !bits.starts_with('+')
    });
    form("the network", text, "a network such as 10.0.0.0/16", holds)
}

/// The name of a backup, or `latest`.
pub(crate) fn backup(name: &str) -> Checked {
    let is_stamp = |stamp: &str| {
        let bytes = stamp.as_bytes();
        bytes.len() == 16
            && bytes.iter().enumerate().all(|(position, byte)| match position {
                8 => *byte == b'T',
                15 => *byte == b'Z',
                _ => byte.is_ascii_digit(),
            })
    };
    let holds = name == "latest"
        || matches!(name.split_once('-'), Some((stamp, "full" | "incremental")) if is_stamp(stamp));
    form(
        "the backup",
        name,
        "\"latest\" or a name such as 20261127T030000Z-full",
        holds,
    )
}

/// An address of e-mail, as far as one can tell without writing to it.
pub(crate) fn email(text: &str) -> Checked {
    let holds = text.len() <= 254
        && text.split_once('@').is_some_and(|(who, domain)| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
            !who.is_empty() && who.bytes().all(plain) && domain.contains('.') && domain.bytes().all(plain)
        });
    form(
        "the admin's e-mail",
        text,
        "an address such as ann@example.com",
        holds,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_passes() {
        bucket("aurora-prod-backups-123456789012").unwrap();
        volume("vol-0123456789abcdef0").unwrap();
        version("26.8.2.7").unwrap();
        url("it", "https://packages.clickhouse.com/tgz/stable").unwrap();
        url("it", "http://10.0.0.1:5000").unwrap();
        network("10.0.0.0/16").unwrap();
        backup("latest").unwrap();
        backup("20261127T030000Z-incremental").unwrap();
        email("ann.o+aurora@example.co.uk").unwrap();
    }

    #[test]
    fn what_is_wrong_is_named() {
        for wrong in ["", "a.b.c", "-abc", "Abc", "a b c", "ab", "abc$(id)"] {
            assert!(bucket(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "vol-",
            "vol-xyz",
            "0123456789abcdef0",
            "vol-0123456789abcdef0;id",
        ] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "26", "26.", ".1", "26.8-lts", "26.8'", "latest"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "ftp://x",
            "https://",
            "https:///path",
            "https://a b",
            "https://u:p@host/$__file{/etc/shadow}",
            "https://x/%(domain)s",
            "https://x/\"",
        ] {
            assert!(url("it", wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/+8", "::/0"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "newest",
            "20261127T030000Z",
            "20261127T030000Z-full'",
            "2026112XT030000Z-full",
        ] {
            assert!(backup(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "ann",
            "@example.com",
            "ann@example",
            "a b@example.com",
            "ann@example.com\n[x]",
        ] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
        let error = bucket("My Bucket").unwrap_err().to_string();
        assert!(
            error.contains("My Bucket") && error.contains("lowercase"),
            "{error}"
        );
    }
}
