//! What is computed when a question does not say how: by its adjectives, its verbs, its nouns.

use super::measures::is_additive;
use super::pieces::Computed;
use crate::query::question::catalog::{Column, Role};
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Dimension, Expression, Measure};
use crate::query::question::time::Meaning;
use crate::query::question::vocabulary::ADDITIVE;
use crate::query::question::words::identifier_words;

use super::build::Builder;
use super::pieces::Kind;
impl Builder<'_> {
    /// No way to compute is said: numbers are added up or averaged, anything else is counted.
    pub(super) fn implied(&mut self) {
        if self.asks_what_was_paid()
            && let Some(money) = self.money()
        {
            // "… for electricity" says what was bought.
            for at in 1..self.pieces.len() {
                if self.linked(at).is_some() && self.last_word(at - 1).is_some_and(|word| word.text == "for")
                {
                    self.use_piece(at);
                }
            }
            self.spec.measures.push(money);
            return;
        }
        let number = (0..self.pieces.len()).find(|at| {
            self.is_free(*at)
                && !self.is_denied(*at)
                && self
                    .linked(*at)
                    .is_some_and(|column| self.column(column).role == Role::Measure)
                && !matches!(
                    self.kind(at + 1),
                    Some(Kind::Compare(..) | Kind::Between(..) | Kind::Number(_))
                )
                && !matches!(
                    at.checked_sub(1).and_then(|before| self.kind(before)),
                    Some(Kind::Compare(..))
                )
        });
        let superlative = self
            .pieces
            .iter()
            .position(|piece| matches!(piece.kind, Kind::Superlative(concepts, _) if !concepts.is_empty()));
        if number.is_none() && superlative.is_some() {
            // "the most expensive product": what the adjective measures.
            self.by_degree(superlative.unwrap_or_default());
            return;
        }
        let Some(at) = number else {
            self.count_implied();
            return;
        };
        // "the warmest soil on average": of what is called soil, what is warm.
        if let Some(place) = superlative
            && let Some(column) = self.degree_of(place, at)
        {
            self.use_piece(at);
            let average = self
                .pieces
                .iter()
                .any(|piece| piece.kind == Kind::Aggregate(Computed::Average));
            let descending = matches!(self.kind(place), Some(Kind::Superlative(_, true)));
            let aggregate = match (average, descending) {
                (true, _) => Aggregate::Average,
                (false, true) => Aggregate::Maximum,
                (false, false) => Aggregate::Minimum,
            };
            let of = Expression::Column(self.column(column).name.clone());
            self.spec.measures.push(Measure::of(aggregate, Some(of)));
            return;
        }
        let Some(column) = self.linked(at) else { return };
        self.use_piece(at);
        let descending = superlative.and_then(|at| match self.kind(at) {
            Some(Kind::Superlative(_, descending)) => Some(*descending),
            _ => None,
        });
        let of = Some(Expression::Column(self.column(column).name.clone()));
        let aggregate = match descending {
            Some(true) if !self.spec.by.is_empty() && self.adds_up(column) => Aggregate::Sum,
            Some(true) => Aggregate::Maximum,
            Some(false) if !self.spec.by.is_empty() && self.adds_up(column) => Aggregate::Sum,
            Some(false) => Aggregate::Minimum,
            None if is_additive(self.column(column)) || self.says_total(at) => Aggregate::Sum,
            None => Aggregate::Average,
        };
        // "lowest and highest price in each category"
        let both = matches!(aggregate, Aggregate::Minimum | Aggregate::Maximum)
            && [true, false].iter().all(|wanted| {
                self.pieces
                    .iter()
                    .any(|piece| matches!(piece.kind, Kind::Superlative(_, down) if down == *wanted))
            });
        if both {
            for aggregate in [Aggregate::Minimum, Aggregate::Maximum] {
                self.spec.measures.push(Measure::of(aggregate, of.clone()));
            }
            for piece in &mut self.pieces {
                if matches!(piece.kind, Kind::Superlative(..)) {
                    piece.kind = Kind::Filler;
                }
            }
            return;
        }
        if descending.is_none() {
            let how = if aggregate == Aggregate::Sum {
                "added up"
            } else {
                "averaged"
            };
            self.assumptions
                .push(format!("{} is {how}", self.column(column).name));
        }
        self.spec.measures.push(Measure::of(aggregate, of));
    }

    /// "what did customers pay for X": money, whatever it was paid for.
    pub(super) fn asks_what_was_paid(&self) -> bool {
        let does = self.words.windows(2).position(|pair| {
            pair[0].text == "what" && matches!(pair[1].text.as_str(), "do" | "does" | "did")
        });
        does.is_some_and(|does| {
            let mut behind = self.words[does..].iter();
            behind.any(|word| matches!(word.text.as_str(), "pay" | "spend" | "earn"))
        })
    }

    /// The column that an adjective measures and that a noun, tied to another one, is a part of the name of.
    fn degree_of(&self, adjective: usize, noun: usize) -> Option<usize> {
        let Some(Kind::Superlative(concepts, _)) = self.kind(adjective) else {
            return None;
        };
        let said = self.last_word(noun)?;
        (0..self.table.columns.len()).find(|at| {
            let column = self.column(*at);
            let words = identifier_words(&column.name);
            column.role == Role::Measure
                && Some(*at) != self.linked(noun)
                && words.iter().any(|word| word.stem == said.stem)
                && words.iter().any(|word| concepts.contains(&word.text.as_str()))
        })
    }

    /// "total price", when that is the name of the column, or "revenue", when it is made of prices: a sum all the same.
    fn says_total(&self, at: usize) -> bool {
        self.words[self.pieces[at].words.clone()].iter().any(|word| {
            matches!(
                word.text.as_str(),
                "total" | "revenue" | "turnover" | "sales" | "income" | "earnings" | "proceeds"
            )
        })
    }

    /// Whether the groups with the most of it are meant, not those with the largest single one.
    pub(super) fn adds_up(&self, column: usize) -> bool {
        let at_number = (0..self.pieces.len()).find(|at| self.linked(*at) == Some(column));
        let said = |wanted: &[&str]| {
            self.pieces.iter().any(|piece| {
                matches!(piece.kind, Kind::Superlative(..))
                    && wanted.contains(&self.words[piece.words.start].text.as_str())
            })
        };
        let column = self.column(column);
        // "highest amount by reason" is that of a single row, "which shop has the highest amount" of all.
        let described = at_number.is_some_and(|at| {
            (0..at)
                .rev()
                .find(|before| {
                    !matches!(
                        self.kind(*before),
                        Some(Kind::Link(Target::Value(..)) | Kind::Modifier | Kind::Filler)
                    )
                })
                .is_some_and(|before| matches!(self.kind(before), Some(Kind::Superlative(..))))
        });
        let by_only = described
            && self
                .pieces
                .iter()
                .any(|piece| matches!(piece.kind, Kind::By | Kind::Per))
            && !self
                .pieces
                .iter()
                .any(|piece| matches!(piece.kind, Kind::Which | Kind::Top(..)));
        if by_only && !said(&["most", "fewest", "least"]) {
            return false;
        }
        if said(&["most", "fewest", "least"]) {
            return is_additive(column);
        }
        let named = identifier_words(&column.name)
            .iter()
            .any(|word| ADDITIVE.contains(&word.text.as_str()));
        let asked = self
            .words
            .iter()
            .any(|word| ADDITIVE.contains(&word.text.as_str()));
        (named || asked) && is_additive(column) && !self.names_degree()
    }

    /// "expensive", "hot" and the like speak of single things, not of sums.
    pub(super) fn names_degree(&self) -> bool {
        self.words.iter().any(|word| {
            matches!(
                word.text.as_str(),
                "expensive"
                    | "longest"
                    | "shortest"
                    | "hottest"
                    | "coldest"
                    | "cheapest"
                    | "priciest"
                    | "fastest"
                    | "slowest"
                    | "heaviest"
                    | "lightest"
                    | "oldest"
                    | "youngest"
                    | "single"
            )
        })
    }

    pub(super) fn by_degree(&mut self, at: usize) {
        let Some(Kind::Superlative(concepts, descending)) = self.kind(at).cloned() else {
            return;
        };
        // "the 10 worst cells by dropped calls": by how many there are.
        let by = (at + 1..self.pieces.len()).find(|later| self.kind(*later) == Some(&Kind::By));
        let counts = by.is_some_and(|by| {
            (by + 1..self.pieces.len()).take(4).any(|later| {
                matches!(
                    self.kind(later),
                    Some(Kind::Link(Target::Rows | Target::Value(..)))
                )
            })
        });
        if counts && !self.spec.by.is_empty() {
            self.pieces[at].kind = Kind::Frequent(true);
            self.count_implied();
            return;
        }
        let fits = |column: &Column| {
            concepts.iter().position(|concept| {
                column.role == Role::Measure
                    && identifier_words(&column.name)
                        .iter()
                        .any(|word| word.text == *concept)
            })
        };
        let best = (0..self.table.columns.len())
            .filter_map(|at| fits(self.column(at)).map(|rank| (rank, at)))
            .min();
        // "fastest" speaks of something, "largest" of whatever is large.
        let general = matches!(
            self.words[self.pieces[at].words.start].text.as_str(),
            "highest"
                | "lowest"
                | "largest"
                | "biggest"
                | "smallest"
                | "greatest"
                | "maximum"
                | "minimum"
                | "max"
                | "min"
                | "best"
                | "worst"
                | "expensive"
        );
        let main = if general { self.main_measure() } else { None };
        let Some(column) = best.map(|(_, at)| at).or(main) else {
            self.pieces[at].kind = Kind::Unknown;
            self.count_implied();
            return;
        };
        // "the hottest on average"
        let averaged = self
            .pieces
            .iter()
            .any(|piece| piece.kind == Kind::Aggregate(Computed::Average));
        let aggregate = match descending {
            _ if averaged && !self.spec.by.is_empty() => Aggregate::Average,
            true => Aggregate::Maximum,
            false => Aggregate::Minimum,
        };
        let name = self.column(column).name.clone();
        // "lightest and heaviest"
        let both = self.spec.by.is_empty()
            && self
                .pieces
                .iter()
                .any(|piece| matches!(&piece.kind, Kind::Superlative(other, down) if other.first() == concepts.first() && *down != descending));
        let ends = [Aggregate::Minimum, Aggregate::Maximum, Aggregate::Average];
        for aggregate in ends
            .into_iter()
            .filter(|end| both && *end != Aggregate::Average || *end == aggregate)
        {
            self.spec
                .measures
                .push(Measure::of(aggregate, Some(Expression::Column(name.clone()))));
        }
    }

    pub(super) fn count_implied(&mut self) {
        let lists_rows = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Latest(_)))
            && !self
                .pieces
                .iter()
                .any(|piece| matches!(piece.kind, Kind::Time(Meaning::Every(..))))
            && self.spec.by.is_empty();
        let counts = self.pieces.iter().any(|piece| {
            matches!(
                piece.kind,
                Kind::Link(Target::Rows | Target::Value(..))
                    | Kind::Superlative(..)
                    | Kind::Frequent(_)
                    | Kind::Top(..)
                    | Kind::Time(Meaning::Every(..) | Meaning::By(_))
            )
        });
        let by_entity = self.spec.by.iter().any(|by| matches!(by, Dimension::Column(_)));
        if counts && !lists_rows || by_entity {
            // "which region has the most users": what is ranked is counted once each.
            let counted = (0..self.pieces.len()).find_map(|at| {
                let column = self.linked(at).filter(|_| self.is_free(at))?;
                // "more than 600 conversations" are a condition.
                let compared = (at.saturating_sub(2)..at)
                    .any(|before| matches!(self.kind(before), Some(Kind::Compare(..) | Kind::Between(..))));
                if compared {
                    return None;
                }
                // "user 42" is a condition, "parcels with a note" are parcels.
                if matches!(self.kind(at + 1), Some(Kind::Number(_))) || self.is_had(at) || self.is_denied(at)
                {
                    return None;
                }
                // "card declines" are no cards.
                let is_thing = self.is_plural(at) || !matches!(self.kind(at + 1), Some(Kind::Link(_)));
                (is_thing && self.column(column).role == Role::Id).then_some((at, column))
            });
            let measure = match counted {
                Some((at, column)) => {
                    self.use_piece(at);
                    self.count_of(column, false)
                }
                None => Measure::count(),
            };
            self.spec.measures.push(measure);
        }
    }
}
