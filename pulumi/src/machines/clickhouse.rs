//! The machine that ClickHouse runs on.

use super::peer::{common_files, disk_files};
use super::sources::{fill_xml, script, source, unit};
use super::{Common, InvalidMachine, MachineFile, UserData, check, environment, role};
use crate::deployment::Architecture;

/// Which ClickHouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickHouseRelease {
    /// Its version.
    pub version: String,
    /// From where: the directory that holds its archives.
    pub mirror: String,
    /// What its archive's SHA-512 must be. Without it the sum that is published beside the archive counts, which tells a broken
    /// download and not a forged one.
    pub sha512: Option<String>,
}

impl Default for ClickHouseRelease {
    /// The long-term support release that Aurora is made for.
    fn default() -> Self {
        Self {
            version: "26.8.2.7".to_owned(),
            mirror: "https://packages.clickhouse.com/tgz/stable".to_owned(),
            sha512: None,
        }
    }
}

impl ClickHouseRelease {
    /// Where its archive is.
    fn url(&self, architecture: Architecture) -> String {
        let mirror = self.mirror.trim_end_matches('/');
        let architecture = architecture.debian_name();
        format!(
            "{mirror}/clickhouse-common-static-{}-{architecture}.tgz",
            self.version
        )
    }
}

/// What ClickHouse's machine depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickHouseMachine {
    /// What all machines have.
    pub common: Common,
    /// The network of the machines, from where its users come.
    pub network: String,
    /// The volume that holds its data.
    pub volume: String,
    /// The bucket that takes its backups.
    pub backup_bucket: String,
    /// Which ClickHouse.
    pub release: ClickHouseRelease,
    /// A backup to begin with, on a volume that has no data yet: `latest` or a name.
    pub restore: Option<String>,
}

/// What is started.
const UNITS: [&str; 10] = [
    "aurora-setup.service",
    "clickhouse-volume.service",
    "clickhouse-grow.timer",
    "clickhouse-setup.service",
    "clickhouse-passwords.timer",
    "clickhouse-server.service",
    "aurora-restore.service",
    "aurora-backup.timer",
    "aurora-logs.service",
    "aurora-disk.timer",
];
/// The one among them that only a machine with something to restore has.
const RESTORE: &str = "aurora-restore.service";

impl ClickHouseMachine {
    /// Its files.
    pub fn files(&self) -> Result<Vec<MachineFile>, InvalidMachine> {
        let backups = self.common.s3_url(&self.backup_bucket, "clickhouse/")?;
        let mut files = common_files();
        files.extend(disk_files());
        files.push(MachineFile::readable(
            environment::PATH,
            self.environment(&backups)?.render(),
        ));
        files.extend(configuration(&self.network, &backups, &self.common.region)?);
        files.extend(
            [
                "backup.sh",
                "clickhouse-memory.sh",
                "clickhouse-passwords.sh",
                "clickhouse-setup.sh",
                "clickhouse.sh",
                "fetch-passwords.sh",
                "grow-volume.sh",
                "install-clickhouse.sh",
                "prepare-volume.sh",
                "restore.sh",
            ]
            .map(|name| script(&format!("clickhouse/{name}"))),
        );
        files.extend(
            [
                "clickhouse-volume.service",
                "clickhouse-grow.service",
                "clickhouse-grow.timer",
                "clickhouse-setup.service",
                "clickhouse-passwords.service",
                "clickhouse-passwords.timer",
                "clickhouse-server.service",
                "aurora-backup.service",
                "aurora-backup.timer",
                RESTORE,
            ]
            .map(|name| unit(&format!("clickhouse/{name}"))),
        );
        files.extend([
            MachineFile::readable(
                "/etc/sysusers.d/clickhouse.conf",
                source("clickhouse/clickhouse.sysusers"),
            ),
            MachineFile::readable(
                "/etc/systemd/system/clickhouse-server.service.d/aws.conf",
                source("clickhouse/aws.conf"),
            ),
            MachineFile::readable("/etc/aurora/listen.xml", source("clickhouse/listen.xml")),
            MachineFile::readable("/etc/aurora/closed.xml", source("clickhouse/closed.xml")),
            MachineFile::readable("/etc/aurora/small.xml", source("clickhouse/small.xml")),
        ]);
        Ok(files)
    }

    /// Its user-data.
    pub fn user_data(&self) -> Result<UserData, InvalidMachine> {
        let is_started = |unit: &&str| self.restore.is_some() || *unit != RESTORE;
        let units: Vec<&str> = UNITS.into_iter().filter(is_started).collect();
        UserData::new(&self.files()?, &units)
    }

    fn environment(&self, backups: &str) -> Result<environment::Environment, InvalidMachine> {
        check::volume(&self.volume)?;
        check::version(&self.release.version)?;
        check::url("ClickHouse's mirror", &self.release.mirror)?;
        let mut environment = self.common.environment(role::CLICKHOUSE)?;
        environment.set("AURORA_DISK", "/var/lib/clickhouse")?;
        environment.set("AURORA_VOLUME", &self.volume)?;
        environment.set("AURORA_BACKUP_URL", backups)?;
        environment.set("AURORA_METRICS_URL", &self.common.metrics_url())?;
        environment.set("CLICKHOUSE_VERSION", &self.release.version)?;
        environment.set("CLICKHOUSE_URL", &self.release.url(self.common.architecture))?;
        if let Some(sum) = &self.release.sha512 {
            check::hexadecimal("ClickHouse's SHA-512", sum, 128)?;
            environment.set("CLICKHOUSE_SHA512", sum)?;
        }
        if let Some(backup) = &self.restore {
            check::backup(backup)?;
            environment.set("AURORA_RESTORE", backup)?;
        }
        Ok(environment)
    }
}

/// The server's configuration but for passwords, and where it listens: `backups` is where backups go, `network` from where its
/// users come.
pub fn configuration(network: &str, backups: &str, region: &str) -> Result<Vec<MachineFile>, InvalidMachine> {
    check::network(network)?;
    check::url("the place of backups", backups)?;
    check::region(region)?;
    let backups = [("URL", backups), ("REGION", region)];
    let place = |name: &str| format!("/etc/clickhouse-server/{name}");
    Ok(vec![
        MachineFile::readable(place("config.xml"), source("clickhouse/config.xml")),
        MachineFile::readable(place("users.xml"), source("clickhouse/users.xml")),
        MachineFile::readable(
            place("config.d/backups.xml"),
            fill_xml(source("clickhouse/backups.xml"), &backups),
        ),
        MachineFile::readable(
            place("users.d/networks.xml"),
            fill_xml(source("clickhouse/networks.xml"), &[("NETWORK", network)]),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples;

    fn machine() -> ClickHouseMachine {
        ClickHouseMachine {
            common: samples::common(),
            network: "10.0.0.0/16".to_owned(),
            volume: "vol-0123456789abcdef0".to_owned(),
            backup_bucket: "aurora-prod-backups-123456789012".to_owned(),
            release: ClickHouseRelease::default(),
            restore: None,
        }
    }

    #[test]
    fn the_machine_knows_its_volume_its_server_and_its_backups() {
        let files = machine().files().unwrap();
        let environment = samples::contents(&files, environment::PATH);
        for line in [
            "AURORA_VOLUME='vol-0123456789abcdef0'",
            "CLICKHOUSE_URL='https://packages.clickhouse.com/tgz/stable/clickhouse-common-static-26.8.2.7-arm64.tgz'",
            "AURORA_BACKUP_URL='https://aurora-prod-backups-123456789012.s3.eu-central-1.amazonaws.com/clickhouse/'",
            "AURORA_METRICS_URL='https://monitoring.eu-central-1.amazonaws.com/'",
            "AURORA_ROLE='clickhouse'",
            "AURORA_DISK='/var/lib/clickhouse'",
        ] {
            assert!(environment.contains(line), "{environment}");
        }
        assert!(!environment.contains("AURORA_RESTORE"));
        let backups = samples::contents(&files, "/etc/clickhouse-server/config.d/backups.xml");
        assert!(
            backups.contains("amazonaws.com/clickhouse/</endpoint>"),
            "{backups}"
        );
        let networks = samples::contents(&files, "/etc/clickhouse-server/users.d/networks.xml");
        assert_eq!(networks.matches("<ip>10.0.0.0/16</ip>").count(), 3);
    }

    #[test]
    fn no_placeholder_is_left() {
        for file in machine().files().unwrap() {
            let is_placeholder =
                |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase());
            let left = file.contents.split('@').skip(1).find(|part| is_placeholder(part));
            assert_eq!(left, None, "{}", file.path);
        }
    }

    #[test]
    fn only_a_restore_brings_its_unit() {
        let plain = machine().user_data().unwrap();
        let restoring = ClickHouseMachine {
            restore: Some("latest".to_owned()),
            ..machine()
        };
        let enabled = |data: &UserData| data.text().contains("\"aurora-restore.service\"");
        assert!(!enabled(&plain) && enabled(&restoring.user_data().unwrap()));
        let environment = restoring.files().unwrap();
        assert!(samples::contents(&environment, environment::PATH).contains("AURORA_RESTORE='latest'"));
    }

    /// Its user-data is read once, and its type may change later.
    #[test]
    fn how_much_memory_it_has_is_found_out_there() {
        let files = machine().files().unwrap();
        assert!(
            files
                .iter()
                .all(|file| !file.path.ends_with("config.d/small.xml"))
        );
        assert!(
            samples::contents(&files, "/usr/local/lib/aurora/clickhouse-setup.sh")
                .contains("clickhouse-memory.sh\" /etc/aurora/small.xml")
        );
    }

    #[test]
    fn it_fits() {
        let data = ClickHouseMachine {
            restore: Some("20261127T030000Z-incremental".to_owned()),
            release: ClickHouseRelease {
                sha512: Some("0123456789abcdef".repeat(8)),
                ..ClickHouseRelease::default()
            },
            ..machine()
        }
        .user_data()
        .unwrap();
        // Users write nothing of it: what is left is for names.
        assert!(data.packed().len() < 15 * 1024, "{}", data.packed().len());
    }

    #[test]
    fn a_wrong_value_is_no_machine() {
        let wrong = |change: fn(&mut ClickHouseMachine)| {
            let mut machine = machine();
            change(&mut machine);
            machine.user_data().unwrap_err().to_string()
        };
        assert!(wrong(|machine| machine.volume = "vol-1'".into()).contains("vol-1"));
        assert!(wrong(|machine| machine.backup_bucket = "x y".into()).contains("x y"));
        assert!(wrong(|machine| machine.network = "<ip>".into()).contains("<ip>"));
        assert!(wrong(|machine| machine.release.version = "26.8;id".into()).contains("26.8;id"));
        assert!(wrong(|machine| machine.release.mirror = "file:///x".into()).contains("file:"));
        assert!(wrong(|machine| machine.release.sha512 = Some("0".into())).contains("SHA-512"));
        assert!(wrong(|machine| machine.restore = Some("newest".into())).contains("newest"));
    }
}
