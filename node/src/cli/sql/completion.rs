//! What a word of SQL may become.

use super::lexer::{Kind, Token, is_word, tokens};
use crate::http::schema::{TableView, Tables};

/// The words that statements are made of, and the functions that are used most.
const KEYWORDS: [&str; 96] = [
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "ASOF",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "FINAL",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "ILIKE",
    "IN",
    "INNER",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PREWHERE",
    "QUALIFY",
    "RIGHT",
    "ROLLUP",
    "SAMPLE",
    "SELECT",
    "SHOW",
    "TABLE",
    "TABLES",
    "THEN",
    "TOTALS",
    "UNION",
    "USING",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "argMax",
    "argMin",
    "arrayJoin",
    "avg",
    "coalesce",
    "concat",
    "count",
    "countIf",
    "dateDiff",
    "formatDateTime",
    "groupArray",
    "if",
    "ifNull",
    "lower",
    "max",
    "median",
    "min",
    "multiIf",
    "now",
    "position",
    "quantile",
    "quantiles",
    "round",
    "sum",
    "sumIf",
    "today",
    "toDate",
    "toDateTime",
    "toStartOfDay",
    "toStartOfHour",
    "toStartOfMinute",
    "toStartOfMonth",
    "toStartOfWeek",
    "uniq",
    "uniqExact",
];
/// After these only a table makes sense.
const BEFORE_TABLES: [&str; 5] = ["FROM", "JOIN", "DESCRIBE", "DESC", "TABLE"];

/// The names that there are.
#[derive(Debug, Default)]
pub(super) struct Names {
    tables: Vec<TableView>,
}

impl Names {
    pub(super) fn of(tables: Tables) -> Self {
        Self {
            tables: tables.tables,
        }
    }

    /// What the word before the cursor may become, and where it begins.
    pub(super) fn complete(&self, text: &str, cursor: usize) -> (usize, Vec<String>) {
        let nothing = (cursor, Vec::new());
        let Some(before) = text.get(..cursor) else {
            return nothing;
        };
        if tokens(before).last().is_some_and(|last| last.is_open) {
            return nothing;
        }
        let start = before.trim_end_matches(|c| is_word(c) || c == '.').len();
        let word = &before[start..];
        let mut found = if is_before_table(&before[..start]) {
            self.table_names()
        } else if word.is_empty() {
            return nothing;
        } else {
            self.all(text, word)
        };
        found.retain(|name| begins_with(name, word));
        found.sort_by_key(|name| name.to_lowercase());
        found.dedup();
        (start, found)
    }

    /// The names of tables, for what takes nothing else.
    pub(super) fn table_names(&self) -> Vec<String> {
        let of = |table: &TableView| [quoted_whole(&table.table), full_name(table)];
        self.tables.iter().flat_map(of).collect()
    }

    fn all(&self, text: &str, word: &str) -> Vec<String> {
        let words: Vec<&str> = tokens(text)
            .filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted))
            .map(|token| token.text.trim_matches(['`', '"']))
            .collect();
        let is_named = |table: &&TableView| words.contains(&table.table.as_str());
        let mut named: Vec<&TableView> = self.tables.iter().filter(is_named).collect();
        if named.is_empty() {
            // No table is named yet: it is what comes first that is written first.
            named = self.tables.iter().collect();
        }
        let columns = named.into_iter().flat_map(|table| &table.columns);
        let mut found: Vec<String> = columns.map(|column| quoted(&column.name)).collect();
        found.extend(self.table_names());
        found.extend(self.tables.iter().flat_map(|table| with_owner(table, word)));
        let is_lower = !word.contains(char::is_uppercase);
        found.extend(KEYWORDS.iter().map(|keyword| {
            let is_function = keyword.starts_with(char::is_lowercase);
            if is_lower && !is_function {
                keyword.to_lowercase()
            } else {
                (*keyword).to_owned()
            }
        }));
        found
    }
}

/// A table's columns with its name before them, if that is how the word begins.
fn with_owner(table: &TableView, word: &str) -> Vec<String> {
    let owners = [quoted_whole(&table.table), full_name(table)];
    let owner = owners.iter().find(|owner| {
        let rest = word.strip_prefix(owner.as_str());
        rest.is_some_and(|rest| rest.starts_with('.'))
    });
    let Some(owner) = owner else {
        return Vec::new();
    };
    let columns = table.columns.iter();
    columns
        .map(|column| format!("{owner}.{}", quoted(&column.name)))
        .collect()
}

/// Whether the word that stands last in a text is one after which only a table makes sense.
fn is_before_table(text: &str) -> bool {
    let counting: Vec<Token<'_>> = tokens(text).filter(Token::counts).collect();
    let Some((last, before)) = counting.split_last() else {
        return false;
    };
    let keyword = last.text.to_uppercase();
    // What is sorted in descending order has a DESC of its own.
    let is_first = before.last().is_none_or(|token| token.kind == Kind::Semicolon);
    last.kind == Kind::Word && BEFORE_TABLES.contains(&keyword.as_str()) && (keyword != "DESC" || is_first)
}

fn begins_with(name: &str, word: &str) -> bool {
    let mut characters = name.chars().flat_map(char::to_lowercase);
    word.chars()
        .flat_map(char::to_lowercase)
        .all(|c| characters.next() == Some(c))
}

/// A column's name as it has to be written; the dots of nested fields need no quotes.
fn quoted(name: &str) -> String {
    if name.split('.').all(is_plain) {
        name.to_owned()
    } else {
        in_backticks(name)
    }
}

/// The name of a table or database as it has to be written; a dot in it would be taken for the end of the database's.
fn quoted_whole(name: &str) -> String {
    if is_plain(name) {
        name.to_owned()
    } else {
        in_backticks(name)
    }
}

fn is_plain(name: &str) -> bool {
    let is_name = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    is_name && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn in_backticks(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

fn full_name(table: &TableView) -> String {
    format!("{}.{}", quoted_whole(&table.database), quoted_whole(&table.table))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let table = |database: &str, table: &str, columns: &[&str]| {
            let columns = columns
                .iter()
                .map(|name| serde_json::json!({ "name": name, "type": "String", "comment": "" }));
            serde_json::json!({ "database": database, "table": table, "columns": columns.collect::<Vec<_>>() })
        };
        let tables = serde_json::json!({ "tables": [
            table("events", "parcels", &["parcel_id", "status", "Weight", "a b", "from.city", "from.zip"]),
            table("events", "payments", &["amount", "status_code"]),
            table("shop", "parts", &["part_no"]),
        ] });
        Names::of(serde_json::from_value(tables).unwrap())
    }

    /// The bar is the cursor.
    fn complete(text: &str) -> Vec<String> {
        let cursor = text.find('|').unwrap();
        names().complete(&text.replace('|', ""), cursor).1
    }

    #[test]
    fn tables_come_after_from_and_columns_of_the_tables_that_are_named() {
        assert_eq!(complete("SELECT 1 FROM pa|"), ["parcels", "parts", "payments"]);
        assert_eq!(complete("select 1 from parc|"), ["parcels"]);
        assert_eq!(complete("DESCRIBE TABLE |").len(), 6);
        assert_eq!(complete("SELECT stat| FROM parcels"), ["status"]);
        assert_eq!(complete("SELECT stat|"), ["status", "status_code"]);
        assert_eq!(complete("SELECT WEI| FROM parcels"), ["Weight"]);
        assert_eq!(complete("SELECT a| FROM payments")[0], "all");
        assert_eq!(complete("SELECT 1; desc pay|"), ["payments"]);
        // It says how rows are sorted.
        assert_eq!(
            complete("SELECT 1 FROM parcels ORDER BY 1 DESC |"),
            Vec::<String>::new()
        );
        assert_eq!(complete("SELECT 1 ORDER BY 1 DESC li|"), ["like", "limit"]);
    }

    #[test]
    fn what_stands_behind_a_dot_belongs_to_what_stands_before() {
        assert_eq!(complete("SELECT parcels.p| FROM parcels"), ["parcels.parcel_id"]);
        assert_eq!(
            complete("SELECT * FROM events.pa|"),
            ["events.parcels", "events.payments"]
        );
        assert_eq!(complete("SELECT shop.parts.|"), ["shop.parts.part_no"]);
        assert_eq!(
            complete("SELECT parcels.a| FROM parcels"),
            Vec::<String>::new(),
            "it needs quotes"
        );
        assert_eq!(complete("SELECT parcels.`| FROM parcels"), Vec::<String>::new());
        // A field of a field.
        assert_eq!(complete("SELECT from.| FROM parcels"), ["from.city", "from.zip"]);
        assert_eq!(complete("SELECT parcels.from.c|"), ["parcels.from.city"]);
    }

    #[test]
    fn keywords_are_written_as_the_word_was_begun() {
        assert_eq!(complete("sel|"), ["select"]);
        assert_eq!(complete("SEL|"), ["SELECT"]);
        assert_eq!(
            complete("SELECT toStartOfM|"),
            ["toStartOfMinute", "toStartOfMonth"]
        );
        assert_eq!(complete("SELECT UNIQ|"), ["uniq", "uniqExact"]);
    }

    #[test]
    fn nothing_is_said_within_quotes_comments_and_blanks() {
        for nothing in [
            "SELECT 'sel|",
            "-- sel|",
            "/* sel|",
            "SELECT `par|",
            "SELECT |",
            "|",
            "SELECT zzz|",
        ] {
            assert_eq!(complete(nothing), Vec::<String>::new(), "{nothing}");
        }
        // A cursor within a character is nowhere.
        assert_eq!(names().complete("ü", 1), (1, Vec::new()));
    }

    #[test]
    fn the_word_is_replaced_from_its_beginning() {
        assert_eq!(names().complete("SELECT über, stat", 18).0, 14);
        assert_eq!(
            names().complete("FROM events.parc", 16),
            (5, vec!["events.parcels".to_owned()])
        );
        assert_eq!(quoted("a b`c\\"), "`a b\\`c\\\\`");
        assert_eq!(quoted("2nd"), "`2nd`");
        assert_eq!(
            [quoted("a.b_2.c"), quoted("a..b"), quoted("a.1")],
            ["a.b_2.c", "`a..b`", "`a.1`"]
        );
        assert_eq!([quoted_whole("a.b"), quoted_whole("a_b")], ["`a.b`", "a_b"]);
    }
}
