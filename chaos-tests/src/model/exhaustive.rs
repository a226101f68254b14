//! All orders of all actions of a small world, by the model checker `stateright`.
//!
//! Nodes that each take themselves for the only member fight for every partition: the worst that views
//! can do. What is bounded is how many epochs, requests and faults there are; within that nothing is left out.

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::invariants::{problems, problems_at_the_end};
use super::{Action, Setup, World};

const NOTHING_DOUBLED: &str = "the audit is clean and nothing is doubled";
const EVERYTHING_ONCE: &str = "what is journaled to the end is there exactly once";
const END_IS_REACHED: &str = "everything is written";
const END_AFTER_A_FIGHT: &str = "everything is written by several epochs";

/// A small world with its bounds.
#[derive(Debug, Clone)]
pub struct SmallWorld {
    /// The world.
    pub setup: Setup,
    /// The highest epoch that is looked at.
    pub epochs: u64,
    /// Most requests that change something.
    pub requests: u32,
    /// Most faults.
    pub faults: u32,
}

/// What going through a small world has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Different states that were seen.
    pub states: usize,
    /// The shortest way to what must not be, a line a step; `None` when there is no way.
    pub counterexample: Option<Vec<String>>,
    /// Whether the end was seen, and after several epochs, so that it is not right by doing nothing.
    pub has_ended: bool,
}

impl SmallWorld {
    /// Goes through all of it, nearest states first, or to the first thing that must not be.
    pub fn explore(self) -> Verdict {
        let checker = self
            .checker()
            .threads(2)
            .finish_when(HasDiscoveries::AnyFailures)
            .spawn_bfs()
            .join();
        let counterexample = [NOTHING_DOUBLED, EVERYTHING_ONCE].into_iter().find_map(|name| {
            let path = checker.discovery(name)?;
            let steps = path.into_actions().iter().map(Action::to_string).collect();
            Some(steps)
        });
        Verdict {
            states: checker.unique_state_count(),
            counterexample,
            has_ended: [END_IS_REACHED, END_AFTER_A_FIGHT]
                .into_iter()
                .all(|name| checker.discovery(name).is_some()),
        }
    }

    fn is_journaled(&self, world: &World) -> bool {
        let reaches_end =
            |partition| world.server.journal_position(partition) == Some(world.end(&self.setup, partition));
        (0..self.setup.kafka.len()).all(reaches_end)
    }
}

impl Model for SmallWorld {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let mut world = World::new(&self.setup);
        for (number, node) in world.nodes.iter_mut().enumerate() {
            node.view = 1 << number;
            node.wanted.fill(true);
        }
        vec![world]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.steps(&self.setup, actions);
        if world.faults < self.faults {
            world.faults_of_requests(actions);
            actions.push(Action::CrashServer);
            actions.extend((0..world.nodes.len()).map(Action::CrashNode));
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.apply(&self.setup, action).then_some(next)
    }

    fn within_boundary(&self, world: &World) -> bool {
        let is_early = |partition| world.server.highest(partition) <= self.epochs;
        world.next_request <= self.requests + 1 && (0..self.setup.kafka.len()).all(is_early)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NOTHING_DOUBLED, |model, world| {
                problems(&model.setup, world).is_empty()
            }),
            Property::always(EVERYTHING_ONCE, |model, world| {
                !model.is_journaled(world) || problems_at_the_end(&model.setup, world).is_empty()
            }),
            Property::sometimes(END_IS_REACHED, Self::is_journaled),
            Property::sometimes(END_AFTER_A_FIGHT, |model, world| {
                model.is_journaled(world) && world.server.highest(0) > 1
            }),
        ]
    }
}
