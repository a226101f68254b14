//! Commands that are given once more.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::fake_aws::Fault;
use aurora_chaos_tests::moto::REGION;
use aurora_pulumi::deployment::Deployment;

use super::shell::{Shell, ensure_failed, said};

/// How many restores the description has.
fn restores(shell: &Shell) -> Result<usize> {
    Ok(Deployment::read(&shell.file())?.clickhouse.restores.len())
}

#[tokio::test]
async fn the_first_command_goes_on_with_what_it_began() -> Result<()> {
    let shell = Shell::open().await?;
    // Somebody looks at another region first; its certificate is of no use here.
    let elsewhere = shell
        .run(&["preview", "--name", "prod", "--region", "us-east-1"])
        .await?;
    ensure!(elsewhere.status.success(), "{}", said(&elsewhere));
    let first = ["deploy", "--name", "prod", "--region", REGION, "--yes"];
    let broken = [
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_SECRET_ACCESS_KEY", None),
        ("HOME", Some("/nowhere")),
    ];
    ensure_failed(
        &shell.run_with(&first, &broken).await?,
        &["no AWS credentials", "aws sso login"],
    )?;
    let file = shell.folder.path().join(".aurora/prod/certificate.pem");
    let deployed = shell.run(&first).await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    let shown = Command::new("openssl")
        .args(["x509", "-noout", "-text", "-in"])
        .arg(&file)
        .output()?;
    let shown = String::from_utf8_lossy(&shown.stdout);
    ensure!(
        shown.contains(&format!("*.{REGION}.elb.amazonaws.com")),
        "{shown}"
    );
    for open in ["`allow` under [edge]", "`email` under [alarms]"] {
        ensure!(
            said(&deployed).contains(open),
            "{open} is not in: {}",
            said(&deployed)
        );
    }
    let again = shell.run(&first).await?;
    ensure!(
        again.status.success() && said(&again).contains("everything is as it should be"),
        "{}",
        said(&again)
    );
    let other = shell.run(&["deploy", "--name", "prod", "--region", "us-east-1", "--yes"]);
    ensure_failed(&other.await?, &["describes another deployment", "--file"])
}

#[tokio::test]
async fn a_restore_that_failed_goes_on_and_begins_no_other() -> Result<()> {
    let shell = Shell::open().await?;
    let first = ["deploy", "--name", "prod", "--region", REGION, "--yes"];
    let deployed = shell.run(&first).await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    let restore = ["restore", "--zone", "1", "--yes"];
    let fault = Fault::Fails("InsufficientInstanceCapacity: none left".to_owned());
    shell
        .aws
        .world()
        .break_down("create", "Instance clickhouse-1", fault);
    ensure_failed(&shell.run(&restore).await?, &["InsufficientInstanceCapacity"])?;
    shell.aws.world().heal();

    // The old machine cannot be taken away at first.
    let fault = Fault::Fails("ServiceUnavailable: the zone is impaired".to_owned());
    shell
        .aws
        .world()
        .break_down("delete", "Instance clickhouse", fault);
    ensure_failed(&shell.run(&restore).await?, &["goes on", "is impaired"])?;
    shell.aws.world().heal();
    let restored = shell.run(&restore).await?;
    ensure!(
        restored.status.success() && said(&restored).contains("goes on"),
        "{}",
        said(&restored)
    );
    ensure!(restores(&shell)? == 1, "another restore has been begun");
    let names = shell.aws.world().names();
    let has = |name: &str| names.iter().any(|one| one == name);
    ensure!(
        has("Instance clickhouse-1") && !has("Instance clickhouse") && !has("Volume data-2"),
        "{names:?}"
    );

    // From here on it is another one, whatever becomes of the machine.
    shell
        .aws
        .world()
        .lose("Instance clickhouse-1")
        .map_err(anyhow::Error::msg)?;
    let other = shell.run(&restore).await?;
    ensure!(other.status.success(), "{}", said(&other));
    ensure!(restores(&shell)? == 2, "no other restore has been begun");

    // What is gone with all its data has nothing to restore.
    let gone = shell.run(&["destroy", "--yes", "--delete-data", "prod"]).await?;
    ensure!(
        gone.status.success() && said(&gone).contains("[[clickhouse.restores]]"),
        "{}",
        said(&gone)
    );
    ensure_failed(
        &shell.run(&["deploy", "--yes"]).await?,
        &["[[clickhouse.restores]]", "Take them out"],
    )?;
    let names = shell.aws.world().names();
    ensure!(names.is_empty(), "{names:?}");
    Ok(())
}

/// AWS takes no second role of a name, and roles are not looked for.
#[tokio::test]
async fn what_a_dead_run_left_and_nobody_looks_for_is_named() -> Result<()> {
    let shell = Shell::open().await?;
    std::fs::write(shell.file(), format!("name = \"prod\"\nregion = \"{REGION}\"\n"))?;
    shell.cut_off("Role peers").await?;
    ensure_failed(
        &shell.run(&["deploy", "--yes"]).await?,
        &[
            "Role peers may be there",
            "delete it by hand",
            "a run that was cut off has left",
        ],
    )?;
    shell
        .aws
        .world()
        .delete_by_hand("Role peers")
        .map_err(anyhow::Error::msg)?;
    let deployed = shell.run(&["deploy", "--yes"]).await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    Ok(())
}

/// As single sign-on and password managers hand them over.
#[tokio::test]
async fn credentials_of_another_program_are_taken() -> Result<()> {
    let shell = Shell::open().await?;
    std::fs::write(shell.file(), format!("name = \"prod\"\nregion = \"{REGION}\"\n"))?;
    let config = shell.folder.path().join("config");
    let said_by_it = r#"{ "Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "example" }"#;
    let program = shell.folder.path().join("credentials.json");
    std::fs::write(&program, said_by_it)?;
    let text = format!("[profile team]\ncredential_process = cat {}\n", program.display());
    std::fs::write(&config, text)?;
    let config = config.to_string_lossy().into_owned();
    let profile = [
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_SECRET_ACCESS_KEY", None),
        ("AWS_CONFIG_FILE", Some(config.as_str())),
        ("AWS_PROFILE", Some("team")),
    ];
    let shown = shell.run_with(&["preview"], &profile).await?;
    ensure!(
        shown.status.success() && said(&shown).contains("account 123456789012"),
        "{}",
        said(&shown)
    );
    Ok(())
}

/// Somebody ends the database's machine by hand. Its volume is there, and goes to the next one.
#[tokio::test]
async fn a_machine_that_is_gone_is_made_again_with_its_volume() -> Result<()> {
    let shell = Shell::open().await?;
    let first = ["deploy", "--name", "prod", "--region", REGION, "--yes"];
    let deployed = shell.run(&first).await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    let ids = || {
        let world = shell.aws.world();
        ["Instance clickhouse", "Volume data"].map(|name| world.id(name))
    };
    let [machine, volume] = ids();
    ensure!(!said(&deployed).contains("gone"), "{}", said(&deployed));
    shell
        .aws
        .world()
        .lose("Instance clickhouse")
        .map_err(anyhow::Error::msg)?;
    let again = shell.run(&["deploy", "--yes"]).await?;
    ensure!(
        again.status.success() && said(&again).contains("the machine clickhouse ("),
        "{}",
        said(&again)
    );
    let [new_machine, same_volume] = ids();
    ensure!(new_machine.is_some() && new_machine != machine, "no new machine");
    ensure!(same_volume == volume, "another volume");
    let attached = {
        let world = shell.aws.world();
        world.inputs("VolumeAttachment data").cloned()
    };
    let attached = attached.context("the volume is not attached")?;
    ensure!(
        Some(&attached["instanceId"]) == new_machine.map(Into::into).as_ref(),
        "{attached:?}"
    );

    // Taking everything down works without a machine as well, and waits for one that is going.
    shell.aws.world().end("Instance clickhouse");
    let gone = shell.run(&["destroy", "--yes", "--delete-data", "prod"]).await?;
    ensure!(
        gone.status.success() && said(&gone).contains("is being ended"),
        "{}",
        said(&gone)
    );
    let names = shell.aws.world().names();
    ensure!(names.is_empty(), "{names:?}");
    Ok(())
}
