//! Scripts, units and user-data, looked at by shellcheck, systemd and cloud-init of Debian 13.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use aurora_actors::query::limits::QueryLimits;
use aurora_actors::query::wall::profile;
use aurora_chaos_tests::machine::root;
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_node::config::Config;
use aurora_node::grafana::access;
use aurora_pulumi::deployment::Architecture;
use aurora_pulumi::machines::sources::SOURCES;
use aurora_pulumi::machines::{
    ClickHouseMachine, ClickHouseRelease, Common, GrafanaMachine, GrafanaPlace, GrafanaRelease, MachineFile,
    PeerMachine,
};

/// What systemd says about how exposed a unit is, at most, times ten: the units that run all the time, and those that get a
/// machine ready, or keep it so, as root. Mounting for all others allows of no mounts of one's own, and so of few restrictions.
const MAX_EXPOSURE: u32 = 15;
const EXPOSED: [(&str, u32); 6] = [
    ("aurora-restore.service", 20),
    ("aurora-setup.service", 20),
    ("clickhouse-passwords.service", 20),
    ("clickhouse-setup.service", 25),
    ("grafana-password.service", 21),
    ("grafana-setup.service", 25),
];
const MOUNTS: (&str, u32) = ("clickhouse-volume.service", 50);

fn common() -> Common {
    Common {
        deployment: "prod".to_owned(),
        region: "eu-central-1".to_owned(),
        architecture: Architecture::X86_64,
        program_bucket: "aurora-prod-programs-123456789012".to_owned(),
        program_sha256: "0123456789abcdef".repeat(4),
        aws_endpoint: None,
    }
}

fn peer() -> PeerMachine {
    PeerMachine {
        common: common(),
        network: "10.0.0.0/16".to_owned(),
        grafana: Some(GrafanaPlace {
            url: "https://grafana.example.com".to_owned(),
            topic: "arn:aws:sns:eu-central-1:123456789012:aurora-prod-alarms".to_owned(),
        }),
        configuration: "[[connections]]\nname = \"it's & <\\\"ü\\\">\"\nbrokers = \"a:1\"\n".to_owned(),
    }
}

fn clickhouse() -> ClickHouseMachine {
    ClickHouseMachine {
        common: common(),
        network: "10.0.0.0/16".to_owned(),
        volume: "vol-0123456789abcdef0".to_owned(),
        backup_bucket: "aurora-prod-backups-123456789012".to_owned(),
        release: ClickHouseRelease::default(),
        restore: Some("latest".to_owned()),
    }
}

fn grafana() -> GrafanaMachine {
    GrafanaMachine {
        common: common(),
        root_url: "https://grafana.example.com/".to_owned(),
        admin_email: Some("ann@example.com".to_owned()),
        release: GrafanaRelease::default(),
    }
}

/// Writes the files of all machines below `tree`.
fn write_all(sandbox: &Sandbox, tree: &str) -> Result<Vec<MachineFile>> {
    let mut files = peer().files()?;
    files.extend(clickhouse().files()?);
    files.extend(grafana().files()?);
    for file in &files {
        let path = sandbox.write(format!("{tree}{}", file.path), &file.contents)?;
        let mode = u32::from_str_radix(file.mode, 8)?;
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    }
    Ok(files)
}

/// What a script prints on a Debian that has the files of all machines.
async fn look(sandbox: &Sandbox, script: &str) -> Result<(String, String)> {
    let script = format!("set -e\ncp -r /mnt/tree/. /\n{script}");
    let output = root::run(sandbox.directory(), &["bash", "-c", &script]).await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    ensure!(
        output.status.success(),
        "it ended with {}:\n{out}{err}",
        output.status
    );
    Ok((out, err))
}

#[tokio::test]
async fn scripts_pass_shellcheck() -> Result<()> {
    Sandbox::run("machines-shellcheck", async |sandbox| {
        for (path, text) in SOURCES {
            sandbox.write(format!("tree/mnt2/{path}"), text)?;
        }
        let (_, complaints) = look(
            sandbox,
            "cd /mnt2; test $(ls */*.sh | wc -l) -ge 9; shellcheck --external-sources --source-path=SCRIPTDIR */*.sh >&2",
        )
        .await?;
        ensure!(complaints.is_empty(), "{complaints}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn units_are_understood_and_hardened() -> Result<()> {
    Sandbox::run("machines-units", async |sandbox| {
        let files = write_all(sandbox, "tree")?;
        // Programs that come later, and users.
        let prepare = "systemd-sysusers 2>/dev/null
            install -D /bin/true /usr/local/bin/aurora; install /bin/true /usr/local/bin/clickhouse
            install -D /bin/true /opt/grafana/bin/grafana";
        let units: Vec<&str> = files
            .iter()
            .filter_map(|file| file.path.strip_prefix("/etc/systemd/system/"))
            .filter(|name| !name.contains('/'))
            .collect();
        let all = units.join(" ");
        let (_, complaints) = look(
            sandbox,
            &format!("{prepare}\ncd /etc/systemd/system; systemd-analyze verify --man=no {all}"),
        )
        .await?;
        ensure!(complaints.is_empty(), "{complaints}");

        let services: Vec<&&str> = units.iter().filter(|unit| unit.ends_with(".service")).collect();
        let mut script = prepare.to_owned();
        for service in &services {
            script += &format!(
                "\necho {service} $(systemd-analyze security --offline=true --json=off /etc/systemd/system/{service} | tail -n 1)"
            );
        }
        let (scores, _) = look(sandbox, &script).await?;
        let scores: BTreeMap<&str, u32> = scores.lines().filter_map(exposure).collect();
        ensure!(scores.len() >= 11, "{scores:?}");
        for service in services {
            let score = scores.get(*service).with_context(|| format!("{service} has no score"))?;
            let known = EXPOSED.iter().chain([&MOUNTS]).find(|(name, _)| name == service);
            let limit = known.map_or(MAX_EXPOSURE, |(_, limit)| *limit);
            ensure!(*score <= limit, "{service}: {score} tenths of exposure, and {limit} are allowed");
        }
        Ok(())
    })
    .await
}

/// From `aurora.service → Overall exposure level for aurora.service: 1.2 OK`.
fn exposure(line: &str) -> Option<(&str, u32)> {
    let service = line.split(' ').next()?;
    let level = line.rsplit_once(": ")?.1.split(' ').next()?;
    Some((service, level.replace('.', "").parse().ok()?))
}

#[tokio::test]
async fn cloud_init_knows_everything_in_user_data() -> Result<()> {
    Sandbox::run("machines-schema", async |sandbox| {
        let all = [
            ("peer", peer().user_data()?),
            ("clickhouse", clickhouse().user_data()?),
            ("grafana", grafana().user_data()?),
        ];
        let mut script = String::new();
        for (name, data) in &all {
            sandbox.write(format!("tree/{name}"), data.text())?;
            script += &format!("cloud-init schema --config-file /{name}\n");
        }
        let (said, _) = look(sandbox, &script).await?;
        ensure!(said.matches("Valid schema").count() == all.len(), "{said}");
        // What cloud-init reads is what was meant.
        let read = "import yaml; files = yaml.safe_load(open('/peer'))['write_files']; \
             print(*(file['content'] for file in files if file['path'] == '/etc/aurora/node.toml'), end='')";
        let (content, _) = look(sandbox, &format!("python3 -c \"{read}\"")).await?;
        ensure!(
            peer()
                .files()?
                .iter()
                .any(|file| file.contents == content && file.path.ends_with("node.toml")),
            "{content}"
        );
        Ok(())
    })
    .await
}

/// The bounds of queries are said twice: by Aurora's reader and by the profile that machines are installed with.
#[test]
fn the_reader_is_the_one_that_aurora_makes() -> Result<()> {
    let users = source("clickhouse/users.xml")?;
    let start = users.find("<aurora_reader>").context("no profile")?;
    let profile_text = &users[start..users[start..].find("</aurora_reader>").context("no end")? + start];
    for setting in profile::settings(&QueryLimits::default()) {
        let name = setting.name;
        let value = format!("<{name}>{}</{name}>", setting.value);
        ensure!(profile_text.contains(&value), "{value} is not in users.xml");
        if let Some(range) = setting.changeable {
            let bound = |word: &str, bound: Option<u64>| {
                bound.map_or(String::new(), |bound| format!("<{word}>{bound}</{word}>"))
            };
            let bounds = format!(
                "<{name}>{}{}<changeable_in_readonly/></{name}>",
                bound("min", range.min),
                bound("max", range.max)
            );
            ensure!(profile_text.contains(&bounds), "{bounds} is not in users.xml");
        }
    }
    Ok(())
}

/// So is what Grafana's user may do.
#[test]
fn grafanas_user_is_the_one_that_aurora_makes() -> Result<()> {
    let users = source("clickhouse/users.xml")?;
    let section = |after: &str| -> Result<&str> {
        let rest = &users[users.find(after).with_context(|| format!("no {after}"))?..];
        let start = rest.find("<aurora_grafana>").context("no user")?;
        let end = rest.find("</aurora_grafana>").context("no end")?;
        Ok(&rest[start..end])
    };
    let made = access::users_xml(&["events"], "", "");
    let words = |text: &str| -> Vec<String> {
        let parts = text
            .split(['<', '>'])
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts.map(|part| part.replace('`', "")).collect()
    };
    for (part, ours) in [("<profiles>", &made.profile), ("<users>", &made.user)] {
        let theirs = words(section(part)?);
        for word in words(ours)
            .iter()
            .filter(|word| !word.starts_with("password") && word.len() != 64)
        {
            ensure!(
                word.starts_with('/') || theirs.contains(word),
                "{word} is not said in {part} of users.xml"
            );
        }
        let granted = |text: &str| text.matches("GRANT ").count();
        ensure!(
            granted(ours) == granted(section(part)?),
            "users.xml grants something else"
        );
    }
    Ok(())
}

/// What nodes are told is what nodes understand.
#[test]
fn nodes_understand_their_configuration() -> Result<()> {
    let sandbox = Sandbox::new("machines-node-toml")?;
    for grafana in [None, peer().grafana] {
        let files = PeerMachine { grafana, ..peer() }.files()?;
        let file = files.iter().find(|file| file.path == "/etc/aurora/node.toml");
        let text = &file.context("no node.toml")?.contents;
        let config = Config::read(&sandbox.write("node.toml", text)?)?;
        ensure!(
            config.connections.len() == 1 && config.cluster.is_some(),
            "{text}"
        );
    }
    Ok(())
}

pub(crate) fn source(path: &str) -> Result<&'static str> {
    let found = SOURCES.iter().find(|(name, _)| *name == path);
    Ok(found.with_context(|| format!("no source {path}"))?.1)
}

/// Sources refer to each other by the places that [`MachineFile`]s have.
#[test]
fn every_script_that_a_unit_or_a_script_names_is_on_the_machine() -> Result<()> {
    for files in [peer().files()?, clickhouse().files()?, grafana().files()?] {
        let is_there = |path: &str| files.iter().any(|file| Path::new(&file.path) == Path::new(path));
        for file in &files {
            for named in file.contents.split(['=', ' ', '"', '\n']) {
                if named.starts_with("/usr/local/lib/aurora/") {
                    ensure!(is_there(named), "{} names {named}, which is not there", file.path);
                }
            }
        }
    }
    Ok(())
}
