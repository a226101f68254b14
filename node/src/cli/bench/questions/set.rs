//! Sets of questions with known answers: what is asked, and the tables that it is about.
//!
//! A question is a line of JSON:
//!
//! | key | meaning |
//! |---|---|
//! | `id`, `question` | its name, and what is asked |
//! | `kind` | what it takes to answer it, for the figures by kind |
//! | `gold` | SQL that answers it |
//! | `alternatives` | SQL whose result is as right |
//! | `ratio`, `tolerance`, `ties` | what may differ, see [`Leeway`] |
//! | `subset` | the answer may say more than was asked; it always may |
//! | `expect` | `refuse` or `clarify`: the right answer is none |
//!
//! Tables are statements, one after the other, each ended by a semicolon.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use super::compare::Leeway;

/// The set to practise on if none is named.
pub(super) const PRACTICE: &str = "practice-1";
/// The set to examine with.
pub(super) const HELD_OUT: &str = "held-out";

/// A set that is built in.
struct BuiltIn {
    name: &'static str,
    database: &'static str,
    questions: &'static str,
    load: &'static str,
}

macro_rules! built_in {
    ($name:literal, $file:literal) => {
        BuiltIn {
            name: $name,
            database: concat!("questions_", $file),
            questions: include_str!(concat!("../../../../questions/", $file, ".jsonl")),
            load: include_str!(concat!("../../../../questions/", $file, ".sql")),
        }
    };
}

/// All of them: twelve that the translator was written with, in the order in which they came, and one that it was not.
const BUILT_IN: [BuiltIn; 13] = [
    built_in!("practice-1", "practice_1"),
    built_in!("practice-2", "practice_2"),
    built_in!("practice-3", "practice_3"),
    built_in!("practice-4", "practice_4"),
    built_in!("practice-5", "practice_5"),
    built_in!("practice-6", "practice_6"),
    built_in!("practice-7", "practice_7"),
    built_in!("practice-8", "practice_8"),
    built_in!("practice-9", "practice_9"),
    built_in!("practice-10", "practice_10"),
    built_in!("practice-11", "practice_11"),
    built_in!("practice-12", "practice_12"),
    built_in!("held-out", "held_out"),
];

/// What is right when a question should not be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Expected {
    /// Nothing may run.
    Refuse,
    /// A question back, or a refusal.
    Clarify,
}

/// A question with its known answer.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Question {
    pub(super) id: String,
    pub(super) question: String,
    pub(super) kind: Option<String>,
    gold: Option<String>,
    #[serde(default)]
    alternatives: Vec<String>,
    pub(super) expect: Option<Expected>,
    #[serde(flatten)]
    pub(super) leeway: Leeway,
}

impl Question {
    /// The statements whose results are right answers.
    pub(super) fn right(&self) -> impl Iterator<Item = &str> {
        self.gold.iter().chain(&self.alternatives).map(String::as_str)
    }

    /// What it takes to answer it.
    pub(super) fn kind(&self) -> &str {
        match (&self.kind, self.expect) {
            (Some(kind), _) => kind,
            (None, Some(Expected::Refuse)) => "refuse",
            (None, Some(Expected::Clarify)) => "clarify",
            (None, None) => "answer",
        }
    }

    /// Whether the right answer is another one a moment later.
    pub(super) fn depends_on_time(&self) -> bool {
        self.right().any(|sql| {
            let sql = sql.to_ascii_lowercase();
            ["now(", "now64(", "today(", "yesterday("]
                .iter()
                .any(|function| sql.contains(function))
        })
    }
}

/// Questions, and the tables that they are about.
#[derive(Debug)]
pub(super) struct Set {
    /// Its name: of one of those here, or of a file.
    pub(super) name: String,
    pub(super) questions: Vec<Question>,
    /// Statements that make the tables and fill them; `None` if they have to be there.
    pub(super) load: Option<String>,
    /// The database that the tables belong into, if nothing else is said.
    pub(super) database: Option<&'static str>,
}

impl Set {
    /// The set `name`: one of those here, or questions in a file; with tables of `load` instead of its own.
    pub(super) fn open(name: &str, load: Option<&Path>) -> anyhow::Result<Self> {
        let built_in = BUILT_IN.iter().find(|set| set.name == name);
        let (questions, own_load, database) = match built_in {
            Some(set) => (
                set.questions.to_owned(),
                Some(set.load.to_owned()),
                Some(set.database),
            ),
            None => (read(&PathBuf::from(name))?, None, None),
        };
        let load = match load {
            Some(load) => Some(read(load)?),
            None => own_load,
        };
        Ok(Self {
            name: name.to_owned(),
            questions: parse(&questions)
                .with_context(|| format!("the questions of {name} cannot be read"))?,
            load,
            database,
        })
    }

    /// Keeps only the questions with these ids.
    pub(super) fn keep(&mut self, ids: &[String]) -> anyhow::Result<()> {
        for id in ids {
            ensure!(
                self.questions.iter().any(|question| question.id == *id),
                "{} has no question {id:?}; see the ids with --check",
                self.name
            );
        }
        if !ids.is_empty() {
            self.questions.retain(|question| ids.contains(&question.id));
        }
        Ok(())
    }

    /// Whether what is asked is to be kept from whoever works on answering.
    pub(super) fn is_secret(&self) -> bool {
        self.name == HELD_OUT
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| {
        format!(
            "{} cannot be read; --set takes one of {}, or a file of questions",
            path.display(),
            BUILT_IN.map(|set| set.name).join(", ")
        )
    })
}

fn parse(text: &str) -> anyhow::Result<Vec<Question>> {
    let mut questions: Vec<Question> = Vec::new();
    let mut ids = BTreeSet::new();
    for (index, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let number = index + 1;
        let question: Question = serde_json::from_str(line).with_context(|| format!("line {number}"))?;
        if question.gold.is_none() && question.expect.is_none() {
            bail!("line {number} says neither what is right (gold) nor what is expected instead (expect)");
        }
        ensure!(
            ids.insert(question.id.clone()),
            "line {number} has the id of another question: {}",
            question.id
        );
        questions.push(question);
    }
    ensure!(!questions.is_empty(), "there is no question in it");
    Ok(questions)
}

/// The statements of a script. Semicolons in texts, quoted names and comments end none.
pub(super) fn statements(script: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let (mut start, mut has_code) = (0, false);
    let mut rest = script.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        match character {
            '-' if script[at..].starts_with("--") => {
                while rest.next_if(|(_, next)| *next != '\n').is_some() {}
            }
            '/' if script[at..].starts_with("/*") => {
                let end = script[at..]
                    .find("*/")
                    .map_or(script.len(), |length| at + length + 2);
                while rest.next_if(|(position, _)| *position < end).is_some() {}
            }
            '\'' | '"' | '`' => {
                has_code = true;
                while let Some((_, inside)) = rest.next() {
                    match inside {
                        '\\' => drop(rest.next()),
                        // A doubled quote opens the next text at once, which comes to the same.
                        _ if inside == character => break,
                        _ => {}
                    }
                }
            }
            ';' => {
                if has_code {
                    statements.push(script[start..at].trim());
                }
                (start, has_code) = (at + 1, false);
            }
            _ => has_code |= !character.is_whitespace(),
        }
    }
    if has_code {
        statements.push(script[start..].trim());
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(set: &Set) -> BTreeSet<String> {
        statements(set.load.as_deref().unwrap())
            .into_iter()
            .filter_map(|statement| statement.split("CREATE TABLE ").nth(1)?.split_whitespace().next())
            .map(str::to_owned)
            .collect()
    }

    fn all() -> Vec<Set> {
        BUILT_IN
            .iter()
            .map(|set| Set::open(set.name, None).unwrap())
            .collect()
    }

    #[test]
    fn each_set_has_eighty_questions_over_six_tables_of_which_the_held_out_shares_none() {
        let sets = all();
        for set in &sets {
            assert!(set.questions.len() >= 80, "{}: {}", set.name, set.questions.len());
            assert!(tables(set).len() >= 6, "{}", set.name);
            for question in set.questions.iter().filter(|question| question.expect.is_none()) {
                assert!(question.kind.is_some(), "{}", question.id);
            }
        }
        let asked = |set: &Set| -> BTreeSet<String> {
            set.questions
                .iter()
                .map(|question| question.question.to_lowercase())
                .collect()
        };
        let (held_out, practice) = sets.split_last().unwrap();
        assert!(held_out.is_secret());
        for set in practice {
            assert!(!set.is_secret());
            assert!(tables(set).is_disjoint(&tables(held_out)), "{}", set.name);
            assert!(asked(set).is_disjoint(&asked(held_out)), "{}", set.name);
        }
    }

    #[test]
    fn every_known_answer_is_about_the_tables_of_its_set() {
        for set in all() {
            let tables = tables(&set);
            for question in &set.questions {
                for sql in question.right() {
                    assert!(
                        tables.iter().any(|table| sql.contains(&format!(" {table}"))),
                        "{} of {}",
                        question.id,
                        set.name
                    );
                }
            }
        }
    }

    #[test]
    fn a_question_says_what_is_right() {
        let parsed = parse(
            "{\"id\":\"a\",\"question\":\"How many?\",\"gold\":\"SELECT count() FROM t WHERE at > now()\",\"ties\":\"n\"}\n\n\
             {\"id\":\"b\",\"question\":\"Drop it\",\"expect\":\"refuse\"}\n",
        )
        .unwrap();
        assert_eq!(parsed.len(), 2);
        assert!(parsed[0].depends_on_time() && !parsed[1].depends_on_time());
        assert_eq!(parsed[0].leeway.ties.as_deref(), Some("n"));
        assert_eq!((parsed[0].kind(), parsed[1].kind()), ("answer", "refuse"));
        assert_eq!(parsed[1].expect, Some(Expected::Refuse));
    }

    #[test]
    fn a_question_without_an_answer_or_with_a_used_id_is_refused() {
        let nothing = parse("{\"id\":\"a\",\"question\":\"How many?\"}").unwrap_err();
        assert!(nothing.to_string().contains("line 1"), "{nothing:#}");
        let line = "{\"id\":\"a\",\"question\":\"How many?\",\"gold\":\"SELECT 1\"}";
        let twice = parse(&format!("{line}\n{line}")).unwrap_err();
        assert!(twice.to_string().contains("line 2"), "{twice:#}");
        assert!(parse("\n").is_err());
        assert!(parse("{").is_err());
    }

    #[test]
    fn only_ids_that_are_there_can_be_asked_for() {
        let mut set = Set::open(PRACTICE, None).unwrap();
        let first = set.questions[0].id.clone();
        assert!(set.keep(&["nothing like it".to_owned()]).is_err());
        set.keep(std::slice::from_ref(&first)).unwrap();
        assert_eq!(set.questions.len(), 1);
        assert_eq!(set.questions[0].id, first);
    }

    #[test]
    fn semicolons_in_texts_names_and_comments_end_no_statement() {
        let script = "-- a; comment\nSELECT 'a;b\\';' AS `x;y`; /* ; */\n;SELECT \"q;\"\n--; end\n";
        assert_eq!(
            statements(script),
            [
                "-- a; comment\nSELECT 'a;b\\';' AS `x;y`",
                "SELECT \"q;\"\n--; end"
            ]
        );
        assert!(statements(" -- nothing\n").is_empty());
    }
}
