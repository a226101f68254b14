//! What every offset becomes: the pure part of a pipeline.
//!
//! The [`Accountant`] turns messages into batches such that each offset from where it starts is
//! accounted for once: a row, a dead letter, a skip, an offset that does not exist, or one that an
//! earlier epoch has landed already.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::super::batch::{PartitionBatch, Reject};
use super::super::decode::{Decoded, Decoder, RejectReason, Unfit};
use super::super::journal::Range;
use super::super::ownership::Settled;
use super::super::schema::TableSchema;
use super::super::source::buffer::{RawChunk, RawMessage};

/// Decodes one partition in one epoch.
pub(super) struct Accountant {
    decoder: Decoder,
    settled: Settled,
    /// The next offset to account for.
    next: u64,
    /// Rows that ClickHouse has refused, by offset.
    refused: HashMap<u64, String>,
    /// Whether batches are to stand alone, and how many rows one may have then.
    suspect: bool,
    max_rows: usize,
}

/// Why a chunk was not taken to its end. The number is that of the message to go on with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The batch is full.
    Full(usize),
    /// The message needs another schema.
    NeedsSchema(usize),
}

impl Accountant {
    pub(super) fn new(schema: Arc<TableSchema>, settled: Settled, start: u64, max_rows: usize) -> Self {
        let decoder = Decoder::new(schema);
        Self {
            decoder,
            settled,
            next: start,
            refused: HashMap::new(),
            suspect: false,
            max_rows,
        }
    }

    /// Treats rows with suspicion: batches stand alone, and `refused` rows are dead letters.
    pub(super) fn suspect(mut self, refused: HashMap<u64, String>, suspect: bool) -> Self {
        self.refused = refused;
        self.suspect = suspect;
        self
    }

    pub(super) fn schema(&self) -> &Arc<TableSchema> {
        self.decoder.schema()
    }

    pub(super) fn set_schema(&mut self, schema: Arc<TableSchema>) {
        self.decoder = Decoder::new(schema);
    }

    pub(super) fn set_max_rows(&mut self, max_rows: usize, suspect: bool) {
        self.max_rows = max_rows;
        self.suspect = suspect;
    }

    /// A range for the offsets before `low`, which Kafka has deleted: what had landed of them has,
    /// the rest is lost to retention.
    pub(super) fn expire_before(&mut self, low: u64) -> Range {
        let mut range = Range::empty(self.next);
        if low > self.next {
            range.rows = self.settled.rows.count_within(self.next, low);
            range.dead = self.settled.dead.count_within(self.next, low);
            range.next = low;
            range.expired = low - range.first - range.rows - range.dead;
            self.next = low;
        }
        range
    }

    /// Takes the chunk's messages from number `from` on into `batches`, of which the last is open.
    /// With `settle_first`, the first of them will get no other schema than this.
    pub(super) fn take(
        &mut self,
        chunk: &RawChunk,
        from: usize,
        settle_first: bool,
        batches: &mut VecDeque<PartitionBatch>,
    ) -> Result<(), Stop> {
        for (number, message) in (from..).zip(chunk.messages(from)) {
            if message.offset < self.next {
                continue;
            }
            let batch = self.open_batch(batches);
            if batch.offsets.len() >= self.max_rows {
                return Err(Stop::Full(number));
            }
            let unfit = if settle_first && number == from {
                Unfit::Settle
            } else {
                Unfit::Ask
            };
            if !self.message(message, unfit, batch) {
                return Err(Stop::NeedsSchema(number));
            }
            self.next = message.offset + 1;
        }
        Ok(())
    }

    /// The batch to add to: the last one, unless its rows look different.
    fn open_batch<'a>(&self, batches: &'a mut VecDeque<PartitionBatch>) -> &'a mut PartitionBatch {
        let fits = |batch: &PartitionBatch| Arc::ptr_eq(&batch.columns.schema, self.schema());
        if !batches.back().is_some_and(fits) {
            let mut batch = PartitionBatch::new(self.schema().clone(), self.next);
            batch.alone = self.suspect;
            batches.push_back(batch);
        }
        let last = batches.len() - 1;
        &mut batches[last]
    }

    /// Accounts for one message; false, and nothing done, when it needs another schema.
    fn message(&mut self, message: RawMessage<'_>, unfit: Unfit, batch: &mut PartitionBatch) -> bool {
        let offset = message.offset;
        let landed_as_row = self.settled.rows.contains(offset);
        let landed_as_dead = self.settled.dead.contains(offset);
        let mut rejected = None;
        if let Some(payload) = message.payload.filter(|_| !landed_as_row && !landed_as_dead) {
            let outcome = match self.refused.get(&offset) {
                Some(reason) => Err(RejectReason::Refused(reason.clone())),
                None => self.decoder.decode(payload, &mut batch.columns, unfit),
            };
            match outcome {
                Ok(Decoded::NeedsSchema) => return false,
                Ok(Decoded::Row) => {
                    batch.offsets.push(offset);
                    batch.timestamps_ms.push(message.timestamp_ms);
                }
                Err(reason) => rejected = Some(reason),
            }
        }
        self.account_for_gap(offset, &mut batch.range);
        let is_dead = landed_as_dead || rejected.is_some();
        let range = &mut batch.range;
        match message.payload {
            _ if is_dead => range.dead += 1,
            _ if landed_as_row => range.rows += 1,
            Some(_) => range.rows += 1,
            None => range.skipped += 1,
        }
        range.next = offset + 1;
        batch.message_bytes += message.payload.map_or(0, <[u8]>::len) as u64;
        if let Some(reason) = rejected {
            let payload = message.payload.unwrap_or_default().to_vec();
            batch.rejected_bytes += payload.len();
            batch.rejects.push(Reject {
                offset,
                timestamp_ms: message.timestamp_ms,
                key: message.key.map(<[u8]>::to_vec),
                payload,
                reason,
            });
        }
        true
    }

    /// Offsets that Kafka did not give out between the last message and this one. Should some have
    /// landed before Kafka compacted them away, they count as what they became.
    fn account_for_gap(&self, offset: u64, range: &mut Range) {
        if offset > range.next {
            let rows = self.settled.rows.count_within(range.next, offset);
            let dead = self.settled.dead.count_within(range.next, offset);
            range.skip_to(offset);
            range.absent -= rows + dead;
            range.rows += rows;
            range.dead += dead;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::ownership::OffsetSet;
    use crate::ingest::schema::{ColumnType, Scalar};

    fn schema() -> Arc<TableSchema> {
        let mut schema = TableSchema::default();
        schema.add(&["n".to_owned()], ColumnType::Scalar(Scalar::Int64));
        Arc::new(schema)
    }

    fn chunk(messages: &[(u64, Option<&str>)]) -> RawChunk {
        let mut chunk = RawChunk::default();
        for (offset, payload) in messages {
            let payload = payload.map(str::as_bytes);
            chunk.push(RawMessage {
                offset: *offset,
                timestamp_ms: 1,
                key: None,
                payload,
            });
        }
        chunk
    }

    #[test]
    fn every_offset_is_accounted_for_once() {
        let settled = Settled {
            rows: OffsetSet::new(vec![(11, 12)]),
            dead: OffsetSet::new(vec![(13, 13)]),
            ..Settled::default()
        };
        let mut accountant = Accountant::new(schema(), settled, 10, 100);
        let messages = chunk(&[
            (9, Some("{\"n\":1}")),
            (10, Some("{\"n\":1}")),
            (11, Some("{\"n\":1}")),
            (13, Some("broken")),
            (14, None),
            (17, Some("broken")),
            (18, Some("{\"n\":1}")),
        ]);
        let mut batches = VecDeque::new();
        assert_eq!(accountant.take(&messages, 0, false, &mut batches), Ok(()));
        let batch = batches.pop_front().unwrap();
        // 12 is gone from Kafka but had landed; 15 and 16 never were.
        let expected = Range {
            first: 10,
            next: 19,
            rows: 4,
            dead: 2,
            skipped: 1,
            absent: 2,
            expired: 0,
        };
        assert_eq!(batch.range, expected);
        assert_eq!(batch.offsets, [10, 18]);
        assert_eq!(
            batch
                .rejects
                .iter()
                .map(|reject| reject.offset)
                .collect::<Vec<_>>(),
            [17]
        );
    }

    #[test]
    fn what_retention_took_is_told_from_what_had_landed() {
        let settled = Settled {
            rows: OffsetSet::new(vec![(3, 5)]),
            ..Settled::default()
        };
        let mut accountant = Accountant::new(schema(), settled, 2, 100);
        let range = accountant.expire_before(10);
        assert_eq!(
            range,
            Range {
                first: 2,
                next: 10,
                rows: 3,
                expired: 5,
                ..Range::default()
            }
        );
        assert!(accountant.expire_before(10).is_empty());
    }

    #[test]
    fn a_full_batch_and_a_new_field_stop_before_the_message() {
        let mut accountant = Accountant::new(schema(), Settled::default(), 0, 2);
        let messages = chunk(&[
            (0, Some("{\"n\":1}")),
            (1, Some("{\"n\":1}")),
            (2, Some("{\"n\":1,\"new\":1}")),
        ]);
        let mut batches = VecDeque::new();
        assert_eq!(
            accountant.take(&messages, 0, false, &mut batches),
            Err(Stop::Full(2))
        );
        batches.clear();
        assert_eq!(
            accountant.take(&messages, 2, false, &mut batches),
            Err(Stop::NeedsSchema(2))
        );
        assert_eq!(accountant.take(&messages, 2, true, &mut batches), Ok(()));
        assert_eq!(
            batches[0].range,
            Range {
                first: 2,
                next: 3,
                rows: 1,
                ..Range::default()
            }
        );
    }

    #[test]
    fn a_refused_row_becomes_a_dead_letter() {
        let refused = HashMap::from([(1, "too odd".to_owned())]);
        let mut accountant = Accountant::new(schema(), Settled::default(), 0, 10).suspect(refused, true);
        let mut batches = VecDeque::new();
        accountant
            .take(
                &chunk(&[(0, Some("{\"n\":1}")), (1, Some("{\"n\":2}"))]),
                0,
                false,
                &mut batches,
            )
            .unwrap();
        assert_eq!(batches[0].offsets, [0]);
        assert_eq!(
            batches[0].rejects[0].reason,
            RejectReason::Refused("too odd".to_owned())
        );
        assert!(batches[0].alone);
    }

    proptest! {
        /// Whatever had landed before, wherever the chunks are cut: rows and dead letters of old and
        /// new together are exactly the messages.
        #[test]
        fn nothing_is_lost_and_nothing_twice(
            kinds in proptest::collection::vec(0u8..5, 1..60),
            landed in proptest::collection::vec(any::<bool>(), 60),
            cut in 1usize..20,
            max_rows in 1usize..10,
        ) {
            let start = 5u64;
            let payload = |kind: u8| match kind { 0 => Some("broken"), 1 => None, _ => Some("{\"n\":1}") };
            // Kind 4 stands for an offset that does not exist.
            let messages: Vec<(u64, Option<&str>)> = kinds.iter().enumerate()
                .filter(|(_, kind)| **kind != 4)
                .map(|(n, kind)| (start + n as u64, payload(*kind))).collect();
            let of = |wanted: fn(&Option<&str>) -> bool, landed: &dyn Fn(u64) -> bool| -> Vec<u64> {
                messages.iter().filter(|(o, p)| wanted(p) && landed(*o)).map(|(o, _)| *o).collect()
            };
            let is_row: fn(&Option<&str>) -> bool = |p| *p == Some("{\"n\":1}");
            let is_dead: fn(&Option<&str>) -> bool = |p| *p == Some("broken");
            let had_landed = |offset: u64| landed[(offset - start) as usize];
            let singles = |offsets: Vec<u64>| OffsetSet::new(offsets.into_iter().map(|o| (o, o)).collect());
            let settled = Settled {
                rows: singles(of(is_row, &had_landed)), dead: singles(of(is_dead, &had_landed)), ..Settled::default()
            };
            let mut accountant = Accountant::new(schema(), settled, start, max_rows);
            let (mut rows, mut dead, mut total) = (Vec::new(), Vec::new(), Range::empty(start));
            let mut collect = |batches: &mut VecDeque<PartitionBatch>| {
                for batch in batches.drain(..) {
                    rows.extend(batch.offsets);
                    dead.extend(batch.rejects.iter().map(|reject| reject.offset));
                    assert!(batch.range.adds_up() && (batch.range.is_empty() || total.append(&batch.range)));
                }
            };
            for part in messages.chunks(cut) {
                let part = chunk(part);
                let (mut batches, mut from) = (VecDeque::new(), 0);
                while let Err(stop) = accountant.take(&part, from, false, &mut batches) {
                    let Stop::Full(number) = stop else { panic!("the schema fits") };
                    from = number;
                    collect(&mut batches);
                }
                collect(&mut batches);
            }
            let new = |offset: u64| !had_landed(offset);
            prop_assert_eq!(rows, of(is_row, &new));
            prop_assert_eq!(dead, of(is_dead, &new));
            let all = |_| true;
            prop_assert_eq!(total.rows as usize, of(is_row, &all).len());
            prop_assert_eq!(total.dead as usize, of(is_dead, &all).len());
            prop_assert_eq!(total.next, messages.last().map_or(start, |(offset, _)| offset + 1));
        }
    }
}
