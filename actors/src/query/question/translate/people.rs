//! People that a value names: "children" where an age group of members is `child`.

use super::build::Builder;
use super::measures::Subject;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::Measure;
use crate::query::question::vocabulary::FAMILIES;
use crate::query::question::words::{identifier_words, stem};

/// People by their age and sex.
const KINDS: [&str; 9] = [
    "child",
    "kid",
    "adult",
    "senior",
    "pensioner",
    "teenager",
    "man",
    "woman",
    "toddler",
];

impl Builder<'_> {
    /// Whether a piece's noun is somebody.
    pub(super) fn is_person(&self, at: usize) -> bool {
        self.last_word(at).is_some_and(|word| {
            FAMILIES[0]
                .iter()
                .chain(&KINDS)
                .any(|person| stem(person) == word.stem)
        })
    }

    /// "how many children": those whose number stands beside the column that says so, once each.
    pub(super) fn people_meant(&self, how: Computed, subject: Subject) -> Option<Measure> {
        let (Computed::Many | Computed::Distinct, Subject::Value(at)) = (how, subject) else {
            return None;
        };
        let Some(Kind::Link(Target::Value(column, _))) = self.kind(at) else {
            return None;
        };
        let number = self.owner_of(*column);
        let is_somebody = self.is_person(at) && self.is_plural_person(at);
        number
            .filter(|_| is_somebody)
            .map(|number| self.count_of(number, false))
    }

    /// What has the property that a column tells: the number of the member whose age group it is.
    fn owner_of(&self, column: usize) -> Option<usize> {
        let owner = identifier_words(&self.column(column).name);
        self.table.columns.iter().position(|column| {
            let named = identifier_words(&column.name);
            column.role == Role::Id && owner.len() > 1 && named.first() == owner.first()
        })
    }

    /// "which dealers sold most": the sellers that are of that kind are what comes back.
    pub(super) fn things_of_value(&mut self, at: usize) -> bool {
        let Some(Kind::Link(Target::Value(column, _))) = self.kind(at + 1) else {
            return false;
        };
        let names_more = match self.kind(at + 2) {
            Some(Kind::Link(Target::Column(_) | Target::Rows) | Kind::Modifier | Kind::Unknown) => {
                !self.last_word(at + 2).is_some_and(|word| word.is_participle())
            }
            _ => false,
        };
        let is_asked = self.kind(at) == Some(&Kind::Which) && !names_more;
        let Some(owner) = self.owner_of(*column).filter(|_| is_asked) else {
            return false;
        };
        let dimension = self.dimension(owner);
        self.entity.get_or_insert(owner);
        self.group_by(dimension);
        self.wants_many |= self.is_plural(at + 1);
        self.wants_first = Some(!self.wants_many);
        true
    }

    fn is_plural_person(&self, at: usize) -> bool {
        let is_irregular = |text: &str| matches!(text, "children" | "men" | "women");
        self.is_plural(at)
            || self
                .last_word(at)
                .is_some_and(|word| is_irregular(word.text.as_str()))
    }
}
