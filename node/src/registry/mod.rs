//! What the cluster is to ingest: its connections and streams, known to every node.
//!
//! They are documents in the cluster's ClickHouse ([`aurora_actors::store::registry`]). What a node's
//! configuration file says it *declares* at its start: what is missing in the registry or differs is written
//! there, so that the node that started last prevails. From then on the registry is what counts, and every node
//! *follows* it ([`follow`]): a stream outlives the node whose file named it, and one that is added through any
//! node's API is worked on by all.

pub mod document;
pub mod follow;

use std::collections::BTreeMap;

use aurora_actors::store::registry::{self, Key, NotPut};
use aurora_actors::store::{Store, StoreError};
use aurora_cluster::{ClusterKey, NodeId, Purpose, Sealer, StreamId};
use tokio::sync::Notify;

use document::{ConnectionDocument, Declared, Document, StreamDocument, Unreadable};

/// The cluster's connections and streams.
#[derive(Debug)]
pub struct Registry {
    store: Store,
    node: NodeId,
    sealer: Sealer,
    /// Told when this node has changed something.
    changed: Notify,
}

/// A document as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<D> {
    /// Its latest version.
    pub version: u64,
    /// What it says.
    pub content: Result<D, Unreadable>,
}

/// Why a stream was not added.
#[derive(Debug, thiserror::Error)]
pub enum NotAdded {
    /// ClickHouse was away or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no connection of that name.
    #[error("there is no connection {0:?}")]
    NoConnection(String),
    /// It is there already.
    #[error("the stream {0} is there already")]
    Exists(StreamId),
}

impl Registry {
    /// The registry of the cluster that is called `cluster` and has this key, as `node` sees it.
    pub fn new(store: Store, node: NodeId, cluster: &str, key: &ClusterKey) -> Self {
        Self {
            store,
            node,
            sealer: key.sealer(cluster, Purpose::SECRET),
            changed: Notify::new(),
        }
    }

    /// All connections, by name.
    pub async fn connections(&self) -> Result<BTreeMap<String, Found<ConnectionDocument>>, StoreError> {
        let all = self.read::<ConnectionDocument>().await?;
        Ok(present(all).collect())
    }

    /// All streams, by name.
    pub async fn streams(&self) -> Result<BTreeMap<StreamId, Found<StreamDocument>>, StoreError> {
        let all = self.read::<StreamDocument>().await?;
        // Names that are none cannot have been written by a node.
        let named = present(all).filter_map(|(name, found)| Some((name.parse().ok()?, found)));
        Ok(named.collect())
    }

    /// Makes the registry say what a configuration says, as far as that goes.
    pub async fn declare(&self, declared: &Declared) -> Result<(), StoreError> {
        for (name, document) in &declared.connections {
            self.set(name, Some(document)).await?;
        }
        for (id, document) in &declared.streams {
            self.set(&id.to_string(), Some(document)).await?;
        }
        Ok(())
    }

    /// Deletes what is not in `declared`: for whoever is the only authority over a ClickHouse.
    pub async fn retract_others(&self, declared: &Declared) -> Result<(), StoreError> {
        for (name, _) in present(self.read::<StreamDocument>().await?) {
            let is_declared = name.parse().is_ok_and(|id| declared.streams.contains_key(&id));
            if !is_declared {
                self.set::<StreamDocument>(&name, None).await?;
            }
        }
        for (name, _) in present(self.read::<ConnectionDocument>().await?) {
            if !declared.connections.contains_key(&name) {
                self.set::<ConnectionDocument>(&name, None).await?;
            }
        }
        Ok(())
    }

    /// Adds a stream: every node begins to work on it.
    pub async fn add_stream(&self, id: &StreamId) -> Result<(), NotAdded> {
        if !self.connections().await?.contains_key(id.connection()) {
            return Err(NotAdded::NoConnection(id.connection().to_owned()));
        }
        let document = StreamDocument {
            connection: id.connection().to_owned(),
            topic: id.topic().to_owned(),
            topic_identity: None,
        };
        let name = id.to_string();
        let all = self.read::<StreamDocument>().await?;
        let known = all.get(&name);
        if known.is_some_and(|(_, content)| content.is_some()) {
            return Err(NotAdded::Exists(id.clone()));
        }
        let version = known.map_or(0, |(version, _)| *version);
        match self.write(&name, version, Some(&document)).await {
            Ok(()) => Ok(()),
            Err(NotPut::Outrun) => Err(NotAdded::Exists(id.clone())),
            Err(NotPut::Store(error)) => Err(error.into()),
        }
    }

    /// Removes a stream: no node works on it any more. What it has written stays. Returns whether it was there.
    pub async fn remove_stream(&self, id: &StreamId) -> Result<bool, StoreError> {
        self.set::<StreamDocument>(&id.to_string(), None).await
    }

    async fn read<D: Document>(&self) -> Result<BTreeMap<String, Version<D>>, StoreError> {
        let documents = registry::latest(&self.store, D::KIND).await?;
        let versions = documents.into_iter().map(|found| {
            let body = found.body.as_deref();
            let content = body.map(|text| document::decode(&self.sealer, &found.name, found.version, text));
            (found.name, (found.version, content))
        });
        Ok(versions.collect())
    }

    /// Makes a document say what is `wanted`, `None` for nothing, whatever others do meanwhile. Returns whether
    /// that was a change.
    async fn set<D: Document>(&self, name: &str, wanted: Option<&D>) -> Result<bool, StoreError> {
        loop {
            let (version, content) = self.read::<D>().await?.remove(name).unwrap_or((0, None));
            let changed = match (&content, wanted) {
                (None, None) => return Ok(false),
                (Some(Ok(known)), Some(wanted)) if known == wanted => return Ok(false),
                (Some(Ok(known)), Some(wanted)) => wanted.differences(known),
                (Some(_), None) => vec!["deleted".to_owned()],
                (None, Some(_)) => vec!["added".to_owned()],
                (Some(Err(_)), Some(_)) => vec!["replaced, for it could not be read".to_owned()],
            };
            match self.write(name, version, wanted).await {
                Ok(()) => {
                    tracing::info!(kind = D::KIND, name, ?changed, "the registry has changed");
                    return Ok(true);
                }
                Err(NotPut::Outrun) => {}
                Err(NotPut::Store(error)) => return Err(error),
            }
        }
    }

    async fn write<D: Document>(&self, name: &str, from: u64, wanted: Option<&D>) -> Result<(), NotPut> {
        let key = Key { kind: D::KIND, name };
        match wanted {
            Some(wanted) => {
                let text = |version| document::encode(&self.sealer, name, version, wanted);
                registry::put(&self.store, &self.node, key, from, text).await?;
            }
            None => {
                registry::delete(&self.store, &self.node, key, from).await?;
            }
        }
        self.changed.notify_one();
        Ok(())
    }
}

/// A document's latest version, and what it says; `None` when it was deleted.
type Version<D> = (u64, Option<Result<D, Unreadable>>);

fn present<D>(all: BTreeMap<String, Version<D>>) -> impl Iterator<Item = (String, Found<D>)> {
    all.into_iter().filter_map(|(name, (version, content))| {
        let found = Found {
            version,
            content: content?,
        };
        Some((name, found))
    })
}
