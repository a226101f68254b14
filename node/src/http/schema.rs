//! Tables and columns that queries can use.

use std::sync::Arc;

use aurora_actors::query::sql::{MAX_LIMIT, SqlRequest, SqlResult};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::InPath;
use super::problem::Problem;
use crate::node::NodeState;

/// What queries can use.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Tables {
    /// In order of their names.
    pub tables: Vec<TableView>,
}

/// A table.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TableView {
    /// The database it is in.
    pub database: String,
    /// Its name there.
    pub table: String,
    /// Its columns, in their order.
    pub columns: Vec<ColumnView>,
}

/// A column of a table.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ColumnView {
    /// Its name.
    pub name: String,
    /// Its ClickHouse type.
    #[serde(rename = "type")]
    pub column_type: String,
    /// What stands beside it in the table; of what Aurora made, the path of its field.
    pub comment: String,
}

/// All tables that the reader can see.
#[utoipa::path(
    get,
    path = "/api/v1/schema",
    tag = "schema",
    responses((status = 200, description = "Done", body = Tables))
)]
pub(super) async fn list(State(state): State<Arc<NodeState>>) -> Result<Json<Tables>, Problem> {
    Ok(Json(Tables {
        tables: read(&state, None).await?,
    }))
}

/// One table: `TABLE` of the events' database, or `DATABASE.TABLE`.
#[utoipa::path(
    get,
    path = "/api/v1/schema/{table}",
    tag = "schema",
    params(("table" = String, Path, description = "TABLE, or DATABASE.TABLE")),
    responses((status = 200, description = "Done", body = TableView))
)]
pub(super) async fn show(
    State(state): State<Arc<NodeState>>,
    InPath(name): InPath<String>,
) -> Result<Json<TableView>, Problem> {
    let tables = read(&state, Some(&name)).await?;
    tables
        .into_iter()
        .next()
        .map(Json)
        .ok_or_else(|| Problem::not_found("table", &name))
}

/// Asked as the reader, so that only what it may see is shown.
async fn read(state: &NodeState, name: Option<&str>) -> Result<Vec<TableView>, Problem> {
    let (database, table) = match name {
        None => ("", ""),
        Some(name) => name.split_once('.').unwrap_or((&state.database, name)),
    };
    let request = SqlRequest {
        sql: "SELECT database, table, name, type, comment FROM system.columns
              WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')
                AND ({database:String} = '' OR (database = {database:String} AND table = {table:String}))
              ORDER BY database, table, position"
            .to_owned(),
        params: [
            ("database".to_owned(), database.to_owned()),
            ("table".to_owned(), table.to_owned()),
        ]
        .into(),
        limit: Some(MAX_LIMIT),
    };
    Ok(group(&state.sql.run(&request).await?))
}

fn group(result: &SqlResult) -> Vec<TableView> {
    let mut tables: Vec<TableView> = Vec::new();
    for row in &result.rows {
        let Ok([database, table, name, column_type, comment]) =
            serde_json::from_str::<[String; 5]>(row.get())
        else {
            continue;
        };
        if !tables
            .last()
            .is_some_and(|last| last.database == database && last.table == table)
        {
            tables.push(TableView {
                database,
                table,
                columns: Vec::new(),
            });
        }
        if let Some(last) = tables.last_mut() {
            last.columns.push(ColumnView {
                name,
                column_type,
                comment,
            });
        }
    }
    tables
}
