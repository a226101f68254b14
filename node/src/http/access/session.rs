//! Browser sessions: a cookie that says who somebody is and until when, sealed so that only nodes can make or read it.
//!
//! Nothing is kept anywhere: any node of the cluster opens it with the cluster's key. It holds no right of its own.
//! Each request looks up the name among the tokens of the node that is asked, so that a role that has changed counts
//! at once, and a token that was changed or taken away ends the sessions made with it. Logging out makes the browser
//! forget the cookie; a copy that somebody has taken is good until it expires or the token is changed.

use std::time::Duration;

use aurora_cluster::{ClusterKey, Purpose, Sealer};
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::tokens::{Bearer, TokenTable};

/// The cookie's name.
const COOKIE: &str = "aurora_session";
/// What sessions are sealed for.
const PURPOSE: Purpose = Purpose::new("browser-session");
/// What is sealed with a session, so that a later form of it cannot be taken for this one.
const BINDING: &[u8] = b"aurora browser session 1";
/// Longest sealed session, in characters.
const MAX_CHARS: usize = 1_024;
/// Cookies of the right name that are tried: others on this host, at another port, may set some too.
const MAX_TRIED: usize = 4;

/// Makes and opens sessions.
pub(super) struct Sessions {
    sealer: Sealer,
    lifetime: Duration,
}

/// What the cookie says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Ticket {
    name: String,
    /// Which token it was made with: its hash, in base64.
    token: String,
    /// Seconds since 1970.
    expires: i64,
}

/// A session that was opened for somebody.
#[derive(Debug)]
pub(in crate::http) struct NewSession {
    /// The header that makes the browser keep it.
    pub(in crate::http) cookie: String,
    /// When it ends.
    pub(in crate::http) expires_at: jiff::Timestamp,
}

impl Sessions {
    pub(super) fn new(cluster: Option<(&str, &ClusterKey)>, lifetime: Duration) -> Self {
        let sealer = match cluster {
            Some((name, key)) => key.sealer(name, PURPOSE),
            None => ClusterKey::generate().sealer("", PURPOSE),
        };
        Self { sealer, lifetime }
    }

    /// Opens a session for somebody who has shown their token.
    pub(super) fn issue(&self, bearer: &Bearer, is_https: bool, now: jiff::Timestamp) -> NewSession {
        let lifetime_s = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        let expires = now.as_second().saturating_add(lifetime_s);
        let ticket = Ticket {
            name: bearer.name.clone(),
            token: STANDARD.encode(bearer.hash),
            expires,
        };
        // Two texts and a number: nothing that JSON could refuse.
        let plain = serde_json::to_vec(&ticket).unwrap_or_default();
        let sealed = URL_SAFE_NO_PAD.encode(self.sealer.seal(BINDING, &plain));
        NewSession {
            cookie: cookie(&sealed, lifetime_s, is_https),
            expires_at: jiff::Timestamp::from_second(expires).unwrap_or(jiff::Timestamp::MAX),
        }
    }

    /// Whose session the request's cookies hold, and until when.
    pub(super) fn bearer<'a>(
        &self,
        headers: &HeaderMap,
        tokens: &'a TokenTable,
        now: jiff::Timestamp,
    ) -> Option<(&'a Bearer, jiff::Timestamp)> {
        sealed_cookies(headers).take(MAX_TRIED).find_map(|sealed| {
            let ticket = self.open(sealed)?;
            let expires_at = jiff::Timestamp::from_second(ticket.expires).ok()?;
            let hash = STANDARD.decode(&ticket.token).ok()?;
            let bearer = tokens.named(&ticket.name, &hash)?;
            (expires_at > now).then_some((bearer, expires_at))
        })
    }

    fn open(&self, sealed: &str) -> Option<Ticket> {
        if sealed.len() > MAX_CHARS {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let plain = self.sealer.open(BINDING, &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

/// No script reads it, no other site's request carries it, and over TLS it stays there.
fn cookie(value: &str, max_age_s: i64, is_https: bool) -> String {
    let secure = if is_https { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}")
}

/// The header that makes the browser forget its session.
pub(in crate::http) fn clearing_cookie(is_https: bool) -> String {
    cookie("", 0, is_https)
}

fn sealed_cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    pairs.filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::access::{AccessToken, Role};
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn tokens(secret: &str, role: Role) -> TokenTable {
        TokenTable::new(&[AccessToken {
            name: "ann".to_owned(),
            role,
            secret: secret.to_owned(),
        }])
        .unwrap()
    }

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
    }

    fn value(session: &NewSession) -> String {
        session.cookie.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn any_node_of_the_cluster_accepts_a_session_and_nobody_else() {
        let (key, other_key) = (ClusterKey::generate(), ClusterKey::generate());
        let now = jiff::Timestamp::now();
        let tokens = tokens("secret", Role::Viewer);
        let ann = tokens.bearer("secret").unwrap();
        let cookie = value(&Sessions::new(Some(("prod", &key)), HOUR).issue(ann, false, now));
        let is_accepted = |cluster| {
            let sessions = Sessions::new(cluster, HOUR);
            sessions.bearer(&headers(&cookie), &tokens, now).is_some()
        };
        assert!(is_accepted(Some(("prod", &key))));
        assert!(!is_accepted(Some(("test", &key))), "another cluster");
        assert!(!is_accepted(Some(("prod", &other_key))), "another key");
        assert!(!is_accepted(None), "a node on its own");
    }

    #[test]
    fn a_session_ends_with_its_time_and_with_its_token_and_has_the_role_of_now() {
        let sessions = Sessions::new(None, HOUR);
        let now = jiff::Timestamp::now();
        let before = tokens("secret", Role::Viewer);
        let session = sessions.issue(before.bearer("secret").unwrap(), false, now);
        let headers = headers(&value(&session));
        let role = |tokens: &TokenTable, at| sessions.bearer(&headers, tokens, at).map(|(ann, _)| ann.role);
        assert_eq!(role(&before, now), Some(Role::Viewer));
        assert_eq!(role(&before, session.expires_at), None, "expired");
        assert_eq!(role(&tokens("other", Role::Viewer), now), None, "a changed token");
        assert_eq!(role(&TokenTable::new(&[]).unwrap(), now), None, "no token");
        assert_eq!(role(&tokens("secret", Role::Admin), now), Some(Role::Admin));
    }

    #[test]
    fn the_cookie_is_for_this_site_and_no_script() {
        let sessions = Sessions::new(None, HOUR);
        let tokens = tokens("secret", Role::Viewer);
        let cookie = |is_https| {
            sessions
                .issue(tokens.bearer("secret").unwrap(), is_https, jiff::Timestamp::now())
                .cookie
        };
        let plain = cookie(false);
        assert!(
            plain.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"),
            "{plain}"
        );
        assert!(cookie(true).ends_with("; SameSite=Strict; Secure"));
        assert!(!plain.contains("ann") && !plain.contains("secret"));
    }

    #[test]
    fn it_is_found_among_other_cookies() {
        let sessions = Sessions::new(None, HOUR);
        let (tokens, now) = (tokens("secret", Role::Viewer), jiff::Timestamp::now());
        let cookie = value(&sessions.issue(tokens.bearer("secret").unwrap(), false, now));
        let is_found = |text: &str| sessions.bearer(&headers(text), &tokens, now).is_some();
        assert!(is_found(&format!("a=b; {cookie}; aurora_session2=x")));
        assert!(is_found(&format!("aurora_session=stale; {cookie}")));
        assert!(!is_found(&format!("x{cookie}")));
        assert!(!is_found(&cookie.replace("aurora_session", "AURORA_SESSION")));
        let many = "aurora_session=x; ".repeat(MAX_TRIED);
        assert!(!is_found(&format!("{many}{cookie}")));
    }

    proptest! {
        #[test]
        fn whatever_else_a_cookie_holds_is_nobody(text in "[ -~]{0,300}", at in any::<usize>(), new in "[A-Za-z0-9_-]") {
            let sessions = Sessions::new(None, HOUR);
            let (tokens, now) = (tokens("secret", Role::Viewer), jiff::Timestamp::now());
            let good = value(&sessions.issue(tokens.bearer("secret").unwrap(), false, now));
            let is_somebody = |cookie: &str| sessions.bearer(&headers(cookie), &tokens, now).is_some();
            prop_assert!(!is_somebody(&text));
            let arbitrary = format!("{COOKIE}={text}");
            prop_assert!(!is_somebody(&arbitrary));
            let at = COOKIE.len() + 1 + at % (good.len() - COOKIE.len() - 1);
            let altered = format!("{}{new}{}", &good[..at], &good[at + 1..]);
            prop_assert!(altered == good || !is_somebody(&altered), "{}", altered);
        }
    }
}
