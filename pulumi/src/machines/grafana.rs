//! The machine that Grafana runs on.

use super::peer::{common_files, disk_files};
use super::sources::{script, source, unit};
use super::{Common, InvalidMachine, MachineFile, UserData, check, environment, role};
use crate::deployment::Architecture;

/// Which Grafana, and which plugin for ClickHouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrafanaRelease {
    /// Grafana's version.
    pub version: String,
    /// From where: the directory that holds its archives.
    pub mirror: String,
    /// What its archive's SHA-256 must be; without it the sum that is published beside the archive counts.
    pub sha256: Option<String>,
    /// The plugin's version. Grafana checks its signature.
    pub plugin_version: String,
    /// From where the plugin comes, if not from Grafana's own catalogue.
    pub plugin_repository: Option<String>,
}

impl Default for GrafanaRelease {
    /// The releases that Aurora is made for.
    fn default() -> Self {
        Self {
            version: "12.4.2".to_owned(),
            mirror: "https://dl.grafana.com/oss/release".to_owned(),
            sha256: None,
            plugin_version: "4.14.1".to_owned(),
            plugin_repository: None,
        }
    }
}

impl GrafanaRelease {
    /// Where its archive is.
    fn url(&self, architecture: Architecture) -> String {
        let mirror = self.mirror.trim_end_matches('/');
        format!(
            "{mirror}/grafana-{}.linux-{}.tar.gz",
            self.version,
            architecture.debian_name()
        )
    }
}

/// What Grafana's machine depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrafanaMachine {
    /// What all machines have.
    pub common: Common,
    /// Where browsers reach it, through the load balancer.
    pub root_url: String,
    /// The admin's e-mail.
    pub admin_email: Option<String>,
    /// Which Grafana.
    pub release: GrafanaRelease,
}

/// What is started.
const UNITS: [&str; 6] = [
    "aurora-setup.service",
    "grafana-setup.service",
    "grafana-server.service",
    "grafana-password.timer",
    "aurora-logs.service",
    "aurora-disk.timer",
];

impl GrafanaMachine {
    /// Its files.
    pub fn files(&self) -> Result<Vec<MachineFile>, InvalidMachine> {
        let mut files = common_files();
        files.extend(disk_files());
        files.extend([
            MachineFile::readable(environment::PATH, self.environment()?.render()),
            MachineFile::readable("/etc/sysusers.d/grafana.conf", source("grafana/grafana.sysusers")),
            MachineFile::readable("/etc/grafana/grafana.ini", source("grafana/grafana.ini")),
            script("grafana/grafana-setup.sh"),
            script("grafana/fetch-grafana-password.sh"),
            script("grafana/set-grafana-password.sh"),
            unit("grafana/grafana-password.service"),
            unit("grafana/grafana-password.timer"),
            unit("grafana/grafana-setup.service"),
            unit("grafana/grafana-server.service"),
        ]);
        Ok(files)
    }

    /// Its user-data.
    pub fn user_data(&self) -> Result<UserData, InvalidMachine> {
        UserData::new(&self.files()?, &UNITS)
    }

    fn environment(&self) -> Result<environment::Environment, InvalidMachine> {
        let release = &self.release;
        check::url("Grafana's address", &self.root_url)?;
        check::version(&release.version)?;
        check::version(&release.plugin_version)?;
        check::url("Grafana's mirror", &release.mirror)?;
        let mut environment = self.common.environment(role::GRAFANA)?;
        environment.set("AURORA_DISK", "/")?;
        environment.set("GRAFANA_VERSION", &release.version)?;
        environment.set("GRAFANA_URL", &release.url(self.common.architecture))?;
        environment.set("GRAFANA_PLUGIN_VERSION", &release.plugin_version)?;
        environment.set("GF_SERVER_ROOT_URL", &self.root_url)?;
        if let Some(email) = &self.admin_email {
            check::email(email)?;
            environment.set("GF_SECURITY_ADMIN_EMAIL", email)?;
        }
        if let Some(sum) = &release.sha256 {
            check::hexadecimal("Grafana's SHA-256", sum, 64)?;
            environment.set("GRAFANA_SHA256", sum)?;
        }
        if let Some(repository) = &release.plugin_repository {
            check::url("the plugins' repository", repository)?;
            environment.set("GRAFANA_PLUGIN_REPO", repository)?;
        }
        Ok(environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples;

    fn machine() -> GrafanaMachine {
        GrafanaMachine {
            common: samples::common(),
            root_url: "https://grafana.example.com/".to_owned(),
            admin_email: Some("ann@example.com".to_owned()),
            release: GrafanaRelease::default(),
        }
    }

    #[test]
    fn the_machine_knows_its_release_and_its_address() {
        let files = machine().files().unwrap();
        let environment = samples::contents(&files, environment::PATH);
        for line in [
            "GRAFANA_URL='https://dl.grafana.com/oss/release/grafana-12.4.2.linux-arm64.tar.gz'",
            "GRAFANA_PLUGIN_VERSION='4.14.1'",
            "GF_SERVER_ROOT_URL='https://grafana.example.com/'",
            "GF_SECURITY_ADMIN_EMAIL='ann@example.com'",
            "AURORA_ROLE='grafana'",
            "AURORA_DISK='/'",
        ] {
            assert!(environment.contains(line), "{environment}");
        }
        assert!(machine().user_data().unwrap().packed().len() < 8 * 1024);
    }

    #[test]
    fn a_wrong_value_is_no_machine() {
        let wrong = |change: fn(&mut GrafanaMachine)| {
            let mut machine = machine();
            change(&mut machine);
            machine.user_data().unwrap_err().to_string()
        };
        assert!(wrong(|machine| machine.root_url = "https://x/${HOME}".into()).contains("${HOME}"));
        assert!(wrong(|machine| machine.admin_email = Some("nobody".into())).contains("nobody"));
        assert!(wrong(|machine| machine.release.version = "new".into()).contains("new"));
        assert!(wrong(|machine| machine.release.plugin_version = "4".into()).contains('4'));
        assert!(wrong(|machine| machine.release.sha256 = Some("x".into())).contains("SHA-256"));
        assert!(wrong(|machine| machine.release.plugin_repository = Some("x".into())).contains("plugins"));
    }
}
