//! One question, and what comes of it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::steps::{Step, Teller};
use crate::cli::client::Client;
use crate::cli::events::Events;
use crate::cli::interrupt::Stop;
use crate::cli::output::{self, harmless};
use crate::cli::progress::Progress;
use crate::cli::rows::{self, Column};

/// A question as nodes take it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Question {
    pub(super) question: String,
    /// The questions before it, the oldest first.
    pub(super) conversation: Vec<String>,
    pub(super) limit: usize,
}

/// What came of a question.
#[derive(Debug)]
pub(super) struct Reply {
    json: String,
    content: Content,
    /// Whether the statement was told while it ran.
    is_sql_told: bool,
}

#[derive(Debug)]
enum Content {
    Answer(Box<Answer>),
    Clarification(Clarification),
}

/// A question back.
#[derive(Debug, Deserialize)]
struct Clarification {
    clarification: String,
}

/// Rows, and how they came about.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    /// The statement.
    pub(super) sql: String,
    /// Its record in the history.
    pub(super) history_id: String,
    columns: Vec<Column>,
    rows: Vec<Box<RawValue>>,
    truncated: bool,
    explanation: String,
    assumptions: Vec<String>,
    engine: String,
    complete_to: Option<jiff::Timestamp>,
}

/// Asks, and waits for the answer; people are told what happens meanwhile.
pub(super) async fn ask(client: &Client, question: &Question, is_for_people: bool) -> anyhow::Result<Reply> {
    let events = client.events("/api/v1/ask", question).await?;
    if !is_for_people {
        return until_answered(events, &mut Teller::silent()).await;
    }
    let progress = Progress::new();
    progress.say("the question is being answered");
    let mut teller = Teller::new(&progress);
    tokio::select! {
        reply = until_answered(events, &mut teller) => reply,
        never = progress.appear() => never,
    }
}

async fn until_answered(mut events: Events, teller: &mut Teller<'_>) -> anyhow::Result<Reply> {
    loop {
        let event = events.next().await?;
        match event.name.as_str() {
            // A later version may tell of steps that this one does not know.
            "step" => {
                if let Ok(step) = event.read::<Step>() {
                    teller.tell(&step);
                }
            }
            "answer" => {
                let content = Content::Answer(event.read()?);
                return Ok(Reply::of(event.data, content, teller));
            }
            "clarification" => {
                let content = Content::Clarification(event.read()?);
                return Ok(Reply::of(event.data, content, teller));
            }
            _ => {}
        }
    }
}

impl Reply {
    fn of(json: String, content: Content, teller: &Teller<'_>) -> Self {
        let is_sql_told = match &content {
            Content::Answer(answer) => teller.has_told(&answer.sql),
            Content::Clarification(_) => false,
        };
        Self {
            json,
            content,
            is_sql_told,
        }
    }

    /// All of it.
    pub(super) fn json(&self) -> &str {
        &self.json
    }

    /// The answer, unless it is a question back.
    pub(super) fn answer(self) -> Option<Answer> {
        match self.content {
            Content::Answer(answer) => Some(*answer),
            Content::Clarification(_) => None,
        }
    }

    /// Shows it to people, unless it is told to stop.
    pub(super) fn show(&self, limit: usize, stop: &Stop) -> anyhow::Result<()> {
        let answer = match &self.content {
            Content::Answer(answer) => answer,
            Content::Clarification(back) => {
                return output::print(&harmless(&back.clarification), stop);
            }
        };
        let table = rows::table(&answer.columns, &answer.rows)?;
        output::print(&table.to_string(), stop)?;
        if stop.is_said() {
            return Ok(());
        }
        if answer.truncated {
            let all = "run the statement with aurora sql --format csv for all";
            output::note(&rows::more_than(answer.rows.len(), limit, all));
        }
        let complete = rows::complete_up_to(answer.complete_to);
        output::note(&format!(
            "Read as ({}{complete}): {}",
            answer.engine, answer.explanation
        ));
        for assumption in &answer.assumptions {
            output::note(&format!("Taken for granted: {assumption}"));
        }
        if !self.is_sql_told {
            output::note(&answer.sql);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_kept_as_it_came() {
        let json = r#"{"query_id":"q","sql":"SELECT 1","params":{},"columns":[{"name":"n","type":"UInt8"}],"rows":[[1]],
            "truncated":false,"statistics":{},"reading":[],"explanation":"one","assumptions":[],"chart":{},"engine":"built-in",
            "attempts":[],"usage":{},"tables":[],"history_id":"h","complete_to":"2026-01-01T00:00:00Z"}"#;
        let content = Content::Answer(serde_json::from_str(json).unwrap());
        let reply = Reply::of(json.to_owned(), content, &Teller::silent());
        assert_eq!(reply.json(), json);
        let answer = reply.answer().unwrap();
        assert_eq!(
            (answer.sql.as_str(), answer.history_id.as_str()),
            ("SELECT 1", "h")
        );
    }

    #[test]
    fn a_question_back_is_no_answer() {
        let json = r#"{"clarification":"Which?","history_id":"h","usage":{}}"#;
        let content = Content::Clarification(serde_json::from_str(json).unwrap());
        let reply = Reply::of(json.to_owned(), content, &Teller::silent());
        assert!(reply.answer().is_none());
    }
}
