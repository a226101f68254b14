//! What people get wrong, and what they are told.

use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::process::free_port;
use aurora_chaos_tests::sandbox::eventually;
use aurora_chaos_tests::secured::{PLAIN_PASSWORD, SCRAM_256_PASSWORD, SecuredKafka, USER, Way};
use serde_json::{Value, json};

use super::Listener;

/// How long words may be wrong, of each mistake.
const A_WHILE: Duration = Duration::from_secs(40);

pub(super) const WRONG_PASSWORD: &str = "wrong-tr0ub4dor";

/// A server that is no Kafka, and what it says.
const PAGE: &str = "HTTP/1.1 400 Bad Request\r\n\r\ninternal-page-content";

/// Where it stops, and what it is told to be.
type Words = (&'static str, &'static str);

fn mistakes(kafka: &SecuredKafka) -> Result<Vec<(String, Value, Words)>> {
    let sasl = |mechanism: &str, password: &str, tls: bool| {
        let ca = tls.then_some(&kafka.ca);
        json!({
            "kind": "sasl", "mechanism": mechanism, "username": USER, "password": password, "tls": tls, "ca": ca
        })
    };
    let tls = json!({ "kind": "tls", "ca": kafka.ca });
    let plaintext = json!({ "kind": "plaintext" });
    let bare = kafka.kafka.bootstrap_servers();
    let closed = format!("localhost:{}", free_port()?);
    Ok(vec![
        (
            "no-such-broker.invalid:9092".to_owned(),
            plaintext.clone(),
            ("name", "Nobody knows this name"),
        ),
        (closed, plaintext.clone(), ("port", "refuses connections")),
        (
            kafka.brokers(Way::Tls),
            plaintext.clone(),
            ("tls", "This port is encrypted"),
        ),
        (bare.clone(), tls.clone(), ("tls", "This port is not encrypted")),
        (
            kafka.brokers(Way::Tls),
            json!({ "kind": "tls" }),
            ("tls", "certificate is not trusted"),
        ),
        (
            kafka.brokers(Way::Tls),
            json!({ "kind": "tls", "ca": kafka.other_ca }),
            ("tls", "certificate is not trusted"),
        ),
        (kafka.brokers(Way::Expired), tls.clone(), ("tls", "has expired")),
        (
            kafka.brokers(Way::OtherName),
            tls.clone(),
            ("tls", "for another name"),
        ),
        (
            kafka.brokers(Way::Mtls),
            tls,
            ("tls", "want to see a certificate of yours"),
        ),
        (
            kafka.brokers(Way::Scram),
            sasl("SCRAM-SHA-256", WRONG_PASSWORD, true),
            ("login", "do not take this user and password"),
        ),
        (
            kafka.brokers(Way::Scram),
            sasl("PLAIN", PLAIN_PASSWORD, true),
            ("login", "They offer SCRAM-SHA-256, SCRAM-SHA-512"),
        ),
        (
            kafka.brokers(Way::Plain),
            sasl("PLAIN", WRONG_PASSWORD, false),
            ("login", "do not take this user and password"),
        ),
        (
            kafka.brokers(Way::Plain),
            plaintext.clone(),
            ("login", "want to know who you are"),
        ),
        (
            kafka.brokers(Way::Scram),
            json!({ "kind": "tls", "ca": kafka.ca }),
            ("login", "want to know who you are"),
        ),
        (
            bare,
            sasl("PLAIN", PLAIN_PASSWORD, false),
            ("login", "takes no logins"),
        ),
        (
            kafka.brokers(Way::Elsewhere),
            plaintext,
            ("name", "tell clients to come to kafka.invalid:9092"),
        ),
    ])
}

pub(super) async fn each_has_its_words(editor: &Listener, kafka: &SecuredKafka) -> Result<()> {
    let mut unclear = Vec::new();
    for (brokers, security, (step, words)) in mistakes(kafka)? {
        // One that is answered too late has other words.
        let told = eventually("the words", A_WHILE, async || {
            let found = editor.test(&brokers, &security).await?;
            let checks = found["checks"].as_array().context("no checks")?;
            let wrong = checks.iter().find(|check| check["ok"] == false);
            let is_clear = wrong.is_some_and(|wrong| {
                wrong["check"] == step
                    && wrong["why"].as_str().is_some_and(|why| why.contains(words))
                    && wrong["what_to_do"].as_str().is_some_and(|what| !what.is_empty())
            });
            let kind = &security["kind"];
            ensure!(
                found["ok"] == false && is_clear,
                "{words} ({step}), {kind} at {brokers}: {found}"
            );
            anyhow::Ok(true)
        });
        unclear.extend(told.await.err().map(|error| format!("{error:#}")));
    }
    ensure!(unclear.is_empty(), "{}", unclear.join("\n"));
    nothing_is_repeated(editor).await
}

/// What a server says that is no Kafka is not for whoever asks to know.
async fn nothing_is_repeated(editor: &Listener) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let brokers = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = std::io::Read::read(&mut stream, &mut [0; 512]);
            let _ = std::io::Write::write_all(&mut stream, PAGE.as_bytes());
        }
    });
    for security in [json!({ "kind": "plaintext" }), json!({ "kind": "tls" })] {
        let found = editor.test(&brokers, &security).await?;
        let text = found.to_string();
        ensure!(
            found["ok"] == false && !text.contains("page-content") && !text.contains("HTTP"),
            "{text}"
        );
    }
    Ok(())
}

pub(super) async fn fields_are_named(editor: &Listener) -> Result<()> {
    let plaintext = json!({ "kind": "plaintext" });
    let sasl = json!({ "kind": "sasl", "mechanism": "PLAIN", "username": USER });
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    for (new, field) in [
        (
            json!({ "name": "a b", "brokers": "a:1", "security": plaintext }),
            "name",
        ),
        (
            json!({ "name": "preview", "brokers": "a:1", "security": plaintext }),
            "name",
        ),
        (
            json!({ "name": "new", "brokers": "a", "security": plaintext }),
            "brokers",
        ),
        (
            json!({ "name": "new", "brokers": "a:1", "security": sasl }),
            "security.password",
        ),
        (
            json!({ "name": "new", "brokers": "a:1", "security": { "kind": "tls", "ca": broken } }),
            "security.ca",
        ),
    ] {
        let reply = editor.post("/api/v1/connections", &new).await?;
        ensure!(
            reply.status == 400 && reply.body["field"] == field,
            "{field}: {reply:?}"
        );
    }
    let missing = json!({ "connection": "plaintext", "topic": "no-such-topic" });
    let reply = editor.post("/api/v1/connections/preview", &missing).await?;
    ensure!(reply.status == 404 && reply.body["field"] == "topic", "{reply:?}");
    Ok(())
}

/// Files of the node, and passwords of others, cannot be had by pointing a connection at a server of one's own.
pub(super) async fn what_only_an_admin_may(
    editor: &Listener,
    admin: &Listener,
    kafka: &SecuredKafka,
) -> Result<()> {
    let with = |password: &str| {
        json!({
            "name": "file", "brokers": "127.0.0.1:1",
            "security": { "kind": "sasl", "mechanism": "PLAIN", "username": USER, "password": password }
        })
    };
    for path in ["/api/v1/connections", "/api/v1/connections/test"] {
        let mut typed = with("file:/etc/passwd");
        if path.ends_with("/test") {
            // There, a name is that of a connection that is there.
            typed.as_object_mut().context("no object")?.remove("name");
        }
        let reply = editor.post(path, &typed).await?;
        ensure!(
            reply.status == 403 && reply.body["field"] == "security.password",
            "{path}: {reply:?}"
        );
    }
    let reply = admin
        .post("/api/v1/connections", &with("file:/etc/hostname"))
        .await?;
    ensure!(
        reply.status == 201
            && reply.body["security"]["password"] == json!({ "reference": "file:/etc/hostname" }),
        "{reply:?}"
    );
    let kept = json!({ "kind": "sasl", "mechanism": "PLAIN", "username": USER, "tls": false });
    let elsewhere = json!({ "name": "login", "brokers": "127.0.0.1:1", "security": kept });
    let reply = editor.post("/api/v1/connections/test", &elsewhere).await?;
    ensure!(
        reply.status == 403 && reply.body["field"] == "security.password",
        "{reply:?}"
    );
    let same = json!({ "name": "login", "brokers": kafka.brokers(Way::Plain), "security": kept });
    let reply = editor.post("/api/v1/connections/test", &same).await?;
    ensure!(reply.status == 200 && reply.body["ok"] == true, "{reply:?}");
    ensure!(!reply.body.to_string().contains(SCRAM_256_PASSWORD));
    Ok(())
}
