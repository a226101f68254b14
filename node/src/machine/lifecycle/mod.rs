//! A node leaves before its machine goes, and its Auto Scaling group waits for it.
//!
//! ```text
//! metadata service ──every 5 s──▶ [`state`] (pure) ──▶ drain ──▶ the node hands over and leaves ──▶ [`Watcher::left`]
//!  target state, spot notice        │    ▲                                                             │
//!                                   ▼    └────────────── what has happened ◀───────────────────────────┘
//!          CompleteLifecycleAction, RecordLifecycleActionHeartbeat: beside it, again when they fail
//! ```
//!
//! A spot instance has two minutes; a machine of a group has the time of its hook, which the node makes longer while it
//! is not ready yet and while it drains. That a machine is more likely than others to be taken back (a rebalance recommendation) is only logged: with
//! capacity rebalancing the group replaces it, and then its hook is heard.

pub mod state;

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::aws::auto_scaling::LifecycleAction;
use crate::aws::machine::Notices;
use crate::aws::{self, Machine};
use crate::config::LifecycleOptions;
use state::{Call, Event, Lifecycle, Order, Outcome, Why};

/// How often the metadata service is asked. AWS recommends as much for spot notices.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// How long the start of a node waits for the first look.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// Events that wait; there is a look every five seconds, and hardly anything else.
const EVENTS: usize = 16;

/// What a watcher knows of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The metadata service has not answered yet.
    Unknown,
    Stays,
    Goes(Why),
}

/// Watches over the machine in the background.
#[derive(Debug)]
pub struct Watcher {
    events: mpsc::Sender<Event>,
    fate: watch::Receiver<Fate>,
    task: JoinHandle<()>,
    looks: JoinHandle<()>,
}

impl Watcher {
    /// Starts to watch.
    pub fn start(options: LifecycleOptions) -> Self {
        let (events, received) = mpsc::channel(EVENTS);
        let (fate_now, fate) = watch::channel(Fate::Unknown);
        let (instance, known_instance) = watch::channel(None);
        let looks = tokio::spawn(look(events.clone(), instance));
        let task = tokio::spawn(async move {
            let work = Work {
                options,
                instance: known_instance,
                fate: fate_now,
                life: Lifecycle::default(),
                begun: Instant::now(),
                calls: JoinSet::new(),
            };
            work.run(received).await;
        });
        Self {
            events,
            fate,
            task,
            looks,
        }
    }

    /// Why the machine is about to go already, if it is: a node need not start then.
    pub async fn first_look(&mut self) -> Option<Why> {
        let known = self.fate.wait_for(|fate| *fate != Fate::Unknown);
        match tokio::time::timeout(FIRST_LOOK, known)
            .await
            .map(|known| known.map(|fate| *fate))
        {
            Ok(Ok(Fate::Goes(why))) => Some(why),
            _ => None,
        }
    }

    /// What to tell that the node is ready.
    pub fn readiness(&self) -> Readiness {
        Readiness(self.events.clone())
    }

    /// Waits until the node has to go.
    pub async fn has_to_go(&mut self) -> Why {
        let goes = self.fate.wait_for(|fate| matches!(fate, Fate::Goes(_))).await;
        if let Ok(Fate::Goes(why)) = goes.map(|fate| *fate) {
            return why;
        }
        // Only a watcher that has failed ends before its node.
        std::future::pending().await
    }

    /// Tells that the node has left, and waits until the group knows, or cannot be told.
    pub async fn left(self) {
        let _ = self.events.send(Event::Left).await;
        let _ = self.task.await;
        self.looks.abort();
    }
}

/// Tells a watcher that the node is ready.
#[derive(Debug)]
pub struct Readiness(mpsc::Sender<Event>);

impl Readiness {
    /// It takes part and answers.
    pub async fn tell(self) {
        let _ = self.0.send(Event::Ready).await;
    }
}

/// Looks again and again, and finds out once which instance this is.
async fn look(events: mpsc::Sender<Event>, instance: watch::Sender<Option<String>>) {
    let machine = Machine::this();
    let mut failing = false;
    let mut recommended = false;
    loop {
        match look_once(&machine, &instance).await {
            Ok(notices) => {
                if failing {
                    tracing::info!("the instance's metadata service answers again");
                }
                failing = false;
                if notices.rebalance && !recommended {
                    recommended = true;
                    tracing::warn!("ec2 says that this instance is more likely than others to be taken back");
                }
                if events.send(Event::Noticed(notices)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "whether this machine is about to go is not known");
                }
                failing = true;
            }
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

async fn look_once(
    machine: &Machine,
    instance: &watch::Sender<Option<String>>,
) -> Result<Notices, aws::AwsError> {
    if instance.borrow().is_none() {
        instance.send_replace(Some(machine.instance_id().await?));
    }
    machine.notices().await
}

struct Work {
    options: LifecycleOptions,
    instance: watch::Receiver<Option<String>>,
    fate: watch::Sender<Fate>,
    life: Lifecycle,
    begun: Instant,
    calls: JoinSet<(Call, Outcome)>,
}

impl Work {
    async fn run(mut self, mut received: mpsc::Receiver<Event>) {
        loop {
            let due = self.life.next_due();
            let until_due = async {
                match due {
                    Some(due) => tokio::time::sleep(due.saturating_sub(self.begun.elapsed())).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                event = received.recv() => match event {
                    Some(event) => event,
                    None => return,
                },
                Some(Ok((call, outcome))) = self.calls.join_next() => Event::Back(call, outcome),
                () = until_due => Event::Tick,
            };
            if matches!(event, Event::Noticed(_)) {
                // Whoever waits for the first look waits no longer.
                self.fate.send_if_modified(|fate| {
                    let is_first = *fate == Fate::Unknown;
                    if is_first {
                        *fate = state::why_of(&event).map_or(Fate::Stays, Fate::Goes);
                    }
                    is_first
                });
            }
            for order in self.life.on(&event, self.begun.elapsed()) {
                match order {
                    Order::Drain(why) => {
                        tracing::warn!(
                            ?why,
                            "this machine is about to go: the node hands over and leaves"
                        );
                        self.fate.send_replace(Fate::Goes(why));
                    }
                    Order::Ask(call) => self.ask(call),
                    Order::Finish { told } => {
                        if !told && !matches!(*self.fate.borrow(), Fate::Unknown | Fate::Stays) {
                            tracing::warn!(
                                "the auto scaling group did not take that the node has left: it did not answer, or nobody waits at its hook"
                            );
                        }
                        return;
                    }
                }
            }
        }
    }

    fn ask(&mut self, call: Call) {
        let hook = match call {
            Call::LaunchHeartbeat | Call::CompleteLaunch => &self.options.launching_hook,
            Call::Heartbeat | Call::CompleteTermination => &self.options.terminating_hook,
        };
        let action = LifecycleAction {
            group: self.options.group.clone(),
            hook: hook.clone(),
            instance: self.instance.borrow().clone().unwrap_or_default(),
        };
        self.calls
            .spawn(async move { (call, asked(call, &action).await) });
    }
}

async fn asked(call: Call, action: &LifecycleAction) -> Outcome {
    let LifecycleAction {
        group,
        hook,
        instance,
    } = action;
    if instance.is_empty() {
        return Outcome::Failed;
    }
    let answer = aws::ask(async |aws| match call {
        Call::LaunchHeartbeat | Call::Heartbeat => aws.record_lifecycle_heartbeat(action).await,
        Call::CompleteLaunch | Call::CompleteTermination => aws.complete_lifecycle_action(action).await,
    });
    match answer.await {
        Ok(answer) => {
            tracing::info!(
                group,
                hook,
                instance,
                ?call,
                ?answer,
                "the auto scaling group was told"
            );
            Outcome::Answered(answer)
        }
        Err(error) => {
            tracing::warn!(group, hook, instance, ?call, %error, "the auto scaling group could not be told");
            Outcome::Failed
        }
    }
}
