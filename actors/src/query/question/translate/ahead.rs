//! Times that lie ahead: which time of a row `the next 3 days` is said of.

use super::build::Builder;
use super::deadlines::is_called;
use crate::query::question::catalog::{Column, Role};
use crate::query::question::vocabulary::PROMISED;

impl Builder<'_> {
    /// The time that a span from now on is of. What has happened is in the past: the time of a row that can be meant reaches
    /// beyond the main one. Of several the one that is named, and none if none is.
    pub(super) fn time_ahead(&mut self, at: usize) -> Option<String> {
        let main = self.table.main_time().and_then(|name| self.table.column(name))?;
        let ahead: Vec<&Column> = self
            .table
            .with_role(Role::Time)
            .filter(|column| reaches_beyond(column, main))
            .collect();
        let named = (0..self.pieces.len())
            .filter_map(|piece| Some((piece, self.column(self.linked(piece)?))))
            .filter(|(_, column)| ahead.iter().any(|other| other.name == column.name))
            .min_by_key(|(piece, _)| piece.abs_diff(at));
        match (named, ahead.as_slice()) {
            (Some((piece, column)), _) => {
                self.use_piece(piece);
                Some(column.name.clone())
            }
            (None, [only]) => Some(only.name.clone()),
            _ => None,
        }
    }
}

/// Whether a time reaches days beyond another one, or is called like what was planned. Both are compared as text, which is
/// written in the order of time.
fn reaches_beyond(column: &Column, other: &Column) -> bool {
    const DAY: usize = "2024-01-01".len();
    let is_later = match (column.max.get(..DAY), other.max.get(..DAY)) {
        (Some(day), Some(other)) => day > other,
        _ => false,
    };
    is_later || is_called(column, &PROMISED)
}
