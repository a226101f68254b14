//! Fetches the package that holds libchdb: asks npm where it is, downloads, and verifies before anybody uses
//! it.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use sha2::{Digest, Sha512};
use tokio::process::Command;

use super::package::{Package, PackageError};

const NPM_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Without a byte for this long, the connection counts as dead.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Where a package is, and what its bytes must hash to.
#[derive(Debug, Deserialize)]
pub(super) struct Source {
    pub(super) tarball: String,
    pub(super) integrity: String,
}

/// Finds the package. A checksum pinned in the code always wins over the one the registry publishes.
pub(super) async fn find(package: &Package, work_dir: &Path) -> Result<Source, PackageError> {
    let registry = std::env::var("AURORA_NPM_REGISTRY")
        .ok()
        .filter(|registry| !registry.is_empty());
    if let (Some(registry), Some(integrity)) = (&registry, package.integrity) {
        return Ok(Source {
            tarball: tarball_url(registry, package),
            integrity: integrity.to_owned(),
        });
    }
    let mut source = ask_npm(package, registry.as_deref(), work_dir).await?;
    if let Some(integrity) = package.integrity {
        integrity.clone_into(&mut source.integrity);
    }
    Ok(source)
}

fn tarball_url(registry: &str, package: &Package) -> String {
    let base_name = package.name.rsplit('/').next().unwrap_or(package.name);
    format!(
        "{}/{}/-/{base_name}-{}.tgz",
        registry.trim_end_matches('/'),
        package.name,
        package.version
    )
}

/// The ordinary client knows the registry, mirrors and proxies of this machine. It runs in `work_dir`, so
/// that no project's own settings apply.
async fn ask_npm(package: &Package, registry: Option<&str>, work_dir: &Path) -> Result<Source, PackageError> {
    let specification = package.specification();
    let failed = |why: String| PackageError::Lookup {
        package: specification.clone(),
        why,
    };
    let mut command = Command::new("npm");
    command.args(["view", &specification, "dist", "--json", "--loglevel=error"]);
    if let Some(registry) = registry {
        command.arg(format!("--registry={registry}"));
    }
    command
        .current_dir(work_dir)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(NPM_TIMEOUT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(failed("npm is not installed".into()));
        }
        Ok(Err(error)) => return Err(failed(format!("npm cannot be run: {error}"))),
        Err(_) => {
            return Err(failed(format!(
                "npm gave no answer within {} s",
                NPM_TIMEOUT.as_secs()
            )));
        }
    };
    if !output.status.success() {
        return Err(failed(npm_reason(&String::from_utf8_lossy(&output.stderr))));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| failed(format!("npm's answer was not understood: {error}")))
}

/// The first line in which npm says something about the failure, rather than only its code.
fn npm_reason(stderr: &str) -> String {
    let mut lines = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("npm error "))
        .map(str::trim);
    lines
        .find(|line| !line.is_empty() && !line.starts_with("code "))
        .map_or_else(
            || "npm failed without a reason".to_owned(),
            |line| format!("npm: {line}"),
        )
}

/// Downloads into `target` and verifies it. What does not match is removed.
pub(super) async fn fetch(package: &Package, source: &Source, target: &Path) -> Result<(), PackageError> {
    tracing::info!(package = package.specification(), to = %target.display(), "downloading embedded clickhouse");
    let downloaded = download(package, &source.tarball, target).await;
    let verified = downloaded.and_then(|actual| {
        if actual == source.integrity {
            Ok(())
        } else {
            Err(PackageError::Checksum {
                what: package.specification(),
                expected: source.integrity.clone(),
                actual,
                removed: target.to_owned(),
            })
        }
    });
    if verified.is_err() {
        // Best effort: the next try overwrites it anyway.
        drop(std::fs::remove_file(target));
    }
    verified
}

async fn download(package: &Package, url: &str, target: &Path) -> Result<String, PackageError> {
    let failed = |error: &reqwest::Error| PackageError::Download {
        package: package.specification(),
        why: chain(error),
    };
    let response = http_client()
        .map_err(|error| failed(&error))?
        .get(url)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(|error| failed(&error))?;
    let progress = progress_bar(response.content_length());
    let mut file = File::create(target).map_err(|cause| PackageError::cache(target, cause))?;
    let mut hasher = Sha512::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| failed(&error))?;
        hasher.update(&chunk);
        // Blocking, but short: chunks are tens of kilobytes and go to the page cache.
        file.write_all(&chunk)
            .map_err(|cause| PackageError::cache(target, cause))?;
        progress.inc(chunk.len() as u64);
    }
    file.sync_all()
        .map_err(|cause| PackageError::cache(target, cause))?;
    progress.finish_and_clear();
    Ok(integrity_of(hasher))
}

fn http_client() -> reqwest::Result<reqwest::Client> {
    install_crypto_provider();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .build()
}

/// reqwest is built without a provider of its own and panics when the process has none. That one is there
/// already is fine.
pub(super) fn install_crypto_provider() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// Drawn on stderr, and only when that is a terminal.
fn progress_bar(total_bytes: Option<u64>) -> ProgressBar {
    let bar = total_bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let template = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.with_message("ClickHouse (once)")
}

/// A hash the way npm writes it.
pub(super) fn integrity_of(hasher: Sha512) -> String {
    format!("sha512-{}", BASE64.encode(hasher.finalize()))
}

/// reqwest's own message stops at "error sending request"; the reason is further down.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_of_ones_own_gets_the_usual_path() {
        let package = Package {
            name: "@chdb/lib-x",
            version: "1.2.3",
            integrity: None,
        };
        assert_eq!(
            tarball_url("http://r:1/npm/", &package),
            "http://r:1/npm/@chdb/lib-x/-/lib-x-1.2.3.tgz"
        );
    }

    #[test]
    fn hashes_are_written_as_npm_writes_them() {
        assert_eq!(
            integrity_of(Sha512::new()),
            "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
        );
    }

    #[test]
    fn npm_tells_why() {
        let stderr = "npm warn x\nnpm error code E404\nnpm error 404 Not Found - GET http://r\n";
        assert_eq!(npm_reason(stderr), "npm: 404 Not Found - GET http://r");
        assert_eq!(npm_reason(""), "npm failed without a reason");
    }
}
