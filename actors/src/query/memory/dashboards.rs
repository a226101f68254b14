//! Dashboards: boards of tiles that the page draws.
//!
//! What a board says is the page's own affair (`ui/web/src/visualize/board.ts`); here it is a bounded JSON object with a
//! title. Its statements run as everybody's do, for whoever looks at the board.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::MemoryError;
use super::document::require_line;
use super::named::{Kept, Named};

/// Most dashboards.
pub const MAX_DASHBOARDS: usize = 500;
/// Most bytes of a board, as JSON.
pub const MAX_BOARD_BYTES: usize = 256 << 10;
/// Longest title, in characters.
const MAX_TITLE_CHARS: usize = 200;

/// What somebody gives to be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// What the page draws: `title` and `tiles`, and whatever else it keeps there.
    pub board: Map<String, Value>,
}

/// A dashboard as it is kept.
pub type KeptDashboard = Named<Dashboard>;

impl Dashboard {
    /// The board's title; empty when it has none.
    pub fn title(&self) -> &str {
        self.board
            .get("title")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// How many tiles the board has.
    pub fn tiles(&self) -> usize {
        self.board
            .get("tiles")
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    }
}

impl Kept for Dashboard {
    const KIND: &'static str = "dashboard";
    const CALLED: &'static str = "dashboard";
    const MOST: usize = MAX_DASHBOARDS;

    fn check(&self) -> Result<(), MemoryError> {
        require_line("the title", self.title(), MAX_TITLE_CHARS)?;
        if !self.board.get("tiles").is_some_and(Value::is_array) {
            return Err(MemoryError::Invalid("the board has no list of tiles".to_owned()));
        }
        let bytes = serde_json::to_string(&self.board).map_or(usize::MAX, |text| text.len());
        if bytes > MAX_BOARD_BYTES {
            return Err(MemoryError::Invalid(format!(
                "the board is {bytes} bytes long, {MAX_BOARD_BYTES} are the most"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn boards_have_tiles_and_bounds() {
        let dashboard =
            |board: Value| serde_json::from_value::<Dashboard>(json!({ "board": board })).unwrap();
        let good = dashboard(json!({ "title": "Sales", "tiles": [{}, {}], "version": 1 }));
        assert!(good.check().is_ok());
        assert_eq!((good.title(), good.tiles()), ("Sales", 2));
        for bad in [
            json!({}),
            json!({ "tiles": {} }),
            json!({ "title": "a\nb", "tiles": [] }),
            json!({ "title": "x".repeat(201), "tiles": [] }),
            json!({ "title": "x", "tiles": ["x".repeat(MAX_BOARD_BYTES)] }),
        ] {
            assert!(dashboard(bad).check().is_err());
        }
    }
}
