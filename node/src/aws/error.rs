//! What went wrong between here and AWS, sorted once, with what to do about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use serde::Deserialize;

/// What AWS and libraries say is cut after so many characters: it goes into one line of a log.
const QUOTE: usize = 240;

/// Why a call came to nothing. The texts say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// Neither the environment nor a profile nor the machine says where.
    #[error("no AWS region is known; set AWS_REGION, such as `eu-west-1`")]
    NoRegion,
    /// Nobody says who asks.
    #[error(
        "no AWS credentials were found; on your own machine, `aws configure` or `aws sso login` and AWS_PROFILE, or \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; on one of AWS, an instance profile, or a role for the container"
    )]
    NoCredentials,
    /// Something says who asks, and does not work.
    #[error("the AWS credentials cannot be used: {0}")]
    BrokenCredentials(String),
    /// They were good once.
    #[error(
        "the AWS credentials have expired, or this machine's clock is wrong; log in again, or set new ones (AWS says: {0})"
    )]
    Expired(String),
    /// Unknown, mistyped or withdrawn.
    #[error(
        "AWS refuses the credentials; they are mistyped or withdrawn, or this machine's clock is wrong (AWS says: {0})"
    )]
    Refused(String),
    /// A policy is missing.
    #[error(
        "AWS does not let these credentials do this; allow their role or user the action {action} (AWS says: {said})"
    )]
    Denied {
        /// As policies call it.
        action: String,
        /// AWS's own words.
        said: String,
    },
    /// Too many questions in this account.
    #[error(
        "AWS answers no more questions of this account for a moment ({action}: {said}); it is asked again later"
    )]
    Throttled {
        /// As policies call it.
        action: String,
        /// AWS's own words.
        said: String,
    },
    /// What was asked for is not there.
    #[error("AWS has no such thing here ({action}: {said})")]
    NotFound {
        /// As policies call it.
        action: String,
        /// AWS's own words.
        said: String,
    },
    /// The question did not reach AWS, or no answer came.
    #[error(
        "{service} cannot be reached at {url}; the machine needs a way to it, such as a NAT gateway or a VPC endpoint, \
         and AWS_REGION and AWS_ENDPOINT_URL, if set, have to be right ({cause})"
    )]
    Unreachable {
        /// Whom.
        service: &'static str,
        /// Where it should be.
        url: String,
        /// What the connection said.
        cause: String,
    },
    /// It took too long, wherever.
    #[error(
        "AWS took too long to answer; the machine's metadata service and the endpoints of AWS have to be reachable"
    )]
    Late,
    /// A failure of AWS's own.
    #[error("AWS has failed ({action}: {said}); it is asked again later")]
    Failed {
        /// As policies call it.
        action: String,
        /// AWS's own words.
        said: String,
    },
    /// Anything else that AWS does not want.
    #[error("AWS refuses this ({action}: {code}: {message})")]
    Rejected {
        /// As policies call it.
        action: String,
        /// AWS's name for it.
        code: String,
        /// AWS's own words.
        message: String,
    },
    /// An answer in another language.
    #[error("the answer to {action} cannot be read: {cause}")]
    Unreadable {
        /// As policies call it.
        action: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The machine's metadata service does not answer.
    #[error(
        "the instance's metadata service (IMDSv2) does not answer; it has to be enabled for this instance, and a \
         container takes a hop limit of 2 ({0})"
    )]
    NoMetadata(String),
}

impl AwsError {
    /// Whether the same call may work a little later, with nobody doing anything.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Throttled { .. }
                | Self::Unreachable { .. }
                | Self::Late
                | Self::Failed { .. }
                | Self::NoMetadata(_)
        )
    }

    /// Whether it may work once the role of a machine that has just been started has become known everywhere.
    pub fn may_pass_after_boot(&self) -> bool {
        let is_early = matches!(
            self,
            Self::NoCredentials
                | Self::BrokenCredentials(_)
                | Self::Refused(_)
                | Self::Denied { .. }
                | Self::NoRegion
        );
        self.may_pass() || is_early
    }

    /// Whether other credentials would help.
    pub(super) fn is_about_credentials(&self) -> bool {
        matches!(
            self,
            Self::NoCredentials | Self::BrokenCredentials(_) | Self::Expired(_) | Self::Refused(_)
        )
    }

    pub(super) fn about_credentials(error: &CredentialsError) -> Self {
        match error {
            CredentialsError::CredentialsNotLoaded(_) => Self::NoCredentials,
            error => Self::BrokenCredentials(in_words(error)),
        }
    }

    /// What an error's code means to whoever has to put it right.
    pub(super) fn by_code(action: String, status: u16, code: &str, message: &str) -> Self {
        let said = shortened(&format!("{code}: {message}"));
        match code {
            "UnauthorizedOperation"
            | "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "NotAuthorized" => Self::Denied {
                action: denied(message).unwrap_or(action),
                said,
            },
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => Self::Expired(said),
            "AuthFailure"
            | "IncompleteSignature"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => Self::Refused(said),
            "EC2ThrottledException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "ThrottledException"
            | "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException" => Self::Throttled { action, said },
            "NoSuchResourceException" | "ParameterNotFound" | "ResourceNotFoundException" => {
                Self::NotFound { action, said }
            }
            code if code.ends_with(".NotFound") => Self::NotFound { action, said },
            _ if status == 429 => Self::Throttled { action, said },
            _ if status >= 500 => Self::Failed { action, said },
            _ => Self::Rejected {
                action,
                code: shortened(code),
                message: shortened(message),
            },
        }
    }

    /// What a service's refusal says, in whichever of its languages.
    pub(super) fn of_answer(action: String, status: u16, text: &str) -> Self {
        let (code, message) = xml_reason(text)
            .or_else(|| json_reason(text))
            .unwrap_or_else(|| (format!("status {status}"), text.to_owned()));
        Self::by_code(action, status, &code, &message)
    }
}

/// What a policy would have to allow, where AWS says it: a secret may also need its key.
fn denied(message: &str) -> Option<String> {
    let named = message
        .split_once("authorized to perform: ")
        .map(|(_, rest)| rest);
    let named = named.and_then(|rest| rest.split([' ', ',', ';']).next());
    match named {
        Some(action) if action.contains(':') => Some(action.trim_end_matches('.').to_owned()),
        _ => message.contains("KMS").then(|| "kms:Decrypt".to_owned()),
    }
}

/// `<Response><Errors><Error><Code>…`, as EC2 refuses; other services leave out `Errors`.
fn xml_reason(text: &str) -> Option<(String, String)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Refusal {
        errors: Option<Refusals>,
        error: Option<Reason>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Refusals {
        error: Reason,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Reason {
        code: String,
        message: String,
    }
    let refusal: Refusal = quick_xml::de::from_str(text).ok()?;
    let reason = refusal.errors.map(|all| all.error).or(refusal.error)?;
    Some((reason.code, reason.message))
}

/// `{"__type": "com.amazonaws.ssm#ParameterNotFound", "message": …}`, with or without what stands before `#`.
fn json_reason(text: &str) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct Reason {
        #[serde(rename = "__type")]
        kind: String,
        #[serde(default, alias = "Message")]
        message: Option<String>,
    }
    let reason: Reason = serde_json::from_str(text).ok()?;
    let code = reason.kind.rsplit('#').next().unwrap_or_default().to_owned();
    Some((code, reason.message.unwrap_or_default()))
}

/// An error with its causes, on one line.
pub(crate) fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut words = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.dedup();
    shortened(&words.join(": "))
}

/// On one line, and not without end.
pub(super) fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, text: &str) -> AwsError {
        AwsError::of_answer("ssm:GetParameter".to_owned(), status, text)
    }

    #[test]
    fn refusals_are_read_in_every_language() {
        let ec2 = "<?xml version=\"1.0\"?><Response><Errors><Error><Code>UnauthorizedOperation</Code>\
                   <Message>You are not …</Message></Error></Errors><RequestID>1</RequestID></Response>";
        let denied = refusal(403, ec2);
        assert!(matches!(&denied, AwsError::Denied { .. }), "{denied:?}");
        let words = denied.to_string();
        assert!(
            words.contains("ssm:GetParameter") && words.contains("You are not"),
            "{words}"
        );

        let others = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>\
                      </Error></ErrorResponse>";
        assert!(matches!(refusal(400, others), AwsError::Throttled { .. }));
        let json = r#"{"__type":"com.amazonaws.ssm#ParameterNotFound","message":"no"}"#;
        assert!(matches!(refusal(400, json), AwsError::NotFound { .. }));
        let capital = r#"{"__type":"ExpiredTokenException","Message":"The security token has expired"}"#;
        assert!(refusal(400, capital).to_string().contains("token has expired"));
        let page = refusal(502, "<html><body>Bad gateway</body></html>");
        assert!(
            matches!(&page, AwsError::Failed { said, .. } if said.contains("Bad gateway")),
            "{page:?}"
        );
        assert!(matches!(refusal(429, ""), AwsError::Throttled { .. }));
        let other = refusal(
            400,
            r#"{"__type":"InvalidRequestException","message":"marked for deletion"}"#,
        );
        assert!(
            matches!(&other, AwsError::Rejected { code, .. } if code == "InvalidRequestException"),
            "{other:?}"
        );
    }

    #[test]
    fn what_a_policy_lacks_is_taken_from_what_aws_says() {
        let lacks = |message: &str| {
            let action = "secretsmanager:GetSecretValue".to_owned();
            match AwsError::by_code(action, 400, "AccessDeniedException", message) {
                AwsError::Denied { action, .. } => action,
                other => other.to_string(),
            }
        };
        let named = "User: arn:aws:sts::1:assumed-role/a/i-1 is not authorized to perform: kms:Decrypt on resource: \
                     arn:aws:kms:eu-west-1:1:key/2 because no identity-based policy allows it";
        assert_eq!(lacks(named), "kms:Decrypt");
        assert_eq!(lacks("Access to KMS is not allowed"), "kms:Decrypt");
        for other in ["You are not authorized to perform this operation.", ""] {
            assert_eq!(lacks(other), "secretsmanager:GetSecretValue");
        }
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_somebody_has_to_mend() {
        let by_code = |code: &str| AwsError::by_code("a:B".to_owned(), 400, code, "");
        assert!(by_code("RequestLimitExceeded").may_pass());
        for (code, after_boot) in [
            ("AccessDenied", true),
            ("InvalidClientTokenId", true),
            ("ResourceNotFoundException", false),
            ("ExpiredToken", false),
        ] {
            let error = by_code(code);
            assert_eq!(
                (error.may_pass(), error.may_pass_after_boot()),
                (false, after_boot),
                "{code}"
            );
        }
    }

    #[test]
    fn what_others_say_is_kept_to_one_short_line() {
        assert_eq!(shortened("a\n  b"), "a b");
        let long = shortened(&"ö".repeat(10_000));
        assert_eq!(long.chars().count(), QUOTE + 1);
    }
}
