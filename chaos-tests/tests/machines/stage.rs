//! What a deployment's machines find when they start: a network, AWS, Kafka, and what `aurora deploy` has put in place.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_actors::store::Login;
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::binary;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::kafka::{Kafka, KafkaOptions};
use aurora_chaos_tests::machine::archive::Mirror;
use aurora_chaos_tests::machine::aws::Aws;
use aurora_chaos_tests::machine::metadata::Identity;
use aurora_chaos_tests::machine::volume::Volume;
use aurora_chaos_tests::machine::{Machine, MachineOptions};
use aurora_chaos_tests::moto::REGION;
use aurora_chaos_tests::netns::{Member, Network};
use aurora_chaos_tests::node::CONNECTION;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::toxiproxy::{Proxy, Toxiproxy, bootstrap_servers};
use aurora_cluster::ClusterKey;
use aurora_node::embedded::clickhouse::{default_cache_dir, verify_library};
use aurora_pulumi::deployment::Architecture;
use aurora_pulumi::machines::{
    ClickHouseMachine, ClickHouseRelease, Common, GrafanaMachine, GrafanaRelease, PeerMachine, UserData, role,
};

/// The deployment's name.
pub(crate) const DEPLOYMENT: &str = "prod";
/// Longest that a machine may take to be at work, on a busy computer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

const PROGRAMS: &str = "aurora-prod-programs";
const BACKUPS: &str = "aurora-prod-backups";
const ADMIN_TOKEN: &str = "an admin's token";
const VERSION: &str = "26.8.2.7";

/// All that is there besides machines.
pub(crate) struct Stage<'a> {
    sandbox: &'a Sandbox,
    pub(crate) kafka: Kafka,
    pub(crate) aws: Aws,
    pub(crate) mirror: Mirror,
    kafka_proxies: Vec<Proxy>,
    program_sha256: String,
    network: Network,
    // The last, since everything goes through it.
    _toxiproxy: Toxiproxy,
}

impl<'a> Stage<'a> {
    pub(crate) async fn start(sandbox: &'a Sandbox) -> Result<Self> {
        let network = Network::new(3)?;
        let host = network.host();
        let options = KafkaOptions {
            proxy_host: host,
            ..KafkaOptions::default()
        };
        let library = library(sandbox).await?;
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let (kafka, aws, mirror) = tokio::try_join!(
            Kafka::start(sandbox, options),
            Aws::start(sandbox, &toxiproxy, host),
            Mirror::clickhouse(sandbox, host, VERSION, &library),
        )?;
        let mut stage = Self {
            sandbox,
            kafka_proxies: toxiproxy.before_kafka(&kafka).await?,
            kafka,
            aws,
            mirror,
            program_sha256: String::new(),
            network,
            _toxiproxy: toxiproxy,
        };
        stage.lay_out().await?;
        Ok(stage)
    }

    /// Buckets, the program, secrets.
    async fn lay_out(&mut self) -> Result<()> {
        for bucket in [PROGRAMS, BACKUPS] {
            self.aws.make_bucket(bucket).await?;
        }
        for role in role::ALL {
            self.aws
                .make_log_group(&role::log_group(DEPLOYMENT, role))
                .await?;
        }
        let key = ClusterKey::generate().expose_base64().to_string();
        let secrets = [
            ("cluster-key", &*key),
            ("admin-token", ADMIN_TOKEN),
            ("clickhouse-writer", &password("writer")),
            ("clickhouse-reader", &password("reader")),
            ("clickhouse-operator", &password("operator")),
            ("clickhouse-grafana", &password("grafana")),
            ("grafana-admin", &password("admin")),
        ];
        for (name, value) in secrets {
            let name = format!("aurora/{DEPLOYMENT}/{name}");
            self.aws.make_secret(&name, value).await?;
        }
        // What it carries for debuggers is two thirds of it.
        let program = self.sandbox.path("aurora");
        let mut strip = Command::new("strip");
        strip
            .args(["--strip-debug", "-o"])
            .arg(&program)
            .arg(binary::aurora().await?);
        ensure!(
            strip.status().context("strip cannot be run")?.success(),
            "strip failed"
        );
        let sum = Command::new("sha256sum").arg(&program).output()?;
        let sum = String::from_utf8(sum.stdout)?;
        self.program_sha256 = sum.split(' ').next().context("no sum")?.to_owned();
        let path = format!("{PROGRAMS}/programs/{}/aurora", self.program_sha256);
        self.aws.put_object(&path, std::fs::read(&program)?).await
    }

    fn common(&self) -> Common {
        Common {
            deployment: DEPLOYMENT.to_owned(),
            region: REGION.to_owned(),
            architecture: Architecture::X86_64,
            program_bucket: PROGRAMS.to_owned(),
            program_sha256: self.program_sha256.clone(),
            aws_endpoint: Some(self.aws.endpoint()),
        }
    }

    /// All machines are in it.
    fn subnet(&self) -> String {
        let [a, b, c, _] = self.network.host().octets();
        format!("{a}.{b}.{c}.0/24")
    }

    fn clickhouse_member(&self) -> &Member {
        &self.network.members()[0]
    }

    /// Where the node's machine is.
    pub(crate) fn peer_member(&self) -> &Member {
        &self.network.members()[1]
    }

    /// Starts ClickHouse's machine, with a volume that is not attached yet.
    pub(crate) async fn boot_clickhouse(
        &self,
        name: &str,
        volume: &Volume,
        restore: Option<&str>,
    ) -> Result<Machine> {
        let machine = ClickHouseMachine {
            common: self.common(),
            network: self.subnet(),
            volume: volume.id().to_owned(),
            backup_bucket: BACKUPS.to_owned(),
            release: ClickHouseRelease {
                version: VERSION.to_owned(),
                mirror: self.mirror.url(),
                sha512: None,
            },
            restore: restore.map(str::to_owned),
        };
        let member = self.clickhouse_member();
        let files = self.mirror.files();
        let devices = vec![volume.device().to_owned()];
        let instance = format!("i-{name}");
        self.boot(name, instance, member, &machine.user_data()?, files, devices)
            .await
    }

    /// Starts a node's machine; its instance's id as well.
    pub(crate) async fn boot_peer(&self, topic: &str) -> Result<(Machine, String)> {
        let configuration = format!(
            "[[connections]]\nname = \"{CONNECTION}\"\nbrokers = \"{}\"\n\
             [[streams]]\nconnection = \"{CONNECTION}\"\ntopic = \"{topic}\"\n",
            bootstrap_servers(&self.kafka_proxies)
        );
        let machine = PeerMachine {
            common: self.common(),
            network: self.subnet(),
            grafana: None,
            configuration,
        };
        let member = self.peer_member();
        // The group, of which it is the only one.
        let group = ("aws:autoscaling:groupName", "aurora-prod-peers");
        let instance = self.aws.moto().run_instance(member.address(), group).await?;
        let data = machine.user_data()?;
        let booted = self.boot("peer", instance.clone(), member, &data, Vec::new(), Vec::new());
        Ok((booted.await?, instance))
    }

    /// Starts Grafana's machine.
    pub(crate) async fn boot_grafana(&self, mirror: &Mirror) -> Result<Machine> {
        let machine = GrafanaMachine {
            common: self.common(),
            root_url: "https://grafana.example.com/".to_owned(),
            admin_email: Some("ann@example.com".to_owned()),
            release: GrafanaRelease {
                mirror: mirror.url(),
                ..GrafanaRelease::default()
            },
        };
        let member = &self.network.members()[2];
        let data = machine.user_data()?;
        self.boot(
            "grafana",
            "i-grafana".to_owned(),
            member,
            &data,
            Vec::new(),
            Vec::new(),
        )
        .await
    }

    /// The address of this computer, as machines reach it.
    pub(crate) fn host(&self) -> Ipv4Addr {
        self.network.host()
    }

    async fn boot(
        &self,
        name: &str,
        instance: String,
        member: &Member,
        data: &UserData,
        files: Vec<(PathBuf, String)>,
        devices: Vec<PathBuf>,
    ) -> Result<Machine> {
        let options = MachineOptions {
            name: name.to_owned(),
            member: member.clone(),
            identity: Identity {
                instance,
                address: member.address(),
                key: Aws::role(),
                user_data: data.packed().to_vec(),
            },
            hosts: vec![format!(
                "{} clickhouse.{DEPLOYMENT}.aurora.internal",
                self.clickhouse_member().address()
            )],
            files,
            devices,
        };
        Machine::boot(self.sandbox, &options).await
    }

    /// ClickHouse, asked from this computer as nodes ask it.
    pub(crate) fn clickhouse(&self) -> Result<ClickHouse> {
        let login = |user: &str| Login {
            url: format!("http://{}:8123", self.clickhouse_member().address()),
            user: format!("aurora_{user}"),
            password: password(user),
        };
        ClickHouse::elsewhere(login("writer"), login("reader"))
    }

    /// The node's API, as its admin.
    pub(crate) fn api(&self) -> Result<Api> {
        let base = format!("http://{}:8080", self.peer_member().address());
        Ok(Api::new(&base)?.with_token(ADMIN_TOKEN))
    }

    /// Waits until the load balancer would send requests to the node.
    pub(crate) async fn until_ready(&self) -> Result<()> {
        eventually("the node to be ready", PATIENCE, async || {
            let answer = self.api()?.get("/readyz").await?;
            ensure!(answer.status.is_success(), "{}", answer.body);
            anyhow::Ok(true)
        })
        .await
    }

    /// What is in the bucket of backups.
    pub(crate) async fn backup_object(&self, key: &str) -> Result<String> {
        self.aws.object(&format!("{BACKUPS}/clickhouse/{key}")).await
    }
}

/// libchdb, which is downloaded by the first ClickHouse that is started.
async fn library(sandbox: &Sandbox) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("AURORA_CLICKHOUSE_LIB") {
        return Ok(named.into());
    }
    let cached = || verify_library(&default_cache_dir());
    if let Some(library) = cached()? {
        return Ok(library);
    }
    drop(ClickHouse::start(sandbox).await?);
    cached()?.context("ClickHouse ran, and its library is not there")
}

/// With what means something to shells, XML and curl.
fn password(user: &str) -> String {
    format!("{user}'s \"secret\" & <$HOME> \\ 100%")
}
