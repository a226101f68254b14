//! The dashboards, as pure functions of what there is.
//!
//! [`operations`] is one for a deployment; [`stream`] is one for each stream, made from the columns of its table. Statements
//! name columns and values only through `super::sql`, and use few of the plugin's macros, with a bare column inside: the
//! plugin ends a macro's argument at the first bracket it sees.
//!
//! Groups and orders are told by position. A table of events may have a column called `time` or `value`, and then it would
//! depend on a setting whether the name means that column or ours.

pub mod operations;
pub mod stream;

use aurora_actors::store::sql::TableName;
use aurora_cluster::StreamId;

use super::model::panel::{
    Color, Custom, Drawn, FieldConfig, FieldDefaults, GridPos, Options, Panel, Row, Shown, Target, Thresholds,
};
use super::model::{Dashboard, DataSourceRef, Link, SCHEMA_VERSION, Templating, TimeRange};
use super::names::Names;
use super::sql::title;

/// Columns of Grafana's grid.
const GRID_COLUMNS: u32 = 24;

/// A stream and the columns of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTable {
    /// The stream.
    pub id: StreamId,
    /// Its table.
    pub table: TableName,
    /// The table's columns, in their order.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as ClickHouse writes it.
    pub column_type: String,
}

/// Makes a dashboard of panels that are put side by side until a line is full.
struct Layout<'a> {
    datasource: &'a DataSourceRef,
    panels: Vec<Panel>,
    x: u32,
    y: u32,
    /// How high the line is.
    height: u32,
}

/// A panel before it has a place.
struct Draft {
    title: String,
    description: String,
    target: Target,
    options: Options,
    unit: &'static str,
    min: Option<f64>,
    max: Option<f64>,
    thresholds: Option<Thresholds>,
    custom: Custom,
    interval: &'static str,
}

impl Draft {
    fn new(title: &str, description: &str, target: Target, options: Options) -> Self {
        Self {
            title: title.to_owned(),
            description: description.to_owned(),
            target,
            options,
            unit: "short",
            min: None,
            max: None,
            thresholds: None,
            custom: Custom::None {},
            interval: "1s",
        }
    }

    fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    fn between(self, min: f64, max: f64) -> Self {
        Self {
            min: Some(min),
            max: Some(max),
            ..self
        }
    }

    fn thresholds(self, thresholds: Thresholds) -> Self {
        Self {
            thresholds: Some(thresholds),
            ..self
        }
    }

    /// How it is drawn over time. Counts and rates begin at nothing.
    fn drawn(self, drawn: Drawn) -> Self {
        Self {
            custom: Custom::Drawn(drawn),
            min: self.min.or(Some(0.0)),
            ..self
        }
    }

    /// The shortest step.
    fn interval(self, interval: &'static str) -> Self {
        Self { interval, ..self }
    }
}

impl<'a> Layout<'a> {
    fn new(datasource: &'a DataSourceRef) -> Self {
        Self {
            datasource,
            panels: Vec::new(),
            x: 0,
            y: 0,
            height: 0,
        }
    }

    /// Begins a line with a heading.
    fn row(&mut self, text: &str) {
        self.end_line();
        let row = Row {
            id: self.next_id(),
            kind: "row",
            title: title(text),
            grid_pos: GridPos {
                x: 0,
                y: self.y,
                w: GRID_COLUMNS,
                h: 1,
            },
            collapsed: false,
            panels: [],
        };
        self.panels.push(Panel::Row(row));
        self.y += 1;
    }

    /// Puts a panel beside the last one, or below if it has no room there.
    fn put(&mut self, w: u32, h: u32, draft: Draft) {
        if self.x + w > GRID_COLUMNS {
            self.end_line();
        }
        let color = match draft.thresholds {
            Some(_) => "thresholds",
            None => "palette-classic",
        };
        let shown = Shown {
            id: self.next_id(),
            kind: draft.options.kind(),
            title: title(&draft.title),
            description: draft.description,
            datasource: self.datasource.clone(),
            grid_pos: GridPos {
                x: self.x,
                y: self.y,
                w,
                h,
            },
            targets: vec![draft.target],
            interval: draft.interval,
            max_data_points: 240,
            options: draft.options,
            field_config: FieldConfig {
                defaults: FieldDefaults {
                    unit: draft.unit,
                    min: draft.min,
                    max: draft.max,
                    thresholds: draft.thresholds,
                    color: Color { mode: color },
                    custom: draft.custom,
                },
                overrides: [],
            },
        };
        self.panels.push(Panel::Shown(Box::new(shown)));
        self.x += w;
        self.height = self.height.max(h);
    }

    fn end_line(&mut self) {
        self.y += self.height;
        (self.x, self.height) = (0, 0);
    }

    fn next_id(&self) -> u32 {
        u32::try_from(self.panels.len()).unwrap_or(u32::MAX - 1) + 1
    }

    fn into_dashboard(
        self,
        names: &Names,
        uid: String,
        name: &str,
        description: String,
        templating: Templating,
    ) -> Dashboard {
        Dashboard {
            uid,
            title: title(name),
            description,
            tags: vec![names.tag()],
            schema_version: SCHEMA_VERSION,
            editable: false,
            graph_tooltip: 1,
            timezone: "browser",
            time: TimeRange {
                from: "now-1h",
                to: "now",
            },
            refresh: "30s",
            templating,
            links: vec![Link::to_tag("Aurora’s dashboards", &names.tag())],
            panels: self.panels,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What has to hold of every dashboard.
    pub(in crate::grafana) fn check(dashboard: &Dashboard) {
        let mut ids = std::collections::BTreeSet::new();
        let mut taken: Vec<GridPos> = Vec::new();
        for panel in &dashboard.panels {
            let (id, place) = match panel {
                Panel::Row(row) => (row.id, row.grid_pos),
                Panel::Shown(shown) => {
                    assert!(!shown.title.is_empty() && !shown.description.is_empty());
                    check_statement(&shown.targets[0].raw_sql);
                    (shown.id, shown.grid_pos)
                }
            };
            assert!(id > 0 && ids.insert(id), "{id} is there twice");
            assert!(
                place.w > 0 && place.h > 0 && place.x + place.w <= GRID_COLUMNS,
                "{place:?}"
            );
            let overlaps = |other: &&GridPos| {
                place.x < other.x + other.w
                    && other.x < place.x + place.w
                    && place.y < other.y + other.h
                    && other.y < place.y + place.h
            };
            assert_eq!(taken.iter().find(overlaps), None, "{place:?}");
            taken.push(place);
        }
        assert!(dashboard.uid.len() <= 40);
    }

    /// Dollar signs are there for macros and variables only, and macros have a bare column inside.
    fn check_statement(sql: &str) {
        const BARE: [&str; 4] = ["$__interval_s", "$__fromTime", "$__toTime", "$__conditionalAll("];
        const WITH_COLUMN: [&str; 4] = [
            "$__timeInterval(",
            "$__timeFilter(",
            "$__timeFilter_ms(",
            "$__dateFilter(",
        ];
        const VARIABLES: [&str; 2] = ["${stream:singlequote}", "$stream)"];
        for (at, _) in sql.match_indices('$') {
            let rest = &sql[at..];
            if let Some(macro_name) = WITH_COLUMN.iter().find(|name| rest.starts_with(**name)) {
                let argument = rest[macro_name.len()..].split(')').next().unwrap();
                assert!(
                    argument
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')),
                    "{argument} in {sql}"
                );
            } else {
                let is_known = BARE.iter().chain(&VARIABLES).any(|known| rest.starts_with(known));
                assert!(is_known, "{rest} in {sql}");
            }
        }
    }
}
