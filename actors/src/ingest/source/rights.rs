//! What a user may not do with a topic: which right is missing, whom, and how it is given.

use std::fmt;

use super::connection::{KafkaConnection, SourceError};

/// What Aurora needs to be allowed. READ includes DESCRIBE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To see that the topic is there, and its partitions.
    Describe,
    /// To read its messages.
    Read,
}

/// A right that the brokers miss in a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRight {
    right: Right,
    topic: String,
    who: Principal,
    broker: String,
}

/// Whom brokers take a connection for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Principal {
    User(String),
    /// Nobody has logged in.
    Anonymous,
    /// The brokers make a name of the certificate.
    OfCertificate,
    /// The brokers make a name of the token.
    OfToken,
}

impl MissingRight {
    /// That `connection` lacks a right on a topic.
    pub fn new(connection: &KafkaConnection, topic: &str, right: Right) -> Self {
        let broker = connection.brokers.split(',').next().unwrap_or_default();
        Self {
            right,
            topic: topic.to_owned(),
            who: Principal::of(connection),
            broker: broker.trim().to_owned(),
        }
    }

    /// What is missing, as a sentence.
    pub fn why(&self) -> String {
        let (verb, name) = match self.right {
            Right::Describe => ("see", "DESCRIBE"),
            Right::Read => ("read", "READ"),
        };
        format!(
            "{} may not {verb} the topic {:?}: the right {name} is missing.",
            self.who, self.topic
        )
    }

    /// How it is given, as a sentence that ends with a command.
    pub fn what_to_do(&self) -> String {
        format!(
            "Whoever runs the brokers gives it with: {}",
            self.who.command(&self.broker, &self.topic)
        )
    }
}

impl fmt::Display for MissingRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.why(), self.what_to_do())
    }
}

/// How whoever uses `connection` is allowed to read topics, as a sentence that ends with a command.
pub(super) fn how_to_allow(connection: &KafkaConnection) -> String {
    let broker = connection.brokers.split(',').next().unwrap_or_default().trim();
    let who = Principal::of(connection);
    format!(
        "Have the topics shown to {}, or make a topic: {}",
        who.in_a_sentence(),
        who.command(broker, "TOPIC")
    )
}

impl Principal {
    fn of(connection: &KafkaConnection) -> Self {
        let text = |name: &str| connection.properties.get(name).map(String::as_str);
        let is =
            |name: &str, part: &str| text(name).is_some_and(|text| text.to_ascii_uppercase().contains(part));
        if is("security.protocol", "SASL") {
            let is_token = is("sasl.mechanism", "OAUTHBEARER") || is("sasl.mechanisms", "OAUTHBEARER");
            return match text("sasl.username") {
                Some(user) if !is_token => Self::User(user.to_owned()),
                _ => Self::OfToken,
            };
        }
        let shows_certificate = connection
            .properties
            .keys()
            .any(|name| name.starts_with("ssl.certificate."));
        match is("security.protocol", "SSL") && shows_certificate {
            true => Self::OfCertificate,
            false => Self::Anonymous,
        }
    }

    fn in_a_sentence(&self) -> String {
        match self {
            Self::User(name) => format!("the user {name}"),
            Self::Anonymous => "whoever does not log in".to_owned(),
            Self::OfCertificate => "the user that the certificate stands for".to_owned(),
            Self::OfToken => "the user that the token stands for".to_owned(),
        }
    }

    fn command(&self, broker: &str, topic: &str) -> String {
        let principal = match self {
            Self::User(name) => format!("User:{name}"),
            Self::Anonymous => "User:ANONYMOUS".to_owned(),
            // Only the brokers' log knows.
            Self::OfCertificate | Self::OfToken => "User:NAME".to_owned(),
        };
        format!(
            "kafka-acls --bootstrap-server {broker} --add --allow-principal {} --operation Read --topic {}",
            quoted(&principal),
            quoted(topic)
        )
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = self.in_a_sentence();
        let (first, rest) = sentence.split_at(1);
        write!(f, "{}{rest}", first.to_uppercase())
    }
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '@' | '=' | ',');
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl SourceError {
    /// The same, and if the brokers have forbidden something, what: `right` on `topic`.
    pub(crate) fn about(self, connection: &KafkaConnection, topic: &str, right: Right) -> Self {
        match self {
            Self::Forbidden => Self::NoRight(Box::new(MissingRight::new(connection, topic, right))),
            error => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(properties: &[(&str, &str)]) -> KafkaConnection {
        let mut connection = KafkaConnection::plain("prod", "kafka-1:9094, kafka-2:9094");
        let properties = properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        connection.properties.extend(properties);
        connection
    }

    #[test]
    fn it_is_said_which_right_whom_and_how() {
        let ann = connection(&[
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.username", "ann's"),
        ]);
        let error = SourceError::Forbidden.about(&ann, "orders", Right::Read);
        assert_eq!(
            error.to_string(),
            "The user ann's may not read the topic \"orders\": the right READ is missing. Whoever runs the brokers gives it \
             with: kafka-acls --bootstrap-server kafka-1:9094 --add --allow-principal 'User:ann'\\''s' --operation Read \
             --topic orders"
        );
        let who = |properties: &[(&str, &str)]| {
            MissingRight::new(&connection(properties), "t", Right::Describe).to_string()
        };
        let anonymous = who(&[]);
        assert!(
            anonymous.starts_with("Whoever does not log in may not see the topic \"t\": the right DESCRIBE")
        );
        assert!(anonymous.contains("--allow-principal User:ANONYMOUS --operation Read"));
        assert!(who(&[("security.protocol", "ssl")]).contains("User:ANONYMOUS"));
        let certificate = who(&[("security.protocol", "ssl"), ("ssl.certificate.pem", "secret")]);
        assert!(
            certificate.starts_with("The user that the certificate stands for")
                && !certificate.contains("secret")
        );
        let token = [
            ("security.protocol", "sasl_ssl"),
            ("sasl.mechanisms", "OAUTHBEARER"),
            ("sasl.username", "no"),
        ];
        assert!(who(&token).starts_with("The user that the token stands for"));
        let other = SourceError::OutOfRange.about(&ann, "orders", Right::Read);
        assert!(matches!(other, SourceError::OutOfRange));
    }
}
