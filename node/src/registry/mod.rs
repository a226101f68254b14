//! What the cluster is to ingest: its connections and streams, known to every node.
//!
//! They are documents in the cluster's ClickHouse ([`aurora_actors::store::registry`]). What a node's
//! configuration file says it *declares* at its start: what is missing in the registry or differs is written
//! there, so that the node that started last prevails. From then on the registry is what counts, and every node
//! *follows* it ([`follow`]): a stream outlives the node whose file named it, and one that is added through any
//! node's API is worked on by all.

pub mod document;
pub mod follow;
pub mod security;

use std::collections::BTreeMap;

use aurora_actors::store::registry::{self, Key, NotPut};
use aurora_actors::store::{Store, StoreError};
use aurora_cluster::{ClusterKey, NodeId, Purpose, Sealer, StreamId};
use tokio::sync::Notify;

use document::{Changed, ConnectionDocument, Declared, Document, StreamDocument, Unreadable};

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

/// Why a document was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// ClickHouse was away or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no connection of that name.
    #[error("there is no connection {0:?}")]
    NoConnection(String),
    /// There is no such stream.
    #[error("there is no stream {0}")]
    NoStream(StreamId),
    /// It is there already.
    #[error("the {0} is there already")]
    Exists(String),
    /// There are as many as there may be.
    #[error("there are {0} already, and there may be no more")]
    TooMany(usize),
    /// Streams use it.
    #[error("it is used by {}", list(.0))]
    InUse(Vec<StreamId>),
    /// The stream's data is being dropped.
    #[error("the data of {0} is being dropped")]
    Dropping(StreamId),
    /// Somebody else was faster: who and when, if that is known.
    #[error("{}", in_words(.0.as_ref()))]
    Outrun(Option<Changed>),
}

/// Most connections, and most streams, that a registry takes.
pub const MAX_DOCUMENTS: usize = 1_000;

fn list(streams: &[StreamId]) -> String {
    const SHOWN: usize = 10;
    let names = streams.iter().take(SHOWN).map(StreamId::to_string);
    let names = names.collect::<Vec<_>>().join(", ");
    match streams.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{names} and {more} more"),
        _ => names,
    }
}

/// Who has changed a document, and when, as a sentence.
pub fn in_words(changed: Option<&Changed>) -> String {
    match changed {
        Some(Changed { by, at }) => {
            format!("{by} has changed it at {}.", at.strftime("%Y-%m-%d %H:%M:%S UTC"))
        }
        None => "A node's configuration file, or somebody else, has changed it.".to_owned(),
    }
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

    /// Deletes what a configuration once declared and `declared` does not: for whoever is the only authority over a
    /// ClickHouse. What people have made stays.
    pub async fn retract_others(&self, declared: &Declared) -> Result<(), StoreError> {
        for (name, found) in present(self.read::<StreamDocument>().await?) {
            let is_declared = name.parse().is_ok_and(|id| declared.streams.contains_key(&id));
            if !is_declared && !is_made_by_people(&found) {
                self.set::<StreamDocument>(&name, None).await?;
            }
        }
        let kept = self.streams().await?;
        for (name, found) in present(self.read::<ConnectionDocument>().await?) {
            // A stream that people have made of a connection that was declared keeps it.
            let is_needed = kept.keys().any(|id| id.connection() == name);
            if !declared.connections.contains_key(&name) && !is_made_by_people(&found) && !is_needed {
                self.set::<ConnectionDocument>(&name, None).await?;
            }
        }
        Ok(())
    }

    /// One connection, if it is there.
    pub async fn connection(&self, name: &str) -> Result<Option<Found<ConnectionDocument>>, StoreError> {
        Ok(self.connections().await?.remove(name))
    }

    /// The streams that use a connection.
    pub async fn streams_of(&self, connection: &str) -> Result<Vec<StreamId>, StoreError> {
        let streams = self.streams().await?.into_keys();
        Ok(streams.filter(|id| id.connection() == connection).collect())
    }

    /// Adds a connection, and returns its version.
    pub async fn add_connection(&self, name: &str, document: &ConnectionDocument) -> Result<u64, NotChanged> {
        self.add(name, document, &format!("connection {name:?}")).await
    }

    /// Makes a connection say something else than its version `from` does, and returns the new version. Nodes take it
    /// up within seconds.
    pub async fn change_connection(
        &self,
        name: &str,
        from: u64,
        document: &ConnectionDocument,
    ) -> Result<u64, NotChanged> {
        match self.write(name, from, Some(document)).await {
            Ok(version) => Ok(version),
            Err(NotPut::Store(error)) => Err(error.into()),
            Err(NotPut::Outrun) => {
                let now = self.connection(name).await?;
                let now = now.and_then(|found| found.content.ok());
                Err(NotChanged::Outrun(now.and_then(|document| document.changed)))
            }
        }
    }

    /// Removes the version `from` of a connection that no stream uses.
    pub async fn remove_connection(&self, name: &str, from: u64) -> Result<(), NotChanged> {
        let streams = self.streams_of(name).await?;
        if !streams.is_empty() {
            return Err(NotChanged::InUse(streams));
        }
        match self.write::<ConnectionDocument>(name, from, None).await {
            Ok(_) => Ok(()),
            Err(NotPut::Store(error)) => Err(error.into()),
            Err(NotPut::Outrun) => Err(NotChanged::Outrun(None)),
        }
    }

    /// Adds a stream: every node begins to work on it.
    pub async fn add_stream(&self, id: &StreamId, document: &StreamDocument) -> Result<(), NotChanged> {
        if !self.connections().await?.contains_key(id.connection()) {
            return Err(NotChanged::NoConnection(id.connection().to_owned()));
        }
        match self.add(&id.to_string(), document, &format!("stream {id}")).await {
            Ok(_) => Ok(()),
            Err(NotChanged::Exists(what)) => {
                let known = self.streams().await?.remove(id);
                let is_dropping = known.is_some_and(|found| found.content.is_ok_and(|known| known.dropping));
                match is_dropping {
                    true => Err(NotChanged::Dropping(id.clone())),
                    false => Err(NotChanged::Exists(what)),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn add<D: Document>(&self, name: &str, document: &D, what: &str) -> Result<u64, NotChanged> {
        let all = self.read::<D>().await?;
        let known = all.get(name);
        if known.is_some_and(|(_, content)| content.is_some()) {
            return Err(NotChanged::Exists(what.to_owned()));
        }
        let count = all.values().filter(|(_, content)| content.is_some()).count();
        if count >= MAX_DOCUMENTS {
            return Err(NotChanged::TooMany(count));
        }
        let version = known.map_or(0, |(version, _)| *version);
        match self.write(name, version, Some(document)).await {
            Ok(version) => Ok(version),
            Err(NotPut::Outrun) => Err(NotChanged::Exists(what.to_owned())),
            Err(NotPut::Store(error)) => Err(error.into()),
        }
    }

    /// Changes a stream's document, whatever others do meanwhile. Nothing is written when `change` changes nothing.
    pub async fn change_stream(
        &self,
        id: &StreamId,
        change: impl Fn(&mut StreamDocument),
    ) -> Result<(), NotChanged> {
        let name = id.to_string();
        loop {
            let found = self.read::<StreamDocument>().await?.remove(&name);
            let Some((version, Some(content))) = found else {
                return Err(NotChanged::NoStream(id.clone()));
            };
            // One that cannot be read is written anew, as far as its name tells.
            let known = content.unwrap_or_else(|_| StreamDocument::new(id));
            let mut wanted = known.clone();
            change(&mut wanted);
            if wanted.differences(&known).is_empty() {
                return Ok(());
            }
            match self.write(&name, version, Some(&wanted)).await {
                Ok(_) => return Ok(()),
                Err(NotPut::Outrun) => {}
                Err(NotPut::Store(error)) => return Err(error.into()),
            }
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
            let merged = match (&content, wanted) {
                (Some(Ok(known)), Some(wanted)) => Some(wanted.declared_over(known)),
                _ => None,
            };
            let wanted = merged.as_ref().or(wanted);
            let changed = match (&content, wanted) {
                (None, None) => return Ok(false),
                (Some(Ok(known)), Some(wanted)) if wanted.differences(known).is_empty() => return Ok(false),
                (Some(Ok(known)), Some(wanted)) => wanted.differences(known),
                (Some(_), None) => vec!["deleted".to_owned()],
                (None, Some(_)) => vec!["added".to_owned()],
                (Some(Err(_)), Some(_)) => vec!["replaced, for it could not be read".to_owned()],
            };
            match self.write(name, version, wanted).await {
                Ok(_) => {
                    tracing::info!(kind = D::KIND, name, ?changed, "the registry has changed");
                    return Ok(true);
                }
                Err(NotPut::Outrun) => {}
                Err(NotPut::Store(error)) => return Err(error),
            }
        }
    }

    async fn write<D: Document>(&self, name: &str, from: u64, wanted: Option<&D>) -> Result<u64, NotPut> {
        let key = Key { kind: D::KIND, name };
        let version = match wanted {
            Some(wanted) => {
                let text = |version| document::encode(&self.sealer, name, version, wanted);
                registry::put(&self.store, &self.node, key, from, text).await?
            }
            None => registry::delete(&self.store, &self.node, key, from).await?,
        };
        self.changed.notify_one();
        Ok(version)
    }
}

/// A document's latest version, and what it says; `None` when it was deleted.
type Version<D> = (u64, Option<Result<D, Unreadable>>);

fn is_made_by_people<D: Document>(found: &Found<D>) -> bool {
    found.content.as_ref().is_ok_and(D::is_made_by_people)
}

fn present<D>(all: BTreeMap<String, Version<D>>) -> impl Iterator<Item = (String, Found<D>)> {
    all.into_iter().filter_map(|(name, (version, content))| {
        let found = Found {
            version,
            content: content?,
        };
        Some((name, found))
    })
}
