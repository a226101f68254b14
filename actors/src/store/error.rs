//! What can go wrong with ClickHouse, and what each of it means for the data.

use std::error::Error as _;
use std::time::Duration;

/// A statement or insert that did not end well.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No connection came about, so nothing was sent.
    #[error("ClickHouse cannot be reached: {0}")]
    Unreachable(String),
    /// The connection ended before the answer. Whatever was asked may or may not have happened.
    #[error("the connection to ClickHouse broke: {0}")]
    Broken(String),
    /// No answer in time. Whatever was asked may or may not have happened.
    #[error("ClickHouse did not answer within {0:?}")]
    TimedOut(Duration),
    /// ClickHouse answered with an exception.
    #[error("ClickHouse answered: {message}")]
    Exception {
        /// ClickHouse's error code; 0 where the answer names none.
        code: u32,
        /// Its message, without version and stack.
        message: String,
    },
    /// The answer was not what the query asks for: a defect of ours, or another server than we think.
    #[error("ClickHouse's answer makes no sense: {0}")]
    Answer(String),
}

/// The text that a failed fence throws.
pub const FENCED: &str = "aurora-fenced";

const FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: u32 = 395;

/// Exceptions that the inserted values themselves cause, by ClickHouse's `src/Common/ErrorCodes.cpp`.
/// Any other one may pass with time, or needs somebody to act.
const CAUSED_BY_DATA: [u32; 15] = [
    6,   // CANNOT_PARSE_TEXT
    26,  // CANNOT_PARSE_QUOTED_STRING
    27,  // CANNOT_PARSE_INPUT_ASSERTION_FAILED
    38,  // CANNOT_PARSE_DATE
    41,  // CANNOT_PARSE_DATETIME
    53,  // TYPE_MISMATCH
    69,  // ARGUMENT_OUT_OF_BOUND
    70,  // CANNOT_CONVERT_TYPE
    72,  // CANNOT_PARSE_NUMBER
    128, // TOO_LARGE_ARRAY_SIZE
    131, // TOO_LARGE_STRING_SIZE
    190, // SIZES_OF_ARRAYS_DONT_MATCH
    321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
    349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
    469, // VIOLATED_CONSTRAINT
];

impl StoreError {
    /// Whether an insert met a fence: one of its partitions has another owner now.
    pub fn is_fenced(&self) -> bool {
        matches!(self, Self::Exception { code: FUNCTION_THROW_IF_VALUE_IS_NON_ZERO, message } if message.contains(FENCED))
    }

    /// Whether an insert failed because of the values in it, so that waiting does not help.
    pub fn is_caused_by_data(&self) -> bool {
        match self {
            Self::Exception { code, .. } => {
                CAUSED_BY_DATA.contains(code)
                    || (*code == FUNCTION_THROW_IF_VALUE_IS_NON_ZERO && !self.is_fenced())
            }
            _ => false,
        }
    }

    /// Whether an insert has certainly left nothing behind and never will.
    pub fn surely_nothing_landed(&self) -> bool {
        matches!(self, Self::Unreachable(_)) || self.is_fenced()
    }
}

impl From<clickhouse::error::Error> for StoreError {
    fn from(error: clickhouse::error::Error) -> Self {
        use clickhouse::error::Error;
        match &error {
            Error::BadResponse(text) => exception(text),
            Error::Network(_) if is_connect(&error) => Self::Unreachable(chain(&error)),
            Error::Network(_) | Error::TimedOut => Self::Broken(chain(&error)),
            _ => Self::Answer(chain(&error)),
        }
    }
}

impl StoreError {
    /// What an exception's text, as ClickHouse writes it into an answer, says.
    pub(crate) fn from_exception(text: &str) -> Self {
        exception(text)
    }
}

fn exception(text: &str) -> StoreError {
    let code = text
        .strip_prefix("Code: ")
        .and_then(|rest| rest.split(['.', ' ']).next())
        .and_then(|c| c.parse().ok());
    let message = text
        .split_once("DB::Exception: ")
        .map_or(text, |(_, message)| message);
    let message = message.split(" (version ").next().unwrap_or(message);
    // Exceptions can quote data at any length.
    StoreError::Exception {
        code: code.unwrap_or_default(),
        message: message.trim().chars().take(2_000).collect(),
    }
}

/// Whether the connection was never made. The client library hides its kind behind boxes.
fn is_connect(error: &clickhouse::error::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return matches!(
                io.kind(),
                std::io::ErrorKind::ConnectionRefused
                    | std::io::ErrorKind::HostUnreachable
                    | std::io::ErrorKind::NetworkUnreachable
            );
        }
        source = cause.source();
    }
    false
}

/// The error and its causes in one line, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_told_from_other_exceptions() {
        let fenced = exception(
            "Code: 395. DB::Exception: aurora-fenced: while executing. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) (version 26.7.2.1)",
        );
        assert!(fenced.is_fenced() && fenced.surely_nothing_landed() && !fenced.is_caused_by_data());
        let constraint = exception(
            "Code: 469. DB::Exception: Constraint `c` is violated. (VIOLATED_CONSTRAINT) (version 26)",
        );
        assert!(constraint.is_caused_by_data() && !constraint.surely_nothing_landed());
        let elsewhere = exception("<html>502 Bad Gateway</html>");
        assert!(!elsewhere.is_caused_by_data() && !elsewhere.surely_nothing_landed());
    }
}
