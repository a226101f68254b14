//! Drives a world from a seed: first with faults, then without, until all is quiet.
//!
//! A seed decides everything: how many nodes and partitions, what is in Kafka, how often there are faults,
//! who pauses and which requests dawdle, and the order of all steps. So a failure repeats exactly, and
//! its history can be told.

use std::collections::BTreeMap;
use std::fmt;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::invariants::{are_all_read_by_one, do_readers_own, is_quiet, problems, problems_at_the_end};
use super::node::Pipeline;
use super::world::everybody;
use super::{Action, Flaw, Message, RequestId, Setup, World};

/// Steps within which all must be quiet after the last fault.
const PATIENCE: usize = 20_000;
/// Steps after that in which nobody may take anything over.
const AFTERWARDS: usize = 100;

/// What a seed led to when all went well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Things that happened.
    pub steps: usize,
    /// Faults among them.
    pub faults: usize,
    /// Epochs that were begun.
    pub epochs: usize,
    /// Inserts that were ended by their fence.
    pub fenced: usize,
    /// Inserts that a KILL met.
    pub killed: usize,
    /// Offsets that somebody settling found past the journal.
    pub found: usize,
}

impl std::ops::AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.faults += other.faults;
        self.epochs += other.epochs;
        self.fenced += other.fenced;
        self.killed += other.killed;
        self.found += other.found;
    }
}

/// A seed that led to what must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What must not be.
    pub problems: Vec<String>,
    /// What happened, a line a step, when it was asked for.
    pub history: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.history {
            writeln!(f, "{line}")?;
        }
        write!(f, "seed {}: {}", self.seed, self.problems.join("; "))
    }
}

impl std::error::Error for Failure {}

/// Lives through a seed. The history of a failure is told by living through it again.
pub fn simulate(seed: u64, flaw: Option<Flaw>) -> Result<Summary, Box<Failure>> {
    Run::new(seed, flaw, false).live().or_else(|_| tell(seed, flaw).1)
}

/// Lives through a seed and tells it, a line a step. A failure carries its history too.
pub fn tell(seed: u64, flaw: Option<Flaw>) -> (Vec<String>, Result<Summary, Box<Failure>>) {
    let mut run = Run::new(seed, flaw, true);
    let result = run.live();
    (run.history.unwrap_or_default(), result)
}

/// The first of `seeds` that fails.
pub fn first_failure(seeds: impl IntoIterator<Item = u64>, flaw: Option<Flaw>) -> Option<Box<Failure>> {
    seeds.into_iter().find_map(|seed| simulate(seed, flaw).err())
}

struct Run {
    seed: u64,
    random: StdRng,
    setup: Setup,
    world: World,
    temper: Temper,
    step: usize,
    paused_until: Vec<usize>,
    held_until: BTreeMap<(RequestId, usize), usize>,
    /// The nodes that live on after the last fault.
    alive: u8,
    summary: Summary,
    history: Option<Vec<String>>,
}

/// How bad a world's days are.
#[derive(Debug)]
struct Temper {
    chaos_steps: usize,
    fault: f64,
    pause: f64,
    /// How likely a request dawdles, on the way or inside ClickHouse.
    dawdle: f64,
    longest: usize,
}

impl Run {
    fn new(seed: u64, flaw: Option<Flaw>, tell: bool) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let nodes = random.random_range(2..=3);
        let kafka = (0..random.random_range(1..=3))
            .map(|_| messages(&mut random))
            .collect();
        let mut setup = Setup::new(nodes, kafka);
        setup.flaw = flaw;
        setup.batch = random.random_range(1..=6);
        if random.random_bool(0.5) {
            setup.next_month = random.random_range(1..12);
        }
        let pick = |random: &mut StdRng, of: &[f64]| of.choose(random).copied().unwrap_or_default();
        let mut world = World::new(&setup);
        world.withheld = 1;
        let temper = Temper {
            chaos_steps: random.random_range(50..500),
            fault: pick(&mut random, &[0.01, 0.03, 0.08]),
            pause: pick(&mut random, &[0.0, 0.005, 0.02]),
            dawdle: pick(&mut random, &[0.05, 0.2, 0.5]),
            longest: random.random_range(20..300),
        };
        let survivors: u8 = random.random_range(1..=everybody(&setup));
        let alive = if random.random_bool(0.5) {
            everybody(&setup)
        } else {
            survivors
        };
        Self {
            seed,
            world,
            paused_until: vec![0; nodes],
            held_until: BTreeMap::new(),
            history: tell.then(|| vec![format!("{setup:?} {temper:?}")]),
            step: 0,
            summary: Summary::default(),
            random,
            setup,
            temper,
            alive,
        }
    }

    fn live(&mut self) -> Result<Summary, Box<Failure>> {
        while self.step < self.temper.chaos_steps {
            let action = self.next_action();
            self.happen(action)?;
            if self.random.random_bool(self.temper.pause) {
                let node = self.random.random_range(0..self.setup.nodes.len());
                self.paused_until[node] = self.step + self.random.random_range(1..self.temper.longest);
            }
        }
        for node in 0..self.setup.nodes.len() {
            self.happen(Action::SeeMembers(node, self.alive))?;
        }
        self.become_quiet()?;
        // One more message each: who reads must be able to write, too.
        self.world.withheld = 0;
        self.become_quiet()?;
        let epochs = self.epochs();
        for _ in 0..AFTERWARDS {
            let action = self.good_action();
            self.happen(action)?;
        }
        let mut problems = problems_at_the_end(&self.setup, &self.world);
        let is_owned = do_readers_own(&self.setup, &self.world, self.alive);
        if self.epochs() != epochs || !is_owned || !self.is_quiet() {
            problems.push("not every partition has one owner that keeps it".to_owned());
        }
        if !problems.is_empty() {
            return Err(self.failure(problems));
        }
        self.summary.epochs = epochs;
        self.summary.steps = self.step;
        self.summary.faults = self.world.faults as usize;
        Ok(self.summary)
    }

    fn become_quiet(&mut self) -> Result<(), Box<Failure>> {
        let until = self.step + PATIENCE;
        while !self.is_quiet() {
            if self.step > until {
                return Err(self.failure(vec!["it does not become quiet".to_owned()]));
            }
            let action = self.good_action();
            self.happen(action)?;
        }
        Ok(())
    }

    /// Everything is written, and every partition has one who reads it.
    fn is_quiet(&self) -> bool {
        is_quiet(&self.setup, &self.world, self.alive)
            && are_all_read_by_one(&self.setup, &self.world, self.alive)
    }

    fn epochs(&self) -> usize {
        self.world.server.owners.iter().map(BTreeMap::len).sum()
    }

    /// Lets it happen, and looks whether all is well.
    fn happen(&mut self, action: Action) -> Result<(), Box<Failure>> {
        self.step += 1;
        self.count_before(action);
        let changed = self.world.apply(&self.setup, action);
        if changed && let Some(history) = &mut self.history {
            history.push(format!(
                "{:>5}  {action}{}",
                self.step,
                detail(&self.world, action)
            ));
        }
        // Only a part that lands changes what can be seen.
        if matches!(action, Action::Land(_)) {
            let problems = problems(&self.setup, &self.world);
            if !problems.is_empty() {
                return Err(self.failure(problems));
            }
        }
        Ok(())
    }

    fn count_before(&mut self, action: Action) {
        match action {
            Action::EndKilled(_) => self.summary.killed += 1,
            Action::Proceed(id) => {
                let highest =
                    |(partition, epoch): &(usize, u64)| self.world.server.highest(*partition) == *epoch;
                let insert = self.world.server.running.get(&id).map(|running| &running.insert);
                self.summary.fenced +=
                    usize::from(!insert.is_some_and(|insert| insert.epochs.iter().all(highest)));
            }
            Action::Pipeline(node, partition) => {
                if let Pipeline::Ready { known, .. } = &self.world.nodes[node].pipelines[partition] {
                    self.summary.found += known.rows.len() + known.dead.len();
                }
            }
            _ => {}
        }
    }

    fn failure(&mut self, problems: Vec<String>) -> Box<Failure> {
        Box::new(Failure {
            seed: self.seed,
            problems,
            history: self.history.clone().unwrap_or_default(),
        })
    }

    fn next_action(&mut self) -> Action {
        if self.random.random_bool(self.temper.fault) {
            return self.bad_action();
        }
        self.good_action()
    }

    fn bad_action(&mut self) -> Action {
        let node = self.random.random_range(0..self.setup.nodes.len());
        match self.random.random_range(0..10) {
            0 => Action::CrashServer,
            1 => Action::CrashNode(node),
            2..=4 => {
                let others = self.random.random_range(0..=everybody(&self.setup)) & !(1 << node);
                // Who does not see itself is drained: it lets everything go.
                let itself = u8::from(self.random.random_bool(0.8)) << node;
                Action::SeeMembers(node, others | itself)
            }
            _ => {
                let mut faults = Vec::new();
                self.world.faults_of_requests(&mut faults);
                faults
                    .choose(&mut self.random)
                    .copied()
                    .unwrap_or(Action::CrashNode(node))
            }
        }
    }

    /// One of the steps that can happen, unless who takes it pauses. In the end nobody does.
    fn good_action(&mut self) -> Action {
        let is_chaos = self.step < self.temper.chaos_steps;
        let mut actions = Vec::new();
        self.world.steps(&self.setup, &mut actions);
        let is_dead =
            |action: &Action| !is_chaos && action.node().is_some_and(|node| self.alive & (1 << node) == 0);
        actions.retain(|action| !is_dead(action));
        let mut awake = Vec::with_capacity(actions.len());
        for action in &actions {
            if !self.is_held(*action) {
                awake.push(*action);
            }
        }
        let choice = awake.choose(&mut self.random).or_else(|| actions.first());
        choice.copied().unwrap_or(Action::Reconcile(0))
    }

    fn is_held(&mut self, action: Action) -> bool {
        if let Some(node) = action.node() {
            return self.paused_until[node] > self.step;
        }
        let Some(id) = action.request() else {
            return false;
        };
        let Temper { dawdle, longest, .. } = self.temper;
        // It dawdles at each stage on its own: on the way, before the fence, before each part.
        let parts = self
            .world
            .server
            .running
            .get(&id)
            .map_or(0, |running| running.insert.parts.len());
        let stage = match action {
            Action::Arrive(_) => 0,
            Action::Proceed(_) => 1,
            Action::EndKilled(_) => 2,
            _ => 2 + parts,
        };
        let until = self.held_until.entry((id, stage)).or_insert_with(|| {
            let time = if self.random.random_bool(dawdle) {
                self.random.random_range(0..longest)
            } else {
                0
            };
            self.step + time
        });
        *until > self.step
    }
}

/// What a partition holds: mostly messages, of all kinds, and the last is one.
fn messages(random: &mut StdRng) -> Vec<Message> {
    let count = random.random_range(3..16);
    let mut messages: Vec<Message> = (0..count)
        .map(|_| match random.random_range(0..10) {
            0 | 1 => Message::Bad,
            2 => Message::Tombstone,
            3 => Message::Absent,
            _ => Message::Good,
        })
        .collect();
    messages.extend([Message::Good; 2]);
    messages
}

/// What has come of an action, for the history.
fn detail(world: &World, action: Action) -> String {
    match action {
        Action::Pipeline(node, partition) | Action::Read(node, partition) => {
            format!(": {:?}", world.nodes[node].pipelines[partition])
        }
        Action::Writer(node) | Action::Journal(node) => {
            let node = &world.nodes[node];
            format!(": {:?}, unjournaled {:?}", node.writer, node.unjournaled)
        }
        Action::Reconcile(node) => format!(": wants {:?}", world.nodes[node].wanted),
        Action::Arrive(id)
        | Action::Forget(id)
        | Action::Proceed(id)
        | Action::Land(id)
        | Action::EndKilled(id) => {
            let outcome = world
                .answers
                .get(&id)
                .map(|outcome| format!(", answer {outcome:?}"));
            let inside = world
                .server
                .running
                .get(&id)
                .map(|running| format!(", {running:?}"));
            format!("{}{}", outcome.unwrap_or_default(), inside.unwrap_or_default())
        }
        _ => String::new(),
    }
}
