//! Browser sessions over HTTP: logging in, who am I, logging out.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::{Arrival, Caller, Means, Role, clearing_cookie};
use super::problem::Problem;
use crate::node::NodeState;

/// A token to log in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    token: String,
}

/// Who asks, and what they may do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WhoAmI {
    /// The name of their token; null for nobody.
    pub name: Option<String>,
    /// Their role; null for nobody.
    pub role: Option<Role>,
    /// What that role may: `read`, `ask`, `edit`, `administer`.
    pub may: Vec<String>,
    /// Whether everybody on this machine is let in without a token.
    pub open: bool,
    /// When their browser session ends; null without one.
    pub expires_at: Option<jiff::Timestamp>,
}

impl WhoAmI {
    fn new(caller: Option<&Caller>, expires_at: Option<jiff::Timestamp>) -> Self {
        let role = caller.map(|caller| caller.role);
        let may = role.map_or(&[] as &[&str], Role::may);
        Self {
            name: caller.map(|caller| caller.name.clone()),
            role,
            may: may.iter().map(|&right| right.to_owned()).collect(),
            open: caller.is_some_and(|caller| caller.means == Means::Open),
            expires_at,
        }
    }
}

/// Logs a browser in: the answer sets its cookie.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "session",
    request_body = Login,
    responses((status = 200, description = "Done", body = WhoAmI))
)]
pub(super) async fn log_in(
    State(state): State<Arc<NodeState>>,
    Extension(arrival): Extension<Arrival>,
    caller: Option<Extension<Caller>>,
    login: Result<Json<Login>, JsonRejection>,
) -> Response {
    let login = match login {
        Ok(Json(login)) => login,
        // The rejection quotes nothing of the body, which may hold a token.
        Err(_) => {
            return Problem::new(
                StatusCode::BAD_REQUEST,
                "request",
                "The request cannot be read",
                "It is no JSON object with a token alone, sent as application/json.",
                "Send {\"token\": \"…\"} as application/json.",
            )
            .into_response();
        }
    };
    if let Some(Extension(caller)) = caller.filter(|Extension(caller)| caller.means == Means::Open) {
        return Json(WhoAmI::new(Some(&caller), None)).into_response();
    }
    match state.access.open_session(&login.token, arrival) {
        Ok((caller, session)) => {
            let who = WhoAmI::new(Some(&caller), Some(session.expires_at));
            with_cookie(Json(who).into_response(), &session.cookie)
        }
        Err(refused) => refused,
    }
}

/// Who asks.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "session",
    responses((status = 200, description = "Done", body = WhoAmI))
)]
pub(super) async fn show(
    State(state): State<Arc<NodeState>>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
) -> Response {
    let caller = caller.map(|Extension(caller)| caller);
    let has_session = caller
        .as_ref()
        .is_some_and(|caller| caller.means == Means::Session);
    let expires_at = has_session
        .then(|| state.access.session_expires_at(&headers))
        .flatten();
    let mut response = Json(WhoAmI::new(caller.as_ref(), expires_at)).into_response();
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    response
}

/// Logs a browser out: the answer takes its cookie away.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "session",
    responses((status = 204, description = "Done"))
)]
pub(super) async fn log_out(Extension(arrival): Extension<Arrival>) -> Response {
    with_cookie(
        StatusCode::NO_CONTENT.into_response(),
        &clearing_cookie(arrival.is_https),
    )
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    // Made of base64 and numbers.
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    response
}
