//! The alerts' statements, over samples that are made up: each finds what it is there for, and nothing else.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use aurora_actors::store::{Store, system};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_node::grafana::alerts::{AlertOptions, rules};
use aurora_node::grafana::model::alert::{NoData, Rule};
use aurora_node::grafana::names::Names;
use serde_json::Value;

use super::{Asked, is_number, is_text};

/// What Grafana makes of a rule's rows: the alerts that fire, by their labels.
async fn firing(asked: &Asked, rule: &Rule) -> Result<Vec<String>> {
    let [query, condition] = rule.data.as_slice() else {
        anyhow::bail!("two steps");
    };
    let sql = query.model["rawSql"].as_str().context("a statement")?;
    let found = asked.rows(sql).await?;
    let numbers: Vec<usize> = found
        .columns
        .iter()
        .enumerate()
        .filter(|(_, (_, kind))| is_number(kind))
        .map(|(at, _)| at)
        .collect();
    let [number] = numbers.as_slice() else {
        anyhow::bail!(
            "{}: exactly one column is to be a number: {:?}",
            rule.uid,
            found.columns
        );
    };
    let others = found.columns.iter().enumerate().filter(|(at, _)| at != number);
    for (_, (name, kind)) in others {
        ensure!(is_text(kind), "{}: {name} is {kind} and no label", rule.uid);
        // What is said names it.
        let label = format!(".Labels.{name}");
        ensure!(
            rule.annotations["summary"].contains(&label),
            "{}: {label}",
            rule.uid
        );
    }
    if found.rows.is_empty() && rule.no_data_state == NoData::Alerting {
        return Ok(vec!["no data".to_owned()]);
    }
    let evaluator = &condition.model["conditions"][0]["evaluator"];
    let limit = evaluator["params"][0].as_f64().context("a limit")?;
    let mut labels = BTreeMap::new();
    for row in &found.rows {
        let value = row[*number].as_f64();
        let label: Vec<&str> = row.iter().filter_map(Value::as_str).collect();
        let is_new = labels.insert(label.join(" "), value).is_none();
        ensure!(is_new, "{}: two rows with the same labels", rule.uid);
    }
    let is_bad = |value: &Option<f64>| match evaluator["type"].as_str() {
        Some("gt") => value.is_some_and(|value| value > limit),
        Some("lt") => value.is_some_and(|value| value < limit),
        _ => false,
    };
    Ok(labels
        .into_iter()
        .filter(|(_, value)| is_bad(value))
        .map(|(label, _)| label)
        .collect())
}

async fn all_firing(asked: &Asked, options: &AlertOptions) -> Result<BTreeMap<String, Vec<String>>> {
    let mut fire = BTreeMap::new();
    for rule in &rules(&Names::default(), options).rules {
        let firing = firing(asked, rule).await.with_context(|| rule.uid.clone())?;
        if !firing.is_empty() {
            fire.insert(rule.uid.clone(), firing);
        }
    }
    Ok(fire)
}

/// A sample of a stream on a node.
async fn sample(clickhouse: &ClickHouse, stream: &str, columns: &str, values: &str) -> Result<()> {
    clickhouse
        .execute(&format!(
            "INSERT INTO aurora.samples (node, stream, {columns}) VALUES ('node-1', '{stream}', {values})"
        ))
        .await
}

#[tokio::test]
async fn each_alert_fires_when_it_should_and_only_then() -> Result<()> {
    Sandbox::run("grafana-alerts", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        system::create(&Store::new(clickhouse.writer()), "events").await?;
        let asked = Asked::new(clickhouse.grafana())?;
        let options = AlertOptions {
            // The disk of this machine may be as full as it likes.
            disk_percent: 99,
            ..AlertOptions::default()
        };
        let fire = async || all_firing(&asked, &options).await;
        let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, Vec<String>> {
            pairs.iter().map(|(uid, label)| ((*uid).to_owned(), vec![(*label).to_owned()])).collect()
        };
        // Nothing at all has been written: no node is there.
        ensure!(fire().await? == of(&[("aurora-nodes", "")]), "{:?}", fire().await?);
        let good = "state, partitions, lag, behind_ms, audit, audit_at";
        sample(&clickhouse, "a:good", good, "'running', 4, 10, 20, 'clean', now64(3)").await?;
        sample(&clickhouse, "a:idle", "state, partitions", "'paused', 0").await?;
        ensure!(fire().await?.is_empty(), "{:?}", fire().await?);

        sample(&clickhouse, "a:behind", good, "'running', 4, 10, 600000, 'clean', now64(3)").await?;
        sample(&clickhouse, "a:lag", good, "'running', 4, 5000000, 20, 'clean', now64(3)").await?;
        sample(&clickhouse, "a:waits", "state, partitions, waiting", "'running', 4, 1").await?;
        sample(&clickhouse, "a:broken", good, "'running', 4, 0, 0, 'broken', now64(3)").await?;
        clickhouse
            .execute(
                "INSERT INTO aurora.dead_letters SELECT 'a:dead', 1, 0, number, now64(3), NULL, 'secret', 'r', 'd', now64(3) \
                 FROM numbers(101)",
            )
            .await?;
        let expected = of(&[
            ("aurora-behind", "a:behind"),
            ("aurora-lag", "a:lag"),
            ("aurora-waiting", "a:waits"),
            ("aurora-audit", "a:broken"),
            ("aurora-dead-letters", "a:dead"),
        ]);
        ensure!(fire().await? == expected, "{:?}", fire().await?);

        // A stream that cannot begin waits as a whole; a later sample that is good ends an alert.
        sample(&clickhouse, "a:waits", "state, partitions, waiting", "'running', 4, 0").await?;
        sample(&clickhouse, "a:stuck", "state", "'waiting'").await?;
        sample(&clickhouse, "a:broken", good, "'running', 4, 0, 0, 'clean', now64(3) + 1").await?;
        let fires = fire().await?;
        ensure!(fires["aurora-waiting"] == ["a:stuck"], "{fires:?}");
        ensure!(!fires.contains_key("aurora-audit"), "{fires:?}");

        // Any disk is fuller than nothing.
        let full = AlertOptions {
            disk_percent: 1,
            ..AlertOptions::default()
        };
        let used = "SELECT toUInt64(max(100 * (1 - free_space / total_space)) > 1) FROM system.disks";
        let is_used = clickhouse.number(used).await? == 1;
        ensure!(all_firing(&asked, &full).await?.contains_key("aurora-disk") == is_used);
        Ok(())
    })
    .await
}
