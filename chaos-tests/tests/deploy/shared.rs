//! A deployment that several people work on: its state is in a bucket, its secrets are encrypted with a key of KMS.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::moto::REGION;

use super::shell::{Shell, ensure_failed, said};

/// The state's part of a description, in moto.
fn state(shell: &Shell, secrets_provider: bool) -> String {
    let endpoint = shell.moto.endpoint();
    let mut text = format!(
        "name = \"prod\"\nregion = \"{REGION}\"\n[state]\n\
         backend = \"s3://our-state/aurora?region={REGION}&endpoint={endpoint}&s3ForcePathStyle=true\"\n"
    );
    if secrets_provider {
        text += &format!("secrets_provider = \"awskms://alias/pulumi?region={REGION}&awssdk=v2\"\n");
    }
    text
}

#[tokio::test]
async fn a_colleague_goes_on_from_a_state_in_a_bucket() -> Result<()> {
    let shell = Shell::open().await?;
    shell.moto.make_bucket("our-state").await?;
    shell.moto.make_key("alias/pulumi").await?;

    // A passphrase that one of them has made is of no use to the others.
    std::fs::write(shell.file(), state(&shell, false))?;
    ensure_failed(
        &shell.run(&["deploy", "--yes"]).await?,
        &["secrets_provider", "PULUMI_CONFIG_PASSPHRASE"],
    )?;

    std::fs::write(shell.file(), state(&shell, true))?;
    let deployed = shell.run(&["deploy", "--yes"]).await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));

    // With nothing but the description.
    let elsewhere = tempfile::tempdir()?;
    let description = elsewhere.path().join("aurora-aws.toml");
    std::fs::copy(shell.file(), &description)?;
    let description = description.to_str().context("a path of text")?;
    let token = |shell: &Shell| {
        let world = shell.aws.world();
        let secret = world.inputs("SecretVersion admin-token").context("no token")?;
        anyhow::Ok(secret["secretString"].clone())
    };
    let before = token(&shell)?;
    let again = shell.run(&["deploy", "--yes", "--file", description]).await?;
    ensure!(
        again.status.success() && said(&again).contains("everything is as it should be"),
        "{}",
        said(&again)
    );
    let scaled = shell.run(&["scale", "2", "--yes", "--file", description]).await?;
    ensure!(scaled.status.success(), "{}", said(&scaled));
    ensure!(token(&shell)? == before, "the secrets have been made anew");
    Ok(())
}
