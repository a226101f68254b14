//! What a node does about the life of its machine, as a function of what has happened. Pure: no clock, no network.
//!
//! ```text
//!   heartbeats, then ready: complete the launching hook
//!                │        (again while AWS does not take it)
//!  Working ──────┴── notice ──▶ Draining ── has left ──▶ Left ── taken, or given up ──▶ Done
//!     │                         heartbeats               complete the terminating hook,
//!     │                                                  again until the group is at it
//!     └── has left without a notice ──────────────────────────────────────────────────▶ Done
//! ```
//!
//! Calls change nothing but when to call again: draining never waits for AWS. Each call may come twice and may come too
//! late, so that a node that is started again in the middle goes on: it reads the notice again, has nothing to hand over,
//! and completes.

use std::time::Duration;

use crate::aws::auto_scaling::ActionAnswer;
use crate::aws::machine::{Notices, TargetState};

/// How often Auto Scaling is told that it takes longer: well within the time that hooks give, 30 seconds at least.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The same while a node is not ready yet, which takes as long as it takes: while the database is being made, or brought
/// back from a backup, a new machine would do no better.
const LAUNCH_HEARTBEAT: Duration = Duration::from_secs(60);
/// A node that still drains after so long is stuck, and the hook's own time shall run out.
const HEARTBEATS_FOR: Duration = Duration::from_secs(15 * 60);
/// How long a node that has left stays to tell so. After that the hook's time runs out, which ends the same.
const TELL_FOR: Duration = Duration::from_secs(90);
/// How often a group is told that is not at its hook yet: the machine's notice comes before load balancers have let go of
/// it, for which a deployment gives them 30 seconds, and nobody waits at the hook before that.
const TELL_AGAIN: Duration = Duration::from_secs(5);
/// How often the launching hook is asked about although nobody waits there: the group may take note of its machine
/// only now.
const EARLY_LAUNCHES: u32 = 3;
const EARLY_PAUSE: Duration = Duration::from_secs(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why a node has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its group takes the machine out.
    Terminated,
    /// EC2 takes the spot instance back, in two minutes.
    Spot,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Terminated => "its Auto Scaling group ends it",
            Self::Spot => "EC2 takes the spot instance back",
        })
    }
}

/// What is asked of Auto Scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// The machine needs more time until it can do work.
    LaunchHeartbeat,
    /// The machine can do work.
    CompleteLaunch,
    /// The machine needs more time until it can go.
    Heartbeat,
    /// The machine can go.
    CompleteTermination,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Auto Scaling's answer.
    Answered(ActionAnswer),
    /// None that helps.
    Failed,
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The metadata service said this.
    Noticed(Notices),
    /// The node takes part and answers.
    Ready,
    /// The node has handed over and left, for whatever reason.
    Left,
    /// A call has come back.
    Back(Call, Outcome),
    /// Time has passed.
    Tick,
}

/// Something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Hand over and leave, at once.
    Drain(Why),
    /// Ask Auto Scaling this.
    Ask(Call),
    /// There is nothing more to do; whether Auto Scaling knows.
    Finish {
        /// Whether it does.
        told: bool,
    },
}

/// The state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Working {
        heartbeat: Errand,
        launch: Errand,
    },
    Draining {
        why: Why,
        since: Duration,
        heartbeat: Errand,
    },
    Left {
        why: Why,
        since: Duration,
        completion: Errand,
    },
    Done,
}

/// A call that is to be made until it has come to something.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Errand {
    NotYet,
    Due { at: Duration, attempt: u32 },
    UnderWay { attempt: u32 },
    Done,
}

impl Errand {
    const fn now(now: Duration) -> Self {
        Self::Due { at: now, attempt: 0 }
    }

    /// Sets out if it is time.
    fn set_out(&mut self, now: Duration) -> bool {
        match *self {
            Self::Due { at, attempt } if at <= now => {
                *self = Self::UnderWay { attempt: attempt + 1 };
                true
            }
            _ => false,
        }
    }

    /// Has come back for nothing.
    fn again(&mut self, now: Duration, pause: impl Fn(u32) -> Duration) {
        if let Self::UnderWay { attempt } = *self {
            *self = Self::Due {
                at: now + pause(attempt),
                attempt,
            };
        }
    }

    fn attempts(&self) -> u32 {
        match self {
            Self::Due { attempt, .. } | Self::UnderWay { attempt } => *attempt,
            Self::NotYet | Self::Done => 0,
        }
    }

    fn due(&self) -> Option<Duration> {
        match self {
            Self::Due { at, .. } => Some(*at),
            _ => None,
        }
    }
}

/// The pause after so many attempts in vain.
fn growing(attempt: u32) -> Duration {
    let pause = Duration::from_secs(1).saturating_mul(1 << attempt.saturating_sub(1).min(10));
    pause.min(LONGEST_PAUSE)
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            phase: Phase::Working {
                heartbeat: Errand::Due {
                    at: LAUNCH_HEARTBEAT,
                    attempt: 0,
                },
                launch: Errand::NotYet,
            },
        }
    }
}

impl Lifecycle {
    /// What is to be done now that `event` has happened, `now` being the time since some moment.
    pub fn on(&mut self, event: &Event, now: Duration) -> Vec<Order> {
        let mut orders = Vec::new();
        match (event, &mut self.phase) {
            (Event::Noticed(notices), Phase::Working { .. }) => {
                if let Some(why) = why(notices) {
                    self.phase = Phase::Draining {
                        why,
                        since: now,
                        heartbeat: Errand::now(now),
                    };
                    orders.push(Order::Drain(why));
                }
            }
            (
                Event::Ready,
                Phase::Working {
                    launch: launch @ Errand::NotYet,
                    ..
                },
            ) => *launch = Errand::now(now),
            (Event::Left, Phase::Working { .. }) => {
                self.phase = Phase::Done;
                orders.push(Order::Finish { told: false });
            }
            (Event::Left, Phase::Draining { why, .. }) => {
                self.phase = Phase::Left {
                    why: *why,
                    since: now,
                    completion: Errand::now(now),
                };
            }
            (Event::Back(call, outcome), _) => orders.extend(self.back(*call, *outcome, now)),
            _ => {}
        }
        orders.extend(self.due_now(now));
        orders
    }

    fn back(&mut self, call: Call, outcome: Outcome, now: Duration) -> Option<Order> {
        match (call, &mut self.phase) {
            (Call::LaunchHeartbeat, Phase::Working { heartbeat, .. }) => match outcome {
                // A node that is started anew on a machine that has long been in service.
                Outcome::Answered(ActionAnswer::NobodyWaits) if heartbeat.attempts() >= EARLY_LAUNCHES => {
                    *heartbeat = Errand::Done;
                }
                _ => heartbeat.again(now, |_| LAUNCH_HEARTBEAT),
            },
            (Call::CompleteLaunch, Phase::Working { launch, .. }) => match outcome {
                Outcome::Failed => launch.again(now, growing),
                Outcome::Answered(ActionAnswer::NobodyWaits) if launch.attempts() < EARLY_LAUNCHES => {
                    launch.again(now, |_| EARLY_PAUSE);
                }
                Outcome::Answered(_) => *launch = Errand::Done,
            },
            (Call::Heartbeat, Phase::Draining { since, heartbeat, .. }) => {
                heartbeat.again(now, |_| HEARTBEAT);
                if now.saturating_sub(*since) >= HEARTBEATS_FOR {
                    *heartbeat = Errand::Done;
                }
            }
            (
                Call::CompleteTermination,
                Phase::Left {
                    why,
                    since,
                    completion,
                },
            ) => {
                // A group may never hear of a spot instance that is gone in two minutes.
                let is_told = match outcome {
                    Outcome::Answered(ActionAnswer::NobodyWaits) => *why == Why::Spot,
                    Outcome::Answered(_) => true,
                    Outcome::Failed => false,
                };
                if is_told || now.saturating_sub(*since) >= TELL_FOR {
                    self.phase = Phase::Done;
                    return Some(Order::Finish { told: is_told });
                }
                match outcome {
                    Outcome::Answered(_) => completion.again(now, |_| TELL_AGAIN),
                    Outcome::Failed => completion.again(now, growing),
                }
            }
            // What comes back late concerns nobody any more.
            _ => {}
        }
        None
    }

    fn due_now(&mut self, now: Duration) -> Option<Order> {
        let (errand, call) = self.errand()?;
        errand.set_out(now).then_some(Order::Ask(call))
    }

    fn errand(&mut self) -> Option<(&mut Errand, Call)> {
        match &mut self.phase {
            Phase::Working {
                heartbeat,
                launch: Errand::NotYet,
            } => Some((heartbeat, Call::LaunchHeartbeat)),
            Phase::Working { launch, .. } => Some((launch, Call::CompleteLaunch)),
            Phase::Draining { heartbeat, .. } => Some((heartbeat, Call::Heartbeat)),
            Phase::Left { completion, .. } => Some((completion, Call::CompleteTermination)),
            Phase::Done => None,
        }
    }

    /// When a tick is needed next, if one is.
    pub fn next_due(&mut self) -> Option<Duration> {
        self.errand()?.0.due()
    }

    /// Whether the metadata service still matters.
    pub fn is_working(&self) -> bool {
        matches!(self.phase, Phase::Working { .. })
    }
}

/// Why a node has to go, if notices say so.
pub fn why(notices: &Notices) -> Option<Why> {
    match (&notices.spot, notices.target) {
        (Some(_), _) => Some(Why::Spot),
        (None, Some(TargetState::Terminated)) => Some(Why::Terminated),
        _ => None,
    }
}

/// The same of an event that may bring notices.
pub(super) fn why_of(event: &Event) -> Option<Why> {
    match event {
        Event::Noticed(notices) => why(notices),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
