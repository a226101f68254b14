//! From started to ready: whose ClickHouse is this, are the others there, does the view hold still?
//!
//! A node that cannot see the others must not work beside them. It is ready when it has heard of
//! another member; when it is itself one of the seeds, or has none, and so may be the first; or when,
//! after a while, it has seen that nobody else is writing into the cluster's ClickHouse.

use std::time::{Duration, Instant};

use aurora_actors::store::identity::{self, ClusterIdentity};
use aurora_actors::store::{Store, StoreError, system};
use aurora_cluster::membership::{Conflict, MemberState, Membership};
use aurora_cluster::{Answer, Contacts};

/// How long the view has to hold still before a node takes work.
const STILL: Duration = Duration::from_millis(1_500);
/// A view that never holds still is no reason to wait for ever.
const STILL_LIMIT: Duration = Duration::from_secs(10);
/// How long a node that is a seed itself looks for others.
const SEED_PATIENCE: Duration = Duration::from_secs(3);
/// How long to look for the others before looking for traces of them.
const CONTACT_LIMIT: Duration = Duration::from_secs(10);
/// How long the journal has to stand still for nobody else to be there.
const TRACES: Duration = Duration::from_secs(5);
/// How often to say that a node still waits.
const REMINDER: Duration = Duration::from_secs(30);

/// Why a node must not take part.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The ClickHouse is another cluster's.
    #[error(
        "this ClickHouse belongs to the cluster {found:?}{difference}, and this node is of {wanted:?}; \
         give it the same `name` and `key` under [cluster], or another ClickHouse"
    )]
    OtherCluster {
        /// The name found.
        found: String,
        /// This node's.
        wanted: String,
        /// " with another key", if the keys differ.
        difference: &'static str,
    },
    /// The ClickHouse is a cluster's, and the node is of none.
    #[error(
        "this ClickHouse belongs to the cluster {0:?}, and this node is of none; \
         add a [cluster] section with that name and the cluster's key, or give it another ClickHouse"
    )]
    NoCluster(String),
    /// Another node has the same name.
    #[error("{0}; give this node another `id` under [node]")]
    DuplicateId(#[from] Conflict),
}

/// Requires that this ClickHouse is `ours`, or nobody's, waiting for it as long as it is away.
pub async fn check_identity(
    store: &Store,
    database: &str,
    ours: Option<&ClusterIdentity>,
) -> Result<(), JoinError> {
    let mut pause = Duration::from_millis(200);
    let found = loop {
        match find_identity(store, database, ours).await {
            Ok(found) => break found,
            Err(error) => {
                tracing::warn!(%error, retry_in = ?pause, "clickhouse is not ready");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    };
    match (found, ours) {
        (None, _) => Ok(()),
        (Some(found), None) => Err(JoinError::NoCluster(found.name)),
        (Some(found), Some(ours)) if found == *ours => Ok(()),
        (Some(found), Some(ours)) => Err(JoinError::OtherCluster {
            difference: if found.key_fingerprint == ours.key_fingerprint {
                ""
            } else {
                " with another key"
            },
            found: found.name,
            wanted: ours.name.clone(),
        }),
    }
}

async fn find_identity(
    store: &Store,
    database: &str,
    ours: Option<&ClusterIdentity>,
) -> Result<Option<ClusterIdentity>, StoreError> {
    system::create(store, database).await?;
    identity::settle(store, ours).await
}

/// Waits until this node may take work, and says to the others that it does.
pub async fn become_ready(membership: &Membership, store: &Store) -> Result<(), JoinError> {
    let started = Instant::now();
    let mut reminded = None;
    loop {
        let contacts = membership.contacts();
        if contacts.heard_anyone || started.elapsed() >= as_first_after(&contacts) {
            break;
        }
        if started.elapsed() > CONTACT_LIMIT {
            if reminded.is_none_or(|at: Instant| at.elapsed() > REMINDER) {
                reminded = Some(Instant::now());
                tracing::warn!(
                    seeds = %contacts,
                    "no other node answers; they may be down, have another cluster key or name, or not be able to reach the address that this node advertises"
                );
            }
            if nobody_writes(store).await {
                tracing::warn!("nobody else writes into this clickhouse either, so this node begins alone");
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    membership.id_is_settled().await?;
    if !membership.contacts().seeds.is_empty() {
        hold_still(membership).await;
    }
    membership.set_state(MemberState::Ready).await;
    Ok(())
}

/// How long a node that hears nobody waits before it takes itself for the first. One that is no seed
/// never does: it looks for traces of others instead.
fn as_first_after(contacts: &Contacts) -> Duration {
    let mut answers = contacts
        .seeds
        .iter()
        .flat_map(|seed| seed.addresses.iter().map(|(_, answer)| *answer));
    match () {
        () if contacts.seeds.is_empty() => Duration::ZERO,
        () if answers.any(|answer| answer == Answer::Itself) => SEED_PATIENCE,
        () => Duration::MAX,
    }
}

async fn hold_still(membership: &Membership) {
    let mut view = membership.view();
    let deadline = tokio::time::Instant::now() + STILL_LIMIT;
    loop {
        view.borrow_and_update();
        tokio::select! {
            changed = tokio::time::timeout(STILL, view.changed()) => {
                if !matches!(changed, Ok(Ok(()))) {
                    return;
                }
            }
            () = tokio::time::sleep_until(deadline) => return,
        }
    }
}

/// Whether the journal stands still. No clock takes part: it is looked at twice.
async fn nobody_writes(store: &Store) -> bool {
    let entries = async || store.row::<u64>("SELECT count() FROM aurora.journal").await.ok();
    let before = entries().await;
    tokio::time::sleep(TRACES).await;
    before.is_some() && before == entries().await
}
