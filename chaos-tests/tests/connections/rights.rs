//! Who logs in with a token, and who may do what with which topic: what works, and what is said of what does not.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::acls::{Operation, allow, take_back};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::kafka::{FurtherListener, Kafka, KafkaOptions};
use aurora_chaos_tests::load::Load;
use aurora_chaos_tests::process::free_port;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use aurora_chaos_tests::tokens::{self, TokenServer};
use serde_json::{Value, json};

use super::{Listener, lonely_node};

const TOPIC: &str = "guarded";
const USER: &str = "bob";
const PASSWORD: &str = "bob-correct-horse";
const EVENTS: u64 = 300;

/// A broker that lets nobody do anything with topics but who comes in through its plain listener, and where one logs in
/// with a password or with a token.
struct Guarded {
    kafka: Kafka,
    login: String,
    token: String,
}

impl Guarded {
    async fn start(sandbox: &Sandbox, server: &TokenServer) -> Result<Self> {
        let (login, token) = (free_port()?, free_port()?);
        let module = "org.apache.kafka.common.security";
        let properties = [
            (
                "authorizer.class.name",
                "org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
            ),
            ("super.users", "User:ANONYMOUS".to_owned()),
            ("listener.name.login.sasl.enabled.mechanisms", "PLAIN".to_owned()),
            (
                "listener.name.login.plain.sasl.jaas.config",
                format!("{module}.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";"),
            ),
            (
                "listener.name.token.sasl.enabled.mechanisms",
                "OAUTHBEARER".to_owned(),
            ),
            (
                "listener.name.token.oauthbearer.sasl.jaas.config",
                format!("{module}.oauthbearer.OAuthBearerLoginModule required;"),
            ),
            (
                "listener.name.token.oauthbearer.sasl.server.callback.handler.class",
                format!("{module}.oauthbearer.OAuthBearerValidatorCallbackHandler"),
            ),
            // Kafka's default looks at a token as a client does: it trusts whoever has signed it.
            (
                "listener.name.token.sasl.oauthbearer.jwt.validator.class",
                format!("{module}.oauthbearer.BrokerJwtValidator"),
            ),
            (
                "listener.name.token.sasl.oauthbearer.jwks.endpoint.url",
                server.jwks_url(),
            ),
            (
                "listener.name.token.sasl.oauthbearer.expected.audience",
                tokens::AUDIENCE.to_owned(),
            ),
            (
                "listener.name.token.sasl.oauthbearer.expected.issuer",
                server.issuer().to_owned(),
            ),
        ];
        let listener = |name: &str, port: u16| FurtherListener {
            name: name.to_owned(),
            protocol: "SASL_PLAINTEXT".to_owned(),
            port,
            advertised: format!("localhost:{port}"),
        };
        let options = KafkaOptions {
            properties: properties.map(|(name, value)| (name.to_owned(), value)).into(),
            listeners: vec![listener("LOGIN", login), listener("TOKEN", token)],
            java_arguments: vec![format!(
                "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={}",
                server.jwks_url()
            )],
            ..KafkaOptions::default()
        };
        let kafka = Kafka::start(sandbox, options).await?;
        kafka.create_topic(TOPIC, 2, &[]).await?;
        produce(&kafka, 0).await?;
        Ok(Self {
            kafka,
            login: format!("localhost:{login}"),
            token: format!("localhost:{token}"),
        })
    }
}

async fn produce(kafka: &Kafka, first: u64) -> Result<()> {
    let load = Load {
        first,
        events: EVENTS,
        ..Load::new(TOPIC, 2)
    };
    load.produce(kafka).await?;
    Ok(())
}

fn by_token(url: &str, secret: &str, scope: &str) -> Value {
    json!({
        "kind": "oauthbearer", "token_url": url, "client_id": tokens::CLIENT, "client_secret": secret, "scope": scope,
        "tls": false
    })
}

fn last_check(found: &Value) -> Result<&Value> {
    found["checks"]
        .as_array()
        .and_then(|checks| checks.last())
        .with_context(|| format!("no checks: {found}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_lets_in_and_what_is_wrong_with_one_has_its_words() -> Result<()> {
    Sandbox::run("tokens", async |sandbox| {
        let server = TokenServer::start(sandbox).await?;
        let guarded = Guarded::start(sandbox, &server).await?;
        allow(&guarded.kafka, tokens::CLIENT, Operation::Read, TOPIC).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = lonely_node(sandbox, &clickhouse).await?;
        let editor = Listener::new(&node, "edith");

        let right = by_token(&server.token_url(), tokens::CLIENT_SECRET, tokens::SCOPE);
        eventually("the trial", PATIENCE, async || {
            let found = editor.test(&guarded.token, &right).await?;
            ensure!(
                found["ok"] == true && found["topics"] == json!([{ "name": TOPIC, "partitions": 2 }]),
                "{found}"
            );
            anyhow::Ok(true)
        })
        .await?;
        let new = json!({ "name": "token", "brokers": guarded.token, "security": right });
        ensure!(editor.post("/api/v1/connections", &new).await?.status == 201);
        let added = editor
            .post(
                "/api/v1/streams",
                &json!({ "connection": "token", "topic": TOPIC }),
            )
            .await?;
        ensure!(added.status == 201, "{added:?}");
        let id = format!("token:{TOPIC}");
        let consumed = editor.api.until_consumed(&guarded.kafka, &id, PATIENCE).await?;
        ensure!(consumed.rows + consumed.dead_letters == EVENTS, "{consumed:?}");
        let report = editor.api.audit(&id).await?;
        ensure!(report.clean, "{:?}", report.problems);

        let away = format!("http://localhost:{}/token", free_port()?);
        let page = server.jwks_url();
        let mistakes = [
            (
                by_token(&server.token_url(), "wrong", tokens::SCOPE),
                "gives this client none",
                "its secret",
            ),
            (
                by_token(&server.token_url(), tokens::CLIENT_SECRET, "unknown"),
                "gives this client none",
                "scope",
            ),
            (
                by_token(&away, tokens::CLIENT_SECRET, tokens::SCOPE),
                "cannot be reached",
                "Check its address",
            ),
            (
                by_token(&page, tokens::CLIENT_SECRET, tokens::SCOPE),
                "no token that can be used",
                "token endpoint",
            ),
            (
                by_token(&server.token_url(), tokens::CLIENT_SECRET, tokens::OTHER_SCOPE),
                "do not take the token",
                "audience",
            ),
        ];
        for (security, why, what_to_do) in mistakes {
            eventually("its words", PATIENCE, async || {
                let found = editor.test(&guarded.token, &security).await?;
                let last = last_check(&found)?;
                let says =
                    |field: &str, words: &str| last[field].as_str().is_some_and(|text| text.contains(words));
                ensure!(
                    found["ok"] == false
                        && last["check"] == "login"
                        && says("why", why)
                        && says("what_to_do", what_to_do),
                    "{why}: {found}"
                );
                anyhow::Ok(true)
            })
            .await?;
        }
        let said = editor.said.lock().expect("nobody panics with it").clone();
        ensure!(!said.contains(tokens::CLIENT_SECRET));
        Ok(())
    })
    .await
}

/// What is said of a right that is missing: whom it misses, and what gives it.
fn says_what_is_missing(text: &str, right: &str) -> bool {
    let command = format!("--allow-principal User:{USER} --operation Read --topic {TOPIC}");
    text.contains("user bob")
        && text.contains(&format!("the right {right} is missing"))
        && text.contains(&command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_is_named_and_a_stream_goes_on_once_it_is_given() -> Result<()> {
    Sandbox::run("rights", async |sandbox| {
        let server = TokenServer::start(sandbox).await?;
        let guarded = Guarded::start(sandbox, &server).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = lonely_node(sandbox, &clickhouse).await?;
        let editor = Listener::new(&node, "edith");
        let security = json!({
            "kind": "sasl", "mechanism": "PLAIN", "username": USER, "password": PASSWORD, "tls": false
        });

        let found = editor.test(&guarded.login, &security).await?;
        let last = last_check(&found)?;
        let how = last["what_to_do"].as_str().unwrap_or_default();
        ensure!(
            found["topics"] == json!([])
                && how.contains("--allow-principal User:bob --operation Read --topic TOPIC"),
            "{found}"
        );
        let new = json!({ "name": "login", "brokers": guarded.login, "security": security });
        ensure!(editor.post("/api/v1/connections", &new).await?.status == 201);
        require_preview(&editor, "DESCRIBE").await?;
        let added = editor
            .post(
                "/api/v1/streams",
                &json!({ "connection": "login", "topic": TOPIC }),
            )
            .await?;
        ensure!(added.status == 201, "{added:?}");
        until_it_misses(&editor, "DESCRIBE").await?;
        allow(&guarded.kafka, USER, Operation::Describe, TOPIC).await?;
        until_it_misses(&editor, "READ").await?;
        require_preview(&editor, "READ").await?;
        allow(&guarded.kafka, USER, Operation::Read, TOPIC).await?;
        until_rows(&editor, &guarded, EVENTS).await?;

        // Taken away while it runs.
        take_back(&guarded.kafka, USER, Operation::Read, TOPIC).await?;
        produce(&guarded.kafka, EVENTS).await?;
        until_it_misses(&editor, "READ").await?;
        allow(&guarded.kafka, USER, Operation::Read, TOPIC).await?;
        until_rows(&editor, &guarded, 2 * EVENTS).await?;
        let report = editor.api.audit(&format!("login:{TOPIC}")).await?;
        ensure!(report.clean, "{:?}", report.problems);
        Ok(())
    })
    .await
}

async fn require_preview(editor: &Listener, right: &str) -> Result<()> {
    let request = json!({ "connection": "login", "topic": TOPIC });
    let refused = editor.post("/api/v1/connections/preview", &request).await?;
    let text = format!(
        "{} {}",
        refused.body["detail"].as_str().unwrap_or_default(),
        refused.body["hint"].as_str().unwrap_or_default()
    );
    ensure!(
        refused.status == 502 && refused.body["field"] == "topic" && says_what_is_missing(&text, right),
        "{refused:?}"
    );
    Ok(())
}

async fn until_it_misses(editor: &Listener, right: &str) -> Result<()> {
    eventually(&format!("the stream to miss {right}"), PATIENCE, async || {
        let stream = editor.api.stream(&format!("login:{TOPIC}")).await?;
        let reason = stream.reason.clone().unwrap_or_default();
        ensure!(
            stream.state == "waiting" && says_what_is_missing(&reason, right),
            "{stream:?}"
        );
        Ok(true)
    })
    .await
}

async fn until_rows(editor: &Listener, guarded: &Guarded, events: u64) -> Result<()> {
    let id = format!("login:{TOPIC}");
    let consumed = editor.api.until_consumed(&guarded.kafka, &id, PATIENCE).await?;
    ensure!(consumed.rows + consumed.dead_letters == events, "{consumed:?}");
    eventually("the stream to run", PATIENCE, async || {
        let stream = editor.api.stream(&id).await?;
        ensure!(stream.state == "running" && stream.reason.is_none(), "{stream:?}");
        Ok(true)
    })
    .await
}
