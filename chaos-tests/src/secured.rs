//! A Kafka that is secured in every way at once: each way is a listener of the one broker.
//!
//! Its authority and certificates are made by `openssl`, its SCRAM users when the broker is formatted.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::kafka::{FurtherListener, Kafka, KafkaOptions};
use crate::process::free_port;
use crate::sandbox::Sandbox;

/// The user that can log in.
pub const USER: &str = "ann";
/// Its passwords, by mechanism.
pub const PLAIN_PASSWORD: &str = "plain-correct-horse";
/// With SCRAM-SHA-256.
pub const SCRAM_256_PASSWORD: &str = "scram256-battery";
/// With SCRAM-SHA-512.
pub const SCRAM_512_PASSWORD: &str = "scram512-staple";

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// TLS, and nobody logs in.
    Tls,
    /// TLS, and clients show a certificate.
    Mtls,
    /// TLS, and a user logs in by SCRAM.
    Scram,
    /// A user logs in by PLAIN; nothing is encrypted.
    Plain,
    /// TLS with a certificate that has expired.
    Expired,
    /// TLS with a certificate for another name.
    OtherName,
    /// Nothing is encrypted, and clients are told to come to an address that leads nowhere.
    Elsewhere,
}

const WAYS: [(Way, &str, &str); 7] = [
    (Way::Tls, "TLS", "SSL"),
    (Way::Mtls, "MTLS", "SSL"),
    (Way::Scram, "SCRAM", "SASL_SSL"),
    (Way::Plain, "LOGIN", "SASL_PLAINTEXT"),
    (Way::Expired, "EXPIRED", "SSL"),
    (Way::OtherName, "OTHERNAME", "SSL"),
    (Way::Elsewhere, "ELSEWHERE", "PLAINTEXT"),
];

/// The broker, and what clients need.
pub struct SecuredKafka {
    /// The broker itself, to be filled through a listener without security.
    pub kafka: Kafka,
    /// The authority's certificate, in PEM.
    pub ca: String,
    /// Another authority's.
    pub other_ca: String,
    /// A client's certificate, and its key.
    pub client: (String, String),
    ports: Vec<(Way, u16)>,
}

impl SecuredKafka {
    /// Starts it, with everything in the sandbox.
    pub async fn start(sandbox: &Sandbox) -> Result<Self> {
        let authority = Authority::new(sandbox, "ca")?;
        let other = Authority::new(sandbox, "other-ca")?;
        let good = "subjectAltName=DNS:localhost,IP:127.0.0.1";
        let server = authority.issue("server", good, 30)?;
        let expired = authority.issue("expired", good, -1)?;
        let other_name = authority.issue("other-name", "subjectAltName=DNS:kafka.example.com", 30)?;
        let client = authority.issue("client", "extendedKeyUsage=clientAuth", 30)?;
        let mut options = KafkaOptions {
            properties: properties(&authority, &server),
            format_arguments: [
                ("SCRAM-SHA-256", SCRAM_256_PASSWORD),
                ("SCRAM-SHA-512", SCRAM_512_PASSWORD),
            ]
            .into_iter()
            .flat_map(|(mechanism, password)| {
                [
                    "--add-scram".to_owned(),
                    format!("{mechanism}=[name={USER},password={password}]"),
                ]
            })
            .collect(),
            ..KafkaOptions::default()
        };
        for (listener, issued) in [("expired", &expired), ("othername", &other_name)] {
            let path = issued.keystore.display().to_string();
            options
                .properties
                .push((format!("listener.name.{listener}.ssl.keystore.location"), path));
        }
        let mut ports = Vec::new();
        for (way, name, protocol) in WAYS {
            let port = free_port()?;
            ports.push((way, port));
            options.listeners.push(FurtherListener {
                name: name.to_owned(),
                protocol: protocol.to_owned(),
                port,
                advertised: match way {
                    Way::Elsewhere => "kafka.invalid:9092".to_owned(),
                    _ => format!("localhost:{port}"),
                },
            });
        }
        Ok(Self {
            kafka: Kafka::start(sandbox, options).await?,
            ca: authority.certificate()?,
            other_ca: other.certificate()?,
            client: (client.certificate, client.key),
            ports,
        })
    }

    /// Where clients come in that way.
    pub fn brokers(&self, way: Way) -> String {
        let port = self
            .ports
            .iter()
            .find(|(its, _)| *its == way)
            .map_or(0, |(_, port)| *port);
        format!("localhost:{port}")
    }
}

fn properties(authority: &Authority<'_>, server: &Issued) -> Vec<(String, String)> {
    let module = "org.apache.kafka.common.security";
    let scram = format!("{module}.scram.ScramLoginModule required;");
    let plain = format!("{module}.plain.PlainLoginModule required user_{USER}=\"{PLAIN_PASSWORD}\";");
    let all = [
        ("ssl.keystore.type", "PEM".to_owned()),
        ("ssl.keystore.location", server.keystore.display().to_string()),
        ("ssl.truststore.type", "PEM".to_owned()),
        (
            "ssl.truststore.location",
            authority.certificate_path().display().to_string(),
        ),
        ("listener.name.mtls.ssl.client.auth", "required".to_owned()),
        (
            "listener.name.scram.sasl.enabled.mechanisms",
            "SCRAM-SHA-256,SCRAM-SHA-512".to_owned(),
        ),
        (
            "listener.name.scram.scram-sha-256.sasl.jaas.config",
            scram.clone(),
        ),
        ("listener.name.scram.scram-sha-512.sasl.jaas.config", scram),
        ("listener.name.login.sasl.enabled.mechanisms", "PLAIN".to_owned()),
        ("listener.name.login.plain.sasl.jaas.config", plain),
    ];
    all.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Who issues certificates.
struct Authority<'a> {
    sandbox: &'a Sandbox,
    name: &'static str,
}

/// A certificate with its key.
struct Issued {
    certificate: String,
    key: String,
    /// Both in one file.
    keystore: PathBuf,
}

const KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
];

impl<'a> Authority<'a> {
    fn new(sandbox: &'a Sandbox, name: &'static str) -> Result<Self> {
        let authority = Self { sandbox, name };
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        let files = [
            "-keyout",
            &key,
            "-out",
            &certificate,
            "-days",
            "30",
            "-subj",
            &subject,
        ];
        authority.openssl(&[&["req", "-x509"], &KEY[..], &files].concat())?;
        Ok(authority)
    }

    fn certificate_path(&self) -> PathBuf {
        self.sandbox.path(format!("{}.pem", self.name))
    }

    fn certificate(&self) -> Result<String> {
        std::fs::read_to_string(self.certificate_path()).context("the authority's certificate")
    }

    /// A certificate that is good for so many days, with an extension.
    fn issue(&self, name: &str, extension: &str, days: i32) -> Result<Issued> {
        let file = |end: &str| format!("{name}.{end}");
        let (key, request, certificate, extensions) = (file("key"), file("csr"), file("pem"), file("ext"));
        self.sandbox.write(&extensions, extension)?;
        let files = ["-keyout", &key, "-out", &request, "-subj", "/CN=test"];
        self.openssl(&[&["req"], &KEY[..], &files].concat())?;
        let (ca, ca_key, days) = (
            format!("{}.pem", self.name),
            format!("{}.key", self.name),
            days.to_string(),
        );
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-days",
            &days,
            "-extfile",
            &extensions,
            "-out",
            &certificate,
        ])?;
        let read =
            |name: &str| std::fs::read_to_string(self.sandbox.path(name)).context("what openssl has made");
        let (certificate, key) = (read(&certificate)?, read(&key)?);
        let keystore = self
            .sandbox
            .write(file("keystore.pem"), format!("{key}{certificate}"))?;
        Ok(Issued {
            certificate,
            key,
            keystore,
        })
    }

    fn openssl(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(self.sandbox.directory());
        let output = command.output().context("these tests need `openssl`")?;
        ensure!(output.status.success(), "{arguments:?}: {output:?}");
        Ok(())
    }
}
