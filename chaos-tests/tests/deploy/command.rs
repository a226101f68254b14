//! `aurora deploy` and its kin, as somebody types them.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::moto::REGION;
use aurora_chaos_tests::{binary, cached_tool};

use super::shell::{Shell, another_account, ensure_failed, said, written};
use super::told::require_shown;
use super::variables;

#[tokio::test]
async fn one_command_deploys() -> Result<()> {
    let shell = Shell::open().await?;
    let deployed = shell
        .run(&["deploy", "--name", "prod", "--region", "eu-west-1", "--yes"])
        .await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    ensure!(
        said(&deployed).contains("account 123456789012"),
        "{}",
        said(&deployed)
    );
    let outputs: serde_json::Value =
        serde_json::from_str(written(&deployed).lines().last().context("no output")?)?;
    ensure!(outputs["group"] == "aurora-prod-peers", "{outputs}");
    ensure!(shell.file().exists(), "no description");

    let again = shell.run(&["deploy", "--yes"]).await?;
    ensure!(
        again.status.success() && said(&again).contains("everything is as it should be"),
        "{}",
        said(&again)
    );

    let scaled = shell.run(&["scale", "3", "--yes"]).await?;
    ensure!(scaled.status.success(), "{}", said(&scaled));
    ensure!(
        std::fs::read_to_string(shell.file())?.contains("nodes = 3"),
        "the description does not say so"
    );
    ensure!(
        shell.aws.world().inputs("Group peers").context("no group")?["minSize"] == 3.0,
        "not scaled"
    );
    ensure_failed(
        &shell.run(&["scale", "0", "--yes"]).await?,
        &["0 nodes", "aurora destroy"],
    )?;
    ensure_failed(
        &shell.run(&["scale", "100", "--yes"]).await?,
        &["virtual processors", "Service Quotas"],
    )?;
    ensure!(
        std::fs::read_to_string(shell.file())?.contains("nodes = 3"),
        "a number that was refused is in the description"
    );

    restored(&shell).await?;

    let nobody = shell.run(&["destroy"]).await?;
    ensure_failed(&nobody, &["--yes"])?;
    let wrong = shell.run(&["destroy", "--yes", "--delete-data", "other"]).await?;
    ensure_failed(&wrong, &["\"other\"", "nothing has been deleted"])?;
    let destroyed = shell.run(&["destroy", "--yes"]).await?;
    ensure!(
        destroyed.status.success() && said(&destroyed).contains("kept:"),
        "{}",
        said(&destroyed)
    );
    ensure!(
        shell.aws.world().names().contains(&"Volume data".to_owned()),
        "the data is gone"
    );
    let gone = shell.run(&["destroy", "--yes", "--delete-data", "prod"]).await?;
    ensure!(gone.status.success(), "{}", said(&gone));
    ensure!(
        shell.aws.world().names().is_empty(),
        "{:?}",
        shell.aws.world().names()
    );
    Ok(())
}

async fn restored(shell: &Shell) -> Result<()> {
    let restored = shell.run(&["restore", "--zone", "1", "--yes"]).await?;
    ensure!(restored.status.success(), "{}", said(&restored));
    let text = std::fs::read_to_string(shell.file())?;
    ensure!(
        text.contains("[[clickhouse.restores]]"),
        "the description does not say so: {text}"
    );
    let world = shell.aws.world();
    ensure!(world.inputs("Volume data").is_some(), "the old volume is gone");
    let new = world.inputs("Volume data-1").context("there is no new volume")?;
    ensure!(new["availabilityZone"] == "eu-west-1b", "{new:?}");
    ensure!(
        world.inputs("VolumeAttachment data-1").is_some(),
        "it is not attached"
    );
    Ok(())
}

#[tokio::test]
async fn a_preview_shows_the_plan_and_what_it_costs() -> Result<()> {
    let shell = Shell::open().await?;
    for (size, machine) in [
        ("dev", "t3.small"),
        ("standard", "c7i.large"),
        ("large", "c7i.2xlarge"),
    ] {
        let text = format!("name = \"prod\"\nregion = \"us-east-1\"\nsize = \"{size}\"\n");
        std::fs::write(shell.file(), text)?;
        let shown = shell.run(&["preview"]).await?;
        ensure!(shown.status.success(), "{}", said(&shown));
        for expected in ["+ NatGateway", machine, "in all, about", "create"] {
            ensure!(
                written(&shown).contains(expected),
                "{expected:?} is not in: {}",
                written(&shown)
            );
        }
        require_shown(&format!("preview-{size}.txt"), &written(&shown))?;
    }
    ensure!(
        shell.aws.world().names().is_empty(),
        "a preview has made something"
    );
    // Before anything is described.
    std::fs::remove_file(shell.file())?;
    let new = [
        "preview",
        "--name",
        "shop",
        "--region",
        "us-east-1",
        "--size",
        "dev",
    ];
    let shown = shell.run(&new).await?;
    ensure!(
        shown.status.success() && written(&shown).contains("in all, about") && !shell.file().exists(),
        "{}",
        said(&shown)
    );
    std::fs::write(shell.file(), "name = \"prod\"\nregion = \"us-east-1\"\n")?;
    // Without Pulumi and AWS.
    let offline = [("AURORA_PULUMI", Some("/nowhere")), ("AWS_ACCESS_KEY_ID", None)];
    let shown = shell.run_with(&["preview", "--offline"], &offline).await?;
    ensure!(
        shown.status.success() && written(&shown).contains("in all, about"),
        "{}",
        said(&shown)
    );
    Ok(())
}

/// What a run that died has made is found in AWS by its tags, and taken up.
#[tokio::test]
async fn what_a_dead_run_left_is_taken_up() -> Result<()> {
    let shell = Shell::open().await?;
    let text = format!("name = \"prod\"\nregion = \"{REGION}\"\nsize = \"standard\"\n");
    std::fs::write(shell.file(), text)?;
    shell.cut_off("NatGateway nat-1").await?;
    // The emulator has it as the provider made it.
    let tags = [("aurora", "prod"), ("Name", "aurora-prod-nat-1")];
    let id = shell.moto.make_gateway(&tags).await?;
    shell
        .aws
        .world()
        .rename("NatGateway nat-1", &id)
        .map_err(anyhow::Error::msg)?;
    shell.aws.world().take_log();

    // Whoever says that it is not there, and looked in another account, is not believed.
    let other = another_account().await?;
    let elsewhere = [("AWS_ENDPOINT_URL_STS", Some(other.as_str()))];
    let refused = shell.run_with(&["deploy", "--yes", "--forget-pending"], &elsewhere);
    ensure_failed(&refused.await?, &["210987654321", "AWS_PROFILE"])?;

    let deployed = shell.run(&["deploy", "--yes"]).await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    for expected in ["an earlier run was cut off", &id, "taken up"] {
        ensure!(
            said(&deployed).contains(expected),
            "{expected:?} is not in: {}",
            said(&deployed)
        );
    }
    let made_again = shell.aws.world().take_log();
    let made_again = made_again
        .iter()
        .find(|done| done.verb == "create" && done.what() == "NatGateway nat-1");
    ensure!(made_again.is_none(), "it was made a second time");
    ensure!(
        shell.aws.world().id("NatGateway nat-1") == Some(id),
        "another one is there now"
    );
    Ok(())
}

/// With `aurora` in the search path under the name that Pulumi looks for.
#[tokio::test]
async fn a_plain_pulumi_up_works_as_well() -> Result<()> {
    let shell = Shell::open().await?;
    let deployed = shell
        .run(&["deploy", "--name", "prod", "--region", "eu-west-1", "--yes"])
        .await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    let text = std::fs::read_to_string(shell.file())?;
    std::fs::write(shell.file(), text + "nodes = 2\n")?;
    let bin = shell.folder.path().join("bin");
    std::fs::create_dir(&bin)?;
    std::os::unix::fs::symlink(binary::aurora().await?, bin.join("pulumi-language-aurora"))?;
    let mut search = std::ffi::OsString::from(&bin);
    search.push(":");
    search.push(std::env::var_os("PATH").unwrap_or_default());
    let folder = shell.folder.path().join(".aurora");
    let mut command = tokio::process::Command::new(cached_tool::pulumi().await?);
    command
        .args([
            "up",
            "--yes",
            "--skip-preview",
            "--non-interactive",
            "--stack",
            "prod",
        ])
        .current_dir(folder.join("prod"))
        .env("PATH", search)
        .env(
            "PULUMI_BACKEND_URL",
            format!("file://{}", Path::new(&folder).join("state").display()),
        )
        .env("PULUMI_CONFIG_PASSPHRASE_FILE", folder.join("passphrase"))
        .env("PULUMI_SKIP_UPDATE_CHECK", "true")
        .envs(variables(&shell.aws, shell.folder.path()))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command.output().await?;
    ensure!(output.status.success(), "{}{}", written(&output), said(&output));
    ensure!(
        shell.aws.world().inputs("Group peers").context("no group")?["minSize"] == 2.0,
        "not scaled: {}",
        written(&output)
    );
    Ok(())
}
