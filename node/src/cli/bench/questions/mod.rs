//! `aurora bench questions`: how many questions are answered rightly.
//!
//! | file | what it does |
//! |---|---|
//! | `set` | questions with known answers, and their tables; those of Aurora are in `node/questions/` |
//! | `place` | the node that is asked and the ClickHouse behind it |
//! | `asking` | the node's API, and what a reply means |
//! | `compare` | whether two results say the same |
//! | `report` | what came out |
//!
//! An answer is judged by its rows, never by its SQL: the known answer is looked up in ClickHouse right after the
//! node has replied. Time goes on in between, so an answer to "in the last hour" that is not the known one is run
//! once more, side by side with the known one.
//!
//! Of the set that is held out only the ids are shown: who works on answering questions must not know them.

mod asking;
mod compare;
mod place;
mod report;
mod set;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;

use self::asking::{Answer, Node, Reply};
use self::compare::ResultRow;
use self::place::{Database, Model, OwnServices};
use self::report::{Judged, Outcome, ReplyKind, Report};
use self::set::{PRACTICE, Question, Set};
use super::super::interrupt::{INTERRUPTED, Interrupts};
use super::super::output;
use crate::telemetry::{self, LogFormat};

/// The database that a set from files is loaded into, if nothing else is said.
const DEFAULT_DATABASE: &str = "questions";

/// Ask questions whose answers are known, and count the right ones.
///
/// Unless a node is given, one is started together with a ClickHouse of its own; it asks the model that the
/// environment names (OPENAI_BASE_URL, OPENAI_API_KEY, AURORA_MODEL), if any.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aurora bench questions\n  aurora bench questions --set held-out --json report.json\n  \
    aurora bench questions --set mine.jsonl --load mine.sql --no-model\n  \
    aurora bench questions --node http://127.0.0.1:8080 --clickhouse http://writer:password@127.0.0.1:8123 --database nl --set mine.jsonl"
)]
pub(super) struct QuestionsArgs {
    /// Which questions: practice-1 to practice-12, held-out, or a file with a question on each line
    #[arg(long, visible_alias = "questions", value_name = "NAME|FILE.jsonl", default_value = PRACTICE)]
    set: String,
    /// Statements that make and fill the tables, if the questions are from a file
    #[arg(long, value_name = "FILE.sql")]
    load: Option<PathBuf>,
    /// The database that the tables are in, or are loaded into if it has none
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Ask only these questions
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// How often each question is asked
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    repeat: u16,
    /// The model that the node which is started asks, instead of the environment's
    #[arg(long, conflicts_with_all = ["no_model", "node"])]
    model: Option<String>,
    /// Start the node without a model, whatever the environment says
    #[arg(long, conflicts_with = "node")]
    no_model: bool,
    /// Ask this node instead of starting one; it must let queries read the database (`aurora up --expose`)
    #[arg(long, value_name = "URL", requires_all = ["clickhouse", "database"])]
    node: Option<String>,
    /// That node's token, if it needs one
    #[arg(long, env = "AURORA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// That node's ClickHouse, with the login of whoever may read and load the database
    #[arg(long, value_name = "URL", requires = "node")]
    clickhouse: Option<String>,
    /// How long an answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
    /// Only look up the known answers, and fail if one is missing: for whoever writes questions
    #[arg(long)]
    check: bool,
    /// Fail if fewer answers are right
    #[arg(long, value_name = "N")]
    at_least: Option<usize>,
    /// Write the result into a file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Show every statement, and the questions of the held-out set too
    #[arg(long)]
    verbose: bool,
}

impl QuestionsArgs {
    fn model(&self) -> Model {
        match &self.model {
            Some(name) => Model::Named(name.clone()),
            None if self.no_model => Model::Without,
            None => Model::AsEnvironmentSays,
        }
    }
}

pub(super) async fn run(args: &QuestionsArgs) -> anyhow::Result<ExitCode> {
    telemetry::start(LogFormat::Text, "warn");
    let mut set = Set::open(&args.set, args.load.as_deref())?;
    set.keep(&args.only)?;
    ensure!(
        args.node.is_some() || set.load.is_some(),
        "there are no tables to ask about: give --load FILE.sql, or a node that has them with --node, --clickhouse and --database"
    );
    let database = match (&args.database, set.database) {
        (Some(name), _) => name.as_str(),
        (None, own) => own.unwrap_or(DEFAULT_DATABASE),
    };
    let mut interrupts = Interrupts::listen_to_all();
    let own = match args.node {
        Some(_) => None,
        None => {
            output::note("starting a node and its ClickHouse");
            let model = args.model();
            let Some(own) = interrupts.unless(OwnServices::start(database, &model)).await else {
                return Ok(ExitCode::from(INTERRUPTED));
            };
            Some(own?)
        }
    };
    let done = interrupts
        .unless(examine(args, &set, database, own.as_ref()))
        .await;
    if let Some(own) = own {
        own.stop().await;
    }
    done.unwrap_or(Ok(ExitCode::from(INTERRUPTED)))
}

async fn examine(
    args: &QuestionsArgs,
    set: &Set,
    database: &str,
    own: Option<&OwnServices>,
) -> anyhow::Result<ExitCode> {
    let (http, token, clickhouse) = match (own, &args.node, &args.clickhouse) {
        (Some(own), ..) => (own.http.as_str(), None, own.clickhouse.as_str()),
        (None, Some(node), Some(clickhouse)) => (node.as_str(), args.token.clone(), clickhouse.as_str()),
        _ => anyhow::bail!("--node and --clickhouse belong together"),
    };
    let database = Database::new(clickhouse, database)?;
    // Outside of what is started here, tables are only made for who says which.
    if own.is_some() || args.load.is_some() || set.database.is_some() {
        database.load(set).await?;
    }
    if args.check {
        return check(args, set, &database).await;
    }
    let node = Node::new(http, token, Duration::from_secs(args.timeout))?;
    let exam = Exam { node, database };
    let hidden = set.is_secret() && !args.verbose;
    let mut outcomes = Vec::new();
    for round in 1..=usize::from(args.repeat) {
        for question in &set.questions {
            let mut outcome = exam.put(question, round).await?;
            if hidden {
                outcome.details = None;
            }
            outcome.show(args.verbose);
            outcomes.push(outcome);
        }
    }
    let report = Report::new(&set.name, outcomes);
    report.show();
    if let Some(path) = &args.json {
        let json = serde_json::to_vec(&report)?;
        std::fs::write(path, json).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let enough = args.at_least.is_none_or(|least| report.right() >= least);
    Ok(if enough {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Looks up every known answer. One without rows or values says nothing about whoever answers the question.
async fn check(args: &QuestionsArgs, set: &Set, database: &Database) -> anyhow::Result<ExitCode> {
    let hidden = set.is_secret() && !args.verbose;
    let mut bad = 0;
    for question in &set.questions {
        let mut wrong = Vec::new();
        for sql in question.right() {
            match database.rows(sql).await {
                Ok(rows) if says_something(&rows) => {}
                Ok(_) => wrong.push(format!("nothing is found by: {sql}")),
                Err(error) => wrong.push(format!("{error:#}")),
            }
        }
        let text = if hidden { "" } else { question.question.as_str() };
        let verdict = if wrong.is_empty() { "ok   " } else { "WRONG" };
        output::line(format!("{verdict} {:<5} {:<10} {text}", question.id, question.kind()).trim_end());
        for why in wrong.iter().filter(|_| !hidden) {
            output::line(&format!("        {why}"));
        }
        bad += usize::from(!wrong.is_empty());
    }
    output::line(&format!(
        "{} questions, {bad} without a known answer",
        set.questions.len()
    ));
    Ok(if bad == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn says_something(rows: &[ResultRow]) -> bool {
    let empty = |value: &serde_json::Value| value.is_null() || value.as_f64() == Some(0.0);
    rows.iter().flatten().any(|value| !empty(value))
}

/// Who is examined, and who knows the answers.
struct Exam {
    node: Node,
    database: Database,
}

impl Exam {
    /// Asks a question and judges the reply. Fails only when the known answer cannot be found.
    async fn put(&self, question: &Question, round: usize) -> anyhow::Result<Outcome> {
        let started = Instant::now();
        let reply = self.node.ask(&question.question).await;
        let seconds = started.elapsed().as_secs_f64();
        let judged = match reply {
            Reply::Failed(why) => Judged {
                why: Some(format!("no answer: {why}")),
                ..Judged::default()
            },
            Reply::Declined(why) => Judged {
                reply: ReplyKind::Declined,
                why: question.expect.is_none().then(|| format!("declined: {why}")),
                ..Judged::default()
            },
            Reply::Answered(answer) => Judged {
                reply: ReplyKind::Answered,
                why: self.judge(question, &answer).await?,
                sql: answer.sql,
                notes: answer.notes,
            },
        };
        Ok(Outcome::new(question, round, seconds, judged))
    }

    /// What is wrong with an answer, if anything.
    async fn judge(&self, question: &Question, answer: &Answer) -> anyhow::Result<Option<String>> {
        if question.expect.is_some() {
            return Ok(Some("answered, though there is no answer".to_owned()));
        }
        if self.is_right(question, &answer.rows).await? {
            return Ok(None);
        }
        if question.depends_on_time()
            && answer.sql.is_some()
            && let Ok(rows) = self.node.run_again(answer).await
            && self.is_right(question, &rows).await?
        {
            return Ok(None);
        }
        let rows = answer.rows.len();
        Ok(Some(format!(
            "not the known answer: {rows} rows, {}",
            beginning(&answer.rows)
        )))
    }

    async fn is_right(&self, question: &Question, rows: &[ResultRow]) -> anyhow::Result<bool> {
        for sql in question.right() {
            let known = self.database.rows(sql).await;
            let known =
                known.with_context(|| format!("the known answer of {} cannot be found", question.id))?;
            if compare::matches(&known, rows, &question.leeway) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn beginning(rows: &[ResultRow]) -> String {
    let text = serde_json::to_string(&rows[..rows.len().min(3)]).unwrap_or_default();
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests;
