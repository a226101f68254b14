//! Where a browser's request comes from, and what it was addressed to.

use axum::http::{HeaderMap, HeaderName, header};

use super::REQUEST_HEADER;

/// Browsers say with it how the page that asks is related to what it asks; no page can change it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request comes from a page of another origin, one at another port of the same host included: this is
/// what Go's `http.CrossOriginProtection` does. Programs that are no browser send neither header.
pub(super) fn is_foreign(headers: &HeaderMap) -> bool {
    if headers.contains_key(SEC_FETCH_SITE) {
        // `none`: somebody has typed the address.
        return !matches!(only(headers, SEC_FETCH_SITE), Some("same-origin" | "none"));
    }
    if !headers.contains_key(header::ORIGIN) {
        return false;
    }
    // Without the scheme: behind a proxy that ends TLS, nobody here knows what it was.
    let origin = only(headers, header::ORIGIN).and_then(|origin| origin.split_once("://"));
    let host = only(headers, header::HOST);
    !matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

/// Whether a request bears the header that a page of another origin cannot send without being allowed to (CORS),
/// which this node allows nobody.
pub(super) fn has_request_header(headers: &HeaderMap) -> bool {
    headers.get(REQUEST_HEADER).is_some_and(|value| !value.is_empty())
}

/// Whether a request was addressed to this machine by a name that only this machine has. A page from elsewhere, whose
/// name was made to point here (DNS rebinding), is given away by it.
pub(super) fn is_addressed_to_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = only(headers, header::HOST) else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The value of a header that comes once.
pub(super) fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_loopback_names_are_ours() {
        for host in [
            "127.0.0.1:8080",
            "localhost",
            "LocalHost:80",
            "[::1]:80",
            "127.1.2.3",
        ] {
            assert!(is_addressed_to_loopback(&headers(&[("host", host)])), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8080",
            "localhost.evil",
            "10.0.0.1",
            "[::2]",
            "evil.example#127.0.0.1",
            "127.0.0.1@evil.example",
            "localhost.",
            "",
        ] {
            assert!(!is_addressed_to_loopback(&headers(&[("host", host)])), "{host}");
        }
        assert!(!is_addressed_to_loopback(&HeaderMap::new()));
        let twice = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(!is_addressed_to_loopback(&twice));
    }

    #[test]
    fn pages_of_other_origins_are_told_from_ours_and_from_programs() {
        let host = ("host", "aurora.example:8080");
        let ours: [&[(&str, &str)]; 5] = [
            &[],
            &[("origin", "http://aurora.example:8080")],
            &[("origin", "https://Aurora.Example:8080")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://proxied.example"),
            ],
            &[("sec-fetch-site", "none")],
        ];
        for pairs in ours {
            assert!(!is_foreign(&headers(&[pairs, &[host]].concat())), "{pairs:?}");
        }
        let foreign: [&[(&str, &str)]; 10] = [
            &[("origin", "http://evil.example")],
            &[("origin", "http://aurora.example:9090")],
            &[("origin", "http://aurora.example:8080.evil.example")],
            &[("origin", "null")],
            &[("origin", "")],
            &[
                ("origin", "http://aurora.example:8080"),
                ("origin", "http://evil.example"),
            ],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://aurora.example:8080"),
            ],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "Same-Origin")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "cross-site"),
            ],
        ];
        for pairs in foreign {
            assert!(is_foreign(&headers(&[pairs, &[host]].concat())), "{pairs:?}");
        }
        assert!(
            is_foreign(&headers(&[("origin", "http://aurora.example:8080")])),
            "no host"
        );
    }

    #[test]
    fn the_header_needs_a_value() {
        assert!(has_request_header(&headers(&[(REQUEST_HEADER, "1")])));
        assert!(!has_request_header(&headers(&[(REQUEST_HEADER, "")])));
        assert!(!has_request_header(&HeaderMap::new()));
    }
}
