//! What a deployment asks AWS, in moto's words.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::moto::{Moto, REGION};
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_node::aws::account::Market;
use aurora_node::aws::logs::{LogQuery, NewEvent, Tail};
use aurora_node::aws::{Aws, AwsError};
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::Timestamp;
use serde_json::json;

use super::anybody;

fn aws(moto: &Moto) -> Result<Aws> {
    let key = anybody();
    let credentials = Credentials::new(&key.id, &key.secret, None, None, "test");
    let config = SdkConfig::builder()
        .region(Region::new(REGION))
        .endpoint_url(moto.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Ok(Aws::with_config(&config)?)
}

#[tokio::test]
async fn an_account_says_what_it_has() -> Result<()> {
    Sandbox::run("aws-account", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        let aws = aws(&moto)?;
        let caller = aws.caller_identity().await?;
        ensure!(
            caller.account == "123456789012" && caller.arn.starts_with("arn:aws:"),
            "{caller:?}"
        );

        let regions = aws.regions().await?;
        let region = |name: &str| {
            regions
                .iter()
                .find(|region| region.name == name)
                .map(|region| region.is_enabled)
        };
        ensure!(region(REGION) == Some(true), "{regions:?}");
        ensure!(
            regions.iter().any(|region| !region.is_enabled),
            "none has to be switched on"
        );
        let zones = aws.zones().await?;
        ensure!(zones.len() == 3 && zones[0] == "eu-west-1a", "{zones:?}");
        let two = ["eu-west-1b", "eu-west-1a"];
        ensure!(
            aws.zones_with_type(&two, "m7g.large").await? == ["eu-west-1a", "eu-west-1b"],
            "others"
        );
        ensure!(aws.zones_with_type(&[], "m7g.large").await?.len() >= 2, "too few");
        ensure!(
            aws.zones_with_type(&two, "m99.large").await?.is_empty(),
            "m99 is not offered"
        );
        let types = aws.instance_types(&["m7g.large"]).await?;
        let [kind] = &types[..] else {
            anyhow::bail!("{types:?}");
        };
        ensure!((kind.vcpus, kind.memory_mib) == (2, 8_192), "{kind:?}");
        ensure!(kind.architectures == ["arm64"], "{kind:?}");
        let unknown = aws.instance_types(&["m99.large"]).await;
        ensure!(
            matches!(&unknown, Err(AwsError::Rejected { message, .. }) if message.contains("m99.large")),
            "{unknown:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_group_says_how_its_machines_are() -> Result<()> {
    Sandbox::run("aws-describe", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        let aws = aws(&moto)?;
        ensure!(
            aws.auto_scaling_group("aurora-test-peers").await?.is_none(),
            "it is there"
        );
        moto.make_group("aurora-test-peers", 3).await?;
        let group = aws
            .auto_scaling_group("aurora-test-peers")
            .await?
            .context("it is there")?;
        ensure!(
            (group.desired_capacity, group.instances().len()) == (3, 3),
            "{group:?}"
        );
        ensure!(
            group
                .instances()
                .iter()
                .all(|one| one.lifecycle_state == "InService" && one.health_status == "Healthy"),
            "{group:?}"
        );
        aws.set_unhealthy(&group.instances()[0].id, true).await?;
        let after = aws
            .auto_scaling_group("aurora-test-peers")
            .await?
            .context("it is there")?;
        ensure!(after.instances()[0].health_status == "Unhealthy", "{after:?}");
        let missing = aws.set_unhealthy("i-0000", true).await;
        ensure!(matches!(missing, Err(AwsError::NotFound { .. })), "{missing:?}");
        // Moto knows no activities; the answer is read all the same.
        ensure!(
            aws.scaling_activities("aurora-test-peers", 10).await?.is_empty(),
            "there are some"
        );
        // Group machines have 2 processors each (t3.small).
        let vcpus = [Market::OnDemand, Market::Spot].map(|market| aws.vcpus_in_use(market));
        let [on_demand, spot] = vcpus;
        let (on_demand, spot) = (on_demand.await?, spot.await?);
        ensure!((on_demand, spot) == (6, 0), "{on_demand} {spot}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_certificate_says_for_whom_it_is() -> Result<()> {
    Sandbox::run("aws-certificate", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        let aws = aws(&moto)?;
        let names = json!({
            "DomainName": "aurora.example.com",
            "SubjectAlternativeNames": ["*.aurora.example.com"],
        });
        let made = moto
            .json("acm", "CertificateManager.RequestCertificate", &names)
            .await?;
        let arn = made["CertificateArn"].as_str().context("it has no ARN")?;
        let certificate = aws.certificate(arn).await?;
        ensure!(certificate.is_for("aurora.example.com"), "{certificate:?}");
        ensure!(certificate.is_for("prod.aurora.example.com"), "{certificate:?}");
        ensure!(!certificate.is_for("example.com"), "{certificate:?}");
        let trouble = certificate.trouble(Timestamp::now());
        ensure!(
            (certificate.status == "PENDING_VALIDATION") == trouble.is_some(),
            "{certificate:?}: {trouble:?}"
        );
        let gone = arn.replace(char::is_numeric, "0");
        let gone = aws.certificate(&gone).await;
        ensure!(matches!(gone, Err(AwsError::NotFound { .. })), "{gone:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn logs_are_written_and_followed() -> Result<()> {
    Sandbox::run("aws-tail", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        let aws = aws(&moto)?;
        let group = "/aurora/test/peers";
        let missing = aws.create_log_stream(group, "i-1").await;
        ensure!(matches!(missing, Err(AwsError::NotFound { .. })), "{missing:?}");
        moto.json(
            "logs",
            "Logs_20140328.CreateLogGroup",
            &json!({ "logGroupName": group }),
        )
        .await?;
        for stream in ["i-1", "i-1", "i-2"] {
            aws.create_log_stream(group, stream).await?;
        }
        let now_ms = Timestamp::now().as_millisecond();
        let event = |at_ms: i64, message: &str| NewEvent {
            at_ms: now_ms + at_ms,
            message: message.to_owned(),
        };
        aws.put_log_events(group, "i-1", &[event(-2_000, "one"), event(0, "three")])
            .await?;
        aws.put_log_events(group, "i-2", &[event(-1_000, "two")]).await?;
        let query = LogQuery {
            group: group.to_owned(),
            from_ms: Some(now_ms - 60_000),
            ..LogQuery::default()
        };
        let mut tail = Tail::new(query.clone());
        let mut look = async || {
            let events = tail.look(&aws).await?;
            anyhow::Ok(events.into_iter().map(|event| event.message).collect::<Vec<_>>())
        };
        ensure!(look().await? == ["one", "two", "three"], "others");
        ensure!(look().await?.is_empty(), "some come twice");
        // What comes late, and what comes at the same time.
        aws.put_log_events(group, "i-2", &[event(-500, "late"), event(0, "same")])
            .await?;
        ensure!(look().await? == ["late", "same"], "they are left out");
        let only = LogQuery {
            pattern: Some("\"late\"".to_owned()),
            ..query
        };
        let page = aws.log_events(&only, None).await?;
        ensure!(
            page.events.len() == 1 && page.events[0].stream == "i-2",
            "{page:?}"
        );
        Ok(())
    })
    .await
}
