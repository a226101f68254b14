//! EC2's query API, as far as it is needed: a signed form goes in, XML comes out.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;

use super::lookup::{LookupError, about_credentials};

const API_VERSION: &str = "2016-11-15";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const CONNECT_LIMIT: Duration = Duration::from_millis(1_500);
const ANSWER_LIMIT: Duration = Duration::from_millis(3_500);
/// Instances to an answer: an instance takes some kilobytes of XML, and an answer has to come in time.
const PAGE: &str = "100";
/// What AWS and libraries say is cut after so many characters: it goes into one line of a log.
const QUOTE: usize = 240;
/// A service's endpoint for one's own account may be named by this, before `AWS_ENDPOINT_URL`.
const ENDPOINT_VARIABLE: &str = "AWS_ENDPOINT_URL_EC2";

/// EC2 in one region, and who asks it.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: String,
    region: String,
    credentials: SharedCredentialsProvider,
    http: reqwest::Client,
}

/// What is needed of an instance.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Instance {
    pub(super) private_ip_address: Option<String>,
    /// In ISO 8601, UTC.
    pub(super) launch_time: Option<String>,
    instance_state: State,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct State {
    name: String,
}

impl Instance {
    pub(super) fn is_running(&self) -> bool {
        self.instance_state.name == "running"
    }
}

/// `<xSet><item>…</item>…</xSet>`, as EC2 writes lists.
#[derive(Debug, Deserialize)]
struct Set<T> {
    #[serde(default = "Vec::new")]
    item: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    reservation_set: Set<Reservation>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reservation {
    instances_set: Set<Instance>,
}

/// `<Response><Errors><Error><Code>…`, as EC2 refuses; other services, which may stand before it, leave out `Errors`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    errors: Option<Refusals>,
    error: Option<Reason>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusals {
    error: Reason,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Reason {
    code: String,
    message: String,
}

impl Endpoint {
    /// EC2 in `region`, at `given` or where AWS has it.
    pub(super) fn new(
        region: String,
        given: Option<&str>,
        credentials: SharedCredentialsProvider,
    ) -> Result<Self, LookupError> {
        let own = std::env::var(ENDPOINT_VARIABLE)
            .ok()
            .filter(|url| !url.is_empty());
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(ANSWER_LIMIT)
            // What is signed is for one host.
            .redirect(Policy::none())
            .build()
            .map_err(|error| LookupError::Other(in_words(&error)))?;
        Ok(Self {
            url: own
                .or_else(|| given.map(str::to_owned))
                .unwrap_or_else(|| url_of(&region)),
            region,
            credentials,
            http,
        })
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// All instances with the tag that run or are about to.
    pub(super) async fn instances(&self, key: &str, value: &str) -> Result<Vec<Instance>, LookupError> {
        let (name, value) = (format!("tag:{key}"), literally(value));
        let question = [
            ("Action", "DescribeInstances"),
            ("Version", API_VERSION),
            ("MaxResults", PAGE),
            ("Filter.1.Name", &name),
            ("Filter.1.Value.1", &value),
            ("Filter.2.Name", "instance-state-name"),
            ("Filter.2.Value.1", "running"),
            ("Filter.2.Value.2", "pending"),
        ];
        let mut instances = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let next = token.as_deref().map(|token| ("NextToken", token));
            let form = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(question.into_iter().chain(next))
                .finish();
            let page: Page = parsed(&self.ask(form).await?)?;
            let found = page.reservation_set.item.into_iter();
            instances.extend(found.flat_map(|reservation| reservation.instances_set.item));
            // A page may be empty although there are more.
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(instances);
            }
        }
    }

    async fn ask(&self, form: String) -> Result<String, LookupError> {
        let unreachable = |error: reqwest::Error| LookupError::Unreachable {
            url: self.url.clone(),
            // It would name the address once more.
            cause: in_words(&error.without_url()),
        };
        let request = self.signed(form).await?;
        let answer: Response = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        if status.is_success() {
            return Ok(text);
        }
        let refusal = quick_xml::de::from_str::<Refusal>(&text).ok();
        let reason = refusal.and_then(|refusal| refusal.errors.map(|errors| errors.error).or(refusal.error));
        Err(match reason {
            Some(reason) => by_code(&reason.code, &reason.message),
            None => LookupError::Other(shortened(&format!("{status}: {text}"))),
        })
    }

    async fn signed(&self, form: String) -> Result<RequestBuilder, LookupError> {
        let wrong = |error: &(dyn Error + 'static)| LookupError::Other(in_words(error));
        let credentials = self.credentials.provide_credentials().await;
        let identity = credentials.map_err(|error| about_credentials(&error))?.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("ec2")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| wrong(&error))?;
        let body = SignableBody::Bytes(form.as_bytes());
        let headers = [("content-type", FORM)].into_iter();
        let request =
            SignableRequest::new("POST", &self.url, headers, body).map_err(|error| wrong(&error))?;
        let signed = sign(request, &parameters.into()).map_err(|error| wrong(&error))?;
        let mut request = self.http.post(&self.url).header("content-type", FORM);
        for (name, value) in signed.output().headers() {
            request = request.header(name, value);
        }
        Ok(request.body(form))
    }
}

/// Where AWS has EC2. China and the European Sovereign Cloud have domains of their own; the regions of secret
/// services have, too, and take `AWS_ENDPOINT_URL_EC2`.
fn url_of(region: &str) -> String {
    let domain = match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    };
    format!("https://ec2.{region}.{domain}/")
}

/// A filter's value that matches `value` only: filters know the wildcards `*` and `?`, and `\` before what is meant
/// literally.
fn literally(value: &str) -> String {
    let mut literal = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '*' | '?' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal
}

fn parsed(xml: &str) -> Result<Page, LookupError> {
    quick_xml::de::from_str(xml)
        .map_err(|error| LookupError::Other(format!("its answer cannot be read: {}", in_words(&error))))
}

/// What EC2's error codes mean to whoever has to put it right.
fn by_code(code: &str, message: &str) -> LookupError {
    let said = shortened(&format!("{code}: {message}"));
    match code {
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => LookupError::NotAllowed(said),
        "AuthFailure"
        | "ExpiredToken"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "MissingAuthenticationToken"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => LookupError::Refused(said),
        "RequestLimitExceeded" | "Throttling" | "ThrottlingException" | "EC2ThrottledException" => {
            LookupError::Throttled(said)
        }
        _ => LookupError::Other(said),
    }
}

/// An error with its causes, on one line.
pub(super) fn in_words(error: &(dyn Error + 'static)) -> String {
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
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_read_from_all_reservations() {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
            <DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">
              <requestId>8f7724cf</requestId>
              <reservationSet>
                <item>
                  <reservationId>r-1</reservationId><groupSet/>
                  <instancesSet>
                    <item>
                      <instanceId>i-1</instanceId>
                      <instanceState><code>16</code><name>running</name></instanceState>
                      <launchTime>2026-11-23T00:47:54.000Z</launchTime>
                      <privateIpAddress>10.0.0.5</privateIpAddress>
                      <tagSet><item><key>aurora</key><value>a &amp; b</value></item></tagSet>
                    </item>
                    <item>
                      <instanceState><code>0</code><name>pending</name></instanceState>
                      <networkInterfaceSet><item><privateIpAddress>10.9.9.9</privateIpAddress></item></networkInterfaceSet>
                    </item>
                  </instancesSet>
                </item>
                <item><instancesSet><item><privateIpAddress>10.0.0.7</privateIpAddress></item></instancesSet></item>
                <item><instancesSet/></item>
              </reservationSet>
              <nextToken>more==</nextToken>
            </DescribeInstancesResponse>";
        let page = parsed(xml).unwrap();
        assert_eq!(page.next_token.as_deref(), Some("more=="));
        let instances: Vec<Instance> = page
            .reservation_set
            .item
            .into_iter()
            .flat_map(|found| found.instances_set.item)
            .collect();
        let addresses = instances
            .iter()
            .map(|instance| instance.private_ip_address.as_deref());
        assert_eq!(
            addresses.collect::<Vec<_>>(),
            [Some("10.0.0.5"), None, Some("10.0.0.7")]
        );
        assert!(instances[0].is_running() && !instances[1].is_running());
        assert_eq!(
            instances[0].launch_time.as_deref(),
            Some("2026-11-23T00:47:54.000Z")
        );

        let nobody = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";
        let nobody = parsed(nobody).unwrap();
        assert!(nobody.reservation_set.item.is_empty() && nobody.next_token.is_none());
        assert!(parsed("<html><body>Log in to the hotel's WLAN</body></html>").is_err());
    }

    #[test]
    fn wildcards_in_a_tag_mean_themselves() {
        assert_eq!(literally(r"a*b?c\d"), r"a\*b\?c\\d");
        assert_eq!(literally("prod-1"), "prod-1");
    }

    #[test]
    fn each_region_is_asked_where_it_is() {
        assert_eq!(url_of("eu-west-1"), "https://ec2.eu-west-1.amazonaws.com/");
        assert_eq!(
            url_of("us-gov-west-1"),
            "https://ec2.us-gov-west-1.amazonaws.com/"
        );
        assert_eq!(url_of("cn-north-1"), "https://ec2.cn-north-1.amazonaws.com.cn/");
        assert_eq!(
            url_of("eusc-de-east-1"),
            "https://ec2.eusc-de-east-1.amazonaws.eu/"
        );
    }

    #[test]
    fn what_ec2_refuses_is_said_in_words() {
        for (code, words) in [
            ("UnauthorizedOperation", "ec2:DescribeInstances"),
            ("AuthFailure", "refuses the credentials"),
            ("RequestLimitExceeded", "asked again soon"),
            ("InternalError", "answered with an error"),
        ] {
            let text = by_code(code, "You are not …").to_string();
            assert!(text.contains(words) && text.contains(code), "{text}");
        }
    }

    #[test]
    fn what_others_say_is_kept_to_one_short_line() {
        assert_eq!(shortened("a\n  b"), "a b");
        let long = shortened(&"ö".repeat(10_000));
        assert_eq!(long.chars().count(), QUOTE + 1);
    }
}
