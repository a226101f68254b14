//! A service of AWS that gives prepared answers, one after the other, for unit tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use tokio::task::JoinHandle;

use super::Aws;

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// A running one. Dropping it ends it.
pub(super) struct Stub {
    pub(super) aws: Aws,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    answers: Mutex<VecDeque<(u16, String)>>,
    asked: Mutex<Vec<Asked>>,
}

impl Stub {
    /// Starts one that gives these answers.
    pub(super) async fn start(answers: &[(u16, &str)]) -> Self {
        let answers = answers.iter().map(|(status, text)| (*status, (*text).to_owned()));
        let shared = Arc::new(Shared {
            answers: Mutex::new(answers.collect()),
            asked: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(shared.clone());
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        let credentials = Credentials::new("an-id", "a-secret", Some("a-session".to_owned()), None, "test");
        let config = SdkConfig::builder()
            .region(Region::new("eu-west-1"))
            .endpoint_url(url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        // Whoever asks may do so before anything else has.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            aws: Aws::with_config(&config).unwrap(),
            shared,
            serving,
        }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    shared.asked.lock().unwrap().push(Asked { headers, body });
    let next = shared.answers.lock().unwrap().pop_front();
    let (status, text) = next.unwrap_or((418, "there are no more answers".to_owned()));
    (StatusCode::from_u16(status).unwrap(), text)
}
