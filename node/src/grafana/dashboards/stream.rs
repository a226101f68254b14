//! The dashboard of a stream, made from its table's columns: how it is doing, what comes, and the latest of it.
//!
//! It shows the same as the board that every stream has in the web app: breakdowns by the columns with few values, averages of
//! the numbers, and the last rows.

use super::super::model::panel::{
    BarGaugeOptions, Drawn, Options, StatOptions, TableOptions, Target, Thresholds, TimeSeriesOptions,
};
use super::super::model::{Dashboard, DataSourceRef, Templating};
use super::super::names::Names;
use super::super::sql::{ident, literal};
use super::{Column, Draft, Layout, StreamTable};

/// Breakdowns by one column, the most.
const MOST_BREAKDOWNS: usize = 6;
const MOST_NUMBERS: usize = 6;
const MOST_TABLE_COLUMNS: usize = 20;
/// Series of the breakdown over time, apart from the rest.
const MOST_SERIES: usize = 8;
/// Samples come every 15 seconds: in steps of 30 every node has one.
const STEP: &str = "30s";

/// The dashboard of `stream`.
pub fn dashboard(names: &Names, datasource: &DataSourceRef, stream: &StreamTable) -> Dashboard {
    let mut layout = Layout::new(datasource);
    let asked = Asked {
        datasource,
        table: format!("{}.{}", ident(&stream.table.database), ident(&stream.table.table)),
        id: literal(&stream.id.to_string()),
    };
    asked.ingest(&mut layout);
    let few: Vec<&Column> = stream
        .columns
        .iter()
        .filter(|column| column.has_few_values())
        .collect();
    let numbers: Vec<&Column> = stream
        .columns
        .iter()
        .filter(|column| column.is_measure())
        .collect();
    if let Some(main) = few.first() {
        layout.row("What comes");
        asked.over_time_by(&mut layout, main);
        for column in few.iter().take(MOST_BREAKDOWNS) {
            asked.top(&mut layout, column);
        }
    }
    if !numbers.is_empty() {
        layout.row("Numbers");
        for column in numbers.iter().take(MOST_NUMBERS) {
            asked.number(&mut layout, column);
        }
    }
    asked.latest(&mut layout, &stream.columns);
    layout.into_dashboard(
        names,
        names.stream(&stream.id),
        &stream.id.to_string(),
        format!(
            "The stream {}, made from the columns of its table. Made by Aurora, which takes back changes; copy it to change it.",
            super::title(&stream.id.to_string())
        ),
        Templating::default(),
    )
}

impl Column {
    /// Columns of Aurora's own begin so.
    fn is_own(&self) -> bool {
        self.name.starts_with('_')
    }

    fn has_few_values(&self) -> bool {
        let bare = inside("Nullable", &self.column_type);
        !self.is_own() && (bare.starts_with("LowCardinality(") || bare == "Bool" || bare.starts_with("Enum"))
    }

    /// Whether it is a number that says how much: those that name something say nothing when they are averaged.
    fn is_measure(&self) -> bool {
        const NUMBERS: [&str; 5] = ["Int", "UInt", "Float", "BFloat", "Decimal"];
        let bare = inside("Nullable", &self.column_type);
        let name = self.name.to_lowercase();
        let last = name.rsplit(['.', '_']).next().unwrap_or_default();
        let names_something = matches!(last, "id" | "key" | "code" | "zip");
        !self.is_own() && !names_something && NUMBERS.iter().any(|number| bare.starts_with(number))
    }
}

/// What stands in `outer(…)`, or all of it.
fn inside<'a>(outer: &str, column_type: &'a str) -> &'a str {
    let inner = column_type
        .strip_prefix(outer)
        .and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    inner.unwrap_or(column_type)
}

/// Asks about one stream. The table is `e` in its statements, so that a column is never taken for a name of ours.
struct Asked<'a> {
    datasource: &'a DataSourceRef,
    table: String,
    id: String,
}

impl Asked<'_> {
    fn time_series(&self, title: &str, description: &str, sql: String) -> Draft {
        let target = Target::time_series(self.datasource, sql);
        let options = Options::TimeSeries(TimeSeriesOptions::default());
        Draft::new(title, description, target, options).drawn(Drawn::lines())
    }

    fn table(&self, title: &str, description: &str, sql: String) -> Draft {
        let target = Target::table(self.datasource, sql);
        Draft::new(
            title,
            description,
            target,
            Options::Table(TableOptions::default()),
        )
    }

    /// Where the events are that are shown.
    fn during(&self) -> String {
        format!("FROM {} AS e\nWHERE $__timeFilter_ms(e._timestamp)", self.table)
    }

    fn ingest(&self, layout: &mut Layout<'_>) {
        layout.row("How it is doing");
        let events = format!("SELECT count() AS events\n{}", self.during());
        let target = Target::table(self.datasource, events);
        let options = Options::Stat(StatOptions::default());
        layout.put(
            4,
            6,
            Draft::new(
                "Events",
                "Rows whose Kafka timestamp is in the time that is shown.",
                target,
                options,
            ),
        );
        let rate = format!(
            "SELECT $__timeInterval(e._timestamp) AS time, count() / $__interval_s AS events_per_s\n{}\nGROUP BY 1\nORDER BY 1",
            self.during()
        );
        let draft = self.time_series("Events a second", "Rows by their Kafka timestamps.", rate);
        layout.put(12, 6, draft.unit("cps"));
        let letters = format!(
            "SELECT $__timeInterval(at) AS time, reason, count() AS letters\nFROM aurora.dead_letters\n\
             WHERE stream = {} AND $__timeFilter(at)\nGROUP BY 1, 2\nORDER BY 1",
            self.id
        );
        let draft = self.time_series(
            "Dead letters",
            "Messages that could not become rows, by reason.",
            letters,
        );
        layout.put(8, 6, draft.drawn(Drawn::bars()).interval("10s"));
        let samples = |of: &str, value: &str| {
            format!(
                "SELECT time, {of}(v) AS {value}\nFROM (\n  SELECT $__timeInterval(at) AS time, node, avg({value}) AS v\n  \
                 FROM aurora.samples\n  WHERE stream = {} AND $__timeFilter(at)\n  GROUP BY 1, 2\n)\nGROUP BY 1\nORDER BY 1",
                self.id
            )
        };
        let draft = self.time_series(
            "Lag",
            "Messages in Kafka that are not in ClickHouse yet.",
            samples("sum", "lag"),
        );
        layout.put(8, 6, draft.interval(STEP));
        let draft = self.time_series(
            "Behind",
            "How old the last message is that has been written: the partition that is furthest behind.",
            samples("max", "behind_ms"),
        );
        layout.put(8, 6, draft.unit("ms").interval(STEP));
        let draft = self.time_series(
            "Freshness",
            "From the broker’s timestamp to visible in a SELECT, 99th percentile.",
            samples("max", "freshness_p99_ms"),
        );
        layout.put(8, 6, draft.unit("ms").interval(STEP));
    }

    /// Events over time, by the values of a column that come most often.
    fn over_time_by(&self, layout: &mut Layout<'_>, column: &Column) {
        let name = ident(&column.name);
        let during = self.during();
        let sql = format!(
            "SELECT $__timeInterval(e._timestamp) AS time, \
             if(toString(e.{name}) IN (\n  SELECT toString(e.{name})\n  {during} AND isNotNull(e.{name})\n  GROUP BY 1\n  \
             ORDER BY count() DESC\n  LIMIT {MOST_SERIES}\n), toString(e.{name}), 'other') AS series, \
             count() / $__interval_s AS events_per_s\n{during}\nGROUP BY 1, 2\nORDER BY 1"
        );
        let title = format!("Events a second by {}", column.name);
        let description = format!("The {MOST_SERIES} values that come most often, and all others together.");
        let draft = self.time_series(&title, &description, sql);
        layout.put(24, 8, draft.unit("cps").drawn(Drawn::stacked()));
    }

    fn top(&self, layout: &mut Layout<'_>, column: &Column) {
        let name = ident(&column.name);
        let sql = format!(
            "SELECT toString(e.{name}) AS value, count() AS events\n{} AND isNotNull(e.{name})\nGROUP BY 1\nORDER BY 2 DESC\n\
             LIMIT 10",
            self.during()
        );
        let target = Target::table(self.datasource, sql);
        let options = Options::BarGauge(BarGaugeOptions::default());
        let draft = Draft::new(
            &format!("Top {}", column.name),
            "The values that come most often.",
            target,
            options,
        );
        layout.put(8, 7, draft);
    }

    fn number(&self, layout: &mut Layout<'_>, column: &Column) {
        let name = ident(&column.name);
        let sql = format!(
            "SELECT $__timeInterval(e._timestamp) AS time, avg(toFloat64(e.{name})) AS average, \
             quantile(0.5)(toFloat64(e.{name})) AS median, quantile(0.95)(toFloat64(e.{name})) AS p95\n{}\nGROUP BY 1\nORDER BY 1",
            self.during()
        );
        let target = Target::time_series(self.datasource, sql);
        let options = Options::TimeSeries(TimeSeriesOptions::default());
        let mut draft = Draft::new(
            &column.name,
            "Average, median and 95th percentile.",
            target,
            options,
        );
        // Numbers of events need not begin at nothing.
        draft.custom = super::Custom::Drawn(Drawn::lines());
        layout.put(12, 7, draft);
    }

    fn latest(&self, layout: &mut Layout<'_>, columns: &[Column]) {
        layout.row("The latest");
        let shown = columns
            .iter()
            .filter(|column| !column.is_own())
            .take(MOST_TABLE_COLUMNS);
        let names: String = shown
            .map(|column| format!(", e.{0} AS {0}", ident(&column.name)))
            .collect();
        let sql = format!(
            "SELECT e._timestamp AS _timestamp{names}\n{}\nORDER BY 1 DESC\nLIMIT 50",
            self.during()
        );
        let draft = self.table("Latest events", "The last rows of the time that is shown.", sql);
        layout.put(24, 9, draft);
        let sql = format!(
            "SELECT at, partition, offset, reason, detail\nFROM aurora.dead_letters\n\
             WHERE stream = {} AND $__timeFilter(at)\nORDER BY 1 DESC\nLIMIT 50",
            self.id
        );
        let draft = self.table(
            "Latest dead letters",
            "Their payloads are on the stream’s page in Aurora, where they can be tried again.",
            sql,
        );
        layout.put(16, 7, draft);
        let sql = format!(
            "SELECT argMax(audit, audit_at) AS verdict, max(audit_at) AS checked_at\nFROM aurora.samples\n\
             WHERE stream = {} AND audit != '' AND $__timeFilter(at)\nHAVING count() > 0",
            self.id
        );
        let draft = self.table(
            "Audit",
            "Whether every offset is one row, one dead letter or one counted skip.",
            sql,
        );
        layout.put(8, 7, draft.thresholds(Thresholds::bad_from(1.0)));
    }
}

#[cfg(test)]
mod tests {
    use aurora_actors::store::sql::TableName;
    use proptest::prelude::*;

    use super::super::super::model::Panel;
    use super::super::tests::check;
    use super::*;

    fn made(id: &str, columns: Vec<Column>) -> Dashboard {
        let names = Names::default();
        let id: aurora_cluster::StreamId = id.parse().unwrap();
        let stream = StreamTable {
            table: TableName::for_topic("events", id.topic()),
            id,
            columns,
        };
        dashboard(&names, &DataSourceRef::clickhouse(&names.datasource()), &stream)
    }

    fn column(name: &str, column_type: &str) -> Column {
        Column {
            name: name.to_owned(),
            column_type: column_type.to_owned(),
        }
    }

    fn titles(dashboard: &Dashboard) -> Vec<&str> {
        let title = |panel: &'_ Panel| match panel {
            Panel::Row(_) => None,
            Panel::Shown(shown) => Some(shown.title.clone()),
        };
        let titles: Vec<String> = dashboard.panels.iter().filter_map(title).collect();
        titles.leak().iter().map(String::as_str).collect()
    }

    #[test]
    fn columns_decide_what_is_shown() {
        let dashboard = made(
            "shop:orders",
            vec![
                column("_offset", "UInt64"),
                column("country", "LowCardinality(Nullable(String))"),
                column("is_gift", "Nullable(Bool)"),
                column("price", "Nullable(Float64)"),
                column("customer_id", "Nullable(Int64)"),
                column("note", "Nullable(String)"),
                column("amounts", "Array(Float64)"),
            ],
        );
        check(&dashboard);
        assert_eq!(
            titles(&dashboard),
            [
                "Events",
                "Events a second",
                "Dead letters",
                "Lag",
                "Behind",
                "Freshness",
                "Events a second by country",
                "Top country",
                "Top is_gift",
                "price",
                "Latest events",
                "Latest dead letters",
                "Audit",
            ]
        );
    }

    #[test]
    fn a_stream_without_columns_has_a_dashboard_too() {
        let dashboard = made("shop:orders", Vec::new());
        check(&dashboard);
        assert!(titles(&dashboard).contains(&"Latest events"));
    }

    proptest! {
        #[test]
        fn no_name_of_a_column_means_anything_to_grafana(
            names in proptest::collection::vec("\\PC{1,20}|\\$__timeFilter\\(x\\)|\\$\\{stream:raw\\}|`; DROP", 0..40),
            types in proptest::collection::vec(
                proptest::sample::select(vec!["LowCardinality(Nullable(String))", "Nullable(Float64)", "Nullable(String)"]),
                40,
            ),
        ) {
            let columns: Vec<Column> = names.iter().zip(types).map(|(name, kind)| column(name, kind)).collect();
            let shown = made("shop:orders", columns);
            check(&shown);
            prop_assert!(shown.panels.len() < 40, "however many columns there are");
            for title in titles(&shown) {
                prop_assert!(!title.contains('$'));
            }
        }
    }
}
