//! Two columns of a row added: `fare plus tip`, `the sum of rent and heating`.

use super::build::{Builder, computed};
use super::measures::aggregate;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::spec::{Expression, Measure};

impl Builder<'_> {
    /// The sum of two columns that are named with "plus" between, or with "and" where it is said that both are added.
    pub(super) fn column_sums(&mut self) {
        let Some(at) = (1..self.pieces.len()).find(|at| self.adds(*at)) else {
            return;
        };
        let (Some(left), Some(right_at)) = (self.addend(at - 1), self.behind_articles(at + 1)) else {
            return;
        };
        let Some(right) = self.addend(right_at).filter(|right| *right != left) else {
            return;
        };
        if self.unit_of(left) != self.unit_of(right) {
            return;
        }
        for piece in [at - 1, at, right_at] {
            self.use_piece(piece);
        }
        if self.is_together(right_at + 1) {
            self.pieces[right_at + 1].kind = Kind::Filler;
        }
        let how = self.way_to_compute().unwrap_or(Computed::Total);
        let name = |column: usize| self.column(column).name.clone();
        let of = Expression::Sum(name(left), name(right));
        self.spec.measures.push(Measure::of(aggregate(how), Some(of)));
    }

    /// Whether a piece joins two amounts to their sum.
    fn adds(&self, at: usize) -> bool {
        if self.kind(at) != Some(&Kind::And) {
            return false;
        }
        let said = self.text(&self.pieces[at]).to_lowercase();
        let sum_of = (0..at)
            .rev()
            .take(4)
            .any(|before| self.text(&self.pieces[before]).eq_ignore_ascii_case("sum of"));
        let together = self
            .behind_articles(at + 1)
            .is_some_and(|right| self.is_together(right + 1));
        said == "plus" || said == "and" && (sum_of || together)
    }

    fn is_together(&self, at: usize) -> bool {
        let word = self.last_word(at).map_or("", |word| word.text.as_str());
        let is_total = self.kind(at).and_then(computed) == Some(Computed::Total);
        word == "together" || word == "combined" && is_total
    }

    fn behind_articles(&self, at: usize) -> Option<usize> {
        (at..self.pieces.len()).find(|next| self.kind(*next) != Some(&Kind::Filler))
    }

    fn addend(&self, at: usize) -> Option<usize> {
        self.linked(at)
            .filter(|column| self.is_free(at) && self.column(*column).role == Role::Measure)
    }
}
