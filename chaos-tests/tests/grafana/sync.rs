//! The reconciler against a stand-in Grafana.

use anyhow::Result;
use aurora_actors::store::Login;
use aurora_actors::store::sql::TableName;
use aurora_chaos_tests::grafana::StandIn;
use aurora_cluster::StreamId;
use aurora_node::grafana::alerts::AlertOptions;
use aurora_node::grafana::client::{Client, Credentials, GrafanaError};
use aurora_node::grafana::contact_point::TopicArn;
use aurora_node::grafana::dashboards::{Column, StreamTable};
use aurora_node::grafana::datasource::DataSource;
use aurora_node::grafana::desired::Desired;
use aurora_node::grafana::names::Names;
use aurora_node::grafana::sync::{Outcome, Syncer, says};
use serde_json::json;

fn stream(id: &str) -> StreamTable {
    let id: StreamId = id.parse().unwrap();
    StreamTable {
        table: TableName::for_topic("events", id.topic()),
        id,
        columns: vec![Column {
            name: "country".to_owned(),
            column_type: "LowCardinality(Nullable(String))".to_owned(),
        }],
    }
}

fn desired_of(prefix: &str, owner: &str, password: &str, streams: &[&str]) -> Desired {
    desired_with(prefix, owner, password, streams, &AlertOptions::default())
}

fn desired_with(
    prefix: &str,
    owner: &str,
    password: &str,
    streams: &[&str],
    options: &AlertOptions,
) -> Desired {
    let login = Login {
        url: "http://clickhouse.internal:8123".to_owned(),
        user: "aurora_grafana".to_owned(),
        password: password.to_owned(),
    };
    let source = DataSource::like(&login, "events", owner).unwrap();
    let streams: Vec<StreamTable> = streams.iter().map(|id| stream(id)).collect();
    Desired::new(&Names::new(prefix).unwrap(), &source, options, &streams)
}

fn desired(streams: &[&str]) -> Desired {
    desired_of("aurora", "prod", "hunter2", streams)
}

fn uid(id: &str) -> String {
    Names::default().stream(&id.parse().unwrap())
}

/// Whether everything is there that is to be there.
fn require_complete(grafana: &StandIn, desired: &Desired) {
    let kept = grafana.kept();
    for (uid, wanted) in &desired.dashboards {
        let (found, folder) = &kept.dashboards[uid];
        assert!(says(found, wanted), "{uid}");
        assert_eq!(folder, &desired.names.folder());
    }
    let source = &kept.datasources[&desired.names.datasource()];
    assert_eq!(source["secureJsonData"]["password"], desired.datasource.password);
    let group = &kept.groups[&(desired.names.folder(), desired.names.title())];
    assert_eq!(
        group["rules"].as_array().unwrap().len(),
        desired.alerts["rules"].as_array().unwrap().len()
    );
}

#[tokio::test]
async fn everything_is_made_once_and_then_left_alone() -> Result<()> {
    for migrates in [false, true] {
        let grafana = StandIn::start().await?;
        grafana.kept().migrates = migrates;
        let (desired, mut syncer) = (
            desired(&["shop:orders", "shop:carts"]),
            Syncer::new(grafana.client()?),
        );
        let outcome = syncer.sync(&desired).await?;
        assert_eq!((outcome.notes.len(), outcome.faults.len()), (0, 0), "{outcome:?}");
        assert_eq!(outcome.changes.len(), 6, "{outcome:?}");
        require_complete(&grafana, &desired);
        grafana.writes();
        for _ in 0..3 {
            assert_eq!(syncer.sync(&desired).await?, Outcome::default());
        }
        assert_eq!(grafana.writes(), Vec::<String>::new());
    }
    Ok(())
}

/// A node that takes over knows nothing of what the one before has done.
#[tokio::test]
async fn another_node_finds_nothing_to_do() -> Result<()> {
    let grafana = StandIn::start().await?;
    let desired = desired(&["shop:orders"]);
    Syncer::new(grafana.client()?).sync(&desired).await?;
    grafana.writes();
    let outcome = Syncer::new(grafana.client()?).sync(&desired).await?;
    // Alert rules came back in other words, and the password cannot be read back.
    assert_eq!(outcome.changes, ["changed the alert rules"]);
    let writes = grafana.writes();
    assert!(
        writes.iter().all(|write| !write.contains("dashboards")),
        "{writes:?}"
    );
    require_complete(&grafana, &desired);
    Ok(())
}

#[tokio::test]
async fn dashboards_come_and_go_with_their_streams() -> Result<()> {
    let grafana = StandIn::start().await?;
    let mut syncer = Syncer::new(grafana.client()?);
    syncer.sync(&desired(&["a:x", "a:y"])).await?;
    // Others that look alike: another deployment's, one without the tag, and one with the tag but somebody's own.
    let team = Names::new("team").unwrap().stream(&"a:y".parse().unwrap());
    grafana.make_by_hand(&team, "a:y", "team", &["team"]);
    grafana.make_by_hand(&uid("a:untagged"), "mine", "aurora", &[]);
    grafana.make_by_hand("my-own", "mine", "aurora", &["aurora"]);
    let outcome = syncer.sync(&desired(&["a:y", "a:z"])).await?;
    assert_eq!(outcome.changes.len(), 2, "{outcome:?}");
    let uids = grafana.uids();
    for there in [
        uid("a:y"),
        uid("a:z"),
        team,
        uid("a:untagged"),
        "my-own".to_owned(),
    ] {
        assert!(uids.contains(&there), "{there}");
    }
    assert!(!uids.contains(&uid("a:x")));
    Ok(())
}

#[tokio::test]
async fn foreign_dashboards_of_the_same_title_stay_as_they_are() -> Result<()> {
    for titles_are_unique in [false, true] {
        let grafana = StandIn::start().await?;
        grafana.kept().titles_are_unique = titles_are_unique;
        grafana.make_by_hand("foreign", "a:x", "aurora", &["aurora"]);
        grafana
            .kept()
            .folders
            .insert("old".to_owned(), json!({ "uid": "old", "title": "Aurora" }));
        grafana
            .kept()
            .datasources
            .insert("old".to_owned(), json!({ "name": "Aurora ClickHouse" }));
        let mut syncer = Syncer::new(grafana.client()?);
        let desired = desired(&["a:x"]);
        for _ in 0..2 {
            let outcome = syncer.sync(&desired).await?;
            assert_eq!(outcome.faults, Vec::<String>::new());
        }
        grafana.writes();
        syncer.sync(&desired).await?;
        assert_eq!(grafana.writes(), Vec::<String>::new());
        let kept = grafana.kept();
        assert_eq!(kept.dashboards["foreign"].0["by"], "hand");
        let title = &kept.dashboards[&uid("a:x")].0["title"];
        assert_eq!(title == "a:x", !titles_are_unique, "{title}");
        assert_eq!(kept.datasources["old"]["name"], "Aurora ClickHouse");
        assert!(kept.datasources.contains_key("aurora-clickhouse") && kept.folders.contains_key("aurora"));
    }
    Ok(())
}

#[tokio::test]
async fn changes_by_hand_are_taken_back_even_in_a_hurry() -> Result<()> {
    let grafana = StandIn::start().await?;
    let (desired, mut syncer) = (desired(&["a:x"]), Syncer::new(grafana.client()?));
    syncer.sync(&desired).await?;
    {
        let mut kept = grafana.kept();
        let (dashboard, folder) = kept.dashboards.get_mut(&uid("a:x")).unwrap();
        dashboard["panels"] = json!([]);
        *folder = "elsewhere".to_owned();
        // Somebody saves it again between our look and our save.
        kept.hurried = Some(uid("a:x"));
        kept.datasources.get_mut("aurora-clickhouse").unwrap()["jsonData"]["port"] = json!(1);
        kept.groups.values_mut().next().unwrap()["rules"][0]["isPaused"] = json!(true);
    }
    let outcome = syncer.sync(&desired).await?;
    assert_eq!(outcome.changes.len(), 3, "{outcome:?}");
    require_complete(&grafana, &desired);
    assert_eq!(syncer.sync(&desired).await?, Outcome::default());
    Ok(())
}

#[tokio::test]
async fn rules_of_others_in_the_group_stay() -> Result<()> {
    let grafana = StandIn::start().await?;
    let mut syncer = Syncer::new(grafana.client()?);
    syncer.sync(&desired(&[])).await?;
    let foreign = json!({ "uid": "my-rule", "title": "mine" });
    let key = ("aurora".to_owned(), "Aurora".to_owned());
    {
        let mut kept = grafana.kept();
        let rules = kept.groups.get_mut(&key).unwrap()["rules"]
            .as_array_mut()
            .unwrap();
        rules.remove(0);
        rules.push(foreign);
    }
    syncer.sync(&desired(&[])).await?;
    let kept = grafana.kept();
    let rules = kept.groups[&key]["rules"].as_array().unwrap();
    let uids: Vec<&str> = rules.iter().filter_map(|rule| rule["uid"].as_str()).collect();
    assert!(
        uids.contains(&"my-rule") && uids.contains(&"aurora-nodes"),
        "{uids:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_comes_from_files_is_left_to_them() -> Result<()> {
    let grafana = StandIn::start().await?;
    let desired = desired(&["a:x"]);
    {
        let mut kept = grafana.kept();
        kept.from_files.push(uid("a:x"));
        kept.datasources.insert(
            "aurora-clickhouse".to_owned(),
            json!({ "name": "n", "readOnly": true, "jsonData": {} }),
        );
    }
    grafana.make_by_hand(&uid("a:x"), "from a file", "aurora", &["aurora"]);
    let outcome = Syncer::new(grafana.client()?).sync(&desired).await?;
    assert_eq!((outcome.notes.len(), outcome.faults.len()), (2, 0), "{outcome:?}");
    assert_eq!(grafana.kept().dashboards[&uid("a:x")].0["by"], "hand");
    Ok(())
}

#[tokio::test]
async fn two_deployments_do_not_fight_over_one_name() -> Result<()> {
    let grafana = StandIn::start().await?;
    Syncer::new(grafana.client()?).sync(&desired(&["a:x"])).await?;
    grafana.writes();
    let other = desired_of("aurora", "staging", "p", &["b:y"]);
    let error = Syncer::new(grafana.client()?).sync(&other).await.unwrap_err();
    assert!(error.to_string().contains("prefix"), "{error}");
    assert_eq!(grafana.writes(), Vec::<String>::new());
    // With a prefix of its own it has its own things.
    let other = desired_of("staging", "staging", "p", &["a:x"]);
    Syncer::new(grafana.client()?).sync(&other).await?;
    require_complete(&grafana, &other);
    require_complete(&grafana, &desired(&["a:x"]));
    Ok(())
}

#[tokio::test]
async fn a_new_password_reaches_grafana() -> Result<()> {
    let grafana = StandIn::start().await?;
    Syncer::new(grafana.client()?).sync(&desired(&[])).await?;
    let renewed = desired_of("aurora", "prod", "renewed", &[]);
    Syncer::new(grafana.client()?).sync(&renewed).await?;
    require_complete(&grafana, &renewed);
    Ok(())
}

#[tokio::test]
async fn a_wrong_login_is_told_at_once_and_not_shown() -> Result<()> {
    let grafana = StandIn::start().await?;
    let client = Client::new(&grafana.url()?, Credentials::Token("wrong-token".to_owned())).unwrap();
    let shown = format!("{client:?}");
    let error = Syncer::new(client).sync(&desired(&[])).await.unwrap_err();
    assert!(matches!(error, GrafanaError::Unauthorized(_)), "{error}");
    assert!(!shown.contains("wrong-token") && !error.to_string().contains("wrong-token"));
    Ok(())
}

#[tokio::test]
async fn passing_trouble_is_waited_for_and_lasting_trouble_is_told() -> Result<()> {
    let grafana = StandIn::start().await?;
    let (desired, mut syncer) = (desired(&["a:x"]), Syncer::new(grafana.client()?));
    grafana.kept().failures.extend([500, 503, 429, 0, 502]);
    syncer.sync(&desired).await?;
    require_complete(&grafana, &desired);

    grafana.kept().failures.extend([500; 4]);
    let error = syncer.sync(&desired).await.unwrap_err();
    assert!(
        matches!(error, GrafanaError::Unavailable { status: 500, .. }),
        "{error}"
    );

    grafana.stop().await;
    let error = syncer.sync(&desired).await.unwrap_err();
    assert!(matches!(error, GrafanaError::Unreachable(_)), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_grafana_that_has_lost_everything_gets_it_again() -> Result<()> {
    let grafana = StandIn::start().await?;
    let (desired, mut syncer) = (desired(&["a:x"]), Syncer::new(grafana.client()?));
    syncer.sync(&desired).await?;
    grafana.stop().await;
    {
        let mut kept = grafana.kept();
        kept.folders.clear();
        kept.datasources.clear();
        kept.dashboards.clear();
        kept.groups.clear();
    }
    grafana.serve().await?;
    syncer.sync(&desired).await?;
    require_complete(&grafana, &desired);
    Ok(())
}

#[tokio::test]
async fn what_one_thing_lacks_does_not_keep_back_the_others() -> Result<()> {
    let grafana = StandIn::start().await?;
    grafana.kept().has_plugin = false;
    let (desired, mut syncer) = (desired(&["a:x"]), Syncer::new(grafana.client()?));
    syncer.sync(&desired).await?;
    grafana.kept().dashboards.clear();
    // Data source, plugin and folder are looked at, then the first dashboard is, and may not be.
    grafana.kept().failures.extend([0, 0, 0, 403]);
    let outcome = syncer.sync(&desired).await?;
    assert_eq!((outcome.notes.len(), outcome.faults.len()), (1, 1), "{outcome:?}");
    assert!(outcome.faults[0].contains("Admin"), "{outcome:?}");
    assert_eq!(grafana.uids().len(), 1);
    Ok(())
}

#[tokio::test]
async fn two_nodes_at_once_come_to_the_same() -> Result<()> {
    let grafana = StandIn::start().await?;
    let desired = desired(&["a:x", "a:y", "a:z"]);
    let (mut one, mut other) = (Syncer::new(grafana.client()?), Syncer::new(grafana.client()?));
    for _ in 0..3 {
        // One of them may lose a race; the next round is the same as any other.
        let _ = tokio::join!(one.sync(&desired), other.sync(&desired));
    }
    let (first, second) = tokio::join!(one.sync(&desired), other.sync(&desired));
    assert_eq!(
        (first.unwrap().faults.len(), second.unwrap().faults.len()),
        (0, 0)
    );
    require_complete(&grafana, &desired);
    assert_eq!(grafana.uids().len(), 4);
    Ok(())
}

#[tokio::test]
async fn alerts_go_to_a_topic_to_a_contact_point_or_where_policies_say() -> Result<()> {
    let grafana = StandIn::start().await?;
    let mut syncer = Syncer::new(grafana.client()?);
    let with = |options: AlertOptions| desired_with("aurora", "prod", "hunter2", &["a:x"], &options);
    let to_topic = |name: &str| {
        let arn = format!("arn:aws:sns:eu-central-1:123456789012:{name}");
        with(AlertOptions {
            sns_topic: Some(TopicArn::try_from(arn).unwrap()),
            ..AlertOptions::default()
        })
    };
    let (by_policies, topic, other) = (
        with(AlertOptions::default()),
        to_topic("alarms"),
        to_topic("others"),
    );
    let receivers = || -> Vec<serde_json::Value> {
        let kept = grafana.kept();
        let group = &kept.groups[&("aurora".to_owned(), "Aurora".to_owned())];
        let rules = group["rules"].as_array().unwrap().iter();
        let mut receivers: Vec<_> = rules
            .map(|rule| rule["notification_settings"]["receiver"].clone())
            .collect();
        receivers.dedup();
        receivers
    };
    syncer.sync(&by_policies).await?;
    assert_eq!(receivers(), [json!(null)]);

    let outcome = syncer.sync(&topic).await?;
    assert_eq!(
        outcome.changes,
        ["added the contact point", "changed the alert rules"],
        "{outcome:?}"
    );
    assert_eq!(receivers(), ["aurora-notices"]);
    assert_eq!(syncer.sync(&topic).await?, Outcome::default());
    assert_eq!(syncer.sync(&other).await?.changes, ["changed the contact point"]);
    let kept = grafana.kept().contact_points["aurora-notices"].clone();
    assert_eq!(
        kept["settings"]["topic_arn"],
        "arn:aws:sns:eu-central-1:123456789012:others"
    );

    // One that is not there is said, and everything else is done.
    let own = with(AlertOptions {
        contact_point: Some("on-call".to_owned()),
        ..AlertOptions::default()
    });
    let outcome = syncer.sync(&own).await?;
    assert!(outcome.faults[0].contains("on-call"), "{outcome:?}");
    assert_eq!(receivers(), ["aurora-notices"]);
    let point = json!({ "uid": "mine", "name": "on-call", "type": "email" });
    grafana
        .kept()
        .contact_points
        .insert("mine".to_owned(), point.clone());
    let outcome = syncer.sync(&own).await?;
    assert_eq!(
        outcome.changes,
        ["changed the alert rules", "removed the contact point"],
        "{outcome:?}"
    );
    assert_eq!(receivers(), ["on-call"]);
    assert_eq!(
        syncer.sync(&by_policies).await?.changes,
        ["changed the alert rules"]
    );
    assert_eq!(receivers(), [json!(null)]);
    assert_eq!(grafana.kept().contact_points["mine"], point);
    Ok(())
}

/// As long as it is so, not only when it is noticed.
#[tokio::test]
async fn a_grafana_that_does_not_take_where_alerts_go_is_told_of() -> Result<()> {
    let grafana = StandIn::start().await?;
    grafana.kept().routes_by_policies_only = true;
    let point = json!({ "uid": "mine", "name": "on-call", "type": "email" });
    grafana.kept().contact_points.insert("mine".to_owned(), point);
    let options = AlertOptions {
        contact_point: Some("on-call".to_owned()),
        ..AlertOptions::default()
    };
    let desired = desired_with("aurora", "prod", "hunter2", &["a:x"], &options);
    let mut syncer = Syncer::new(grafana.client()?);
    for _ in 0..2 {
        let outcome = syncer.sync(&desired).await?;
        assert!(outcome.notes[0].contains("where alert rules go"), "{outcome:?}");
    }
    assert_eq!(syncer.sync(&desired).await?.changes, Vec::<String>::new());
    Ok(())
}
