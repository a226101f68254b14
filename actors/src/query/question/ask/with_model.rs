//! What a language model is asked for when the translator does not understand all of a question.

use super::agreement::same_rows;
use super::course::{BUILT_IN, Course, is_of_statement, quoted_list};
use super::*;
use crate::query::question::{model, prompt};

/// What the translator's reading is to a model that writes a statement.
#[derive(Debug, PartialEq)]
pub(super) enum Standing {
    /// It is incomplete, and what is in it is sure: the statement has to keep to it.
    Binding,
    /// It is complete, and may be wrong.
    Hint,
    /// The same, and these two statements gave different rows.
    Doubt([String; 2]),
}

impl Course<'_> {
    pub(super) async fn with_model(
        &mut self,
        question: &str,
        examples: &[(String, String)],
    ) -> Result<Reply, AskError> {
        if self.asker.model.is_none() {
            return Err(self.not_understood(question));
        }
        let mut question = question.to_owned();
        if self.is_foreign(&question)
            && let Some(english) = self.in_english(&question).await
        {
            question = english;
            if let Some(reply) = self.translated(&question).await? {
                return Ok(reply);
            }
        }
        // A server of one's own has the time for one answer, and a statement tells more than words do.
        let is_own = self.asker.model.as_ref().is_some_and(Model::is_own);
        if !is_own {
            match self.words_left_over(&question).await {
                Ok(true) => {
                    if let Some(reply) = self.translated(&question).await? {
                        return Ok(reply);
                    }
                }
                Ok(false) => {}
                Err(why) => return Err(self.declined(why)),
            }
        }
        self.written(&question, examples, Standing::Binding).await
    }

    /// A model goes first, and the translator's reading, where it has one, is held against what the model wrote: where both
    /// come to the same rows the reading is shown as the answer's, where they do not the model looks again, at both.
    ///
    /// The two err differently (a model invents, the translator ties a word to the wrong column), so that agreement says
    /// more than either alone: self-consistency (Wang et al., 2022) with two voters of different kinds.
    pub(super) async fn led_by_model(
        &mut self,
        question: &str,
        examples: &[(String, String)],
    ) -> Result<Reply, AskError> {
        let read = self.read(question);
        if let Some((_, reading)) = &read {
            self.tell_reading(reading);
        }
        let by_model = self.written(question, examples, Standing::Hint).await;
        let Some((table, reading)) = read.filter(|(_, reading)| reading.is_complete()) else {
            return by_model;
        };
        let sql = compile::sql(&reading.spec, &table);
        let by_model = match by_model {
            Ok(Reply::Answer(answer)) => answer,
            // It gave none: what the translator has understood stands by itself.
            Err(AskError::Declined { attempts, .. }) => {
                self.attempts = attempts;
                return self.run(&sql, BUILT_IN, Some(&reading)).await;
            }
            other => return other,
        };
        let Ok(Reply::Answer(by_translator)) = self.run(&sql, BUILT_IN, Some(&reading)).await else {
            return Ok(Reply::Answer(by_model));
        };
        if same_rows(&by_model, &by_translator) {
            return Ok(self.agreed(by_translator, *by_model));
        }
        let doubt = Standing::Doubt([by_model.sql.clone(), sql]);
        match self.written(question, examples, doubt).await {
            Ok(Reply::Answer(again)) if same_rows(&again, &by_translator) => {
                Ok(self.agreed(by_translator, *again))
            }
            Ok(Reply::Answer(again)) => Ok(self.read_otherwise(again, &reading)),
            _ => Ok(self.read_otherwise(by_model, &reading)),
        }
    }

    /// The translator's answer, which has a reading to show.
    fn agreed(&self, mut answer: Box<Answer>, by_model: Answer) -> Reply {
        answer.assumptions.push(format!(
            "{} wrote a statement of its own and came to the same rows",
            by_model.engine
        ));
        answer.attempts.splice(0..0, by_model.attempts);
        answer.usage = self.usage;
        Reply::Answer(answer)
    }

    /// The model's answer, and what else the question can mean.
    fn read_otherwise(&self, mut answer: Box<Answer>, reading: &Reading) -> Reply {
        answer.assumptions.push(format!(
            "it can be read otherwise, with other rows: {}",
            sentence(&reading.spec)
        ));
        answer.usage = self.usage;
        Reply::Answer(answer)
    }

    /// Whether most words are unknown, as they are in another language.
    pub(super) fn is_foreign(&self, question: &str) -> bool {
        let words = words(question).len();
        let unknown = self
            .read(question)
            .map_or(words, |(_, reading)| reading.residue.len());
        !question.is_ascii() || unknown >= 3 && unknown * 2 >= words
    }

    /// Asks for an answer in a schema; without one, for a statement in plain text.
    pub(super) async fn ask_model(
        &mut self,
        asked_for: &str,
        messages: &[model::Message],
        schema: Option<&serde_json::Value>,
        tokens: u32,
    ) -> Option<serde_json::Value> {
        let model = self.asker.model.as_ref()?;
        let left = THINKING.checked_sub(self.begun.elapsed())?;
        self.tell(Step::Model {
            asked_for: asked_for.to_owned(),
        });
        let user = &self.request.user;
        let asking = async {
            match schema {
                Some(schema) => model.ask(user, messages, schema, tokens).await,
                None => {
                    let (text, usage) = model.ask_plainly(user, messages, tokens).await?;
                    Ok((model::written(&text, prompt::MISSING), usage))
                }
            }
        };
        let answer = match tokio::time::timeout(left, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(ModelError::TimedOut(left)),
        };
        match answer {
            Ok((value, usage)) => {
                self.usage += usage;
                Some(value)
            }
            Err(error) => {
                tracing::info!(%error, "a language model gave no answer");
                self.attempts.push(Attempt {
                    engine: model.name().to_owned(),
                    sql: String::new(),
                    error: Some(error.to_string()),
                });
                None
            }
        }
    }

    pub(super) async fn in_english(&mut self, question: &str) -> Option<String> {
        let messages = prompt::for_english(question);
        let answer = self
            .ask_model(
                "the question in English",
                &messages,
                Some(&prompt::english_schema()),
                200,
            )
            .await?;
        answer
            .get("english")?
            .as_str()
            .map(str::to_owned)
            .filter(|english| !english.trim().is_empty())
    }

    /// Asks what the words mean that the translator does not know; whether all of them are known now.
    pub(super) async fn words_left_over(&mut self, question: &str) -> Result<bool, String> {
        const MOST_WORDS: usize = 4;
        let Some((table, reading)) = self.read(question) else {
            return Ok(false);
        };
        let unknown: Vec<String> = reading
            .residue
            .iter()
            .filter(|word| !word.contains(' ') && word.chars().any(char::is_alphabetic))
            .cloned()
            .collect();
        if unknown.is_empty() || unknown.len() != reading.residue.len() || unknown.len() > MOST_WORDS {
            return Ok(false);
        }
        let ranked: Vec<&Table> = std::iter::once(&table).collect();
        let beginning = prompt::beginning(&self.catalog, &ranked);
        let choices = prompt::choices(&table);
        let mut names: Vec<String> = choices.iter().map(|(name, ..)| name.clone()).collect();
        names.extend(["NOTHING".to_owned(), "MISSING".to_owned()]);
        // All in one question: every word by itself would have the model read the same once more.
        let messages = prompt::for_words(question, &unknown, &table, beginning);
        let schema = prompt::choices_schema(unknown.len(), &names);
        let tokens = 40 * unknown.len() as u32 + 20;
        let asked_for = format!("what {} means", quoted_list(&unknown));
        let Some(answer) = self.ask_model(&asked_for, &messages, Some(&schema), tokens).await else {
            return Ok(false);
        };
        for (at, word) in unknown.iter().enumerate() {
            let meant = answer
                .get((at + 1).to_string())
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default();
            if meant == "NOTHING" {
                self.hints.harmless.push(word.to_lowercase());
            } else if meant == "MISSING" {
                return Err(format!(
                    "nothing in the table {} says anything about {word:?}",
                    table.name
                ));
            } else if let Some((_, column, value)) = choices.iter().find(|(name, ..)| name == meant) {
                self.hints.meanings.push(Hint {
                    phrase: word.to_lowercase(),
                    table: table.name.clone(),
                    column: Some(column.clone()),
                    value: value.clone(),
                    formula: None,
                });
            } else {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A model writes the statement, and mends it when it is told why it does not do.
    pub(super) async fn written(
        &mut self,
        question: &str,
        examples: &[(String, String)],
        standing: Standing,
    ) -> Result<Reply, AskError> {
        const ATTEMPTS: usize = 3;
        let ranked = readings(question, &self.catalog, &self.hints);
        let tables: Vec<&Table> = ranked.iter().map(|(table, _)| *table).collect();
        let beginning = prompt::beginning(&self.catalog, &tables);
        let best = ranked.first().map(|(_, reading)| reading.clone());
        let names: Vec<String> = tables
            .first()
            .map(|table| table.name.clone())
            .into_iter()
            .collect();
        let ties = best.as_ref().map(prompt::ties).unwrap_or_default();
        let is_own = self.asker.model.as_ref().is_some_and(Model::is_own);
        let mut messages = prompt::for_sql(question, beginning, &ties, examples);
        let before = &self.request.conversation;
        if goes_on(question) && !before.is_empty() {
            let from = before.len().saturating_sub(MAX_CONVERSATION);
            prompt::goes_on_from(&mut messages, &before[from..]);
        }
        if let Standing::Doubt(statements) = &standing {
            prompt::differ(&mut messages, statements);
        }
        let schema = (!is_own).then(prompt::sql_schema);
        if is_own {
            prompt::plainly(&mut messages);
        }
        let engine = self
            .asker
            .model
            .as_ref()
            .map(|model| model.name().to_owned())
            .unwrap_or_default();
        for _ in 0..ATTEMPTS {
            let Some(answer) = self
                .ask_model("a statement", &messages, schema.as_ref(), 500)
                .await
            else {
                break;
            };
            let said = |name: &str| {
                answer
                    .get(name)
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            };
            let written = said("sql");
            let Some(sql) = model::statement(&written) else {
                let clarification = said("clarification");
                if clarification.is_empty() {
                    break;
                }
                return Ok(Reply::Clarification {
                    question: clarification,
                    usage: self.usage,
                });
            };
            let must_have = best.as_ref().filter(|_| standing == Standing::Binding);
            let reason = match lacks(&sql, must_have) {
                Some(reason) => reason,
                None => match self.run(&sql, &engine, None).await {
                    Ok(Reply::Answer(mut answer)) => {
                        answer.explanation = said("explanation");
                        answer.tables.clone_from(&names);
                        answer.assumptions.push(
                            "a language model wrote this statement; look at it before you rely on it"
                                .to_owned(),
                        );
                        return Ok(Reply::Answer(answer));
                    }
                    Ok(reply) => return Ok(reply),
                    Err(AskError::Sql(error)) if is_of_statement(&error) => error.to_string(),
                    Err(error) => return Err(error),
                },
            };
            self.tell(Step::Rejected {
                sql: sql.clone(),
                reason: reason.clone(),
            });
            self.attempts.push(Attempt {
                engine: engine.clone(),
                sql: sql.clone(),
                error: Some(reason.clone()),
            });
            let before = if is_own { written } else { answer.to_string() };
            messages.push(model::Message::assistant(before));
            messages.push(model::Message::user(format!(
                "That does not do: {}. Give a corrected answer in the same form.",
                reason.chars().take(600).collect::<String>()
            )));
        }
        Err(self.not_understood(question))
    }
}

/// A condition of the question that a statement does not have.
fn lacks(sql: &str, reading: Option<&Reading>) -> Option<String> {
    use crate::query::question::spec::Test;
    let lower = sql.to_lowercase();
    let missing = reading?.spec.filters.iter().find(|filter| match &filter.test {
        Test::In(values) | Test::Has(values) => {
            values.iter().any(|value| !lower.contains(&value.to_lowercase()))
        }
        Test::During(_) => !lower.contains(&filter.column.to_lowercase()),
        _ => false,
    })?;
    Some(format!(
        "the condition on {} that the question states is not in it",
        missing.column
    ))
}
