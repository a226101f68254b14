//! What Aurora's things in a Grafana are called.
//!
//! Everything that Aurora makes has a uid that begins with a prefix, and every dashboard a tag: by these it knows what is its
//! own. Several deployments can share a Grafana by having prefixes of their own.

use aurora_cluster::StreamId;
use sha2::{Digest, Sha256};

/// The prefix, unless a configuration says another.
pub const PREFIX: &str = "aurora";
/// Grafana's uids have 40 characters at most; what comes after the prefix has 24.
const MAX_PREFIX: usize = 16;
/// How many bytes of a digest tell streams apart.
const DIGEST_BYTES: usize = 8;

/// The names of one deployment's things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    prefix: String,
}

/// A prefix that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot begin names in Grafana: it takes 1 to {MAX_PREFIX} of a-z, 0-9 and -, a letter first")]
pub struct BadPrefix(String);

impl Default for Names {
    fn default() -> Self {
        Self {
            prefix: PREFIX.to_owned(),
        }
    }
}

impl Names {
    /// Names that begin with `prefix`.
    pub fn new(prefix: &str) -> Result<Self, BadPrefix> {
        let is_good = prefix.len() <= MAX_PREFIX
            && prefix.starts_with(|first: char| first.is_ascii_lowercase())
            && prefix
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        match is_good {
            true => Ok(Self {
                prefix: prefix.to_owned(),
            }),
            false => Err(BadPrefix(prefix.to_owned())),
        }
    }

    /// With what all uids begin.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The name for people of whatever there is only one of: `Aurora`, with the prefix where it is another one.
    pub fn title(&self) -> String {
        match self.prefix.as_str() {
            PREFIX => "Aurora".to_owned(),
            other => format!("Aurora ({other})"),
        }
    }

    /// The folder of dashboards and alert rules.
    pub fn folder(&self) -> String {
        self.prefix.clone()
    }

    /// The data source.
    pub fn datasource(&self) -> String {
        format!("{}-clickhouse", self.prefix)
    }

    /// The dashboard for operations.
    pub fn operations(&self) -> String {
        format!("{}-operations", self.prefix)
    }

    /// The dashboard of a stream.
    pub fn stream(&self, id: &StreamId) -> String {
        let digest = Sha256::digest(id.to_string().as_bytes());
        let hex: String = digest[..DIGEST_BYTES]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{}{hex}", self.of_streams())
    }

    /// With what the uids of streams' dashboards begin.
    fn of_streams(&self) -> String {
        format!("{}-stream-", self.prefix)
    }

    /// Whether this is the uid of a stream's dashboard, whichever stream that is or was.
    pub fn is_of_stream(&self, uid: &str) -> bool {
        uid.strip_prefix(&self.of_streams()).is_some_and(|digest| {
            digest.len() == 2 * DIGEST_BYTES && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }

    /// An alert rule.
    pub fn rule(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// The contact point that Aurora makes: its uid, and its name, which is unlikely to be somebody else's.
    pub fn contact_point(&self) -> String {
        format!("{}-notices", self.prefix)
    }

    /// What all dashboards are tagged with that Aurora makes: the prefix, so that they can be found in Grafana too.
    pub fn tag(&self) -> String {
        self.prefix.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_fits_and_says_whose_it_is() {
        let names = Names::new("a234567890123456").unwrap();
        let id: StreamId = "prod:orders".parse().unwrap();
        let uids = [
            names.folder(),
            names.datasource(),
            names.operations(),
            names.stream(&id),
            names.contact_point(),
            names.rule("dead-letters"),
        ];
        for uid in &uids {
            assert!(uid.len() <= 40 && uid.starts_with("a234567890123456"), "{uid}");
        }
        assert!(names.is_of_stream(&uids[3]) && !Names::default().is_of_stream(&uids[3]));
        assert!(uids.iter().filter(|uid| names.is_of_stream(uid)).count() == 1);
        assert_ne!(names.stream(&id), names.stream(&"prod:order".parse().unwrap()));
        for bad in ["", "Aurora", "a b", "-a", "a2345678901234567", "a$b"] {
            assert!(Names::new(bad).is_err(), "{bad}");
        }
    }
}
