//! `aurora grafana`: provisioning files, and the statements that make the user.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::binary;
use aurora_chaos_tests::node::stream_id;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::{PATIENCE, Stack};
use aurora_node::grafana::names::Names;
use serde_json::Value;

const TOPIC: &str = "grafana-files";

async fn aurora(arguments: &[&str]) -> Result<(bool, String)> {
    let mut command = binary::command(arguments.iter().copied()).await?;
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(said)?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_written_for_the_streams_there_are() -> Result<()> {
    Sandbox::run("grafana-files", async |sandbox| {
        let stack = Stack::with_topic(sandbox, TOPIC, &["{\"country\":\"AT\",\"price\":1.5}"; 50]).await?;
        // The page sees a table once the reading user's wall stands.
        eventually("the stream's table", PATIENCE, async || {
            let tables = stack.node.api().get("/api/v1/schema").await?;
            anyhow::Ok(tables.body.contains("grafana_files"))
        })
        .await?;
        let output = sandbox.path("provisioning");
        let directory = output.join("dashboards/aurora");
        let uid = Names::default().stream(&stream_id(TOPIC).parse()?);
        fs::create_dir_all(&directory)?;
        // Of a stream that is gone, and somebody's own.
        let gone = directory.join(format!("{}.json", Names::default().stream(&"a:gone".parse()?)));
        let own = directory.join("mine.json");
        for file in [&gone, &own] {
            fs::write(file, "{}")?;
        }
        let text = output.to_str().context("a path")?;
        let node = stack.node.api().base();
        let arguments = [
            "grafana",
            "files",
            "--output",
            text,
            "--clickhouse",
            "https://db:8443",
            "--node",
            node,
        ];
        for _ in 0..2 {
            let (is_good, said) = aurora(&arguments).await?;
            ensure!(is_good, "{said}");
        }
        ensure!(!gone.exists() && own.exists());
        let dashboard: Value =
            serde_json::from_str(&fs::read_to_string(directory.join(format!("{uid}.json")))?)?;
        ensure!(
            dashboard["uid"] == uid && dashboard["title"] == stream_id(TOPIC),
            "{dashboard}"
        );
        ensure!(dashboard.to_string().contains("`price`"), "{dashboard}");
        let source = fs::read_to_string(output.join("datasources/aurora.yaml"))?;
        for line in [
            "host: \"db\"",
            "port: 8443",
            "secure: true",
            "username: \"aurora_grafana\"",
        ] {
            ensure!(source.contains(line), "{line} is not in {source}");
        }
        for (file, of) in [
            ("dashboards/aurora.yaml", "providers:"),
            ("alerting/aurora.yaml", "groups:"),
        ] {
            let text = fs::read_to_string(output.join(file))?;
            ensure!(text.contains(of) && text.contains("apiVersion: 1"), "{text}");
        }
        require_yaml(
            sandbox,
            &["datasources", "dashboards", "alerting"].map(|of| output.join(of).join("aurora.yaml")),
        )
        .await
    })
    .await
}

/// Another reader of YAML reads the files as we mean them.
async fn require_yaml(sandbox: &Sandbox, files: &[std::path::PathBuf]) -> Result<()> {
    let python = aurora_chaos_tests::cached_tool::python("yaml", "PyYAML==6.0.3\n").await?;
    let script = sandbox.write(
        "read.py",
        "import json, sys, yaml\nprint(json.dumps([yaml.safe_load(open(name)) for name in sys.argv[1:]]))\n",
    )?;
    let mut command = std::process::Command::new(python);
    command.arg(script).args(files);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(read[0]["datasources"][0]["jsonData"]["port"] == 8443, "{read}");
    ensure!(read[1]["providers"][0]["folderUid"] == "aurora", "{read}");
    let rules = read[2]["groups"][0]["rules"].as_array().context("rules")?;
    for rule in rules {
        ensure!(
            rule["data"][1]["model"]["conditions"][0]["evaluator"]["params"][0].is_number(),
            "{rule}"
        );
        ensure!(
            rule["annotations"]["summary"].is_string() && rule["for"].is_string(),
            "{rule}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn without_a_node_there_are_files_of_everything_else() -> Result<()> {
    Sandbox::run("grafana-files-alone", async |sandbox| {
        let output = sandbox.path("provisioning");
        let text = output.to_str().context("a path")?;
        let (is_good, said) = aurora(&["grafana", "files", "--output", text, "--without-streams"]).await?;
        ensure!(is_good, "{said}");
        ensure!(output.join("dashboards/aurora/aurora-operations.json").is_file());
        let nobody = [
            "grafana",
            "files",
            "--output",
            text,
            "--node",
            "http://127.0.0.1:1",
        ];
        ensure!(!aurora(&nobody).await?.0, "a node that is not there is no error");
        let wrong = [
            "grafana",
            "files",
            "--output",
            text,
            "--without-streams",
            "--clickhouse",
            "db",
        ];
        let (is_good, said) = aurora(&wrong).await?;
        ensure!(!is_good && said.contains("http://clickhouse:8123"), "{said}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_users_statements_come_with_the_passwords_hash() -> Result<()> {
    let mut command = binary::command(["grafana", "user", "--database", "mine"]).await?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || -> Result<_> {
        let mut child = command.spawn()?;
        child.stdin.take().context("its input")?.write_all(b"hunter2\n")?;
        Ok(child.wait_with_output()?)
    })
    .await??;
    let said = String::from_utf8(output.stdout)?;
    ensure!(
        said.contains("GRANT SELECT, SHOW ON `mine`.* TO aurora_grafana;"),
        "{said}"
    );
    ensure!(!said.contains("hunter2"), "{said}");
    Ok(())
}
