//! Following the registry: what it says is what this node ingests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_actors::ingest::source::connection::KafkaConnection;
use aurora_actors::ingest::stream::StreamSpec;
use aurora_actors::ingest::supervisor::IngestMessage;
use aurora_actors::store::StoreError;
use aurora_cluster::{NodeId, StreamId};
use ractor::ActorRef;

use super::document::{ConnectionDocument, Declared, StreamDocument};
use super::{Found, Registry};

/// How often to look.
const INTERVAL: Duration = Duration::from_secs(2);
/// How often to ask AWS for a secret that it did not give: each time costs, and keeps others waiting.
const AWS_PAUSE: Duration = Duration::from_secs(30);
/// How long other changes wait for a connection's secrets.
const SECRETS_LIMIT: Duration = Duration::from_secs(15);

/// What this node is to do about a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    /// Ingest it.
    Run(KafkaConnection, Box<StreamSpec>),
    /// List it, with the reason why it cannot begin here.
    Wait(String),
    /// List it as paused, with the reason, if people should know one.
    Pause(Option<String>),
}

type Wishes = BTreeMap<StreamId, Wish>;

/// Starts and stops streams as the registry says.
pub struct Follower {
    registry: Arc<Registry>,
    ingest: ActorRef<IngestMessage>,
    resolver: Resolver,
    /// What ingest was told.
    told: Wishes,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").finish_non_exhaustive()
    }
}

impl Follower {
    /// Follows in the name of `node`, which ingests into `database` and has `begun` with these streams.
    pub fn new(
        registry: Arc<Registry>,
        ingest: ActorRef<IngestMessage>,
        node: NodeId,
        database: &str,
        begun: Vec<(KafkaConnection, StreamSpec)>,
    ) -> Self {
        let begun = begun.into_iter();
        Self {
            registry,
            ingest,
            resolver: Resolver {
                node,
                database: database.to_owned(),
                resolved: BTreeMap::new(),
                refused: BTreeMap::new(),
            },
            told: begun
                .map(|(connection, spec)| (spec.id.clone(), Wish::Run(connection, Box::new(spec))))
                .collect(),
        }
    }

    /// Declares what this node's configuration says and follows for the first time, as soon as ClickHouse
    /// allows.
    pub async fn begin(&mut self, declared: &Declared) {
        let mut pause = Duration::from_millis(200);
        loop {
            let begun = match self.registry.declare(declared).await {
                Ok(()) => self.follow_once().await,
                failed => failed,
            };
            let Err(error) = begun else { return };
            tracing::warn!(%error, retry_in = ?pause, "the registry cannot be used yet");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// Follows for as long as it is polled.
    pub async fn follow(mut self) {
        let registry = self.registry.clone();
        loop {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = registry.changed.notified() => {}
            }
            if let Err(error) = self.follow_once().await {
                // What works goes on as it was.
                tracing::debug!(%error, "the registry cannot be read");
            }
        }
    }

    async fn follow_once(&mut self) -> Result<(), StoreError> {
        // In this order: a stream's connection is registered before the stream.
        let streams = self.registry.streams().await?;
        let connections = self.registry.connections().await?;
        let wanted = self.resolver.wishes(&streams, &connections).await;
        for (id, wish) in changes(&self.told, &wanted) {
            let message = match wish {
                Some(Wish::Run(connection, spec)) => {
                    tracing::info!(stream = %id, "the registry says to ingest this");
                    IngestMessage::Start(connection.clone(), StreamSpec::clone(spec))
                }
                Some(Wish::Wait(reason)) => {
                    tracing::warn!(stream = %id, reason, "a registered stream cannot begin here");
                    IngestMessage::Wait(id.clone(), reason.clone())
                }
                Some(Wish::Pause(reason)) => {
                    tracing::info!(stream = %id, "the registry says to pause this");
                    IngestMessage::Pause(id.clone(), reason.clone())
                }
                None => {
                    tracing::info!(stream = %id, "the registry no longer has this stream");
                    IngestMessage::Stop(id.clone())
                }
            };
            // When ingest has ended, so will this.
            let _ = self.ingest.cast(message);
        }
        self.told = wanted;
        Ok(())
    }
}

/// What differs between what was told and what is wanted; `None` is a stream that is no longer wanted.
fn changes<'a>(told: &'a Wishes, wanted: &'a Wishes) -> Vec<(&'a StreamId, Option<&'a Wish>)> {
    let gone = told.keys().filter(|id| !wanted.contains_key(*id));
    let gone = gone.map(|id| (id, None));
    let new = wanted.iter().filter(|(id, wish)| told.get(*id) != Some(*wish));
    gone.chain(new.map(|(id, wish)| (id, Some(wish)))).collect()
}

/// Finds out what this node can do.
struct Resolver {
    node: NodeId,
    database: String,
    /// The connections that this node could resolve, each with its document's version: a secret that is gone
    /// later stops nothing, and one that was missing is looked for again.
    resolved: BTreeMap<String, (u64, KafkaConnection)>,
    /// Those whose secrets AWS did not give: the document's version, why, and when to ask again.
    refused: BTreeMap<String, (u64, String, Instant)>,
}

impl Resolver {
    async fn wishes(
        &mut self,
        streams: &BTreeMap<StreamId, Found<StreamDocument>>,
        connections: &BTreeMap<String, Found<ConnectionDocument>>,
    ) -> Wishes {
        let mut wishes = Wishes::new();
        for (id, found) in streams {
            let wish = self.wish(id, found, connections).await;
            wishes.insert(id.clone(), wish.unwrap_or_else(Wish::Wait));
        }
        wishes
    }

    async fn wish(
        &mut self,
        id: &StreamId,
        found: &Found<StreamDocument>,
        connections: &BTreeMap<String, Found<ConnectionDocument>>,
    ) -> Result<Wish, String> {
        let document = found
            .content
            .as_ref()
            .map_err(|why| format!("its document in the registry {why}"))?;
        if document.dropping {
            return Ok(Wish::Pause(Some("its data is being dropped".to_owned())));
        }
        if document.paused {
            return Ok(Wish::Pause(None));
        }
        let name = &document.connection;
        let connection = connections
            .get(name)
            .ok_or_else(|| format!("the connection {name} is not in the registry"))?;
        let connection = self.connection(name, connection).await?;
        let spec = document.spec(id, &self.database);
        Ok(Wish::Run(connection, Box::new(spec)))
    }

    async fn connection(
        &mut self,
        name: &str,
        found: &Found<ConnectionDocument>,
    ) -> Result<KafkaConnection, String> {
        if let Some((version, connection)) = self.resolved.get(name)
            && *version == found.version
        {
            return Ok(connection.clone());
        }
        let document = found
            .content
            .as_ref()
            .map_err(|why| format!("the document of the connection {name} {why}"))?;
        if let Some((version, why, again)) = self.refused.get(name)
            && *version == found.version
            && Instant::now() < *again
        {
            return Err(why.clone());
        }
        let connection = match tokio::time::timeout(SECRETS_LIMIT, document.resolve(name)).await {
            Ok(Ok(connection)) => connection,
            failed => {
                let why = match failed {
                    Ok(Err(error)) => format!("on {}: {error:#}", self.node),
                    _ => format!(
                        "on {}: the secrets of the connection {name} did not come in time",
                        self.node
                    ),
                };
                if document.refers_to_aws() {
                    let refused = (found.version, why.clone(), Instant::now() + AWS_PAUSE);
                    self.refused.insert(name.to_owned(), refused);
                }
                return Err(why);
            }
        };
        self.refused.remove(name);
        self.resolved
            .insert(name.to_owned(), (found.version, connection.clone()));
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::document::Unreadable;

    fn stream(id: &str) -> (StreamId, Found<StreamDocument>) {
        let id: StreamId = id.parse().unwrap();
        let found = Found {
            version: 1,
            content: Ok(StreamDocument::new(&id)),
        };
        (id, found)
    }

    fn connection(name: &str, version: u64, password: &str) -> (String, Found<ConnectionDocument>) {
        let properties = BTreeMap::from([("sasl.password".to_owned(), password.to_owned())]);
        let content = Ok(ConnectionDocument {
            brokers: "kafka:9092".to_owned(),
            properties,
            changed: None,
        });
        (name.to_owned(), Found { version, content })
    }

    fn resolver() -> Resolver {
        Resolver {
            node: "node-1".parse().unwrap(),
            database: "events".to_owned(),
            resolved: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    fn changed(told: &Wishes, wanted: &Wishes) -> Vec<String> {
        let changes = changes(told, wanted).into_iter();
        let in_words = changes.map(|(id, wish)| match wish {
            Some(Wish::Run(..)) => format!("run {id}"),
            Some(Wish::Wait(reason)) => format!("{id} waits: {reason}"),
            Some(Wish::Pause(_)) => format!("pause {id}"),
            None => format!("stop {id}"),
        });
        in_words.collect()
    }

    #[tokio::test]
    async fn streams_follow_their_documents_and_their_connections() {
        let mut resolver = resolver();
        let streams = BTreeMap::from([stream("a:x"), stream("a:y"), stream("b:z")]);
        let connections = BTreeMap::from([connection("a", 1, "old"), connection("b", 1, "old")]);
        let first = resolver.wishes(&streams, &connections).await;
        assert_eq!(changed(&Wishes::new(), &first), ["run a:x", "run a:y", "run b:z"]);
        assert!(changed(&first, &resolver.wishes(&streams, &connections).await).is_empty());

        let connections = BTreeMap::from([connection("a", 2, "new"), connection("b", 1, "old")]);
        let second = resolver.wishes(&streams, &connections).await;
        assert_eq!(changed(&first, &second), ["run a:x", "run a:y"]);
        let streams = BTreeMap::from([stream("a:x"), stream("b:z")]);
        assert_eq!(
            changed(&second, &resolver.wishes(&streams, &connections).await),
            ["stop a:y"]
        );
    }

    #[tokio::test]
    async fn a_stream_is_paused_and_resumed_whatever_its_connection_is() {
        let mut resolver = resolver();
        let (id, mut found) = stream("a:x");
        let connections = BTreeMap::from([connection("a", 1, "old")]);
        let running = resolver
            .wishes(&BTreeMap::from([(id.clone(), found.clone())]), &connections)
            .await;
        found.content.as_mut().unwrap().paused = true;
        let paused = resolver
            .wishes(&BTreeMap::from([(id.clone(), found.clone())]), &BTreeMap::new())
            .await;
        assert_eq!(changed(&running, &paused), ["pause a:x"]);
        assert_eq!(changed(&paused, &running), ["run a:x"]);
        found.content.as_mut().unwrap().dropping = true;
        let dropping = resolver
            .wishes(&BTreeMap::from([(id, found)]), &connections)
            .await;
        assert_eq!(changed(&running, &dropping), ["pause a:x"]);
    }

    #[tokio::test]
    async fn what_this_node_lacks_stops_only_the_streams_that_need_it() {
        let mut resolver = resolver();
        let streams = BTreeMap::from([stream("a:x"), stream("b:y"), stream("c:z")]);
        let (name, mut broken) = connection("b", 1, "");
        broken.content = Err(Unreadable::Seal);
        let connections = BTreeMap::from([connection("a", 1, "env:AURORA_NOBODY_SETS_THIS"), (name, broken)]);
        let wishes = resolver.wishes(&streams, &connections).await;
        assert_eq!(
            changed(&Wishes::new(), &wishes),
            [
                "a:x waits: on node-1: sasl.password of the connection a: the variable AURORA_NOBODY_SETS_THIS is not set: environment variable not found",
                "b:y waits: the document of the connection b cannot be opened with this cluster's key",
                "c:z waits: the connection c is not in the registry",
            ]
        );
    }

    #[tokio::test]
    async fn a_secret_that_is_gone_later_stops_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("secret");
        let reference = format!("file:{}", secret.display());
        let (streams, mut resolver) = (BTreeMap::from([stream("a:x")]), resolver());
        let connections = BTreeMap::from([connection("a", 1, &reference)]);
        let waiting = resolver.wishes(&streams, &connections).await;
        std::fs::write(&secret, "hunter2").unwrap();
        let running = resolver.wishes(&streams, &connections).await;
        assert_eq!(changed(&waiting, &running), ["run a:x"]);
        std::fs::remove_file(&secret).unwrap();
        assert_eq!(resolver.wishes(&streams, &connections).await, running);
    }
}
