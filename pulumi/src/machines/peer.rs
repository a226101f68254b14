//! A machine that a node runs on.

use super::sources::{script, source, unit};
use super::{Common, InvalidMachine, MachineFile, UserData, check, environment, node_config, role};

/// What a peer's machine depends on. All peers of a deployment have the same user-data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerMachine {
    /// What all machines have.
    pub common: Common,
    /// The network of the machines, such as `10.0.0.0/16`.
    pub network: String,
    /// The Grafana that nodes keep in step, if there is one.
    pub grafana: Option<GrafanaPlace>,
    /// What the user writes for nodes, in TOML: connections, streams, queries, limits, model, access.
    pub configuration: String,
}

/// What nodes have to know of their deployment's Grafana.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrafanaPlace {
    /// Where browsers reach it.
    pub url: String,
    /// The ARN of the topic that its alerts go to.
    pub topic: String,
}

/// What is started. How full the disk is the node publishes itself.
const UNITS: [&str; 3] = ["aurora-setup.service", "aurora.service", "aurora-logs.service"];

impl PeerMachine {
    /// Its files.
    pub fn files(&self) -> Result<Vec<MachineFile>, InvalidMachine> {
        check::network(&self.network)?;
        if let Some(grafana) = &self.grafana {
            check::url("Grafana's address", &grafana.url)?;
        }
        let environment = self.common.environment(role::PEERS)?;
        let config = node_config::NodeConfig {
            deployment: &self.common.deployment,
            network: &self.network,
            grafana: self.grafana.as_ref(),
            user: &self.configuration,
        };
        let mut files = common_files();
        files.extend([
            MachineFile::readable(environment::PATH, environment.render()),
            MachineFile::readable(node_config::PATH, config.render()?),
            unit("peer/aurora.service"),
            unit("peer/aurora-unhealthy.service"),
            MachineFile::readable(
                "/etc/systemd/system/aurora.service.d/aws.conf",
                source("peer/aws.conf"),
            ),
        ]);
        Ok(files)
    }

    /// Its user-data.
    pub fn user_data(&self) -> Result<UserData, InvalidMachine> {
        UserData::new(&self.files()?, &UNITS)
    }
}

/// Files that every machine has.
pub(crate) fn common_files() -> Vec<MachineFile> {
    vec![
        MachineFile::readable("/etc/sysusers.d/aurora.conf", source("common/aurora.sysusers")),
        MachineFile::readable(
            "/etc/systemd/journald.conf.d/aurora.conf",
            source("common/journald.conf"),
        ),
        script("common/aws.sh"),
        script("common/fetch-program.sh"),
        unit("common/aurora-setup.service"),
        unit("common/aurora-logs.service"),
    ]
}

/// What publishes how full a disk is, of machines without a node. Which one is the variable `AURORA_DISK`.
pub(crate) fn disk_files() -> [MachineFile; 2] {
    [
        unit("common/aurora-disk.service"),
        unit("common/aurora-disk.timer"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples;

    fn peer() -> PeerMachine {
        PeerMachine {
            common: samples::common(),
            network: "10.0.0.0/16".to_owned(),
            grafana: None,
            configuration: String::new(),
        }
    }

    #[test]
    fn a_peer_is_told_where_its_program_is() {
        let files = peer().files().unwrap();
        let environment = samples::contents(&files, environment::PATH);
        let program = format!(
            "AURORA_PROGRAM_URL='https://aurora-prod-programs-123456789012.s3.eu-central-1.amazonaws.com/programs/{}/aurora'",
            "0123456789abcdef".repeat(4)
        );
        assert!(environment.contains(&program), "{environment}");
        assert!(samples::contents(&files, "/etc/systemd/system/aurora.service").contains("User=aurora"));
        assert!(!environment.contains("AWS_ENDPOINT_URL"));
    }

    #[test]
    fn its_logs_go_where_those_of_peers_are_read() {
        let files = peer().files().unwrap();
        assert!(samples::contents(&files, environment::PATH).contains("AURORA_ROLE='peers'\n"));
    }

    #[test]
    fn only_the_node_publishes_how_full_the_disk_is() {
        let files = peer().files().unwrap();
        let others = files.iter().filter(|file| file.path.contains("aurora-disk"));
        assert_eq!(others.count(), 0);
        assert!(!peer().user_data().unwrap().text().contains("aurora-disk"));
    }

    #[test]
    fn there_is_room_for_what_users_write() {
        let data = peer().user_data().unwrap();
        // It has 3.9 KB; most of what EC2 takes is left for connections and streams.
        assert!(data.packed().len() < 8 * 1024, "{}", data.packed().len());
    }

    #[test]
    fn a_wrong_value_is_no_machine() {
        let wrong = |change: &dyn Fn(&mut PeerMachine)| {
            let mut peer = peer();
            change(&mut peer);
            peer.user_data().unwrap_err().to_string()
        };
        assert!(wrong(&|peer| peer.common.deployment = "Prod".into()).contains("Prod"));
        assert!(wrong(&|peer| peer.common.region = "here".into()).contains("here"));
        assert!(wrong(&|peer| peer.common.program_bucket = "a.b".into()).contains("a.b"));
        assert!(wrong(&|peer| peer.common.program_sha256 = "0".into()).contains("SHA-256"));
        assert!(wrong(&|peer| peer.common.aws_endpoint = Some("x".into())).contains("endpoint"));
        assert!(wrong(&|peer| peer.network = "all".into()).contains("all"));
        let place = |url: &str| {
            Some(GrafanaPlace {
                url: url.to_owned(),
                topic: "arn:aws:sns:eu-central-1:123456789012:aurora-prod-alarms".to_owned(),
            })
        };
        assert!(wrong(&|peer| peer.grafana = place("javascript:x")).contains("javascript"));
        assert!(wrong(&|peer| peer.configuration = "[node]".into()).contains("node"));
    }
}
