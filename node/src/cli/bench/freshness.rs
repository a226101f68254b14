//! How long after the broker got an event it is visible in a SELECT, at a steady rate, seen from outside.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use aurora_actors::store::sql::TableName;
use aurora_actors::store::{Store, StoreError};
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use super::topic::PacedLoad;
use super::usage::Pids;

/// The error of the measurement, always to the disadvantage of who is measured.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// From the first visible row on: what had piled up is gone then.
const WARM_UP: Duration = Duration::from_secs(8);
/// How long events of the measured time may take to become visible, and the first ones.
const LIMIT: Duration = Duration::from_secs(90);

/// How fresh a table was.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Freshness {
    /// What was really sent, which a busy machine keeps below what was asked for.
    pub(super) events_per_s: f64,
    pub(super) events: usize,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    /// Cores kept busy.
    pub(super) node_cores: Option<f64>,
    pub(super) clickhouse_cores: Option<f64>,
    pub(super) broker_cores: Option<f64>,
}

/// Up to which offset a partition was visible, and since when: (offset, milliseconds since 1970).
type Sightings = Vec<(u64, i64)>;

#[derive(Row, Deserialize)]
struct Latest {
    partition: i32,
    latest: u64,
}

#[derive(Row, Deserialize)]
struct Stamp {
    partition: i32,
    offset: u64,
    at_ms: i64,
}

/// Looks for `window` at how the events of `load` become visible in `table`; `alive` fails when the reader has
/// ended.
pub(super) async fn measure(
    store: &Store,
    table: &TableName,
    pids: Pids,
    load: &mut PacedLoad,
    window: Duration,
    mut alive: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Freshness> {
    let mut watch = Watch::new(store, table);
    let mut look = async |load: &mut PacedLoad| {
        alive()?;
        load.ensure_running()?;
        tokio::time::sleep(POLL_INTERVAL).await;
        watch.look().await
    };
    let started = Instant::now();
    while look(load).await? == 0 {
        if started.elapsed() > LIMIT {
            bail!("no event has come into {table} for {} s", LIMIT.as_secs());
        }
    }
    let warm = Instant::now();
    while warm.elapsed() < WARM_UP {
        look(load).await?;
    }
    let (begin, cpu, from) = (Instant::now(), pids.cpu(), load.sent_by_partition());
    while begin.elapsed() < window {
        look(load).await?;
    }
    let (seconds, cpu, to) = (
        begin.elapsed().as_secs_f64(),
        pids.cpu().since(&cpu),
        load.sent_by_partition(),
    );
    // The load goes on, so that the last events measured are not special.
    let closing = Instant::now();
    while look(load).await? <= to.iter().copied().max().unwrap_or(0) {
        if closing.elapsed() > LIMIT {
            bail!(
                "events did not become visible in {table} within {} s",
                LIMIT.as_secs()
            );
        }
    }
    let latencies = watch.latencies(&from, &to).await?;
    let sent: u64 = to.iter().sum::<u64>() - from.iter().sum::<u64>();
    let cores = |cpu: Option<f64>| cpu.map(|cpu| cpu / seconds);
    Ok(Freshness {
        events_per_s: sent as f64 / seconds,
        events: latencies.len(),
        p50_ms: percentile(&latencies, 0.5),
        p99_ms: percentile(&latencies, 0.99),
        max_ms: percentile(&latencies, 1.0),
        node_cores: cores(cpu.node),
        clickhouse_cores: cores(cpu.clickhouse),
        broker_cores: cores(cpu.broker),
    })
}

struct Watch<'a> {
    store: &'a Store,
    table: &'a TableName,
    partitions: BTreeMap<i32, Sightings>,
}

impl<'a> Watch<'a> {
    fn new(store: &'a Store, table: &'a TableName) -> Self {
        Self {
            store,
            table,
            partitions: BTreeMap::new(),
        }
    }

    /// Looks once, and says how many offsets of the partition that is furthest behind are visible.
    async fn look(&mut self) -> anyhow::Result<u64> {
        // The table's index on the offset keeps this cheap as the table grows.
        let query = format!(
            "SELECT _partition AS partition, max(_offset) AS latest FROM {} WHERE _offset >= {} \
             GROUP BY partition SETTINGS log_queries = 0",
            self.table,
            self.behind().saturating_sub(1)
        );
        let found: Vec<Latest> = match self.store.rows(&query).await {
            Ok(found) => found,
            // The table is not there yet.
            Err(StoreError::Exception { .. }) if self.partitions.is_empty() => return Ok(0),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", self.table)),
        };
        let at_ms = jiff::Timestamp::now().as_millisecond();
        for Latest { partition, latest } in found {
            let sightings = self.partitions.entry(partition).or_default();
            if sightings.last().is_none_or(|(before, _)| latest > *before) {
                sightings.push((latest, at_ms));
            }
        }
        Ok(self.behind())
    }

    fn behind(&self) -> u64 {
        let visible = |sightings: &Sightings| sightings.last().map_or(0, |(latest, _)| latest + 1);
        self.partitions.values().map(visible).min().unwrap_or(0)
    }

    /// Milliseconds from the broker's timestamp to visible, of the offsets `from..to` of each partition, sorted.
    async fn latencies(&self, from: &[u64], to: &[u64]) -> anyhow::Result<Vec<i64>> {
        let (lowest, highest) = (from.iter().min(), to.iter().max());
        let stamps: Vec<Stamp> = self
            .store
            .rows(&format!(
                "SELECT _partition AS partition, _offset AS offset, toUnixTimestamp64Milli(_timestamp) AS at_ms \
                 FROM {} WHERE _offset >= {} AND _offset < {} SETTINGS log_queries = 0",
                self.table,
                lowest.copied().unwrap_or(0),
                highest.copied().unwrap_or(0)
            ))
            .await?;
        let measured = |stamp: &&Stamp| {
            usize::try_from(stamp.partition).is_ok_and(|at| (from[at]..to[at]).contains(&stamp.offset))
        };
        let mut latencies: Vec<i64> = stamps
            .iter()
            .filter(measured)
            .filter_map(|stamp| {
                Some(seen_at(self.partitions.get(&stamp.partition)?, stamp.offset)? - stamp.at_ms)
            })
            .collect();
        latencies.sort_unstable();
        Ok(latencies)
    }
}

/// When an offset was visible first.
fn seen_at(sightings: &Sightings, offset: u64) -> Option<i64> {
    let at = sightings.partition_point(|(latest, _)| *latest < offset);
    sightings.get(at).map(|(_, at_ms)| *at_ms)
}

/// The smallest value that is not exceeded by that share of the sorted values.
fn percentile(sorted: &[i64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    let value = sorted.get(rank.saturating_sub(1).min(sorted.len().saturating_sub(1)));
    value.map_or(f64::NAN, |value| *value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_visible_with_the_first_sighting_that_reaches_it() {
        let sightings = vec![(4, 10), (9, 20)];
        assert_eq!(seen_at(&sightings, 0), Some(10));
        assert_eq!(seen_at(&sightings, 4), Some(10));
        assert_eq!(seen_at(&sightings, 5), Some(20));
        assert_eq!(seen_at(&sightings, 10), None);
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sorted: Vec<i64> = (1..=100).collect();
        assert_eq!(percentile(&sorted, 0.5), 50.0);
        assert_eq!(percentile(&sorted, 0.99), 99.0);
        assert_eq!(percentile(&sorted, 1.0), 100.0);
        assert!(percentile(&[], 0.5).is_nan());
    }
}
