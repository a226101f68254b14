//! The description's file: begun, and its number of nodes changed, with everything else left as somebody wrote it.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, ensure};
use aurora_pulumi::deployment::{Deployment, Restore};

/// Begins a description: name, region and size of `deployment`, and what most will want to say next.
pub(super) fn begin(path: &Path, deployment: &Deployment) -> anyhow::Result<()> {
    let Deployment {
        name, region, size, ..
    } = deployment;
    let text = format!(
        "# A deployment of Aurora in AWS: `aurora preview`, `aurora deploy`, `aurora scale N`, `aurora destroy`.\n\
         # Everything that can be said here is in docs/aws.md. Keep this file; what is in .aurora beside it as well.\n\
         name = \"{name}\"\nregion = \"{region}\"\nsize = \"{size}\"\n\n\
         # Who can reach the web app and Grafana, where they need a token or a password; everybody until this says who.\n\
         #[edge]\n#allow = [\"203.0.113.0/24\"]\n\n\
         # Who is told of alarms; nobody until this says who. AWS sends a mail first that has to be confirmed.\n\
         #[alarms]\n#email = \"ops@example.com\"\n"
    );
    write(path, &text)
}

/// Writes `nodes` into the description.
pub(super) fn set_nodes(path: &Path, nodes: u16) -> anyhow::Result<Deployment> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the deployment's description {} cannot be read", path.display()))?;
    let changed = with_nodes(&text, nodes);
    let deployment: Deployment = toml::from_str(&changed)?;
    ensure!(
        deployment.nodes == Some(nodes),
        "{} has `nodes` where it cannot be changed: set it by hand",
        path.display()
    );
    deployment.check()?;
    if changed != text {
        write(path, &changed)?;
    }
    Ok(deployment)
}

/// Adds a restore to the description.
pub(super) fn add_restore(path: &Path, restore: &Restore) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the deployment's description {} cannot be read", path.display()))?;
    let Restore { backup, zone } = restore;
    let changed = format!(
        "{}\n\n[[clickhouse.restores]]\nbackup = \"{backup}\"\nzone = {zone}\n",
        text.trim_end()
    );
    let deployment: Result<Deployment, _> = toml::from_str(&changed);
    let is_in = deployment.is_ok_and(|deployment| deployment.clickhouse.restores.last() == Some(restore));
    ensure!(
        is_in,
        "{} cannot be added to as it is written: write `[clickhouse]` as a table of its own, and try again",
        path.display()
    );
    write(path, &changed)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let replace = || -> std::io::Result<()> {
        // Whole or not at all: a description that was cut in two would be half a deployment.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut new = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        new.write_all(text.as_bytes())?;
        new.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
        new.persist(path).map(drop).map_err(|error| error.error)
    };
    replace().with_context(|| format!("{} cannot be written", path.display()))
}

/// The same text with this number of nodes: in its line at the top, or in a new one after the region's.
fn with_nodes(text: &str, nodes: u16) -> String {
    let line = format!("nodes = {nodes}");
    let is_key = |candidate: &str, key: &str| {
        candidate
            .trim_start()
            .strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // Keys of the top come before the first table.
    let top = lines
        .iter()
        .position(|line| line.trim_start().starts_with('['))
        .unwrap_or(lines.len());
    match lines[..top].iter().position(|line| is_key(line, "nodes")) {
        Some(at) => {
            let comment = lines[at]
                .split_once('#')
                .map(|(_, comment)| format!("  #{comment}"));
            lines[at] = format!("{line}{}", comment.unwrap_or_default());
        }
        None => {
            let after = lines[..top]
                .iter()
                .position(|line| is_key(line, "region"))
                .map_or(top, |at| at + 1);
            lines.insert(after, line);
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use aurora_pulumi::deployment::Size;

    use super::*;

    #[test]
    fn the_number_of_nodes_is_changed_and_nothing_else() {
        let text = "# ours\nname = \"prod\"\nregion = \"eu-central-1\"\n\n[scaling]\nmax_nodes = 9\n";
        let added = with_nodes(text, 4);
        assert_eq!(
            added,
            text.replace("eu-central-1\"\n", "eu-central-1\"\nnodes = 4\n")
        );
        let changed = with_nodes(&added.replace("nodes = 4", "nodes=4 # for now"), 5);
        assert!(changed.contains("nodes = 5  # for now\n"), "{changed}");
        assert!(changed.contains("max_nodes = 9"));
    }

    #[test]
    fn a_description_is_begun_and_scaled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aurora-aws.toml");
        let mut described = Deployment::new("prod", "eu-central-1");
        described.size = Size::Standard;
        begin(&path, &described).unwrap();
        assert_eq!(Deployment::read(&path).unwrap(), described);
        assert_eq!(set_nodes(&path, 7).unwrap().nodes(), 7);
        assert_eq!(Deployment::read(&path).unwrap().nodes(), 7);
        let refused = set_nodes(&path, 0).unwrap_err().to_string();
        assert!(refused.contains("aurora destroy"), "{refused}");
        assert_eq!(Deployment::read(&path).unwrap().nodes(), 7);
        for zone in [0, 1] {
            let restore = Restore {
                backup: "latest".to_owned(),
                zone,
            };
            add_restore(&path, &restore).unwrap();
            let restores = Deployment::read(&path).unwrap().clickhouse.restores;
            assert_eq!(restores.last(), Some(&restore));
        }
    }
}
