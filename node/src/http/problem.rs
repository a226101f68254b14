//! Errors as people and programs get them: RFC 9457 problem details.

use aurora_actors::query::sql::SqlError;
use aurora_actors::store::StoreError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happened, why, and what to do about it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A name for the kind of problem, the same for every occurrence.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Why.
    pub detail: String,
    /// What to do.
    pub hint: String,
    /// Which field of the request it is about, such as `security.password`, so that a form can say it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub field: Option<Box<str>>,
    /// When it may be better, in seconds: `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u16>,
}

impl Problem {
    /// A problem of that kind.
    pub fn new(status: StatusCode, kind: &str, title: &str, detail: impl Into<String>, hint: &str) -> Self {
        Self {
            kind: format!("urn:aurora:problem:{kind}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            hint: hint.to_owned(),
            field: None,
            retry_after_s: None,
        }
    }

    /// The same, to be asked again after so many seconds.
    pub(super) fn again_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(u16::try_from(seconds).unwrap_or(u16::MAX));
        self
    }

    /// The same, about a field of the request.
    pub(super) fn about(mut self, field: &str) -> Self {
        self.field = Some(field.into());
        self
    }

    /// There is no such thing.
    pub fn not_found(what: &str, name: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            &format!("There is no such {what}"),
            format!(
                "Nothing here is called {:?}.",
                name.chars().take(200).collect::<String>()
            ),
            match what {
                "record" => "See GET /api/v1/history for what there is.",
                "connection" => "See GET /api/v1/connections for what there is.",
                "saved query" => "See GET /api/v1/saved for what there is.",
                _ => "See GET /api/v1/streams or GET /api/v1/schema for what there is.",
            },
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after_s.map(HeaderValue::from);
        let mut response = (status, Json(self)).into_response();
        if let Some(retry_after) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after);
        }
        let content_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Exception { code, message } => query_problem(*code, message),
            StoreError::TimedOut(_) => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "timeout",
                "ClickHouse took too long",
                error.to_string(),
                "Ask for less at once, or try again later.",
            ),
            _ => Self::new(
                StatusCode::BAD_GATEWAY,
                "clickhouse-away",
                "ClickHouse could not be asked",
                error.to_string(),
                "Try again in a moment; `aurora doctor` says what is missing.",
            ),
        }
    }
}

/// ClickHouse's own answer, sorted by who can do something about it.
fn query_problem(code: u32, message: &str) -> Problem {
    const TOO_MANY_SIMULTANEOUS_QUERIES: u32 = 202;
    let (status, kind, title, hint) = match code {
        497 | 164 | 291 => (
            StatusCode::FORBIDDEN,
            "not-allowed",
            "The reader may not do that",
            "Queries may only read the databases that are exposed; see `aurora up --expose`.",
        ),
        60 | 47 | 81 | 46 => (
            StatusCode::BAD_REQUEST,
            "unknown-name",
            "The query names something that is not there",
            "See GET /api/v1/schema for tables and columns.",
        ),
        62 => (
            StatusCode::BAD_REQUEST,
            "syntax",
            "The query cannot be read",
            "Mend it where ClickHouse points to.",
        ),
        159 | 160 | 241 | 158 | 396 | 307 => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "too-much",
            "The query asks for more than one query may use",
            "Narrow the time range, group, or LIMIT.",
        ),
        TOO_MANY_SIMULTANEOUS_QUERIES | 201 => (
            StatusCode::TOO_MANY_REQUESTS,
            "busy",
            "Too many queries run at once",
            "Try again in a moment.",
        ),
        194 | 516 | 192 | 193 => (
            StatusCode::BAD_GATEWAY,
            "clickhouse-login",
            "ClickHouse does not know our user",
            "Check the users and passwords in the configuration.",
        ),
        _ => (
            StatusCode::BAD_REQUEST,
            "query",
            "The query failed",
            "Mend the query; ClickHouse says why it failed.",
        ),
    };
    let problem = Problem::new(status, kind, title, message, hint);
    match status {
        StatusCode::TOO_MANY_REQUESTS => problem.again_after(1),
        _ => problem,
    }
}

impl From<SqlError> for Problem {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Store(error) => error.into(),
            SqlError::Refused(refusal) => Self::new(
                StatusCode::FORBIDDEN,
                "not-allowed",
                "This statement is not allowed",
                refusal.to_string(),
                "Rewrite it as a SELECT over the exposed tables.",
            ),
            SqlError::Statement(reason) => Self::new(
                StatusCode::BAD_REQUEST,
                "statement",
                "The statement cannot be run",
                reason,
                "Send one statement as {\"sql\": \"SELECT …\"}.",
            ),
            SqlError::Busy { retry_after, .. } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "busy",
                "The node is busy",
                error.to_string(),
                "Try again in as many seconds as Retry-After says, or through another node.",
            )
            .again_after(retry_after.as_secs()),
            SqlError::Deadline { limit, waited } => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "timeout",
                "The query took too long",
                if waited {
                    format!("Its turn did not come within {} s.", limit.as_secs())
                } else {
                    format!("A query may take {} s, and it was not done.", limit.as_secs())
                },
                "Narrow the time range, group, or LIMIT; GET /api/v1/limits says what a query may use.",
            ),
            SqlError::Cancelled => Self::new(
                StatusCode::CONFLICT,
                "cancelled",
                "The query was cancelled",
                "Somebody has asked for it to end before it was done.",
                "Run it again if it is still wanted.",
            ),
            SqlError::NoWall(reason) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "no-wall",
                "No queries are served",
                reason,
                "Whoever runs the node has to mend ClickHouse's reading user; `aurora doctor` and GET /api/v1/limits say what is wrong.",
            ),
            SqlError::Stopping => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                "The node is stopping",
                "It takes no more queries.",
                "Ask another node.",
            ),
        }
    }
}
