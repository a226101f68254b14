//! Dead letters made into rows, under the epoch that the partition has here; see
//! [`dead_letters::retry`](crate::ingest::dead_letters::retry) for why each becomes one row at most.
//!
//! A refusal for a value in the rows does not end the epoch, as it does elsewhere: it is ClickHouse's own answer, so the insert
//! has ended, and each group looks first which rows there are.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use ractor::RpcReplyPort;
use tokio_util::sync::CancellationToken;

use super::account::{Accountant, Stop};
use super::run::{Epoch, EpochEnd, grow};
use crate::ingest::batch::{PartitionBatch, Reject, encode_block};
use crate::ingest::dead_letters::retry::{self, Letter, Retried, Retry, StillDead};
use crate::ingest::decode::RejectReason;
use crate::ingest::journal;
use crate::ingest::ownership::{Fence, OffsetSet, Settled};
use crate::ingest::source::buffer::{RawChunk, RawMessage};
use crate::ingest::writer::{Origin, insert_statement};
use crate::store::StoreError;

/// Bytes of payloads that are held at once; a letter that is larger stands alone.
const GROUP_BYTES: u64 = 4 << 20;

/// How long a retry may take; its asker waits a little longer.
const LIMIT: Duration = Duration::from_secs(5);

/// A retry, and where its result is waited for.
pub(super) type Request = (Retry, RpcReplyPort<Result<Retried, String>>);

impl Epoch<'_> {
    /// Does what is asked for, and answers. Ends the epoch when it is not known what became of an insert.
    pub(super) async fn answer_retry(
        &mut self,
        (retry, reply): Request,
        cancel: &CancellationToken,
    ) -> Result<(), EpochEnd> {
        // Who asked may have given up while the partition was settling; then they do not know that anything happens.
        if reply.is_closed() {
            return Ok(());
        }
        let begun = Instant::now();
        let is_wanted = || !reply.is_closed() && !cancel.is_cancelled() && begun.elapsed() < LIMIT;
        let result = self.retry(&retry, &is_wanted).await;
        let answer = result.as_ref().map(Retried::clone).map_err(|error| {
            format!("{error}. Whether letters have become rows is not known; asking again does no harm")
        });
        // As above.
        let _ = reply.send(answer);
        result.map(|_| ())
    }

    /// Goes on from group to group as long as that `is_wanted`: meanwhile the partition reads nothing.
    async fn retry(
        &mut self,
        asked: &Retry,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Retried, EpochEnd> {
        let (store, target, partition) = (&self.context.store, &self.context.target, self.context.partition);
        let mut retried = Retried::default();
        let (stream, generation) = (&target.stream, target.generation);
        let positions = journal::positions(store, stream, generation, &[partition]).await?;
        let journaled = positions
            .get(&partition)
            .and_then(|position| position.next)
            .unwrap_or(0);
        let (known, fresh): (Vec<u64>, Vec<u64>) =
            asked.offsets.iter().partition(|offset| **offset < journaled);
        retried.failed.extend(fresh.into_iter().map(not_journaled));
        let sizes = retry::sizes(store, target, partition, &known).await?;
        let found: BTreeSet<u64> = sizes.iter().map(|(offset, _)| *offset).collect();
        let missing = known.into_iter().filter(|offset| !found.contains(offset));
        retried.failed.extend(missing.map(no_letter));
        if found.is_empty() {
            return Ok(retried);
        }
        let mut written = BTreeSet::new();
        // A table that was changed by hand is the likeliest reason for trying again.
        self.context.schema.reread().await?;
        // Rows that ClickHouse refuses for a value stand alone in the end, as in `suspicion`.
        let mut groups = groups(&sizes);
        while let Some(offsets) = groups.pop_front() {
            if !is_wanted() {
                retried.failed.extend(offsets.into_iter().map(not_tried));
                continue;
            }
            let mut group = retry::letters(store, target, partition, &offsets).await?;
            if let (Some(payload), [letter]) = (&asked.payload, &mut group[..]) {
                letter.payload = payload.clone().into_bytes().into();
            }
            match self.retry_group(&group, &mut written, &mut retried).await? {
                Group::Done => {}
                Group::Refused(error) if offsets.len() == 1 => {
                    let refused = RejectReason::Refused(error);
                    retried.failed.push(still_dead(offsets[0], &refused));
                }
                Group::Refused(_) => {
                    let (first, second) = offsets.split_at(offsets.len() / 2);
                    groups.extend([first.to_vec(), second.to_vec()]);
                }
            }
        }
        let now = written.len() as u64;
        retried.rows = now;
        self.context.status.partition(partition, |status| {
            status.rows += now;
            status.dead = status.dead.saturating_sub(now);
        });
        self.context
            .metrics
            .retried
            .get_or_create(&self.labels)
            .inc_by(now);
        Ok(retried)
    }

    /// Writes those of `group` that have no row yet and fit; notes in `written` what was written and in `retried` what
    /// was there or does not fit.
    async fn retry_group(
        &mut self,
        group: &[Letter],
        written: &mut BTreeSet<u64>,
        retried: &mut Retried,
    ) -> Result<Group, EpochEnd> {
        let context = self.context;
        let (store, target, partition) = (&context.store, &context.target, context.partition);
        let offsets: Vec<u64> = group.iter().map(|letter| letter.offset).collect();
        let there = retry::rows_among(store, target, partition, &offsets).await?;
        let batches = self.decode_letters(group, &there).await?;
        for batch in batches.iter().filter(|batch| !batch.offsets.is_empty()) {
            match self.insert_retried(batch).await {
                Ok(()) => written.extend(&batch.offsets),
                Err(error) if error.is_caused_by_data() => return Ok(Group::Refused(error.to_string())),
                Err(error) => return Err(error.into()),
            }
        }
        // Only now: a group that was refused is tried again, and would be counted again.
        retried.before += there.difference(written).count() as u64;
        let rejects = batches.iter().flat_map(|batch| &batch.rejects);
        let still = rejects.map(|Reject { offset, reason, .. }| still_dead(*offset, reason));
        retried.failed.extend(still);
        Ok(Group::Done)
    }

    async fn decode_letters(
        &mut self,
        group: &[Letter],
        there: &BTreeSet<u64>,
    ) -> Result<VecDeque<PartitionBatch>, EpochEnd> {
        let mut chunk = RawChunk::default();
        for letter in group {
            chunk.push(RawMessage {
                offset: letter.offset,
                timestamp_ms: letter.timestamp_ms,
                key: None,
                payload: Some(&letter.payload),
            });
        }
        let settled = Settled {
            rows: OffsetSet::new(there.iter().map(|offset| (*offset, *offset)).collect()),
            ..Settled::default()
        };
        let first = group.first().map_or(0, |letter| letter.offset);
        let schema = self.context.schema.current().await;
        // Its account of offsets is of no interest here: the journal has them as what they were.
        let mut accountant =
            Accountant::new(schema, settled, first, usize::MAX).suspect(HashMap::new(), true);
        let mut batches = VecDeque::new();
        let (mut from, mut settle_first) = (0, false);
        while let Err(stop) = accountant.take(&chunk, from, settle_first, &mut batches) {
            (from, settle_first) = match stop {
                Stop::Full(number) => (number, false),
                Stop::NeedsSchema(number) => {
                    let grown = grow(self.context, &self.labels, &mut accountant, &chunk, number).await?;
                    (number, grown.is_break())
                }
            };
        }
        Ok(batches)
    }

    async fn insert_retried(&self, batch: &PartitionBatch) -> Result<(), StoreError> {
        let context = self.context;
        retry::add_column(&context.store, &context.target.table).await?;
        let (partition, epoch) = (context.partition, self.slot.epoch);
        let fence = Fence::new(&context.target, &context.node, vec![(partition, epoch)]);
        let statement = insert_statement(
            &context.target,
            &batch.columns.schema,
            &fence,
            Origin::DeadLetters,
        );
        let block = encode_block(&[(partition, batch)]);
        context
            .store
            .insert(statement, &fence.query_id("retry"), block)
            .await
    }
}

/// How the insert of some letters went.
enum Group {
    /// Each is a row, or is known not to fit.
    Done,
    /// ClickHouse refused them for a value in some of them.
    Refused(String),
}

/// Offsets of letters, with the bytes of their payloads, in groups of which each is held in memory at once.
fn groups(sizes: &[(u64, u64)]) -> VecDeque<Vec<u64>> {
    let mut groups: VecDeque<Vec<u64>> = VecDeque::new();
    let mut room = 0;
    for (offset, bytes) in sizes {
        match groups.back_mut() {
            Some(group) if *bytes <= room => {
                group.push(*offset);
                room -= bytes;
            }
            _ => {
                groups.push_back(vec![*offset]);
                room = GROUP_BYTES.saturating_sub(*bytes);
            }
        }
    }
    groups
}

fn still_dead(offset: u64, reason: &RejectReason) -> StillDead {
    StillDead {
        offset,
        reason: reason.code().to_owned(),
        detail: reason.to_string(),
    }
}

fn not_journaled(offset: u64) -> StillDead {
    StillDead {
        offset,
        reason: "too_fresh".to_owned(),
        detail: "the letter has only just come; it can be tried again in a second".to_owned(),
    }
}

fn not_tried(offset: u64) -> StillDead {
    StillDead {
        offset,
        reason: "not_tried".to_owned(),
        detail: "there was no time for it; it can be tried again".to_owned(),
    }
}

fn no_letter(offset: u64) -> StillDead {
    StillDead {
        offset,
        reason: "no_letter".to_owned(),
        detail: "there is no dead letter at this offset".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_every_letter_once_and_little_at_a_time() {
        let sizes = [
            (1, 10),
            (2, GROUP_BYTES - 10),
            (3, 1),
            (5, 2 * GROUP_BYTES),
            (9, 0),
            (12, 7),
        ];
        assert_eq!(groups(&sizes), [vec![1, 2], vec![3], vec![5, 9], vec![12]]);
        assert!(groups(&[]).is_empty());
    }
}
