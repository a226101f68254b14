//! `aurora ask`: one question, and a conversation at a real pseudo-terminal.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::terminal::{CTRL_C, CTRL_D, Terminal, UP};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use super::{Bench, PATIENCE};

/// After so long nothing more of a request comes.
const SILENCE: Duration = Duration::from_secs(2);

impl Bench {
    /// Enters a line, and returns what comes up to the next prompt.
    async fn talk(&self, terminal: &Terminal, line: &str) -> Result<String> {
        terminal.enter(line)?;
        terminal.until("\n").await?;
        terminal.until("ask> ").await
    }

    /// The verdicts on questions, the latest question first.
    async fn verdicts(&self) -> Result<Vec<Value>> {
        let page = self
            .node
            .api()
            .get("/api/v1/history?kind=question&outcome=ok")
            .await?
            .json();
        let records = page["history"].as_array().context("there is no history")?;
        Ok(records.iter().map(|record| record["verdict"].clone()).collect())
    }
}

#[tokio::test]
async fn a_question_is_answered_in_a_pipe_and_on_a_terminal() -> Result<()> {
    Sandbox::run("ask-once", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let answer = bench.json(&["ask", "How many parcels were lost?"]).await?;
        ensure!(
            answer["rows"] == json!([["300"]]) && answer["history_id"].is_string(),
            "{answer}"
        );
        let direct = json!({ "question": "How many parcels were lost?" });
        let direct: Value = bench.node.api().post("/api/v1/ask", &direct).await?.json();
        let members = |object: &Value| -> Result<Vec<String>> {
            Ok(object
                .as_object()
                .context("it is no object")?
                .keys()
                .cloned()
                .collect())
        };
        ensure!(members(&answer)? == members(&direct)?, "{answer}");
        let after = bench
            .json(&["ask", "And by country?", "--after", "How many parcels were lost?"])
            .await?;
        ensure!(after["rows"].as_array().map(Vec::len) == Some(3), "{after}");
        bench
            .fails(&["ask", "How many purple parcels are there?"], &["purple"])
            .await?;
        bench.fails(&["ask"], &["no question"]).await?;

        let terminal = bench.terminal(&["ask", "How many parcels were lost?"]).await?;
        for step in [
            "There is one table.",
            "Reading: ",
            "parcels",
            "Running: SELECT",
            "300",
            "Read as (built-in",
        ] {
            terminal.until(step).await?;
        }
        ensure!(terminal.wait().await?.success());
        let terminal = bench
            .terminal(&["ask", "How many purple parcels are there?"])
            .await?;
        terminal.until("not understood: purple").await?;
        terminal.until("error:").await?;
        ensure!(terminal.wait().await?.code() == Some(1));
        let terminal = bench
            .terminal(&["ask", "--json", "How many parcels were lost?"])
            .await?;
        let shown = terminal.until("\"rows\":[[\"300\"]]").await?;
        ensure!(!shown.contains("Running"), "{shown:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_conversation_goes_on_and_answers_are_judged() -> Result<()> {
    Sandbox::run("ask-conversation", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let terminal = bench.terminal(&["ask"]).await?;
        terminal.until("ask> ").await?;
        for (line, said) in [
            ("\\sql", "no answer yet"),
            ("\\good", "no answer yet"),
            ("How many parcels were lost?", "300"),
            ("\\sql", "status = 'lost'"),
            ("How many purple parcels are there?", "error:"),
            // From the last one that was answered.
            ("And by country?", "100"),
            ("\\sql", "country"),
            ("\\good", "the answer is right"),
        ] {
            let shown = bench.talk(&terminal, line).await?;
            ensure!(shown.contains(said), "{line}: {shown:?}");
        }
        let judged = async |expected: &[Value]| {
            eventually("the verdicts", PATIENCE, async || {
                let verdicts = bench.verdicts().await?;
                ensure!(verdicts == expected, "they are {verdicts:?}");
                anyhow::Ok(true)
            })
            .await
        };
        judged(&[json!("right"), Value::Null]).await?;
        bench.talk(&terminal, "\\bad").await?;
        judged(&[json!("wrong"), Value::Null]).await?;

        let shown = bench.talk(&terminal, "\\new").await?;
        ensure!(shown.contains("goes on from nothing"), "{shown:?}");
        for (line, said) in [
            ("And by country?", "goes on from"),
            ("\\sql", "no answer yet"),
            ("\\?", "\\new"),
            ("\\drop", "there is no \\drop"),
        ] {
            let shown = bench.talk(&terminal, line).await?;
            ensure!(shown.contains(said), "{line}: {shown:?}");
        }
        terminal.type_text("not wanted")?;
        terminal.until("wanted").await?;
        terminal.type_text(CTRL_C)?;
        terminal.until("ask> ").await?;
        terminal.type_text(CTRL_D)?;
        ensure!(terminal.wait().await?.success());

        let again = bench.terminal(&["ask"]).await?;
        again.until("ask> ").await?;
        again.type_text(UP)?;
        again.until("\\drop").await?;
        again.type_text(CTRL_C)?;
        again.until("ask> ").await?;
        again.enter("\\q")?;
        ensure!(again.wait().await?.success());
        ensure!(bench.path("state/aurora/ask_history").exists());
        Ok(())
    })
    .await
}

/// The connection on which a model is asked something with that word; nodes have others, to have their model read ahead.
async fn asked(model: &TcpListener, word: &str) -> Result<TcpStream> {
    loop {
        let (mut connection, _) = tokio::time::timeout(PATIENCE, model.accept()).await??;
        let mut request = Vec::new();
        while let Ok(read) = tokio::time::timeout(SILENCE, connection.read_buf(&mut request)).await {
            if read? == 0 {
                break;
            }
            if String::from_utf8_lossy(&request).contains(word) {
                return Ok(connection);
            }
        }
    }
}

/// Waits until nobody wants anything of a model any more.
async fn until_closed(mut connection: TcpStream) -> Result<()> {
    let closed = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut Vec::new())).await;
    // Either way of closing it will do.
    closed.context("the model's connection stays open")?.ok();
    Ok(())
}

#[tokio::test]
async fn ctrl_c_ends_a_question_and_not_the_conversation() -> Result<()> {
    Sandbox::run("ask-ctrl-c", async |sandbox| {
        // A model that takes connections and never says anything.
        let model = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/v1", model.local_addr()?);
        let environment = [
            ("OPENAI_BASE_URL", url.as_str()),
            ("OPENAI_API_KEY", "sk-test"),
            ("AURORA_MODEL", "silent"),
        ];
        let bench = Bench::start_with(sandbox, &environment).await?;
        // Nothing in it that the translator knows but the table.
        let question =
            "Which parcels would a wise old postman from the mountains carry up there first of everything?";
        let terminal = bench.terminal(&["ask", question]).await?;
        terminal.until("Asking the model for").await?;
        let connection = asked(&model, "postman").await?;
        terminal.type_text(CTRL_C)?;
        ensure!(terminal.wait().await?.code() == Some(130));
        until_closed(connection).await?;

        let terminal = bench.terminal(&["ask"]).await?;
        terminal.until("ask> ").await?;
        terminal.enter(question)?;
        terminal.until("Asking the model for").await?;
        let connection = asked(&model, "postman").await?;
        terminal.type_text(CTRL_C)?;
        until_closed(connection).await?;
        terminal.until("was ended before it was answered").await?;
        terminal.until("ask> ").await?;
        let shown = bench.talk(&terminal, "How many parcels were lost?").await?;
        ensure!(shown.contains("300"), "{shown:?}");
        terminal.type_text(CTRL_D)?;
        ensure!(terminal.wait().await?.success());
        Ok(())
    })
    .await
}
