//! Who is let in.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::node::NodeState;

/// Lets a request pass, or answers it with 401 or 403.
pub(super) async fn guard(State(state): State<Arc<NodeState>>, request: Request, next: Next) -> Response {
    let refused = match &state.token {
        Some(token) if !bears(request.headers(), token) => Some(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "This node needs a token",
            "The request has no `Authorization: Bearer …` with the node's token.",
            "Ask who runs the node for the token.",
        )),
        None if !is_addressed_to_loopback(request.headers()) => Some(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign-host",
            "This node serves this machine only",
            "The request was addressed to a name that is not this machine's loopback.",
            "Open it as http://127.0.0.1 or http://localhost, or set a token to serve others.",
        )),
        _ => None,
    };
    match refused {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn bears(headers: &HeaderMap, token: &str) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    given
        .and_then(|value| value.strip_prefix("Bearer "))
        .is_some_and(|given| same(given.as_bytes(), token.as_bytes()))
}

/// Compares without telling by its duration where the first difference is.
fn same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len()
        && given
            .iter()
            .zip(wanted)
            .fold(0, |differences, (a, b)| differences | (a ^ b))
            == 0
}

fn is_addressed_to_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn only_loopback_names_are_ours() {
        for host in ["127.0.0.1:8080", "localhost", "[::1]:80", "127.1.2.3"] {
            assert!(is_addressed_to_loopback(&headers(header::HOST, host)), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8080",
            "localhost.evil",
            "10.0.0.1",
            "[::2]",
        ] {
            assert!(!is_addressed_to_loopback(&headers(header::HOST, host)), "{host}");
        }
        assert!(!is_addressed_to_loopback(&HeaderMap::new()));
    }

    #[test]
    fn a_token_must_be_the_same() {
        assert!(bears(&headers(header::AUTHORIZATION, "Bearer abc"), "abc"));
        for wrong in ["Bearer abd", "Bearer ab", "Bearer abcd", "abc", "Basic abc"] {
            assert!(!bears(&headers(header::AUTHORIZATION, wrong), "abc"), "{wrong}");
        }
    }
}
