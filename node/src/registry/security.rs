//! How a connection is secured, in the words of people: to and from the properties of librdkafka.
//!
//! A [`Security`] comes in with secrets as they were typed ([`Given`]), a secret itself or a reference to one, and goes
//! out with what may be said of them ([`Shown`]). Properties that it has no words for stay as they are, by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::Secret;

/// Properties of librdkafka, by name.
pub type Properties = BTreeMap<String, String>;

const PROTOCOL: &str = "security.protocol";
const MECHANISM: &str = "sasl.mechanism";
const CA: &str = "ssl.ca.pem";
const CERTIFICATE: &str = "ssl.certificate.pem";
const KEY: &str = "ssl.key.pem";
const KEY_PASSWORD: &str = "ssl.key.password";
const USERNAME: &str = "sasl.username";
const PASSWORD: &str = "sasl.password";
const OAUTH_METHOD: &str = "sasl.oauthbearer.method";
const TOKEN_URL: &str = "sasl.oauthbearer.token.endpoint.url";
const CLIENT_ID: &str = "sasl.oauthbearer.client.id";
const CLIENT_SECRET: &str = "sasl.oauthbearer.client.secret";
const SCOPE: &str = "sasl.oauthbearer.scope";

/// What a [`Security`] speaks of. `sasl.mechanisms` is another name of `sasl.mechanism`.
const TYPED: [&str; 14] = [
    PROTOCOL,
    MECHANISM,
    "sasl.mechanisms",
    CA,
    CERTIFICATE,
    KEY,
    KEY_PASSWORD,
    USERNAME,
    PASSWORD,
    OAUTH_METHOD,
    TOKEN_URL,
    CLIENT_ID,
    CLIENT_SECRET,
    SCOPE,
];

/// What stands in the names of properties that are secrets.
const SECRET_WORDS: [&str; 5] = ["password", "secret", ".key", "jaas", "keytab"];

/// Longest certificate, key or list of certificates, in bytes.
const MAX_PEM_BYTES: usize = 256 << 10;
/// Longest name, password or address, in bytes.
const MAX_TEXT_BYTES: usize = 8 << 10;

/// How a connection is secured. `S` is what is known of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[serde(bound(serialize = "S: Serialize", deserialize = "S: Deserialize<'de>"))]
pub enum Security<S> {
    /// Nothing is encrypted, and nobody logs in.
    Plaintext {},
    /// Encrypted; nobody logs in.
    Tls {
        /// Whose certificates are trusted, in PEM; left out for those that the system trusts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca: Option<String>,
    },
    /// Encrypted, and known to the brokers by a certificate.
    Mtls {
        /// As for `tls`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca: Option<String>,
        /// The certificate, and those between it and what the brokers trust, in PEM.
        certificate: String,
        /// Its private key, in PEM.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<S>,
        /// What the key is encrypted with; an empty one for none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_password: Option<S>,
    },
    /// A user with a password.
    Sasl {
        /// How the password is proved.
        mechanism: Mechanism,
        /// The user.
        username: String,
        /// The password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<S>,
        /// Whether it is encrypted.
        #[serde(default)]
        tls: bool,
        /// As for `tls`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca: Option<String>,
    },
    /// A token that another server gives out (OpenID Connect, client credentials).
    Oauthbearer {
        /// Where tokens are asked for.
        token_url: String,
        /// Who asks.
        client_id: String,
        /// Its secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_secret: Option<S>,
        /// What the token is to be good for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
        /// Whether it is encrypted.
        #[serde(default)]
        tls: bool,
        /// As for `tls`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca: Option<String>,
    },
}

/// How a password is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Mechanism {
    /// By sending it.
    #[serde(rename = "PLAIN")]
    Plain,
    /// By SCRAM with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    Scram256,
    /// By SCRAM with SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    Scram512,
}

impl Mechanism {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Scram256 => "SCRAM-SHA-256",
            Self::Scram512 => "SCRAM-SHA-512",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let all = [Self::Plain, Self::Scram256, Self::Scram512];
        all.into_iter()
            .find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }
}

/// A secret as it was typed: itself, or a reference such as `env:NAME` or `file:PATH`. It never shows itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Given(pub String);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given(…)")
    }
}

/// What may be said of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Shown {
    /// Where each node finds it.
    Reference {
        /// `env:NAME`, `file:PATH`, `secretsmanager:NAME` or `ssm:NAME`
        reference: String,
    },
    /// It is there.
    Set {
        /// Always true.
        set: bool,
    },
}

impl Shown {
    fn of(secret: &str) -> Self {
        if is_reference(secret) {
            let reference = secret.to_owned();
            Self::Reference { reference }
        } else {
            Self::Set { set: true }
        }
    }
}

/// Whether a text stands for what a variable or a file of the node holds, or a secret that it may read in AWS.
pub fn is_reference(text: &str) -> bool {
    Secret::is_reference(text)
}

/// What is wrong with what was typed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The field, such as `security.password`.
    pub field: &'static str,
    /// What is wrong with it, as a sentence.
    pub what: String,
}

impl Mistake {
    /// A mistake in a field.
    pub fn new(field: &'static str, what: impl Into<String>) -> Self {
        Self {
            field,
            what: what.into(),
        }
    }
}

/// Collects properties, and the first mistake in them.
struct Collector<'a> {
    before: &'a Properties,
    properties: Properties,
}

impl Collector<'_> {
    fn text(&mut self, field: &'static str, property: &str, text: &str) -> Result<(), Mistake> {
        if text.trim().is_empty() {
            return Err(Mistake::new(field, "It is empty."));
        }
        self.put(field, property, text, MAX_TEXT_BYTES)
    }

    fn put(&mut self, field: &'static str, property: &str, text: &str, most: usize) -> Result<(), Mistake> {
        if text.len() > most {
            return Err(Mistake::new(field, format!("It is longer than {most} bytes.")));
        }
        if text.contains('\0') {
            return Err(Mistake::new(field, "It contains a zero byte."));
        }
        self.properties.insert(property.to_owned(), text.to_owned());
        Ok(())
    }

    fn pem(&mut self, field: &'static str, property: &str, text: &str) -> Result<(), Mistake> {
        if !is_reference(text) && !text.contains("-----BEGIN CERTIFICATE-----") {
            let what = "It is no certificate in PEM: it has to begin with -----BEGIN CERTIFICATE-----.";
            return Err(Mistake::new(field, what));
        }
        self.put(field, property, text, MAX_PEM_BYTES)
    }

    fn ca(&mut self, ca: Option<&String>) -> Result<(), Mistake> {
        // An empty box of a form means the same as one that was left out.
        match ca.filter(|ca| !ca.trim().is_empty()) {
            Some(ca) => self.pem("security.ca", CA, ca),
            None => Ok(()),
        }
    }

    /// A secret that was given, or, when it was not, the one that is there.
    fn secret(
        &mut self,
        field: &'static str,
        property: &str,
        given: Option<&Given>,
        most: usize,
    ) -> Result<bool, Mistake> {
        match given {
            Some(Given(secret)) if secret.is_empty() => Ok(false),
            Some(Given(secret)) => self.put(field, property, secret, most).map(|()| true),
            None => {
                let known = self.before.get(property);
                let kept = known.map(|known| self.properties.insert(property.to_owned(), known.clone()));
                Ok(kept.is_some())
            }
        }
    }

    fn needed_secret(
        &mut self,
        field: &'static str,
        property: &str,
        given: Option<&Given>,
        most: usize,
    ) -> Result<(), Mistake> {
        match self.secret(field, property, given, most)? {
            true => Ok(()),
            false => Err(Mistake::new(field, "It is missing.")),
        }
    }

    fn protocol(&mut self, protocol: &str) {
        self.properties.insert(PROTOCOL.to_owned(), protocol.to_owned());
    }

    fn login(&mut self, mechanism: &str, tls: bool, ca: Option<&String>) -> Result<(), Mistake> {
        self.protocol(if tls { "SASL_SSL" } else { "SASL_PLAINTEXT" });
        self.properties.insert(MECHANISM.to_owned(), mechanism.to_owned());
        if tls { self.ca(ca) } else { Ok(()) }
    }
}

impl Security<Given> {
    /// The properties that this stands for. Secrets that were not given, and all properties that no `Security` speaks
    /// of, are as `before`.
    pub fn properties(&self, before: &Properties) -> Result<Properties, Mistake> {
        let extras = before.iter().filter(|(name, _)| !TYPED.contains(&name.as_str()));
        let mut found = Collector {
            before,
            properties: extras
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        };
        match self {
            Self::Plaintext {} => found.protocol("PLAINTEXT"),
            Self::Tls { ca } => {
                found.protocol("SSL");
                found.ca(ca.as_ref())?;
            }
            Self::Mtls {
                ca,
                certificate,
                key,
                key_password,
            } => {
                found.protocol("SSL");
                found.ca(ca.as_ref())?;
                found.pem("security.certificate", CERTIFICATE, certificate)?;
                found.needed_secret("security.key", KEY, key.as_ref(), MAX_PEM_BYTES)?;
                require_key(found.properties.get(KEY))?;
                let password = key_password.as_ref();
                found.secret("security.key_password", KEY_PASSWORD, password, MAX_TEXT_BYTES)?;
            }
            Self::Sasl {
                mechanism,
                username,
                password,
                tls,
                ca,
            } => {
                found.login(mechanism.name(), *tls, ca.as_ref())?;
                found.text("security.username", USERNAME, username)?;
                found.needed_secret("security.password", PASSWORD, password.as_ref(), MAX_TEXT_BYTES)?;
            }
            Self::Oauthbearer {
                token_url,
                client_id,
                client_secret,
                scope,
                tls,
                ca,
            } => {
                found.login("OAUTHBEARER", *tls, ca.as_ref())?;
                found
                    .properties
                    .insert(OAUTH_METHOD.to_owned(), "oidc".to_owned());
                require_url(token_url)?;
                found.text("security.token_url", TOKEN_URL, token_url)?;
                found.text("security.client_id", CLIENT_ID, client_id)?;
                let secret = client_secret.as_ref();
                found.needed_secret("security.client_secret", CLIENT_SECRET, secret, MAX_TEXT_BYTES)?;
                if let Some(scope) = scope.as_ref().filter(|scope| !scope.trim().is_empty()) {
                    found.text("security.scope", SCOPE, scope)?;
                }
            }
        }
        Ok(found.properties)
    }
}

fn require_key(key: Option<&String>) -> Result<(), Mistake> {
    let is_key = |key: &String| is_reference(key) || key.contains("PRIVATE KEY-----");
    if key.is_some_and(is_key) {
        return Ok(());
    }
    let what = "It is no private key in PEM: it has to begin with -----BEGIN PRIVATE KEY----- or the like.";
    Err(Mistake::new("security.key", what))
}

fn require_url(url: &str) -> Result<(), Mistake> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let has_host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
    // A login in the address would be shown to everybody who may read connections.
    let has_login = rest.is_some_and(|rest| rest.split('/').next().unwrap_or_default().contains('@'));
    match has_host && !has_login && !url.contains(char::is_whitespace) {
        true => Ok(()),
        false => Err(Mistake::new(
            "security.token_url",
            "It is no address such as https://login.example.com/oauth2/token.",
        )),
    }
}

impl Security<Shown> {
    /// What these properties say, in so far as there are words for it; `None` for a mechanism that there are none for.
    pub fn of(properties: &Properties) -> Option<Self> {
        let text = |name: &str| properties.get(name).cloned();
        let secret = |name: &str| properties.get(name).map(|secret| Shown::of(secret));
        let protocol = text(PROTOCOL).unwrap_or_else(|| "plaintext".to_owned());
        let mechanism = text(MECHANISM).or_else(|| text("sasl.mechanisms"));
        let ca = text(CA);
        let tls = match protocol.to_ascii_lowercase().as_str() {
            "plaintext" => return Some(Self::Plaintext {}),
            "ssl" => {
                return Some(match text(CERTIFICATE) {
                    None => Self::Tls { ca },
                    Some(certificate) => Self::Mtls {
                        ca,
                        certificate,
                        key: secret(KEY),
                        key_password: secret(KEY_PASSWORD),
                    },
                });
            }
            "sasl_plaintext" => false,
            "sasl_ssl" => true,
            _ => return None,
        };
        // What librdkafka takes when nothing is said.
        let mechanism = mechanism.unwrap_or_else(|| "GSSAPI".to_owned());
        if let Some(mechanism) = Mechanism::parse(&mechanism) {
            return Some(Self::Sasl {
                mechanism,
                username: text(USERNAME).unwrap_or_default(),
                password: secret(PASSWORD),
                tls,
                ca,
            });
        }
        let is_oidc = text(OAUTH_METHOD).is_some_and(|method| method.eq_ignore_ascii_case("oidc"));
        (mechanism.eq_ignore_ascii_case("OAUTHBEARER") && is_oidc).then(|| Self::Oauthbearer {
            token_url: text(TOKEN_URL).unwrap_or_default(),
            client_id: text(CLIENT_ID).unwrap_or_default(),
            client_secret: secret(CLIENT_SECRET),
            scope: text(SCOPE),
            tls,
            ca,
        })
    }
}

/// The names of the properties that no [`Security`] speaks of.
pub fn extras(properties: &Properties) -> Vec<String> {
    let extras = properties.keys().filter(|name| !TYPED.contains(&name.as_str()));
    extras.cloned().collect()
}

/// The field that stands for a property, when it is one that a [`Security`] speaks of.
pub fn field_of(property: &str) -> Option<&'static str> {
    Some(match property {
        PROTOCOL | MECHANISM | "sasl.mechanisms" | OAUTH_METHOD => "security",
        CA => "security.ca",
        CERTIFICATE => "security.certificate",
        KEY => "security.key",
        KEY_PASSWORD => "security.key_password",
        USERNAME => "security.username",
        PASSWORD => "security.password",
        TOKEN_URL => "security.token_url",
        CLIENT_ID => "security.client_id",
        CLIENT_SECRET => "security.client_secret",
        SCOPE => "security.scope",
        _ => return None,
    })
}

/// A property of `new` that begins to refer to something of the node, if there is one: whoever may write such a thing
/// can read the node's files and variables, and with its role the secrets of its AWS account.
pub fn new_reference<'a>(new: &'a Properties, before: &Properties) -> Option<&'a str> {
    let is_new =
        |(name, value): &(&String, &String)| is_reference(value) && before.get(*name) != Some(*value);
    new.iter().find(is_new).map(|(name, _)| name.as_str())
}

/// A secret that `new` has from `before` and would now send elsewhere, if there is one: to a broker that it was not
/// meant for, to another server for tokens, or without encryption.
pub fn carried_away<'a>(
    (brokers, new): (&str, &'a Properties),
    (brokers_before, before): (&str, &Properties),
) -> Option<&'a str> {
    let known: Vec<&str> = brokers_before.split(',').map(str::trim).collect();
    let is_elsewhere = brokers.split(',').any(|broker| !known.contains(&broker.trim()))
        || new.get(TOKEN_URL) != before.get(TOKEN_URL)
        || (is_encrypted(before) && !is_encrypted(new))
        // Whose certificate is trusted says who can stand in for a broker.
        || new.get(CA) != before.get(CA);
    let is_kept = |(name, value): &(&String, &String)| {
        let is_secret = is_reference(value) || SECRET_WORDS.iter().any(|word| name.contains(word));
        is_secret && before.get(*name) == Some(*value)
    };
    let kept = new.iter().filter(|_| is_elsewhere).find(is_kept);
    kept.map(|(name, _)| name.as_str())
}

fn is_encrypted(properties: &Properties) -> bool {
    let protocol = properties
        .get(PROTOCOL)
        .map(|protocol| protocol.to_ascii_lowercase());
    protocol.is_some_and(|protocol| protocol.ends_with("ssl"))
}

#[cfg(test)]
mod tests;
