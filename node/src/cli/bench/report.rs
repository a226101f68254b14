//! What came out, for people and for programs.

use comfy_table::Cell;
use serde::Serialize;

use super::super::output;
use super::freshness::Freshness;
use super::measure::{CatchUp, median};

/// What was read.
#[derive(Debug, Serialize)]
pub(super) struct Workload {
    pub(super) events: u64,
    pub(super) bytes: u64,
    pub(super) partitions: u32,
    pub(super) compression: &'static str,
    pub(super) steady_events_per_s: u32,
    pub(super) cores: usize,
}

/// What one of the two did.
#[derive(Debug, Default, Serialize)]
pub(super) struct Reader {
    /// How the Kafka engine was set when it caught up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) settings: Option<&'static str>,
    /// By rounds.
    pub(super) catch_up: Vec<CatchUp>,
    /// The same with the settings that did worse.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) other_settings: Vec<(&'static str, CatchUp)>,
    pub(super) freshness: Option<Freshness>,
}

/// Medians over the rounds.
#[derive(Debug, Serialize)]
struct Medians {
    events_per_s: Option<f64>,
    seconds_to_last_row: Option<f64>,
    node_cpu_s: Option<f64>,
    clickhouse_cpu_s: Option<f64>,
    broker_cpu_s: Option<f64>,
    node_peak_mib: Option<f64>,
    /// Megabytes (10^6) of JSON for a CPU-second of the node.
    json_mb_per_node_cpu_s: Option<f64>,
    /// The same for node and ClickHouse together.
    json_mb_per_cpu_s: Option<f64>,
}

impl Medians {
    fn new(reader: &Reader, bytes: u64) -> Self {
        let of = |value: fn(&CatchUp) -> Option<f64>| median(reader.catch_up.iter().filter_map(value));
        let node_cpu_s = of(|round| round.node_cpu_s);
        let clickhouse_cpu_s = of(|round| round.clickhouse_cpu_s);
        let megabytes = bytes as f64 / 1e6;
        Self {
            events_per_s: of(|round| Some(round.events_per_s)),
            seconds_to_last_row: of(|round| Some(round.seconds_to_last_row)),
            node_cpu_s,
            clickhouse_cpu_s,
            broker_cpu_s: of(|round| round.broker_cpu_s),
            node_peak_mib: of(|round| Some(round.node_peak_bytes? as f64 / f64::from(1 << 20))),
            json_mb_per_node_cpu_s: node_cpu_s.map(|cpu| megabytes / cpu),
            json_mb_per_cpu_s: clickhouse_cpu_s.map(|cpu| megabytes / (cpu + node_cpu_s.unwrap_or(0.0))),
        }
    }
}

/// A whole run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: &'static str,
    workload: Workload,
    aurora: Reader,
    aurora_median: Medians,
    kafka_engine: Reader,
    kafka_engine_median: Medians,
    /// How many times as many events a second Aurora catches up with.
    events_per_s_ratio: Option<f64>,
}

impl Report {
    pub(super) fn new(workload: Workload, aurora: Reader, kafka_engine: Reader) -> Self {
        let aurora_median = Medians::new(&aurora, workload.bytes);
        let kafka_engine_median = Medians::new(&kafka_engine, workload.bytes);
        let ratio = |a: Option<f64>, b: Option<f64>| Some(a? / b?);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            events_per_s_ratio: ratio(aurora_median.events_per_s, kafka_engine_median.events_per_s),
            workload,
            aurora,
            aurora_median,
            kafka_engine,
            kafka_engine_median,
        }
    }

    /// Prints it for people.
    pub(super) fn show(&self) {
        let Workload {
            events,
            bytes,
            partitions,
            compression,
            steady_events_per_s,
            cores,
        } = &self.workload;
        output::line(&format!(
            "{} events of {} bytes ({} MB of JSON, {compression} in Kafka), {partitions} partitions, {cores} cores for all",
            output::thousands(*events),
            bytes / events,
            bytes / 1_000_000,
        ));
        let engine = format!("Kafka engine ({})", self.kafka_engine.settings.unwrap_or("-"));
        let mut table = output::table(&["", "Aurora", &engine, "Aurora is better by"]);
        for row in self.catch_up_rows() {
            table.add_row(row.cells());
        }
        output::line(&table.to_string());
        let (Some(aurora), Some(engine)) = (&self.aurora.freshness, &self.kafka_engine.freshness) else {
            return;
        };
        output::line(&format!(
            "at {} events a second, from Kafka's timestamp to visible in a SELECT",
            output::thousands(u64::from(*steady_events_per_s))
        ));
        let mut table = output::table(&["", "Aurora", "Kafka engine (tuned)", "Aurora is better by"]);
        for row in freshness_rows(aurora, engine) {
            table.add_row(row.cells());
        }
        output::line(&table.to_string());
    }

    fn catch_up_rows(&self) -> Vec<Row> {
        let of = |what, digits, better, figure: fn(&Medians) -> Option<f64>| Row {
            what,
            aurora: figure(&self.aurora_median),
            engine: figure(&self.kafka_engine_median),
            digits,
            better,
        };
        let rounds = self.aurora.catch_up.iter().zip(&self.kafka_engine.catch_up);
        let rounds = rounds.map(|(aurora, engine)| Row {
            what: "  in a round",
            aurora: Some(aurora.events_per_s),
            engine: Some(engine.events_per_s),
            digits: 0,
            better: Better::Higher,
        });
        let mut rows = vec![of("events a second", 0, Better::Higher, |m| m.events_per_s)];
        rows.extend(rounds);
        rows.extend([
            of("start to last row, s", 1, Better::Lower, |m| {
                m.seconds_to_last_row
            }),
            of("CPU of the node, s", 2, Better::Neither, |m| m.node_cpu_s),
            of("CPU of ClickHouse, s", 2, Better::Lower, |m| m.clickhouse_cpu_s),
            of("CPU of the broker, s", 2, Better::Lower, |m| m.broker_cpu_s),
            of("MB of JSON a CPU-second, node", 0, Better::Neither, |m| {
                m.json_mb_per_node_cpu_s
            }),
            of("MB of JSON a CPU-second, all but Kafka", 0, Better::Higher, |m| {
                m.json_mb_per_cpu_s
            }),
            of("peak memory of the node, MiB", 0, Better::Neither, |m| {
                m.node_peak_mib
            }),
        ]);
        rows
    }
}

fn freshness_rows(aurora: &Freshness, engine: &Freshness) -> Vec<Row> {
    let of = |what, digits, better, figure: fn(&Freshness) -> Option<f64>| Row {
        what,
        aurora: figure(aurora),
        engine: figure(engine),
        digits,
        better,
    };
    vec![
        of("events sent a second", 0, Better::Neither, |f| {
            Some(f.events_per_s)
        }),
        of("p50, ms", 0, Better::Lower, |f| Some(f.p50_ms)),
        of("p99, ms", 0, Better::Lower, |f| Some(f.p99_ms)),
        of("longest, ms", 0, Better::Lower, |f| Some(f.max_ms)),
        of("cores of the node", 2, Better::Neither, |f| f.node_cores),
        of("cores of ClickHouse", 2, Better::Lower, |f| f.clickhouse_cores),
        of("cores of the broker", 2, Better::Lower, |f| f.broker_cores),
    ]
}

#[derive(Debug, Clone, Copy)]
enum Better {
    Higher,
    Lower,
    /// The two cannot be compared in this.
    Neither,
}

struct Row {
    what: &'static str,
    aurora: Option<f64>,
    engine: Option<f64>,
    digits: usize,
    better: Better,
}

impl Row {
    fn cells(&self) -> [Cell; 4] {
        let figure = |value: Option<f64>| match value {
            None => output::number("-"),
            Some(value) if self.digits == 0 => output::number(output::thousands(value.round() as u64)),
            Some(value) => output::number(format!("{value:.*}", self.digits)),
        };
        let factor = match (self.better, self.aurora, self.engine) {
            (Better::Higher, Some(aurora), Some(engine)) => {
                output::number(format!("{:.1} ×", aurora / engine))
            }
            (Better::Lower, Some(aurora), Some(engine)) => {
                output::number(format!("{:.1} ×", engine / aurora))
            }
            _ => Cell::new(""),
        };
        [
            Cell::new(self.what),
            figure(self.aurora),
            figure(self.engine),
            factor,
        ]
    }
}
