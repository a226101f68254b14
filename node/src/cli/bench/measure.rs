//! How fast a topic that is full gets into a table, seen from outside.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use aurora_actors::store::sql::TableName;
use aurora_actors::store::{Store, StoreError};
use indicatif::ProgressBar;
use serde::Serialize;

use super::usage::{CpuSeconds, Pids, peak_memory_bytes};

/// Often enough to see the first and the last row come, seldom enough not to be felt.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// When nothing has come for this long, nothing will.
const STALL_LIMIT: Duration = Duration::from_secs(120);

/// What one catch-up took.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CatchUp {
    /// From the first to the last row visible.
    pub(super) events_per_s: f64,
    /// From the start of the reader, all preparations included.
    pub(super) seconds_to_first_row: f64,
    pub(super) seconds_to_last_row: f64,
    pub(super) node_cpu_s: Option<f64>,
    pub(super) clickhouse_cpu_s: Option<f64>,
    pub(super) broker_cpu_s: Option<f64>,
    pub(super) node_peak_bytes: Option<u64>,
}

/// The state of things before a reader starts.
#[derive(Debug)]
pub(super) struct Before {
    at: Instant,
    cpu: CpuSeconds,
}

impl Before {
    pub(super) fn now(pids: Pids) -> Self {
        Self {
            at: Instant::now(),
            cpu: pids.cpu(),
        }
    }
}

/// Waits until `events` rows are visible in `table`; `alive` fails when the reader has ended.
pub(super) async fn catch_up(
    store: &Store,
    table: &TableName,
    events: u64,
    (before, pids): (Before, Pids),
    progress: &ProgressBar,
    mut alive: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<CatchUp> {
    let mut first: Option<(Instant, u64)> = None;
    let mut seen = 0;
    let mut last_change = Instant::now();
    loop {
        alive()?;
        let rows = match visible_rows(store, table).await {
            Ok(rows) => rows,
            // The table is not there yet.
            Err(StoreError::Exception { .. }) if first.is_none() => 0,
            Err(error) => return Err(error).with_context(|| format!("{table} cannot be read")),
        };
        let now = Instant::now();
        if rows > seen {
            first.get_or_insert((now, rows));
            (seen, last_change) = (rows, now);
            progress.set_position(rows);
        }
        if rows >= events {
            break;
        }
        if last_change.elapsed() > STALL_LIMIT {
            bail!(
                "{seen} of {events} events are in {table}, and none has come for {} s",
                STALL_LIMIT.as_secs()
            );
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let cpu = pids.cpu().since(&before.cpu);
    let (first_at, first_rows) = first.unwrap_or((before.at, 0));
    let seconds = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64();
    let events_per_s = match events - first_rows.min(events) {
        // All in one step, of which only the beginning is known.
        0 => events as f64 / seconds(before.at, last_change),
        rest => rest as f64 / seconds(first_at, last_change),
    };
    Ok(CatchUp {
        events_per_s,
        seconds_to_first_row: seconds(before.at, first_at),
        seconds_to_last_row: seconds(before.at, last_change),
        node_cpu_s: cpu.node,
        clickhouse_cpu_s: cpu.clickhouse,
        broker_cpu_s: cpu.broker,
        node_peak_bytes: pids.node.and_then(peak_memory_bytes),
    })
}

async fn visible_rows(store: &Store, table: &TableName) -> Result<u64, StoreError> {
    store
        .row(&format!("SELECT count() FROM {table} SETTINGS log_queries = 0"))
        .await
}

/// Fails unless each of the topic's `events` offsets is in `table` once: a reader that loses or doubles
/// events has not won a race.
pub(super) async fn ensure_exactly_once(store: &Store, table: &TableName, events: u64) -> anyhow::Result<()> {
    let (rows, offsets): (u64, u64) = store
        .row(&format!(
            "SELECT count(), uniqExact(_partition, _offset) FROM {table} SETTINGS log_queries = 0"
        ))
        .await?;
    ensure!(
        rows == events && offsets == events,
        "{table} has {rows} rows of {offsets} offsets, not {events} of each: this measurement counts for nothing"
    );
    Ok(())
}

/// The value in the middle; of an even number of values, the mean of the two in the middle.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 {
        upper
    } else {
        (sorted[middle - 1] + upper) / 2.0
    })
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }
}
