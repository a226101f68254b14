//! `[grafana]`

use anyhow::{Context, ensure};
use reqwest::Url;
use serde::Deserialize;

/// `[grafana]`: a Grafana for those who would rather look there. `AURORA_GRAFANA_URL` stands in for its `url`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrafanaSection {
    /// Where browsers and this node reach it.
    pub url: Option<String>,
}

impl GrafanaSection {
    /// Its address, if there is one.
    pub fn url(&self) -> anyhow::Result<Option<Url>> {
        self.url_in(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn url_in(&self, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Url>> {
        let Some(text) = self.url.clone().or_else(|| variable("AURORA_GRAFANA_URL")) else {
            return Ok(None);
        };
        let url = Url::parse(&text).with_context(|| format!("[grafana] url: {text:?} is no URL"))?;
        ensure!(
            matches!(url.scheme(), "http" | "https") && url.has_host(),
            "[grafana] url: {text:?} has to begin with http:// or https://"
        );
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "[grafana] url: pages show it, so it must not contain a login"
        );
        Ok(Some(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_a_page_may_show() {
        let url = |text: Option<&str>, variable: Option<&str>| {
            let section = GrafanaSection {
                url: text.map(str::to_owned),
            };
            section
                .url_in(|_| variable.map(str::to_owned))
                .map(|url| url.map(String::from))
                .map_err(|_| ())
        };
        assert_eq!(url(None, None), Ok(None));
        assert_eq!(
            url(Some("https://grafana.example/sub"), Some("http://other")),
            Ok(Some("https://grafana.example/sub".to_owned()))
        );
        assert_eq!(
            url(None, Some("http://g:3000")),
            Ok(Some("http://g:3000/".to_owned()))
        );
        for wrong in [
            "grafana",
            "javascript:alert(1)",
            "https://ann:secret@grafana",
            "file:///etc/passwd",
        ] {
            assert_eq!(url(Some(wrong), None), Err(()), "{wrong}");
        }
    }
}
