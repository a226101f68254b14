//! What can go wrong with a Grafana, sorted by what is to be done about it.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

/// Most characters of what Grafana says that are passed on.
const MAX_MESSAGE_CHARS: usize = 300;

/// Why Grafana did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrafanaError {
    /// No answer came.
    #[error("Grafana cannot be reached: {0}; see that it runs, and [grafana] url")]
    Unreachable(String),
    /// It does not know the login.
    #[error("Grafana does not take the login: {0}; see user and password, or token, under [grafana]")]
    Unauthorized(String),
    /// The login may not do it.
    #[error("Grafana's login lacks a right: {0}; give the user or the service account the role Admin")]
    Forbidden(String),
    /// There is no such thing.
    #[error("Grafana has no such thing: {0}")]
    NotFound(String),
    /// Somebody has changed it meanwhile.
    #[error("somebody else has changed it meanwhile: {0}")]
    Outrun(String),
    /// Something else has that name.
    #[error("something else has that name already: {0}")]
    NameTaken(String),
    /// It cannot do it now.
    #[error("Grafana cannot do it now: it answered {status} {message}")]
    Unavailable {
        /// The status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// It will not do it.
    #[error("Grafana refused: it answered {status} {message}")]
    Refused {
        /// The status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// What answered is no Grafana.
    #[error("what answers there is no Grafana; see [grafana] url")]
    NotGrafana,
    /// A data source of that name belongs to somebody else.
    #[error(
        "the data source {uid} belongs to the deployment {owner:?}: two share this Grafana; give one of them another prefix \
         under [grafana]"
    )]
    OfAnother {
        /// The data source.
        uid: String,
        /// Whose it is.
        owner: String,
    },
}

impl GrafanaError {
    /// Whether it may be otherwise in a moment.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unavailable { .. })
    }

    /// Whether nothing else can be done either before somebody does something about it.
    pub fn is_of_all(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Unauthorized(_)
            | Self::Unavailable { .. }
            | Self::NotGrafana
            | Self::OfAnother { .. } => true,
            Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::Outrun(_)
            | Self::NameTaken(_)
            | Self::Refused { .. } => false,
        }
    }

    /// The error for a connection that failed. It says nothing of the address, which may have a login in it.
    pub(super) fn no_answer(error: &reqwest::Error, limit: Duration) -> Self {
        Self::Unreachable(match () {
            () if error.is_timeout() => format!("it did not answer within {} seconds", limit.as_secs()),
            () if error.is_connect() => "no connection to it comes about".to_owned(),
            () => "the connection broke".to_owned(),
        })
    }

    /// The error for an answer that says no.
    pub(super) fn refused(status: StatusCode, body: Option<&Value>) -> Self {
        let text = |name: &str| body.and_then(|body| body[name].as_str()).unwrap_or_default();
        let message: String = text("message").chars().take(MAX_MESSAGE_CHARS).collect();
        let code = status.as_u16();
        match (code, text("status")) {
            (401, _) => Self::Unauthorized(message),
            (403, _) => Self::Forbidden(message),
            (404, _) => Self::NotFound(message),
            (412, "version-mismatch") => Self::Outrun(message),
            (412, "name-exists") => Self::NameTaken(message),
            (409, _) => Self::NameTaken(message),
            // A folder whose title is taken, in some versions.
            (412, _) => Self::NameTaken(message),
            (408 | 425 | 429 | 500 | 502 | 503 | 504, _) => Self::Unavailable {
                status: code,
                message,
            },
            (300..=399, _) => Self::NotGrafana,
            _ => Self::Refused {
                status: code,
                message,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_sorted_by_what_is_to_be_done() {
        let sorted = |status: u16, body: Value| {
            GrafanaError::refused(StatusCode::from_u16(status).unwrap(), Some(&body))
        };
        let said = |status| json!({ "message": "m", "status": status });
        assert_eq!(
            sorted(412, said("version-mismatch")),
            GrafanaError::Outrun("m".to_owned())
        );
        assert_eq!(
            sorted(412, said("name-exists")),
            GrafanaError::NameTaken("m".to_owned())
        );
        for status in [429, 500, 503] {
            assert!(sorted(status, said("")).may_pass(), "{status}");
        }
        for status in [400, 401, 403, 404, 409, 412, 422] {
            assert!(!sorted(status, said("")).may_pass(), "{status}");
        }
        let long = sorted(400, json!({ "message": "x".repeat(10_000) }));
        assert!(long.to_string().len() < 1_000);
        assert_eq!(sorted(302, Value::Null), GrafanaError::NotGrafana);
    }
}
