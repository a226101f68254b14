//! What happens while an engine works, as it happens: its event log, JSON lines in a file that grows.
//!
//! The log begins anew between a preview and an update of one run, so updates are run without a preview of their own.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// How often the log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Longest line that is read: a resource with its inputs, old and new.
const MAX_LINE: usize = 8 << 20;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something is being done to a resource.
    Begun(Change),
    /// It is done.
    Done(Change),
    /// It failed; why comes as a message.
    Failed(Change),
    /// The engine, a provider or the program says something.
    Message {
        /// How bad it is.
        severity: Severity,
        /// The resource that it is about.
        name: Option<String>,
        /// What it is.
        text: String,
    },
    /// The end, and what was done.
    End(Summary),
}

/// Something that is done to a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub operation: Operation,
    /// The resource's type.
    pub token: String,
    /// The resource's name.
    pub name: String,
    /// The inputs that differ, for an update or a replacement.
    pub properties: Vec<String>,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Nothing.
    Same,
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
    /// A new one takes its place.
    Replace,
    /// It is looked at.
    Read,
    /// Something else.
    Other,
}

/// How bad a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For information.
    Info,
    /// Something to look at.
    Warning,
    /// Why something failed.
    Error,
}

/// What was done in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many resources, by what was done.
    pub changes: BTreeMap<Operation, usize>,
    /// How long it took, in seconds.
    pub seconds: u64,
}

impl Summary {
    /// How many resources are changed in any way.
    pub fn changed(&self) -> usize {
        let nothing = [Operation::Same, Operation::Read];
        self.changes
            .iter()
            .filter(|(operation, _)| !nothing.contains(operation))
            .map(|(_, count)| count)
            .sum()
    }
}

impl Operation {
    fn parse(text: &str) -> Self {
        match text {
            "same" => Self::Same,
            "create" | "import" => Self::Create,
            "update" => Self::Update,
            "delete" | "delete-replaced" | "discard" | "discard-replaced" => Self::Delete,
            "replace" | "create-replacement" | "import-replacement" => Self::Replace,
            "read" | "read-replacement" | "refresh" => Self::Read,
            _ => Self::Other,
        }
    }

    /// The sign that Pulumi's users know it by.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Same => " ",
            Self::Create => "+",
            Self::Update => "~",
            Self::Delete => "-",
            Self::Replace => "±",
            Self::Read => ">",
            Self::Other => "·",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Same => "unchanged",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Replace => "replace",
            Self::Read => "read",
            Self::Other => "other",
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    resource_pre_event: Option<Step>,
    res_outputs_event: Option<Step>,
    res_op_failed_event: Option<Step>,
    diagnostic_event: Option<Diagnostic>,
    summary_event: Option<SummaryLine>,
}

#[derive(Deserialize)]
struct Step {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    op: String,
    urn: String,
    r#type: String,
    #[serde(default)]
    diffs: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Diagnostic {
    urn: Option<String>,
    message: String,
    severity: String,
    #[serde(default)]
    ephemeral: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SummaryLine {
    #[serde(default)]
    duration_seconds: u64,
    #[serde(default)]
    resource_changes: BTreeMap<String, usize>,
}

/// The last part of a URN.
pub(super) fn name_of(urn: &str) -> &str {
    urn.rsplit("::").next().unwrap_or(urn)
}

/// What one line of the log says; nothing if it is of no interest, or not understood: a later engine may say more.
fn parse(line: &str) -> Option<Event> {
    let line: Line = serde_json::from_str(line).ok()?;
    let change = |step: Step| {
        // Making the new one is told of as well; this only says that it replaces another.
        (step.metadata.op != "replace").then(|| Change {
            operation: Operation::parse(&step.metadata.op),
            name: name_of(&step.metadata.urn).to_owned(),
            token: step.metadata.r#type,
            properties: step.metadata.diffs.unwrap_or_default(),
        })
    };
    if let Some(step) = line.resource_pre_event {
        return change(step).map(Event::Begun);
    }
    if let Some(step) = line.res_outputs_event {
        return change(step).map(Event::Done);
    }
    if let Some(step) = line.res_op_failed_event {
        return change(step).map(Event::Failed);
    }
    if let Some(said) = line.diagnostic_event {
        let severity = match said.severity.as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "debug" => return None,
            _ => Severity::Info,
        };
        if said.ephemeral {
            return None;
        }
        return Some(Event::Message {
            severity,
            name: said
                .urn
                .filter(|urn| !urn.is_empty())
                .map(|urn| name_of(&urn).to_owned()),
            text: said.message.trim().to_owned(),
        });
    }
    let summary = line.summary_event?;
    let mut changes = BTreeMap::new();
    for (operation, count) in summary.resource_changes {
        *changes.entry(Operation::parse(&operation)).or_insert(0) += count;
    }
    Some(Event::End(Summary {
        changes,
        seconds: summary.duration_seconds,
    }))
}

/// A log that grows.
#[derive(Debug)]
pub(super) struct EventLog {
    path: PathBuf,
    read: u64,
    /// The beginning of a line whose end has not been written yet.
    rest: Vec<u8>,
}

impl EventLog {
    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            read: 0,
            rest: Vec::new(),
        }
    }

    /// Gives `tell` what is new.
    pub(super) fn look(&mut self, tell: &mut (dyn FnMut(Event) + Send)) -> std::io::Result<()> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.read))?;
        let mut new = Vec::new();
        self.read += file.read_to_end(&mut new)? as u64;
        self.take(&new, tell);
        Ok(())
    }

    fn take(&mut self, new: &[u8], tell: &mut (dyn FnMut(Event) + Send)) {
        self.rest.extend_from_slice(new);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            // A line that has no end is not kept for ever.
            if self.rest.len() > MAX_LINE {
                self.rest.clear();
            }
            return;
        };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        for line in whole.split(|byte| *byte == b'\n') {
            if let Some(event) = std::str::from_utf8(line).ok().and_then(parse) {
                tell(event);
            }
        }
    }

    /// Gives `tell` what is new, again and again, until it is dropped.
    pub(super) async fn follow(&mut self, tell: &mut (dyn FnMut(Event) + Send)) -> std::io::Result<()> {
        loop {
            self.look(tell)?;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOG: &str = r#"{"sequence":1,"timestamp":1,"preludeEvent":{"config":{}}}
{"sequence":2,"resourcePreEvent":{"metadata":{"op":"create","urn":"urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::network","type":"aws:ec2/vpc:Vpc","old":null,"new":{},"diffs":null,"provider":""}}}
{"sequence":3,"diagnosticEvent":{"urn":"urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::network","message":"no room\n","severity":"error","color":"never"}}
{"sequence":4,"diagnosticEvent":{"message":"passing","severity":"info#err","ephemeral":true}}
not json
{"sequence":5,"resOpFailedEvent":{"metadata":{"op":"create","urn":"urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::network","type":"aws:ec2/vpc:Vpc"}}}
{"sequence":6,"summaryEvent":{"maybeCorrupt":false,"durationSeconds":3,"resourceChanges":{"create":2,"same":4,"create-replacement":1}}}
{"sequence":7,"cancelEvent":{}}
"#;

    fn events() -> Vec<Event> {
        let network = || Change {
            operation: Operation::Create,
            token: "aws:ec2/vpc:Vpc".to_owned(),
            name: "network".to_owned(),
            properties: Vec::new(),
        };
        let message = Event::Message {
            severity: Severity::Error,
            name: Some("network".to_owned()),
            text: "no room".to_owned(),
        };
        let changes = BTreeMap::from([
            (Operation::Same, 4),
            (Operation::Create, 2),
            (Operation::Replace, 1),
        ]);
        let end = Event::End(Summary { changes, seconds: 3 });
        vec![Event::Begun(network()), message, Event::Failed(network()), end]
    }

    proptest! {
        #[test]
        fn the_log_says_the_same_in_whatever_pieces_it_comes(cuts in prop::collection::vec(0..LOG.len(), 0..8)) {
            let mut cuts = cuts;
            cuts.extend([0, LOG.len()]);
            cuts.sort_unstable();
            let mut log = EventLog::at(Path::new("unused"));
            let mut seen = Vec::new();
            for pair in cuts.windows(2) {
                log.take(&LOG.as_bytes()[pair[0]..pair[1]], &mut |event| seen.push(event));
            }
            prop_assert_eq!(seen, events());
        }
    }

    #[test]
    fn a_summary_counts_what_is_changed() {
        let Some(Event::End(summary)) = events().pop() else {
            panic!("no summary");
        };
        assert_eq!(summary.changed(), 3);
    }
}
