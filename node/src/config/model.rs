//! `[model]`

use std::time::Duration;

use anyhow::{Context, bail};
use aurora_actors::query::question::model::ModelOptions;
use serde::Deserialize;

use super::Secret;

/// Where OpenAI's own API is.
const OPENAI: &str = "https://api.openai.com/v1";
/// The model that is asked for when nothing is said. Local servers take any name.
const DEFAULT_MODEL: &str = "gpt-4.1-mini";

/// `[model]`: a language model for questions that the built-in translator does not understand. Each key has a variable
/// that stands in for it: `OPENAI_BASE_URL`, `OPENAI_API_KEY`, `AURORA_MODEL`, `AURORA_MODEL_LEADS`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSection {
    /// An endpoint that speaks as OpenAI's, up to and with `/v1`.
    pub base_url: Option<String>,
    /// Its key.
    pub api_key: Option<Secret>,
    /// The model's name.
    pub name: Option<String>,
    /// Whether it is asked first and the built-in translator checks it, or only about what that does not understand. Left
    /// out, it leads when it is reached by https: who serves one by http serves a small one, which errs more often.
    pub leads: Option<bool>,
    /// Columns whose values it is never shown, as `"table.column"`; their names and types it is.
    pub hidden_columns: Vec<String>,
    /// How long one answer of it may take, in seconds.
    pub timeout_seconds: u64,
    /// Tokens that each user may spend a day, of prompts and answers together.
    pub daily_tokens: u64,
    /// What a million tokens of prompts cost.
    pub prompt_price: f64,
    /// What a million tokens of answers cost.
    pub completion_price: f64,
}

impl Default for ModelSection {
    fn default() -> Self {
        Self {
            base_url: None,
            api_key: None,
            name: None,
            leads: None,
            hidden_columns: Vec::new(),
            timeout_seconds: 20,
            daily_tokens: 1_000_000,
            prompt_price: 0.0,
            completion_price: 0.0,
        }
    }
}

impl ModelSection {
    /// The model's options, or nothing when no model is named anywhere.
    pub async fn options(&self) -> anyhow::Result<Option<ModelOptions>> {
        self.options_in(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .await
    }

    async fn options_in(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Option<ModelOptions>> {
        let base_url = self.base_url.clone().or_else(|| variable("OPENAI_BASE_URL"));
        let api_key = match &self.api_key {
            Some(key) => Some(key.resolve_at_start().await.context("`api_key` under [model]")?),
            None => variable("OPENAI_API_KEY"),
        };
        if base_url.is_none() && api_key.is_none() {
            return Ok(None);
        }
        let base_url = base_url.unwrap_or_else(|| OPENAI.to_owned());
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            bail!("the model's base_url {base_url:?} is no http:// or https:// address");
        }
        if self.timeout_seconds == 0 {
            bail!("the model's timeout_seconds is 0; it needs at least 1");
        }
        let leads = match (self.leads, variable("AURORA_MODEL_LEADS").as_deref()) {
            (Some(leads), _) => leads,
            (None, Some("true")) => true,
            (None, Some("false")) => false,
            (None, Some(other)) => bail!("AURORA_MODEL_LEADS is {other:?}; it takes true or false"),
            (None, None) => base_url.starts_with("https://"),
        };
        Ok(Some(ModelOptions {
            base_url,
            leads,
            api_key: api_key.unwrap_or_default(),
            name: self
                .name
                .clone()
                .or_else(|| variable("AURORA_MODEL"))
                .unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
            hidden: self.hidden_columns.clone(),
            timeout: Duration::from_secs(self.timeout_seconds),
            daily_tokens: self.daily_tokens,
            prompt_price: self.prompt_price,
            completion_price: self.completion_price,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_word_about_it_there_is_no_model() {
        let none = |_: &str| None;
        assert!(ModelSection::default().options_in(none).await.unwrap().is_none());
        let key = |name: &str| (name == "OPENAI_API_KEY").then(|| "k".to_owned());
        let options = ModelSection::default().options_in(key).await.unwrap().unwrap();
        assert_eq!(
            (options.base_url.as_str(), options.name.as_str()),
            (OPENAI, DEFAULT_MODEL)
        );
        assert!(!format!("{options:?}").contains("\"k\""));
        assert!(options.leads, "a model at OpenAI is a large one");
        let local = |name: &str| (name == "OPENAI_BASE_URL").then(|| "http://127.0.0.1:11434/v1".to_owned());
        let options = ModelSection::default().options_in(local).await.unwrap().unwrap();
        assert!(!options.leads);
        let leading = |name: &str| match name {
            "AURORA_MODEL_LEADS" => Some("true".to_owned()),
            _ => local(name),
        };
        let options = ModelSection::default()
            .options_in(leading)
            .await
            .unwrap()
            .unwrap();
        assert!(options.leads);
        let odd = ModelSection {
            base_url: Some("ftp://x".to_owned()),
            ..ModelSection::default()
        };
        assert!(odd.options_in(none).await.is_err());
    }
}
