//! `aurora machine …`

use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::metadata::Metadata;
use aurora_chaos_tests::moto::{Moto, texts};
use aurora_chaos_tests::sandbox::Sandbox;
use serde_json::{Value, json};

use super::{anybody, machine, printed, said};

#[tokio::test]
async fn a_template_is_filled_with_what_the_machine_is() -> Result<()> {
    Sandbox::run("aws-config", async |sandbox| {
        let metadata = Metadata::start("i-0123", "10.1.2.3", &anybody()).await?;
        let environment = metadata.variables();
        let facts: Value = serde_json::from_str(&printed(&["config"], &environment).await?)?;
        let expected = json!({
            "instance_id": "i-0123",
            "private_ip": "10.1.2.3",
            "region": "eu-west-1",
            "zone": "eu-west-1a",
            "instance_type": "m7g.large",
        });
        ensure!(facts == expected, "{facts}");

        let template = sandbox.write(
            "template",
            "id = \"{instance_id}\"\nat = {private_ip}:1 {other} {zone}\n",
        )?;
        let out = sandbox.path("out");
        let (template, target) = (template.display().to_string(), out.display().to_string());
        let arguments = ["config", &template, "--out", &target, "--mode", "0640"];
        printed(&arguments, &environment).await?;
        let filled = std::fs::read_to_string(&out)?;
        ensure!(
            filled == "id = \"i-0123\"\nat = 10.1.2.3:1 {other} eu-west-1a\n",
            "{filled}"
        );
        ensure!(
            out.metadata()?.permissions().mode() & 0o777 == 0o640,
            "another mode"
        );
        let shown = printed(&["config", &template], &environment).await?;
        ensure!(shown == filled, "{shown}");
        ensure!(metadata.without_token() == 0, "the first version was spoken");

        let missing = machine(&["config", "/there/is/none"], &environment).await?;
        ensure!(
            !missing.status.success() && said(&missing).contains("/there/is/none"),
            "{missing:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn secrets_are_put_into_files_all_or_none() -> Result<()> {
    Sandbox::run("aws-files", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        let metadata = Metadata::start("i-0123", "10.1.2.3", &anybody()).await?;
        let mut environment = metadata.variables();
        environment.push(("AWS_ENDPOINT_URL".to_owned(), moto.endpoint().to_owned()));
        moto.make_secret("aurora/test/grafana", "{\"password\": \"hunter2\"}")
            .await?;
        moto.make_parameter("/aurora/test", "tiger\n").await?;
        let out = sandbox.path("secrets");
        let target = out.display().to_string();
        let run = async |files: &[&str]| {
            let all = ["secrets", "--wait", "5", "--out", &target];
            machine(&[&all[..], files].concat(), &environment).await
        };

        let broken = run(&["a=ssm:/aurora/test", "b=secretsmanager:aurora/gone"]).await?;
        ensure!(
            !broken.status.success() && said(&broken).contains("aurora/gone"),
            "{}",
            said(&broken)
        );
        ensure!(
            !out.exists(),
            "something was written although a secret is missing"
        );

        let password = "grafana-password=secretsmanager:aurora/test/grafana#password";
        for _ in 0..2 {
            let done = run(&[password, "b=ssm:/aurora/test"]).await?;
            ensure!(done.status.success(), "{}", said(&done));
            ensure!(
                !said(&done).contains("hunter2") && done.stdout.is_empty(),
                "it shows a secret"
            );
        }
        for (name, text) in [("grafana-password", "hunter2"), ("b", "tiger")] {
            let path = out.join(name);
            ensure!(
                std::fs::read_to_string(&path)? == text,
                "{name} holds something else"
            );
            ensure!(
                path.metadata()?.permissions().mode() & 0o777 == 0o400,
                "{name} can be read by others"
            );
        }
        ensure!(
            out.metadata()?.permissions().mode() & 0o777 == 0o700,
            "the directory can be read by others"
        );
        ensure!(std::fs::read_dir(&out)?.count() == 2, "something else is left");

        let literal = run(&["b=hunter2"]).await?;
        ensure!(
            !literal.status.success() && !said(&literal).contains("hunter2"),
            "{}",
            said(&literal)
        );
        let twice = run(&["b=ssm:/aurora/test", "b=ssm:/aurora/test"]).await?;
        ensure!(
            !twice.status.success() && said(&twice).contains("twice"),
            "{}",
            said(&twice)
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_machine_has_itself_replaced_and_says_how_full_it_is() -> Result<()> {
    Sandbox::run("aws-unhealthy", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        moto.make_group("aurora-test-peers", 1).await?;
        let instance = moto
            .group("aurora-test-peers")
            .await?
            .pop()
            .context("there is one")?;
        let metadata = Metadata::start(&instance, "10.1.2.3", &anybody()).await?;
        let mut environment = metadata.variables();
        environment.push(("AWS_ENDPOINT_URL".to_owned(), moto.endpoint().to_owned()));

        printed(&["unhealthy"], &environment).await?;
        let group = [("AutoScalingGroupNames.member.1", "aurora-test-peers")];
        let group = moto.auto_scaling("DescribeAutoScalingGroups", &group).await?;
        ensure!(texts(&group, "HealthStatus") == ["Unhealthy"], "{group}");

        let disk = ["disk", "--deployment", "test", "--role", "clickhouse", "/"];
        printed(&disk, &environment).await?;
        let dimensions = [("Deployment", "test"), ("Role", "clickhouse")];
        let used = moto.figures("DiskUsedPercent", &dimensions).await?;
        ensure!(used.len() == 1 && (0.0..=100.0).contains(&used[0]), "{used:?}");
        Ok(())
    })
    .await
}
