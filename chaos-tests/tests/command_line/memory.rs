//! The glossary and saved queries, there and back.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use serde_json::{Value, json};

use super::{Bench, PATIENCE};

fn terms(glossary: &Value) -> Vec<&str> {
    let entries = glossary["entries"].as_array().into_iter().flatten();
    entries.filter_map(|entry| entry["term"].as_str()).collect()
}

#[tokio::test]
async fn the_glossary_is_changed_term_by_term_and_questions_use_it() -> Result<()> {
    Sandbox::run("glossary", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let empty = bench.json(&["glossary"]).await?;
        ensure!(empty == json!({ "version": 0, "entries": [] }), "{empty}");
        let astray = ["glossary", "set", "astray", "--table", "parcels", "--column", "status", "--value", "lost"];
        bench.good(&astray).await?;
        bench.good(&["glossary", "set", "heft", "--sql", "sum(weight_kg)", "--synonym", "bulk", "--synonym", "mass"]).await?;
        // The same term, whatever its case: what was said before goes.
        bench.good(&["glossary", "set", "HEFT", "--sql", "avg(weight_kg)", "--meaning", "kilograms a parcel"]).await?;
        let glossary = bench.json(&["glossary", "list"]).await?;
        ensure!(
            glossary["entries"][1]
                == json!({ "term": "HEFT", "meaning": "kilograms a parcel", "synonyms": [], "sql": "avg(weight_kg)" }),
            "{glossary}"
        );
        ensure!(glossary["version"] == 3 && terms(&glossary) == ["astray", "HEFT"], "{glossary}");
        eventually("the word to be understood", PATIENCE, async || {
            let answer = bench.json(&["ask", "How many parcels are astray?"]).await?;
            anyhow::Ok(answer["rows"] == json!([["300"]]))
        })
        .await?;
        let terminal = bench.terminal(&["glossary"]).await?;
        terminal.until("parcels.status = lost").await?;
        ensure!(terminal.wait().await?.success());

        // Everybody at once: nobody undoes what another has said.
        let names: Vec<String> = (0..6).map(|n| format!("word-{n}")).collect();
        let set = names.iter().map(async |name| bench.good(&["glossary", "set", name, "--meaning", "a word"]).await);
        futures_util::future::try_join_all(set).await?;
        let glossary = bench.json(&["glossary"]).await?;
        ensure!(names.iter().all(|name| terms(&glossary).contains(&name.as_str())), "{glossary}");

        bench.good(&["glossary", "remove", "Astray"]).await?;
        bench.fails(&["glossary", "remove", "astray"], &["no term \"astray\""]).await?;
        bench.fails(&["glossary", "set", " "], &["no term"]).await?;
        let usage = bench.run(&["glossary", "set", "x", "--value", "y"]).await?;
        ensure!(usage.status.code() == Some(2), "{usage:?}");
        ensure!(!terms(&bench.json(&["glossary"]).await?).contains(&"astray"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn queries_are_saved_run_replaced_and_forgotten() -> Result<()> {
    Sandbox::run("saved", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let name = "parcels by country? 100 % + ü";
        let sql = "SELECT count() AS n FROM parcels WHERE country = {c:String}";
        ensure!(bench.json(&["saved"]).await? == json!({ "saved": [] }));
        bench
            .good(&[
                "saved",
                "save",
                name,
                sql,
                "--param",
                "c=AT",
                "--question",
                "How many to a country?",
            ])
            .await?;
        let saved = bench.json(&["saved", "show", name]).await?;
        ensure!(
            saved["sql"] == sql && saved["params"] == json!({ "c": "AT" }) && saved["name"] == name,
            "{saved}"
        );
        let list = bench.json(&["saved", "list"]).await?;
        ensure!(list["saved"][0]["question"] == "How many to a country?", "{list}");

        let rows = |answer: Value| answer["rows"].clone();
        ensure!(rows(bench.json(&["saved", "run", name]).await?) == json!([["1000"]]));
        ensure!(rows(bench.json(&["saved", "run", name, "--param", "c=XX"]).await?) == json!([["0"]]));
        ensure!(bench.good(&["saved", "run", name, "--format", "csv"]).await? == "\"n\"\n1000\n");
        bench.good(&["saved", "run", name, "--output", "n.jsonl"]).await?;
        ensure!(std::fs::read_to_string(bench.path("n.jsonl"))? == "{\"n\":\"1000\"}\n");

        // Nobody's query is overwritten by chance; what is not given anew stays.
        bench
            .fails(&["saved", "save", name, "SELECT 2"], &["already", "--replace"])
            .await?;
        bench
            .good(&[
                "saved",
                "save",
                name,
                "SELECT {c:String} AS c",
                "--replace",
                "--description",
                "short",
            ])
            .await?;
        let saved = bench.json(&["saved", "show", name]).await?;
        ensure!(
            saved["sql"] == "SELECT {c:String} AS c"
                && saved["version"] == 2
                && saved["description"] == "short",
            "{saved}"
        );
        ensure!(
            saved["question"] == "How many to a country?" && saved["params"] == json!({ "c": "AT" }),
            "{saved}"
        );
        // What is given as nothing goes, and so does what the statement has no use for.
        let again = [
            "saved",
            "save",
            name,
            "SELECT 1",
            "--replace",
            "--description",
            "",
        ];
        bench.good(&again).await?;
        let changed = bench.json(&["saved", "show", name]).await?;
        ensure!(
            changed["description"] == "" && changed["params"] == json!({}),
            "{changed}"
        );
        ensure!(changed["question"] == "How many to a country?", "{changed}");
        bench
            .good(&[
                "saved",
                "save",
                name,
                "SELECT {c:String} AS c",
                "--replace",
                "--param",
                "c=AT",
            ])
            .await?;
        bench
            .fails(
                &["saved", "save", "nothing", "-"],
                &["there is none on standard input"],
            )
            .await?;
        let command = bench.command(&["saved", "save", "from a file", "-"]).await?;
        ensure!(
            bench
                .run_with(command, "SELECT 3 AS three\n")
                .await?
                .status
                .success()
        );
        ensure!(rows(bench.json(&["saved", "run", "from a file"]).await?) == json!([[3]]));

        let terminal = bench.terminal(&["saved"]).await?;
        terminal.until("How many to a country?").await?;
        ensure!(terminal.wait().await?.success());
        let terminal = bench.terminal(&["saved", "show", name]).await?;
        for part in [
            "How many to a country?",
            "SELECT {c:String} AS c",
            "c = AT",
            "saved by",
        ] {
            terminal.until(part).await?;
        }
        ensure!(terminal.wait().await?.success());

        bench.good(&["saved", "remove", name]).await?;
        for arguments in [
            &["saved", "remove", name][..],
            &["saved", "show", name],
            &["saved", "run", name],
        ] {
            bench.fails(arguments, &["no such saved query"]).await?;
        }
        bench
            .fails(
                &["saved", "save", name, "SELECT 1", "--replace"],
                &["no such saved query"],
            )
            .await?;
        bench
            .fails(&["saved", "save", "a/b", "SELECT 1"], &["cannot be a name"])
            .await?;
        let list = bench.json(&["saved"]).await?;
        let names = list["saved"].as_array().context("no list")?;
        ensure!(names.len() == 1 && names[0]["name"] == "from a file", "{list}");
        Ok(())
    })
    .await
}
