use super::*;

const PASSWORD: Means = Means {
    tls: true,
    certificate: false,
    login: Some(Login::Password),
};

fn sorted(text: &str) -> Trouble {
    let heard = vec![
        (Some(Code::AllBrokersDown), "1/1 brokers are down".to_owned()),
        (Some(Code::Authentication), text.to_owned()),
    ];
    sort(&heard, PASSWORD)
}

#[test]
fn what_the_library_says_is_sorted() {
    for (text, trouble) in [
        (
            "sasl_ssl://a:1/bootstrap: SASL authentication error: Authentication failed during authentication due to \
             invalid credentials with SASL mechanism SCRAM-SHA-256 (after 312ms in state AUTH_REQ)",
            Trouble::WrongLogin,
        ),
        (
            "sasl_ssl://a:1/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's \
             supported mechanisms: SCRAM-SHA-256,EVIL,SCRAM-SHA-512 (after 3ms in state AUTH_HANDSHAKE)",
            Trouble::Mechanism {
                offered: vec!["SCRAM-SHA-256", "SCRAM-SHA-512"],
            },
        ),
        (
            "a:1: SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's \
             supported mechanisms: ",
            Trouble::TakesNoLogin,
        ),
        (
            "ssl://a:1/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker \
             certificate could not be verified, verify that ssl.ca.location is correctly configured",
            Trouble::NotTrusted,
        ),
        (
            "ssl://a:1/bootstrap: SSL handshake failed: error:0A00010B:SSL routines::wrong version number",
            Trouble::NoTls,
        ),
        (
            "ssl://a:1/1: Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required: SSL alert \
             number 116",
            Trouble::ClientCertificate { sent: false },
        ),
        (
            "a:1/bootstrap: Disconnected: verify that security.protocol is correctly configured, broker might require \
             SASL authentication (after 301ms in state UP)",
            Trouble::WantsLogin,
        ),
        (
            "a:1/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol \
             configuration (connecting to a SSL listener?) or broker version is < 0.10",
            Trouble::WantsTls,
        ),
        (
            "a:1: Connection setup timed out in state CONNECT",
            Trouble::Silent,
        ),
        (
            "a:1: Failed to acquire SASL OAUTHBEARER token: hunter2",
            Trouble::NoToken,
        ),
        (
            "[thrd:main]: Failed to retrieve OIDC token from \"http://a/token\": Couldn't connect to server (-1)",
            Trouble::TokenServerAway,
        ),
        (
            "[thrd:main]: Failed to retrieve OIDC token from \"http://a/token\": hunter2 (401)",
            Trouble::TokenRefused,
        ),
    ] {
        assert_eq!(sorted(text), trouble, "{text}");
    }
}

#[test]
fn what_is_certain_counts_before_what_is_not() {
    let heard = vec![
        (Some(Code::BrokerTransportFailure), "a:1: Disconnected".to_owned()),
        (
            Some(Code::Authentication),
            "a:1: SASL authentication error: no".to_owned(),
        ),
    ];
    assert_eq!(sort(&heard, PASSWORD), Trouble::WrongLogin);
    assert_eq!(sort(&Vec::new(), PASSWORD), Trouble::Other(None));
}

#[test]
fn brokers_that_others_have_told_of_are_known_by_their_numbers() {
    let heard = |texts: &[&str]| texts.iter().map(|text| (None, (*text).to_owned())).collect();
    let texts = heard(&[
        "kafka.invalid:9092/1: Failed to resolve 'kafka.invalid:9092': Name or service not known (after 3ms)",
        "sasl_ssl://kafka.invalid:9092/1: Failed to resolve 'kafka.invalid:9092': no",
        "ssl://b:1/2: Connect to ipv4#10.0.0.1:1 failed: Connection refused",
        "localhost:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused",
        "a b:1/3: Connect to x failed",
        "c:1/4: Disconnected",
    ]);
    assert_eq!(not_reached(&texts), ["b:1", "kafka.invalid:9092"]);
}

#[test]
fn nothing_that_a_server_has_sent_is_repeated() {
    for text in [
        "a:1: Receive failed: hunter2",
        "a:1: SASL PLAIN mechanism handshake failed: x: broker's supported mechanisms: hunter2",
        "a:1: SASL authentication error: hunter2",
        "a:1: SSL handshake failed: hunter2",
        "hunter2",
    ] {
        let (why, what_to_do) = sorted(text).in_words();
        assert!(!format!("{why} {what_to_do}").contains("hunter2"), "{text}");
        assert!(!why.is_empty() && !what_to_do.is_empty());
    }
}

#[test]
fn the_means_are_read_from_the_properties() {
    let means = |all: &[(&str, &str)]| {
        let all = all
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Means::of(&all.collect())
    };
    assert_eq!(means(&[]), Means::default());
    assert_eq!(
        means(&[("security.protocol", "sasl_ssl"), ("sasl.mechanism", "PLAIN")]),
        PASSWORD
    );
    let token = means(&[
        ("security.protocol", "SASL_PLAINTEXT"),
        ("sasl.mechanisms", "OAUTHBEARER"),
    ]);
    assert_eq!((token.tls, token.login), (false, Some(Login::Token)));
    assert!(means(&[("security.protocol", "SSL"), ("ssl.certificate.pem", "x")]).certificate);
}
