//! The page, in a real browser: `ui/web/e2e/page.mjs` drives Chromium against `aurora up`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_chaos_tests::up::Up;

#[tokio::test]
async fn the_page_shows_a_stream_and_runs_queries() -> Result<()> {
    Sandbox::run("page", async |sandbox| {
        let up = Up::start(sandbox, &["--rate", "500"]).await?;
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/web");
        let mut browser = Command::new("node");
        browser
            .current_dir(web)
            .args(["e2e/page.mjs", up.api().base()])
            .arg(sandbox.directory());
        let output = tokio::task::spawn_blocking(move || browser.output()).await?;
        let output = output.context("node could not be started; is Node.js installed?")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "the page does not work (Chromium is needed, see ./test): {said}"
        );
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}
