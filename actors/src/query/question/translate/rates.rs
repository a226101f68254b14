//! Rates that go by a name of their own: `click-through rate`, `cost per acquisition`, `occupancy`.

use super::build::Builder;
use super::pieces::Kind;
use crate::query::question::catalog::Role;
use crate::query::question::spec::{Aggregate, Expression, Measure};
use crate::query::question::words::{identifier_words, stem};

/// A rate: what it is called, and words of the names of the two columns whose sums make it, those above before those below.
struct Rate {
    called: &'static [&'static str],
    above: &'static [&'static str],
    below: &'static [&'static str],
}

/// Usual definitions in advertising, mailing, transport and hospitality.
const RATES: [Rate; 8] = [
    Rate {
        called: &[
            "click through rate",
            "click-through rate",
            "clickthrough rate",
            "ctr",
        ],
        above: &["clicks"],
        below: &["impressions", "views", "delivered", "sent", "opens"],
    },
    Rate {
        called: &["conversion rate", "cvr"],
        above: &["conversions", "orders", "purchases", "signups"],
        below: &["clicks", "visits", "sessions", "impressions"],
    },
    Rate {
        called: &["cost per click", "cpc"],
        above: &["cost", "spend", "spent"],
        below: &["clicks"],
    },
    Rate {
        called: &["cost per acquisition", "cost per conversion", "cpa"],
        above: &["cost", "spend", "spent"],
        below: &["conversions", "acquisitions", "signups"],
    },
    Rate {
        called: &["return on ad spend", "roas"],
        above: &["revenue"],
        below: &["cost", "spend", "spent"],
    },
    Rate {
        called: &["open rate"],
        above: &["opens", "opened"],
        below: &["delivered", "sent", "sends"],
    },
    Rate {
        called: &["bounce rate"],
        above: &["bounces", "bounced"],
        below: &["sessions", "visits", "sent", "sends"],
    },
    Rate {
        called: &[
            "occupancy rate",
            "occupancy",
            "load factor",
            "seat utilisation",
            "seat utilization",
        ],
        above: &["passengers", "occupied", "guests", "taken", "riders"],
        below: &["seats", "capacity", "rooms", "beds", "spaces", "places"],
    },
];

impl Builder<'_> {
    /// Rates whose two columns are there, and which no column holds already.
    pub(super) fn named_rates(&mut self) {
        for rate in &RATES {
            let Some(words) = rate.called.iter().find_map(|called| self.said(called)) else {
                continue;
            };
            let (Some(above), Some(below)) = (self.number_called(rate.above), self.number_called(rate.below))
            else {
                continue;
            };
            let is_column = self.pieces.iter().any(|piece| {
                matches!(piece.kind, Kind::Link(_))
                    && piece.words.start <= words.start
                    && piece.words.end >= words.end
            });
            if above == below || is_column {
                continue;
            }
            // "on average" says nothing more of a quotient of sums, and neither does its definition.
            for piece in &mut self.pieces {
                let inside = piece.words.start >= words.start && piece.words.end <= words.end;
                if inside || matches!(piece.kind, Kind::Aggregate(_)) {
                    piece.kind = Kind::Filler;
                }
            }
            self.assumptions
                .push(format!("{} is all {above} by all {below}", rate.called[0]));
            self.spec.measures.push(Measure::of(
                Aggregate::Sum,
                Some(Expression::Quotient(above, below)),
            ));
            return;
        }
    }

    /// Where the question says these words.
    fn said(&self, phrase: &str) -> Option<std::ops::Range<usize>> {
        let wanted: Vec<String> = phrase.split([' ', '-']).map(stem).collect();
        (0..self.words.len())
            .map(|start| start..start + wanted.len())
            .find(|range| {
                self.words.get(range.clone()).is_some_and(|words| {
                    words
                        .iter()
                        .zip(&wanted)
                        .all(|(word, wanted)| word.stem == *wanted)
                })
            })
    }

    /// The number whose name has the first of these words that any has.
    fn number_called(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|wanted| {
            let wanted = stem(wanted);
            self.table
                .with_role(Role::Measure)
                .find(|column| {
                    identifier_words(&column.name)
                        .iter()
                        .any(|word| word.stem == wanted)
                })
                .map(|column| column.name.clone())
        })
    }
}
