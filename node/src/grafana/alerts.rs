//! The alert rules: what somebody has to be told, from when on, and what to do about it.
//!
//! Only one rule cares whether ClickHouse answers, the one about nodes: otherwise all would tell the same at once. For the
//! others, nothing found means that nothing is wrong, and a query that fails leaves it to that rule.
//!
//! No dollar sign is in a rule. Grafana's provisioning files put environment variables in the place of `$name`, in some fields
//! and not in others, depending on its version; so templates say `.Labels` and `.Values`, and statements use no macro.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::contact_point::TopicArn;
use super::model::alert::{Bad, DECIDES, Failed, NoData, NotificationSettings, Rule, RuleGroup, steps};
use super::names::Names;

/// Seconds between two looks.
const INTERVAL_SECONDS: u32 = 60;

/// From when on somebody is told, and whom: `[grafana.alerts]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertOptions {
    /// Messages of a stream in Kafka that are not in ClickHouse yet.
    pub lag_messages: u64,
    /// Seconds that a stream is behind.
    pub behind_seconds: u64,
    /// Dead letters of a stream within a quarter of an hour.
    pub dead_letters: u64,
    /// How full a disk of ClickHouse is, in percent.
    pub disk_percent: u8,
    /// A contact point of the Grafana's own that all alerts go to. Without it, and without a topic, Grafana's notification
    /// policies decide.
    pub contact_point: Option<String>,
    /// A topic of Amazon SNS, by its ARN, that all alerts go to: Aurora makes a contact point for it.
    pub sns_topic: Option<TopicArn>,
}

impl Default for AlertOptions {
    fn default() -> Self {
        Self {
            lag_messages: 1_000_000,
            behind_seconds: 120,
            dead_letters: 100,
            disk_percent: 85,
            contact_point: None,
            sns_topic: None,
        }
    }
}

impl AlertOptions {
    /// What is wrong with them, if anything is.
    pub fn mistake(&self) -> Option<String> {
        if !(1..=99).contains(&self.disk_percent) {
            let percent = self.disk_percent;
            return Some(format!(
                "[grafana.alerts] disk_percent: {percent} is not between 1 and 99"
            ));
        }
        if self.contact_point.as_deref() == Some("") {
            return Some(
                "[grafana.alerts] contact_point is empty: name one of Grafana's, or leave it out".to_owned(),
            );
        }
        let is_both = self.contact_point.is_some() && self.sns_topic.is_some();
        is_both.then(|| {
            "[grafana.alerts]: contact_point and sns_topic both say where alerts go; leave one out".to_owned()
        })
    }

    /// The contact point that rules name, if they name one.
    fn receiver(&self, names: &Names) -> Option<String> {
        let own = self.sns_topic.as_ref().map(|_| names.contact_point());
        self.contact_point.clone().or(own)
    }
}

/// A rule before it has names.
struct Draft {
    name: &'static str,
    title: &'static str,
    severity: &'static str,
    /// Seconds that the statement looks back.
    seconds: u32,
    sql: String,
    bad: Bad,
    pending: &'static str,
    no_data: NoData,
    failed: Failed,
    summary: &'static str,
    description: &'static str,
}

/// All rules, in the deployment's folder.
pub fn rules(names: &Names, options: &AlertOptions) -> RuleGroup {
    let title = names.title();
    let receiver = options.receiver(names);
    let drafts = [
        nodes(),
        behind(options),
        lag(options),
        waiting(),
        audit(),
        dead_letters(options),
        disk(options),
    ];
    RuleGroup {
        folder_uid: names.folder(),
        interval: INTERVAL_SECONDS,
        rules: drafts
            .iter()
            .map(|draft| Rule {
                notification_settings: receiver.clone().map(|receiver| NotificationSettings { receiver }),
                ..rule(names, &title, draft)
            })
            .collect(),
        title,
    }
}

fn rule(names: &Names, group: &str, draft: &Draft) -> Rule {
    Rule {
        uid: names.rule(draft.name),
        title: match names.prefix() {
            super::names::PREFIX => draft.title.to_owned(),
            other => format!("{} ({other})", draft.title),
        },
        rule_group: group.to_owned(),
        folder_uid: names.folder(),
        org_id: 1,
        condition: DECIDES,
        data: steps(&names.datasource(), draft.seconds, &draft.sql, draft.bad),
        no_data_state: draft.no_data,
        exec_err_state: draft.failed,
        pending: draft.pending,
        annotations: BTreeMap::from([
            ("summary", draft.summary.to_owned()),
            ("description", draft.description.to_owned()),
        ]),
        labels: BTreeMap::from([
            ("severity", draft.severity.to_owned()),
            ("aurora", names.prefix().to_owned()),
        ]),
        notification_settings: None,
        is_paused: false,
    }
}

/// The latest value of each node and stream within two minutes, put together by `of`.
fn lately(of: &str, value: &str, name: &str) -> String {
    format!(
        "SELECT stream, toFloat64({of}(v)) AS {name} FROM (SELECT toString(stream) AS stream, node, argMax({value}, at) AS v \
         FROM aurora.samples WHERE at > now() - INTERVAL 2 MINUTE AND stream != '' GROUP BY stream, node) GROUP BY stream"
    )
}

fn nodes() -> Draft {
    Draft {
        name: "nodes",
        title: "No node of Aurora reports",
        severity: "critical",
        seconds: 120,
        sql: "SELECT toFloat64(uniqExact(node)) AS nodes FROM aurora.samples WHERE at > now() - INTERVAL 2 MINUTE".to_owned(),
        bad: Bad::Below(1.0),
        pending: "2m",
        no_data: NoData::Alerting,
        failed: Failed::Error,
        summary: "No node of Aurora has reported for two minutes",
        description: "Nothing is read from Kafka, or ClickHouse does not take what nodes write. Look at the nodes' /readyz, \
                      which says what is missing, and at their logs. Nothing is lost while Kafka keeps the messages.",
    }
}

fn behind(options: &AlertOptions) -> Draft {
    let seconds = options.behind_seconds as f64;
    Draft {
        name: "behind",
        title: "A stream is behind",
        severity: "critical",
        seconds: 120,
        sql: lately("max", "behind_ms / 1000", "behind_seconds"),
        bad: Bad::Above(seconds),
        pending: "5m",
        no_data: NoData::Ok,
        failed: Failed::Ok,
        summary: "{{ .Labels.stream }} is {{ humanizeDuration .Values.A.Value }} behind",
        description: "The newest events cannot be seen yet. The stream's page in Aurora says which partition is behind and \
                      whether it waits for something. If none waits, more comes than the nodes can write: add nodes \
                     , or look at ClickHouse's parts and inserts on the operations dashboard.",
    }
}

fn lag(options: &AlertOptions) -> Draft {
    Draft {
        name: "lag",
        title: "Messages pile up in Kafka",
        severity: "warning",
        seconds: 120,
        sql: lately("sum", "lag", "messages"),
        bad: Bad::Above(options.lag_messages as f64),
        pending: "10m",
        no_data: NoData::Ok,
        failed: Failed::Ok,
        summary: "{{ .Labels.stream }} has {{ humanize .Values.A.Value }} messages in Kafka that are not in ClickHouse",
        description: "More comes than is written, and has for ten minutes. See whether the lag falls: after an outage it takes \
                      a while. If it grows, add nodes, and make sure that Kafka keeps messages for long enough.",
    }
}

fn waiting() -> Draft {
    let sql = "SELECT stream, toFloat64(sum(v)) AS waiting FROM (SELECT toString(stream) AS stream, node, \
               argMax(greatest(waiting, toUInt32(state = 'waiting')), at) AS v FROM aurora.samples \
               WHERE at > now() - INTERVAL 2 MINUTE AND stream != '' GROUP BY stream, node) GROUP BY stream";
    Draft {
        name: "waiting",
        title: "A stream waits",
        severity: "critical",
        seconds: 120,
        sql: sql.to_owned(),
        bad: Bad::Above(0.0),
        pending: "5m",
        no_data: NoData::Ok,
        failed: Failed::Ok,
        summary: "{{ .Labels.stream }} waits for something that it needs",
        description: "Kafka or ClickHouse is away or refuses, for example because a password or a right has gone. The stream's \
                      page in Aurora, or `aurora streams`, says what it waits for. It goes on by itself once that is back.",
    }
}

fn audit() -> Draft {
    let sql = "SELECT stream, toFloat64(argMax(audit, audit_at) = 'broken') AS broken FROM (SELECT toString(stream) AS stream, \
               audit, audit_at FROM aurora.samples WHERE at > now() - INTERVAL 15 MINUTE AND audit != '') GROUP BY stream";
    Draft {
        name: "audit",
        title: "An audit has failed",
        severity: "critical",
        seconds: 900,
        sql: sql.to_owned(),
        bad: Bad::Above(0.0),
        pending: "0s",
        no_data: NoData::Ok,
        failed: Failed::Ok,
        summary: "The audit of {{ .Labels.stream }} says that an event is lost or doubled",
        description: "What the tables hold is not what the journal says. `aurora verify` names the partitions and offsets. Somebody \
                      who deleted rows by hand, a TTL on the table or a restored backup are the usual reasons; anything else is \
                      a defect that we want to know of. Ingest goes on meanwhile.",
    }
}

fn dead_letters(options: &AlertOptions) -> Draft {
    Draft {
        name: "dead-letters",
        title: "Messages do not become rows",
        severity: "warning",
        seconds: 900,
        sql: "SELECT stream, toFloat64(count()) AS letters FROM aurora.dead_letters WHERE at > now() - INTERVAL 15 MINUTE \
              GROUP BY stream"
            .to_owned(),
        bad: Bad::Above(options.dead_letters as f64),
        pending: "0s",
        no_data: NoData::Ok,
        failed: Failed::Ok,
        summary: "{{ humanize .Values.A.Value }} messages of {{ .Labels.stream }} did not become rows within 15 minutes",
        description: "They are kept with the reason, and can be looked at, put right and tried again on the stream's page in Aurora. \
                      Often a producer has begun to send something else: a field of another type, or no JSON.",
    }
}

fn disk(options: &AlertOptions) -> Draft {
    Draft {
        name: "disk",
        title: "A disk of ClickHouse is filling up",
        severity: "critical",
        seconds: 120,
        sql: "SELECT name AS disk, 100 * (1 - free_space / total_space) AS used FROM system.disks WHERE total_space > 0".to_owned(),
        bad: Bad::Above(f64::from(options.disk_percent)),
        pending: "5m",
        no_data: NoData::Ok,
        failed: Failed::Ok,
        summary: "The disk {{ .Labels.disk }} of ClickHouse is {{ humanize .Values.A.Value }} % full",
        description: "When it is full, nothing is written any more, and streams wait; nothing is lost while Kafka keeps the messages. \
                      Make the volume larger, drop what is no longer needed, or give tables a TTL. The operations dashboard \
                      shows which tables are the largest.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_says_what_to_do_and_has_no_dollar_sign() {
        let group = rules(&Names::new("team-a").unwrap(), &AlertOptions::default());
        let uids: BTreeSet<&str> = group.rules.iter().map(|rule| rule.uid.as_str()).collect();
        assert_eq!(uids.len(), group.rules.len());
        for rule in &group.rules {
            assert!(rule.uid.starts_with("team-a-") && rule.title.ends_with("(team-a)"));
            assert!(rule.annotations["summary"].len() > 20 && rule.annotations["description"].len() > 80);
            assert!(matches!(rule.labels["severity"].as_str(), "critical" | "warning"));
            assert!(rule.data.iter().any(|step| step.ref_id == rule.condition));
        }
        let text = serde_json::to_string(&group).unwrap();
        assert!(!text.contains('$'), "{text}");
    }

    #[test]
    fn one_rule_alone_tells_that_clickhouse_is_away() {
        let group = rules(&Names::default(), &AlertOptions::default());
        let telling = group
            .rules
            .iter()
            .filter(|rule| rule.exec_err_state == Failed::Error);
        assert_eq!(telling.count(), 1);
    }

    #[test]
    fn limits_come_from_the_configuration() {
        let options: AlertOptions = toml::from_str("disk_percent = 70").unwrap();
        assert_eq!(options.lag_messages, AlertOptions::default().lag_messages);
        let group = rules(&Names::default(), &options);
        let disk = group.rules.iter().find(|rule| rule.uid == "aurora-disk").unwrap();
        assert_eq!(
            disk.data[1].model["conditions"][0]["evaluator"]["params"][0],
            70.0
        );
        assert!(toml::from_str::<AlertOptions>("disk_procent = 70").is_err());
        let impossible = AlertOptions {
            disk_percent: 100,
            ..AlertOptions::default()
        };
        assert!(impossible.mistake().is_some() && options.mistake().is_none());
    }

    #[test]
    fn alerts_have_one_way_to_go() {
        let topic = "sns_topic = 'arn:aws:sns:eu-central-1:123456789012:alarms'";
        let receiver = |toml: &str| {
            let options: AlertOptions = toml::from_str(toml).unwrap();
            assert_eq!(options.mistake(), None);
            let group = rules(&Names::default(), &options);
            group.rules[0].notification_settings.clone()
        };
        assert_eq!(receiver(""), None);
        assert_eq!(receiver("contact_point = 'ops'").unwrap().receiver, "ops");
        assert_eq!(receiver(topic).unwrap().receiver, "aurora-notices");
        for wrong in ["contact_point = ''", &format!("contact_point = 'ops'\n{topic}")] {
            let options: AlertOptions = toml::from_str(wrong).unwrap();
            assert!(options.mistake().unwrap().contains("contact_point"));
        }
    }
}
