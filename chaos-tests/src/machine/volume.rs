//! A block device on a file, as a volume that can be attached to one machine and then to another.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::sandbox::Sandbox;

use super::Machine;

/// A volume. It goes when it is dropped.
#[derive(Debug)]
pub struct Volume {
    file: PathBuf,
    device: PathBuf,
    id: String,
}

impl Volume {
    /// A blank one of so many bytes, of which only what is written takes room.
    pub fn blank(sandbox: &Sandbox, id: &str, bytes: u64) -> Result<Self> {
        let path = sandbox.path(format!("{id}.img"));
        std::fs::File::create(&path)?.set_len(bytes)?;
        Self::of_file(&path, id)
    }

    /// One that holds what is in a file.
    pub fn of_file(path: &Path, id: &str) -> Result<Self> {
        let mut losetup = Command::new("losetup");
        losetup.args(["--find", "--show"]).arg(path);
        let output = losetup.output().context("losetup cannot be run")?;
        ensure!(
            output.status.success(),
            "{losetup:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(Self {
            file: path.to_owned(),
            device: String::from_utf8(output.stdout)?.trim().into(),
            id: id.to_owned(),
        })
    }

    /// The device on this computer.
    pub fn device(&self) -> &Path {
        &self.device
    }

    /// Its id, as AWS would give it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Makes it larger while it is in use, as AWS does: it has so many bytes then.
    pub fn grow(&self, bytes: u64) -> Result<()> {
        let file = std::fs::OpenOptions::new().write(true).open(&self.file)?;
        file.set_len(bytes)?;
        let mut losetup = Command::new("losetup");
        losetup.arg("--set-capacity").arg(&self.device);
        ensure!(losetup.status()?.success(), "{losetup:?} failed");
        Ok(())
    }

    /// Lets a machine that was started with its device see it under its id, as udev does on EC2 once it is attached.
    pub async fn attach(&self, machine: &Machine) -> Result<()> {
        let name = format!(
            "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{}",
            self.id.replacen('-', "", 1)
        );
        machine.output(&["mkdir", "-p", "/dev/disk/by-id"]).await?;
        let device = self.device.display().to_string();
        machine.output(&["ln", "-sf", &device, &name]).await.map(drop)
    }
}

/// Whether a file system can be made larger here while it is mounted. It takes a right (`CAP_SYS_RESOURCE`) that root does not have
/// in every container or virtual machine.
pub fn may_grow_mounted() -> Result<bool> {
    const CAP_SYS_RESOURCE: u32 = 24;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let rights = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let rights = u64::from_str_radix(rights.context("no rights are told")?.trim(), 16)?;
    Ok((rights >> CAP_SYS_RESOURCE) & 1 == 1)
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Who still has it mounted keeps it until then.
        let _ = Command::new("losetup").arg("--detach").arg(&self.device).output();
    }
}
