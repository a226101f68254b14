//! What must hold of a world: always, and once all is quiet.

use aurora_actors::ingest::audit::{Count, Counted, Journaled, judge};
use aurora_actors::ingest::journal::Range;
use aurora_cluster::Epoch;

use super::node::{Node, Pipeline, Writer};
use super::{Message, Setup, World};

/// What does not hold, of what must hold at any moment: production's audit, and that no offset is
/// written twice, journaled or not.
pub fn problems(setup: &Setup, world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for partition in 0..setup.kafka.len() {
        if let Some(journaled) = journaled(world, partition) {
            problems.extend(judge(&journaled, &counted(world, partition, &journaled)));
        }
        let server = &world.server;
        for (offset, (rows, dead)) in server.rows[partition]
            .iter()
            .zip(&server.dead[partition])
            .enumerate()
        {
            if rows + dead > 1 {
                problems.push(format!(
                    "partition {partition}: offset {offset} is {rows} rows and {dead} dead letters"
                ));
            }
        }
    }
    problems
}

/// What does not hold once everything is written: every offset is exactly what its message demands, and
/// the journal says so.
pub fn problems_at_the_end(setup: &Setup, world: &World) -> Vec<String> {
    let mut problems = problems(setup, world);
    for (partition, messages) in setup.kafka.iter().enumerate() {
        for (offset, message) in messages.iter().enumerate() {
            let found = (
                world.server.rows[partition][offset],
                world.server.dead[partition][offset],
            );
            let expected = match message {
                Message::Good => (1, 0),
                Message::Bad => (0, 1),
                Message::Tombstone | Message::Absent => (0, 0),
            };
            if found != expected {
                problems.push(format!(
                    "partition {partition}: offset {offset}, {message:?}, is {} rows and {} dead letters",
                    found.0, found.1
                ));
            }
        }
        let journal = journaled(world, partition).map(|journaled| {
            (
                journaled.first,
                journaled.last + 1,
                journaled.skipped,
                journaled.absent,
            )
        });
        let all = |what| messages.iter().filter(|message| **message == what).count() as u64;
        let expected = (
            0,
            messages.len() as u64,
            all(Message::Tombstone),
            all(Message::Absent),
        );
        if journal.unwrap_or_default() != expected {
            problems.push(format!(
                "partition {partition}: first, next, skipped and absent are {journal:?} by the journal, {expected:?} in fact"
            ));
        }
    }
    problems
}

/// Whether everything is journaled and nothing is under way, except on nodes that are not `alive`.
pub fn is_quiet(setup: &Setup, world: &World, alive: u8) -> bool {
    let (server, network) = (&world.server, &world.network);
    let is_done = |partition: usize| server.journal_position(partition) == Some(world.end(setup, partition));
    let nodes = world
        .nodes
        .iter()
        .enumerate()
        .filter(|(number, _)| alive & (1 << number) != 0);
    network.is_empty()
        && server.running.is_empty()
        && server.kills.is_empty()
        && (0..setup.kafka.len()).all(is_done)
        && nodes.into_iter().all(|(_, node)| {
            node.writer == Writer::Free
                && node.unjournaled.is_empty()
                && node
                    .pipelines
                    .iter()
                    .zip(&node.wanted)
                    .all(|(pipeline, wanted)| match pipeline {
                        Pipeline::Open(_) => *wanted,
                        Pipeline::Idle => !*wanted,
                        _ => false,
                    })
        })
}

/// Whether exactly one of the `alive` nodes reads each partition.
///
/// Its epoch need not be the highest: a claim that its sender had given up may have arrived since. It
/// learns of that when its next insert is fenced, and has nothing to insert before.
pub fn are_all_read_by_one(setup: &Setup, world: &World, alive: u8) -> bool {
    (0..setup.kafka.len()).all(|partition| readers(world, alive, partition).len() == 1)
}

/// Whether who reads a partition does so under its highest epoch.
pub fn do_readers_own(setup: &Setup, world: &World, alive: u8) -> bool {
    (0..setup.kafka.len()).all(|partition| {
        let highest = world.server.highest(partition);
        readers(world, alive, partition)
            .iter()
            .all(|epoch| *epoch == highest)
    })
}

/// The epochs under which `alive` nodes read a partition.
fn readers(world: &World, alive: u8, partition: usize) -> Vec<Epoch> {
    let nodes = world
        .nodes
        .iter()
        .enumerate()
        .filter(|(number, _)| alive & (1 << number) != 0);
    let epoch = |(_, node): (usize, &Node)| match &node.pipelines[partition] {
        Pipeline::Open(open) => Some(open.epoch),
        _ => None,
    };
    nodes.filter_map(epoch).collect()
}

/// What the audit's query sums up of a partition's journal; `None` when there is nothing.
fn journaled(world: &World, partition: usize) -> Option<Journaled> {
    let of_partition = world.server.journal.iter().filter(|(of, _)| *of == partition);
    let mut ranges: Vec<Range> = of_partition.map(|(_, entry)| entry.0).collect();
    ranges.sort_unstable_by_key(|range| (range.first, range.next));
    let sum = |of: fn(&Range) -> u64| ranges.iter().map(of).sum::<u64>();
    Some(Journaled {
        partition: Setup::partition(partition),
        first: ranges.first()?.first,
        last: ranges.iter().map(|range| range.next).max()? - 1,
        rows: sum(|range| range.rows),
        dead: sum(|range| range.dead),
        skipped: sum(|range| range.skipped),
        absent: sum(|range| range.absent),
        expired: sum(|range| range.expired),
        gaps: ranges
            .windows(2)
            .filter(|two| two[0].next != two[1].first)
            .count() as u64,
        unaccounted: ranges.iter().filter(|range| !range.adds_up()).count() as u64,
    })
}

fn counted(world: &World, partition: usize, journaled: &Journaled) -> Counted {
    let stretch = journaled.first as usize..=journaled.last as usize;
    let (rows, dead) = (
        &world.server.rows[partition][stretch.clone()],
        &world.server.dead[partition][stretch],
    );
    let count = |table: &[u8]| Count {
        all: table.iter().map(|times| u64::from(*times)).sum(),
        distinct: table.iter().filter(|times| **times > 0).count() as u64,
    };
    Counted {
        rows: count(rows),
        dead: count(dead),
        both: rows
            .iter()
            .zip(dead)
            .filter(|(rows, dead)| **rows > 0 && **dead > 0)
            .count() as u64,
        ..Counted::default()
    }
}
