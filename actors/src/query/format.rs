//! How values look outside: in JSON, and in files.
//!
//! **JSON.** Every value comes back as ClickHouse wrote it, without passing through a float of ours:
//!
//! | type | in JSON |
//! |---|---|
//! | Int8 … Int32, UInt8 … UInt32, Float32, Float64, BFloat16 | a number; the shortest that reads back the same |
//! | Int64 and wider, Decimal of any width | a text: `"18446744073709551615"`, `"1.10"` with all decimals of its type |
//! | NaN, ∞, −∞ | the texts `"nan"`, `"inf"`, `"-inf"` |
//! | Bool | `true`, `false` |
//! | NULL | `null` |
//! | String, `FixedString`, Enum, UUID, IPv4, IPv6 | a text; bytes that are no UTF-8 become U+FFFD (`hex(x)` shows them) |
//! | Date, Date32, Time | `"2024-02-29"`, `"12:00:01"` |
//! | `DateTime`, `DateTime64` | the instant in UTC, ISO 8601, `"2024-02-29T11:00:00.123Z"`; the column's type names its zone |
//! | Array, Nested, Ring … | an array |
//! | Tuple | an array; with names an object |
//! | Map | an object, keys as texts |
//! | JSON | what is in it, under the same rules |
//! | Variant, Dynamic, `LowCardinality`, Nullable | the value in them; in Dynamic a text |
//!
//! **Files.** [`ExportFormat`] is what ClickHouse makes by itself. CSV and JSON lines follow the same rules;
//! Parquet and Arrow have types of their own. One file has at most
//! [`max_result_rows`](super::limits::QueryLimits::max_result_rows) rows; a query with more fails.

/// Settings that make it so. They belong to the reader's profile, since nobody can change them in a query.
pub const SETTINGS: [(&str, &str); 8] = [
    ("output_format_json_quote_64bit_integers", "1"),
    ("output_format_json_quote_64bit_floats", "0"),
    ("output_format_json_quote_decimals", "1"),
    ("output_format_json_quote_denormals", "1"),
    ("output_format_json_validate_utf8", "1"),
    ("output_format_decimal_trailing_zeros", "1"),
    ("output_format_json_named_tuples_as_objects", "1"),
    ("date_time_output_format", "iso"),
];

/// What a result can be saved as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// With a first line of names.
    Csv,
    /// An object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
    /// Arrow's file format.
    Arrow,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Csv, Self::JsonLines, Self::Parquet, Self::Arrow];

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonlines",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// What ClickHouse calls it.
    pub fn clickhouse_name(self) -> &'static str {
        match self {
            Self::Csv => "CSVWithNames",
            Self::JsonLines => "JSONEachRow",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.file",
        }
    }

    /// How files of it end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_found_by_its_name() {
        for format in ExportFormat::ALL {
            assert_eq!(ExportFormat::from_name(format.name()), Some(format));
        }
        assert_eq!(ExportFormat::from_name("CSV; rm"), None);
    }
}
