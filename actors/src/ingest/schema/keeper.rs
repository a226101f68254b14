//! The schema of a running stream, shared by its partitions.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::evolve::Changes;
use super::{Column, ColumnType, TableSchema, table};
use crate::store::sql::TableName;
use crate::store::{Store, StoreError};

/// Holds the schema that a stream's table has now, and changes both together.
#[derive(Debug)]
pub struct SchemaKeeper {
    store: Store,
    table: TableName,
    current: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    schema: Arc<TableSchema>,
    /// Widenings that the table's values do not allow, by column; not to be tried for each message.
    refused: HashSet<(String, ColumnType)>,
}

impl SchemaKeeper {
    /// Keeps `schema`, which `table` has.
    pub fn new(store: Store, table: TableName, schema: TableSchema) -> Self {
        Self {
            store,
            table,
            current: Mutex::new(Kept {
                schema: Arc::new(schema),
                refused: HashSet::new(),
            }),
        }
    }

    /// The schema now.
    pub async fn current(&self) -> Arc<TableSchema> {
        self.current.lock().await.schema.clone()
    }

    /// Reads the table again, which somebody may have changed by hand. Returns the schema that it has now.
    pub async fn reread(&self) -> Result<Arc<TableSchema>, StoreError> {
        let mut kept = self.current.lock().await;
        let found = table::read(&self.store, &self.table).await?;
        if let Some(found) = found.filter(|found| *found != *kept.schema) {
            kept.schema = Arc::new(found);
            kept.refused.clear();
        }
        Ok(kept.schema.clone())
    }

    /// Makes `changes`, which were found wanting in `seen`. Returns the schema afterwards, and
    /// whether it was this call that changed the table. When another partition was faster, its
    /// schema is returned: whether that is enough, the caller finds out.
    pub async fn evolve(
        &self,
        seen: &Arc<TableSchema>,
        changes: &Changes,
    ) -> Result<(Arc<TableSchema>, bool), StoreError> {
        let mut kept = self.current.lock().await;
        if !Arc::ptr_eq(&kept.schema, seen) {
            return Ok((kept.schema.clone(), false));
        }
        let mut changes = changes.clone();
        let name = |index: usize| seen.columns[index].name.clone();
        changes
            .widen
            .retain(|(index, wider)| !kept.refused.contains(&(name(*index), *wider)));
        if changes.is_empty() {
            return Ok((kept.schema.clone(), false));
        }
        // Another node may have changed the table since it was last read here.
        let found = table::read(&self.store, &self.table).await?;
        if let Some(found) = found.filter(|found| *found != **seen) {
            kept.schema = Arc::new(found);
            return Ok((kept.schema.clone(), false));
        }
        let grown = table::apply(&self.store, &self.table, seen, &changes).await?;
        for (index, wider) in changes.widen {
            let is_wider =
                |column: &Column| column.name == seen.columns[index].name && column.column_type == wider;
            if !grown.columns.iter().any(is_wider) {
                kept.refused.insert((name(index), wider));
            }
        }
        let changed = grown != **seen;
        if changed {
            tracing::info!(table = %self.table, columns = grown.columns.len(), "the table has grown");
            kept.schema = Arc::new(grown);
        }
        Ok((kept.schema.clone(), changed))
    }
}
