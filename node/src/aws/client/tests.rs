use super::*;
use crate::aws::service::{EC2, SSM};
use crate::aws::stub::Stub;

const SLOW_DOWN: (u16, &str) = (
    400,
    r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#,
);
const PARAMETER: (u16, &str) = (200, r#"{"Parameter":{"Value":"hunter2"}}"#);

#[test]
fn pauses_grow_and_are_bounded() {
    for (attempt, most_ms) in [(1, 200), (2, 400), (3, 800), (9, 5_000), (u32::MAX, 5_000)] {
        let pause = pause(attempt).as_millis();
        assert!((most_ms / 2..=most_ms).contains(&pause), "{attempt}: {pause}");
    }
}

#[test]
fn credentials_are_kept_until_shortly_before_they_expire() {
    let expiring = |in_s: u64| {
        let at = SystemTime::now() + Duration::from_secs(in_s);
        Credentials::new("id", "secret", None, Some(at), "test")
    };
    assert!(is_old(&expiring(60)) && !is_old(&expiring(3_600)));
    assert!(is_old(&Credentials::new("id", "secret", None, None, "test")));
}

#[tokio::test]
async fn what_may_work_later_is_tried_again() {
    let stub = Stub::start(&[SLOW_DOWN, (503, "<html>busy</html>"), PARAMETER]).await;
    assert_eq!(stub.aws.parameter("a").await.unwrap(), "hunter2");
    assert_eq!(stub.asked().len(), 3);
}

#[tokio::test]
async fn there_is_an_end_to_trying() {
    let stub = Stub::start(&[SLOW_DOWN; 9]).await;
    let error = stub.aws.parameter("a").await.unwrap_err();
    assert!(matches!(error, AwsError::Throttled { .. }), "{error}");
    assert_eq!(stub.asked().len(), ATTEMPTS as usize);
    let once = Stub::start(&[SLOW_DOWN; 9]).await;
    assert!(once.aws.clone().at_once().parameter("a").await.is_err());
    assert_eq!(once.asked().len(), 1);
}

#[tokio::test]
async fn what_somebody_has_to_mend_is_told_at_once() {
    let denied = r#"{"__type":"AccessDeniedException","Message":"User: x is not authorized"}"#;
    let stub = Stub::start(&[(400, denied)]).await;
    let error = stub.aws.parameter("a").await.unwrap_err().to_string();
    assert!(
        error.contains("ssm:GetParameter") && error.contains("User: x"),
        "{error}"
    );
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test]
async fn requests_are_signed_for_their_service() {
    let stub = Stub::start(&[PARAMETER, (200, "<A/>")]).await;
    stub.aws.parameter("/a").await.unwrap();
    stub.aws.order(&EC2, "A", &[("b", "c d&e=é")]).await.unwrap();
    let [json, form] = &stub.asked()[..] else {
        panic!("two were asked");
    };
    let header = |asked: &crate::aws::stub::Asked, name: &str| {
        let value = asked.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default().to_owned()
    };
    assert_eq!(header(json, "x-amz-target"), "AmazonSSM.GetParameter");
    assert_eq!(header(json, "x-amz-security-token"), "a-session");
    let signature = header(json, "authorization");
    assert!(signature.contains("/eu-west-1/ssm/aws4_request"), "{signature}");
    assert!(
        signature.contains("x-amz-target"),
        "the action is not signed: {signature}"
    );
    assert!(header(form, "authorization").contains("/ec2/aws4_request"));
    assert_eq!(form.body, "Action=A&Version=2016-11-15&b=c+d%26e%3D%C3%A9");
}

#[tokio::test]
async fn an_answer_without_end_is_none() {
    let long = "x".repeat(MAX_ANSWER_BYTES + 1);
    let stub = Stub::start(&[(200, &long)]).await;
    let error = stub.aws.order(&EC2, "A", &[]).await.unwrap_err();
    assert!(
        matches!(&error, AwsError::Unreadable { cause, .. } if cause.contains("longer")),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_repeated() {
    let stub = Stub::start(&[(200, r#"{"Parameter":{"Value":["hunter2"]}}"#)]).await;
    let error = stub.aws.parameter("a").await.unwrap_err();
    assert!(matches!(error, AwsError::Unreadable { .. }));
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let other = Stub::start(&[(200, r#"{"Parameter":{"Value":5}}"#)]).await;
    let answer: Result<serde_json::Value, _> = other.aws.json(&SSM, "GetParameter", &()).await;
    assert_eq!(answer.unwrap()["Parameter"]["Value"], 5);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_named() {
    let config = SdkConfig::builder()
        .region(Region::new("eu-west-1"))
        // Nobody serves the discard port.
        .endpoint_url("http://127.0.0.1:9")
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "a", "b", None, None, "test",
        )))
        .build();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let aws = Aws::with_config(&config).unwrap();
    let error = aws.order(&EC2, "A", &[]).await.unwrap_err();
    assert!(matches!(error, AwsError::Unreachable { .. }));
    let words = error.to_string();
    assert!(
        words.contains("EC2 cannot be reached at http://127.0.0.1:9"),
        "{words}"
    );
}
