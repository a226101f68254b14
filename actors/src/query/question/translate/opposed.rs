//! "Do A pay more than B?": a question of yes or no that is answered with both sides beside each other.

use super::build::Builder;
use super::pieces::Kind;
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;

/// Words that hold one side against the other.
const COMPARATIVES: [&str; 16] = [
    "better", "worse", "higher", "lower", "more", "less", "fewer", "longer", "shorter", "larger", "smaller",
    "bigger", "faster", "slower", "cheaper", "greater",
];

impl Builder<'_> {
    /// Settles what "better … than" says between two values of one column: they are compared.
    pub(super) fn opposed(&mut self) {
        let asks = self.words.first().is_some_and(|word| {
            matches!(
                word.text.as_str(),
                "do" | "does" | "did" | "are" | "is" | "were" | "was"
            )
        });
        let than = (1..self.pieces.len()).find(|at| self.says(*at, &["than"]));
        let Some(than) = than.filter(|_| asks) else {
            if asks {
                self.opposed_flag();
            }
            return;
        };
        let Some(comparative) = (0..than).rev().find(|at| self.says(*at, &COMPARATIVES)) else {
            return;
        };
        let side = |from: usize, to: usize| {
            (from..to).find_map(|at| match self.kind(at) {
                Some(Kind::Link(Target::Value(column, _))) => Some((at, *column)),
                _ => None,
            })
        };
        let (Some((one, of)), Some((other, same))) = (side(0, comparative), side(than, self.pieces.len()))
        else {
            return;
        };
        if of != same {
            return;
        }
        self.pieces[comparative].kind = Kind::Filler;
        self.pieces[than].kind = Kind::Versus;
        for person in [one + 1, other + 1] {
            if self.kind(person) == Some(&Kind::Unknown) && self.is_person(person) {
                self.pieces[person].kind = Kind::Modifier;
            }
        }
    }

    /// "Is it higher for insured parcels or for others?": one side is what a flag says, the other is not.
    fn opposed_flag(&mut self) {
        let comparative = (0..self.pieces.len()).find(|at| self.says(*at, &COMPARATIVES));
        let joint = (1..self.pieces.len()).find(|at| self.kind(*at) == Some(&Kind::Or));
        let (Some(comparative), Some(joint)) = (comparative, joint) else {
            return;
        };
        let is_flag = (comparative..joint).any(|at| {
            self.linked(at)
                .is_some_and(|column| self.column(column).role == Role::Flag)
        });
        if is_flag {
            self.pieces[comparative].kind = Kind::Filler;
            self.pieces[joint].kind = Kind::Versus;
        }
    }

    /// Whether a piece is one of these words and nothing else is known of it.
    fn says(&self, at: usize, wanted: &[&str]) -> bool {
        let is_open = matches!(self.kind(at), Some(Kind::Filler | Kind::Unknown));
        is_open
            && self
                .last_word(at)
                .is_some_and(|word| wanted.contains(&word.text.as_str()))
    }
}
