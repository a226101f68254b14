//! One question after the other, each going on from those before.

use std::process::ExitCode;

use anyhow::{Context, bail};
use aurora_actors::query::memory::verdict::Verdict;
use aurora_actors::query::question::ask::MAX_CONVERSATION;
use serde_json::json;

use super::answer::{Question, ask};
use crate::cli::client::{Client, in_path};
use crate::cli::interrupt::{Interrupts, unless_interrupted};
use crate::cli::output;
use crate::cli::output::harmless;
use crate::cli::prompt::{Input, Language, Prompt};
use crate::http::memory::history::HistoryEntry;

/// The name of the history's file.
const HISTORY: &str = "ask_history";
/// What begins with a backslash.
const COMMANDS: [&str; 6] = ["\\?", "\\bad", "\\good", "\\new", "\\q", "\\sql"];
/// What `\?` says.
const HELP: &str = r"Ask in plain words; a question may go on from those before (And by country?).
  \sql   the statement of the last answer
  \good  the last answer is right: it is given again when you ask the same, and is an example for others
  \bad   the last answer is wrong
  \new   begin anew, without the questions before
  \q     leave, as Ctrl-D does
Ctrl-C ends a question that is being answered, or clears the line. The arrows and Ctrl-R find what was asked before.
What begins with a blank is not remembered here. Times are in UTC.";

/// Questions as they are typed.
struct Words;

/// A conversation.
struct Conversation<'a> {
    client: &'a Client,
    limit: usize,
    /// The questions that were answered, the oldest first.
    questions: Vec<String>,
    last: Option<Last>,
}

/// The last answer.
struct Last {
    sql: String,
    history_id: String,
}

/// Takes questions until somebody leaves.
pub(super) async fn run(client: &Client, questions: Vec<String>, limit: usize) -> anyhow::Result<ExitCode> {
    let mut conversation = Conversation {
        client,
        limit,
        questions,
        last: None,
    };
    let mut prompt = Prompt::new(Words, HISTORY)?;
    output::note(&format!(
        "Questions to {}. \\? says what else there is.",
        client.base()
    ));
    loop {
        let text = match prompt.read("ask> ")? {
            Input::Text(text) => text,
            Input::Cleared => continue,
            Input::End => return Ok(ExitCode::SUCCESS),
        };
        let text = text.trim();
        if ["\\q", "exit", "quit"].contains(&text) {
            return Ok(ExitCode::SUCCESS);
        }
        if let Err(error) = conversation.take(text).await {
            output::error(&format!("{error:#}"));
        }
    }
}

impl Conversation<'_> {
    async fn take(&mut self, text: &str) -> anyhow::Result<()> {
        match text {
            "" => Ok(()),
            "\\?" => {
                output::line(HELP);
                Ok(())
            }
            "\\sql" => {
                output::line(&harmless(&self.last()?.sql));
                Ok(())
            }
            "\\good" => self.judge(Verdict::Right).await,
            "\\bad" => self.judge(Verdict::Wrong).await,
            "\\new" => {
                self.questions.clear();
                self.last = None;
                output::note("The next question goes on from nothing.");
                Ok(())
            }
            text if text.starts_with('\\') => bail!("there is no {text}; \\? says what there is"),
            question => self.ask(question).await,
        }
    }

    async fn ask(&mut self, text: &str) -> anyhow::Result<()> {
        let question = Question {
            question: text.to_owned(),
            conversation: self.questions.clone(),
            limit: self.limit,
        };
        let ended = "the question was ended before it was answered";
        let mut interrupts = Interrupts::listen();
        let asked = interrupts.unless(ask(self.client, &question, true));
        let reply = asked.await.transpose()?.context(ended)?;
        let limit = self.limit;
        let shown = interrupts.unless_in_thread(move |stop| reply.show(limit, stop).map(|()| reply));
        let reply = shown.await?.transpose()?.context(ended)?;
        // What was not answered is nothing to go on from.
        if let Some(answer) = reply.answer() {
            self.questions.push(question.question);
            let surplus = self.questions.len().saturating_sub(MAX_CONVERSATION);
            self.questions.drain(..surplus);
            self.last = Some(Last {
                sql: answer.sql,
                history_id: answer.history_id,
            });
        }
        Ok(())
    }

    async fn judge(&self, verdict: Verdict) -> anyhow::Result<()> {
        let path = format!("/api/v1/history/{}/verdict", in_path(&self.last()?.history_id));
        let judgement = json!({ "verdict": verdict });
        let judged = unless_interrupted(self.client.post::<HistoryEntry>(&path, &judgement));
        if judged.await.transpose()?.is_some() {
            output::note(&format!("Noted: the answer is {}.", verdict.name()));
        }
        Ok(())
    }

    fn last(&self) -> anyhow::Result<&Last> {
        self.last.as_ref().context("there is no answer yet")
    }
}

impl Language for Words {
    fn is_complete(&self, _: &str) -> bool {
        true
    }

    fn complete(&self, text: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = text.get(..cursor).unwrap_or_default();
        let fitting = COMMANDS
            .iter()
            .filter(|command| before.starts_with('\\') && command.starts_with(before));
        (0, fitting.map(|command| (*command).to_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_completed_and_words_are_not() {
        assert_eq!(Words.complete("\\g", 2), (0, vec!["\\good".to_owned()]));
        assert_eq!(Words.complete("\\", 1).1.len(), COMMANDS.len());
        assert_eq!(Words.complete("good", 4).1, Vec::<String>::new());
        assert_eq!(Words.complete("", 0).1, Vec::<String>::new());
    }
}
