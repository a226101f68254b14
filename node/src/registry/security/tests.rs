use serde_json::{Value, json};

use super::*;

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";

fn given(security: &Value) -> Security<Given> {
    serde_json::from_value(security.clone()).unwrap()
}

fn properties(security: &Value) -> Properties {
    given(security).properties(&Properties::new()).unwrap()
}

fn shown(properties: &Properties) -> Value {
    serde_json::to_value(Security::of(properties).unwrap()).unwrap()
}

fn mistake(security: &Value) -> &'static str {
    given(security).properties(&Properties::new()).unwrap_err().field
}

#[test]
fn each_kind_becomes_properties_and_comes_back_without_its_secrets() {
    let set = json!({ "set": true });
    let kinds = [
        (json!({ "kind": "plaintext" }), json!({ "kind": "plaintext" })),
        (json!({ "kind": "tls" }), json!({ "kind": "tls" })),
        (
            json!({ "kind": "tls", "ca": PEM }),
            json!({ "kind": "tls", "ca": PEM }),
        ),
        (
            json!({ "kind": "mtls", "certificate": PEM, "key": PRIVATE, "key_password": "env:KEY" }),
            json!({ "kind": "mtls", "certificate": PEM, "key": set, "key_password": { "reference": "env:KEY" } }),
        ),
        (
            json!({ "kind": "sasl", "mechanism": "SCRAM-SHA-512", "username": "ann", "password": "hunter2", "tls": true }),
            json!({ "kind": "sasl", "mechanism": "SCRAM-SHA-512", "username": "ann", "password": set, "tls": true }),
        ),
        (
            json!({ "kind": "sasl", "mechanism": "PLAIN", "username": "ann", "password": "file:/run/p" }),
            json!({
                "kind": "sasl", "mechanism": "PLAIN", "username": "ann", "password": { "reference": "file:/run/p" },
                "tls": false
            }),
        ),
        (
            json!({
                "kind": "oauthbearer", "token_url": "https://id.example.com/token", "client_id": "aurora",
                "client_secret": "hunter2", "scope": "kafka", "tls": true, "ca": PEM
            }),
            json!({
                "kind": "oauthbearer", "token_url": "https://id.example.com/token", "client_id": "aurora",
                "client_secret": set, "scope": "kafka", "tls": true, "ca": PEM
            }),
        ),
    ];
    for (typed, expected) in kinds {
        let properties = properties(&typed);
        let shown = shown(&properties);
        assert_eq!(shown, expected);
        assert!(!shown.to_string().contains("hunter2"));
        assert!(!format!("{:?}", given(&typed)).contains("hunter2"));
        // What is shown, sent back without its secrets, changes nothing.
        let mut again = shown;
        for secret in ["key", "key_password", "password", "client_secret"] {
            again.as_object_mut().unwrap().remove(secret);
        }
        assert_eq!(given(&again).properties(&properties).unwrap(), properties);
    }
}

#[test]
fn the_properties_are_those_of_librdkafka() {
    let scram = json!({
        "kind": "sasl", "mechanism": "SCRAM-SHA-256", "username": "ann", "password": "hunter2", "tls": true, "ca": PEM
    });
    let expected = [
        ("sasl.mechanism", "SCRAM-SHA-256"),
        ("sasl.password", "hunter2"),
        ("sasl.username", "ann"),
        ("security.protocol", "SASL_SSL"),
        ("ssl.ca.pem", PEM),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(properties(&scram), Properties::from(expected));
}

#[test]
fn what_there_are_no_words_for_stays_and_is_named() {
    let before = Properties::from([
        ("client.rack".to_owned(), "a".to_owned()),
        ("sasl.mechanisms".to_owned(), "PLAIN".to_owned()),
        ("sasl.password".to_owned(), "hunter2".to_owned()),
        ("sasl.username".to_owned(), "ann".to_owned()),
        ("security.protocol".to_owned(), "sasl_ssl".to_owned()),
        ("ssl.certificate.location".to_owned(), "/etc/c.pem".to_owned()),
    ]);
    assert_eq!(extras(&before), ["client.rack", "ssl.certificate.location"]);
    assert_eq!(shown(&before)["mechanism"], "PLAIN");
    let scram = json!({ "kind": "sasl", "mechanism": "SCRAM-SHA-256", "username": "ann", "tls": true });
    let after = given(&scram).properties(&before).unwrap();
    assert_eq!(extras(&after), extras(&before));
    assert_eq!(after["sasl.password"], "hunter2");
    assert!(!after.contains_key("sasl.mechanisms"), "two names for one thing");
    let plain = given(&json!({ "kind": "plaintext" }))
        .properties(&before)
        .unwrap();
    assert!(!plain.contains_key("sasl.password"));
    let kerberos = Properties::from([("security.protocol".to_owned(), "SASL_PLAINTEXT".to_owned())]);
    assert_eq!(Security::of(&kerberos), None);
}

#[test]
fn mistakes_name_their_field() {
    let sasl = |username: &str, password: Value| json!({ "kind": "sasl", "mechanism": "PLAIN", "username": username, "password": password });
    assert_eq!(mistake(&sasl(" ", json!("p"))), "security.username");
    assert_eq!(mistake(&sasl("ann", Value::Null)), "security.password");
    assert_eq!(mistake(&sasl("ann", json!(""))), "security.password");
    assert_eq!(
        mistake(&sasl("ann", json!("x".repeat(9_000)))),
        "security.password"
    );
    assert_eq!(mistake(&json!({ "kind": "tls", "ca": "MIIB" })), "security.ca");
    let mtls =
        |certificate: &str, key: &str| json!({ "kind": "mtls", "certificate": certificate, "key": key });
    assert_eq!(mistake(&mtls("x", PRIVATE)), "security.certificate");
    assert_eq!(mistake(&mtls(PEM, PEM)), "security.key");
    for url in [
        "id.example.com",
        "https://",
        "https:///token",
        "https://ann:secret@id.example.com/t",
    ] {
        let oauth =
            json!({ "kind": "oauthbearer", "token_url": url, "client_id": "a", "client_secret": "s" });
        assert_eq!(mistake(&oauth), "security.token_url", "{url}");
    }
    let unknown = json!({ "kind": "tls", "cert": PEM });
    assert!(serde_json::from_value::<Security<Given>>(unknown).is_err());
}

#[test]
fn references_that_are_new_are_told_from_those_that_were_there() {
    let typed = |password: Option<&str>| {
        given(&json!({ "kind": "sasl", "mechanism": "PLAIN", "username": "ann", "password": password }))
    };
    let before = typed(Some("file:/run/p")).properties(&Properties::new()).unwrap();
    assert_eq!(new_reference(&before, &Properties::new()), Some("sasl.password"));
    let kept = typed(None).properties(&before).unwrap();
    assert_eq!(new_reference(&kept, &before), None);
    let other = typed(Some("file:/etc/shadow")).properties(&before).unwrap();
    assert_eq!(new_reference(&other, &before), Some("sasl.password"));
    for reference in [
        "env:HOME",
        "secretsmanager:aurora/prod/cluster-key",
        "ssm:/aurora/prod",
    ] {
        let of_the_node = typed(Some(reference)).properties(&before).unwrap();
        assert_eq!(
            new_reference(&of_the_node, &before),
            Some("sasl.password"),
            "{reference}"
        );
    }
    // Any text of a connection can be a reference.
    let user = given(
        &json!({ "kind": "sasl", "mechanism": "PLAIN", "username": "file:/etc/shadow", "password": "p" }),
    );
    let user = user.properties(&Properties::new()).unwrap();
    assert_eq!(new_reference(&user, &Properties::new()), Some("sasl.username"));
}

#[test]
fn a_secret_that_is_kept_is_not_sent_elsewhere() {
    let typed = |password: Option<&str>, tls: bool| {
        let typed = json!({ "kind": "sasl", "mechanism": "PLAIN", "username": "ann", "password": password, "tls": tls });
        given(&typed)
    };
    let before = typed(Some("hunter2"), true)
        .properties(&Properties::new())
        .unwrap();
    let away = |brokers: &str, new: &Properties| {
        carried_away((brokers, new), ("a:1,b:2", &before)).map(str::to_owned)
    };
    let kept = typed(None, true).properties(&before).unwrap();
    assert_eq!(away("b:2", &kept), None);
    assert_eq!(away("a:1, b:2", &kept), None);
    let password = Some("sasl.password".to_owned());
    assert_eq!(away("a:1,c:3", &kept), password);
    assert_eq!(
        away("a:1", &typed(None, false).properties(&before).unwrap()),
        password
    );
    assert_eq!(
        away("c:3", &typed(Some("hunter3"), true).properties(&before).unwrap()),
        None
    );
}
