//! `aurora status --deployment` and `aurora logs`: what somebody sees of a deployment.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::moto::{Moto, REGION};
use aurora_chaos_tests::terminal::Terminal;
use serde_json::{Value, json};

use super::shell::{Shell, ensure_failed, said, written};

/// Where nodes write.
const LOGS: &str = "/aurora/prod/peers";
const PATIENCE: Duration = Duration::from_secs(60);

/// What `aurora status --deployment` says to a program.
async fn status(shell: &Shell) -> Result<(Value, String)> {
    let output = shell.run(&["status", "--deployment"]).await?;
    ensure!(output.status.success(), "{}", said(&output));
    Ok((serde_json::from_str(&written(&output))?, said(&output)))
}

/// Those of a list whose `key` is this.
fn with<'a>(list: &'a Value, key: &str, value: &str) -> Vec<&'a Value> {
    let all = list.as_array().into_iter().flatten();
    all.filter(|one| one[key] == value).collect()
}

#[tokio::test]
async fn status_says_what_is_there() -> Result<()> {
    let shell = Shell::open().await?;
    let deployed = shell
        .run(&["deploy", "--name", "prod", "--region", REGION, "--yes"])
        .await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));

    // There are machines, and the emulator has heard of no group.
    let (view, notes) = status(&shell).await?;
    ensure!(
        notes.contains("AWS has no Auto Scaling group aurora-prod-peers") && notes.contains(REGION),
        "{notes}"
    );
    ensure!(view["group"].is_null() && view["nodes"] == json!([]), "{view}");
    ensure!(view["pending"] == json!([]), "{view}");
    ensure!(view["url"].is_string() && view["grafana"].is_string(), "{view}");
    let (database, grafana) = (
        with(&view["machines"], "role", "clickhouse"),
        with(&view["machines"], "role", "grafana"),
    );
    ensure!(database.len() == 1 && grafana.len() == 1, "{view}");
    ensure!(database[0]["state"] == "running", "{view}");
    let volumes = with(&view["volumes"], "name", "data");
    ensure!(volumes.len() == 1, "{view}");
    ensure!(
        volumes[0]["kept"] == true && volumes[0]["in_use"] == true && volumes[0]["gib"] == 50.0,
        "{view}"
    );
    let gateways = with(&view["resources"], "type", "aws:ec2/natGateway:NatGateway");
    ensure!(
        gateways.len() == 1 && gateways[0]["name"] == "nat-0" && gateways[0]["id"].is_string(),
        "{view}"
    );

    shell.moto.make_group("aurora-prod-peers", 2).await?;
    let id = known_to_ec2(&shell, "clickhouse").await?;
    let (view, notes) = status(&shell).await?;
    ensure!(!notes.contains("Auto Scaling group"), "{notes}");
    ensure!(view["group"]["desired"] == 2, "{view}");
    let nodes = with(&view["nodes"], "state", "InService");
    ensure!(
        nodes.len() == 2 && nodes[0]["zone"] == "eu-west-1a" && nodes[0]["health"] == "Healthy",
        "{view}"
    );
    let database = with(&view["machines"], "id", &id);
    ensure!(
        database.len() == 1 && database[0]["state"] == "running" && database[0]["role"] == "clickhouse",
        "{view}"
    );
    ensure!(
        database[0]["type"].is_string() && database[0]["zone"].is_string(),
        "{view}"
    );
    // One that is stopped is not one that is gone.
    shell.moto.stop(&id).await?;
    let (view, _) = status(&shell).await?;
    let database = with(&view["machines"], "id", &id);
    ensure!(database.len() == 1 && database[0]["state"] == "stopped", "{view}");

    let gone = shell.aws.world().lose("Instance grafana");
    gone.map_err(anyhow::Error::msg)?;
    people_see_the_same(&shell, &id).await
}

/// Runs a machine in the emulator, and has the deployment know it as its own: AWS would have given it this id.
async fn known_to_ec2(shell: &Shell, machine: &str) -> Result<String> {
    let address = Ipv4Addr::new(10, 90, 128, 7);
    let id = shell.moto.run_instance(address, ("aurora", "prod")).await?;
    let old = shell.aws.world().id(&format!("Instance {machine}"));
    let old = old.context("it was not made")?;
    let state = shell
        .folder
        .path()
        .join(".aurora/state/.pulumi/stacks/aurora/prod.json");
    let text =
        std::fs::read_to_string(&state).with_context(|| format!("{} cannot be read", state.display()))?;
    ensure!(text.contains(&old), "{old} is not in the state");
    std::fs::write(&state, text.replace(&old, &id))?;
    Ok(id)
}

/// At a terminal, where there are tables, and everything is listed when somebody wants it.
async fn people_see_the_same(shell: &Shell, database: &str) -> Result<()> {
    let arguments = ["status", "--deployment", "--resources"];
    let command = shell.command(&arguments).await?;
    let terminal = Terminal::spawn(shell.folder.path(), "status", command, PATIENCE)?;
    let machines = terminal.until("└").await?;
    for expected in [
        "prod in eu-west-1",
        "2 wanted",
        "InService",
        database,
        "not in EC2",
    ] {
        ensure!(machines.contains(expected), "{expected:?} is not in {machines}");
    }
    let resources = terminal.until("└").await?;
    for expected in ["volume    data ", "aws:ec2/natGateway:NatGateway", "cluster-key"] {
        ensure!(resources.contains(expected), "{expected:?} is not in {resources}");
    }
    ensure!(terminal.wait().await?.success(), "it failed");
    Ok(())
}

/// Has machines say something, so many seconds ago.
async fn say(moto: &Moto, machine: &str, lines: &[(i64, &str)]) -> Result<()> {
    let logs = async |action: &str, question: Value| {
        let target = format!("Logs_20140328.{action}");
        moto.json("logs", &target, &question).await
    };
    let stream = json!({ "logGroupName": LOGS, "logStreamName": machine });
    logs("CreateLogStream", stream).await?;
    let now = jiff::Timestamp::now().as_millisecond();
    let events: Vec<Value> = lines
        .iter()
        .map(|(ago, text)| json!({ "timestamp": now - ago * 1_000, "message": text }))
        .collect();
    let put = json!({ "logGroupName": LOGS, "logStreamName": machine, "logEvents": events });
    logs("PutLogEvents", put).await.map(drop)
}

#[tokio::test]
async fn logs_say_what_machines_say() -> Result<()> {
    let shell = Shell::open().await?;
    std::fs::write(shell.file(), format!("name = \"prod\"\nregion = \"{REGION}\"\n"))?;
    ensure_failed(
        &shell.run(&["logs"]).await?,
        &[
            "there are no logs /aurora/prod/peers in eu-west-1",
            "aurora deploy",
        ],
    )?;

    let group = json!({ "logGroupName": LOGS });
    shell
        .moto
        .json("logs", "Logs_20140328.CreateLogGroup", &group)
        .await?;
    let nothing = shell.run(&["logs"]).await?;
    ensure!(
        nothing.status.success() && written(&nothing).is_empty(),
        "{}{}",
        written(&nothing),
        said(&nothing)
    );
    say(
        &shell.moto,
        "i-1",
        &[
            (7_200, "ERROR long ago"),
            (60, "INFO ready\n"),
            (30, "ERROR lost Kafka"),
        ],
    )
    .await?;
    // Other people's words do not move a terminal's cursor.
    say(&shell.moto, "i-2", &[(45, "INFO \u{1b}[2Jready")]).await?;

    let all = shell.run(&["logs"]).await?;
    ensure!(all.status.success(), "{}", said(&all));
    let text = written(&all);
    let lines: Vec<&str> = text.lines().collect();
    ensure!(lines.len() == 3, "{text}");
    // In the order of time, whoever says it.
    for (line, end) in lines
        .iter()
        .zip(["i-1 INFO ready", "i-2 INFO  [2Jready", "i-1 ERROR lost Kafka"])
    {
        ensure!(line.ends_with(end), "{end:?} is not at the end of {line:?}");
    }

    let errors = shell
        .run(&["logs", "peers", "--grep", "ERROR", "--since", "1d"])
        .await?;
    ensure!(errors.status.success(), "{}", said(&errors));
    let text = written(&errors);
    let lines: Vec<&str> = text.lines().collect();
    ensure!(
        lines.len() == 2 && lines[0].ends_with("ERROR long ago") && lines[1].ends_with("ERROR lost Kafka"),
        "{text}"
    );

    ensure_failed(
        &shell.run(&["logs", "clickhouse"]).await?,
        &["/aurora/prod/clickhouse"],
    )?;
    Ok(())
}

/// CloudWatch gives page after page with nothing in it while it searches days for what is rare.
#[tokio::test]
async fn what_comes_after_many_empty_pages_is_found() -> Result<()> {
    const EMPTY: usize = 45;
    let shell = Shell::open().await?;
    std::fs::write(shell.file(), format!("name = \"prod\"\nregion = \"{REGION}\"\n"))?;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let answer = async move || {
        let page = counted.fetch_add(1, Ordering::Relaxed);
        axum::Json(if page < EMPTY {
            json!({ "events": [], "nextToken": format!("page-{page}") })
        } else {
            json!({ "events": [{
                "eventId": "1", "logStreamName": "i-1", "timestamp": 1_767_225_600_000_i64, "message": "ERROR at last",
            }] })
        })
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let serving =
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    let found = shell
        .run_with(
            &["logs", "--grep", "ERROR", "--since", "7d"],
            &[("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", Some(&endpoint))],
        )
        .await?;
    serving.abort();
    ensure!(found.status.success(), "{}", said(&found));
    ensure!(
        written(&found) == "2026-01-01T00:00:00Z i-1 ERROR at last\n",
        "{}",
        written(&found)
    );
    let asked = asked.load(Ordering::Relaxed);
    ensure!(asked == EMPTY + 1, "it asked {asked} times");
    Ok(())
}
