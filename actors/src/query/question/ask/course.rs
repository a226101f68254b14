//! One question on its way to an answer.

use super::*;

/// Who made the translator's statements.
pub(super) const BUILT_IN: &str = "built-in";

/// A question on its way.
pub(super) struct Course<'a> {
    pub(super) asker: &'a Inner,
    pub(super) request: &'a AskRequest,
    pub(super) steps: &'a mpsc::Sender<Step>,
    pub(super) catalog: Arc<Catalog>,
    pub(super) hints: Hints,
    pub(super) attempts: Vec<Attempt>,
    pub(super) usage: Usage,
    pub(super) begun: Instant,
}

impl Course<'_> {
    pub(super) fn tell(&self, step: Step) {
        // Nobody has to listen.
        let _ = self.steps.try_send(step);
    }

    pub(super) fn tell_reading(&self, reading: &Reading) {
        self.tell(Step::Reading {
            reading: chips(&reading.spec),
            unknown: reading.residue.clone(),
        });
    }

    pub(super) async fn answer(&mut self) -> Result<Reply, AskError> {
        let question = self.request.question.trim().to_owned();
        if wants_change(&question) {
            return Err(
                self.declined("Aurora only reads; it never changes data, tables or settings".to_owned())
            );
        }
        if self.catalog.tables.is_empty() {
            return Err(
                self.declined("there is no table with data yet that questions can be about".to_owned())
            );
        }
        if !self.request.corrections.is_empty() {
            return self.corrected(&question).await;
        }
        let confirmed = self.asker.memory.confirmed().await;
        // What others call right may be an example for a model; it is not run unseen in somebody else's name.
        let same = confirmed
            .iter()
            .filter(|confirmed| confirmed.by == self.request.user)
            .find(|confirmed| normal(&confirmed.question) == normal(&question));
        if let Some(confirmed) = same.filter(|_| self.request.conversation.is_empty()) {
            let sql = confirmed.sql.clone();
            match self.run(&sql, "confirmed", None).await {
                Ok(reply) => return Ok(reply),
                // A table may have changed since.
                Err(AskError::Sql(error)) if !is_of_statement(&error) => return Err(error.into()),
                Err(_) => {}
            }
        }
        let examples = nearest(&question, &confirmed);
        if self.asker.model.as_ref().is_some_and(Model::leads) {
            return self.led_by_model(&question, &examples).await;
        }
        if let Some(reply) = self.translated(&question).await? {
            return Ok(reply);
        }
        self.with_model(&question, &examples).await
    }

    /// The answer to a question of whose reading somebody has exchanged parts.
    async fn corrected(&mut self, question: &str) -> Result<Reply, AskError> {
        let gone = |course: &mut Self, part: &str| {
            course.declined(format!(
                "{part:?} is no part of how this is read now, or cannot be what was chosen"
            ))
        };
        let choices = &self.request.corrections[..self.request.corrections.len().min(MAX_CHOICES)];
        let Some((table, mut reading)) = self.read(question) else {
            return Err(gone(self, question));
        };
        for choice in choices {
            match corrected(&reading.spec, &table, choice) {
                Some(spec) => reading.spec = spec,
                None => return Err(gone(self, &choice.part)),
            }
        }
        reading.assumptions = vec!["This is read as you have corrected it.".to_owned()];
        self.tell_reading(&reading);
        self.run(&compile::sql(&reading.spec, &table), BUILT_IN, Some(&reading))
            .await
    }

    /// The best reading, and whether it goes on from the question before.
    pub(super) fn read(&self, question: &str) -> Option<(Table, Reading)> {
        let mut now = readings(question, &self.catalog, &self.hints).into_iter();
        let continues = goes_on(question);
        let before = self
            .request
            .conversation
            .iter()
            .rev()
            .take(MAX_CONVERSATION)
            .find(|before| !goes_on(before))
            .filter(|_| continues);
        let Some(before) = before else {
            // "And by country?" alone says not what of.
            let (table, mut reading) = now.next().map(|(table, reading)| (table.clone(), reading))?;
            if continues && question.split_whitespace().count() <= 6 {
                reading.residue.push("what this goes on from".to_owned());
            }
            return Some((table, reading));
        };
        let (table, mut reading) = readings(before, &self.catalog, &self.hints).into_iter().next()?;
        let since = self
            .request
            .conversation
            .iter()
            .skip_while(|asked| *asked != before)
            .skip(1);
        for step in since.map(String::as_str).chain([question]) {
            let same_table = readings(step, &self.catalog, &self.hints)
                .into_iter()
                .find(|(other, _)| other.name == table.name && other.database == table.database);
            reading = match same_table {
                Some((_, step)) => continued(&reading, &step),
                None => {
                    reading.residue.push(step.to_owned());
                    reading
                }
            };
        }
        Some((table.clone(), reading))
    }

    /// The translator's answer, when it has understood every word.
    pub(super) async fn translated(&mut self, question: &str) -> Result<Option<Reply>, AskError> {
        let Some((table, reading)) = self.read(question) else {
            return Ok(None);
        };
        self.tell_reading(&reading);
        if !reading.is_complete() {
            return Ok(None);
        }
        let sql = compile::sql(&reading.spec, &table);
        match self.run(&sql, BUILT_IN, Some(&reading)).await {
            Ok(reply) => Ok(Some(reply)),
            Err(AskError::Sql(error)) if is_of_statement(&error) => {
                tracing::debug!(%error, sql, "the translator's statement failed");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn run(
        &mut self,
        sql: &str,
        engine: &str,
        reading: Option<&Reading>,
    ) -> Result<Reply, AskError> {
        self.tell(Step::Running { sql: sql.to_owned() });
        let request = SqlRequest {
            sql: sql.to_owned(),
            limit: self.request.limit,
            ..SqlRequest::default()
        };
        let result = self.asker.sql.run_with(&request, Terms::default()).await?;
        self.attempts.push(Attempt {
            engine: engine.to_owned(),
            sql: sql.to_owned(),
            error: None,
        });
        let is_share = reading.is_some_and(|reading| {
            reading
                .spec
                .measures
                .iter()
                .any(|measure| measure.aggregate == Aggregate::ShareOfTotal)
        });
        Ok(Reply::Answer(Box::new(Answer {
            query_id: result.query_id,
            sql: sql.to_owned(),
            params: std::collections::BTreeMap::new(),
            chart: chart(&result.columns, result.rows.len(), is_share),
            columns: result.columns,
            rows: result.rows,
            truncated: result.truncated,
            statistics: result.statistics,
            reading: reading.map(|reading| self.parts(reading)).unwrap_or_default(),
            explanation: reading.map(|reading| sentence(&reading.spec)).unwrap_or_default(),
            assumptions: reading
                .map(|reading| reading.assumptions.clone())
                .unwrap_or_default(),
            engine: engine.to_owned(),
            attempts: std::mem::take(&mut self.attempts),
            usage: self.usage,
            tables: reading
                .map(|reading| vec![reading.spec.table.clone()])
                .unwrap_or_default(),
        })))
    }

    /// The parts of a reading, with what else each could be.
    fn parts(&self, Reading { spec, .. }: &Reading) -> Vec<Chip> {
        match self.catalog.table(&spec.database, &spec.table) {
            Some(table) => with_corrections(spec, table),
            None => chips(spec),
        }
    }

    pub(super) fn not_understood(&mut self, question: &str) -> AskError {
        let read = self.read(question);
        let why = match &read {
            Some((table, reading)) if !reading.residue.is_empty() => {
                format!(
                    "I looked at the table {} and {}",
                    table.name,
                    unclear(&reading.residue)
                )
            }
            Some((table, _)) => format!(
                "I could not turn this into a query of the table {} that runs",
                table.name
            ),
            None => "nothing in it is the name of a table, a column or a value that I know".to_owned(),
        };
        self.declined(why)
    }

    pub(super) fn declined(&mut self, why: String) -> AskError {
        let tables: Vec<&str> = self
            .catalog
            .tables
            .iter()
            .take(8)
            .map(|table| table.name.as_str())
            .collect();
        let hint = match (tables.is_empty(), self.asker.model.is_some()) {
            (true, _) => "Connect a topic first.".to_owned(),
            (false, true) => format!(
                "Name what you are after as the data does; there are the tables {}.",
                tables.join(", ")
            ),
            (false, false) => format!(
                "Name what you are after as the data does; there are the tables {}. A glossary entry teaches Aurora your words, and a language model understands more.",
                tables.join(", ")
            ),
        };
        AskError::Declined {
            why,
            hint,
            attempts: std::mem::take(&mut self.attempts),
            usage: self.usage,
        }
    }
}

/// What was not understood, as it is told to people: words, and what a question leaves open.
fn unclear(residue: &[String]) -> String {
    let (open, words): (Vec<String>, Vec<String>) = residue
        .iter()
        .cloned()
        .partition(|left| left.starts_with("what "));
    let words = (!words.is_empty()).then(|| format!("do not know what {} means there", quoted_list(&words)));
    let open = (!open.is_empty()).then(|| format!("cannot tell {}", open.join(" and ")));
    words.into_iter().chain(open).collect::<Vec<_>>().join(", and ")
}

/// Words as they are told to people.
pub(super) fn quoted_list(words: &[String]) -> String {
    words
        .iter()
        .map(|word| format!("{word:?}"))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// Whether another statement could do better.
pub(super) fn is_of_statement(error: &SqlError) -> bool {
    matches!(
        error,
        SqlError::Statement(_)
            | SqlError::Refused(_)
            | SqlError::Store(crate::store::StoreError::Exception { .. })
    )
}

/// Confirmed questions that share the most words with this one.
pub(super) fn nearest(
    question: &str,
    confirmed: &[crate::query::memory::verdict::Confirmed],
) -> Vec<(String, String)> {
    const MOST: usize = 3;
    let stems = |text: &str| {
        words(text)
            .into_iter()
            .map(|word| word.stem)
            .collect::<std::collections::BTreeSet<_>>()
    };
    let asked = stems(question);
    let mut ranked: Vec<(usize, &crate::query::memory::verdict::Confirmed)> = confirmed
        .iter()
        .map(|confirmed| (stems(&confirmed.question).intersection(&asked).count(), confirmed))
        .filter(|(shared, _)| *shared >= 2)
        .collect();
    ranked.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    ranked
        .into_iter()
        .take(MOST)
        .map(|(_, confirmed)| (confirmed.question.clone(), confirmed.sql.clone()))
        .collect()
}

/// A question without what does not matter for its meaning.
pub(super) fn normal(question: &str) -> String {
    words(question)
        .iter()
        .map(|word| word.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_told_in_words() {
        let left = |words: &[&str]| unclear(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            left(&["blue", "Oslo"]),
            "do not know what \"blue\" and \"Oslo\" means there"
        );
        assert_eq!(
            left(&["depot", "what \"which\" asks for"]),
            "do not know what \"depot\" means there, and cannot tell what \"which\" asks for"
        );
    }
}
