//! Where another node's page is, as a policy may name it.

/// An origin, `https://HOST:PORT`, that can stand in a Content-Security-Policy and names one host there, nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin of an address. `None` for what is none: whatever else a policy could take it for (a wildcard, a keyword,
    /// another directive) must not get into one. Nor must an IPv6 literal, for which the grammar of policies has no words.
    pub fn of(address: &str) -> Option<Self> {
        let (scheme, rest) = address.split_once("://")?;
        if scheme != "http" && scheme != "https" {
            return None;
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = authority
            .split_once(':')
            .map_or((authority, None), |(host, port)| (host, Some(port)));
        let is_host = !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
        let is_port = port.is_none_or(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        (is_host && is_port).then(|| Self(format!("{scheme}://{authority}")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_host_of_the_web_is_an_origin() {
        for address in [
            "http://127.0.0.1:8080",
            "https://node-2.aurora.internal",
            "http://node-2:80",
        ] {
            assert_eq!(Origin::of(address).expect(address).as_str(), address);
        }
        assert_eq!(
            Origin::of("http://node-2:8080/").expect("a slash").as_str(),
            "http://node-2:8080"
        );
        for address in [
            "",
            "node-2:8080",
            "*",
            "http://*",
            "https://*.example.com",
            "http://",
            "http://:8080",
            "http://a b",
            "http://a;script-src *",
            "http://a,b",
            "http://a'unsafe-inline'",
            "http://user@a",
            "http://a/path",
            "http://a:0",
            "http://a:+80",
            "http://a:80:81",
            "http://a:65536",
            "http://a:",
            "http://[::1]:8080",
            "http://ä",
            "data://a",
            "http://a\r\nx: y",
        ] {
            assert_eq!(Origin::of(address), None, "{address:?}");
        }
    }
}
