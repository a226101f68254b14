//! Figures for CloudWatch.

use super::Aws;
use super::error::AwsError;
use super::service::CLOUD_WATCH;

/// Where Aurora's figures are. Policies can allow this and nothing else.
pub const NAMESPACE: &str = "Aurora";
/// Figures that AWS takes at once.
const AT_ONCE: usize = 1_000;

/// One figure, of now.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// In what.
    pub unit: Unit,
    /// Whose, by name and value.
    pub dimensions: Vec<(&'static str, String)>,
}

/// What figures are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Seconds.
    Seconds,
    /// Hundredths.
    Percent,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Percent => "Percent",
        }
    }
}

impl Aws {
    /// Publishes figures.
    pub async fn publish(&self, figures: &[Figure]) -> Result<(), AwsError> {
        for some in figures.chunks(AT_ONCE) {
            let form = form(some);
            let form: Vec<(&str, &str)> = form
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            self.order(&CLOUD_WATCH, "PutMetricData", &form).await?;
        }
        Ok(())
    }
}

fn form(figures: &[Figure]) -> Vec<(String, String)> {
    let mut form = vec![("Namespace".to_owned(), NAMESPACE.to_owned())];
    for (number, figure) in (1..).zip(figures) {
        let datum = format!("MetricData.member.{number}");
        form.push((format!("{datum}.MetricName"), figure.name.to_owned()));
        form.push((format!("{datum}.Value"), figure.value.to_string()));
        form.push((format!("{datum}.Unit"), figure.unit.name().to_owned()));
        for (number, (name, value)) in (1..).zip(&figure.dimensions) {
            let dimension = format!("{datum}.Dimensions.member.{number}");
            form.push((format!("{dimension}.Name"), (*name).to_owned()));
            form.push((format!("{dimension}.Value"), value.clone()));
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_figures_with_their_dimensions() {
        let figure = Figure {
            name: "DiskUsedPercent",
            value: 12.5,
            unit: Unit::Percent,
            dimensions: vec![("Deployment", "prod".to_owned()), ("Role", "peers".to_owned())],
        };
        let form = form(&[figure]);
        let expected = [
            ("Namespace", "Aurora"),
            ("MetricData.member.1.MetricName", "DiskUsedPercent"),
            ("MetricData.member.1.Value", "12.5"),
            ("MetricData.member.1.Unit", "Percent"),
            ("MetricData.member.1.Dimensions.member.1.Name", "Deployment"),
            ("MetricData.member.1.Dimensions.member.1.Value", "prod"),
            ("MetricData.member.1.Dimensions.member.2.Name", "Role"),
            ("MetricData.member.1.Dimensions.member.2.Value", "peers"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(form, expected);
    }
}
