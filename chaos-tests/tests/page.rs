//! The pages, in a real browser: the scripts in `ui/web/e2e` drive Chromium against `aurora up`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_chaos_tests::up::Up;
use serde_json::Value;

/// Has a script of `ui/web/e2e` look at a page.
async fn look(script: &str, arguments: &[&str]) -> Result<()> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/web");
    let mut browser = Command::new("node");
    browser.current_dir(web).arg(script).args(arguments);
    let output = tokio::task::spawn_blocking(move || browser.output()).await?;
    let output = output.context("node could not be started; is Node.js installed?")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{script} is not content (Chromium is needed, see ./test): {said}"
    );
    Ok(())
}

/// A table whose name, columns and comments are markup, as a careless producer can make them.
async fn make_hostile_table(up: &Up) -> Result<()> {
    let clickhouse = up.ready()["clickhouse"].as_str().context("no address")?;
    let markup = r#"<img src=x onerror="document.title=1">"#;
    let statement = format!(
        "CREATE TABLE events.`{markup}` (`{markup}` LowCardinality(String) COMMENT '{markup}', n UInt8) \
         ENGINE = MergeTree ORDER BY n COMMENT '{markup}'"
    );
    let answer = reqwest::Client::new()
        .post(clickhouse)
        .body(statement)
        .send()
        .await?;
    ensure!(answer.status().is_success(), "{}", answer.text().await?);
    Ok(())
}

#[tokio::test]
async fn the_pages_show_a_stream_and_answer() -> Result<()> {
    Sandbox::run("page", async |sandbox| {
        let up = Up::start(sandbox, &["--rate", "300"]).await?;
        let screenshots = sandbox.directory().display().to_string();
        look("e2e/looks.mjs", &[up.api().base(), &screenshots]).await?;
        make_hostile_table(&up).await?;
        look("e2e/journey.mjs", &[up.api().base()]).await?;
        let kafka = up.ready()["kafka"].as_str().context("no broker")?;
        look("e2e/makers.mjs", &[up.api().base(), kafka]).await?;
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_page_that_loses_its_node_leads_to_another() -> Result<()> {
    Sandbox::run("page-lost", async |sandbox| {
        let up = Up::start(sandbox, &["--rate", "50", "--nodes", "2"]).await?;
        let nodes = up.ready()["nodes"].as_array().context("no nodes")?;
        let text = |node: &Value, key: &str| node[key].to_string().trim_matches('"').to_owned();
        let [first, second] = &nodes[..] else {
            anyhow::bail!("there are {} nodes", nodes.len());
        };
        let arguments = [text(second, "http"), text(second, "pid"), text(first, "http")];
        look("e2e/lost.mjs", &arguments.each_ref().map(String::as_str)).await
    })
    .await
}

#[tokio::test]
async fn nobody_comes_in_without_a_token() -> Result<()> {
    Sandbox::run("page-access", async |sandbox| {
        let token = "a-token-that-is-long-enough-for-anybody";
        let up = Up::start(sandbox, &["--rate", "50", "--token", token]).await?;
        look("e2e/access.mjs", &[up.api().base(), token]).await?;
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}
