use aurora_chaos_tests::model::{Flaw, simulation::*};
#[test]
fn ok() {
    let n: u64 = std::env::var("AURORA_SIM_SEEDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(3000);
    let t = std::time::Instant::now();
    let mut sum = Summary::default();
    for seed in 0..n {
        match simulate(seed, None) {
            Ok(s) => sum += s,
            Err(e) => panic!("{e}"),
        }
    }
    eprintln!("{sum:?} {:?}", t.elapsed());
}
#[test]
fn flaws() {
    for flaw in Flaw::ALL {
        let t = std::time::Instant::now();
        let f = first_failure(0..5000, Some(flaw));
        eprintln!(
            "{flaw:?} {:?} {:?}",
            f.map(|f| (f.seed, f.problems, f.history.len())),
            t.elapsed()
        );
    }
}
