//! Parts of requests, whose absence or disorder is a problem like any other.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A body of JSON.
pub(super) struct Body<T>(pub(super) T);

/// What stands after the `?`.
pub(super) struct Params<T>(pub(super) T);

/// What varies in the path.
pub(super) struct InPath<T>(pub(super) T);

fn unreadable(detail: &str, hint: &str) -> Problem {
    let detail = detail.chars().take(500).collect::<String>();
    Problem::new(
        StatusCode::BAD_REQUEST,
        "request",
        "The request cannot be read",
        detail,
        hint,
    )
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(unreadable(
                &rejection.body_text(),
                "Send JSON as application/json; GET /api/v1/openapi.json describes it.",
            )),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(unreadable(
                &rejection.body_text(),
                "GET /api/v1/openapi.json describes what can stand after the ?.",
            )),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(unreadable(
                &rejection.body_text(),
                "Write each name in the path as UTF-8, percent-encoded where it has to be.",
            )),
        }
    }
}

/// The tag of a version (RFC 9110, 8.8.3).
pub(super) fn etag(version: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The version that a change is to be made from, which is `version` unless the request's `If-Match` or `If-None-Match`
/// says otherwise (RFC 9110, 13.1). What `exists` is changed only by somebody who says which version they have seen.
pub(super) fn expected_version(headers: &HeaderMap, version: u64, exists: bool) -> Result<u64, Problem> {
    let tags = |name| {
        let lines = headers.get_all(name).into_iter();
        let lines = lines.filter_map(|line: &HeaderValue| line.to_str().ok());
        lines
            .flat_map(|line| line.split(','))
            .map(|tag| tag.trim().to_owned())
    };
    let names_it =
        |tag: &String| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == format!("\"{version}\"");
    if headers.contains_key(header::IF_NONE_MATCH) {
        let is_new = !(exists && tags(header::IF_NONE_MATCH).any(|tag| names_it(&tag)));
        return if is_new {
            Ok(version)
        } else {
            Err(changed_meanwhile())
        };
    }
    if headers.contains_key(header::IF_MATCH) {
        let is_same = exists && tags(header::IF_MATCH).any(|tag| names_it(&tag));
        return if is_same {
            Ok(version)
        } else {
            Err(changed_meanwhile())
        };
    }
    if exists {
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "precondition",
            "It is there already",
            "The request does not say which version it changes, and might undo what somebody else has done.",
            "GET it, and send its ETag as If-Match.",
        ));
    }
    Ok(version)
}

/// Somebody else was faster.
pub(super) fn changed_meanwhile() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "changed",
        "It has been changed meanwhile",
        "Its version is not the one that the request is about.",
        "GET it again, make the change there, and send the new ETag as If-Match.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(pairs: &[(header::HeaderName, &str)], version: u64, exists: bool) -> Result<u64, u16> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let headers = HeaderMap::from_iter(pairs);
        expected_version(&headers, version, exists).map_err(|problem| problem.status)
    }

    #[test]
    fn what_is_there_is_changed_only_by_who_has_seen_it() {
        let (matches, none) = (header::IF_MATCH, header::IF_NONE_MATCH);
        assert_eq!(expected(&[], 0, false), Ok(0));
        assert_eq!(expected(&[], 3, true), Err(428));
        for right in ["\"3\"", "W/\"3\"", "\"1\", \"3\"", "*"] {
            assert_eq!(expected(&[(matches.clone(), right)], 3, true), Ok(3), "{right}");
        }
        for wrong in ["\"2\"", "3", "", "\"33\"", "\u{e4}"] {
            assert_eq!(
                expected(&[(matches.clone(), wrong)], 3, true),
                Err(412),
                "{wrong}"
            );
        }
        assert_eq!(
            expected(&[(matches.clone(), "*")], 3, false),
            Err(412),
            "it was deleted"
        );
        assert_eq!(expected(&[(none.clone(), "*")], 3, false), Ok(3));
        assert_eq!(expected(&[(none, "*")], 3, true), Err(412));
    }
}
