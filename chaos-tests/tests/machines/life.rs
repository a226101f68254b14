//! A deployment's life on machines: they start by their user-data, a node is killed, ClickHouse's machine is replaced, its data
//! lost and restored, while events come in all the time; and each event is there once.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::cluster::Flow;
use aurora_chaos_tests::machine::Machine;
use aurora_chaos_tests::machine::archive::Mirror;
use aurora_chaos_tests::machine::volume::{Volume, may_grow_mounted};
use aurora_chaos_tests::node::stream_id;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_pulumi::machines::{GrafanaRelease, role};

use crate::stage::{DEPLOYMENT, PATIENCE, Stage};

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 4;
const RATE: u32 = 500;
/// More than there is time for; the load is stopped.
const MOST_EVENTS: u64 = 30 * 60 * RATE as u64;
const VOLUME_BYTES: u64 = 4 << 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_start_fail_and_are_replaced_and_each_event_is_there_once() -> Result<()> {
    Sandbox::run("machines-life", async |sandbox| {
        let stage = Stage::start(sandbox).await?;
        let sample = Flow::prepare(&stage.kafka, TOPIC, PARTITIONS).await?;
        let volume = Volume::blank(sandbox, "vol-0000000000000001", VOLUME_BYTES)?;
        let database = stage.boot_clickhouse("db1", &volume, None).await?;
        waits_for_its_volume(&database).await?;
        volume.attach(&database).await?;
        let (peer, instance) = stage.boot_peer(TOPIC).await?;
        database
            .until_unit("clickhouse-server.service", "active", PATIENCE)
            .await?;
        stage.until_ready().await?;
        ensure!(stage.mirror.downloads() == 1, "the archive was not downloaded");
        let flow = Flow::start(&stage.kafka, sample, MOST_EVENTS, RATE)?;
        until_more_rows(&stage).await?;

        is_told_of(&stage, &database, &peer, &instance).await?;
        grafana_gets_what_it_needs(sandbox, &stage).await?;
        runs_unprivileged(&peer, "aurora.service", "aurora").await?;
        runs_unprivileged(&database, "clickhouse-server.service", "clickhouse").await?;
        comes_back_after_a_kill(&stage, &peer).await?;
        grows_while_it_is_in_use(&database, &volume).await?;
        takes_up_a_changed_password(&stage, &database).await?;

        let database = machine_is_replaced(&stage, database, &volume).await?;
        let [full, incremental] = backs_up_while_events_come_in(&stage, &database).await?;
        // What comes now is in no backup.
        until_more_rows(&stage).await?;
        database.terminate().await?;
        drop(volume);
        let blank = Volume::blank(sandbox, "vol-0000000000000002", VOLUME_BYTES)?;
        let database = is_restored(&stage, "db3", &blank, "latest", &incremental).await?;
        until_more_rows(&stage).await?;
        // On a volume that has data, what is there stays aside.
        database.terminate().await?;
        let database = is_restored(&stage, "db4", &blank, &full, &full).await?;
        let aside = database
            .output(&["bash", "-c", "ls -d /var/lib/clickhouse/before-*/store | wc -l"])
            .await?;
        ensure!(aside == "1", "{aside} directories are aside");
        until_more_rows(&stage).await?;
        database.terminate().await?;
        let database = a_backup_that_is_not_there_changes_nothing(&stage, &blank).await?;
        until_more_rows(&stage).await?;

        let finished = flow.stop().await?;
        let stream = stream_id(TOPIC);
        let consumed = stage
            .api()?
            .until_consumed(&stage.kafka, &stream, PATIENCE)
            .await?;
        let table = consumed.table.context("the stream has no table")?;
        let clickhouse = stage.clickhouse()?;
        let journaled = format!("SELECT sum(last + 1 - first) FROM aurora.journal WHERE stream = '{stream}'");
        eventually("the journal", PATIENCE, async || {
            clickhouse
                .number(&journaled)
                .await
                .map(|sum| sum == finished.events())
        })
        .await?;
        let audit = stage.api()?.audit(&stream).await?;
        ensure!(
            audit.clean && !audit.partitions.is_empty(),
            "the audit says {:?}",
            audit.problems
        );
        finished.require_rows(&clickhouse, &table).await?;
        drains_when_it_is_stopped(&peer).await?;
        a_node_that_keeps_failing_gives_its_machine_back(&peer).await?;
        drop(database);
        Ok(())
    })
    .await
}

/// An empty ClickHouse on the machine's own disk would be taken for the deployment's.
async fn waits_for_its_volume(database: &Machine) -> Result<()> {
    database
        .until_unit("clickhouse-volume.service", "activating", PATIENCE)
        .await?;
    let state = database
        .property("clickhouse-server.service", "ActiveState")
        .await?;
    ensure!(state == "inactive", "without its volume ClickHouse is {state}");
    Ok(())
}

async fn rows(stage: &Stage<'_>) -> Result<u64> {
    stage
        .clickhouse()?
        .number(&format!("SELECT count() FROM events.{TOPIC}"))
        .await
}

async fn until_more_rows(stage: &Stage<'_>) -> Result<()> {
    let before = eventually("rows", PATIENCE, async || rows(stage).await.map(Some)).await?;
    eventually("more rows", PATIENCE, async || {
        rows(stage).await.map(|rows| rows > before + 1_000)
    })
    .await
}

/// cloud-init has done what it was told, nobody asked for metadata without a token, and logs and figures reach CloudWatch.
async fn is_told_of(stage: &Stage<'_>, database: &Machine, peer: &Machine, instance: &str) -> Result<()> {
    for machine in [database, peer] {
        let limit = Duration::from_secs(120);
        eventually("cloud-init to end", limit, async || {
            let status = machine.run(&["cloud-init", "status", "--format=json"]).await?;
            let status: serde_json::Value = serde_json::from_slice(&status.stdout)?;
            let errors = status["errors"].as_array().cloned().unwrap_or_default();
            // A container has no udev for cloud-init to tell of network interfaces to come.
            let others = errors
                .iter()
                .filter(|error| !error.to_string().contains("install-hotplug"));
            ensure!(others.count() == 0, "{status:#}");
            let ended = status["extended_status"].as_str();
            Ok(ended.is_some_and(|ended| ended.ends_with("done")))
        })
        .await?;
        let failed = machine
            .output(&[
                "systemctl",
                "list-units",
                "--failed",
                "--plain",
                "--no-legend",
                "aurora*",
                "clickhouse*",
            ])
            .await?;
        ensure!(failed.is_empty(), "{failed}");
    }
    database
        .output(&["systemctl", "start", "aurora-disk.service"])
        .await?;
    let refused = database.metadata().refused() + peer.metadata().refused();
    ensure!(
        refused == 0,
        "{refused} requests for metadata came without a token"
    );
    // The node publishes its machine's itself.
    for role in [role::CLICKHOUSE, role::PEERS] {
        eventually("how full disks are", PATIENCE, async || {
            let dimensions = [("Deployment", DEPLOYMENT), ("Role", role)];
            let figures = stage.aws.moto().figures("DiskUsedPercent", &dimensions).await?;
            ensure!(!figures.is_empty(), "none of {role} is published");
            anyhow::Ok(true)
        })
        .await?;
    }
    eventually("the node's log in CloudWatch", PATIENCE, async || {
        let group = role::log_group(DEPLOYMENT, role::PEERS);
        let messages = stage.aws.log_messages(&group, instance).await?;
        ensure!(
            !messages
                .iter()
                .any(|message| message.contains("an admin's token")),
            "a secret is in the log"
        );
        anyhow::Ok(messages.iter().any(|message| message.contains("aurora")))
    })
    .await
}

/// Program, plugin, secrets and a place for its data, as its user. (What runs is not Grafana.)
async fn grafana_gets_what_it_needs(sandbox: &Sandbox, stage: &Stage<'_>) -> Result<()> {
    let release = GrafanaRelease::default();
    let mirror = Mirror::grafana(sandbox, stage.host(), &release.version).await?;
    let grafana = stage.boot_grafana(&mirror).await?;
    grafana
        .until_unit("grafana-server.service", "active", PATIENCE)
        .await?;
    runs_unprivileged(&grafana, "grafana-server.service", "grafana").await?;
    let plugin = grafana.output(&["cat", "/var/lib/grafana/grafana.db"]).await?;
    ensure!(plugin == release.plugin_version, "{plugin}");
    let journal = grafana.journal(&["grafana-server.service"]).await?;
    ensure!(
        journal.contains("serving https://grafana.example.com/"),
        "{journal}"
    );
    // Started again, it finds everything there.
    grafana
        .output(&[
            "systemctl",
            "restart",
            "grafana-setup.service",
            "grafana-server.service",
        ])
        .await?;
    ensure!(mirror.downloads() == 1, "{} downloads", mirror.downloads());
    takes_another_password_up(stage, &grafana).await
}

/// Grafana looks at the configured password only when it makes its database: the machine tells it of another one.
async fn takes_another_password_up(stage: &Stage<'_>, grafana: &Machine) -> Result<()> {
    let timer = grafana.property("grafana-password.timer", "ActiveState").await?;
    ensure!(timer == "active", "the timer is {timer}");
    let look = ["systemctl", "start", "grafana-password.service"];
    grafana.output(&look).await?;
    let journal = grafana.journal(&["grafana-password.service"]).await?;
    ensure!(!journal.contains("has changed"), "for nothing: {journal}");
    let secret = format!("aurora/{DEPLOYMENT}/grafana-admin");
    stage.aws.change_secret(&secret, "another password").await?;
    grafana.output(&look).await?;
    eventually("the other password", PATIENCE, async || {
        let known = grafana.output(&["cat", "/var/lib/grafana/admin"]).await?;
        ensure!(known == "another password", "the old one is known");
        anyhow::Ok(Some(()))
    })
    .await?;
    grafana
        .until_unit("grafana-server.service", "active", PATIENCE)
        .await?;
    let journal = grafana.journal(&["grafana-password.service"]).await?;
    ensure!(
        journal.contains("has changed") && !journal.contains("another password"),
        "{journal}"
    );
    Ok(())
}

async fn runs_unprivileged(machine: &Machine, unit: &str, user: &str) -> Result<()> {
    let pid = machine.property(unit, "MainPID").await?;
    let status = machine.output(&["cat", &format!("/proc/{pid}/status")]).await?;
    let uid = machine.output(&["id", "--user", user]).await?;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .trim()
    };
    ensure!(
        field("Uid:").split_whitespace().all(|one| one == uid),
        "{unit}: {status}"
    );
    for set in ["CapEff:", "CapPrm:", "CapBnd:"] {
        ensure!(
            field(set) == "0000000000000000",
            "{unit} has {set} {}",
            field(set)
        );
    }
    ensure!(
        field("NoNewPrivs:") == "1" && field("Seccomp:") == "2",
        "{unit}: {status}"
    );
    Ok(())
}

async fn comes_back_after_a_kill(stage: &Stage<'_>, peer: &Machine) -> Result<()> {
    let before = peer.property("aurora.service", "MainPID").await?;
    peer.output(&["kill", "-9", &before]).await?;
    eventually("the node to be started again", PATIENCE, async || {
        let restarts = peer.property("aurora.service", "NRestarts").await?;
        let now = peer.property("aurora.service", "MainPID").await?;
        ensure!(
            restarts != "0" && now != before && now != "0",
            "{restarts} restarts, {now}"
        );
        anyhow::Ok(true)
    })
    .await?;
    peer.until_unit("aurora.service", "active", PATIENCE).await?;
    stage.until_ready().await?;
    until_more_rows(stage).await
}

/// Whoever raises `volume_gib` has nothing else to do.
async fn grows_while_it_is_in_use(database: &Machine, volume: &Volume) -> Result<()> {
    if !may_grow_mounted()? {
        eprintln!("not tried: root here may not have the kernel grow a file system that is mounted");
        return Ok(());
    }
    // The unit may open devices of the kind that EC2's volumes are.
    let drop_in = "/etc/systemd/system/clickhouse-grow.service.d";
    let allow = format!(
        "mkdir -p {drop_in}; printf '[Service]\\nDeviceAllow=block-loop rw\\n' > {drop_in}/loop.conf; systemctl daemon-reload"
    );
    database.output(&["bash", "-c", &allow]).await?;
    let grow = async || {
        database
            .output(&["systemctl", "start", "clickhouse-grow.service"])
            .await?;
        let size = database
            .output(&[
                "bash",
                "-c",
                "df --output=size --block-size=1M /var/lib/clickhouse | tail -n 1",
            ])
            .await?;
        Ok::<u64, anyhow::Error>(size.trim().parse()?)
    };
    let before = grow().await?;
    volume.grow(2 * VOLUME_BYTES)?;
    let after = grow().await?;
    ensure!(after > before * 3 / 2, "{before} MiB have become {after}");
    ensure!(grow().await? == after, "it has grown again");
    let journal = database.journal(&["clickhouse-grow.service"]).await?;
    ensure!(
        journal.lines().count() == 1 && journal.contains("its file system with it"),
        "{journal}"
    );
    let state = database
        .property("clickhouse-server.service", "NRestarts")
        .await?;
    ensure!(state == "0", "ClickHouse was started again {state} times");
    Ok(())
}

/// By its timer, since nobody can start anything there. (The server's own reading of its users is not tried: libchdb has none.)
async fn takes_up_a_changed_password(stage: &Stage<'_>, database: &Machine) -> Result<()> {
    let hashes = async || {
        database
            .output(&["cat", "/etc/clickhouse-server/users.d/passwords.xml"])
            .await
    };
    let timer = database
        .property("clickhouse-passwords.timer", "ActiveState")
        .await?;
    ensure!(timer == "active", "the timer is {timer}");
    let before = hashes().await?;
    let start = ["systemctl", "start", "clickhouse-passwords.service"];
    database.output(&start).await?;
    ensure!(hashes().await? == before, "what has not changed is another");
    let secret = format!("aurora/{DEPLOYMENT}/clickhouse-grafana");
    stage.aws.change_secret(&secret, "another password").await?;
    database.output(&start).await?;
    let after = hashes().await?;
    let sum = database
        .output(&["bash", "-c", "printf %s 'another password' | sha256sum"])
        .await?;
    let sum = sum.split(' ').next().unwrap_or_default();
    let changed = format!("<aurora_grafana><password_sha256_hex>{sum}<");
    ensure!(after.contains(&changed) && !before.contains(&changed), "{after}");
    let of_others = |text: &str| -> Vec<String> {
        let others = text.lines().filter(|line| !line.contains("aurora_grafana"));
        others.map(str::to_owned).collect()
    };
    ensure!(
        of_others(&before) == of_others(&after),
        "others have changed: {after}"
    );
    let left = database.output(&["ls", "/run/aurora-secrets"]).await?;
    ensure!(left == "clickhouse-operator", "{left}");
    Ok(())
}

/// The machine fails, and another one is started with its volume: it finds data and archive there.
async fn machine_is_replaced(stage: &Stage<'_>, database: Machine, volume: &Volume) -> Result<Machine> {
    let before = rows(stage).await?;
    database.terminate().await?;
    let database = stage.boot_clickhouse("db2", volume, None).await?;
    volume.attach(&database).await?;
    database
        .until_unit("clickhouse-server.service", "active", PATIENCE)
        .await?;
    let after = eventually("rows", PATIENCE, async || rows(stage).await.map(Some)).await?;
    ensure!(after >= before, "{before} rows have become {after}");
    ensure!(stage.mirror.downloads() == 1, "the archive was downloaded again");
    until_more_rows(stage).await?;
    Ok(database)
}

/// A full backup and one of what is new since then; their names.
async fn backs_up_while_events_come_in(stage: &Stage<'_>, database: &Machine) -> Result<[String; 2]> {
    let backup = async || -> Result<String> {
        let started = database
            .run(&["systemctl", "start", "aurora-backup.service"])
            .await?;
        let journal = database.journal(&["aurora-backup.service"]).await?;
        ensure!(started.status.success(), "{journal}");
        Ok(stage.backup_object("latest").await?.trim().to_owned())
    };
    let full = backup().await?;
    ensure!(full.ends_with("-full"), "{full}");
    until_more_rows(stage).await?;
    let incremental = backup().await?;
    ensure!(incremental.ends_with("-incremental"), "{incremental}");
    let manifest: serde_json::Value = serde_json::from_str(
        &stage
            .backup_object(&format!("{incremental}/manifest.json"))
            .await?,
    )?;
    ensure!(
        manifest["base"] == full && manifest["bytes"].as_u64() > Some(0),
        "{manifest}"
    );
    let metrics = stage.aws.metrics().await?;
    ensure!(metrics.iter().any(|name| name == "BackupBytes"), "{metrics:?}");
    Ok([full, incremental])
}

/// Closed to nodes until all is back.
async fn is_restored(
    stage: &Stage<'_>,
    machine: &str,
    volume: &Volume,
    asked: &str,
    backup: &str,
) -> Result<Machine> {
    let database = stage.boot_clickhouse(machine, volume, Some(asked)).await?;
    volume.attach(&database).await?;
    database
        .until_unit("aurora-restore.service", "active", PATIENCE)
        .await?;
    let journal = database.journal(&["aurora-restore.service"]).await?;
    ensure!(journal.contains(&format!("restored {backup}")), "{journal}");
    stage.clickhouse()?.until_up().await?;
    Ok(database)
}

/// Nodes are kept out as long as it is asked for, and go on with what is there once it is not.
async fn a_backup_that_is_not_there_changes_nothing(stage: &Stage<'_>, volume: &Volume) -> Result<Machine> {
    let database = stage
        .boot_clickhouse("db5", volume, Some("20200101T000000Z-full"))
        .await?;
    volume.attach(&database).await?;
    eventually("the backup to be missed", PATIENCE, async || {
        let journal = database.journal(&["clickhouse-setup.service"]).await?;
        anyhow::Ok(journal.contains("is not complete or not there: nothing was changed"))
    })
    .await?;
    let state = database
        .property("clickhouse-server.service", "ActiveState")
        .await?;
    ensure!(state == "inactive", "ClickHouse is {state}");
    database.terminate().await?;
    let database = stage.boot_clickhouse("db6", volume, None).await?;
    volume.attach(&database).await?;
    database
        .until_unit("clickhouse-server.service", "active", PATIENCE)
        .await?;
    Ok(database)
}

async fn drains_when_it_is_stopped(peer: &Machine) -> Result<()> {
    peer.output(&["systemctl", "stop", "aurora.service"]).await?;
    let result = peer.property("aurora.service", "Result").await?;
    let code = peer.property("aurora.service", "ExecMainStatus").await?;
    ensure!(result == "success" && code == "0", "{result}, {code}");
    Ok(())
}

/// Too many failures in a row are told to the group, once.
async fn a_node_that_keeps_failing_gives_its_machine_back(peer: &Machine) -> Result<()> {
    let quick = "[Service]\\nRestartSec=100ms\\nRestartSteps=0\\n";
    let script = format!(
        "set -e; echo 'mistake = 1' >> /etc/aurora/node.toml
         printf '{quick}' > /etc/systemd/system/aurora.service.d/quick.conf
         systemctl daemon-reload; systemctl reset-failed aurora.service; ! systemctl start aurora.service"
    );
    peer.output(&["bash", "-c", &script]).await?;
    peer.until_unit("aurora.service", "failed", PATIENCE).await?;
    eventually("the group to be told", PATIENCE, async || {
        let journal = peer.journal(&["aurora-unhealthy.service"]).await?;
        anyhow::Ok(journal.contains("Starting aurora-unhealthy.service"))
    })
    .await?;
    let restarts = peer.property("aurora.service", "NRestarts").await?;
    ensure!(restarts == "8", "it was started again {restarts} times");
    let journal = peer.journal(&["aurora.service"]).await?;
    let told = journal.matches("Triggering OnFailure= dependencies").count();
    ensure!(told == 1, "the group was told {told} times:\n{journal}");
    Ok(())
}
