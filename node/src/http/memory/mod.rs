//! What is remembered, shown and changed: the history, what is thought of answers, the glossary, saved queries,
//! dashboards.

pub mod dashboards;
pub mod glossary;
pub mod history;
mod named;
pub mod saved;

use aurora_actors::query::memory::MemoryError;
use axum::http::StatusCode;

use super::extract::changed_meanwhile;
use super::problem::Problem;

impl From<MemoryError> for Problem {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Store(error) => error.into(),
            MemoryError::Outrun => changed_meanwhile(),
            MemoryError::Invalid(reason) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                "It cannot be kept like this",
                format!("{reason}."),
                "Change that, and send it again.",
            ),
            MemoryError::Unreadable => Self::new(
                StatusCode::CONFLICT,
                "unreadable",
                "It cannot be read",
                "It was written in a way that this node does not understand.",
                "Update this node: another one of the cluster is of a later version.",
            ),
        }
    }
}
