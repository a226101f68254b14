//! Kafka's jars: from Maven Central, once per machine.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::embedded::process::ChildProcess;

const KAFKA_VERSION: &str = "4.1.1";
/// The log4j release that this Kafka is built with; its bridge from SLF4J is not among Kafka's own
/// dependencies.
const LOG4J_VERSION: &str = "2.24.3";
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// The directory of the jars. Downloads them if they are not there.
///
/// Several processes may ask at the same time: a lock on a file lets one download while the others wait, and the finished directory appears in one step, so that whoever sees it sees all of it.
pub async fn jars() -> Result<PathBuf> {
    let cache = cache_directory()?;
    let jars = cache.join(format!("kafka-{KAFKA_VERSION}"));
    if jars.is_dir() {
        return Ok(jars);
    }
    fs::create_dir_all(&cache).with_context(|| {
        format!(
            "cannot create the cache directory {}. Point AURORA_CACHE to a writable one",
            cache.display()
        )
    })?;
    let _lock = lock(cache.join(format!("kafka-{KAFKA_VERSION}.lock"))).await?;
    if !jars.is_dir() {
        download(&cache, &jars).await?;
    }
    Ok(jars)
}

/// `$AURORA_CACHE/aurora`, else `$XDG_CACHE_HOME/aurora`, else `~/.cache/aurora`.
fn cache_directory() -> Result<PathBuf> {
    let variable = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("AURORA_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME"))
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))
        .map(|base| base.join("aurora"))
        .context("no place for downloads: neither AURORA_CACHE nor XDG_CACHE_HOME nor HOME is set. Set AURORA_CACHE")
}

/// The lock is let go when the file is closed, also by the end of the process.
async fn lock(path: PathBuf) -> Result<File> {
    let lock = move || {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.with_context(|| format!("cannot open the lock file {}", path.display()))?;
        if file.try_lock().is_err() {
            tracing::warn!("waiting for another process to finish downloading Kafka");
            file.lock()
                .with_context(|| format!("cannot lock {}", path.display()))?;
        }
        Ok(file)
    };
    tokio::task::spawn_blocking(lock).await?
}

async fn download(cache: &Path, jars: &Path) -> Result<()> {
    tracing::warn!(
        "downloading Apache Kafka {KAFKA_VERSION} with Maven into {} (45 MB, once)",
        jars.display()
    );
    // In the cache, and not in the system's temporary directory: a rename works within one file system only.
    let work = tempfile::Builder::new()
        .prefix("kafka-download-")
        .tempdir_in(cache)?;
    fs::write(work.path().join("pom.xml"), pom())?;
    let mut mvn = Command::new("mvn");
    mvn.current_dir(work.path())
        // Strict checksums: Maven by default only warns of a damaged download.
        .args([
            "-q",
            "-B",
            "-C",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            "-DoutputDirectory=libs",
        ]);
    let mut mvn = ChildProcess::spawn(work.path(), "maven", mvn).context(
        "Kafka is downloaded with Maven. Install it (package `maven`) together with Java 17 or later",
    )?;
    let status = mvn.wait(DOWNLOAD_TIMEOUT).await?;
    if !status.success() {
        bail!(
            "the download of Apache Kafka {KAFKA_VERSION} failed, Maven ended with {status}:\n{}\n\
             Check that Maven reaches its repository (see ~/.m2/settings.xml), or copy the jars of \
             org.apache.kafka:kafka_2.13:{KAFKA_VERSION} and its dependencies to {}",
            mvn.log_tail(20),
            jars.display()
        );
    }
    let libs = work.path().join("libs");
    let has_kafka = libs.join(format!("kafka_2.13-{KAFKA_VERSION}.jar")).is_file();
    ensure!(
        has_kafka,
        "Maven ended well but left no Kafka in {}:\n{}",
        libs.display(),
        mvn.log_tail(20)
    );
    fs::rename(&libs, jars).with_context(|| format!("cannot move the jars to {}", jars.display()))?;
    Ok(())
}

fn pom() -> String {
    format!(
        "\
<project xmlns=\"http://maven.apache.org/POM/4.0.0\">
  <modelVersion>4.0.0</modelVersion>
  <groupId>aurora</groupId>
  <artifactId>embedded-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>{LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"
    )
}
