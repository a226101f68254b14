//! The program that machines are to run: this one, or another that was built for them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use aurora_pulumi::deployment::Architecture;
use aurora_pulumi::stacks::ProgramFile;
use memchr::memmem;
use sha2::{Digest, Sha256};

/// The C library of the machines' system, Debian 13.
const GLIBC: (u32, u32) = (2, 41);
/// How much is read at once.
const PIECE: usize = 1 << 20;
/// Pieces overlap by so much, so that no name is cut in two.
const OVERLAP: usize = 32;

/// What of a program matters here.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    architecture: Option<Architecture>,
    /// The newest version of the C library whose functions it wants.
    glibc: Option<(u32, u32)>,
    sha256: String,
}

/// The program at `path`, or this one, if machines with `architecture` can run it.
pub(super) fn program(path: Option<&Path>, architecture: Architecture) -> anyhow::Result<ProgramFile> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()
            .context("this program does not know where it is; name it with --program")?,
    };
    let facts = look(&path).with_context(|| format!("the program {} cannot be read", path.display()))?;
    require(&facts, &path, architecture)?;
    let path: PathBuf = std::path::absolute(&path)?;
    Ok(ProgramFile {
        path,
        sha256: facts.sha256,
    })
}

fn require(facts: &Facts, path: &Path, architecture: Architecture) -> anyhow::Result<()> {
    let Some(own) = facts.architecture else {
        bail!(
            "{} is no program for Linux on x86-64 or ARM: build one there (`cargo build --release`) and name it with --program",
            path.display()
        );
    };
    ensure!(
        own == architecture,
        "{} was built for {}, and `architecture` of the deployment is {}: set that, or name another program with --program",
        path.display(),
        own.ec2_name(),
        architecture.ec2_name()
    );
    if let Some(glibc) = facts.glibc.filter(|glibc| *glibc > GLIBC) {
        bail!(
            "{} needs the C library {}.{}, and the machines (Debian 13) have {}.{}: build it on an older system, such as in \
             the container image of docs/machines.md",
            path.display(),
            glibc.0,
            glibc.1,
            GLIBC.0,
            GLIBC.1
        );
    }
    Ok(())
}

fn look(path: &Path) -> std::io::Result<Facts> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut facts = Facts {
        architecture: None,
        glibc: None,
        sha256: String::new(),
    };
    let mut window: Vec<u8> = Vec::with_capacity(PIECE + OVERLAP);
    let mut piece = vec![0; PIECE];
    let mut is_first = true;
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        hash.update(&piece[..count]);
        if is_first {
            facts.architecture = architecture(&piece[..count]);
            is_first = false;
        }
        window.extend_from_slice(&piece[..count]);
        facts.glibc = facts.glibc.max(newest_glibc(&window));
        window.drain(..window.len().saturating_sub(OVERLAP));
    }
    facts.sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(facts)
}

/// Of a 64-bit ELF file, by its header (System V ABI, chapter 4).
fn architecture(head: &[u8]) -> Option<Architecture> {
    let is_64_bit_little_endian = head.get(..6)? == [0x7f, b'E', b'L', b'F', 2, 1];
    match (is_64_bit_little_endian, head.get(18..20)?) {
        (true, [0x3e, 0]) => Some(Architecture::X86_64),
        (true, [0xb7, 0]) => Some(Architecture::Arm64),
        _ => None,
    }
}

/// Versions of the C library's functions are texts in a program, `GLIBC_2.34`.
fn newest_glibc(bytes: &[u8]) -> Option<(u32, u32)> {
    const NAME: &[u8] = b"GLIBC_2.";
    let versions = memmem::find_iter(bytes, NAME).filter_map(|at| {
        let digits = bytes[at + NAME.len()..]
            .iter()
            .take(3)
            .take_while(|byte| byte.is_ascii_digit());
        let minor: String = digits.map(|byte| char::from(*byte)).collect();
        Some((2, minor.parse().ok()?))
    });
    versions.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_program_is_one_for_linux() {
        let this = std::env::current_exe().unwrap();
        let facts = look(&this).unwrap();
        assert_eq!(
            facts.architecture.map(Architecture::ec2_name),
            Some(std::env::consts::ARCH.replace("aarch64", "arm64")).as_deref()
        );
        assert_eq!(facts.sha256.len(), 64);
        assert!(facts.glibc.is_some());
    }

    #[test]
    fn what_machines_cannot_run_is_refused() {
        let facts = |architecture, glibc| Facts {
            architecture,
            glibc,
            sha256: String::new(),
        };
        let says = |facts, architecture| {
            require(&facts, Path::new("aurora"), architecture).map_err(|error| error.to_string())
        };
        let x86 = Some(Architecture::X86_64);
        assert_eq!(says(facts(x86, Some((2, 41))), Architecture::X86_64), Ok(()));
        assert_eq!(says(facts(x86, None), Architecture::X86_64), Ok(()));
        assert!(
            says(facts(x86, Some((2, 42))), Architecture::X86_64)
                .unwrap_err()
                .contains("2.42")
        );
        assert!(
            says(facts(x86, None), Architecture::Arm64)
                .unwrap_err()
                .contains("arm64")
        );
        assert!(
            says(facts(None, None), Architecture::X86_64)
                .unwrap_err()
                .contains("--program")
        );
    }

    #[test]
    fn versions_are_found_wherever_they_are() {
        assert_eq!(
            newest_glibc(b"..GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.17\0GLIBC_PRIVATE"),
            Some((2, 34))
        );
        assert_eq!(newest_glibc(b"GLIBC_2."), None);
        assert_eq!(architecture(b"\x7fELF"), None);
    }
}
