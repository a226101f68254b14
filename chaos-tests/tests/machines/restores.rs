//! Which backup a restore takes. It is found out before anything is put aside, so what cannot be restored has to be seen then.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::machine::aws::Aws;
use aurora_chaos_tests::machine::metadata::{Identity, Metadata};
use aurora_chaos_tests::moto::REGION;
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_chaos_tests::toxiproxy::Toxiproxy;
use serde_json::json;

use crate::clickhouse_setup::said;
use crate::sources::source;

const BUCKET: &str = "aurora-prod-backups";

/// S3 with backups, and a machine that may read them.
struct Place {
    aws: Aws,
    script: PathBuf,
    metadata_url: String,
    _metadata: Metadata,
    _toxiproxy: Toxiproxy,
}

impl Place {
    async fn start(sandbox: &Sandbox) -> Result<Self> {
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let aws = Aws::start(sandbox, &toxiproxy, Ipv4Addr::LOCALHOST).await?;
        aws.make_bucket(BUCKET).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let metadata_url = format!("http://{}", listener.local_addr()?);
        let identity = Identity {
            instance: "i-db".to_owned(),
            address: Ipv4Addr::LOCALHOST,
            key: Aws::role(),
            user_data: Vec::new(),
        };
        // Scripts name each other by the places that they have on machines.
        let here = sandbox.path("scripts").display().to_string();
        for (path, name) in [
            ("common/aws.sh", "aws.sh"),
            ("clickhouse/clickhouse.sh", "clickhouse.sh"),
            ("clickhouse/restore.sh", "restore.sh"),
        ] {
            let text = source(path)?.replace("/usr/local/lib/aurora", &here);
            sandbox.write(format!("scripts/{name}"), text)?;
        }
        Ok(Self {
            aws,
            script: sandbox.path("scripts/restore.sh"),
            _metadata: Metadata::start(listener, &identity)?,
            metadata_url,
            _toxiproxy: toxiproxy,
        })
    }

    /// Puts a complete backup there, or what tells that it is one.
    async fn put_backup(&self, name: &str, base: &str) -> Result<()> {
        let manifest = json!({ "name": name, "base": base, "bytes": 1 });
        let path = format!("{BUCKET}/clickhouse/{name}/manifest.json");
        self.aws
            .put_object(&path, manifest.to_string().into_bytes())
            .await
    }

    /// What restore.sh says to the backup that is asked for, with backups at a URL.
    async fn find_at(&self, backups: &str, asked: &str) -> Result<Output> {
        let mut command = tokio::process::Command::new("bash");
        command
            .arg(&self.script)
            .arg("find")
            .env("AURORA_RESTORE", asked)
            .env("AURORA_BACKUP_URL", backups)
            .env("AWS_REGION", REGION)
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &self.metadata_url);
        command.output().await.context("bash cannot be run")
    }

    async fn find(&self, asked: &str) -> Result<Output> {
        let backups = format!("{}/{BUCKET}/clickhouse/", self.aws.endpoint());
        self.find_at(&backups, asked).await
    }

    async fn finds(&self, asked: &str, backup: &str) -> Result<()> {
        let output = self.find(asked).await?;
        ensure!(output.status.success(), "{}", said(&output));
        ensure!(
            output.stdout == format!("{backup}\n").into_bytes(),
            "{}",
            said(&output)
        );
        Ok(())
    }

    async fn refuses(&self, asked: &str, why: &str) -> Result<()> {
        let output = self.find(asked).await?;
        ensure!(
            !output.status.success() && output.stdout.is_empty(),
            "{}",
            said(&output)
        );
        ensure!(said(&output).contains(why), "{}", said(&output));
        Ok(())
    }
}

#[tokio::test]
async fn only_a_backup_that_is_whole_is_restored() -> Result<()> {
    const FULL: &str = "20261101T030000Z-full";
    const INCREMENTAL: &str = "20261102T030000Z-incremental";
    // Its base was of October, and has expired.
    const ORPHAN: &str = "20261103T030000Z-incremental";
    const EXPIRED: &str = "20261027T030000Z-full";
    const INCOMPLETE: &str = "20261104T030000Z-full";
    Sandbox::run("machines-find", async |sandbox| {
        let place = Place::start(sandbox).await?;
        place
            .refuses("latest", "there is no backup that could be restored")
            .await?;

        place.put_backup(FULL, "").await?;
        place.put_backup(INCREMENTAL, FULL).await?;
        place.finds(FULL, FULL).await?;
        place.finds(INCREMENTAL, INCREMENTAL).await?;

        place.put_backup(ORPHAN, EXPIRED).await?;
        let data = format!("{BUCKET}/clickhouse/{INCOMPLETE}/2-events/data");
        place.aws.put_object(&data, b"half".to_vec()).await?;
        let why =
            format!("{ORPHAN} builds on {EXPIRED}, which is not complete or not there: nothing was changed");
        place.refuses(ORPHAN, &why).await?;
        let why = format!("{INCOMPLETE} is not complete or not there: nothing was changed");
        place.refuses(INCOMPLETE, &why).await?;
        // The newest that can be, whatever `latest` in the bucket says.
        let latest = format!("{BUCKET}/clickhouse/latest");
        place.aws.put_object(&latest, INCOMPLETE.into()).await?;
        place.finds("latest", INCREMENTAL).await?;
        let passed_over = said(&place.find("latest").await?);
        ensure!(
            passed_over.contains(&format!("{ORPHAN} is passed over: {EXPIRED} is not")),
            "{passed_over}"
        );
        place.refuses("../secrets", "is no backup's name").await?;

        // Who is not let in has not seen that there is none: no older one is taken instead.
        let closed = format!("{}/latest/meta-data/", place.metadata_url);
        let output = place.find_at(&closed, FULL).await?;
        ensure!(
            !output.status.success() && said(&output).contains("cannot be found out"),
            "{}",
            said(&output)
        );
        Ok(())
    })
    .await
}
