//! A description that is not there yet: named on the command line.

use anyhow::ensure;
use aurora_pulumi::deployment::{Deployment, Size};
use clap::{Args, ValueEnum};

use super::Tools;

/// A description to begin.
#[derive(Debug, Args)]
pub(super) struct Begin {
    /// The name of a new deployment; `deploy` writes its description to the file that --file names
    #[arg(long, requires = "region")]
    name: Option<String>,
    /// The AWS region of a new deployment, such as eu-central-1
    #[arg(long, requires = "name")]
    region: Option<String>,
    /// The size of a new deployment, `dev` if not said
    #[arg(long, value_enum, requires = "name")]
    size: Option<SizeArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SizeArg {
    /// Single small machines, the cheapest that work
    Dev,
    /// Machines for steady production load
    Standard,
    /// Machines for a lot of data
    Large,
}

impl From<SizeArg> for Size {
    fn from(size: SizeArg) -> Self {
        match size {
            SizeArg::Dev => Self::Dev,
            SizeArg::Standard => Self::Standard,
            SizeArg::Large => Self::Large,
        }
    }
}

/// A description, from where it is.
pub(super) enum Described {
    /// In its file.
    There(Deployment),
    /// On the command line only; checked.
    New(Deployment),
}

impl Begin {
    /// The description: the file's, or the one that is named. Who names the one that is there means it.
    pub(super) fn described(&self, tools: &Tools) -> anyhow::Result<Described> {
        let (Some(name), Some(region)) = (&self.name, &self.region) else {
            return tools.deployment().map(Described::There);
        };
        if tools.file.exists() {
            let there = tools.deployment()?;
            let is_meant = there.name == *name
                && there.region == *region
                && self.size.is_none_or(|size| there.size == size.into());
            ensure!(
                is_meant,
                "{} describes another deployment ({:?} in {}, {}): change it by hand, or name another file with --file",
                tools.file.display(),
                there.name,
                there.region,
                there.size
            );
            return Ok(Described::There(there));
        }
        let mut new = Deployment::new(name, region);
        new.size = self.size.map_or(Size::Dev, Size::from);
        new.check()?;
        Ok(Described::New(new))
    }
}

impl Described {
    /// The description itself.
    pub(super) fn deployment(self) -> Deployment {
        match self {
            Self::There(deployment) | Self::New(deployment) => deployment,
        }
    }
}
