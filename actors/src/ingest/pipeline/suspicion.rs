//! Looking for the row that ClickHouse refuses.

use std::collections::HashMap;

use crate::ingest::journal::Range;
use crate::ingest::slot::{MAX_ROWS, WriteError};

/// What is remembered from one epoch to the next about rows that ClickHouse refuses.
///
/// A refused insert is cut in halves, batch by batch, until the bad row stands alone and becomes a
/// dead letter. Each cut is a new epoch that settles and reads again, so nothing needs to be kept.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    /// Rows that ClickHouse has refused, by offset, and why.
    pub(super) refused: HashMap<u64, String>,
    /// Most rows of a batch, while something is suspect.
    pub(super) max_rows: Option<usize>,
    /// What comes from here on is not suspect.
    until: u64,
}

impl Suspicion {
    /// Notes that a batch of these rows was refused.
    pub(super) fn failed(&mut self, rows: &[u64], error: &WriteError) {
        match rows {
            [] => {
                // Several partitions shared the insert: first find out whose row it is.
                self.max_rows.get_or_insert(MAX_ROWS);
            }
            [row] => drop(self.refused.insert(*row, error.to_string())),
            [.., last] => {
                self.max_rows = Some(rows.len() / 2);
                self.until = self.until.max(*last + 1);
            }
        }
    }

    /// Trust returns by doubling, and fully once everything that was suspect has landed.
    pub(super) fn landed(&mut self, range: &Range) {
        self.refused.retain(|offset, _| *offset >= range.next);
        if let Some(max_rows) = self.max_rows {
            self.max_rows =
                (range.next < self.until || max_rows * 2 < MAX_ROWS).then_some((max_rows * 2).min(MAX_ROWS));
        }
    }
}
