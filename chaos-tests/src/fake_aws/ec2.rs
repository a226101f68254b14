//! EC2 as whoever asks it about machines sees it: what an emulator knows, and the machines that the provider has made, of which
//! that knows nothing.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use parking_lot::Mutex;
use tokio::net::TcpListener;

use super::World;
use crate::api::http_client;

#[derive(Clone)]
struct Front {
    world: Arc<Mutex<World>>,
    http: reqwest::Client,
    emulator: String,
}

pub(super) async fn serve(world: Arc<Mutex<World>>, emulator: String) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let front = Front {
        world,
        http: http_client()?,
        emulator,
    };
    let router = Router::new().fallback(answer).with_state(front);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn answer(State(front): State<Front>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    // Only a question by ids is about machines that somebody has made already.
    let is_about_machines = body.contains("Action=DescribeInstances") && body.contains("=instance-id");
    let ours = match is_about_machines {
        true => front.machines(&body),
        false => String::new(),
    };
    match front.pass_on(headers, body).await {
        Ok((status, answer)) => (status, with_machines(&answer, &ours)),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

impl Front {
    /// Those of the machines there that `form` asks for, as EC2 lists them.
    fn machines(&self, form: &str) -> String {
        let machines = self.world.lock().take_machines();
        // An id has no character that a form would write otherwise.
        let asked_for = |id: &str| form.split('&').any(|field| field.ends_with(&format!("={id}")));
        machines
            .iter()
            .filter(|(id, _)| asked_for(id))
            .map(|(id, state)| {
                format!(
                    "<item><instancesSet><item><instanceId>{id}</instanceId><instanceState><name>{state}</name></instanceState>\
                     </item></instancesSet></item>"
                )
            })
            .collect()
    }

    async fn pass_on(&self, headers: HeaderMap, body: String) -> Result<(StatusCode, String)> {
        let mut request = self.http.post(&self.emulator).body(body);
        for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
            if let Some(value) = headers.get(&name) {
                request = request.header(name, value);
            }
        }
        let answer = request.header("X-Amz-Date", date(&headers)).send().await?;
        Ok((answer.status(), answer.text().await?))
    }
}

/// An answer with these machines besides its own.
fn with_machines(answer: &str, machines: &str) -> String {
    const END: &str = "</reservationSet>";
    let answer = answer.replace("<reservationSet/>", "<reservationSet></reservationSet>");
    answer.replace(END, &format!("{machines}{END}"))
}

fn date(headers: &HeaderMap) -> &str {
    let date = headers.get("x-amz-date").and_then(|date| date.to_str().ok());
    date.unwrap_or_default()
}
