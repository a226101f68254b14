//! What has to hold of the tables, counted without Aurora's help.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use crate::clickhouse::ClickHouse;
use crate::load::{Load, Malformed, Produced};
use crate::node::stream_id;

/// Milliseconds from 1970 to the first event of a load.
const FIRST_EVENT_MS: u64 = 1_767_225_600_000;

/// What is summed up over the rows of a partition.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Sums {
    rows: u64,
    distinct_offsets: u64,
    event_ids: u64,
    /// Exclusive or, of 64 well-mixed bits of every event: another set of events has another one.
    sessions: u64,
    users: u64,
    cents: u64,
    milliseconds: u64,
    /// Rows whose event was produced to another partition or offset.
    misplaced: u64,
}

/// Requires that `table` and the dead letters hold `loads` exactly: every good event once and unchanged, with
/// the partition and offset it was produced to, and every malformed one once as a dead letter, with its reason
/// and its bytes.
///
/// The loads are all that is in the topic, from offset 0 on, one continuing the other.
pub async fn require_exactly_once(
    clickhouse: &ClickHouse,
    table: &str,
    loads: &[Load],
    produced: &Produced,
) -> Result<()> {
    let load = loads.first().context("there is no load to look for")?;
    let stream = stream_id(&load.topic);
    let found = sums_found(clickhouse, table, u64::try_from(load.partitions)?).await?;
    ensure!(
        found == sums_produced(loads),
        "the rows differ from what was produced:\nfound    {found:#?}\nproduced {:#?}",
        sums_produced(loads)
    );
    let dead = dead_letters(clickhouse, &stream).await?;
    let expected = expected_dead_letters(loads);
    ensure!(
        dead.len() == expected.len(),
        "{} dead letters instead of {}",
        dead.len(),
        expected.len()
    );
    for (found, expected) in dead.iter().zip(&expected) {
        ensure!(
            found == expected,
            "a dead letter is {:.200} instead of {:.200}",
            format!("{found:?}"),
            format!("{expected:?}")
        );
    }
    require_counts(&found, &dead, produced)
}

/// Rows and dead letters are the messages, partition by partition; dead letters are what was malformed, reason
/// by reason.
fn require_counts(rows: &BTreeMap<u64, Sums>, dead: &[DeadLetter], produced: &Produced) -> Result<()> {
    let mut by_reason: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for letter in dead {
        let counts = by_reason
            .entry(&letter.reason)
            .or_insert_with(|| vec![0; produced.per_partition.len()]);
        counts[usize::try_from(letter.partition)?] += 1;
    }
    let malformed: BTreeMap<&str, Vec<u64>> = produced
        .malformed
        .iter()
        .map(|(kind, counts)| (reason(*kind), counts.clone()))
        .collect();
    ensure!(
        by_reason == malformed,
        "dead letters are {by_reason:?}, malformed were {malformed:?}"
    );
    for (partition, messages) in (0..).zip(&produced.per_partition) {
        let rows = rows.get(&partition).map_or(0, |sums| sums.rows);
        let dead = dead.iter().filter(|letter| letter.partition == partition).count() as u64;
        ensure!(
            rows + dead == *messages,
            "partition {partition}: {rows} rows and {dead} dead letters of {messages} messages"
        );
    }
    Ok(())
}

/// Rows and dead letters that have landed past the end of the journal: none, after an orderly end.
pub async fn landed_past_journal(clickhouse: &ClickHouse, table: &str, stream: &str) -> Result<u64> {
    let query = format!(
        "SELECT count() FROM (
            SELECT _partition AS partition, _offset AS offset, _generation AS generation FROM {table}
            UNION ALL
            SELECT partition, offset, generation FROM aurora.dead_letters WHERE stream = '{stream}'
         ) AS landed LEFT JOIN (
            SELECT partition, generation, max(last) + 1 AS next FROM aurora.journal WHERE stream = '{stream}'
            GROUP BY partition, generation
         ) AS journal USING (partition, generation) WHERE offset >= next"
    );
    clickhouse.number(&query).await
}

async fn sums_found(clickhouse: &ClickHouse, table: &str, partitions: u64) -> Result<BTreeMap<u64, Sums>> {
    let query = format!(
        "SELECT _partition, count(), uniqExact(_partition, _offset), sum(assumeNotNull(event_id)),
            groupBitXor(reinterpretAsUInt64(reverse(unhex(assumeNotNull(session))))), sum(assumeNotNull(user_id)),
            sum(toUInt64(round(assumeNotNull(price) * 100))),
            sum(toUnixTimestamp64Milli(assumeNotNull(ts)) - {FIRST_EVENT_MS}),
            countIf(assumeNotNull(event_id) % {partitions} != _partition
                OR intDiv(assumeNotNull(event_id), {partitions}) != _offset)
         FROM {table} GROUP BY _partition"
    );
    let mut found = BTreeMap::new();
    for line in clickhouse.lines(&query).await? {
        let numbers: Result<Vec<u64>, _> = line.split('\t').map(str::parse).collect();
        let numbers = numbers.with_context(|| format!("these are no numbers: {line}"))?;
        let [
            partition,
            rows,
            distinct_offsets,
            event_ids,
            sessions,
            users,
            cents,
            milliseconds,
            misplaced,
        ] = numbers[..]
        else {
            anyhow::bail!("these are not 9 numbers: {line}");
        };
        let sums = Sums {
            rows,
            distinct_offsets,
            event_ids,
            sessions,
            users,
            cents,
            milliseconds,
            misplaced,
        };
        found.insert(partition, sums);
    }
    Ok(found)
}

fn sums_produced(loads: &[Load]) -> BTreeMap<u64, Sums> {
    let mut produced: BTreeMap<u64, Sums> = BTreeMap::new();
    for (load, k) in numbers(loads) {
        if load.malformed(k).is_some() {
            continue;
        }
        let event = load.event(k);
        let sums = produced.entry(k % load.partitions as u64).or_default();
        sums.rows += 1;
        sums.distinct_offsets += 1;
        sums.event_ids += k;
        sums.sessions ^= event.session;
        sums.users += u64::from(event.user_id);
        sums.cents += u64::from(event.price_cents);
        sums.milliseconds += event.ts_ms;
    }
    produced
}

fn numbers(loads: &[Load]) -> impl Iterator<Item = (&Load, u64)> {
    let of_load = |load: &Load| load.first..load.first + load.events;
    loads
        .iter()
        .flat_map(move |load| of_load(load).map(move |k| (load, k)))
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct DeadLetter {
    partition: u64,
    offset: u64,
    reason: String,
    /// In hexadecimal digits.
    payload: String,
}

async fn dead_letters(clickhouse: &ClickHouse, stream: &str) -> Result<Vec<DeadLetter>> {
    let query = format!(
        "SELECT partition, offset, reason, hex(payload) FROM aurora.dead_letters WHERE stream = '{stream}'
         ORDER BY partition, offset"
    );
    let lines = clickhouse.lines(&query).await?;
    let letter = |line: &String| {
        let mut parts = line.split('\t').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Ok(DeadLetter {
            partition: next().parse()?,
            offset: next().parse()?,
            reason: next(),
            payload: next(),
        })
    };
    lines.iter().map(letter).collect()
}

fn expected_dead_letters(loads: &[Load]) -> Vec<DeadLetter> {
    let mut letters = Vec::new();
    for (load, k) in numbers(loads) {
        let Some(kind) = load.malformed(k) else { continue };
        let mut payload = Vec::new();
        load.write_payload(k, &mut payload);
        letters.push(DeadLetter {
            partition: k % load.partitions as u64,
            offset: k / load.partitions as u64,
            reason: reason(kind).to_owned(),
            payload: hex(&payload),
        });
    }
    letters.sort();
    letters
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// The reason that Aurora has to give.
fn reason(kind: Malformed) -> &'static str {
    match kind {
        Malformed::BrokenJson => "invalid_json",
        Malformed::InvalidUtf8 => "invalid_utf8",
        Malformed::WrongType => "wrong_type",
        Malformed::Empty => "empty",
        Malformed::DeepNesting => "too_deep",
        Malformed::Oversized => "too_large",
    }
}
