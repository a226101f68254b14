//! The files of `pulumi/machines/`, each once: what user-data carries, and what installs by hand and containers take as it is.

use super::MachineFile;

macro_rules! source {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/machines/", $path)),
        )
    };
}

/// Every source, by its path in `pulumi/machines/`.
pub const SOURCES: &[(&str, &str)] = &[
    source!("clickhouse/aurora-backup.service"),
    source!("clickhouse/aurora-backup.timer"),
    source!("clickhouse/aurora-restore.service"),
    source!("clickhouse/aws.conf"),
    source!("clickhouse/backup.sh"),
    source!("clickhouse/backups.xml"),
    source!("clickhouse/clickhouse-grow.service"),
    source!("clickhouse/clickhouse-grow.timer"),
    source!("clickhouse/clickhouse-memory.sh"),
    source!("clickhouse/clickhouse-passwords.service"),
    source!("clickhouse/clickhouse-passwords.sh"),
    source!("clickhouse/clickhouse-passwords.timer"),
    source!("clickhouse/clickhouse-server.service"),
    source!("clickhouse/clickhouse-setup.service"),
    source!("clickhouse/clickhouse-setup.sh"),
    source!("clickhouse/clickhouse-volume.service"),
    source!("clickhouse/clickhouse.sh"),
    source!("clickhouse/clickhouse.sysusers"),
    source!("clickhouse/closed.xml"),
    source!("clickhouse/config.xml"),
    source!("clickhouse/fetch-passwords.sh"),
    source!("clickhouse/grow-volume.sh"),
    source!("clickhouse/install-clickhouse.sh"),
    source!("clickhouse/listen.xml"),
    source!("clickhouse/networks.xml"),
    source!("clickhouse/prepare-volume.sh"),
    source!("clickhouse/restore.sh"),
    source!("clickhouse/small.xml"),
    source!("clickhouse/users.xml"),
    source!("common/aurora-disk.service"),
    source!("common/aurora-disk.timer"),
    source!("common/aurora-logs.service"),
    source!("common/aurora-setup.service"),
    source!("common/aurora.sysusers"),
    source!("common/aws.sh"),
    source!("common/fetch-program.sh"),
    source!("common/journald.conf"),
    source!("grafana/fetch-grafana-password.sh"),
    source!("grafana/grafana-password.service"),
    source!("grafana/grafana-password.timer"),
    source!("grafana/grafana-server.service"),
    source!("grafana/grafana-setup.service"),
    source!("grafana/grafana-setup.sh"),
    source!("grafana/grafana.ini"),
    source!("grafana/grafana.sysusers"),
    source!("grafana/set-grafana-password.sh"),
    source!("peer/aurora-unhealthy.service"),
    source!("peer/aurora.service"),
    source!("peer/aws.conf"),
];

/// The text of a source.
///
/// # Panics
///
/// When there is none of that path: paths are written in this crate only.
pub(crate) fn source(path: &str) -> &'static str {
    let found = SOURCES.iter().find(|(name, _)| *name == path);
    found.unwrap_or_else(|| panic!("there is no source {path}")).1
}

/// A unit, at its place.
pub(crate) fn unit(path: &str) -> MachineFile {
    MachineFile::readable(format!("/etc/systemd/system/{}", name(path)), source(path))
}

/// A script, at its place.
pub(crate) fn script(path: &str) -> MachineFile {
    MachineFile {
        path: format!("/usr/local/lib/aurora/{}", name(path)),
        mode: "0755",
        contents: source(path).to_owned(),
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A template of XML with `@NAME@` replaced by texts.
pub(crate) fn fill_xml(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = template.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("@{name}@"), &escape_xml(value));
    }
    filled
}

fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // As references, so that a value cannot be a placeholder of its own.
            '@' => escaped.push_str("&#64;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_file_is_a_source() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/machines");
        let mut found = Vec::new();
        for directory in std::fs::read_dir(root).unwrap() {
            let directory = directory.unwrap();
            for file in std::fs::read_dir(directory.path()).unwrap() {
                let name = file.unwrap().file_name();
                found.push(format!(
                    "{}/{}",
                    directory.file_name().to_str().unwrap(),
                    name.to_str().unwrap()
                ));
            }
        }
        found.sort();
        let listed: Vec<&str> = SOURCES.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, listed);
    }

    /// Who gets a machine ready never gives up: nobody could start it again.
    #[test]
    fn what_a_machine_needs_is_tried_for_as_long_as_it_runs() {
        let mut oneshots = SOURCES.iter().filter(|(path, text)| {
            path.ends_with(".service")
                && text.contains("RemainAfterExit=yes")
                && text.contains("Type=oneshot")
        });
        let gives_up = oneshots.find(|(_, text)| {
            !text.contains("\nStartLimitIntervalSec=0\n") || !text.contains("\nRestart=on-failure\n")
        });
        assert_eq!(gives_up.map(|(path, _)| path), None);
    }

    proptest! {
        #[test]
        fn a_value_stays_text(value in "\\PC{0,40}") {
            let xml = fill_xml("<a>@ONE@</a><b>@TWO@</b>", &[("ONE", &value), ("TWO", "2")]);
            let inner = xml.strip_prefix("<a>").and_then(|rest| rest.strip_suffix("</a><b>2</b>"));
            prop_assert!(inner.is_some_and(|inner| !inner.contains(['<', '>', '"', '@'])), "{}", xml);
        }
    }
}
