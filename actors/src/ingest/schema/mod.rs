//! What a stream's events look like as columns.
//!
//! A [`TableSchema`] maps paths in a JSON object to typed columns. It is inferred from a sample of
//! the topic ([`infer`]), written as a table ([`table`]), read back from that table at every start,
//! so that the table is the only truth, and grows while the stream runs ([`evolve`]). What people decide
//! otherwise before it is made ([`choice`]) goes into the table as well.
//!
//! Every scalar column is `Nullable`: a field that a message leaves out is unknown, not zero, and
//! an average over it must not count it.

pub mod choice;
pub mod evolve;
pub mod infer;
pub mod keeper;
pub mod table;
pub mod time;

use std::fmt;

/// A column's element type, without `Nullable`, `LowCardinality` or `Array` around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// `true` and `false`.
    Bool,
    /// Integers of 64 bits.
    Int64,
    /// Integers of 64 bits that are never negative; chosen only when some do not fit `Int64`.
    UInt64,
    /// Integers of up to 128 bits.
    Int128,
    /// Numbers with a fraction or exponent.
    Float64,
    /// Text; also the text of any other JSON value, where a field mixes types.
    String,
    /// A moment in UTC with so many decimal digits of a second: 3, 6 or 9.
    DateTime(u8),
}

impl Scalar {
    /// Bytes a value takes in ClickHouse's Native format; `None` where it varies.
    pub fn width(self) -> Option<usize> {
        match self {
            Scalar::Bool => Some(1),
            Scalar::Int64 | Scalar::UInt64 | Scalar::Float64 | Scalar::DateTime(_) => Some(8),
            Scalar::Int128 => Some(16),
            Scalar::String => None,
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "Bool" => Scalar::Bool,
            "Int64" => Scalar::Int64,
            "UInt64" => Scalar::UInt64,
            "Int128" => Scalar::Int128,
            "Float64" => Scalar::Float64,
            "String" => Scalar::String,
            "DateTime64(3, 'UTC')" => Scalar::DateTime(3),
            "DateTime64(6, 'UTC')" => Scalar::DateTime(6),
            "DateTime64(9, 'UTC')" => Scalar::DateTime(9),
            _ => return None,
        })
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool => f.write_str("Bool"),
            Scalar::Int64 => f.write_str("Int64"),
            Scalar::UInt64 => f.write_str("UInt64"),
            Scalar::Int128 => f.write_str("Int128"),
            Scalar::Float64 => f.write_str("Float64"),
            Scalar::String => f.write_str("String"),
            Scalar::DateTime(digits) => write!(f, "DateTime64({digits}, 'UTC')"),
        }
    }
}

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `Nullable(T)`.
    Scalar(Scalar),
    /// `LowCardinality(Nullable(String))`: text with few distinct values.
    LowCardinality,
    /// `Array(T)` or `Array(Nullable(T))`. A missing array is an empty one: ClickHouse has no other.
    Array {
        /// The type of the elements.
        element: Scalar,
        /// Whether an element can be NULL.
        nullable: bool,
    },
}

impl ColumnType {
    /// Reads a type as `system.columns` spells it; `None` for types Aurora does not write. What it
    /// writes is always nullable, so a column that somebody declared without `Nullable` counts as
    /// its nullable kin: ClickHouse then fills in the column's default.
    pub fn parse(name: &str) -> Option<Self> {
        let inside = |outer: &str| name.strip_prefix(outer)?.strip_prefix('(')?.strip_suffix(')');
        if matches!(
            name,
            "LowCardinality(Nullable(String))" | "LowCardinality(String)"
        ) {
            return Some(ColumnType::LowCardinality);
        }
        if let Some(element) = inside("Array") {
            let nullable = element
                .strip_prefix("Nullable(")
                .and_then(|e| e.strip_suffix(')'));
            let scalar = Scalar::parse(nullable.unwrap_or(element))?;
            return Some(ColumnType::Array {
                element: scalar,
                nullable: nullable.is_some(),
            });
        }
        Scalar::parse(inside("Nullable").unwrap_or(name)).map(ColumnType::Scalar)
    }

    /// Whether a column of this type takes any value, as text.
    pub fn is_text(self) -> bool {
        matches!(
            self,
            ColumnType::LowCardinality | ColumnType::Scalar(Scalar::String)
        )
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnType::Scalar(scalar) => write!(f, "Nullable({scalar})"),
            ColumnType::LowCardinality => f.write_str("LowCardinality(Nullable(String))"),
            ColumnType::Array {
                element,
                nullable: false,
            } => write!(f, "Array({element})"),
            ColumnType::Array {
                element,
                nullable: true,
            } => write!(f, "Array(Nullable({element}))"),
        }
    }
}

/// Where a value stands in a message: the keys from the outermost object inwards.
pub type Path = Vec<String>;

/// Whether `path` leads into the value that stands at `above`.
fn is_beneath(path: &[String], above: &[String]) -> bool {
    path.len() > above.len() && path.starts_with(above)
}

/// One column that holds a field of the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The column's name in the table.
    pub name: String,
    /// The field it holds.
    pub path: Path,
    /// Its type.
    pub column_type: ColumnType,
    /// Whether somebody has chosen the type: then it is never widened, and what does not fit is a dead letter.
    pub is_chosen: bool,
}

/// Most columns a table gets by itself. Fields beyond go to the catch-all column [`REST_COLUMN`].
pub const MAX_COLUMNS: usize = 500;

/// The column that keeps fields without a column of their own, as the text of a JSON object.
pub const REST_COLUMN: &str = "_rest";

/// The column that says of a row when it was made of a dead letter, and 1970 of every other row. A table gets it with its
/// first such row, see [`dead_letters::retry`](super::dead_letters::retry).
pub const RETRIED_COLUMN: &str = "_retried_at";

/// Columns that tables of events have besides their fields.
pub const METADATA_COLUMNS: [&str; 7] = [
    "_topic",
    "_partition",
    "_offset",
    "_timestamp",
    "_generation",
    REST_COLUMN,
    RETRIED_COLUMN,
];

/// The columns of a stream's table, in its order, without the metadata columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableSchema {
    /// The columns of the events' fields.
    pub columns: Vec<Column>,
    /// Fields that get no column, and neither does what lies beneath them: somebody wants none of it.
    pub left_out: Vec<Path>,
}

impl TableSchema {
    /// The name for a new column that holds `path`.
    ///
    /// Objects flatten to `a.b`. Arrays inside objects become `a_b` instead, since ClickHouse
    /// takes arrays `a.x` and `a.y` for two sides of one Nested structure and refuses rows in which
    /// their lengths differ. A name that is taken gets a number.
    pub fn name_for(&self, path: &[String], column_type: ColumnType) -> String {
        let separator = if matches!(column_type, ColumnType::Array { .. }) {
            "_"
        } else {
            "."
        };
        let mut name = path.join(separator);
        // ClickHouse cannot name a column with nothing, and the metadata's names are taken.
        if name.is_empty() || METADATA_COLUMNS.contains(&name.as_str()) {
            name = format!("field{name}");
        }
        let taken = |name: &str| self.columns.iter().any(|column| column.name == name);
        if !taken(&name) {
            return name;
        }
        (2..)
            .map(|n| format!("{name}_{n}"))
            .find(|name| !taken(name))
            .unwrap_or(name)
    }

    /// Whether the field gets no column because somebody wants it left out.
    pub fn leaves_out(&self, path: &[String]) -> bool {
        self.left_out.iter().any(|left_out| path.starts_with(left_out))
    }

    /// Whether the field lies in an object that goes into a column of text as a whole. An object of which anything
    /// beneath is known is taken apart.
    pub fn keeps_whole(&self, path: &[String]) -> bool {
        let is_taken_apart = |above: &[String]| {
            let paths = self
                .columns
                .iter()
                .map(|column| &column.path)
                .chain(&self.left_out);
            paths.into_iter().any(|path| is_beneath(path, above))
        };
        self.columns.iter().any(|column| {
            column.column_type.is_text() && is_beneath(path, &column.path) && !is_taken_apart(&column.path)
        })
    }

    /// Adds a column for `path`, unless the table is full or has one already.
    pub fn add(&mut self, path: &[String], column_type: ColumnType) -> Option<&Column> {
        let has = self.columns.iter().any(|column| column.path == path);
        if has || self.columns.len() >= MAX_COLUMNS {
            return None;
        }
        let name = self.name_for(path, column_type);
        self.columns.push(Column {
            name,
            path: path.to_vec(),
            column_type,
            is_chosen: false,
        });
        self.columns.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(keys: &[&str]) -> Path {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn every_type_survives_being_written_and_read() {
        let scalars = [
            Scalar::Bool,
            Scalar::Int64,
            Scalar::UInt64,
            Scalar::Int128,
            Scalar::Float64,
            Scalar::String,
            Scalar::DateTime(3),
            Scalar::DateTime(6),
            Scalar::DateTime(9),
        ];
        let mut types = vec![ColumnType::LowCardinality];
        for element in scalars {
            types.push(ColumnType::Scalar(element));
            types.push(ColumnType::Array {
                element,
                nullable: false,
            });
            types.push(ColumnType::Array {
                element,
                nullable: true,
            });
        }
        for column_type in types {
            assert_eq!(ColumnType::parse(&column_type.to_string()), Some(column_type));
        }
        assert_eq!(ColumnType::parse("Tuple(a Int64)"), None);
    }

    #[test]
    fn names_are_unique_and_leave_the_metadata_alone() {
        let mut schema = TableSchema::default();
        let int = ColumnType::Scalar(Scalar::Int64);
        let array = ColumnType::Array {
            element: Scalar::Int64,
            nullable: false,
        };
        assert_eq!(schema.add(&path(&["a", "b"]), int).unwrap().name, "a.b");
        assert_eq!(schema.add(&path(&["a.b"]), int).unwrap().name, "a.b_2");
        assert_eq!(schema.add(&path(&["a", "c"]), array).unwrap().name, "a_c");
        assert_eq!(schema.add(&path(&["_offset"]), int).unwrap().name, "field_offset");
        assert_eq!(schema.add(&path(&[""]), int).unwrap().name, "field");
        assert!(schema.add(&path(&["a", "b"]), int).is_none());
    }
}
