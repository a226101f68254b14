//! What goes wrong in the middle.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::fake_aws::{FakeAws, Fault};
use aurora_pulumi::deployment::Restore;
use aurora_pulumi::engine::{EngineError, Event, Intent, Keep, Leftovers, Run, Tagged, Workspace};
use tokio::sync::mpsc;

use super::life::KEPT;
use super::{Stage, messages, workspace};

/// The ways out that there are.
fn gateways(stage: &Stage) -> Vec<String> {
    let names = stage.aws.world().names();
    names
        .into_iter()
        .filter(|name| name.starts_with("NatGateway"))
        .collect()
}

const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn what_fails_is_named_and_the_next_run_goes_on() -> Result<()> {
    let stage = Stage::set().await?;
    let fault = Fault::Fails("VcpuLimitExceeded: You have requested more vCPU capacity".to_owned());
    stage.aws.world().break_down("create", "Group peers", fault);
    let error = stage.up().await.err().context("it cannot have worked")?;
    let text = error.to_string();
    ensure!(matches!(error, EngineError::Resources(_)), "{error:?}");
    ensure!(
        text.contains("peers: ") && text.contains("VcpuLimitExceeded") && text.contains("Service Quotas"),
        "{text}"
    );
    let before = stage.aws.world().names();
    ensure!(
        before.iter().any(|name| name == "Instance clickhouse"),
        "{before:?}"
    );

    stage.aws.world().heal();
    stage.done();
    stage.up().await?;
    let done = stage.done();
    let made_twice = done
        .iter()
        .filter_map(|done| done.strip_prefix("create "))
        .find(|name| before.contains(&(*name).to_owned()));
    ensure!(made_twice.is_none(), "{made_twice:?} was made a second time");
    ensure!(
        stage.aws.world().names().iter().any(|name| name == "Group peers"),
        "the group is missing"
    );
    ensure!(stage.up().await?.changed() == 0, "there is still something to do");
    Ok(())
}

/// The description names the restore from the first attempt on, and the next run is an ordinary one.
#[tokio::test]
async fn a_restore_that_fails_in_the_middle_goes_on() -> Result<()> {
    let mut stage = Stage::set().await?;
    stage.up().await?;
    let told_before = {
        let world = stage.aws.world();
        world.inputs("Instance clickhouse").context("no database")?["userDataBase64"].clone()
    };
    stage.deployment.clickhouse.restores.push(Restore {
        backup: "latest".to_owned(),
        zone: 1,
    });
    let fault = Fault::Fails("InsufficientInstanceCapacity: none left".to_owned());
    stage
        .aws
        .world()
        .break_down("create", "Instance clickhouse-1", fault);
    ensure!(stage.up().await.is_err(), "it cannot have worked");
    stage.aws.world().heal();
    stage.up().await?;

    let world = stage.aws.world();
    let machine = world.inputs("Instance clickhouse-1").context("no new database")?;
    ensure!(
        machine["userDataBase64"] != told_before,
        "the new machine is told of the old volume"
    );
    ensure!(
        world.inputs("Instance clickhouse").is_none(),
        "the old database is still there"
    );
    ensure!(world.inputs("Volume data").is_some(), "the old volume is gone");
    ensure!(
        world.inputs("VolumeAttachment data-1").is_some() && world.inputs("VolumeAttachment data").is_none()
    );
    Ok(())
}

/// A zone does not answer any more, and the database was in it: it goes on in another one, and what is left in the lost one is
/// taken away once that is back.
#[tokio::test]
async fn a_lost_zone_does_not_keep_the_database_from_another_one() -> Result<()> {
    let mut stage = Stage::set().await?;
    stage.up().await?;
    for left in ["VolumeAttachment data", "Instance clickhouse"] {
        let fault = Fault::Fails("ServiceUnavailable: the zone eu-central-1a is impaired".to_owned());
        stage.aws.world().break_down("delete", left, fault);
    }
    stage.deployment.clickhouse.restores.push(Restore {
        backup: "latest".to_owned(),
        zone: 1,
    });
    // As long as it is lost each run says so, and makes nothing worse.
    for _ in 0..2 {
        let error = stage.up().await.err().context("it cannot have worked")?;
        ensure!(error.to_string().contains("is impaired"), "{error}");
        let world = stage.aws.world();
        let machine = world.inputs("Instance clickhouse-1").context("no new database")?;
        let volume = world.inputs("Volume data-1").context("no new volume")?;
        ensure!(volume["availabilityZone"] == "eu-central-1b", "{volume:?}");
        ensure!(
            machine["subnetId"] == world.id("Subnet private-1").context("no subnet")?,
            "{machine:?}"
        );
        ensure!(
            world.inputs("VolumeAttachment data-1").is_some(),
            "the volume is not attached"
        );
        let machines = world.names();
        let machines = machines
            .iter()
            .filter(|name| name.starts_with("Instance clickhouse"));
        ensure!(machines.count() == 2, "another number of databases");
    }
    stage.aws.world().heal();
    stage.done();
    stage.up().await?;
    let done = stage.done();
    ensure!(
        done == ["delete VolumeAttachment data", "delete Instance clickhouse"],
        "{done:?}"
    );
    ensure!(
        stage.aws.world().inputs("Volume data").is_some(),
        "the old volume is gone"
    );
    Ok(())
}

/// A run that is killed while it makes this, such as `NatGateway nat-1`: it is there, and nobody has heard of it.
pub(super) async fn cut_off(aws: &FakeAws, workspace: &Workspace, intent: Intent, name: &str) -> Result<()> {
    let is_there = || aws.world().names().iter().any(|one| one == name);
    aws.world().break_down("create", name, Fault::StandsStill);
    let (stop, mut stopped) = mpsc::channel(4);
    let run = Run {
        tell: &mut |_| {},
        stop: &mut stopped,
    };
    let cut = workspace.up(intent.clone(), run);
    let impatient = async {
        while !is_there() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // The first would wait for what stands still.
        for _ in 0..2 {
            stop.send(()).await?;
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        stop.send(()).await?;
        anyhow::Ok(())
    };
    let (cut, impatient) = tokio::time::timeout(LIMIT, async { tokio::join!(cut, impatient) }).await?;
    impatient?;
    ensure!(matches!(cut, Err(EngineError::Interrupted(_))), "{cut:?}");
    aws.world().heal();
    ensure!(is_there(), "it is gone");

    // A killed run leaves its lock; who looks is told whose it is.
    let (_stop, mut stopped) = mpsc::channel(1);
    let run = Run {
        tell: &mut |_| {},
        stop: &mut stopped,
    };
    match workspace.up(intent, run).await {
        Err(error @ EngineError::Locked(_)) => {
            ensure!(error.to_string().contains("--unlock"), "{error}");
            workspace.unlock().await?;
        }
        Err(EngineError::Pending(_)) => {}
        other => anyhow::bail!("{other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn what_was_cut_off_is_not_made_a_second_time() -> Result<()> {
    let stage = Stage::set().await?;
    cut_off(&stage.aws, &stage.workspace, stage.intent(), "NatGateway nat-1").await?;
    let error = stage.up().await.err().context("it would be made a second time")?;
    let text = error.to_string();
    ensure!(
        matches!(&error, EngineError::Pending(all) if all.iter().any(|one| one.name == "nat-1")),
        "{error:?}"
    );
    ensure!(
        text.contains("nat-1") && text.contains("--forget-pending"),
        "{text}"
    );
    ensure!(gateways(&stage).len() <= 3, "{:?}", gateways(&stage));

    // Somebody looks: it is there.
    let tagged = Tagged {
        kind: "ec2:natgateway".to_owned(),
        id: stage.aws.world().id("NatGateway nat-1").context("it is gone")?,
        names: vec!["aurora-prod-nat-1".to_owned()],
    };
    let leftovers = Leftovers::find(&stage.workspace.state().await?, &[tagged]);
    ensure!(leftovers.there.len() == 1, "{leftovers:?}");
    stage.settle(&leftovers).await?;
    stage.done();
    stage.up().await?;
    let done = stage.done();
    ensure!(
        !done.contains(&"create NatGateway nat-1".to_owned())
            && done.contains(&"create Route private-1".to_owned()),
        "{done:?}"
    );
    ensure!(
        gateways(&stage) == ["NatGateway nat-0", "NatGateway nat-1", "NatGateway nat-2"],
        "{:?}",
        gateways(&stage)
    );
    ensure!(stage.up().await?.changed() == 0, "there is still something to do");
    Ok(())
}

/// A machine dies before AWS has heard of anything.
#[tokio::test]
async fn what_was_cut_off_before_it_began_is_made() -> Result<()> {
    let stage = Stage::set().await?;
    cut_off(&stage.aws, &stage.workspace, stage.intent(), "NatGateway nat-1").await?;
    stage
        .aws
        .world()
        .delete_by_hand("NatGateway nat-1")
        .map_err(anyhow::Error::msg)?;
    let leftovers = Leftovers::find(&stage.workspace.state().await?, &[]);
    ensure!(
        leftovers.there.is_empty() && !leftovers.absent.is_empty(),
        "{leftovers:?}"
    );
    stage.settle(&leftovers).await?;
    stage.up().await?;
    ensure!(
        gateways(&stage) == ["NatGateway nat-0", "NatGateway nat-1", "NatGateway nat-2"],
        "{:?}",
        gateways(&stage)
    );
    Ok(())
}

/// Whoever wanted to delete everything, and could not, may think better of it.
#[tokio::test]
async fn data_is_kept_after_an_attempt_to_delete_it_that_failed() -> Result<()> {
    let stage = Stage::set().await?;
    stage.up().await?;
    // It is among the first to go.
    let fault = Fault::Fails("ExpiredToken: the security token has expired".to_owned());
    stage.aws.world().break_down("delete", "Group peers", fault);
    let error = stage
        .destroy(Keep::Nothing)
        .await
        .err()
        .context("it cannot have worked")?;
    ensure!(
        matches!(error, EngineError::Resources(_)) && error.to_string().contains("get new ones"),
        "{error}"
    );
    stage.aws.world().heal();
    ensure!(
        stage.aws.world().names().contains(&"Volume data".to_owned()),
        "it went at once"
    );
    stage.destroy(Keep::Data).await?;
    ensure!(
        stage.aws.world().names() == KEPT,
        "{:?}",
        stage.aws.world().names()
    );
    Ok(())
}

#[tokio::test]
async fn one_ctrl_c_leaves_nothing_unknown() -> Result<()> {
    let stage = Stage::set().await?;
    let (stop, mut stopped) = mpsc::channel(1);
    let mut said = Vec::new();
    let mut tell = |event: Event| {
        said.extend(messages(&event));
        if let Event::Done(change) = &event
            && change.token.ends_with("Vpc")
        {
            let _ = stop.try_send(());
        }
    };
    let run = Run {
        tell: &mut tell,
        stop: &mut stopped,
    };
    let cut = stage.workspace.up(stage.intent(), run).await;
    ensure!(
        matches!(cut, Err(EngineError::Interrupted(_))),
        "{cut:?} {said:?}"
    );
    ensure!(
        stage.workspace.state().await?.pending.is_empty(),
        "something is unknown"
    );
    stage.up().await?;
    let names = stage.aws.world().names();
    ensure!(
        names.iter().filter(|name| name.starts_with("Vpc ")).count() == 1,
        "{names:?}"
    );
    Ok(())
}

#[tokio::test]
async fn another_machine_with_the_same_state_makes_no_new_secrets() -> Result<()> {
    let stage = Stage::set().await?;
    stage.up().await?;
    let folder = stage.folder.path().join(".aurora");
    // The configuration is on the machine that deployed first; the state and the passphrase are what is shared.
    std::fs::remove_dir_all(folder.join("prod"))?;
    let other = workspace(&stage.aws, &stage.deployment, stage.folder.path()).await?;
    stage.done();
    other.prepare().await?;
    let (_stop, mut stopped) = mpsc::channel(1);
    let run = Run {
        tell: &mut |_| {},
        stop: &mut stopped,
    };
    other.up(stage.intent(), run).await?;
    let done = stage.done();
    ensure!(
        done.iter().all(|done| !done.contains("Secret")),
        "secrets were changed: {done:?}"
    );
    Ok(())
}
