//! Taking partitions over: the next epoch by compare-and-set, then settling, for many at a time.
//!
//! A node that dies leaves hundreds of partitions to others at one moment. What is asked for within
//! a few milliseconds is taken together: one question for all highest epochs, one insert a partition
//! (the deduplication token is an insert's), one `KILL`, and a few questions about what has landed.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aurora_cluster::{Epoch, NodeId, Partition};
use clickhouse::Row;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use super::{OffsetSet, Settled, StreamTarget, insert_prefix};
use crate::ingest::dead_letters::retry;
use crate::ingest::journal;
use crate::store::sql::literal;
use crate::store::{Store, StoreError};

/// How long to wait for more partitions to take along.
const GATHERING: Duration = Duration::from_millis(5);
/// Most partitions taken together.
const BATCH: usize = 1_024;
/// Claims on their way at once.
const CONCURRENT_CLAIMS: usize = 16;
/// Partitions whose rows one query looks for: each is a range in its condition.
const LOOKED_FOR_TOGETHER: usize = 64;

/// A partition that is ours, and what earlier epochs left of it.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Our epoch.
    pub epoch: Epoch,
    /// What is in the tables past the journal.
    pub settled: Settled,
}

/// Why a partition was not taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotTaken {
    /// ClickHouse was away or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another node was faster: the partition's highest epoch is not the one that the plan was made on.
    #[error("another node was faster")]
    Outrun,
}

/// A partition to be taken, and the epoch that it is to be taken from: that which was the highest when it
/// was decided to take it, 0 for none. `None` takes it from whoever has it.
pub type Wanted = (Partition, Option<Epoch>);

type Answer = Result<Taken, NotTaken>;
type Request = (Partition, Option<Epoch>, oneshot::Sender<Answer>);

/// Takes partitions of one stream over, for pipelines that ask for one each.
#[derive(Debug, Clone)]
pub struct Takeovers {
    requests: mpsc::UnboundedSender<Request>,
}

impl Takeovers {
    /// Begins to take requests for partitions of `target`, in the name of `node`. Ends when the last
    /// clone of it goes.
    pub fn start(store: Store, target: StreamTarget, node: NodeId) -> Self {
        let (requests, mut queue) = mpsc::unbounded_channel::<Request>();
        tokio::spawn(async move {
            let taker = Taker { store, target, node };
            while let Some(first) = queue.recv().await {
                tokio::time::sleep(GATHERING).await;
                let mut asked = HashMap::new();
                let mut next = Some(first);
                while let Some((partition, after, answer)) = next {
                    asked.insert(partition, (after, answer));
                    next = (asked.len() < BATCH).then(|| queue.try_recv().ok()).flatten();
                }
                let wanted: Vec<Wanted> = asked
                    .iter()
                    .map(|(partition, (after, _))| (*partition, *after))
                    .collect();
                let taken = taker.take(&wanted).await;
                for (partition, (_, answer)) in asked {
                    let outcome = match &taken {
                        Ok(taken) => taken.get(&partition).cloned().ok_or(NotTaken::Outrun),
                        Err(error) => Err(error.clone().into()),
                    };
                    // Who asked may have been told to stop meanwhile.
                    let _ = answer.send(outcome);
                }
            }
        });
        Self { requests }
    }

    /// Takes `partition` over and settles it; see [`Wanted`].
    pub async fn take(&self, partition: Partition, after: Option<Epoch>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let gone = || StoreError::Answer("the takeover was given up".to_owned());
        self.requests
            .send((partition, after, answer))
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// Takes partitions of one stream over, in one go.
#[derive(Debug, Clone)]
pub struct Taker {
    /// ClickHouse.
    pub store: Store,
    /// The stream.
    pub target: StreamTarget,
    /// In whose name.
    pub node: NodeId,
}

#[derive(Row, Deserialize)]
struct Claims {
    partition: Partition,
    rows: u64,
    claim: String,
}

#[derive(Row, Deserialize)]
struct LandedRange {
    partition: Partition,
    first: u64,
    last: u64,
}

impl Taker {
    async fn take(&self, wanted: &[Wanted]) -> Result<BTreeMap<Partition, Taken>, StoreError> {
        let epochs = self.acquire(wanted).await?;
        if epochs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let settled = self.settle(&epochs).await?;
        Ok(settled
            .into_iter()
            .map(|(partition, settled)| {
                let epoch = epochs[&partition];
                (partition, Taken { epoch, settled })
            })
            .collect())
    }

    /// The condition for the rows of this stream and generation in Aurora's own tables.
    fn of_stream(&self) -> String {
        format!(
            "stream = {} AND generation = {}",
            literal(&self.target.stream.to_string()),
            self.target.generation
        )
    }

    /// Makes the next epoch of each partition ours. Those that another node has taken since it was decided to
    /// take them are left out.
    pub async fn acquire(&self, wanted: &[Wanted]) -> Result<BTreeMap<Partition, Epoch>, StoreError> {
        let mut ours = BTreeMap::new();
        let mut wanted = wanted.to_vec();
        // A crash of ClickHouse can leave a token whose row is lost, and then that epoch is nobody's for ever: the
        // one after it is tried.
        let mut tried: HashMap<Partition, Epoch> = HashMap::new();
        while !wanted.is_empty() {
            let highest = self.highest_epochs(&wanted).await?;
            let highest = |partition: &Partition| highest.get(partition).copied().unwrap_or(0);
            wanted.retain(|(partition, after)| after.is_none_or(|after| highest(partition) == after));
            if wanted.is_empty() {
                break;
            }
            for (partition, _) in &wanted {
                let tried = tried.entry(*partition).or_default();
                *tried = highest(partition).max(*tried) + 1;
            }
            // Collected first: a closure in the stream would borrow for longer than the compiler can see.
            let attempts: Vec<_> = wanted
                .iter()
                .map(|(partition, _)| self.claim(*partition, tried[partition]))
                .collect();
            let claims: Vec<(Partition, Epoch, String)> = stream::iter(attempts)
                .buffer_unordered(CONCURRENT_CLAIMS)
                .try_collect()
                .await?;
            let stands = self.standing_claims(&claims).await?;
            for (partition, epoch, claim) in &claims {
                // Two rows mean that ClickHouse forgot the token; then nobody new may trust the epoch.
                if stands
                    .get(partition)
                    .is_some_and(|standing| standing.rows == 1 && standing.claim == *claim)
                {
                    ours.insert(*partition, *epoch);
                }
            }
            wanted.retain(|(partition, _)| !ours.contains_key(partition));
        }
        Ok(ours)
    }

    async fn highest_epochs(&self, wanted: &[Wanted]) -> Result<HashMap<Partition, Epoch>, StoreError> {
        let partitions: Vec<Partition> = wanted.iter().map(|(partition, _)| *partition).collect();
        let highest = self
            .store
            .rows::<(Partition, Epoch)>(&format!(
                "SELECT partition, max(epoch) AS epoch FROM aurora.owners WHERE {} AND partition IN ({}) GROUP BY partition",
                self.of_stream(),
                list(&partitions)
            ))
            .await?;
        Ok(highest.into_iter().collect())
    }

    /// Claims an epoch. The first claim under its token stays; later ones are dropped.
    async fn claim(
        &self,
        partition: Partition,
        epoch: Epoch,
    ) -> Result<(Partition, Epoch, String), StoreError> {
        // A claim of its own for every try: what a try left behind unseen must not look like ours.
        let claim = uuid::Uuid::new_v4().to_string();
        let StreamTarget {
            stream, generation, ..
        } = &self.target;
        let token = format!("own/{stream}/{generation}/{partition}/{epoch}");
        self.store
            .execute(&format!(
                "INSERT INTO aurora.owners (stream, generation, partition, epoch, claim, node, at) \
                 SETTINGS async_insert = 0, insert_deduplicate = 1, insert_deduplication_token = {} \
                 VALUES ({}, {generation}, {partition}, {epoch}, '{claim}', {}, now64(3))",
                literal(&token),
                literal(&stream.to_string()),
                literal(self.node.as_str()),
            ))
            .await?;
        Ok((partition, epoch, claim))
    }

    async fn standing_claims(
        &self,
        claims: &[(Partition, Epoch, String)],
    ) -> Result<HashMap<Partition, Claims>, StoreError> {
        let pairs: Vec<String> = claims
            .iter()
            .map(|(partition, epoch, _)| format!("({partition},{epoch})"))
            .collect();
        let standing: Vec<Claims> = self
            .store
            .rows(&format!(
                "SELECT partition, count() AS rows, any(claim) AS claim FROM aurora.owners \
                 WHERE {} AND (partition, epoch) IN ({}) GROUP BY partition",
                self.of_stream(),
                pairs.join(",")
            ))
            .await?;
        Ok(standing
            .into_iter()
            .map(|claims| (claims.partition, claims))
            .collect())
    }

    /// Ends what earlier epochs may still be writing, then says what they have written. Only valid
    /// under epochs that were acquired just before.
    pub async fn settle(
        &self,
        epochs: &BTreeMap<Partition, Epoch>,
    ) -> Result<BTreeMap<Partition, Settled>, StoreError> {
        self.end_inserts_before(epochs).await?;
        let partitions: Vec<Partition> = epochs.keys().copied().collect();
        let mut settled: BTreeMap<Partition, Settled> = BTreeMap::new();
        let mut positions = journal::positions(
            &self.store,
            &self.target.stream,
            self.target.generation,
            &partitions,
        )
        .await?;
        let retried = retry::counts(&self.store, &self.target).await?;
        for partition in &partitions {
            let position = positions.remove(partition).unwrap_or_default();
            settled.insert(
                *partition,
                Settled {
                    position,
                    retried: retried.get(partition).copied().unwrap_or(0),
                    ..Settled::default()
                },
            );
        }
        for some in partitions.chunks(LOOKED_FOR_TOGETHER) {
            let past = |partition_column: &str, offset_column: &str| {
                let ranges: Vec<String> = some
                    .iter()
                    .map(|partition| {
                        let from = settled[partition].position.next.unwrap_or(0);
                        format!("({partition_column} = {partition} AND {offset_column} >= {from})")
                    })
                    .collect();
                ranges.join(" OR ")
            };
            let rows = format!(
                "SELECT _partition AS partition, _offset AS o FROM {} WHERE _generation = {} AND ({})",
                self.target.table,
                self.target.generation,
                past("_partition", "_offset")
            );
            let dead = format!(
                "SELECT partition, offset AS o FROM aurora.dead_letters WHERE {} AND ({})",
                self.of_stream(),
                past("partition", "offset")
            );
            let (rows, dead) = (self.landed(&rows).await?, self.landed(&dead).await?);
            for (partition, offsets) in rows {
                settled.entry(partition).or_default().rows = offsets;
            }
            for (partition, offsets) in dead {
                settled.entry(partition).or_default().dead = offsets;
            }
        }
        Ok(settled)
    }

    /// Only inserts that carry one of these partitions under a lower epoch: others are none of our
    /// business, and ending them would make their owners settle in turn.
    pub async fn end_inserts_before(&self, epochs: &BTreeMap<Partition, Epoch>) -> Result<(), StoreError> {
        let partitions: Vec<Partition> = epochs.keys().copied().collect();
        let lowest: Vec<String> = epochs.values().map(Epoch::to_string).collect();
        let prefix = insert_prefix(&self.target.stream, self.target.generation);
        self.store
            .execute(&format!(
                "KILL QUERY WHERE startsWith(query_id, {}) AND arrayExists(carried -> toUInt64(carried[2]) < \
                 transform(toInt32(carried[1]), [{}]::Array(Int32), [{}]::Array(UInt64), 0::UInt64), \
                 extractAllGroupsVertical(query_id, 'p([0-9]+)e([0-9]+),')) SYNC",
                literal(&prefix),
                list(&partitions),
                lowest.join(",")
            ))
            .await
    }

    /// The offsets `o` that `query` finds, by partition, runs of neighbours folded into ranges by the
    /// database.
    async fn landed(&self, query: &str) -> Result<HashMap<Partition, OffsetSet>, StoreError> {
        let ranges: Vec<LandedRange> = self
            .store
            .rows(&format!(
                "SELECT partition, min(o) AS first, max(o) AS last FROM (SELECT partition, o, \
                 o - row_number() OVER (PARTITION BY partition ORDER BY o) AS run FROM ({query})) GROUP BY partition, run"
            ))
            .await?;
        let mut landed: HashMap<Partition, Vec<(u64, u64)>> = HashMap::new();
        for range in ranges {
            landed
                .entry(range.partition)
                .or_default()
                .push((range.first, range.last));
        }
        Ok(landed
            .into_iter()
            .map(|(partition, ranges)| (partition, OffsetSet::new(ranges)))
            .collect())
    }
}

fn list(partitions: &[Partition]) -> String {
    partitions
        .iter()
        .map(Partition::to_string)
        .collect::<Vec<_>>()
        .join(",")
}
