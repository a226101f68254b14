//! "And by country?": a question that goes on from the one before.

use super::spec::{Filter, Test};
use super::translate::Reading;

/// Whether the words of a question only make sense after another.
pub(super) fn goes_on(question: &str) -> bool {
    const STARTS: [&str; 12] = [
        "and ",
        "what about",
        "how about",
        "now ",
        "only ",
        "just ",
        "but ",
        "same ",
        "also ",
        "instead",
        "by ",
        "per ",
    ];
    let lower = question.trim().to_lowercase();
    STARTS.iter().any(|start| lower.starts_with(start))
        || lower.starts_with("for ") && lower.split_whitespace().count() <= 6
}

/// The reading of what was asked before, changed by what is said now: groups are replaced, conditions on the same column
/// too, what is measured stays unless something else is named.
pub(super) fn continued(before: &Reading, now: &Reading) -> Reading {
    let mut reading = before.clone();
    let spec = &mut reading.spec;
    if !now.spec.by.is_empty() {
        spec.by.clone_from(&now.spec.by);
        if spec
            .order
            .as_ref()
            .is_some_and(|order| !matches!(order.by, super::spec::OrderBy::Measure(_)))
        {
            spec.order = None;
        }
    }
    for filter in &now.spec.filters {
        let same = |old: &Filter| {
            old.column == filter.column
                && matches!(old.test, Test::During(_)) == matches!(filter.test, Test::During(_))
        };
        spec.filters.retain(|old| !same(old));
        spec.filters.push(filter.clone());
    }
    if now.spec.measures.iter().any(|measure| measure.of.is_some()) {
        spec.measures.clone_from(&now.spec.measures);
    }
    if now.spec.limit.is_some() {
        spec.limit = now.spec.limit;
        spec.order.clone_from(&now.spec.order);
    }
    reading.residue.clone_from(&now.residue);
    reading
        .assumptions
        .push("this goes on from the question before".to_owned());
    reading
}
