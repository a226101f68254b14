//! What the docs show of deployments, `docs/aws`, is what happens: what the engine tells of a life, and plans.
//!
//! `AURORA_WRITE_SNAPSHOTS=1 cargo test -p aurora-chaos-tests --test deploy` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, ensure};
use aurora_pulumi::engine::{Event, Operation, Severity};
use parking_lot::Mutex;

/// What happened, chapter by chapter.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Vec<Chapter>>);

#[derive(Debug)]
struct Chapter {
    title: &'static str,
    lines: Vec<String>,
}

impl Told {
    /// What is told from now on belongs to this chapter.
    pub(super) fn begin(&self, title: &'static str) {
        self.0.lock().push(Chapter {
            title,
            lines: Vec::new(),
        });
    }

    pub(super) fn note(&self, event: &Event) {
        let Some(line) = line(event) else { return };
        if let Some(chapter) = self.0.lock().last_mut() {
            chapter.lines.push(line);
        }
    }

    /// Makes sure that the docs say the same. What happens beside each other comes in any order.
    pub(super) fn require_shown(&self) -> Result<()> {
        let chapters = self.0.lock();
        let mut text = String::new();
        for Chapter { title, lines } in &*chapters {
            let _ = writeln!(text, "== {title}\n{}\n", lines.join("\n"));
        }
        require_shown("life.txt", &text)
    }
}

/// Makes sure that `docs/aws` shows this in `file`. What happens beside each other comes in any order.
pub(super) fn require_shown(file: &str, text: &str) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/aws")
        .join(file);
    if std::env::var_os("AURORA_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(&path, text)?;
    }
    let shown = std::fs::read_to_string(&path).unwrap_or_default();
    let (told, shown) = (sorted(text), sorted(&shown));
    let differs = told.iter().zip(&shown).find(|(told, shown)| told != shown);
    ensure!(
        told == shown,
        "docs/aws/{file} shows something else, see {differs:?}; if that is meant, write it anew with AURORA_WRITE_SNAPSHOTS=1"
    );
    Ok(())
}

/// Each chapter with its lines in order.
fn sorted(text: &str) -> Vec<String> {
    text.split("== ")
        .map(|chapter| {
            let mut lines: Vec<&str> = chapter.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        })
        .collect()
}

fn line(event: &Event) -> Option<String> {
    let short = |token: &str| token.rsplit(':').next().unwrap_or(token).to_owned();
    match event {
        // Components and the provider are nothing in AWS.
        Event::Done(change)
            if change.token.starts_with("aws:")
                && !matches!(change.operation, Operation::Same | Operation::Read) =>
        {
            let mut text = format!(
                "{} {} {}",
                change.operation.sign(),
                short(&change.token),
                change.name
            );
            if !change.properties.is_empty() {
                let _ = write!(text, ": {}", change.properties.join(", "));
            }
            Some(text)
        }
        Event::Failed(change) => Some(format!("✗ {} {}", short(&change.token), change.name)),
        Event::Message {
            severity: Severity::Error,
            name: Some(name),
            text,
        } => Some(format!(
            "  {name}: {}",
            text.lines().last().unwrap_or_default().trim()
        )),
        Event::End(summary) => {
            let counted = summary
                .changes
                .iter()
                .map(|(operation, count)| format!("{count} {operation}"));
            Some(format!("  {}", counted.collect::<Vec<_>>().join(", ")))
        }
        _ => None,
    }
}
