//! Panels: what they ask and how they show it.

use serde::Serialize;

use super::DataSourceRef;

/// A panel, or the heading of a row of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Panel {
    /// A heading.
    Row(Row),
    /// Something that is asked and shown.
    Shown(Box<Shown>),
}

/// A heading. The panels that follow it are below it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Unique in its dashboard.
    pub id: u32,
    /// `row`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it says.
    pub title: String,
    /// Where it is.
    pub grid_pos: GridPos,
    /// Whether what is below it is hidden.
    pub collapsed: bool,
    /// What is hidden with it; nothing while it is open.
    pub panels: [u8; 0],
}

/// Something that is asked and shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// Unique in its dashboard.
    pub id: u32,
    /// Which of Grafana's visualizations it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it says.
    pub title: String,
    /// What it means.
    pub description: String,
    /// Where its queries go.
    pub datasource: DataSourceRef,
    /// Where it is.
    pub grid_pos: GridPos,
    /// What it asks.
    pub targets: Vec<Target>,
    /// The shortest step of what it asks for.
    pub interval: &'static str,
    /// How many points it asks for at most.
    pub max_data_points: u32,
    /// How it shows it.
    pub options: Options,
    /// How fields are shown.
    pub field_config: FieldConfig,
}

/// A place in a grid of 24 columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct GridPos {
    /// Columns from the left.
    pub x: u32,
    /// Rows from the top.
    pub y: u32,
    /// Columns.
    pub w: u32,
    /// Rows.
    pub h: u32,
}

/// A statement for the ClickHouse plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Unique in its panel.
    pub ref_id: &'static str,
    /// Where it goes.
    pub datasource: DataSourceRef,
    /// `sql`: not the plugin's query builder.
    pub editor_type: &'static str,
    /// `timeseries` or `table`.
    pub query_type: &'static str,
    /// The same as a number, which is what the plugin's back end looks at: 0 or 1.
    pub format: u8,
    /// The statement.
    pub raw_sql: String,
}

impl Target {
    /// A statement whose first column is `time`, then perhaps a text that tells series apart, then numbers.
    pub fn time_series(datasource: &DataSourceRef, sql: String) -> Self {
        Self::new(datasource, "timeseries", 0, sql)
    }

    /// A statement whose rows are shown as they are.
    pub fn table(datasource: &DataSourceRef, sql: String) -> Self {
        Self::new(datasource, "table", 1, sql)
    }

    fn new(datasource: &DataSourceRef, query_type: &'static str, format: u8, raw_sql: String) -> Self {
        Self {
            ref_id: "A",
            datasource: datasource.clone(),
            editor_type: "sql",
            query_type,
            format,
            raw_sql,
        }
    }
}

/// How a panel shows what it has.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Options {
    /// Of `stat`.
    Stat(StatOptions),
    /// Of `timeseries`.
    TimeSeries(TimeSeriesOptions),
    /// Of `bargauge`.
    BarGauge(BarGaugeOptions),
    /// Of `table`.
    Table(TableOptions),
}

impl Options {
    /// The visualization that these are options of.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stat(_) => "stat",
            Self::TimeSeries(_) => "timeseries",
            Self::BarGauge(_) => "bargauge",
            Self::Table(_) => "table",
        }
    }
}

/// Which of many values are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReduceOptions {
    /// What becomes of those of a field.
    pub calcs: Vec<&'static str>,
    /// Which fields; empty for all numbers.
    pub fields: &'static str,
    /// Whether each row is shown by itself.
    pub values: bool,
}

/// A number.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatOptions {
    reduce_options: ReduceOptions,
    color_mode: &'static str,
    graph_mode: &'static str,
    justify_mode: &'static str,
    orientation: &'static str,
    percent_change_color_mode: &'static str,
    show_percent_change: bool,
    text_mode: &'static str,
    wide_layout: bool,
}

impl Default for StatOptions {
    fn default() -> Self {
        Self {
            reduce_options: ReduceOptions {
                calcs: vec!["lastNotNull"],
                fields: "",
                values: false,
            },
            color_mode: "value",
            graph_mode: "none",
            justify_mode: "auto",
            orientation: "auto",
            percent_change_color_mode: "standard",
            show_percent_change: false,
            text_mode: "auto",
            wide_layout: true,
        }
    }
}

/// Lines or bars over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeSeriesOptions {
    legend: Legend,
    tooltip: Tooltip,
}

impl Default for TimeSeriesOptions {
    fn default() -> Self {
        Self {
            legend: Legend {
                display_mode: "list",
                placement: "bottom",
                show_legend: true,
                calcs: Vec::new(),
            },
            tooltip: Tooltip {
                mode: "multi",
                sort: "desc",
            },
        }
    }
}

/// The names of the series.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Legend {
    display_mode: &'static str,
    placement: &'static str,
    show_legend: bool,
    calcs: Vec<&'static str>,
}

/// What is shown when the mouse is over it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tooltip {
    mode: &'static str,
    sort: &'static str,
}

/// Bars that lie one below another, one for each row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BarGaugeOptions {
    reduce_options: ReduceOptions,
    display_mode: &'static str,
    orientation: &'static str,
    name_placement: &'static str,
    show_unfilled: bool,
    sizing: &'static str,
    value_mode: &'static str,
    min_viz_width: u32,
    min_viz_height: u32,
    max_viz_height: u32,
    legend: Legend,
}

impl Default for BarGaugeOptions {
    fn default() -> Self {
        Self {
            reduce_options: ReduceOptions {
                calcs: vec!["lastNotNull"],
                fields: "",
                values: true,
            },
            display_mode: "basic",
            orientation: "horizontal",
            name_placement: "left",
            show_unfilled: false,
            sizing: "auto",
            value_mode: "text",
            min_viz_width: 8,
            min_viz_height: 16,
            max_viz_height: 300,
            legend: Legend {
                display_mode: "list",
                placement: "bottom",
                show_legend: false,
                calcs: Vec::new(),
            },
        }
    }
}

/// Rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableOptions {
    frame_index: u32,
    show_header: bool,
    cell_height: &'static str,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            frame_index: 0,
            show_header: true,
            cell_height: "sm",
        }
    }
}

/// How fields are shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldConfig {
    /// All of them.
    pub defaults: FieldDefaults,
    /// Some of them: none is singled out.
    pub overrides: [u8; 0],
}

/// How all fields are shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldDefaults {
    /// One of Grafana's units.
    pub unit: &'static str,
    /// The least that an axis shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// From where on values have another colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// Where colours come from.
    pub color: Color,
    /// What only this visualization knows.
    pub custom: Custom,
}

/// Where colours come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Color {
    /// One of Grafana's modes.
    pub mode: &'static str,
}

/// From where on values have another colour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Thresholds {
    /// `absolute`.
    pub mode: &'static str,
    /// From the lowest, whose value is `null`, up.
    pub steps: Vec<Step>,
}

/// From this value on, this colour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The value.
    pub value: Option<f64>,
    /// The colour.
    pub color: &'static str,
}

impl Thresholds {
    /// Green up to `bad`, red from there on.
    pub fn bad_from(bad: f64) -> Self {
        Self::two("green", bad, "red")
    }

    /// Red up to `good`, green from there on.
    pub fn good_from(good: f64) -> Self {
        Self::two("red", good, "green")
    }

    fn two(low: &'static str, from: f64, high: &'static str) -> Self {
        let step = |value, color| Step { value, color };
        Self {
            mode: "absolute",
            steps: vec![step(None, low), step(Some(from), high)],
        }
    }
}

/// What only some visualizations know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Custom {
    /// How series are drawn.
    Drawn(Drawn),
    /// Nothing.
    None {},
}

/// How series are drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drawn {
    draw_style: &'static str,
    line_width: u32,
    fill_opacity: u32,
    show_points: &'static str,
    span_nulls: bool,
    stacking: Stacking,
}

/// Whether series stand on one another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stacking {
    mode: &'static str,
    group: &'static str,
}

impl Drawn {
    fn new(draw_style: &'static str, fill_opacity: u32, mode: &'static str) -> Self {
        Self {
            draw_style,
            line_width: 1,
            fill_opacity,
            show_points: "never",
            span_nulls: false,
            stacking: Stacking { mode, group: "A" },
        }
    }

    /// Lines, each by itself.
    pub fn lines() -> Self {
        Self::new("line", 8, "none")
    }

    /// Filled lines on top of one another.
    pub fn stacked() -> Self {
        Self::new("line", 40, "normal")
    }

    /// Bars on top of one another.
    pub fn bars() -> Self {
        Self::new("bars", 60, "normal")
    }
}
