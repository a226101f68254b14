//! The dashboard for operations: how ingest, ownership, audits and ClickHouse are doing.
//!
//! What nodes know and ClickHouse does not (lag, freshness, audits, what they use) is in `aurora.samples`; the rest is in
//! Aurora's own tables and in ClickHouse's.

use super::super::model::panel::{
    BarGaugeOptions, Drawn, Options, StatOptions, TableOptions, Target, Thresholds, TimeSeriesOptions,
};
use super::super::model::{Dashboard, DataSourceRef, Templating, Variable};
use super::super::names::Names;
use super::super::sql::literal;
use super::{Draft, Layout};

/// Samples come every 15 seconds: in steps of 30 every node has one.
const STEP: &str = "30s";
/// The latest sample of each node and stream, at the end of the time that is shown.
const LATELY: &str = "at > $__toTime - INTERVAL 60 SECOND AND at <= $__toTime";
/// The streams that are chosen.
const CHOSEN: &str = "$__conditionalAll(stream IN (${stream:singlequote}), $stream)";

/// The dashboard for a deployment whose streams are in `database`.
pub fn dashboard(names: &Names, datasource: &DataSourceRef, database: &str) -> Dashboard {
    let mut layout = Layout::new(datasource);
    overview(&mut layout);
    ingest(&mut layout);
    nodes(&mut layout);
    ownership(&mut layout);
    trust(&mut layout);
    clickhouse(&mut layout, database);
    let streams =
        "SELECT DISTINCT stream FROM aurora.samples WHERE $__timeFilter(at) AND stream != '' ORDER BY 1";
    let templating = Templating {
        list: vec![Variable::any_of(
            "stream",
            "Stream",
            datasource,
            streams.to_owned(),
        )],
    };
    layout.into_dashboard(
        names,
        names.operations(),
        &format!("{}: operations", names.title()),
        "How ingest is doing: rates, lag, freshness, owners, audits, dead letters, and ClickHouse. Made by Aurora, which \
         takes back changes; copy it to change it."
            .to_owned(),
        templating,
    )
}

/// One number.
fn stat(layout: &mut Layout<'_>, title: &str, description: &str, sql: String) -> Draft {
    let target = Target::table(layout.datasource, sql);
    Draft::new(title, description, target, Options::Stat(StatOptions::default()))
}

/// Something over time.
fn over_time(layout: &mut Layout<'_>, title: &str, description: &str, sql: String) -> Draft {
    let target = Target::time_series(layout.datasource, sql);
    let options = Options::TimeSeries(TimeSeriesOptions::default());
    Draft::new(title, description, target, options).drawn(Drawn::lines())
}

/// Rows.
fn table(layout: &mut Layout<'_>, title: &str, description: &str, sql: String) -> Draft {
    let target = Target::table(layout.datasource, sql);
    Draft::new(
        title,
        description,
        target,
        Options::Table(TableOptions::default()),
    )
}

/// Rows of a name and a number.
fn bars(layout: &mut Layout<'_>, title: &str, description: &str, sql: String) -> Draft {
    let target = Target::table(layout.datasource, sql);
    Draft::new(
        title,
        description,
        target,
        Options::BarGauge(BarGaugeOptions::default()),
    )
}

/// The latest value of each node and stream, put together by `of`.
fn lately(of: &str, value: &str, name: &str) -> String {
    format!(
        "SELECT {of}(v) AS {name}\nFROM (\n  SELECT argMax({value}, at) AS v\n  FROM aurora.samples\n  \
         WHERE {LATELY} AND stream != '' AND {CHOSEN}\n  GROUP BY node, stream\n)"
    )
}

/// A value of each stream over time: that of all nodes put together by `of`, each of which is an average over a step.
fn by_stream(of: &str, value: &str, name: &str) -> String {
    format!(
        "SELECT time, stream, {of}(v) AS {name}\nFROM (\n  SELECT $__timeInterval(at) AS time, stream, node, avg({value}) AS v\n  \
         FROM aurora.samples\n  WHERE $__timeFilter(at) AND stream != '' AND {CHOSEN}\n  GROUP BY 1, 2, 3\n)\n\
         GROUP BY 1, 2\nORDER BY 1"
    )
}

/// A value of each node over time.
fn by_node(value: &str, name: &str) -> String {
    format!(
        "SELECT $__timeInterval(at) AS time, node, avg({value}) AS {name}\nFROM aurora.samples\n\
         WHERE $__timeFilter(at) AND stream = ''\nGROUP BY 1, 2\nORDER BY 1"
    )
}

fn overview(layout: &mut Layout<'_>) {
    layout.row("Now");
    let nodes = format!("SELECT uniqExact(node) AS nodes\nFROM aurora.samples\nWHERE {LATELY}");
    let draft = stat(
        layout,
        "Nodes",
        "Nodes that have reported within a minute.",
        nodes,
    );
    layout.put(3, 4, draft.thresholds(Thresholds::good_from(1.0)));
    let rate = lately("sum", "events_per_s", "events_per_s");
    let draft = stat(
        layout,
        "Events a second",
        "Messages that become rows or dead letters.",
        rate,
    );
    layout.put(4, 4, draft.unit("cps"));
    let lag = lately("sum", "lag", "messages");
    let draft = stat(
        layout,
        "Lag",
        "Messages in Kafka that are not in ClickHouse yet.",
        lag,
    );
    layout.put(4, 4, draft);
    let behind = lately("max", "behind_ms", "behind");
    let draft = stat(
        layout,
        "Furthest behind",
        "How old the last message is that has been written, of the partition that is furthest behind.",
        behind,
    );
    layout.put(4, 4, draft.unit("ms").thresholds(Thresholds::bad_from(60_000.0)));
    let broken = format!(
        "SELECT countIf(verdict = 'broken') AS streams\nFROM (\n  SELECT argMax(audit, audit_at) AS verdict\n  \
         FROM aurora.samples\n  WHERE {LATELY} AND audit != '' AND {CHOSEN}\n  GROUP BY stream\n)"
    );
    let draft = stat(
        layout,
        "Broken audits",
        "Streams whose last audit found that an event is lost or doubled.",
        broken,
    );
    layout.put(3, 4, draft.thresholds(Thresholds::bad_from(1.0)));
    let dead =
        format!("SELECT count() AS letters\nFROM aurora.dead_letters\nWHERE $__timeFilter(at) AND {CHOSEN}");
    let draft = stat(
        layout,
        "Dead letters",
        "Messages that could not become rows, in the time that is shown.",
        dead,
    );
    layout.put(3, 4, draft.thresholds(Thresholds::bad_from(1.0)));
    let disk =
        "SELECT max(100 * (1 - free_space / total_space)) AS used\nFROM system.disks\nWHERE total_space > 0";
    let draft = stat(layout, "Disk", "Of ClickHouse’s fullest disk.", disk.to_owned());
    layout.put(3, 4, draft.unit("percent").thresholds(Thresholds::bad_from(85.0)));
}

fn ingest(layout: &mut Layout<'_>) {
    layout.row("Ingest");
    let panels = [
        (
            "Events a second",
            "Messages written, by stream.",
            "sum",
            "events_per_s",
            "cps",
        ),
        (
            "Bytes a second",
            "Bytes of messages written, by stream.",
            "sum",
            "bytes_per_s",
            "Bps",
        ),
        (
            "Lag",
            "Messages in Kafka that are not in ClickHouse yet.",
            "sum",
            "lag",
            "short",
        ),
        (
            "Behind",
            "How old the last message is that has been written: the partition that is furthest behind.",
            "max",
            "behind_ms",
            "ms",
        ),
        (
            "Freshness, median",
            "From the broker’s timestamp to visible in a SELECT; half of the events are faster.",
            "avg",
            "freshness_p50_ms",
            "ms",
        ),
        (
            "Freshness, 99th percentile",
            "From the broker’s timestamp to visible in a SELECT; one event in a hundred is slower.",
            "max",
            "freshness_p99_ms",
            "ms",
        ),
    ];
    for (title, description, of, value, unit) in panels {
        let draft = over_time(layout, title, description, by_stream(of, value, "value"));
        layout.put(12, 7, draft.unit(unit).interval(STEP));
    }
    let journaled = format!(
        "SELECT $__timeInterval(at) AS time, stream, sum(rows) / $__interval_s AS rows_per_s\nFROM aurora.journal\n\
         WHERE $__timeFilter(at) AND {CHOSEN}\nGROUP BY 1, 2\nORDER BY 1"
    );
    let draft = over_time(
        layout,
        "Rows by the journal",
        "What the journal says has been written. Nodes note it about once a second.",
        journaled,
    );
    layout.put(12, 7, draft.unit("cps").interval("5s"));
    let waiting = by_stream("sum", "waiting", "partitions");
    let draft = over_time(
        layout,
        "Waiting partitions",
        "Partitions that cannot go on because Kafka or ClickHouse is away or refuses.",
        waiting,
    );
    layout.put(12, 7, draft.interval(STEP));
}

fn nodes(layout: &mut Layout<'_>) {
    layout.row("Nodes");
    let panels = [
        ("Cores in use", "Of the node’s process.", "cpu_cores", "short"),
        ("Memory", "Of the node’s process.", "memory_bytes", "bytes"),
        (
            "Between Kafka and ClickHouse",
            "Bytes of messages that have been read and not written yet. The node’s budget bounds them.",
            "buffer_bytes",
            "bytes",
        ),
        (
            "Partitions",
            "Partitions that the node works on.",
            "partitions",
            "short",
        ),
    ];
    for (title, description, value, unit) in panels {
        let draft = over_time(layout, title, description, by_node(value, "value"));
        layout.put(12, 6, draft.unit(unit).interval(STEP));
    }
}

fn ownership(layout: &mut Layout<'_>) {
    layout.row("Owners");
    let changes = format!(
        "SELECT $__timeInterval(at) AS time, node, count() AS taken\nFROM aurora.owners\n\
         WHERE $__timeFilter(at) AND {CHOSEN}\nGROUP BY 1, 2\nORDER BY 1"
    );
    let draft = over_time(
        layout,
        "Partitions that changed hands",
        "Epochs that each node has taken: handed over, taken over from a node that has gone, or begun anew after an unknown \
         outcome.",
        changes,
    );
    layout.put(12, 7, draft.drawn(Drawn::bars()).interval("10s"));
    let owners = format!(
        "SELECT node, count() AS partitions\nFROM (\n  SELECT argMax(node, (generation, epoch)) AS node\n  FROM aurora.owners\n  \
         WHERE {CHOSEN}\n  GROUP BY stream, partition\n)\nGROUP BY 1\nORDER BY 2 DESC\nLIMIT 50"
    );
    let draft = bars(
        layout,
        "Who has how many partitions",
        "By the highest epochs.",
        owners,
    );
    layout.put(4, 7, draft);
    let last = format!(
        "SELECT at, stream, partition, epoch, node\nFROM aurora.owners\nWHERE $__timeFilter(at) AND {CHOSEN}\n\
         ORDER BY at DESC\nLIMIT 100"
    );
    let draft = table(
        layout,
        "Last changes",
        "Who took which partition, latest first.",
        last,
    );
    layout.put(8, 7, draft);
}

fn trust(layout: &mut Layout<'_>) {
    layout.row("Audits and dead letters");
    let audits = format!(
        "SELECT stream, argMax(audit, audit_at) AS verdict, max(audit_at) AS checked_at\nFROM aurora.samples\n\
         WHERE $__timeFilter(at) AND audit != '' AND {CHOSEN}\nGROUP BY 1\nORDER BY verdict = 'clean', 1\nLIMIT 200"
    );
    let draft = table(
        layout,
        "Last audits",
        "Whether every offset is one row, one dead letter or one counted skip; counted in the tables.",
        audits,
    );
    layout.put(8, 8, draft);
    let over = format!(
        "SELECT $__timeInterval(at) AS time, concat(stream, ' ', reason) AS why, count() AS letters\n\
         FROM aurora.dead_letters\nWHERE $__timeFilter(at) AND {CHOSEN}\nGROUP BY 1, 2\nORDER BY 1"
    );
    let draft = over_time(layout, "Dead letters", "By stream and reason.", over);
    layout.put(8, 8, draft.drawn(Drawn::bars()).interval("10s"));
    let last = format!(
        "SELECT at, stream, partition, offset, reason, detail\nFROM aurora.dead_letters\n\
         WHERE $__timeFilter(at) AND {CHOSEN}\nORDER BY at DESC\nLIMIT 100"
    );
    let draft = table(
        layout,
        "Last dead letters",
        "What did not fit, and why. Their payloads are on the stream’s page in Aurora, where they can be tried again.",
        last,
    );
    layout.put(8, 8, draft);
}

fn clickhouse(layout: &mut Layout<'_>, database: &str) {
    layout.row("ClickHouse");
    let databases = format!("database IN ({}, 'aurora')", literal(database));
    let parts = format!(
        "SELECT concat(database, '.', table) AS name, count() AS parts\nFROM system.parts\nWHERE active AND {databases}\n\
         GROUP BY 1\nORDER BY 2 DESC\nLIMIT 20"
    );
    let draft = bars(
        layout,
        "Parts",
        "Active parts, now. Merges keep them few; thousands in one table mean that merges do not keep up.",
        parts,
    );
    layout.put(8, 8, draft);
    let sizes = format!(
        "SELECT concat(database, '.', table) AS name, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, \
         max(modification_time) AS changed_at\nFROM system.parts\nWHERE active AND {databases}\nGROUP BY 1\nORDER BY 3 DESC\n\
         LIMIT 100"
    );
    let draft = table(layout, "Tables", "Rows and bytes on disk, now.", sizes);
    layout.put(8, 8, draft);
    let now = "SELECT metric, toFloat64(value) AS value\nFROM system.metrics\n\
               WHERE metric IN ('Query', 'Merge', 'PartMutation', 'HTTPConnection', 'TCPConnection', 'MemoryTracking')\n\
               UNION ALL\nSELECT 'Uptime, seconds', toFloat64(uptime())\n\
               UNION ALL\nSELECT 'Most parts in a partition', toFloat64(max(parts))\n\
               FROM (SELECT count() AS parts FROM system.parts WHERE active GROUP BY database, table, partition_id)";
    let draft = table(layout, "Now", "What ClickHouse is busy with.", now.to_owned());
    layout.put(8, 8, draft);
    queries(layout);
    let disks = "SELECT name, 100 * (1 - free_space / total_space) AS used\nFROM system.disks\nWHERE total_space > 0\n\
                 ORDER BY 2 DESC\nLIMIT 20";
    let draft = bars(layout, "Disks", "How full they are, now.", disks.to_owned());
    let limit = Thresholds::bad_from(85.0);
    layout.put(12, 7, draft.unit("percent").between(0.0, 100.0).thresholds(limit));
    let disk = "SELECT $__timeInterval(at) AS time, max(disk_used_percent) AS used\nFROM aurora.samples\n\
                WHERE $__timeFilter(at) AND stream = ''\nGROUP BY 1\nORDER BY 1";
    let draft = over_time(
        layout,
        "Disk",
        "How full ClickHouse’s fullest disk is, as nodes have seen it.",
        disk.to_owned(),
    );
    layout.put(12, 7, draft.unit("percent").between(0.0, 100.0).interval(STEP));
}

/// What ClickHouse's log of queries says; it may be off in somebody's ClickHouse.
fn queries(layout: &mut Layout<'_>) {
    let finished = "FROM system.query_log\nWHERE $__dateFilter(event_date) AND $__timeFilter(event_time)";
    let inserts = format!(
        "SELECT $__timeInterval(event_time) AS time, user, count() / $__interval_s AS inserts_per_s\n{finished} \
         AND type = 'QueryFinish' AND query_kind = 'Insert'\nGROUP BY 1, 2\nORDER BY 1"
    );
    let draft = over_time(
        layout,
        "Inserts a second",
        "Inserts that ended well, by user. Needs ClickHouse’s query_log.",
        inserts,
    );
    layout.put(8, 7, draft.interval("5s"));
    let durations = format!(
        "SELECT $__timeInterval(event_time) AS time, quantile(0.5)(query_duration_ms) AS p50, \
         quantile(0.99)(query_duration_ms) AS p99\n{finished} AND type = 'QueryFinish' AND query_kind = 'Insert'\n\
         GROUP BY 1\nORDER BY 1"
    );
    let draft = over_time(
        layout,
        "How long inserts take",
        "Median and 99th percentile.",
        durations,
    );
    layout.put(8, 7, draft.unit("ms").interval("5s"));
    let failures = format!(
        "SELECT $__timeInterval(event_time) AS time, concat(user, ', code ', toString(exception_code)) AS who, count() AS failures\n\
         {finished} AND type IN ('ExceptionBeforeStart', 'ExceptionWhileProcessing')\nGROUP BY 1, 2\nORDER BY 1"
    );
    let draft = over_time(
        layout,
        "Statements that failed",
        "By user and ClickHouse’s error code. 395 of the writer is a fence: another node has the partition now.",
        failures,
    );
    layout.put(8, 7, draft.drawn(Drawn::bars()).interval("5s"));
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn it_holds_together_whatever_the_database_is_called() {
        for database in ["events", "e`v'e\\n$ts", "${__from}"] {
            let names = Names::default();
            let dashboard = dashboard(&names, &DataSourceRef::clickhouse(&names.datasource()), database);
            check(&dashboard);
            assert_eq!(dashboard.uid, "aurora-operations");
        }
    }
}
