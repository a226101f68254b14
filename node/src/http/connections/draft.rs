//! A connection as somebody has typed it: checked, and held against what its author may do.

use aurora_actors::ingest::source::connection::{KafkaConnection, SourceError};
use aurora_cluster::StreamId;
use axum::http::StatusCode;

use crate::http::access::{Caller, Role};
use crate::http::problem::Problem;
use crate::registry::document::{Changed, ConnectionDocument};
use crate::registry::security::{self, Given, Mistake, Properties, Security};

/// Most brokers that a connection names.
const MAX_BROKERS: usize = 32;
/// Longest list of them, in bytes.
const MAX_BROKERS_BYTES: usize = 4 << 10;

/// A connection that may be kept, or only tried.
pub(super) struct Draft {
    brokers: String,
    properties: Properties,
}

impl Draft {
    /// What was typed. Secrets that are left out are those of `known`.
    pub(super) fn of(
        brokers: &str,
        security: &Security<Given>,
        known: Option<&ConnectionDocument>,
    ) -> Result<Self, Problem> {
        let none = Properties::new();
        let before = known.map_or(&none, |known| &known.properties);
        Ok(Self {
            brokers: checked_brokers(brokers)?,
            properties: security.properties(before).map_err(|mistake| problem(&mistake))?,
        })
    }

    /// Other brokers, and the rest as it is.
    pub(super) fn with_brokers(brokers: &str, known: &ConnectionDocument) -> Result<Self, Problem> {
        Ok(Self {
            brokers: checked_brokers(brokers)?,
            properties: known.properties.clone(),
        })
    }

    /// Refuses what would let the caller read what they may not: files and variables of the node, secrets of
    /// its AWS account, and secrets that somebody else has typed.
    pub(super) fn allow(&self, caller: &Caller, known: Option<&ConnectionDocument>) -> Result<(), Problem> {
        if caller.role >= Role::Admin {
            return Ok(());
        }
        let none = Properties::new();
        let before = known.map_or(&none, |known| &known.properties);
        if let Some(property) = security::new_reference(&self.properties, before) {
            return Err(refused(
                property,
                "It refers to a file or a variable of the node, or to a secret of its AWS account, and only an admin may do that.",
                "Type the secret itself, or ask an admin.",
            ));
        }
        let known = known.map(|known| (known.brokers.as_str(), &known.properties));
        let carried_away =
            known.and_then(|known| security::carried_away((&self.brokers, &self.properties), known));
        match carried_away {
            None => Ok(()),
            Some(property) => Err(refused(
                property,
                "The secret that is kept would go somewhere else than before: to another broker or token server, without \
                 encryption, or to whomever other certificates stand for.",
                "Type the secret again, or ask an admin.",
            )),
        }
    }

    /// The connection, with what this node finds where references point.
    pub(super) async fn usable(&self, name: &str) -> Result<KafkaConnection, Problem> {
        let document = ConnectionDocument {
            brokers: self.brokers.clone(),
            properties: self.properties.clone(),
            changed: None,
        };
        document.resolve(name).await.map_err(|error| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "reference",
                "A reference leads nowhere on this node",
                format!("{error:#}"),
                "Put what it refers to in its place on every node, or type the secret itself.",
            )
        })
    }

    /// What is to be kept, as changed now by `author`.
    pub(super) fn document(self, author: &str) -> ConnectionDocument {
        ConnectionDocument {
            brokers: self.brokers,
            properties: self.properties,
            changed: Some(Changed::now(author)),
        }
    }
}

fn problem(mistake: &Mistake) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "field",
        "A field cannot be used as it is",
        mistake.what.clone(),
        "Mend the field that is named.",
    )
    .about(mistake.field)
}

fn refused(property: &str, detail: &str, hint: &str) -> Problem {
    let problem = Problem::new(
        StatusCode::FORBIDDEN,
        "not-allowed",
        "This needs an admin",
        detail,
        hint,
    );
    match security::field_of(property) {
        Some(field) => problem.about(field),
        None => problem,
    }
}

/// Names that mean something else in the path of a request.
const TAKEN: [&str; 2] = ["test", "preview"];

/// Refuses what is no name of a connection.
pub(super) fn require_name(name: &str) -> Result<(), Problem> {
    if TAKEN.contains(&name) {
        return Err(problem(&Mistake::new(
            "name",
            "This name means something else here.",
        )));
    }
    match StreamId::new(name, "topic") {
        Ok(_) => Ok(()),
        Err(error) => Err(problem(&Mistake::new("name", format!("{error}.")))),
    }
}

/// Refuses what is no name of a topic.
pub(super) fn require_topic(topic: &str) -> Result<(), Problem> {
    match StreamId::new("connection", topic) {
        Ok(_) => Ok(()),
        Err(error) => Err(problem(&Mistake::new("topic", format!("{error}.")))),
    }
}

/// A field that is needed was left out.
pub(super) fn missing(field: &'static str) -> Problem {
    problem(&Mistake::new(field, "It is missing."))
}

/// The brokers without spaces, if each is a host with a port.
fn checked_brokers(brokers: &str) -> Result<String, Problem> {
    let wrong = |what: String| Err(problem(&Mistake::new("brokers", what)));
    if brokers.len() > MAX_BROKERS_BYTES {
        return wrong(format!("They are longer than {MAX_BROKERS_BYTES} bytes."));
    }
    let all: Vec<&str> = brokers.split(',').map(str::trim).collect();
    if all.len() > MAX_BROKERS {
        return wrong(format!(
            "There are more than {MAX_BROKERS}; a few are enough to find all."
        ));
    }
    for broker in &all {
        if broker.is_empty() {
            return wrong("They have to look like kafka-1:9092,kafka-2:9092.".to_owned());
        }
        if !is_host_and_port(broker) {
            let shown: String = broker.chars().take(100).collect();
            return wrong(format!(
                "{shown:?} has to look like kafka-1:9092: a host and a port."
            ));
        }
    }
    Ok(all.join(","))
}

fn is_host_and_port(broker: &str) -> bool {
    let Some((host, port)) = broker.rsplit_once(':') else {
        return false;
    };
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+');
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    is_port && !host.is_empty() && (is_address || host.chars().all(is_name))
}

/// Refuses what the Kafka library cannot even begin with, such as a key that it cannot read.
pub(super) async fn require_setup(connection: KafkaConnection) -> Result<(), Problem> {
    let checked = tokio::task::spawn_blocking(move || connection.check_setup()).await;
    match checked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(setup_problem(&error)),
        // Only a panic, or a node that goes down.
        Err(_) => Err(setup_problem(&SourceError::Setup(String::new()))),
    }
}

/// What of a connection does not work even without brokers. The library's own words may contain what was typed, so they
/// only say which field it is.
pub(super) fn setup_problem(error: &SourceError) -> Problem {
    let said = error.to_string();
    let of = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
    let (field, what) = if of(&["ssl.ca"]) {
        (
            "security.ca",
            "It is no list of certificates in PEM that can be read.",
        )
    } else if of(&["ssl.key", "private key", "private_key"]) {
        (
            "security.key",
            "It is no private key in PEM that can be read, its password is another, or it is not that of the certificate.",
        )
    } else if of(&["ssl.certificate", "certificate"]) {
        (
            "security.certificate",
            "It is no certificate in PEM that can be read.",
        )
    } else {
        ("security", "The Kafka library cannot be set up with this.")
    };
    problem(&Mistake::new(field, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_hosts_with_ports() {
        let checked = |brokers: &str| checked_brokers(brokers).map_err(|problem| problem.field);
        assert_eq!(checked(" a.b-c:9092, [::1]:1 ").unwrap(), "a.b-c:9092,[::1]:1");
        let too_many = vec!["a:1"; 33].join(",");
        let wrong = [
            "",
            "a",
            "a:",
            ":1",
            "a:0",
            "a:70000",
            "a:+1",
            "a:1,",
            "a b:1",
            "::1:1",
            "SSL://a:1",
            "a\n:1",
            &too_many,
        ];
        for brokers in wrong {
            assert_eq!(
                checked(brokers).unwrap_err().as_deref(),
                Some("brokers"),
                "{brokers:?}"
            );
        }
    }

    #[test]
    fn the_library_s_words_only_say_which_field_it_is() {
        let field = |said: &str| {
            let problem = setup_problem(&SourceError::Setup(said.to_owned()));
            assert!(!format!("{problem:?}").contains("hunter2"));
            problem.field.map(String::from).unwrap_or_default()
        };
        assert_eq!(field("ssl.ca.pem failed: hunter2"), "security.ca");
        assert_eq!(field("ssl.key.pem failed: hunter2"), "security.key");
        assert_eq!(
            field("ssl.certificate.pem failed: not in PEM format?"),
            "security.certificate"
        );
        assert_eq!(field("hunter2"), "security");
    }
}
