//! CloudWatch Logs: writing a stream, and reading what all streams of a group say.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Aws;
use super::error::AwsError;
use super::service::LOGS;

/// Machines hand in their lines when they can: so far back a [`Tail`] looks for what came late.
const OVERLAP_MS: i64 = 15_000;
/// Events that a [`Tail`] knows to have given; of more within the overlap, some may be given twice.
const MOST_SEEN: usize = 20_000;
/// Pages that one look of a [`Tail`] takes; the next look goes on.
const PAGES_AT_ONCE: usize = 20;

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewEvent {
    /// Milliseconds since 1970.
    #[serde(rename = "timestamp")]
    pub at_ms: i64,
    /// The line.
    pub message: String,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    /// What tells it from others.
    #[serde(default)]
    pub event_id: String,
    /// The stream, which is a machine.
    #[serde(rename = "logStreamName")]
    pub stream: String,
    /// Milliseconds since 1970.
    #[serde(rename = "timestamp")]
    pub at_ms: i64,
    /// The line.
    pub message: String,
}

/// Some of what was found, and how to go on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// In no order between streams. It may be empty although there are more.
    #[serde(default)]
    pub events: Vec<LogEvent>,
    /// Goes on, if there is more.
    pub next_token: Option<String>,
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// The group.
    pub group: String,
    /// Not before, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Before, likewise.
    pub to_ms: Option<i64>,
    /// Only streams whose names begin so.
    pub stream_prefix: Option<String>,
    /// CloudWatch's own filter pattern, such as `ERROR` or `"two words"`.
    pub pattern: Option<String>,
}

#[derive(Deserialize)]
struct Nothing {}

impl Aws {
    /// Makes a stream in a group, unless it is there.
    pub async fn create_log_stream(&self, group: &str, stream: &str) -> Result<(), AwsError> {
        let question = json!({ "logGroupName": group, "logStreamName": stream });
        let made: Result<Nothing, _> = self.json(&LOGS, "CreateLogStream", &question).await;
        match made {
            Err(AwsError::Rejected { code, .. }) if code == "ResourceAlreadyExistsException" => Ok(()),
            made => made.map(drop),
        }
    }

    /// Adds events to a stream: at most 10,000, of a day at most, in the order of time, of a megabyte together.
    pub async fn put_log_events(
        &self,
        group: &str,
        stream: &str,
        events: &[NewEvent],
    ) -> Result<(), AwsError> {
        let question = json!({ "logGroupName": group, "logStreamName": stream, "logEvents": events });
        let put: Result<Nothing, _> = self.json(&LOGS, "PutLogEvents", &question).await;
        put.map(drop)
    }

    /// Some of the events, from the beginning or where another page ended.
    pub async fn log_events(&self, query: &LogQuery, token: Option<&str>) -> Result<LogPage, AwsError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Question<'a> {
            log_group_name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            start_time: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            end_time: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            log_stream_name_prefix: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            filter_pattern: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            next_token: Option<&'a str>,
        }
        let question = Question {
            log_group_name: &query.group,
            start_time: query.from_ms,
            end_time: query.to_ms,
            log_stream_name_prefix: query.stream_prefix.as_deref(),
            filter_pattern: query.pattern.as_deref(),
            next_token: token,
        };
        self.json(&LOGS, "FilterLogEvents", &question).await
    }
}

/// Follows a group: each look gives what has come since the last, in the order of time.
#[derive(Debug)]
pub struct Tail {
    query: LogQuery,
    token: Option<String>,
    /// The time of the latest event.
    latest_ms: i64,
    /// The ids of the latest that were given. AWS makes them so that they grow with time.
    seen: BTreeSet<String>,
}

impl Tail {
    /// Begins where the query does.
    pub fn new(query: LogQuery) -> Self {
        Self {
            latest_ms: query.from_ms.unwrap_or(0),
            query,
            token: None,
            seen: BTreeSet::new(),
        }
    }

    /// Whether the last look has left nothing unread of what was there. One that found nothing may have: CloudWatch gives empty
    /// pages while it searches, and a look takes a bounded number of them.
    pub fn is_at_end(&self) -> bool {
        self.token.is_none()
    }

    /// What is new. It may be nothing; the error ends nothing, another look goes on.
    pub async fn look(&mut self, aws: &Aws) -> Result<Vec<LogEvent>, AwsError> {
        let mut events = Vec::new();
        for _ in 0..PAGES_AT_ONCE {
            let page = match aws.log_events(&self.query, self.token.as_deref()).await {
                Ok(page) => page,
                // What has been found already is not to be lost.
                Err(_) if !events.is_empty() => break,
                Err(error) => {
                    // What is over in a moment is asked again; a token may have been refused because it is too old.
                    if !error.may_pass() {
                        self.token = None;
                    }
                    return Err(error);
                }
            };
            events.extend(page.events);
            self.token = page.next_token.filter(|token| !token.is_empty());
            if self.token.is_none() {
                break;
            }
        }
        Ok(self.take_new(events))
    }

    fn take_new(&mut self, mut events: Vec<LogEvent>) -> Vec<LogEvent> {
        events.retain(|event| self.seen.insert(event.event_id.clone()));
        events.sort_by_key(|event| event.at_ms);
        if let Some(last) = events.last() {
            self.latest_ms = self.latest_ms.max(last.at_ms);
        }
        // While a page goes on, its token goes with the same question.
        if self.token.is_none() {
            let again = self.latest_ms.saturating_sub(OVERLAP_MS);
            self.query.from_ms = self.query.from_ms.max(Some(again));
        }
        while self.seen.len() > MOST_SEEN {
            self.seen.pop_first();
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::stub::Stub;

    fn event(id: &str, at_ms: i64) -> LogEvent {
        LogEvent {
            event_id: id.to_owned(),
            stream: "i-1".to_owned(),
            at_ms,
            message: id.to_owned(),
        }
    }

    #[test]
    fn a_tail_gives_each_event_once_and_in_order() {
        let mut tail = Tail::new(LogQuery {
            from_ms: Some(100_000),
            ..LogQuery::default()
        });
        let ids = |events: Vec<LogEvent>| events.into_iter().map(|event| event.event_id).collect::<Vec<_>>();
        let first = vec![event("b", 110_002), event("a", 110_001)];
        assert_eq!(ids(tail.take_new(first)), ["a", "b"]);
        // Not before the beginning, and later so far back that what comes late is found.
        assert_eq!(tail.query.from_ms, Some(100_000));
        let later = vec![event("b", 110_002), event("d", 120_000), event("c", 110_000)];
        assert_eq!(ids(tail.take_new(later)), ["c", "d"]);
        assert_eq!(tail.query.from_ms, Some(120_000 - OVERLAP_MS));
        assert!(tail.take_new(Vec::new()).is_empty());
        assert_eq!(tail.query.from_ms, Some(120_000 - OVERLAP_MS));
    }

    #[test]
    fn a_page_that_goes_on_is_asked_with_the_same_question() {
        let mut tail = Tail::new(LogQuery::default());
        tail.token = Some("more".to_owned());
        tail.take_new(vec![event("a", 1_000_000)]);
        assert_eq!(tail.query.from_ms, None);
    }

    #[tokio::test]
    async fn empty_pages_are_not_the_end() {
        const EMPTY: (u16, &str) = (200, r#"{"events":[],"nextToken":"more"}"#);
        const LAST: &str =
            r#"{"events":[{"eventId":"a","logStreamName":"i-1","timestamp":5,"message":"ERROR a"}]}"#;
        let mut answers = vec![EMPTY; PAGES_AT_ONCE];
        // What passes does not lose the place: twenty pages would be read again.
        answers.extend([(500, "{}"), (200, LAST)]);
        let stub = Stub::start(&answers).await;
        let aws = stub.aws.clone().at_once();
        let mut tail = Tail::new(LogQuery {
            group: "/aurora/prod/peers".to_owned(),
            pattern: Some("ERROR".to_owned()),
            ..LogQuery::default()
        });
        assert_eq!(tail.look(&aws).await, Ok(Vec::new()));
        assert!(!tail.is_at_end());
        let failed = tail.look(&aws).await;
        assert!(matches!(failed, Err(AwsError::Failed { .. })), "{failed:?}");
        assert!(!tail.is_at_end());
        let found = tail.look(&aws).await.unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(tail.is_at_end());
        let asked = stub.asked();
        assert_eq!(asked.len(), PAGES_AT_ONCE + 2);
        let asked: serde_json::Value = serde_json::from_str(&asked[PAGES_AT_ONCE + 1].body).unwrap();
        assert_eq!(
            (&asked["nextToken"], &asked["filterPattern"]),
            (&json!("more"), &json!("ERROR"))
        );
    }

    #[tokio::test]
    async fn a_token_that_is_refused_is_not_used_again() {
        let refused =
            r#"{"__type":"InvalidParameterException","message":"The specified nextToken is invalid."}"#;
        let stub = Stub::start(&[(400, refused), (200, r#"{"events":[]}"#)]).await;
        let mut tail = Tail::new(LogQuery::default());
        tail.token = Some("old".to_owned());
        assert!(tail.look(&stub.aws).await.is_err());
        assert_eq!(tail.look(&stub.aws).await, Ok(Vec::new()));
        assert!(
            !stub.asked()[1].body.contains("nextToken"),
            "{:?}",
            stub.asked()[1]
        );
    }
}
