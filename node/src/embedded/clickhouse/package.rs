//! The libchdb library: fetched once, verified, and kept in a cache that all data directories share.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};

use super::download::{self, Source, integrity_of};

const VERSION: &str = "26.7.3-stable.1";
const LIBRARY_FILE_NAME: &str = "libchdb.so";
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(200);
const LIBRARY_VARIABLE: &str = "AURORA_CLICKHOUSE_LIB";
const CACHE_VARIABLE: &str = "AURORA_CACHE";

/// A published package with libchdb in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// The checksum, where it is pinned. Where it is not, the one that npm publishes is required.
    pub(super) integrity: Option<&'static str>,
}

impl Package {
    /// The package for the machine this was built for.
    fn for_this_machine() -> Result<Self, PackageError> {
        let (name, integrity) = match (env::consts::OS, env::consts::ARCH) {
            ("linux", "x86_64") if cfg!(target_env = "gnu") => (
                "@chdb/lib-linux-x64-gnu",
                Some(
                    "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
                ),
            ),
            ("linux", "aarch64") if cfg!(target_env = "gnu") => ("@chdb/lib-linux-arm64-gnu", None),
            ("macos", "aarch64") => ("@chdb/lib-darwin-arm64", None),
            ("macos", "x86_64") => ("@chdb/lib-darwin-x64", None),
            (os, arch) => {
                return Err(PackageError::Unsupported {
                    machine: format!("{os} on {arch}"),
                });
            }
        };
        Ok(Self {
            name,
            version: VERSION,
            integrity,
        })
    }

    pub(super) fn specification(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    fn cache_entry(&self, cache_dir: &Path) -> PathBuf {
        cache_dir.join(format!(
            "{}-{}",
            self.name.trim_start_matches('@').replace('/', "-"),
            self.version
        ))
    }
}

/// Why there is no library to run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The file that the user named is not there.
    #[error("{LIBRARY_VARIABLE} names {}, which is not a file: point it at a libchdb.so, or unset it", path.display())]
    NamedLibraryMissing {
        /// The file that was named.
        path: PathBuf,
    },
    /// No package is published for this machine.
    #[error("there is no embedded ClickHouse for {machine}. {}", how_to_go_on())]
    Unsupported {
        /// Operating system and processor.
        machine: String,
    },
    /// npm could not say where the package is.
    #[error("cannot look up the ClickHouse package {package} ({why}). {}", how_to_go_on())]
    Lookup {
        /// Name and version.
        package: String,
        /// What went wrong.
        why: String,
    },
    /// The download broke.
    #[error(
        "cannot download the ClickHouse package {package} ({why}). Try again. {}",
        how_to_go_on()
    )]
    Download {
        /// Name and version.
        package: String,
        /// What went wrong.
        why: String,
    },
    /// The bytes are not those that were published.
    #[error(
        "the checksum of {what} is wrong: expected {expected}, got {actual}. {} was removed, try again. {}",
        removed.display(), how_to_go_on()
    )]
    Checksum {
        /// What was hashed.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        actual: String,
        /// The file that was removed.
        removed: PathBuf,
    },
    /// The package was fine but held no library.
    #[error(
        "the ClickHouse package {package} has no {LIBRARY_FILE_NAME} in it. {}",
        how_to_go_on()
    )]
    NoLibraryInside {
        /// Name and version.
        package: String,
    },
    /// The cache cannot be used.
    #[error("cannot use the cache at {} ({cause}): make room or make it writable, or move it with {CACHE_VARIABLE}", path.display())]
    Cache {
        /// The path that failed.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
}

impl PackageError {
    pub(super) fn cache(path: &Path, cause: io::Error) -> Self {
        Self::Cache {
            path: path.to_owned(),
            cause,
        }
    }
}

fn how_to_go_on() -> String {
    format!(
        "To go on without the download: set {LIBRARY_VARIABLE} to a libchdb.so, run `aurora node` with a \
         ClickHouse of your own, or set {CACHE_VARIABLE} to a cache directory filled on another machine"
    )
}

/// Where the library is kept unless the user says otherwise: `$AURORA_CACHE`, or `aurora` in the XDG cache
/// directory.
pub fn default_cache_dir() -> PathBuf {
    let variable = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(cache) = variable(CACHE_VARIABLE) {
        return cache;
    }
    // The XDG specification has relative paths ignored.
    let xdg = variable("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let cache = xdg
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .unwrap_or_else(env::temp_dir);
    cache.join("aurora")
}

/// What the library was when it was extracted, kept beside it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sidecar {
    size_bytes: u64,
    sha512: String,
}

/// Makes sure there is a library and returns its path. Several processes may do this at once: one downloads.
pub(super) async fn ensure_library(cache_dir: &Path) -> Result<PathBuf, PackageError> {
    if let Some(library) = named_library()? {
        return Ok(library);
    }
    let package = Package::for_this_machine()?;
    let entry = package.cache_entry(cache_dir);
    // Before anything is locked or created: a cache filled elsewhere may be read-only.
    if let Some(library) = ready_library(&entry) {
        return Ok(library);
    }
    fs::create_dir_all(&entry).map_err(|cause| PackageError::cache(&entry, cause))?;
    let _lock = lock_entry(&entry).await?;
    if let Some(library) = ready_library(&entry) {
        return Ok(library);
    }
    let source = download::find(&package, &entry).await?;
    install(&package, &source, &entry).await
}

/// Hashes the cached library in full, which takes some seconds: for `doctor`. `None` when nothing is cached
/// yet, or when the user named a library of their own. A library that is damaged is removed, so that the next
/// start fetches it again.
pub fn verify_library(cache_dir: &Path) -> Result<Option<PathBuf>, PackageError> {
    if named_library()?.is_some() {
        return Ok(None);
    }
    let entry = Package::for_this_machine()?.cache_entry(cache_dir);
    let library = entry.join(LIBRARY_FILE_NAME);
    let Some(sidecar) = read_sidecar(&library) else {
        return Ok(None);
    };
    let mut hasher = Sha512::new();
    let hashed = File::open(&library).and_then(|file| copy_hashed(file, &mut io::sink(), &mut hasher));
    hashed.map_err(|cause| PackageError::cache(&library, cause))?;
    let actual = integrity_of(hasher);
    if actual == sidecar.sha512 {
        return Ok(Some(library));
    }
    fs::remove_file(&library).map_err(|cause| PackageError::cache(&library, cause))?;
    let what = library.display().to_string();
    Err(PackageError::Checksum {
        what,
        expected: sidecar.sha512,
        actual,
        removed: library,
    })
}

fn named_library() -> Result<Option<PathBuf>, PackageError> {
    match env::var_os(LIBRARY_VARIABLE)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
    {
        Some(path) if path.is_file() => Ok(Some(path)),
        Some(path) => Err(PackageError::NamedLibraryMissing { path }),
        None => Ok(None),
    }
}

/// The library, if it is complete. Its size alone tells of a truncated copy; hashing 566 MB at every start
/// would cost seconds.
fn ready_library(entry: &Path) -> Option<PathBuf> {
    let library = entry.join(LIBRARY_FILE_NAME);
    let sidecar = read_sidecar(&library)?;
    let size_bytes = fs::metadata(&library).ok()?.len();
    if size_bytes == sidecar.size_bytes {
        return Some(library);
    }
    tracing::warn!(
        library = %library.display(),
        size_bytes,
        expected_bytes = sidecar.size_bytes,
        "cached clickhouse library is damaged, fetching it again"
    );
    None
}

fn sidecar_path(library: &Path) -> PathBuf {
    library.with_extension("so.json")
}

fn read_sidecar(library: &Path) -> Option<Sidecar> {
    serde_json::from_slice(&fs::read(sidecar_path(library)).ok()?).ok()
}

/// Waits for its turn. Polling rather than a blocking lock, so that Ctrl-C ends the wait.
async fn lock_entry(entry: &Path) -> Result<File, PackageError> {
    let path = entry.join("lock");
    let file = File::create(&path).map_err(|cause| PackageError::cache(&path, cause))?;
    let mut announced = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                if !announced {
                    tracing::info!(lock = %path.display(), "waiting for another aurora to finish its download");
                    announced = true;
                }
                tokio::time::sleep(LOCK_POLL_INTERVAL).await;
            }
            Err(TryLockError::Error(cause)) => return Err(PackageError::cache(&path, cause)),
        }
    }
}

/// Downloads, verifies, extracts. Fixed names under the lock, so that what a crash leaves behind is
/// overwritten.
async fn install(package: &Package, source: &Source, cache_entry: &Path) -> Result<PathBuf, PackageError> {
    let tarball = cache_entry.join("package.tgz.part");
    download::fetch(package, source, &tarball).await?;
    let (package, entry) = (*package, cache_entry.to_owned());
    let extracted = tokio::task::spawn_blocking(move || {
        let library = extract_library(&package, &tarball, &entry);
        drop(fs::remove_file(&tarball));
        library
    });
    match extracted.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(result) => result,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(cancelled)) => Err(PackageError::cache(cache_entry, io::Error::other(cancelled))),
    }
}

/// Unpacks the library alone. The sidecar is renamed into place last: without it the library does not count.
fn extract_library(package: &Package, tarball: &Path, entry: &Path) -> Result<PathBuf, PackageError> {
    let library = entry.join(LIBRARY_FILE_NAME);
    let unpacked = entry.join("libchdb.so.part");
    let at_tarball = |cause| PackageError::cache(tarball, cause);
    let file = File::open(tarball).map_err(at_tarball)?;
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::with_capacity(1 << 20, file)));
    for member in archive.entries().map_err(at_tarball)? {
        let member = member.map_err(at_tarball)?;
        if !is_library(&member.path().map_err(at_tarball)?) {
            continue;
        }
        let mut hasher = Sha512::new();
        let write = || -> io::Result<u64> {
            let mut target = File::create(&unpacked)?;
            let size_bytes = copy_hashed(member, &mut target, &mut hasher)?;
            target.sync_all()?;
            Ok(size_bytes)
        };
        let size_bytes = write().map_err(|cause| {
            drop(fs::remove_file(&unpacked));
            PackageError::cache(&unpacked, cause)
        })?;
        let sidecar = Sidecar {
            size_bytes,
            sha512: integrity_of(hasher),
        };
        publish(&unpacked, &library, &sidecar).map_err(|cause| PackageError::cache(&library, cause))?;
        return Ok(library);
    }
    Err(PackageError::NoLibraryInside {
        package: package.specification(),
    })
}

fn is_library(member: &Path) -> bool {
    member
        .file_name()
        .is_some_and(|name| name == LIBRARY_FILE_NAME || name == "libchdb.dylib")
}

fn publish(unpacked: &Path, library: &Path, sidecar: &Sidecar) -> io::Result<()> {
    fs::rename(unpacked, library)?;
    let sidecar_file = sidecar_path(library);
    let temporary = sidecar_file.with_extension("part");
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(sidecar)?)?;
    file.sync_all()?;
    fs::rename(&temporary, &sidecar_file)?;
    // The renames themselves, which a power cut could otherwise lose or reorder.
    library
        .parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

fn copy_hashed(mut from: impl Read, to: &mut impl Write, hasher: &mut Sha512) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 20];
    let mut total_bytes = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(total_bytes),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        total_bytes += count as u64;
    }
}
