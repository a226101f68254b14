//! What can be wrong with a connection, sorted from what the Kafka library says, and in words.

use std::collections::BTreeMap;
use std::io;

use rdkafka::error::RDKafkaErrorCode as Code;

use super::{Heard, Step};

/// The mechanisms that are named when brokers offer them; other names are theirs to invent.
const MECHANISMS: [&str; 6] = [
    "PLAIN",
    "SCRAM-SHA-256",
    "SCRAM-SHA-512",
    "OAUTHBEARER",
    "GSSAPI",
    "AWS_MSK_IAM",
];

/// By what means a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Means {
    /// It is encrypted.
    pub(super) tls: bool,
    /// A certificate of one's own is shown.
    pub(super) certificate: bool,
    /// Somebody logs in.
    pub(super) login: Option<Login>,
}

/// How somebody logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    Password,
    Token,
}

impl Means {
    pub(super) fn of(properties: &BTreeMap<String, String>) -> Self {
        let text = |name: &str| properties.get(name).map(|text| text.to_ascii_uppercase());
        let protocol = text("security.protocol").unwrap_or_default();
        let mechanism = text("sasl.mechanism").or_else(|| text("sasl.mechanisms"));
        let login = match mechanism.as_deref() {
            Some("OAUTHBEARER") => Login::Token,
            _ => Login::Password,
        };
        Self {
            tls: protocol.ends_with("SSL"),
            certificate: properties.keys().any(|name| name.starts_with("ssl.certificate.")),
            login: protocol.starts_with("SASL").then_some(login),
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    UnknownName,
    SilentName,
    Refused,
    SilentPort,
    NoRoute,
    /// It takes connections and says nothing.
    Silent,
    /// It takes connections and closes them.
    Closed,
    NotKafka,
    NoTls,
    WantsTls,
    NoCommonTls,
    NotTrusted,
    Expired,
    NotYetValid,
    OtherName,
    ClientCertificate {
        sent: bool,
    },
    WrongLogin,
    WrongToken,
    /// The server for tokens does not know the client, or not with this secret or scope.
    TokenRefused,
    /// The server for tokens cannot be reached.
    TokenServerAway,
    NoToken,
    Mechanism {
        offered: Vec<&'static str>,
    },
    WantsLogin,
    TakesNoLogin,
    NoRights,
    NoTopics,
    Advertised {
        asked: String,
        advertised: String,
        why: String,
    },
    Other(Option<Code>),
}

impl Trouble {
    /// Whether waiting longer, or looking closer, would tell nothing else.
    pub(super) fn is_certain(&self) -> bool {
        !matches!(self, Self::Silent | Self::Closed | Self::Other(_))
    }

    /// The step that it stops at.
    pub(super) fn step(&self) -> Step {
        match self {
            Self::UnknownName | Self::SilentName => Step::Name,
            Self::Refused | Self::SilentPort | Self::NoRoute => Step::Port,
            Self::Silent
            | Self::Closed
            | Self::NotKafka
            | Self::NoTls
            | Self::WantsTls
            | Self::NoCommonTls => Step::Tls,
            Self::NotTrusted | Self::Expired | Self::NotYetValid | Self::OtherName => Step::Tls,
            Self::ClientCertificate { .. } => Step::Tls,
            Self::WrongLogin | Self::WrongToken | Self::Mechanism { .. } => Step::Login,
            Self::TokenRefused | Self::TokenServerAway | Self::NoToken => Step::Login,
            Self::WantsLogin | Self::TakesNoLogin => Step::Login,
            Self::Advertised { .. } => Step::Port,
            Self::NoRights | Self::NoTopics | Self::Other(_) => Step::Topics,
        }
    }

    /// Whether a step was behind when this came up.
    pub(super) fn is_after(&self, step: Step) -> bool {
        match self.step() {
            // Where nothing was said, nothing is known.
            _ if *self == Self::Other(None) => false,
            Step::Login => step == Step::Tls,
            Step::Topics => matches!(step, Step::Tls | Step::Login),
            _ => false,
        }
    }

    /// Why it does not work, and what to do about it.
    pub(super) fn in_words(&self) -> (String, String) {
        let (why, what_to_do) = match self {
            Self::Mechanism { offered } if !offered.is_empty() => {
                let offered = offered.join(", ");
                return (
                    format!("The brokers do not take this way of logging in. They offer {offered}."),
                    "Choose a mechanism that they offer.".to_owned(),
                );
            }
            Self::Advertised {
                asked,
                advertised,
                why,
            } => {
                return (
                    format!(
                        "The brokers answer at {asked}, but tell clients to come to {advertised}, and that cannot be reached \
                         from here. {why}"
                    ),
                    "Have advertised.listeners on the brokers name an address that this node can reach, or let this node \
                     reach the one it names: by DNS, by its network, or by a firewall that lets it through."
                        .to_owned(),
                );
            }
            Self::Other(Some(code)) => {
                return (
                    format!("The Kafka library has given up: {code}."),
                    "Look at the brokers' log for this node's address at this time.".to_owned(),
                );
            }
            certain => certain.fixed_words(),
        };
        (why.to_owned(), what_to_do.to_owned())
    }

    fn fixed_words(&self) -> (&'static str, &'static str) {
        match self {
            Self::UnknownName
            | Self::SilentName
            | Self::Refused
            | Self::SilentPort
            | Self::NoRoute
            | Self::Silent
            | Self::Closed
            | Self::NotKafka => self.words_of_the_network(),
            Self::NoTls
            | Self::WantsTls
            | Self::NoCommonTls
            | Self::NotTrusted
            | Self::Expired
            | Self::NotYetValid
            | Self::OtherName
            | Self::ClientCertificate { .. } => self.words_of_tls(),
            _ => self.words_of_the_login(),
        }
    }

    fn words_of_the_network(&self) -> (&'static str, &'static str) {
        match self {
            Self::UnknownName => (
                "Nobody knows this name.",
                "Check its spelling. If it is known in a private network only, this node has to be in that network and use \
                 its DNS.",
            ),
            Self::SilentName => (
                "The name service does not answer.",
                "Try again; if it stays like that, this node's DNS needs to be looked at.",
            ),
            Self::Refused => (
                "The machine is there, but refuses connections at this port.",
                "Check the port: 9092 is usual without encryption, 9093 or 9094 with it. Or Kafka does not run there now.",
            ),
            Self::SilentPort => (
                "Nothing answers at this port.",
                "Check the port, and whether a firewall or a security group keeps this node out.",
            ),
            Self::NoRoute => (
                "There is no way to this address from here.",
                "Check the address, and whether this node is in a network that leads there (a VPN, a peering).",
            ),
            Self::Silent => (
                "It takes the connection, and then says nothing.",
                "Check that this is a port of Kafka for clients, and that it is encrypted if and only if you say so.",
            ),
            Self::Closed => (
                "It takes the connection, and then closes it.",
                "Check that this is a port of Kafka for clients, that it is encrypted if and only if you say so, and the way \
                 of logging in.",
            ),
            _ => (
                "Something answers there, but it is no Kafka.",
                "Check host and port: a web page, a schema registry and a REST proxy have other ports than Kafka.",
            ),
        }
    }

    fn words_of_tls(&self) -> (&'static str, &'static str) {
        match self {
            Self::NoTls => (
                "This port is not encrypted.",
                "Choose a connection without TLS, or the port that Kafka has for TLS.",
            ),
            Self::WantsTls => (
                "This port is encrypted, and the connection is not.",
                "Choose TLS, or the port that Kafka has without it.",
            ),
            Self::NoCommonTls => (
                "The brokers and this node have no version or cipher of TLS in common.",
                "Let the brokers speak TLS 1.2 or 1.3.",
            ),
            Self::Expired => (
                "The brokers' certificate has expired.",
                "Whoever runs the brokers has to renew it. If it is new, this node's clock is wrong.",
            ),
            Self::NotYetValid => (
                "The brokers' certificate is not valid yet.",
                "This node's clock is wrong, or the certificate was made for later.",
            ),
            Self::OtherName => (
                "The brokers' certificate is for another name than the one that was connected to.",
                "Use a name that stands in the certificate, or have one made for this name.",
            ),
            Self::ClientCertificate { sent: false } => (
                "The brokers want to see a certificate of yours.",
                "Choose TLS with a client certificate, and give it and its key.",
            ),
            Self::ClientCertificate { sent: true } => (
                "The brokers do not take your certificate.",
                "Check that it has not expired and was issued by whom the brokers trust, and that all certificates between \
                 are in it.",
            ),
            _ => (
                "The brokers' certificate is not trusted.",
                "Give the certificate of the authority (CA) that issued it, in PEM.",
            ),
        }
    }

    fn words_of_the_login(&self) -> (&'static str, &'static str) {
        match self {
            Self::WrongLogin => (
                "The brokers do not take this user and password.",
                "Check both, and the mechanism: with SCRAM, a user has a password of its own for each.",
            ),
            Self::WrongToken => (
                "The brokers do not take the token.",
                "It is another one's, or for something else. Check the scope, for which server's tokens (issuer) and which \
                 audience the brokers are set up, and that the server for tokens gives out such.",
            ),
            Self::TokenRefused => (
                "The server for tokens gives this client none.",
                "Check the client's id, its secret, and that it may have this scope.",
            ),
            Self::TokenServerAway => (
                "The server for tokens cannot be reached.",
                "Check its address, and whether this node can reach it: by DNS, by its network, through a firewall, and with \
                 a certificate that this node trusts.",
            ),
            Self::NoToken => (
                "The server for tokens has given no token that can be used.",
                "Check that its address is that of OAuth's token endpoint, such as https://login.example.com/oauth2/token.",
            ),
            Self::Mechanism { .. } => (
                "The brokers do not take this way of logging in.",
                "Choose another mechanism; whoever runs the brokers knows which.",
            ),
            Self::WantsLogin => (
                "The brokers want to know who you are, and no login is given.",
                "Choose a user with a password (SASL), or the port that Kafka has without login.",
            ),
            Self::TakesNoLogin => (
                "This port takes no logins.",
                "Choose a connection without user and password, or the port that Kafka has for them.",
            ),
            Self::NoRights => (
                "The user may not see this.",
                "Have the right to describe and to read the topics given to it (ACLs).",
            ),
            Self::NoTopics => (
                "There are none, or this user has no right to see them.",
                "Have the rights DESCRIBE and READ on the topics given to it (ACLs), or make a topic.",
            ),
            _ => (
                "The brokers have not answered in time.",
                "Try again; if it stays like that, look at the brokers' log for this node's address.",
            ),
        }
    }
}

/// What it means that a connection did not come about.
pub(super) fn of_connecting(error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Trouble::Refused,
        io::ErrorKind::TimedOut => Trouble::SilentPort,
        _ => Trouble::NoRoute,
    }
}

/// What all that was heard comes down to: the first thing that is certain, or else the first.
pub(super) fn sort(heard: &Heard, means: Means) -> Trouble {
    let all = heard
        .iter()
        .filter_map(|(code, text)| of_saying(*code, text, means));
    let mut uncertain = None;
    for trouble in all {
        if trouble.is_certain() {
            return trouble;
        }
        uncertain = uncertain.or(Some(trouble));
    }
    uncertain.unwrap_or(Trouble::Other(None))
}

/// The brokers that others have told the library of, and that it could not get to: `HOST:PORT`, each once.
pub(super) fn not_reached(heard: &Heard) -> Vec<String> {
    let failed = ["Failed to resolve", "Connect to", "Connection setup timed out"];
    let mut brokers: Vec<String> = heard
        .iter()
        .filter(|(_, text)| failed.iter().any(|part| text.contains(part)))
        .filter_map(|(_, text)| told_of(text))
        .collect();
    brokers.sort();
    brokers.dedup();
    brokers
}

/// The broker that a text begins with, as in `ssl://kafka-1:9092/1: …`. One that was asked first has no number there.
fn told_of(text: &str) -> Option<String> {
    let (broker, _) = text.split_once(": ")?;
    let broker = broker.rsplit_once("//").map_or(broker, |(_, broker)| broker);
    let (broker, number) = broker.rsplit_once('/')?;
    let (host, port) = broker.rsplit_once(':')?;
    let is_of_hosts = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    let is_broker =
        number.parse::<u32>().is_ok() && port.parse::<u16>().is_ok() && host.chars().all(is_of_hosts);
    (is_broker && !host.is_empty()).then(|| broker.to_owned())
}

fn of_saying(code: Option<Code>, text: &str, means: Means) -> Option<Trouble> {
    let says = |part: &str| text.contains(part);
    if says("Failed to acquire SASL OAUTHBEARER token") || says("OIDC") {
        return Some(of_token_server(text));
    }
    if says("mechanism handshake failed") {
        if says("SASL state") {
            return Some(Trouble::TakesNoLogin);
        }
        let offered = text
            .rsplit_once("supported mechanisms:")
            .map_or("", |(_, offered)| offered);
        let offered: Vec<&str> = offered.split([',', ' ', '(']).collect();
        let offered = MECHANISMS.into_iter().filter(|known| offered.contains(known));
        return Some(Trouble::Mechanism {
            offered: offered.collect(),
        });
    }
    if says("might require SASL authentication") {
        return Some(Trouble::WantsLogin);
    }
    let is_of_login = says("SASL authentication") || says("SASL OAUTHBEARER authentication");
    if is_of_login || matches!(code, Some(Code::SaslAuthenticationFailed)) {
        return Some(match means.login {
            Some(Login::Token) => Trouble::WrongToken,
            _ => Trouble::WrongLogin,
        });
    }
    of_encryption(code, text, means).or_else(|| of_network(code, text))
}

/// Why there is no token. The library ends with what HTTP has answered, or with -1 where nothing was.
fn of_token_server(text: &str) -> Trouble {
    let status = text.rsplit_once('(').and_then(|(_, end)| end.split_once(')'));
    match status.and_then(|(status, _)| status.parse::<i32>().ok()) {
        Some(-1) => Trouble::TokenServerAway,
        Some(400..=403) => Trouble::TokenRefused,
        _ => Trouble::NoToken,
    }
}

fn of_encryption(code: Option<Code>, text: &str, means: Means) -> Option<Trouble> {
    let says = |part: &str| text.contains(part);
    let alerts = [
        "certificate required",
        "bad certificate",
        "unknown ca",
        "certificate unknown",
    ];
    if says("alert") && alerts.iter().any(|alert| says(alert))
        || says("client SSL authentication might be required")
    {
        return Some(Trouble::ClientCertificate {
            sent: means.certificate,
        });
    }
    if says("certificate verify failed") || says("certificate could not be verified") {
        return Some(Trouble::NotTrusted);
    }
    let other_language = [
        "wrong version number",
        "packet length too long",
        "unknown protocol",
        "http request",
    ];
    if other_language.iter().any(|part| says(part)) || says("connecting to a PLAINTEXT broker listener") {
        return Some(Trouble::NoTls);
    }
    if says("protocol version") || says("handshake failure") || says("no shared cipher") {
        return Some(Trouble::NoCommonTls);
    }
    if says("connecting to a SSL listener") {
        return Some(Trouble::WantsTls);
    }
    (code == Some(Code::SSL)).then_some(Trouble::Closed)
}

fn of_network(code: Option<Code>, text: &str) -> Option<Trouble> {
    let says = |part: &str| text.contains(part);
    if says("Disconnected") || says("Invalid response size") || says("Connection reset") {
        return Some(Trouble::Closed);
    }
    if says("timed out") || says("setup timeout") {
        return Some(Trouble::Silent);
    }
    match code? {
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => Some(Trouble::NoRights),
        Code::BrokerTransportFailure => Some(Trouble::Closed),
        Code::OperationTimedOut => Some(Trouble::Silent),
        // It only sums up what was said before.
        Code::AllBrokersDown => None,
        code => Some(Trouble::Other(Some(code))),
    }
}

#[cfg(test)]
mod tests;
