//! Builds the web app with npm and turns what comes out into a table of embedded files.
//!
//! The app is written to `OUT_DIR`, so that the source tree stays clean but for `web/node_modules`.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// What the app is made of, below `web/`: a change to any of it makes a new build.
const SOURCES: [&str; 7] = [
    ".npmrc",
    "index.html",
    "package.json",
    "package-lock.json",
    "src",
    "tsconfig.json",
    "vite.config.ts",
];

/// The oldest Node that Vite runs on. `web/package.json` says the same.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// Left in `node_modules` by a successful install; holds the digest of the lock file it was made from.
const INSTALL_MARKER: &str = "node_modules/.aurora-installed";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<()> {
    let web = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("web");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }

    check_node()?;
    let built = out.join("web");
    {
        // Cargo processes with other target directories share node_modules: one at a time may install, and none
        // may while another still builds with it. The lock goes with the file when it is closed.
        let lock_file = File::open(web.join("package-lock.json"))?;
        lock_file.lock()?;
        install_packages(&web)?;
        npm(
            &web,
            &["run", "build", "--", "--emptyOutDir", "--outDir"],
            Some(&built),
        )?;
    }
    let table = embed(&built)?;
    fs::write(out.join("files.rs"), table)?;
    Ok(())
}

fn check_node() -> Result<()> {
    let advice = format!(
        "the web app needs Node.js {}.{} or newer with npm: install it (https://nodejs.org) and build again",
        OLDEST_NODE.0, OLDEST_NODE.1
    );
    let version = |program: &str| -> Option<String> {
        let output = Command::new(program).arg("--version").output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let node = version("node").ok_or_else(|| format!("node was not found; {advice}"))?;
    let mut numbers = node
        .trim_start_matches('v')
        .split('.')
        .map_while(|number| number.parse::<u32>().ok());
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if (major, minor) < OLDEST_NODE {
        return Err(format!("node is {node}; {advice}").into());
    }
    version("npm").ok_or_else(|| format!("npm was not found; {advice}"))?;
    Ok(())
}

fn install_packages(web: &Path) -> Result<()> {
    let marker = web.join(INSTALL_MARKER);
    let wanted = digest(&fs::read(web.join("package-lock.json"))?);
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    // The tools are development dependencies, which NODE_ENV=production would leave out.
    npm(web, &["ci", "--include=dev"], None)?;
    fs::write(marker, wanted)?;
    Ok(())
}

fn npm(web: &Path, arguments: &[&str], last: Option<&Path>) -> Result<()> {
    let output = Command::new("npm")
        .current_dir(web)
        .args(arguments)
        .args(last)
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    // Cargo shows a failed build script's standard error: npm's own words stand there, above the sentence.
    std::io::stderr().write_all(&output.stdout)?;
    std::io::stderr().write_all(&output.stderr)?;
    let what = arguments[..arguments.len().min(2)].join(" ");
    Err(
        format!("`npm {what}` failed in ui/web: run it there, mend what it reports above, and build again")
            .into(),
    )
}

/// Writes a compressed copy beside each file that gains by it, and the Rust that lists them all.
fn embed(built: &Path) -> Result<String> {
    let mut paths = Vec::new();
    list_files(built, &mut paths)?;
    paths.sort();

    let mut table = String::from("[\n");
    for path in paths {
        let name = path
            .strip_prefix(built)?
            .to_str()
            .ok_or("a built file's name is not UTF-8")?
            .replace('\\', "/");
        let content = fs::read(&path)?;
        let compressed = gzip(&content)?;
        let embedded =
            |suffix: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/web/{name}{suffix}\"))");
        let gzip = if compressed.len() < content.len() {
            fs::write(built.join(format!("{name}.gz")), &compressed)?;
            format!("Some({})", embedded(".gz"))
        } else {
            "None".to_owned()
        };
        writeln!(table, "    File {{")?;
        writeln!(table, "        path: \"/{name}\",")?;
        writeln!(table, "        content_type: \"{}\",", content_type(&name)?)?;
        writeln!(table, "        etag: \"W/\\\"{}\\\"\",", &digest(&content)[..16])?;
        writeln!(table, "        content: {},", embedded(""))?;
        writeln!(table, "        gzip: {gzip},")?;
        writeln!(table, "    }},")?;
    }
    table.push(']');
    Ok(table)
}

fn list_files(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            list_files(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn content_type(name: &str) -> Result<&'static str> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    Ok(match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        // Served with nosniff, a wrong type would be a file that browsers refuse: better to stop here.
        _ => {
            return Err(format!(
                "no content type is known for {name}: add one to content_type in ui/build.rs"
            )
            .into());
        }
    })
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

fn digest(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
