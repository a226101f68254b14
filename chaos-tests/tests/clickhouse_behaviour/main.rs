//! What the delivery protocol needs of ClickHouse, each behaviour by itself, against a real one: an upgrade that
//! breaks one is noticed here. The table is in `docs/exactly-once.md`.
//!
//! | module | behaviours |
//! |---|---|
//! | `tokens` | deduplication tokens as a compare-and-set |
//! | `fence` | when the fence is evaluated, and what it does |
//! | `kill` | what `KILL QUERY … SYNC` has done when it returns |
//! | `clients` | clients that vanish, stall or dribble |
//! | `crash` | what `kill -9` of the server leaves |

mod clients;
mod crash;
mod fence;
mod kill;
mod tokens;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use aurora_actors::ingest::ownership::takeover::Taker;
use aurora_actors::ingest::ownership::{Fence, OffsetSet, Settled, StreamTarget};
use aurora_actors::store::sql::TableName;
use aurora_actors::store::{Store, system};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::raw_insert::RawInsert;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_cluster::{Epoch, NodeId, Partition};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The columns of an insert's data, as `input()` is told.
const SHAPE: [(&str, &str); 4] = [
    ("_partition", "Int32"),
    ("_offset", "UInt64"),
    ("_timestamp", "DateTime64(3, 'UTC')"),
    ("payload", "String"),
];

/// Rows of a block of which a half is more than ClickHouse reads of a body (`max_query_size`, 256 KiB) before it
/// does anything about the insert: with less, it would be neither in the process list nor at its fence.
const BLOCK_ROWS: u64 = 12_000;
const READ_AHEAD_BYTES: usize = 256 << 10;

/// 2020-01-01, in milliseconds.
const FIRST_MONTH_MS: i64 = 1_577_836_800_000;
/// No month is longer, so each step of so much leads to another month.
const MONTH_MS: i64 = 31 * 86_400_000;

/// Aurora's own tables and a table of events in a ClickHouse, and one node that uses them.
struct Bench {
    clickhouse: ClickHouse,
    store: Store,
    target: StreamTarget,
    node: NodeId,
}

impl Bench {
    async fn start(sandbox: &Sandbox) -> Result<Self> {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let store = Store::new(clickhouse.writer());
        system::create(&store, "events").await?;
        let target = StreamTarget {
            stream: "test:behaviour".parse()?,
            generation: 1,
            table: TableName::for_topic("events", "behaviour"),
        };
        // As Aurora makes the tables of its streams, as far as this matters here.
        let create = format!(
            "CREATE TABLE {} (_partition Int32, _offset UInt64, _generation UInt32, _timestamp DateTime64(3, 'UTC'),
                payload String) ENGINE = MergeTree PARTITION BY toYYYYMM(_timestamp) ORDER BY (_partition, _offset)",
            target.table
        );
        store.execute(&create).await?;
        Ok(Self {
            clickhouse,
            store,
            target,
            node: "n1".parse()?,
        })
    }

    fn taker(&self, node: &NodeId) -> Taker {
        Taker {
            store: self.store.clone(),
            target: self.target.clone(),
            node: node.clone(),
        }
    }

    async fn acquire(&self, partition: Partition) -> Result<Epoch> {
        let epochs = self.taker(&self.node).acquire(&[(partition, None)]).await?;
        Ok(epochs[&partition])
    }

    /// Takes the partition over once ClickHouse answers: a connection that is reset at the wrong moment ends the
    /// embedded one (libchdb), which comes back by itself.
    async fn take_over_after_a_reset(&self, partition: Partition) -> Result<Settled> {
        eventually("ClickHouse to settle", PATIENCE, async || {
            self.take_over(partition).await.map(Some)
        })
        .await
    }

    /// Takes the next epoch of a partition and settles under it.
    async fn take_over(&self, partition: Partition) -> Result<Settled> {
        let epoch = self.acquire(partition).await?;
        let mut settled = self
            .taker(&self.node)
            .settle(&BTreeMap::from([(partition, epoch)]))
            .await?;
        Ok(settled.remove(&partition).unwrap_or_default())
    }

    fn fence(&self, epochs: &[(Partition, Epoch)]) -> Fence {
        Fence::new(&self.target, &self.node, epochs.to_vec())
    }

    /// An insert of [`SHAPE`] under a condition, as the stream's writer makes it.
    fn statement(&self, condition: &str) -> String {
        let columns = SHAPE.map(|(name, _)| name).join(", ");
        let structure = SHAPE.map(|(name, kind)| format!("{name} {kind}")).join(", ");
        format!(
            "INSERT INTO {} ({columns}, _generation) SELECT {columns}, toUInt32({}) FROM input('{}') \
             WHERE {condition} FORMAT Native",
            self.target.table,
            self.target.generation,
            structure.replace('\'', "\\'"),
        )
    }

    /// Begins an insert under a fence; its body is the caller's to send.
    async fn begin(&self, fence: &Fence, query_id: &str, settings: &[(&str, &str)]) -> Result<RawInsert> {
        let statement = self.statement(&fence.condition());
        RawInsert::start(self.clickhouse.writer(), &statement, query_id, settings).await
    }

    /// How many rows there are.
    async fn rows(&self) -> Result<u64> {
        let query = format!("SELECT count() FROM {}", self.target.table);
        self.clickhouse.number(&query).await
    }

    /// Whether a query of this id is in the process list.
    async fn is_listed(&self, query_id: &str) -> Result<bool> {
        let query = format!("SELECT count() FROM system.processes WHERE query_id = '{query_id}'");
        Ok(self.clickhouse.number(&query).await? > 0)
    }

    async fn until_listed(&self, query_id: &str) -> Result<()> {
        let what = format!("{query_id} in the process list");
        eventually(&what, PATIENCE, async || self.is_listed(query_id).await).await
    }

    async fn until_gone(&self, query_id: &str) -> Result<()> {
        let what = format!("{query_id} to be gone from the process list");
        eventually(&what, PATIENCE, async || {
            self.is_listed(query_id).await.map(|listed| !listed)
        })
        .await
    }

    /// Waits until an insert has read its fence's rows and waits for its body.
    async fn until_past_its_fence(&self, query_id: &str) -> Result<()> {
        let query = format!("SELECT max(read_rows) FROM system.processes WHERE query_id = '{query_id}'");
        eventually("the fence to be evaluated", PATIENCE, async || {
            self.clickhouse.number(&query).await.map(|rows| rows > 0)
        })
        .await
    }
}

/// Rows of one partition with successive offsets.
#[derive(Debug, Clone, Copy)]
struct Rows {
    partition: Partition,
    first: u64,
    count: u64,
    /// Over how many months they are spread, evenly and in order.
    months: u64,
}

impl Rows {
    fn new(partition: Partition, first: u64, count: u64) -> Self {
        Self {
            partition,
            first,
            count,
            months: 1,
        }
    }

    /// The block in two halves, of which the first brings ClickHouse to work and to wait for the second.
    fn cut_block(&self) -> (Vec<u8>, Vec<u8>) {
        let mut block = self.block();
        let rest = block.split_off(block.len() / 2);
        assert!(
            block.len() > 2 * READ_AHEAD_BYTES && rest.len() > 1,
            "the block is too short"
        );
        (block, rest)
    }

    /// One block in ClickHouse's Native format, about 100 bytes a row.
    fn block(&self) -> Vec<u8> {
        let mut block = Vec::new();
        push_length(&mut block, SHAPE.len() as u64);
        push_length(&mut block, self.count);
        for (name, kind) in SHAPE {
            push_text(&mut block, name);
            push_text(&mut block, kind);
            for row in 0..self.count {
                match name {
                    "_partition" => block.extend(self.partition.to_le_bytes()),
                    "_offset" => block.extend((self.first + row).to_le_bytes()),
                    "_timestamp" => {
                        let month = i64::try_from(row * self.months / self.count).unwrap_or_default();
                        block.extend((FIRST_MONTH_MS + month * MONTH_MS).to_le_bytes());
                    }
                    _ => push_text(&mut block, &"x".repeat(80)),
                }
            }
        }
        block
    }
}

fn push_text(block: &mut Vec<u8>, text: &str) {
    push_length(block, text.len() as u64);
    block.extend_from_slice(text.as_bytes());
}

/// Seven bits a byte, lowest first.
fn push_length(block: &mut Vec<u8>, mut length: u64) {
    while length >= 0x80 {
        block.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    block.push(length as u8);
}

/// How many offsets a set holds.
fn size(set: &OffsetSet) -> u64 {
    set.count_within(0, u64::MAX)
}
