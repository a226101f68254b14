//! How full a disk is.

use std::path::Path;

use anyhow::Context;
use nix::sys::statvfs::statvfs;

use crate::aws::cloud_watch::{Figure, Unit};

/// How full the file system of `path` is, in hundredths of what users may use of it.
pub fn used_percent(path: &Path) -> anyhow::Result<f64> {
    let found =
        statvfs(path).with_context(|| format!("how full {} is cannot be found out", path.display()))?;
    let used = found.blocks().saturating_sub(found.blocks_free());
    // What is kept for root is nobody's.
    let all = used + found.blocks_available();
    Ok(match all {
        0 => 0.0,
        all => 100.0 * used as f64 / all as f64,
    })
}

/// The same as a figure.
pub fn figure(path: &Path, deployment: &str, role: &str) -> anyhow::Result<Figure> {
    Ok(Figure {
        name: "DiskUsedPercent",
        value: used_percent(path)?,
        unit: Unit::Percent,
        dimensions: vec![("Deployment", deployment.to_owned()), ("Role", role.to_owned())],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_somewhat_full() {
        let used = used_percent(Path::new("/")).unwrap();
        assert!((0.0..=100.0).contains(&used), "{used}");
        let error = used_percent(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"));
    }
}
