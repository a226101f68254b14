//! Why a message is a dead letter.

use crate::ingest::decode::MAX_MESSAGE_BYTES;
use crate::ingest::json::JsonError;

/// Why a message cannot become a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RejectReason {
    /// The payload has no bytes. (A message without a payload is a tombstone, and skipped.)
    #[error("the message is empty")]
    Empty,
    /// The payload is larger than [`MAX_MESSAGE_BYTES`].
    #[error("the message has {bytes} bytes, more than {MAX_MESSAGE_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The payload is not UTF-8.
    #[error("the message is not valid UTF-8")]
    InvalidUtf8,
    /// The payload is not JSON.
    #[error("the message is not valid JSON: {0}")]
    InvalidJson(#[from] JsonError),
    /// The payload is JSON, but no object.
    #[error("the message is {found}, not a JSON object")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// A value does not fit its column.
    #[error("field {column} should be {expected}, but is {found}")]
    WrongType {
        /// The column.
        column: String,
        /// The column's type.
        expected: String,
        /// What the message holds instead.
        found: &'static str,
    },
    /// ClickHouse refused the row.
    #[error("ClickHouse refused the row: {0}")]
    Refused(String),
}

impl RejectReason {
    /// A short name for counting and filtering.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::InvalidJson(JsonError::TooDeep) => "too_deep",
            Self::InvalidJson(_) => "invalid_json",
            Self::NotAnObject { .. } => "not_an_object",
            Self::WrongType { .. } => "wrong_type",
            Self::Refused(_) => "refused",
        }
    }
}
