//! The delivery protocol and the assignment as models, through many seeds and through all of a small world.
//!
//! | variable | what it does |
//! |---|---|
//! | `AURORA_SIM_SEEDS=10000` | how many seeds, instead of some thousands |
//! | `AURORA_SIM_SEED=42` | lives through this seed alone and tells its history |
//! | `AURORA_SIM_FLAW=NoKill` | with that seed: leaves this step out |

use std::env;

use anyhow::{Context, Result, anyhow, bail, ensure};
use aurora_chaos_tests::model::Message::{self, Bad, Good, Tombstone};
use aurora_chaos_tests::model::exhaustive::{SmallWorld, Verdict};
use aurora_chaos_tests::model::simulation::{Failure, Summary, first_failure, simulate, tell};
use aurora_chaos_tests::model::views::{self, Settling, Takeover};
use aurora_chaos_tests::model::{Flaw, Setup};

const DEFAULT_SEEDS: u64 = 2_000;
/// Seeds within which each flaw must be found. Most are within a hundred.
const SEEDS_TO_FIND_A_FLAW: u64 = 2_000;

fn seeds() -> Result<std::ops::Range<u64>> {
    let seeds = variable("AURORA_SIM_SEEDS")?.unwrap_or(DEFAULT_SEEDS);
    Ok(0..seeds)
}

fn variable(name: &str) -> Result<Option<u64>> {
    match env::var(name) {
        Ok(text) => Ok(Some(
            text.parse()
                .with_context(|| format!("{name}={text} is no number"))?,
        )),
        Err(_) => Ok(None),
    }
}

fn flaw_from_environment() -> Result<Option<Flaw>> {
    let Ok(name) = env::var("AURORA_SIM_FLAW") else {
        return Ok(None);
    };
    let flaw = Flaw::ALL.into_iter().find(|flaw| format!("{flaw:?}") == name);
    Ok(Some(flaw.with_context(|| {
        format!("AURORA_SIM_FLAW is none of {:?}", Flaw::ALL)
    })?))
}

#[test]
fn every_seed_ends_with_every_offset_exactly_once() -> Result<()> {
    if let Some(seed) = variable("AURORA_SIM_SEED")? {
        let (history, result) = tell(seed, flaw_from_environment()?);
        eprintln!("{}", history.join("\n"));
        let summary = result.map_err(|failure| anyhow!("{}", failure.problems.join("; ")))?;
        eprintln!("{summary:?}");
        return Ok(());
    }
    let seeds = seeds()?;
    let mut sum = Summary::default();
    for seed in seeds.clone() {
        sum += simulate(seed, None).with_context(|| format!("AURORA_SIM_SEED={seed} tells it again"))?;
    }
    eprintln!("{} seeds: {sum:?}", seeds.end);
    // What never happens proves nothing.
    ensure!(
        sum.fenced > 0 && sum.killed > 0 && sum.found > 0 && sum.faults > 0,
        "{sum:?}"
    );
    Ok(())
}

#[test]
fn every_step_that_is_left_out_is_found() -> Result<()> {
    for flaw in Flaw::ALL {
        let Some(failure) = first_failure(0..SEEDS_TO_FIND_A_FLAW, Some(flaw)) else {
            bail!("{flaw:?} was not found with {SEEDS_TO_FIND_A_FLAW} seeds");
        };
        let Failure { seed, problems, .. } = &*failure;
        eprintln!(
            "{flaw:?}: found after {} seeds: {}",
            seed + 1,
            problems.join("; ")
        );
    }
    Ok(())
}

#[test]
fn a_seed_always_lives_the_same_life() {
    let (first, second) = (tell(5, Some(Flaw::NoFence)), tell(5, Some(Flaw::NoFence)));
    assert!(first.0.len() > 50, "{}", first.0.len());
    assert_eq!(first, second);
    assert_ne!(first.0, tell(6, Some(Flaw::NoFence)).0);
}

/// Two nodes that fight for one partition: two epochs, one fault.
fn fight(messages: Vec<Message>, requests: u32, faults: u32, flaw: Option<Flaw>) -> Verdict {
    let mut setup = Setup::new(2, vec![messages]);
    setup.next_month = 1;
    setup.flaw = flaw;
    let small = SmallWorld {
        setup,
        epochs: 2,
        requests,
        faults,
    };
    small.explore()
}

#[test]
fn no_order_of_steps_of_a_small_world_loses_or_doubles() -> Result<()> {
    for (messages, requests, faults) in [
        (vec![Good], 7, 1),
        (vec![Good, Bad], 9, 0),
        (vec![Tombstone, Good], 8, 0),
    ] {
        let verdict = fight(messages.clone(), requests, faults, None);
        eprintln!(
            "{messages:?}, {requests} requests, {faults} faults: {} states",
            verdict.states
        );
        ensure!(verdict.counterexample.is_none(), "{messages:?}: {verdict:#?}");
        ensure!(verdict.has_ended, "{messages:?}: the end was not seen");
    }
    Ok(())
}

#[test]
fn going_through_a_small_world_finds_the_shortest_way_to_a_double() -> Result<()> {
    // Those that need neither two parts nor a dead letter.
    for flaw in [
        Flaw::NoKill,
        Flaw::NoFence,
        Flaw::NoNewEpoch,
        Flaw::JournalBeforeRows,
    ] {
        let verdict = fight(vec![Good], 7, 1, Some(flaw));
        let steps = verdict
            .counterexample
            .with_context(|| format!("{flaw:?} was not found"))?;
        eprintln!("{flaw:?}, {} steps:\n  {}", steps.len(), steps.join("\n  "));
    }
    Ok(())
}

#[test]
fn ownership_settles_once_the_views_agree() -> Result<()> {
    for takeover in [Takeover::OfWhateverIsThere, Takeover::OfWhatWasPlanned] {
        let mut worst = Settling::default();
        for seed in seeds()? {
            let settling = views::simulate(seed, takeover).map_err(anyhow::Error::msg)?;
            worst.rounds = worst.rounds.max(settling.rounds);
            worst.takeovers_of_one = worst.takeovers_of_one.max(settling.takeovers_of_one);
        }
        eprintln!("{takeover:?}: at worst {worst:?}");
        // One by a plan from before the views agreed, one by the plan they agree on.
        let most = if takeover == Takeover::OfWhatWasPlanned {
            2
        } else {
            usize::MAX
        };
        ensure!(worst.takeovers_of_one <= most, "{worst:?}");
    }
    Ok(())
}
