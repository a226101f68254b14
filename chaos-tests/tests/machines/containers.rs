//! What is there for those who run containers of their own: the image's definition and compose.yaml, read by hadolint and by the
//! library that Docker Compose reads files with. The image is built and started elsewhere; no service of the compose file is.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::cached_tool::{GoTool, python};
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_node::config::Config;

const COMPOSE: GoTool = GoTool {
    name: "compose-go",
    module: "github.com/compose-spec/compose-go/v2",
    package: "cmd",
    version: "2.9.1",
    amendment: None,
};
const HADOLINT: &str = include_str!("../../hadolint-requirements.txt");

fn repository() -> Result<PathBuf> {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(crate_directory
        .parent()
        .context("the crate lies nowhere")?
        .to_owned())
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "{}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
}

#[tokio::test]
async fn the_image_is_defined_as_images_should_be() -> Result<()> {
    let python = python("hadolint", HADOLINT).await?;
    let dockerfile = repository()?.join("deploy/container/Dockerfile");
    let mut hadolint = Command::new(python.with_file_name("hadolint"));
    hadolint.args(["--failure-threshold", "style"]).arg(&dockerfile);
    let output = hadolint.output().context("hadolint cannot be run")?;
    ensure!(
        output.status.success() && output.stdout.is_empty(),
        "{}",
        said(&output)
    );
    let text = std::fs::read_to_string(&dockerfile)?;
    let last = text.rsplit_once("\nFROM ").context("there is one stage")?.1;
    ensure!(
        last.contains("\nUSER 701:701\n") && last.contains("\nHEALTHCHECK "),
        "{last}"
    );
    Ok(())
}

#[tokio::test]
async fn compose_understands_the_file_and_everything_that_it_names_is_there() -> Result<()> {
    Sandbox::run("machines-compose", async |sandbox| {
        let compose = COMPOSE.built().await?;
        // A copy, because secrets are made beside it.
        let copy = sandbox.path("repository");
        for part in ["deploy", "pulumi/machines"] {
            std::fs::create_dir_all(copy.join(part))?;
            let from = format!("{}/.", repository()?.join(part).display());
            let mut cp = Command::new("cp");
            ensure!(
                cp.args(["-r", &from]).arg(copy.join(part)).status()?.success(),
                "cp failed"
            );
        }
        let directory = copy.join("deploy/compose");
        for _ in 0..2 {
            let made = Command::new("./make-secrets").current_dir(&directory).output()?;
            ensure!(made.status.success(), "{}", said(&made));
        }
        for profiles in ["", "kafka"] {
            let mut command = Command::new(&compose);
            command
                .args(["-format", "json", "compose.yaml"])
                .current_dir(&directory);
            command
                .env_clear()
                .env("PATH", std::env::var("PATH")?)
                .env("COMPOSE_PROFILES", profiles);
            let output = command.output()?;
            ensure!(
                output.status.success() && output.stderr.is_empty(),
                "{}",
                said(&output)
            );
            check(&serde_json::from_slice(&output.stdout)?)?;
        }
        let config = std::fs::read_to_string(directory.join("node.toml"))?;
        let filled = config
            .replace("{container_ip}", "172.18.0.5")
            .replace("{container_name}", "aurora-1");
        let read = Config::read(&sandbox.write("node.toml", &filled)?)?;
        ensure!(
            read.cluster.is_some_and(|cluster| cluster.seeds.len() == 3),
            "{filled}"
        );
        Ok(())
    })
    .await
}

/// What a service may do, and the files that it is given.
fn check(model: &serde_json::Value) -> Result<()> {
    let services = model["services"].as_object().context("no services")?;
    ensure!(services.len() >= 5, "{} services", services.len());
    for (name, service) in services {
        let has = |key: &str, value: &str| {
            service[key]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one == value))
        };
        ensure!(
            has("cap_drop", "ALL") && has("security_opt", "no-new-privileges:true"),
            "{name} may do more than it needs"
        );
        ensure!(
            service["privileged"] != true && service["network_mode"] != "host",
            "{name}"
        );
        for port in service["ports"].as_array().into_iter().flatten() {
            ensure!(
                port["host_ip"] == "127.0.0.1",
                "{name} publishes {port} to everybody"
            );
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            if volume["type"] == "bind" {
                let source = volume["source"].as_str().context("no source")?;
                ensure!(
                    Path::new(source).exists(),
                    "{name} is given {source}, which is not there"
                );
                ensure!(volume["read_only"] == true, "{name} may write to {source}");
            }
        }
    }
    for (name, secret) in model["secrets"].as_object().context("no secrets")? {
        let file = secret["file"].as_str().context("no file")?;
        ensure!(Path::new(file).is_file(), "the secret {name} is not made");
    }
    Ok(())
}
