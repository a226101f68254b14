//! A server for tokens (OAuth 2, client credentials), as a company's login gives them out: signed with RS256, its public
//! key published as a JWKS. Key and signatures are made by `openssl`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::sandbox::Sandbox;

/// The client that it knows: brokers take it for the user of this name.
pub const CLIENT: &str = "aurora-node";
/// Its secret.
pub const CLIENT_SECRET: &str = "oauth-correct-horse";
/// A scope that the client may have, with tokens for the brokers.
pub const SCOPE: &str = "kafka";
/// A scope that it may have, with tokens for somebody else.
pub const OTHER_SCOPE: &str = "billing";
/// For whom tokens with [`SCOPE`] are.
pub const AUDIENCE: &str = "kafka-brokers";

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct TokenServer {
    base: String,
    serving: JoinHandle<()>,
}

struct Signer {
    key: PathBuf,
    issuer: String,
    jwks: Value,
}

impl TokenServer {
    /// Starts it, with its key in the sandbox.
    pub async fn start(sandbox: &Sandbox) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://localhost:{}", listener.local_addr()?.port());
        let key = sandbox.path("tokens.key");
        openssl(&["genrsa", "-out", &key.display().to_string(), "2048"], None)?;
        let modulus = openssl(
            &["rsa", "-noout", "-modulus", "-in", &key.display().to_string()],
            None,
        )?;
        let modulus = String::from_utf8(modulus)?;
        let modulus = modulus.trim().strip_prefix("Modulus=").context("no modulus")?;
        let bytes = modulus.as_bytes().chunks(2).map(|pair| {
            let digits = std::str::from_utf8(pair).context("no digits")?;
            u8::from_str_radix(digits, 16).context("no digits")
        });
        let n = URL_SAFE_NO_PAD.encode(bytes.collect::<Result<Vec<u8>>>()?);
        let key_of_all =
            json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": n, "e": "AQAB" });
        let signer = Arc::new(Signer {
            key,
            issuer: base.clone(),
            jwks: json!({ "keys": [key_of_all] }),
        });
        let app = Router::new()
            .route(
                "/jwks",
                get(async |State(signer): State<Arc<Signer>>| Json(signer.jwks.clone())),
            )
            .route("/token", post(give))
            .with_state(signer);
        let serving = tokio::spawn(async move {
            // Ends with the test.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { base, serving })
    }

    /// Where clients get tokens.
    pub fn token_url(&self) -> String {
        format!("{}/token", self.base)
    }

    /// Where its public key is.
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks", self.base)
    }

    /// Who it says it is, in tokens.
    pub fn issuer(&self) -> &str {
        &self.base
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn give(
    State(signer): State<Arc<Signer>>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    let refused = |status, error: &str| (status, Json(json!({ "error": error })));
    let basic = STANDARD.encode(format!("{CLIENT}:{CLIENT_SECRET}"));
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if sent != Some(format!("Basic {basic}").as_str()) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let form: HashMap<&str, &str> = body.split('&').filter_map(|pair| pair.split_once('=')).collect();
    if form.get("grant_type") != Some(&"client_credentials") {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let audience = match form.get("scope") {
        Some(&SCOPE) => AUDIENCE,
        Some(&OTHER_SCOPE) => "billing-service",
        _ => return refused(StatusCode::BAD_REQUEST, "invalid_scope"),
    };
    match signer.token(audience) {
        Ok(token) => (
            StatusCode::OK,
            Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 300 })),
        ),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}")),
    }
}

impl Signer {
    fn token(&self, audience: &str) -> Result<String> {
        let now = jiff::Timestamp::now().as_second();
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": "one" });
        let claims = json!({
            "iss": self.issuer, "sub": CLIENT, "aud": audience, "scope": SCOPE, "iat": now, "exp": now + 300
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let key = self.key.display().to_string();
        let signature = openssl(&["dgst", "-sha256", "-sign", &key], Some(signed.as_bytes()))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn openssl(arguments: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>> {
    use std::io::Write as _;
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("these tests need `openssl`")?;
    let mut stdin = child.stdin.take().context("no input")?;
    stdin.write_all(input.unwrap_or_default())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "openssl {arguments:?} failed");
    Ok(output.stdout)
}
