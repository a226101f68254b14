use std::io::Read as _;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::http::{HeaderName, Request};
use axum::routing::get;
use tower::ServiceExt as _;

use super::*;

async fn request(
    method: Method,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let app = Router::new()
        .route("/api/v1/streams", get(async || "streams"))
        .merge(crate::router(|_| peers()));
    let response = app
        .oneshot(request.body(Body::empty()).expect("a request"))
        .await
        .expect("an answer");
    let (parts, body) = response.into_parts();
    (
        parts.status,
        parts.headers,
        to_bytes(body, usize::MAX).await.expect("a body"),
    )
}

fn peers() -> Vec<Origin> {
    ["http://node-2:8080", "https://node-3.internal"]
        .iter()
        .filter_map(|address| Origin::of(address))
        .collect()
}

async fn get_path(path: &str) -> (StatusCode, HeaderMap, Bytes) {
    request(Method::GET, path, &[]).await
}

fn script() -> &'static File {
    files::all()
        .iter()
        .find(|file| file.path.ends_with(".js"))
        .expect("a script")
}

#[tokio::test]
async fn index_answers_the_root_and_the_paths_of_views() {
    let index = files::index().expect("an index");
    for path in [
        "/",
        "/index.html",
        "/query",
        "/streams/demo",
        "/apiary",
        "/connect/streams/demo%3Aorders.v1",
        "/visualize/..%2f.js",
    ] {
        let (status, headers, body) = get_path(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        let nonce = nonce(&headers);
        let expected = String::from_utf8_lossy(index.content).replace(NONCE_MARK, &nonce);
        assert_eq!(body, expected, "{path}");
        assert!(!expected.contains(NONCE_MARK) && expected.contains(&nonce));
    }
}

/// The nonce that a policy names.
fn nonce(headers: &HeaderMap) -> String {
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .and_then(|rest| rest.split('\'').next());
    nonce.expect("a nonce").to_owned()
}

#[tokio::test]
async fn no_two_answers_share_a_nonce() {
    let (_, first, _) = get_path("/").await;
    let (_, second, _) = get_path("/").await;
    assert_eq!(nonce(&first).len(), 32);
    assert_ne!(nonce(&first), nonce(&second));
}

/// What a policy says of `directive`.
fn directive(headers: &HeaderMap, directive: &str) -> String {
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    let mut parts = policy.split("; ").filter_map(|part| part.split_once(' '));
    let (_, value) = parts.find(|(name, _)| *name == directive).expect("it is there");
    value.to_owned()
}

#[tokio::test]
async fn the_page_may_ask_the_other_nodes_and_nobody_else() {
    let (_, headers, _) = get_path("/query").await;
    assert_eq!(
        directive(&headers, "connect-src"),
        "'self' http://node-2:8080 https://node-3.internal"
    );
    for (name, expected) in [
        ("default-src", "'none'"),
        ("script-src", "'self'"),
        ("img-src", "'self' data:"),
    ] {
        assert_eq!(directive(&headers, name), expected);
    }
    let (_, headers, _) = get_path(script().path).await;
    assert_eq!(directive(&headers, "connect-src"), "'self'", "only the page asks");
}

#[tokio::test]
async fn a_large_cluster_does_not_make_a_large_header() {
    let many = || (0..1_000).filter_map(|node| Origin::of(&format!("http://node-{node}:8080")));
    let page = serve(&Method::GET, &Uri::from_static("/"), &HeaderMap::new(), || {
        many().collect()
    });
    assert_eq!(
        directive(page.headers(), "connect-src").split(' ').count(),
        1 + MOST_PEERS
    );
}

#[tokio::test]
async fn paths_of_programs_never_get_a_page() {
    for path in [
        "/api",
        "/api/",
        "/api/v1/nothing",
        "/api/x.js",
        "/metrics",
        "/healthz",
        "/readyz",
        "/readyz/x",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let (status, headers, body) = request(method, path, &[]).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
            assert!(body.starts_with(b"{\"type\":"), "{path}");
        }
    }
}

#[tokio::test]
async fn routes_of_the_node_come_first() {
    let (status, headers, body) = get_path("/api/v1/streams").await;
    assert_eq!((status, &body[..]), (StatusCode::OK, &b"streams"[..]));
    assert!(!headers.contains_key(header::CONTENT_SECURITY_POLICY));
}

#[tokio::test]
async fn missing_files_are_not_found() {
    for path in [
        "/favicon.ico",
        "/assets/old-12345678.js",
        "/../Cargo.toml",
        "/assets/..%2f..%2findex.html",
    ] {
        assert_eq!(get_path(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_file_is_served_with_its_type_and_caching() {
    assert!(files::all().len() >= 3, "index, script and styles");
    for file in files::all().iter().filter(|file| file.path != files::INDEX) {
        let (status, headers, body) = get_path(file.path).await;
        assert_eq!(status, StatusCode::OK, "{}", file.path);
        assert_eq!(headers[header::CONTENT_TYPE], file.content_type);
        assert_eq!(body, file.content);
        let kept = headers[header::CACHE_CONTROL] == "public, max-age=31536000, immutable";
        assert_eq!(kept, file.path.starts_with("/assets/"), "{}", file.path);
    }
}

#[tokio::test]
async fn answers_carry_the_security_headers() {
    for path in ["/", script().path, "/nothing.js", "/api/nothing"] {
        let (_, headers, _) = get_path(path).await;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains("  "), "{policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
    }
}

#[tokio::test]
async fn gzip_is_sent_to_those_who_accept_it() {
    let file = script();
    for accepted in ["gzip", "br, GZIP", "deflate;q=0.5,gzip;q=0.8"] {
        let (_, headers, body) =
            request(Method::GET, file.path, &[(header::ACCEPT_ENCODING, accepted)]).await;
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip", "{accepted}");
        assert_eq!(headers[header::VARY], "accept-encoding");
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&body[..])
            .read_to_end(&mut plain)
            .expect("gzip");
        assert_eq!(plain, file.content);
    }
    for refused in ["", "br", "identity", "gzip;q=0", "gzip; q=0.0"] {
        let (_, headers, body) = request(Method::GET, file.path, &[(header::ACCEPT_ENCODING, refused)]).await;
        assert!(!headers.contains_key(header::CONTENT_ENCODING), "{refused}");
        assert_eq!(headers[header::VARY], "accept-encoding");
        assert_eq!(body, file.content);
    }
}

#[tokio::test]
async fn a_file_is_not_sent_again_while_it_is_current() {
    let (path, etag) = (script().path, script().etag);
    let strong = etag.trim_start_matches("W/");
    for known in [etag, strong, "*", &format!("\"other\", {etag}")] {
        let (status, headers, body) = request(Method::GET, path, &[(header::IF_NONE_MATCH, known)]).await;
        assert_eq!(status, StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(headers[header::ETAG], etag);
        assert!(body.is_empty());
    }
    let (status, ..) = request(Method::GET, path, &[(header::IF_NONE_MATCH, "\"other\"")]).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let (status, headers, _) = request(Method::POST, "/", &[]).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers[header::ALLOW], "GET, HEAD");

    let (status, headers, body) = request(Method::HEAD, "/", &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(body.is_empty());
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    for file in files::all()
        .iter()
        .filter(|file| file.path.ends_with(".html") || file.path.ends_with(".css"))
    {
        let text = std::str::from_utf8(file.content).expect("UTF-8");
        let is_elsewhere = [
            "url(http",
            "url(\"http",
            "url(//",
            "@import",
            "src=\"http",
            "href=\"http",
        ];
        assert!(
            is_elsewhere.iter().all(|loads| !text.contains(loads)),
            "{}",
            file.path
        );
        assert!(
            !text.contains("<style") && !text.contains(" style="),
            "{}",
            file.path
        );
    }
}
