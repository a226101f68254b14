//! Plans, costs, and what happens, for people.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aurora_pulumi::cost::{Estimate, PRICES_AS_OF};
use aurora_pulumi::deployment::Deployment;
use aurora_pulumi::engine::{Change, Event, Operation, Severity, Summary};

use crate::cli::output;
use crate::cli::progress::Progress;

/// What is done sooner than this is not worth the time it took.
const WORTH_SAYING: Duration = Duration::from_secs(1);

/// What a first deployment leaves open, and where to say otherwise.
pub(super) fn left_open(deployment: &Deployment) -> Vec<&'static str> {
    let mut open = Vec::new();
    if deployment.edge.allow.is_empty() {
        open.push(
            "everybody on the internet will reach its web app and Grafana, and need a token or a password there: `allow` under [edge] \
             in the description says who may",
        );
    }
    if deployment.alarms.email.is_none() {
        open.push("nobody will be told of alarms: `email` under [alarms] in the description says who is");
    }
    open
}

/// Shows what happens as it happens: a line for each resource that is done, and below what is under way.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    progress: &'a Progress,
    begun: BTreeMap<(String, String), Instant>,
    done: BTreeSet<(Operation, String, String)>,
    total: Option<usize>,
    /// What would be done, of a preview.
    planned: Vec<Change>,
    is_preview: bool,
}

impl<'a> Watch<'a> {
    /// Of something that changes `total` resources, if that is known.
    pub(super) fn new(progress: &'a Progress, total: Option<usize>, is_preview: bool) -> Self {
        Self {
            progress,
            begun: BTreeMap::new(),
            done: BTreeSet::new(),
            total,
            planned: Vec::new(),
            is_preview,
        }
    }

    /// Something has happened.
    pub(super) fn see(&mut self, event: Event) {
        match event {
            Event::Begun(change) => {
                self.begun.insert((change.token, change.name), Instant::now());
            }
            Event::Done(change) => self.done(change),
            Event::Failed(change) => {
                self.begun.remove(&(change.token.clone(), change.name.clone()));
                self.progress
                    .above(&format!("  ✗ {} {}", short(&change.token), change.name));
            }
            // Why something failed is said at the end, with what to do.
            Event::Message {
                severity: Severity::Error,
                ..
            } => {}
            Event::Message { text, .. } => self.progress.above(&format!("  {text}")),
            Event::End(_) => {}
        }
        self.say();
    }

    fn done(&mut self, change: Change) {
        let begun = self.begun.remove(&(change.token.clone(), change.name.clone()));
        if matches!(change.operation, Operation::Same | Operation::Read) {
            return;
        }
        // The engine tells of components once more when they are complete.
        let is_new = self
            .done
            .insert((change.operation, change.token.clone(), change.name.clone()));
        // They, and the provider, are nothing in AWS.
        if !is_new || !change.token.starts_with("aws:") {
            return;
        }
        if self.is_preview {
            self.planned.push(change);
            return;
        }
        let took = begun
            .map(|begun| begun.elapsed())
            .filter(|took| *took >= WORTH_SAYING);
        let took = took.map_or(String::new(), |took| format!("  {} s", took.as_secs()));
        let (sign, kind) = (change.operation.sign(), short(&change.token));
        self.progress
            .above(&format!("  {sign} {kind} {}{took}", change.name));
    }

    fn say(&self) {
        const SHOWN: usize = 3;
        let mut names: Vec<&str> = self
            .begun
            .keys()
            .map(|(_, name)| name.as_str())
            .take(SHOWN)
            .collect();
        if self.begun.len() > SHOWN {
            names.push("…");
        }
        let of = self.total.map_or(String::new(), |total| format!(" of {total}"));
        self.progress
            .say(format!("{}{of}: {}", self.done.len(), names.join(", ")));
    }

    /// What would be done, by what is done and to what kind of thing.
    pub(super) fn plan(&self) -> Vec<String> {
        let mut kinds: BTreeMap<(Operation, &str), Vec<String>> = BTreeMap::new();
        for change in &self.planned {
            let name = match (change.operation, change.properties.as_slice()) {
                (Operation::Create | Operation::Delete, _) | (_, []) => change.name.clone(),
                (_, properties) => format!("{} ({})", change.name, properties.join(", ")),
            };
            kinds
                .entry((change.operation, short(&change.token)))
                .or_default()
                .push(name);
        }
        let lines = kinds.into_iter().map(|((operation, kind), mut names)| {
            names.sort();
            format!("  {} {kind:<28} {}", operation.sign(), names.join(", "))
        });
        lines.collect()
    }
}

/// The last part of a type.
fn short(token: &str) -> &str {
    token.rsplit(':').next().unwrap_or(token)
}

/// What was done, or would be, in one line.
pub(super) fn summary(summary: &Summary) -> String {
    let changes: Vec<String> = summary
        .changes
        .iter()
        .map(|(operation, count)| format!("{count} {operation}"))
        .collect();
    if changes.is_empty() {
        "nothing".to_owned()
    } else {
        changes.join(", ")
    }
}

/// What it costs.
pub(super) fn costs(estimate: &Estimate) {
    let mut table = output::table(&["", "a month, in US dollars", ""]);
    for line in &estimate.lines {
        table.add_row(vec![
            output::number(round(line.count)),
            comfy_table::Cell::new(&line.what),
            output::number(format!("{:.2}", line.usd)),
        ]);
    }
    table.add_row(vec![
        comfy_table::Cell::new(""),
        comfy_table::Cell::new("in all, about"),
        output::number(format!("{:.0}", estimate.usd())),
    ]);
    output::line(&table.to_string());
    let region = if estimate.region_is_known {
        ""
    } else {
        " The region's prices are not known; dear ones were taken."
    };
    output::line(&format!(
        "List prices on demand, written down {PRICES_AS_OF}, without taxes.{region} Not counted:"
    ));
    for left_out in &estimate.left_out {
        output::line(&format!("  - {left_out}"));
    }
}

fn round(count: f64) -> String {
    if count.fract() == 0.0 {
        format!("{count:.0}")
    } else {
        format!("{count:.1}")
    }
}
