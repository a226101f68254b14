use super::*;
use crate::http::access::{AccessOptions, AccessToken, Rate, Rates};

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const HERE: Arrival = Arrival {
    address: ADDRESS,
    is_https: false,
};

fn access(proxies: &[&str]) -> Access {
    let tokens = Role::ALL.map(|role| AccessToken {
        name: format!("the-{role}"),
        role,
        secret: format!("{role}-secret"),
    });
    let options = AccessOptions {
        tokens: tokens.to_vec(),
        trusted_proxies: proxies.iter().map(|net| net.parse().unwrap()).collect(),
        rates: Rates {
            failures: Rate::per_second(0.1, 3),
            ..Rates::default()
        },
        ..AccessOptions::default()
    };
    Access::new(options, None).unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn cookie(access: &Access, role: Role) -> String {
    let (_, session) = access.open_session(&format!("{role}-secret"), HERE).unwrap();
    session.cookie.split(';').next().unwrap().to_owned()
}

fn status(access: &Access, needs: Needs, method: &Method, pairs: &[(&'static str, &str)]) -> u16 {
    match access.authorize(needs, HERE, method, &headers(pairs)) {
        Ok(_) => 200,
        Err(refused) => refused.status().as_u16(),
    }
}

#[test]
fn each_role_may_what_it_may_and_no_more() {
    let access = access(&[]);
    for (needed, role) in Role::ALL
        .into_iter()
        .flat_map(|needed| Role::ALL.map(|role| (needed, role)))
    {
        let needs = Needs::Role(needed);
        let expected = if role >= needed { 200 } else { 403 };
        let bearer = format!("Bearer {role}-secret");
        let by_token = [("authorization", bearer.as_str())];
        assert_eq!(
            status(&access, needs, &Method::POST, &by_token),
            expected,
            "{role} for {needed}"
        );
        let cookie = cookie(&access, role);
        let by_cookie = [("cookie", cookie.as_str()), ("x-aurora-request", "1")];
        assert_eq!(
            status(&access, needs, &Method::POST, &by_cookie),
            expected,
            "{role} for {needed}"
        );
        assert_eq!(status(&access, needs, &Method::GET, &by_cookie[..1]), expected);
    }
    assert_eq!(status(&access, Needs::Role(Role::Viewer), &Method::GET, &[]), 401);
    assert_eq!(status(&access, Needs::Nothing, &Method::GET, &[]), 200);
}

#[test]
fn what_looks_like_a_token_and_is_none_lets_nobody_in() {
    for wrong in [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer  admin-secret",
        "Bearer admin-secret ",
        "Bearer admin-secret,",
        "Basic YWRtaW46YWRtaW4tc2VjcmV0",
        "admin-secret",
        "Bearer ADMIN-SECRET",
    ] {
        let access = access(&[]);
        let by_header = [("authorization", wrong)];
        assert_eq!(
            status(&access, Needs::Role(Role::Viewer), &Method::GET, &by_header),
            401,
            "{wrong:?}"
        );
    }
    let access = access(&[]);
    let twice = [
        ("authorization", "Bearer admin-secret"),
        ("authorization", "Bearer x"),
    ];
    assert_eq!(
        status(&access, Needs::Role(Role::Viewer), &Method::GET, &twice),
        401
    );
    // A wrong token is not made up for by a right cookie.
    let cookie = cookie(&access, Role::Admin);
    let both = [("authorization", "Bearer x"), ("cookie", cookie.as_str())];
    assert_eq!(
        status(&access, Needs::Role(Role::Viewer), &Method::GET, &both),
        401
    );
    let long = format!("Bearer {}", "x".repeat(100_000));
    let refused = status(
        &access,
        Needs::Role(Role::Viewer),
        &Method::GET,
        &[("authorization", &long)],
    );
    assert_eq!(refused, 401);
}

#[test]
fn a_session_changes_nothing_for_pages_of_other_origins() {
    let access = access(&[]);
    let cookie = cookie(&access, Role::Admin);
    let (cookie, ours) = (("cookie", cookie.as_str()), ("x-aurora-request", "1"));
    let host = ("host", "aurora.example");
    let post = |more: &[(&'static str, &str)]| {
        let pairs = [&[cookie, host], more].concat();
        status(&access, Needs::Role(Role::Viewer), &Method::POST, &pairs)
    };
    assert_eq!(post(&[]), 403, "without the header");
    assert_eq!(post(&[ours]), 200);
    assert_eq!(post(&[ours, ("origin", "http://aurora.example")]), 200);
    assert_eq!(post(&[ours, ("sec-fetch-site", "same-origin")]), 200);
    assert_eq!(post(&[ours, ("origin", "http://evil.example")]), 403);
    assert_eq!(post(&[ours, ("sec-fetch-site", "same-site")]), 403);
    // A login that somebody else makes for me is one, too.
    let login = [host, ("origin", "http://evil.example")];
    assert_eq!(status(&access, Needs::Nothing, &Method::POST, &login), 403);
    // With a token, a browser has added nothing.
    let token = [
        ("authorization", "Bearer viewer-secret"),
        ("origin", "http://evil.example"),
    ];
    assert_eq!(
        status(&access, Needs::Role(Role::Viewer), &Method::POST, &token),
        200
    );
}

#[test]
fn an_open_node_takes_everybody_here_for_its_admin_and_no_foreign_page() {
    let access = Access::new(AccessOptions::default(), None).unwrap();
    let caller = access.authorize(Needs::Role(Role::Admin), HERE, &Method::POST, &HeaderMap::new());
    let caller = caller.unwrap().unwrap();
    assert_eq!(
        (caller.name.as_str(), caller.role, caller.means),
        ("local", Role::Admin, Means::Open)
    );
    let foreign = [("host", "127.0.0.1:8080"), ("origin", "http://evil.example")];
    assert_eq!(
        status(&access, Needs::Role(Role::Viewer), &Method::POST, &foreign),
        403
    );
    let other_port = [("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:3000")];
    assert_eq!(
        status(&access, Needs::Role(Role::Viewer), &Method::POST, &other_port),
        403
    );
    let admit = |host| {
        let admitted = access.admit(HERE, &headers(&[("host", host)]), Instant::now());
        admitted.map_or_else(|refused| refused.status().as_u16(), |()| 200)
    };
    assert_eq!((admit("127.0.0.1:8080"), admit("evil.example")), (200, 403));
}

#[test]
fn wrong_tokens_are_counted_and_then_not_even_looked_at() {
    let access = access(&[]);
    let now = Instant::now();
    let good = || {
        access
            .try_token("admin-secret", ADDRESS, now)
            .map(|_| ())
            .map_err(|refused| refused.status())
    };
    for _ in 0..50 {
        assert_eq!(good(), Ok(()), "right ones do not count");
    }
    for _ in 0..3 {
        assert_eq!(access.try_token("x", ADDRESS, now).err().unwrap().status(), 401);
    }
    let refused = access.try_token("x", ADDRESS, now).err().unwrap();
    assert_eq!(
        (
            refused.status().as_u16(),
            refused.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "10")
    );
    assert_eq!(good(), Err(StatusCode::TOO_MANY_REQUESTS));
    let elsewhere = IpAddr::from([192, 0, 2, 2]);
    assert!(access.try_token("admin-secret", elsewhere, now).is_ok());
    assert!(
        access
            .try_token("admin-secret", ADDRESS, now + Duration::from_secs(11))
            .is_ok()
    );
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let rates = Rates {
        caller: Rate::per_second(1.0, 2),
        address: Rate::per_second(1.0, 3),
        ..Rates::default()
    };
    let options = AccessOptions {
        rates,
        ..AccessOptions::single(Some("secret".to_owned()))
    };
    let access = Access::new(options, None).unwrap();
    let token = [("authorization", "Bearer secret")];
    let ask = || status(&access, Needs::Role(Role::Viewer), &Method::GET, &token);
    assert_eq!([ask(), ask(), ask()], [200, 200, 429]);
    let now = Instant::now();
    let admit = |address: &str| {
        let arrival = Arrival {
            address: address.parse().unwrap(),
            is_https: false,
        };
        access.admit(arrival, &HeaderMap::new(), now).is_ok()
    };
    assert!((0..3).all(|_| admit("192.0.2.7")) && !admit("192.0.2.7"));
    assert!(admit("192.0.2.8"));
    // All addresses of one network of IPv6 are one.
    assert!((0..3).all(|n| admit(&format!("2001:db8::{n}"))) && !admit("2001:db8::ffff:1"));
    assert!(admit("2001:db8:0:1::1"));
}

#[test]
fn only_trusted_proxies_are_believed() {
    let access = access(&["10.0.0.0/8"]);
    let arrival = |peer: &str, pairs: &[(&'static str, &str)]| {
        let arrival = access.arrival(peer.parse().unwrap(), &headers(pairs));
        (arrival.address.to_string(), arrival.is_https)
    };
    let said = [
        ("x-forwarded-for", "198.51.100.9"),
        ("x-forwarded-proto", "https"),
    ];
    assert_eq!(arrival("192.0.2.1", &said), ("192.0.2.1".to_owned(), false));
    assert_eq!(arrival("10.0.0.1", &said), ("198.51.100.9".to_owned(), true));
    assert_eq!(
        arrival("::ffff:10.0.0.1", &said),
        ("198.51.100.9".to_owned(), true)
    );
    let address = |lists: &[(&'static str, &str)]| arrival("10.0.0.1", lists).0;
    let forged = ("x-forwarded-for", "127.0.0.1, 198.51.100.9, 10.1.1.1");
    assert_eq!(address(&[forged]), "198.51.100.9");
    assert_eq!(
        address(&[
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-for", "198.51.100.9")
        ]),
        "198.51.100.9"
    );
    assert_eq!(address(&[("x-forwarded-for", "127.0.0.1, unknown")]), "10.0.0.1");
    assert_eq!(address(&[]), "10.0.0.1");
    let two = [("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")];
    assert_eq!(arrival("10.0.0.1", &two), ("10.0.0.1".to_owned(), false));
}
