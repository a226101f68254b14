//! From a request to a file of the app, or to the reason why there is none.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::files::{self, File};
use crate::origin::Origin;

/// Nothing but what this node serves: no inline script, no other host, no frame around the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What stands for the nonce in the built page (`web/vite.config.ts`).
const NONCE_MARK: &str = "AURORA-CSP-NONCE";

const KEEP_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Asked of the node each time, which mostly answers 304: a new binary's page shows at once.
const ASK_AGAIN: &str = "no-cache";

/// What belongs to programs. The node's own routes come first; what they leave over must not become a page.
const PROGRAM_PATHS: [&str; 4] = ["/api", "/metrics", "/healthz", "/readyz"];

/// Longest list of other nodes that the page may ask: headers must not grow with the cluster without a bound.
const MOST_PEERS: usize = 32;

/// Answers what asks for the app. `peers` is asked for the page alone.
pub(crate) fn serve(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    peers: impl FnOnce() -> Vec<Origin>,
) -> Response {
    let mut response = answer(method, uri.path(), headers, peers);
    let secured = response.headers_mut();
    secured
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    secured.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    secured.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn answer(method: &Method, path: &str, headers: &HeaderMap, peers: impl FnOnce() -> Vec<Origin>) -> Response {
    if is_for_programs(path) {
        return problem(
            StatusCode::NOT_FOUND,
            "Not found",
            "The node has nothing at this path.",
        );
    }
    let Some(file) = find(path) else {
        return problem(
            StatusCode::NOT_FOUND,
            "Not found",
            "The web app has no such file.",
        );
    };
    if method != Method::GET && method != Method::HEAD {
        let mut response = problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
            "The web app can only be read.",
        );
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if file.path == files::INDEX {
        send_page(file, &peers())
    } else {
        send(file, headers)
    }
}

/// The page with a nonce of its own: the editor and the components that it is made with put style sheets into it, which must
/// bear the nonce. So that no two answers share one, the page is never kept.
///
/// Its policy names the other nodes as well: a page whose node is gone finds out which of them answers.
fn send_page(page: &File, peers: &[Origin]) -> Response {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let body = String::from_utf8_lossy(page.content).replace(NONCE_MARK, &nonce);
    let mut asked = "connect-src 'self'".to_owned();
    for peer in peers.iter().take(MOST_PEERS) {
        asked.push(' ');
        asked.push_str(peer.as_str());
    }
    let policy = CONTENT_SECURITY_POLICY
        .replace("style-src 'self'", &format!("style-src 'self' 'nonce-{nonce}'"))
        .replace("connect-src 'self'", &asked);
    let headers = [
        (header::CONTENT_TYPE, page.content_type.to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, body).into_response()
}

fn is_for_programs(path: &str) -> bool {
    PROGRAM_PATHS.iter().any(|prefix| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The app's files lie at its root, with an extension, and below `/assets`. All other paths are views of the app, which the
/// page itself tells apart; names of topics and dashboards stand in them, dots and all.
fn find(path: &str) -> Option<&'static File> {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if first == "assets" || first.contains('.') {
        files::find(path)
    } else {
        files::index()
    }
}

fn send(file: &'static File, headers: &HeaderMap) -> Response {
    let compressed = file.gzip.filter(|_| accepts_gzip(headers));
    let mut response = if has_current(file, headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut full = Body::from(compressed.unwrap_or(file.content)).into_response();
        full.headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        if compressed.is_some() {
            full.headers_mut()
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        full
    };
    let caching = if file.is_immutable() {
        KEEP_FOR_EVER
    } else {
        ASK_AGAIN
    };
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
        .headers_mut()
        .insert(header::ETAG, HeaderValue::from_static(file.etag));
    if file.gzip.is_some() {
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    list(headers, &header::ACCEPT_ENCODING).any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
        let refused = parts
            .filter_map(|parameter| parameter.strip_prefix("q="))
            .any(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0));
        named && !refused
    })
}

/// Weak comparison (RFC 9110, 13.1.2): with or without `W/`, since proxies change that.
fn has_current(file: &File, headers: &HeaderMap) -> bool {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    list(headers, &header::IF_NONE_MATCH).any(|tag| tag == "*" || opaque(tag) == opaque(file.etag))
}

/// The entries of a header that is a comma-separated list and may come more than once.
fn list<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn problem(status: StatusCode, title: &str, detail: &str) -> Response {
    let hint = "The API is below /api/v1, the page at /.";
    let code = status.as_u16();
    // The parts are constants of this file without anything to escape: no JSON library needed.
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{code},"detail":"{detail}","hint":"{hint}"}}"#
    );
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
