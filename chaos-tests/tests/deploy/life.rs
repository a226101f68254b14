//! A deployment's life, when nothing goes wrong.

use anyhow::{Result, ensure};
use aurora_chaos_tests::fake_aws::Fault;
use aurora_pulumi::engine::{Keep, Operation, Run};
use tokio::sync::mpsc;

use super::{Stage, position};

/// What outlives a deployment that is taken down.
pub(super) const KEPT: [&str; 10] = [
    "Bucket backups",
    "BucketOwnershipControls backups",
    "BucketPolicy backups",
    "BucketPublicAccessBlock backups",
    "BucketServerSideEncryptionConfiguration backups",
    "BucketVersioning backups",
    "Key key",
    "Secret cluster-key",
    "SecretVersion cluster-key",
    "Volume data",
];

#[tokio::test]
async fn from_the_first_deploy_to_the_last_destroy() -> Result<()> {
    let mut stage = Stage::set().await?;
    let (_stop, mut stopped) = mpsc::channel(1);
    let mut begun = 0;
    let run = Run {
        tell: &mut |_| begun += 1,
        stop: &mut stopped,
    };
    let planned = stage.workspace.preview(stage.intent(), run).await?;
    ensure!(begun > 0, "a preview tells nothing");
    ensure!(
        stage.aws.world().names().is_empty(),
        "a preview has made something"
    );

    stage.told.begin("aurora deploy");
    let made = stage.up().await?;
    ensure!(
        made.changes == planned.changes,
        "{:?} were planned, and {:?} made",
        planned.changes,
        made.changes
    );
    let names = stage.aws.world().names();
    ensure!(
        names.iter().filter(|name| name.starts_with("NatGateway")).count() == 3,
        "{names:?}"
    );
    let outputs = stage.workspace.outputs().await?;
    ensure!(
        outputs["url"]
            .as_str()
            .is_some_and(|url| url.starts_with("https://")),
        "{outputs:?}"
    );
    no_secret_is_readable(&stage).await?;

    // Nothing to do.
    stage.told.begin("aurora deploy, once more");
    ensure!(stage.up().await?.changed() == 0, "a second run changes something");
    stage.done();

    scaled(&mut stage).await?;
    updated(&mut stage).await?;
    failed(&mut stage).await?;

    // Taken down, the data stays; and is taken up again.
    stage.told.begin("aurora destroy");
    stage.destroy(Keep::Data).await?;
    taken_down(&stage.done())?;
    ensure!(
        stage.aws.world().names() == KEPT,
        "{:?}",
        stage.aws.world().names()
    );
    stage.told.begin("aurora deploy, with the data that was kept");
    let again = stage.up().await?;
    ensure!(again.changes[&Operation::Same] >= KEPT.len(), "{again:?}");
    ensure!(
        stage
            .done()
            .iter()
            .all(|done| !KEPT.iter().any(|kept| done == &format!("create {kept}"))),
        "kept data was made again"
    );

    stage.told.begin("aurora destroy --delete-data prod");
    stage.destroy(Keep::Nothing).await?;
    let left = stage.aws.world().names();
    ensure!(left.is_empty(), "{left:?} is left");
    stage.told.require_shown()
}

async fn scaled(stage: &mut Stage) -> Result<()> {
    stage.told.begin("aurora scale 5");
    stage.deployment.nodes = Some(5);
    stage.up().await?;
    let done = stage.done();
    ensure!(done == ["update Group peers"], "scaling did {done:?}");
    let world = stage.aws.world();
    let group = world.inputs("Group peers").expect("it is there");
    ensure!(
        (&group["minSize"], &group["desiredCapacity"]) == (&5.0.into(), &5.0.into()),
        "{group:?}"
    );
    Ok(())
}

/// Another program: nodes are replaced by the group, one after the other; the database's machine stays.
async fn updated(stage: &mut Stage) -> Result<()> {
    stage.told.begin("aurora deploy, with another version of aurora");
    stage.program.sha256 = "1".repeat(64);
    stage.up().await?;
    let done = stage.done();
    let expected = ["create BucketObjectv2 program", "update LaunchTemplate peers"];
    for expected in expected {
        position(&done, expected)?;
    }
    ensure!(
        done.iter().all(|done| !done.contains("Instance clickhouse")),
        "the database was replaced: {done:?}"
    );
    // Unless somebody says so: then its machine goes before the new one comes, and the volume is not touched.
    let mut intent = stage.intent();
    intent.renew_machines = true;
    stage.told.begin("aurora deploy --renew-machines");
    stage.up_with(intent).await?;
    let done = stage.done();
    let order = [
        "delete VolumeAttachment data",
        "delete Instance clickhouse",
        "create Instance clickhouse",
        "create VolumeAttachment data",
    ];
    let positions: Vec<usize> = order
        .iter()
        .map(|what| position(&done, what))
        .collect::<Result<_>>()?;
    ensure!(positions.is_sorted(), "{done:?}");
    ensure!(
        done.iter().all(|done| !done.ends_with("Volume data")),
        "the volume was touched: {done:?}"
    );
    Ok(())
}

/// AWS has no machine of the kind that is wanted now: what is there stays, and once there is one the next run goes on.
async fn failed(stage: &mut Stage) -> Result<()> {
    stage
        .told
        .begin("aurora deploy, with a `machine` under [grafana] that AWS has run out of");
    stage.deployment.grafana.machine = Some("t3.large".to_owned());
    let fault = Fault::Fails("InsufficientInstanceCapacity: there is no t3.large left".to_owned());
    stage.aws.world().break_down("update", "Instance grafana", fault);
    ensure!(stage.up().await.is_err(), "it cannot have worked");
    stage.aws.world().heal();
    stage.done();
    stage.told.begin("the same once more, when AWS has one");
    stage.up().await?;
    let done = stage.done();
    ensure!(done == ["update Instance grafana"], "{done:?}");
    Ok(())
}

/// The stand-in refuses to delete what others need, as AWS does; here is what it does not know of.
fn taken_down(done: &[String]) -> Result<()> {
    for (first, then) in [
        ("Group peers", "Instance clickhouse"),
        ("Group peers", "NatGateway nat-0"),
        ("Group peers", "RolePolicy peers"),
        ("Group peers", "SecretVersion clickhouse-writer"),
        ("Instance clickhouse", "NatGateway nat-0"),
        ("Instance clickhouse", "RolePolicy clickhouse"),
        ("Instance grafana", "Instance clickhouse"),
    ] {
        let [first_at, then_at] = [
            position(done, &format!("delete {first}"))?,
            position(done, &format!("delete {then}"))?,
        ];
        ensure!(first_at < then_at, "{first} has to go before {then}: {done:?}");
    }
    Ok(())
}

/// Neither the state nor the configuration nor the event log has a secret in it that can be read.
async fn no_secret_is_readable(stage: &Stage) -> Result<()> {
    let secret = {
        let world = stage.aws.world();
        let version = world.inputs("SecretVersion admin-token").expect("it is there");
        version["secretString"].as_str().expect("a text").to_owned()
    };
    ensure!(secret.len() > 20, "no secret");
    let mut folders = vec![stage.folder.path().join(".aurora")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            files += 1;
            let text = String::from_utf8_lossy(&std::fs::read(entry.path())?).into_owned();
            ensure!(
                !text.contains(&secret),
                "{} shows a secret",
                entry.path().display()
            );
        }
    }
    ensure!(files > 3, "only {files} files were looked at");
    Ok(())
}
