//! Asks ClickHouse, as the reader, what there is: tables, columns, ranges, counts, values.
//!
//! What is known is kept and looked at again when the schema changes, when a table has grown a lot, and every few minutes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Mutex;

use super::catalog::{Catalog, Column, SYSTEM_COLUMNS, Table, role};
use crate::ingest::schema::table;
use crate::query::sql::{Priority, SqlError, SqlRequest, SqlRunner, Terms};
use crate::store::sql::{ident, literal};

/// Rows that are looked at of each table.
const LOOKED_AT_ROWS: u64 = 2_000_000;
/// Values that are kept of a column, the most frequent first.
const KEPT_VALUES: usize = 500;
/// Values that are kept of a column in which nearly every row has its own.
const SAMPLE_VALUES: usize = 20;
/// Longest value that is kept, in characters.
const VALUE_CHARS: usize = 64;
/// Columns that are looked at by one query.
const COLUMNS_AT_ONCE: usize = 40;
/// Tables that are looked at.
const MOST_TABLES: usize = 200;
/// How long what is known is good without asking whether it changed, and at all.
const FRESH: Duration = Duration::from_secs(10);
const GOOD: Duration = Duration::from_secs(300);

/// What is known of the tables, kept up to date when it is asked for.
#[derive(Debug)]
pub(super) struct Gatherer {
    sql: SqlRunner,
    /// Columns whose values no model sees, as `table.column`.
    hidden: Vec<String>,
    known: Mutex<Option<Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    catalog: Arc<Catalog>,
    outline: Vec<(String, u64)>,
    gathered: Instant,
    checked: Instant,
}

impl Gatherer {
    pub(super) fn new(sql: SqlRunner, hidden: Vec<String>) -> Self {
        Self {
            sql,
            hidden,
            known: Mutex::new(None),
        }
    }

    /// What is known now; the first who asks waits for it.
    pub(super) async fn catalog(&self) -> Result<Arc<Catalog>, SqlError> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.checked.elapsed() < FRESH) {
            return Ok(known.catalog.clone());
        }
        let outline = self.outline().await?;
        if let Some(known) = known.as_mut()
            && known.gathered.elapsed() < GOOD
            && is_alike(&known.outline, &outline)
        {
            known.checked = Instant::now();
            return Ok(known.catalog.clone());
        }
        let catalog = Arc::new(self.gather().await?);
        let now = Instant::now();
        *known = Some(Known {
            catalog: catalog.clone(),
            outline,
            gathered: now,
            checked: now,
        });
        Ok(catalog)
    }

    /// Each table with its columns, as one text, and about how many rows it has.
    async fn outline(&self) -> Result<Vec<(String, u64)>, SqlError> {
        let sql = format!(
            "SELECT concat(c.database, '.', c.table, ':', arrayStringConcat(arraySort(groupArray(concat(c.name, ' ', c.type, ' ', c.comment))), ',')), \
             any(ifNull(t.total_rows, 0)) FROM system.columns AS c LEFT JOIN system.tables AS t ON t.database = c.database AND t.name = c.table \
             WHERE {} GROUP BY c.database, c.table ORDER BY c.database, c.table",
            ours("c.database")
        );
        let rows = self.rows(&sql).await?;
        Ok(rows.iter().map(|row| (text(row, 0), number(row, 1))).collect())
    }

    async fn gather(&self) -> Result<Catalog, SqlError> {
        let version = self.rows("SELECT version()").await?;
        let columns = format!(
            "SELECT database, table, name, type, comment, is_in_sorting_key FROM system.columns WHERE {} ORDER BY database, table, position",
            ours("database")
        );
        let tables = format!(
            "SELECT database, name, comment, ifNull(total_rows, 0) FROM system.tables WHERE {}",
            ours("database")
        );
        let comments = self.rows(&tables).await?;
        let mut catalog = Catalog {
            version: version.first().map(|row| text(row, 0)).unwrap_or_default(),
            tables: Vec::new(),
        };
        for row in self.rows(&columns).await? {
            let (database, name) = (text(&row, 0), text(&row, 1));
            if catalog
                .tables
                .last()
                .is_none_or(|last| last.database != database || last.name != name)
            {
                if catalog.tables.len() == MOST_TABLES {
                    break;
                }
                let known = comments
                    .iter()
                    .find(|row| text(row, 0) == database && text(row, 1) == name);
                catalog.tables.push(Table {
                    database,
                    name,
                    comment: known
                        .map(|row| table::said_by_people(&text(row, 2)).to_owned())
                        .unwrap_or_default(),
                    rows: known.map(|row| number(row, 3)).unwrap_or_default(),
                    ..Table::default()
                });
            }
            let Some(table) = catalog.tables.last_mut() else {
                continue;
            };
            let name = text(&row, 2);
            if SYSTEM_COLUMNS.contains(&name.as_str()) {
                table.has_kafka_time |= name == "_timestamp";
                continue;
            }
            table.columns.push(Column {
                name,
                column_type: text(&row, 3),
                comment: said_by_people(&text(&row, 4)),
                in_sorting_key: number(&row, 5) == 1,
                ..Column::default()
            });
        }
        for table in &mut catalog.tables {
            self.look_at(table).await?;
        }
        Ok(catalog)
    }

    /// Ranges, counts and values of a table's columns.
    async fn look_at(&self, table: &mut Table) -> Result<(), SqlError> {
        let from = format!("{}.{}", ident(&table.database), ident(&table.name));
        for start in (0..table.columns.len()).step_by(COLUMNS_AT_ONCE) {
            let end = (start + COLUMNS_AT_ONCE).min(table.columns.len());
            let columns = &mut table.columns[start..end];
            let names: Vec<String> = columns.iter().map(|column| ident(&column.name)).collect();
            let looks: Vec<String> = columns.iter().map(look).collect();
            let sql = format!(
                "SELECT count(), {} FROM (SELECT {} FROM {from} LIMIT {LOOKED_AT_ROWS})",
                looks.join(", "),
                names.join(", ")
            );
            let rows = self.rows(&sql).await?;
            let Some(row) = rows.first() else { continue };
            table.rows = table.rows.max(number(row, 0));
            for (at, column) in columns.iter_mut().enumerate() {
                let seen = row
                    .get(at + 1)
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default();
                column.distinct = number(&seen, 0);
                column.nulls = number(&seen, 1);
                column.min = text(&seen, 2);
                column.max = text(&seen, 3);
                let values = seen.get(4).and_then(Value::as_array).cloned().unwrap_or_default();
                column.values = values
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
                column.values_complete = column.distinct <= column.values.len() as u64;
                let many = column.distinct > 2 * KEPT_VALUES as u64;
                column
                    .values
                    .truncate(if many { SAMPLE_VALUES } else { KEPT_VALUES });
            }
        }
        let rows = table.rows;
        for column in &mut table.columns {
            column.role = role(column, rows);
            column.hidden = self.hidden.contains(&format!("{}.{}", table.name, column.name));
        }
        Ok(())
    }

    async fn rows(&self, sql: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        let request = SqlRequest {
            sql: sql.to_owned(),
            limit: Some(50_000),
            ..SqlRequest::default()
        };
        let terms = Terms {
            priority: Priority::Interactive,
            time: None,
        };
        let result = self.sql.run_with(&request, terms).await?;
        Ok(result
            .rows
            .iter()
            .filter_map(|row| serde_json::from_str(row.get()).ok())
            .collect())
    }
}

/// Databases that questions can be about.
fn ours(column: &str) -> String {
    let not = [
        "system",
        "INFORMATION_SCHEMA",
        "information_schema",
        crate::store::system::DATABASE,
    ]
    .map(literal)
    .join(", ");
    format!("{column} NOT IN ({not})")
}

/// Columns of Aurora's tables carry the path of their field as a comment; that is not said by people.
fn said_by_people(comment: &str) -> String {
    // See `ingest::schema::table`: `{"path": […]}`.
    if comment.starts_with("{\"path\"") {
        String::new()
    } else {
        comment.to_owned()
    }
}

/// What is looked at of a column: different values, missing ones, the smallest, the largest, the most frequent.
fn look(column: &Column) -> String {
    let name = ident(&column.name);
    let plain = column.plain_type();
    let values = |of: &str, function: &str| {
        format!("arrayMap(x -> substring(toString(x), 1, {VALUE_CHARS}), {function}({KEPT_VALUES})({of}))")
    };
    match () {
        () if plain.starts_with("Array(") && is_simple(&plain[6..plain.len() - 1]) => {
            format!(
                "tuple(uniqArray({name}), 0, '', '', {})",
                values(&name, "topKArray")
            )
        }
        () if column.is_text() => {
            format!(
                "tuple(uniq({name}), countIf(isNull({name})), '', '', {})",
                values(&name, "topK")
            )
        }
        () if is_simple(plain) => {
            format!(
                "tuple(uniq({name}), countIf(isNull({name})), toString(min({name})), toString(max({name})), emptyArrayString())"
            )
        }
        () => "tuple(0, 0, '', '', emptyArrayString())".to_owned(),
    }
}

fn is_simple(column_type: &str) -> bool {
    let plain = super::catalog::plain_type(column_type);
    [
        "Int",
        "UInt",
        "Float",
        "Decimal",
        "Bool",
        "Date",
        "String",
        "FixedString",
        "Enum",
        "UUID",
        "IPv",
    ]
    .iter()
    .any(|simple| plain.starts_with(simple))
}

/// The same tables and columns, and none of them many times larger.
fn is_alike(before: &[(String, u64)], now: &[(String, u64)]) -> bool {
    before.len() == now.len()
        && before.iter().zip(now).all(|((a, few), (b, many))| {
            a == b && *many <= few.saturating_mul(2).max(1_000) && (*few > 0 || *many == 0)
        })
}

fn text(row: &[Value], at: usize) -> String {
    match row.get(at) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// 64-bit numbers come as texts.
fn number(row: &[Value], at: usize) -> u64 {
    match row.get(at) {
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        Some(value) => value.as_u64().unwrap_or_default(),
        None => 0,
    }
}
