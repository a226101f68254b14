//! `aurora connect`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use aurora_actors::ingest::source::check::Findings;
use clap::{Args, ValueEnum};

use super::client::{Client, NodeAddress};
use super::output;
use crate::http::connections::trial::Trial;
use crate::http::connections::{ConnectionView, NewConnection};
use crate::registry::security::{Given, Mechanism, Security};

/// The variable that a password is taken from. There is no option for it: other users of a machine can see the command
/// lines of all processes.
const PASSWORD_VARIABLE: &str = "AURORA_KAFKA_PASSWORD";

/// Add a connection to a Kafka cluster, once it has been found to work.
#[derive(Debug, Args)]
#[command(
    after_help = "A password comes from --password-file, or from the variable AURORA_KAFKA_PASSWORD.\n\nExamples:\n  \
    aurora connect prod --brokers kafka-1:9092,kafka-2:9092\n  \
    aurora connect prod --brokers kafka:9094 --tls --ca ca.pem --sasl scram-sha-512 --user ann --password-file secret\n  \
    aurora connect prod --brokers kafka:9093 --ca ca.pem --cert client.pem --key client.key"
)]
pub(super) struct ConnectArgs {
    /// What the connection is to be called
    name: String,
    /// Where the brokers are
    #[arg(long, value_name = "HOST:PORT,…")]
    brokers: String,
    /// Encrypted; --ca and --cert say it as well
    #[arg(long)]
    tls: bool,
    /// A file with the certificates of the authorities that the brokers' are issued by, in PEM; without it, those that
    /// the system trusts
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// A file with the certificate to show to the brokers, in PEM
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "sasl")]
    cert: Option<PathBuf>,
    /// A file with its private key, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// How to log in
    #[arg(long, value_name = "MECHANISM", ignore_case = true, requires = "user")]
    sasl: Option<Sasl>,
    /// The user to log in as; with oauthbearer the client's id
    #[arg(long, requires = "sasl")]
    user: Option<String>,
    /// A file with the password: the user's, the client's secret, or that of the private key
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Where tokens are asked for, with oauthbearer
    #[arg(long, value_name = "URL", requires = "sasl")]
    token_url: Option<String>,
    /// What a token is to be good for, with oauthbearer
    #[arg(long, requires = "token_url")]
    scope: Option<String>,
    #[command(flatten)]
    address: NodeAddress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sasl {
    #[value(name = "plain")]
    Plain,
    #[value(name = "scram-sha-256")]
    Scram256,
    #[value(name = "scram-sha-512")]
    Scram512,
    #[value(name = "oauthbearer")]
    Oauthbearer,
}

impl ConnectArgs {
    fn security(&self, password: Option<String>) -> anyhow::Result<Security<Given>> {
        let ca = self.ca.as_deref().map(read).transpose()?;
        let tls = self.tls || ca.is_some();
        let password = password.map(Given);
        if let (Some(certificate), Some(key)) = (&self.cert, &self.key) {
            return Ok(Security::Mtls {
                ca,
                certificate: read(certificate)?,
                key: Some(Given(read(key)?)),
                key_password: password,
            });
        }
        let Some(sasl) = self.sasl else {
            return Ok(if tls {
                Security::Tls { ca }
            } else {
                Security::Plaintext {}
            });
        };
        if password.is_none() {
            bail!("there is no password; name a file with --password-file, or set {PASSWORD_VARIABLE}");
        }
        let user = self.user.clone().unwrap_or_default();
        let mechanism = match sasl {
            Sasl::Plain => Mechanism::Plain,
            Sasl::Scram256 => Mechanism::Scram256,
            Sasl::Scram512 => Mechanism::Scram512,
            Sasl::Oauthbearer => {
                return Ok(Security::Oauthbearer {
                    token_url: self.token_url.clone().context("oauthbearer needs --token-url")?,
                    client_id: user,
                    client_secret: password,
                    scope: self.scope.clone(),
                    tls,
                    ca,
                });
            }
        };
        Ok(Security::Sasl {
            mechanism,
            username: user,
            password,
            tls,
            ca,
        })
    }

    fn password(&self) -> anyhow::Result<Option<String>> {
        match &self.password_file {
            Some(path) => Ok(Some(read(path)?.trim_end_matches(['\n', '\r']).to_owned())),
            None => Ok(std::env::var(PASSWORD_VARIABLE)
                .ok()
                .filter(|password| !password.is_empty())),
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

pub(super) async fn run(args: &ConnectArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.address)?;
    let security = args.security(args.password()?)?;
    let trial = Trial {
        name: None,
        brokers: Some(args.brokers.clone()),
        security: Some(security.clone()),
    };
    let found: Findings = client.post("/api/v1/connections/test", &trial).await?;
    show(&found);
    if !found.ok {
        bail!("the connection does not work, so it was not added");
    }
    let new = NewConnection {
        name: args.name.clone(),
        brokers: args.brokers.clone(),
        security,
    };
    let added: ConnectionView = client.post("/api/v1/connections", &new).await?;
    output::note(&format!(
        "The connection {} is there. Ingest a topic of it with: aurora streams add {} TOPIC",
        added.name, added.name
    ));
    Ok(ExitCode::SUCCESS)
}

fn show(found: &Findings) {
    for check in &found.checks {
        let mark = if check.ok { "✓" } else { "✗" };
        output::note(&format!("{mark} {}", check.detail));
        for more in [&check.why, &check.what_to_do].into_iter().flatten() {
            output::note(&format!("  {more}"));
        }
    }
    if !found.topics.is_empty() {
        let names: Vec<&str> = found.topics.iter().map(|topic| topic.name.as_str()).collect();
        output::line(&names.join("\n"));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        args: ConnectArgs,
    }

    fn parsed(options: &[&str]) -> Result<ConnectArgs, clap::Error> {
        let all = [&["connect", "prod", "--brokers", "kafka:9092"], options].concat();
        Alone::try_parse_from(all).map(|alone| alone.args)
    }

    #[test]
    fn options_say_how_it_is_secured() {
        let security = |options: &[&str], password: Option<&str>| {
            parsed(options).unwrap().security(password.map(str::to_owned))
        };
        assert_eq!(security(&[], None).unwrap(), Security::Plaintext {});
        assert_eq!(security(&["--tls"], None).unwrap(), Security::Tls { ca: None });
        let scram = security(&["--tls", "--sasl", "SCRAM-SHA-512", "--user", "ann"], Some("p")).unwrap();
        let expected = Security::Sasl {
            mechanism: Mechanism::Scram512,
            username: "ann".to_owned(),
            password: Some(Given("p".to_owned())),
            tls: true,
            ca: None,
        };
        assert_eq!(scram, expected);
        assert!(security(&["--sasl", "plain", "--user", "ann"], None).is_err());
        assert!(security(&["--sasl", "oauthbearer", "--user", "a"], Some("p")).is_err());
    }

    #[test]
    fn what_does_not_go_together_is_refused_and_no_password_is_an_option() {
        for wrong in [
            &["--cert", "c.pem"][..],
            &["--key", "k.pem"],
            &["--sasl", "plain"],
            &["--user", "ann"],
            &["--sasl", "kerberos", "--user", "ann"],
            &["--password", "hunter2"],
        ] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
