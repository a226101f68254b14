//! Which node keeps Grafana in step, and when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use aurora_cluster::{NodeId, StreamId};
use serde::{Deserialize, Serialize};

use super::client::{Client, GrafanaError};
use super::desired::Desired;
use super::sync::{Outcome, Syncer};
use super::{ManageOptions, catalog};
use crate::node::NodeState;

/// How often it is looked whether streams have come or gone.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// How often Grafana is looked at when nothing has changed here: somebody may have changed something there.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// After so many rounds in vain a node stands back for others.
const FAILURES: u32 = 3;
/// For how long. Then it may try again.
const STAND_BACK: Duration = Duration::from_secs(300);
/// How long a login that was refused is not tried again: Grafana locks a user out, for everybody, after five wrong passwords within
/// five minutes.
const REFUSED_PAUSE: Duration = Duration::from_secs(150);

/// What a node tells the others of its part in this.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// With what the names begin that it would give.
    pub prefix: String,
    /// Whether it has tried in vain and stands back for others.
    pub is_failing: bool,
    /// When it last found or made everything right.
    pub synced_at: Option<jiff::Timestamp>,
    /// Why its last round came to nothing, or to less than all.
    pub error: Option<String>,
    /// What somebody should know all the same.
    pub notes: Vec<String>,
}

/// The node that keeps Grafana in step: of those that are `ready` and can, the first that does not fail.
pub fn leader<'a>(
    ready: impl IntoIterator<Item = &'a NodeId>,
    standings: &BTreeMap<NodeId, Standing>,
) -> Option<&'a NodeId> {
    let can = ready
        .into_iter()
        .filter_map(|node| Some((standings.get(node)?.is_failing, node)));
    can.min().map(|(_, node)| node)
}

/// Keeps Grafana in step, as long as the node runs, whenever it is this node's turn.
pub(crate) async fn keep(state: Arc<NodeState>, options: ManageOptions) {
    let client = match Client::new(&options.url, options.credentials.clone()) {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "no client for grafana can be made");
            return;
        }
    };
    let mut keeper = Keeper {
        standing: Standing {
            prefix: options.names.prefix().to_owned(),
            ..Standing::default()
        },
        state,
        options,
        syncer: Syncer::new(client),
        last: None,
        failures: 0,
        stands_back_since: None,
        refused_at: None,
    };
    // From now on this node can be the one.
    keeper.state.cluster.set_grafana(keeper.standing.clone());
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if !keeper.state.prepared.load(Ordering::Relaxed) {
            continue;
        }
        keeper.look().await;
        keeper.state.cluster.set_grafana(keeper.standing.clone());
    }
}

struct Keeper {
    state: Arc<NodeState>,
    options: ManageOptions,
    syncer: Syncer,
    standing: Standing,
    /// What has last been found or made right, and when.
    last: Option<(Desired, Instant)>,
    failures: u32,
    stands_back_since: Option<Instant>,
    /// When the login was refused last, and no other one was to be had.
    refused_at: Option<Instant>,
}

impl Keeper {
    async fn look(&mut self) {
        if self
            .stands_back_since
            .is_some_and(|since| since.elapsed() > STAND_BACK)
        {
            self.stands_back_since = None;
            self.failures = 0;
            self.standing.is_failing = false;
        }
        if !self.leads().await {
            // Somebody else changes it from now on.
            self.syncer.forget();
            self.last = None;
            return;
        }
        if self.refused_at.is_some_and(|at| at.elapsed() < REFUSED_PAUSE) {
            return;
        }
        let desired = match self.desired().await {
            Ok(desired) => desired,
            Err(error) => {
                // Other nodes have the same ClickHouse.
                self.standing.error = Some(error);
                return;
            }
        };
        let is_right = self
            .last
            .as_ref()
            .is_some_and(|(last, at)| *last == desired && at.elapsed() < CHECK_INTERVAL);
        if is_right {
            return;
        }
        match self.syncer.sync(&desired).await {
            Ok(outcome) => self.done(desired, outcome),
            Err(error) => {
                self.failed(&error);
                if matches!(error, GrafanaError::Unauthorized(_)) {
                    self.refused_at = (!self.renew().await).then(Instant::now);
                }
            }
        }
    }

    /// Reads the login's secret again, and says whether it is another one.
    async fn renew(&mut self) -> bool {
        let Some(secret) = &self.options.secret else {
            return false;
        };
        let secret = match secret.resolve().await {
            Ok(secret) => secret,
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "grafana's login cannot be read again"
                );
                return false;
            }
        };
        let credentials = self.options.credentials.with_secret(secret);
        if credentials == self.options.credentials {
            return false;
        }
        let Ok(client) = Client::new(&self.options.url, credentials.clone()) else {
            return false;
        };
        tracing::info!("grafana's login has changed");
        self.options.credentials = credentials;
        self.syncer = Syncer::new(client);
        true
    }

    async fn leads(&self) -> bool {
        let standings = self.state.cluster.grafana_standings().await;
        let view = self.state.cluster.view();
        let ready = view.ready().map(|member| &member.id);
        leader(ready, &standings) == Some(&self.state.id)
    }

    async fn desired(&self) -> Result<Desired, String> {
        let streams: Vec<StreamId> = match &self.state.registry {
            Some(registry) => {
                let streams = registry.streams().await;
                streams.map(|streams| streams.into_keys().collect())
            }
            None => Ok(self.state.declared.streams.keys().cloned().collect()),
        }
        .map_err(|error| format!("The streams cannot be read: {error}"))?;
        let streams = catalog::read(&self.state.store, &self.state.database, &streams)
            .await
            .map_err(|error| format!("The tables of the streams cannot be read: {error}"))?;
        let ManageOptions {
            names,
            datasource,
            alerts,
            ..
        } = &self.options;
        Ok(Desired::new(names, datasource, alerts, &streams))
    }

    fn done(&mut self, desired: Desired, outcome: Outcome) {
        for change in &outcome.changes {
            tracing::info!(change, "grafana is in step again");
        }
        self.failures = 0;
        self.refused_at = None;
        self.standing.is_failing = false;
        self.standing.notes = outcome.notes;
        let error = (!outcome.faults.is_empty()).then(|| outcome.faults.join("; "));
        if let Some(error) = &error
            && self.standing.error.as_ref() != Some(error)
        {
            tracing::warn!(error, "grafana is not wholly in step");
        }
        if error.is_none() {
            self.standing.synced_at = Some(jiff::Timestamp::now());
        }
        self.standing.error = error;
        // What failed is tried again after as long as what is right is looked at again: it needs somebody to act.
        self.last = Some((desired, Instant::now()));
    }

    fn failed(&mut self, error: &GrafanaError) {
        let error = error.to_string();
        if self.standing.error.as_ref() != Some(&error) {
            tracing::warn!(error, "grafana cannot be kept in step");
        }
        self.standing.error = Some(error);
        self.last = None;
        self.failures += 1;
        if self.failures >= FAILURES {
            self.standing.is_failing = true;
            self.stands_back_since.get_or_insert_with(Instant::now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> NodeId {
        name.parse().unwrap()
    }

    #[test]
    fn the_first_that_can_and_does_not_fail_leads() {
        let nodes = [node("a"), node("b"), node("c")];
        let standing = |is_failing| Standing {
            is_failing,
            ..Standing::default()
        };
        let mut standings = BTreeMap::from([(node("b"), standing(false)), (node("c"), standing(false))]);
        assert_eq!(leader(&nodes, &standings), Some(&nodes[1]), "a has no login");
        standings.insert(node("b"), standing(true));
        assert_eq!(leader(&nodes, &standings), Some(&nodes[2]));
        standings.insert(node("c"), standing(true));
        assert_eq!(
            leader(&nodes, &standings),
            Some(&nodes[1]),
            "all fail: the first tries"
        );
        assert_eq!(
            leader(&nodes[2..], &standings),
            Some(&nodes[2]),
            "the others have gone"
        );
        assert_eq!(leader(&nodes[..1], &standings), None);
    }
}
