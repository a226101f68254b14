//! What is found wrong before anything is made or changed.

use anyhow::{Result, ensure};
use aurora_chaos_tests::moto::REGION;

use super::shell::{Shell, another_account, answering, ensure_failed, said, written};

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_made() -> Result<()> {
    let shell = Shell::open().await?;
    let describe = |text: &str| std::fs::write(shell.file(), format!("name = \"prod\"\n{text}"));
    ensure_failed(
        &shell.run(&["preview"]).await?,
        &["aurora-aws.toml", "aurora preview --name"],
    )?;

    describe("region = \"eu-west-1\"\nnodes = 0")?;
    ensure_failed(&shell.run(&["deploy", "--yes"]).await?, &["0 nodes"])?;
    describe(
        "region = \"eu-west-1\"\n[[node.connections]]\nname = \"k\"\nbrokers = \"b:1\"\nproperties = { \"sasl.password\" = \"hunter2\" }",
    )?;
    let plain = shell.run(&["deploy", "--yes"]).await?;
    ensure_failed(&plain, &["Secrets Manager"])?;
    ensure!(
        !said(&plain).contains("hunter2"),
        "a secret is shown: {}",
        said(&plain)
    );
    describe("region = \"eu-west-9\"")?;
    ensure_failed(
        &shell.run(&["deploy", "--yes"]).await?,
        &["there is no region eu-west-9"],
    )?;
    describe("region = \"eu-west-1\"\n[clickhouse]\nmachine = \"r7x.large\"")?;
    ensure_failed(&shell.run(&["deploy", "--yes"]).await?, &["r7x.large"])?;
    describe("region = \"eu-west-1\"\n[network]\nzone_names = [\"eu-west-1a\", \"eu-west-1z\"]")?;
    ensure_failed(
        &shell.run(&["deploy", "--yes"]).await?,
        &["has no eu-west-1z", "eu-west-1b"],
    )?;
    // Debian's are on another device; and the emulator has no such image.
    for (image, says) in [
        ("ami-12c6146b", "/dev/sda1"),
        ("ami-00000000000000000", "there is no image"),
    ] {
        describe(&format!("region = \"eu-west-1\"\nimage = \"{image}\""))?;
        ensure_failed(&shell.run(&["deploy", "--yes"]).await?, &[image, says])?;
    }
    describe("region = \"eu-west-1\"\nimage = \"ami-760aaa0f\"")?;
    let right = shell.run(&["preview"]).await?;
    ensure!(right.status.success(), "{}", said(&right));
    describe("region = \"eusc-de-east-1\"\nimage = \"ami-760aaa0f\"")?;
    ensure_failed(&shell.run(&["deploy", "--yes"]).await?, &["Sovereign Cloud"])?;
    describe("region = \"eu-west-1\"\narchitecture = \"arm64\"")?;
    let built_for = if cfg!(target_arch = "aarch64") {
        "x86_64"
    } else {
        "arm64"
    };
    if built_for == "arm64" {
        ensure_failed(&shell.run(&["deploy", "--yes"]).await?, &["was built for x86_64"])?;
    }
    let arn = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000";
    describe(&format!(
        "region = \"eu-west-1\"\n[edge]\ndomain = \"a.example.com\"\ncertificate = \"{arn}\""
    ))?;
    ensure_failed(&shell.run(&["deploy", "--yes"]).await?, &["the certificate"])?;
    let expired = answering(
        r#"{ "Certificate": { "DomainName": "a.example.com", "SubjectAlternativeNames": ["a.example.com"],
            "Status": "EXPIRED", "NotAfter": 1600000000 } }"#,
    );
    let expired = expired.await?;
    let at_acm = [("AWS_ENDPOINT_URL_ACM", Some(expired.as_str()))];
    ensure_failed(
        &shell.run_with(&["deploy", "--yes"], &at_acm).await?,
        &["cannot be used", "2020-09-13", "is not for grafana.a.example.com"],
    )?;

    describe("region = \"eu-west-1\"")?;
    let no_credentials = [
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_SECRET_ACCESS_KEY", None),
        ("HOME", Some("/nonexistent")),
    ];
    ensure_failed(
        &shell.run_with(&["deploy", "--yes"], &no_credentials).await?,
        &["credentials"],
    )?;
    let no_pulumi = [("AURORA_PULUMI", Some("/nowhere/pulumi"))];
    ensure_failed(
        &shell.run_with(&["deploy", "--yes"], &no_pulumi).await?,
        &["/nowhere/pulumi", "install"],
    )?;
    ensure_failed(&shell.run(&["deploy"]).await?, &["--yes"])?;
    ensure_failed(&shell.run(&["scale", "2", "--yes"]).await?, &["aurora deploy"])?;
    ensure!(
        shell.aws.world().names().is_empty(),
        "{:?}",
        shell.aws.world().names()
    );
    Ok(())
}

/// With another account's credentials nothing of a deployment would be found, and all of it taken for deleted.
#[tokio::test]
async fn another_account_is_noticed() -> Result<()> {
    let shell = Shell::open().await?;
    let deployed = shell
        .run(&["deploy", "--name", "prod", "--region", REGION, "--yes"])
        .await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    let before = shell.aws.world().names();
    shell.aws.world().take_log();
    let other = another_account().await?;
    let elsewhere = [("AWS_ENDPOINT_URL_STS", Some(other.as_str()))];
    for command in [
        &["deploy", "--yes", "--renew-machines"][..],
        &["scale", "2", "--yes"],
        &["restore", "--yes"],
        &["destroy", "--yes"],
        &["destroy", "--yes", "--delete-data", "prod"],
    ] {
        let refused = shell.run_with(command, &elsewhere).await?;
        ensure_failed(&refused, &["123456789012", "210987654321", "AWS_PROFILE"])?;
    }
    ensure!(
        shell.aws.world().names() == before && shell.aws.world().take_log().is_empty(),
        "something was changed"
    );

    // Nor does it become what its machines cannot.
    let text = std::fs::read_to_string(shell.file())?;
    std::fs::write(shell.file(), text.replace(REGION, "us-east-1"))?;
    ensure_failed(
        &shell.run(&["deploy", "--yes"]).await?,
        &["cannot move to us-east-1"],
    )
}

/// A state that was lost is no reason to make everything a second time.
#[tokio::test]
async fn a_deployment_that_this_state_does_not_know_is_noticed() -> Result<()> {
    let shell = Shell::open().await?;
    let tags = [
        ("CidrBlock", "10.90.0.0/16"),
        ("TagSpecification.1.ResourceType", "vpc"),
        ("TagSpecification.1.Tag.1.Key", "aurora"),
        ("TagSpecification.1.Tag.1.Value", "prod"),
    ];
    shell.moto.ec2("CreateVpc", &tags).await?;
    let refused = shell
        .run(&["deploy", "--name", "prod", "--region", REGION, "--yes"])
        .await?;
    ensure_failed(&refused, &["does not know", "vpc-", "nothing has been changed"])?;
    let other = shell
        .run(&[
            "deploy", "--file", "b.toml", "--name", "other", "--region", REGION, "--yes",
        ])
        .await?;
    ensure!(other.status.success(), "{}{}", said(&other), written(&other));
    Ok(())
}
