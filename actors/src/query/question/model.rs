//! A language model behind an OpenAI-compatible endpoint: OpenAI itself, Azure, vLLM, Ollama, llama.cpp.
//!
//! Answers are asked for in a JSON schema; an endpoint that refuses schemas is asked without one from then on, and
//! whatever comes is read leniently. What each user has spent today is counted, and bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Users whose spending is remembered at once.
const MOST_USERS: usize = 10_000;

/// Where a model is and what it may cost.
#[derive(Clone)]
pub struct ModelOptions {
    /// The endpoint, up to and with `/v1`.
    pub base_url: String,
    /// The key; local servers take any.
    pub api_key: String,
    /// The model's name.
    pub name: String,
    /// Whether it is asked first, and the translator checks it; otherwise it is asked what the translator does not understand.
    pub leads: bool,
    /// Columns whose values are never shown to it, as `table.column`.
    pub hidden: Vec<String>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Tokens that a user may spend a day, of prompts and answers together.
    pub daily_tokens: u64,
    /// What a million tokens of prompts cost, in any currency.
    pub prompt_price: f64,
    /// What a million tokens of answers cost.
    pub completion_price: f64,
}

impl std::fmt::Debug for ModelOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelOptions")
            .field("base_url", &self.base_url)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What answers have cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct Usage {
    /// Tokens of what was sent.
    pub prompt_tokens: u64,
    /// Tokens of what came back.
    pub completion_tokens: u64,
    /// What that costs.
    pub cost: f64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.cost += other.cost;
    }
}

/// Why a model gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ModelError {
    /// Nobody answers there.
    #[error("the language model cannot be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("the language model did not answer within {0:?}")]
    TimedOut(Duration),
    /// It answered with an error.
    #[error("the language model refused: {0}")]
    Refused(String),
    /// What came is no answer.
    #[error("the language model's answer makes no sense: {0}")]
    Answer(String),
    /// The user has no more tokens today.
    #[error("your {0} tokens of today are spent")]
    Spent(u64),
}

/// One message of a conversation with a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    role: &'static str,
    content: String,
}

impl Message {
    /// Says more at the end of it.
    pub fn add(&mut self, text: &str) {
        self.content.push_str(text);
    }

    /// What the model is told to be and do.
    pub fn system(content: impl Into<String>) -> Self {
        Self {
            role: "system",
            content: content.into(),
        }
    }

    /// What is asked.
    pub fn user(content: impl Into<String>) -> Self {
        Self {
            role: "user",
            content: content.into(),
        }
    }

    /// What the model said.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self {
            role: "assistant",
            content: content.into(),
        }
    }
}

/// A model that can be asked.
pub struct Model {
    client: Client<OpenAIConfig>,
    /// The same without a limit of time.
    patient: Client<OpenAIConfig>,
    options: ModelOptions,
    takes_schemas: AtomicBool,
    spent: Mutex<Spent>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Model").field(&self.options).finish()
    }
}

/// Tokens spent on one day, by user.
#[derive(Debug, Default)]
struct Spent {
    day: i64,
    tokens: HashMap<String, u64>,
}

impl Model {
    /// The model of these options.
    pub fn new(options: ModelOptions) -> Result<Self, ModelError> {
        let http = |builder: reqwest::ClientBuilder| {
            let built = builder.redirect(reqwest::redirect::Policy::none()).build();
            built.map_err(|error| ModelError::Unreachable(error.to_string()))
        };
        let config = OpenAIConfig::new()
            .with_api_base(options.base_url.trim_end_matches('/'))
            .with_api_key(options.api_key.as_str());
        Ok(Self {
            client: Client::build(
                http(reqwest::Client::builder().timeout(options.timeout))?,
                config.clone(),
            ),
            patient: Client::build(http(reqwest::Client::builder())?, config),
            options,
            takes_schemas: AtomicBool::new(true),
            spent: Mutex::default(),
        })
    }

    /// Columns whose values it is never shown, as `table.column`.
    pub fn hidden(&self) -> &[String] {
        &self.options.hidden
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// Whether it is asked before the translator answers.
    pub fn leads(&self) -> bool {
        self.options.leads
    }

    /// Whether its server is one's own: reading a long beginning costs it time, but nobody money.
    pub fn is_own(&self) -> bool {
        self.options.base_url.starts_with("http://")
    }

    /// Has the server read how conversations begin, so that it remembers it.
    pub async fn warm(&self, beginning: &Message) {
        const PATIENCE: Duration = Duration::from_secs(300);
        let request = json!({
            "model": self.options.name,
            "messages": [beginning, Message::user("Say ok.")],
            "temperature": 0,
            "max_tokens": 1,
            "stream": false,
        });
        let answering = self.patient.chat();
        let answer = answering.create_byot::<Value, Value>(request);
        if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, answer).await {
            tracing::debug!(error = %self.error(&error), "a language model did not read ahead");
        }
    }

    /// Asks for an answer in that JSON schema, and returns the object that came.
    pub async fn ask(
        &self,
        user: &str,
        messages: &[Message],
        schema: &Value,
        most_tokens: u32,
    ) -> Result<(Value, Usage), ModelError> {
        self.check(user)?;
        let answer = self.ask_in(messages, schema, most_tokens).await?;
        let usage = self.count(user, &answer);
        let text = text(&answer)?;
        let object = object(&text).ok_or_else(|| ModelError::Answer(start(&text)))?;
        Ok((object, usage))
    }

    /// Asks for an answer in plain text.
    ///
    /// A small server takes several times as long for each word when it holds it against a schema.
    pub async fn ask_plainly(
        &self,
        user: &str,
        messages: &[Message],
        most_tokens: u32,
    ) -> Result<(String, Usage), ModelError> {
        self.check(user)?;
        let answer = self.send(messages, None, most_tokens).await?;
        let usage = self.count(user, &answer);
        Ok((text(&answer)?, usage))
    }

    /// Sends the schema as long as the server takes any.
    async fn ask_in(
        &self,
        messages: &[Message],
        schema: &Value,
        most_tokens: u32,
    ) -> Result<Value, ModelError> {
        let with_schema = self.takes_schemas.load(Ordering::Relaxed);
        match self
            .send(messages, with_schema.then_some(schema), most_tokens)
            .await
        {
            Err(ModelError::Refused(reason)) if with_schema && speaks_of_format(&reason) => {
                tracing::info!(reason, "the language model takes no schemas");
                self.takes_schemas.store(false, Ordering::Relaxed);
                self.send(messages, None, most_tokens).await
            }
            answer => answer,
        }
    }

    async fn send(
        &self,
        messages: &[Message],
        schema: Option<&Value>,
        most_tokens: u32,
    ) -> Result<Value, ModelError> {
        let mut request = json!({
            "model": self.options.name,
            "messages": messages,
            "temperature": 0,
            "max_tokens": most_tokens,
            "stream": false,
        });
        if let Some(schema) = schema {
            // `schema` beside `json_schema`: what llama.cpp's servers read.
            request["response_format"] = json!({
                "type": "json_schema",
                "json_schema": { "name": "answer", "strict": true, "schema": schema },
                "schema": schema,
            });
        }
        let answering = self.client.chat();
        let answer = answering.create_byot::<Value, Value>(request);
        match tokio::time::timeout(self.options.timeout, answer).await {
            Ok(answer) => answer.map_err(|error| self.error(&error)),
            Err(_) => Err(ModelError::TimedOut(self.options.timeout)),
        }
    }

    fn error(&self, error: &OpenAIError) -> ModelError {
        match error {
            OpenAIError::Reqwest(error) if error.is_timeout() => ModelError::TimedOut(self.options.timeout),
            // The URL may carry a key of somebody's own making.
            OpenAIError::Reqwest(error) if error.is_connect() => {
                ModelError::Unreachable("no connection".to_owned())
            }
            OpenAIError::Reqwest(error) => ModelError::Unreachable(
                if error.is_decode() {
                    "a broken answer"
                } else {
                    "the connection broke"
                }
                .to_owned(),
            ),
            OpenAIError::ApiError(error) => ModelError::Refused(start(&error.to_string())),
            OpenAIError::JSONDeserialize(_, content) => ModelError::Answer(start(content)),
            error => ModelError::Answer(start(&error.to_string())),
        }
    }

    fn check(&self, user: &str) -> Result<(), ModelError> {
        let mut spent = self.spent.lock();
        spent.turn();
        let tokens = spent.tokens.get(user).copied().unwrap_or_default();
        if tokens >= self.options.daily_tokens {
            return Err(ModelError::Spent(self.options.daily_tokens));
        }
        Ok(())
    }

    fn count(&self, user: &str, answer: &Value) -> Usage {
        let tokens = |name: &str| answer.pointer(name).and_then(Value::as_u64).unwrap_or_default();
        let (prompt_tokens, completion_tokens) =
            (tokens("/usage/prompt_tokens"), tokens("/usage/completion_tokens"));
        let mut spent = self.spent.lock();
        spent.turn();
        if spent.tokens.len() < MOST_USERS || spent.tokens.contains_key(user) {
            *spent.tokens.entry(user.to_owned()).or_default() += prompt_tokens + completion_tokens;
        }
        let price = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        Usage {
            prompt_tokens,
            completion_tokens,
            cost: price(prompt_tokens, self.options.prompt_price)
                + price(completion_tokens, self.options.completion_price),
        }
    }
}

impl Spent {
    fn turn(&mut self) {
        let today = jiff::Timestamp::now().as_second() / 86_400;
        if self.day != today {
            self.day = today;
            self.tokens.clear();
        }
    }
}

fn speaks_of_format(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    ["response_format", "json_schema", "schema", "unsupported", "extra"]
        .iter()
        .any(|word| reason.contains(word))
}

fn start(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// What a model said.
fn text(answer: &Value) -> Result<String, ModelError> {
    answer
        .pointer("/choices/0/message/content")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| ModelError::Answer("it has no text".to_owned()))
}

/// What a model wrote that was asked for a statement in plain text: `sql`, or `clarification` behind `missing`.
pub(super) fn written(text: &str, missing: &str) -> Value {
    let said = text.trim();
    if let Some(object) = object(said).filter(|object| object.get("sql").is_some()) {
        return object;
    }
    match said.strip_prefix(missing) {
        Some(what) => json!({ "sql": "", "clarification": what.trim_start_matches([':', ' ']) }),
        None => json!({ "sql": said }),
    }
}

/// The object in a text that should be nothing else, but may stand in a fence or between words.
fn object(text: &str) -> Option<Value> {
    let from = text.find('{')?;
    let parsed = serde_json::Deserializer::from_str(&text[from..])
        .into_iter::<Value>()
        .next()?
        .ok();
    if let Some(value) = parsed.filter(Value::is_object) {
        return Some(value);
    }
    // Models break lines inside of strings.
    let to = text.rfind('}')?;
    let mended = text.get(from..=to)?.replace('\n', " ");
    serde_json::from_str(&mended).ok().filter(Value::is_object)
}

/// The statement that a model wrote, out of the fence that it may stand in. It is not looked for any further: a SELECT cut out of
/// something else is not what was written.
pub(super) fn statement(text: &str) -> Option<String> {
    let fenced = text.split("```").nth(1).map(|block| {
        let block = block.trim_start();
        ["sql", "SQL"]
            .iter()
            .find_map(|name| block.strip_prefix(name))
            .unwrap_or(block)
    });
    let statement = fenced.unwrap_or(text).trim().trim_end_matches(';').trim_end();
    (!statement.is_empty()).then(|| statement.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_in_whatever_surrounds_them() {
        for text in [
            "{\"a\":1}",
            "Sure!\n```json\n{\"a\": 1}\n```",
            "{\"a\": 1} and more }",
            "x {\"a\":1",
        ] {
            let found = object(text);
            assert_eq!(found.is_some(), !text.ends_with("1"), "{text}");
        }
        assert_eq!(object("{\"a\": \"b\nc\"}").unwrap()["a"], "b c");
        assert!(object("<html></html>").is_none());
    }

    #[test]
    fn what_is_written_plainly_is_a_statement_or_what_is_missing() {
        assert_eq!(written(" SELECT 1\n", "MISSING")["sql"], "SELECT 1");
        assert_eq!(written("{\"sql\": \"SELECT 2\"}", "MISSING")["sql"], "SELECT 2");
        let missing = written("MISSING: no prices", "MISSING");
        assert_eq!(
            (&missing["sql"], &missing["clarification"]),
            (&json!(""), &json!("no prices"))
        );
    }

    #[test]
    fn statements_are_taken_as_they_are_written() {
        assert_eq!(statement("Here: ```sql\nSELECT 1;\n```").unwrap(), "SELECT 1");
        assert_eq!(statement(" SELECT 1; ").unwrap(), "SELECT 1");
        let insert = "INSERT INTO t SELECT 1";
        assert_eq!(statement(insert).unwrap(), insert);
        assert!(statement(" ;\n").is_none());
    }
}
