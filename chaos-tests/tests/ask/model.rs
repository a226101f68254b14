//! A server that speaks as a language model's, badly.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Behaviour {
    /// With a page.
    Html,
    /// With an error.
    Error(u16),
    /// Never.
    Hangs,
    /// By ending the connection.
    HangsUp,
    /// With that text.
    Says(&'static str),
    /// With the first text, and the second when it is shown two statements.
    Reconsiders(&'static str, &'static str),
}

/// The server; it ends with the test's runtime.
pub(super) struct StandIn {
    port: u16,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl StandIn {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let behaviour = Arc::new(Mutex::new(Behaviour::Says("{}")));
        let shared = behaviour.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let behaviour = shared.clone();
                tokio::spawn(async move {
                    // A client that goes is nothing to the server.
                    let _ = serve(connection, &behaviour).await;
                });
            }
        });
        Ok(Self { port, behaviour })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    pub(super) fn behaves(&self, behaviour: Behaviour) {
        *self.behaviour.lock().expect("no test panics with it") = behaviour;
    }
}

/// Answers one request and ends the connection.
async fn serve(mut connection: TcpStream, behaviour: &Mutex<Behaviour>) -> Result<()> {
    let request = read_request(&mut connection).await?;
    let behaviour = *behaviour.lock().expect("no test panics with it");
    let (status, content_type, body) = match behaviour {
        Behaviour::Html => (200, "text/html", "<html><body>Gateway</body></html>".to_owned()),
        Behaviour::Error(status) => (
            status,
            "application/json",
            json!({ "error": { "message": "no", "type": "t", "param": null, "code": null } }).to_string(),
        ),
        Behaviour::Hangs => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            return Ok(());
        }
        Behaviour::HangsUp => return Ok(()),
        Behaviour::Says(text) => (200, "application/json", completion(text)),
        Behaviour::Reconsiders(first, second) => {
            let in_doubt = request.contains("Two statements were written");
            let text = if in_doubt { second } else { first };
            (200, "application/json", completion(text))
        }
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(body.as_bytes()).await?;
    connection.shutdown().await?;
    Ok(())
}

/// A chat completion of that text.
fn completion(text: &str) -> String {
    json!({
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text } }],
        "usage": { "prompt_tokens": 3, "completion_tokens": 2 },
    })
    .to_string()
}

async fn read_request(connection: &mut TcpStream) -> Result<String> {
    let mut request = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        let read = connection.read(&mut piece).await?;
        request.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else {
            anyhow::ensure!(read > 0, "half a request");
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|length| length.trim().parse::<usize>().ok());
        if read == 0 || request.len() >= head.len() + 4 + length.unwrap_or_default() {
            return Ok(String::from_utf8_lossy(&request).into_owned());
        }
    }
}
