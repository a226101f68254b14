//! What `aurora node` does besides, on a machine of AWS.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{AwsOptions, Config};
use crate::node::NodeState;

#[cfg(feature = "aws")]
pub(super) use with::OnAws;
#[cfg(not(feature = "aws"))]
pub(super) use without::OnAws;

/// How often a node that has just started is asked whether it is ready.
#[cfg(feature = "aws")]
const READY_INTERVAL: Duration = Duration::from_secs(1);

#[cfg(feature = "aws")]
mod with {
    use tokio::task::JoinHandle;

    use super::{Arc, AwsOptions, Config, Duration, NodeState, READY_INTERVAL};
    use crate::aws::Machine;
    use crate::aws::secrets::{BOOT_LIMIT, patiently};
    use crate::cli::output;
    use crate::machine::figures;
    use crate::machine::lifecycle::Watcher;

    /// The watcher over the machine, and what runs beside the node.
    pub(in crate::cli) struct OnAws {
        watcher: Option<Watcher>,
        linger: Duration,
        figures_of: Option<String>,
        beside: Vec<JoinHandle<()>>,
    }

    impl OnAws {
        /// Has the configuration say what it says of this machine.
        pub(in crate::cli) async fn fill_in(config: &mut Config) -> anyhow::Result<()> {
            if config.has_placeholders() {
                let machine = Machine::this();
                let facts = patiently(BOOT_LIMIT, async || Ok(machine.facts().await?)).await?;
                config.fill_placeholders(|name| facts.value(name));
            }
            Ok(())
        }

        /// Begins to watch over the machine.
        pub(in crate::cli) fn start(options: AwsOptions) -> Self {
            let linger = options.lifecycle.as_ref().map(|lifecycle| lifecycle.linger);
            Self {
                watcher: options.lifecycle.map(Watcher::start),
                linger: linger.unwrap_or_default(),
                figures_of: options.figures_of,
                beside: Vec::new(),
            }
        }

        /// Whether there is no point in starting a node: the machine is about to go.
        pub(in crate::cli) async fn is_going(&mut self) -> bool {
            match &mut self.watcher {
                Some(watcher) => watcher.first_look().await.is_some(),
                None => false,
            }
        }

        /// Does what there is to do beside a node that runs.
        pub(in crate::cli) fn attend(&mut self, state: &Arc<NodeState>) {
            if let Some(watcher) = &self.watcher {
                let (readiness, state) = (watcher.readiness(), state.clone());
                self.beside.push(tokio::spawn(async move {
                    while !(state.takes_part() && state.not_ready().await.is_none()) {
                        tokio::time::sleep(READY_INTERVAL).await;
                    }
                    readiness.tell().await;
                }));
            }
            if let Some(deployment) = self.figures_of.take() {
                self.beside.push(figures::start(state.clone(), deployment));
            }
        }

        /// Waits until the node has to go because the machine does.
        pub(in crate::cli) async fn has_to_go(&mut self) {
            match &mut self.watcher {
                Some(watcher) => {
                    let why = watcher.has_to_go().await;
                    output::note(&format!(
                        "this machine is about to go ({why}); the node hands over"
                    ));
                }
                None => std::future::pending().await,
            }
        }

        /// How long a node that goes with its machine still answers.
        pub(in crate::cli) fn linger(&self) -> Duration {
            self.linger
        }

        /// The node has left.
        pub(in crate::cli) async fn left(self) {
            self.beside.iter().for_each(JoinHandle::abort);
            if let Some(watcher) = self.watcher {
                watcher.left().await;
            }
        }
    }
}

#[cfg(not(feature = "aws"))]
mod without {
    use super::{Arc, AwsOptions, Config, Duration, NodeState};

    /// Nothing: this build knows no AWS.
    pub(in crate::cli) struct OnAws;

    #[expect(
        clippy::unused_async,
        clippy::unused_self,
        reason = "the other build asks AWS"
    )]
    impl OnAws {
        pub(in crate::cli) async fn fill_in(config: &mut Config) -> anyhow::Result<()> {
            anyhow::ensure!(
                !config.has_placeholders(),
                "what stands in braces is filled in by a build of Aurora that can ask AWS: `cargo build --release`, \
                 without --no-default-features"
            );
            Ok(())
        }

        pub(in crate::cli) fn start(_options: AwsOptions) -> Self {
            Self
        }

        pub(in crate::cli) async fn is_going(&mut self) -> bool {
            false
        }

        pub(in crate::cli) fn attend(&mut self, _state: &Arc<NodeState>) {}

        pub(in crate::cli) async fn has_to_go(&mut self) {
            std::future::pending::<()>().await;
        }

        pub(in crate::cli) fn linger(&self) -> Duration {
            Duration::ZERO
        }

        pub(in crate::cli) async fn left(self) {}
    }
}
