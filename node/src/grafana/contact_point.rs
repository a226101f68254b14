//! Where alerts go, when Aurora makes that as well: a topic of Amazon SNS.
//!
//! Grafana publishes there with whatever rights its process has, on EC2 those of its machine's role: no key is kept in it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::names::Names;

/// Grafana's name for contact points of this kind.
const KIND: &str = "sns";
/// SNS takes 100 characters; a rule's title has fewer, and there may be many rules in one notice.
const SUBJECT: &str = "Aurora: {{ len .Alerts.Firing }} firing, {{ len .Alerts.Resolved }} resolved";
/// What each alert says, and where to look.
const MESSAGE: &str = "{{ range .Alerts }}{{ .Status }}: {{ .Annotations.summary }}\n{{ .Annotations.description }}\n\
                       {{ .GeneratorURL }}\n\n{{ end }}";

/// The ARN of a topic: `arn:PARTITION:sns:REGION:ACCOUNT:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TopicArn(String);

/// What is no topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no topic of Amazon SNS: its ARN is arn:aws:sns:REGION:ACCOUNT:NAME")]
pub struct NoTopic(String);

impl TryFrom<String> for TopicArn {
    type Error = NoTopic;

    fn try_from(text: String) -> Result<Self, NoTopic> {
        let is_word = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["arn", partition, "sns", region, account, name]
                if [partition, region, account, name].into_iter().all(is_word) =>
            {
                Ok(Self(text))
            }
            _ => Err(NoTopic(text)),
        }
    }
}

impl TopicArn {
    /// The region that it is in.
    fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}

/// The contact point for a topic, as Grafana's API takes it.
pub fn contact_point(names: &Names, topic: &TopicArn) -> Value {
    json!({
        "uid": names.contact_point(),
        "name": names.contact_point(),
        "type": KIND,
        "disableResolveMessage": false,
        "settings": {
            "topic_arn": topic.0,
            "sigv4": { "region": topic.region() },
            "subject": SUBJECT,
            "message": MESSAGE,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_told_from_what_is_none() {
        let topic =
            TopicArn::try_from("arn:aws-cn:sns:cn-north-1:123456789012:aurora-prod-alarms".to_owned());
        assert_eq!(topic.unwrap().region(), "cn-north-1");
        for other in [
            "",
            "alarms",
            "arn:aws:sqs:eu-central-1:123456789012:alarms",
            "arn:aws:sns:eu-central-1:123456789012",
            "arn:aws:sns::123456789012:alarms",
            "arn:aws:sns:eu-central-1:123456789012:alarms:0a1b",
            "arn:aws:sns:eu-central-1:123456789012:al$arms",
        ] {
            let error = TopicArn::try_from(other.to_owned()).unwrap_err();
            assert!(error.to_string().contains(other), "{error}");
        }
    }

    #[test]
    fn a_notice_has_no_dollar_that_a_file_would_replace() {
        let topic = TopicArn("arn:aws:sns:eu-central-1:123456789012:alarms".to_owned());
        let body = contact_point(&Names::default(), &topic);
        assert!(!body.to_string().contains('$'));
        assert_eq!(body["settings"]["sigv4"]["region"], "eu-central-1");
    }
}
