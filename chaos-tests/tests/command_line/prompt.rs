//! The prompt of `aurora sql` at a real pseudo-terminal.

use std::os::unix::fs::PermissionsExt;

use anyhow::{Result, ensure};
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_chaos_tests::terminal::{CTRL_C, CTRL_D, Terminal, UP};

use super::Bench;

impl Bench {
    /// Enters a line, and returns what comes up to the next prompt.
    async fn say(&self, terminal: &Terminal, line: &str) -> Result<String> {
        terminal.enter(line)?;
        // The line itself comes first, with the prompt before it as often as it is drawn.
        terminal.until("\n").await?;
        terminal.until("sql> ").await
    }
}

#[tokio::test]
async fn statements_are_typed_over_several_lines_and_errors_end_nothing() -> Result<()> {
    Sandbox::run("prompt", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let terminal = bench.terminal(&["sql"]).await?;
        terminal.until("Statements end with ;").await?;
        terminal.until("sql> ").await?;
        let shown = bench.say(&terminal, "SELECT 6 * 7 AS answer;").await?;
        ensure!(shown.contains("42") && shown.contains("1 row in"), "{shown:?}");

        // Over several lines, with a semicolon that ends nothing.
        for line in [
            "SELECT ';' AS it, -- ;",
            "status, count() AS n",
            "FROM parcels GROUP BY ALL ORDER BY ALL",
        ] {
            terminal.enter(line)?;
            terminal.until(&line[line.len() - 8..]).await?;
        }
        let shown = bench.say(&terminal, ";").await?;
        ensure!(shown.contains("delivered") && shown.contains("2700"), "{shown:?}");
        let shown = bench
            .say(&terminal, "SELECT 'one' AS a; SELECT 'two' AS b;")
            .await?;
        ensure!(shown.matches("1 row in").count() == 2, "{shown:?}");

        for (line, said) in [
            ("SELECT nonsense;", "error:"),
            ("SELEC 1;", "error:"),
            ("DROP TABLE parcels;", "not allowed"),
            ("\\nonsense", "there is no \\nonsense"),
            ("\\d nonsense", "There is no such table"),
            ("\\format parquet", "nothing to read on a terminal"),
            ("\\format xlsx", "there is no format"),
        ] {
            let shown = bench.say(&terminal, line).await?;
            ensure!(shown.contains(said), "{line}: {shown:?}");
        }
        // Nothing at all is no error either.
        for line in ["", ";", "-- so"] {
            let shown = bench.say(&terminal, line).await?;
            ensure!(!shown.contains("error"), "{line}: {shown:?}");
        }
        // Ctrl-C takes the line away, whatever it was to become.
        terminal.type_text("SELECT 'not wanted")?;
        terminal.until("wanted").await?;
        terminal.type_text(CTRL_C)?;
        terminal.until("sql> ").await?;
        let shown = bench.say(&terminal, "SELECT 'wanted' AS a;").await?;
        ensure!(
            shown.contains("1 row in") && !shown.contains("error"),
            "{shown:?}"
        );
        terminal.type_text(CTRL_D)?;
        ensure!(terminal.wait().await?.success());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_prompt_has_commands_and_completes_names() -> Result<()> {
    Sandbox::run("prompt-commands", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let terminal = bench.terminal(&["sql", "--param", "c=CH"]).await?;
        terminal.until("sql> ").await?;
        let by_country = "SELECT count() AS n FROM parcels WHERE country = {c:String};";
        for (line, said) in [
            ("\\d", "parcels"),
            ("\\d parcels", "LowCardinality(String)"),
            ("\\d events.parcels", "weight_kg"),
            ("\\param", "c=CH"),
            ("\\format", "table"),
            (by_country, "│ 1000 │"),
            ("\\param c=nowhere", ""),
            ("\\param", "c=nowhere"),
            (by_country, "│ 0 │"),
            ("\\format csv", ""),
            ("SELECT 1 AS a, 'b' AS b;", "1,\"b\""),
            ("\\format jsonlines", ""),
            ("SELECT 1 AS a;", "{\"a\":1}"),
            ("\\format json", ""),
            ("SELECT 1 AS a;", "\"rows\":[[1]]"),
            ("\\format table", ""),
            ("\\param c", ""),
            ("\\param c", "no parameter \"c\""),
            (by_country, "error:"),
            ("\\?", "\\param NAME=VALUE"),
        ] {
            let shown = bench.say(&terminal, line).await?;
            ensure!(shown.contains(said), "{line}: {shown:?}");
        }
        // What Tab makes of it is on the screen, and in the statement.
        terminal.type_text("sel\t count() as n from parc\t where weig\t > 1e9;")?;
        terminal.until("weight_kg > 1e9;").await?;
        let shown = bench.say(&terminal, "").await?;
        ensure!(shown.contains("1 row in"), "{shown:?}");
        terminal.enter("EXIT")?;
        ensure!(terminal.wait().await?.success());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_history_is_kept_for_oneself_from_session_to_session() -> Result<()> {
    Sandbox::run("prompt-history", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let first = bench.terminal(&["sql"]).await?;
        first.until("sql> ").await?;
        bench.say(&first, "SELECT 'first thing';").await?;
        bench.say(&first, " SELECT 'a secret';").await?;
        first.enter("SELECT 'over',")?;
        first.until("'over',").await?;
        bench.say(&first, "'two lines' AS x;").await?;
        // However it ends.
        first.process().kill9()?;
        let path = bench.path("state/aurora/sql_history");
        let mode = |path: &std::path::Path| -> Result<u32> {
            Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
        };
        ensure!(mode(&path)? == 0o600, "{:o}", mode(&path)?);
        ensure!(mode(&bench.path("state/aurora"))? == 0o700);
        let kept = std::fs::read_to_string(&path)?;
        ensure!(
            kept.contains("first thing") && !kept.contains("a secret"),
            "{kept}"
        );

        let second = bench.terminal(&["sql"]).await?;
        second.until("sql> ").await?;
        second.type_text(UP)?;
        second.until("'two lines' AS x;").await?;
        // The first one only goes up a line.
        second.type_text(UP)?;
        second.type_text(UP)?;
        second.until("first thing';").await?;
        let shown = bench.say(&second, "").await?;
        ensure!(
            shown.contains("first thing") && shown.contains("1 row in"),
            "{shown:?}"
        );
        second.type_text(CTRL_D)?;
        ensure!(second.wait().await?.success());

        // Where none can be kept there is a prompt all the same.
        std::fs::remove_dir_all(bench.path("state"))?;
        std::fs::write(bench.path("state"), "no directory")?;
        let third = bench.terminal(&["sql"]).await?;
        third.until("No history is kept").await?;
        third.until("sql> ").await?;
        let shown = bench.say(&third, "SELECT 40 + 2;").await?;
        ensure!(shown.contains("42"), "{shown:?}");
        third.type_text(CTRL_D)?;
        ensure!(third.wait().await?.success());
        Ok(())
    })
    .await
}
