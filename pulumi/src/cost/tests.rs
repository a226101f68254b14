//! What sizes cost, by sums that can be done by hand, and that `docs/aws.md` says the same.

use super::{Estimate, estimate};
use crate::deployment::{Deployment, Size};
use crate::stacks::declared;

const DOCS: &str = include_str!("../../../docs/aws.md");

fn estimated(deployment: &Deployment) -> Estimate {
    deployment.check().unwrap();
    estimate(deployment, &declared(deployment).unwrap())
}

fn deployment(size: Size) -> Deployment {
    let mut deployment = Deployment::new("prod", "us-east-1");
    deployment.size = size;
    deployment
}

/// What one line comes to: how many, and US dollars a month.
fn line(estimate: &Estimate, what: &str) -> (f64, f64) {
    let found = estimate.lines.iter().find(|line| line.what == what);
    found.map_or((0.0, 0.0), |line| (line.count, line.usd))
}

/// What every size has besides what is listed for it.
fn small_change(deployment: &Deployment) -> [(&'static str, f64, f64); 5] {
    let all = declared(deployment).unwrap();
    let is_alarm = |token: &str| token == "aws:cloudwatch/metricAlarm:MetricAlarm";
    let alarms = all.declarations().iter().filter(|one| is_alarm(&one.token));
    let alarms: f64 = alarms.map(|_| 1.0).sum();
    [
        ("secret", 7.0, 0.40),
        ("key", 1.0, 1.0),
        // However many there are: their sum is in the total.
        ("alarm", alarms, 0.10),
        ("metric of Aurora's own", 6.0, 0.30),
        ("zone of private names", 1.0, 0.50),
    ]
}

/// What a size costs: how many of what at which price a month, with nothing missing or left over, and the whole dollars of
/// it all.
fn assert_estimate(size: Size, expected: &[(&str, f64, f64)], total: f64) {
    let deployment = deployment(size);
    let estimate = &estimated(&deployment);
    let expected: Vec<_> = expected
        .iter()
        .copied()
        .chain(small_change(&deployment))
        .collect();
    for (what, count, usd_each) in &expected {
        let (counted, usd) = line(estimate, what);
        assert!((counted - count).abs() < 1e-9, "{counted} × {what}, not {count}");
        assert!((usd - count * usd_each).abs() < 1e-6, "{what}: {usd}");
    }
    let others: Vec<&str> = estimate.lines.iter().map(|line| line.what.as_str()).collect();
    assert_eq!(others.len(), expected.len(), "{others:?}");
    assert!((estimate.usd() - total).abs() < 0.5, "{}", estimate.usd());
    assert!(estimate.region_is_known);
}

/// AWS's hours of a month.
const HOURS: f64 = 730.0;

#[test]
fn what_dev_costs_can_be_added_up_by_hand() {
    assert_estimate(
        Size::Dev,
        &[
            ("t3.small", 1.0, 0.0208 * HOURS),
            ("t3.medium", 1.0, 0.0416 * HOURS),
            ("t3.micro", 1.0, 0.0104 * HOURS),
            ("system disk", 3.0, 20.0 * 0.08),
            ("GiB of the database's volume (gp3)", 50.0, 0.08),
            ("NAT gateway", 1.0, 0.045 * HOURS),
            // The gateway's, and the load balancer's in two zones.
            ("public address", 3.0, 0.005 * HOURS),
            ("load balancer", 1.0, 0.0225 * HOURS),
        ],
        129.0,
    );
}

#[test]
fn what_standard_costs_can_be_added_up_by_hand() {
    assert_estimate(
        Size::Standard,
        &[
            ("c7i.large", 3.0, 0.08925 * HOURS),
            ("r7i.xlarge", 1.0, 0.2646 * HOURS),
            ("t3.small", 1.0, 0.0208 * HOURS),
            ("system disk", 5.0, 20.0 * 0.08),
            ("GiB of the database's volume (gp3)", 500.0, 0.08),
            ("MiB/s above those included", 125.0, 0.04),
            ("NAT gateway", 3.0, 0.045 * HOURS),
            ("public address", 6.0, 0.005 * HOURS),
            ("load balancer", 1.0, 0.0225 * HOURS),
        ],
        601.0,
    );
}

#[test]
fn what_large_costs_can_be_added_up_by_hand() {
    assert_estimate(
        Size::Large,
        &[
            ("c7i.2xlarge", 6.0, 0.357 * HOURS),
            ("r7i.4xlarge", 1.0, 1.0584 * HOURS),
            ("t3.medium", 1.0, 0.0416 * HOURS),
            ("system disk", 8.0, 20.0 * 0.08),
            ("GiB of the database's volume (gp3)", 2_000.0, 0.08),
            ("operations/s above those included", 9_000.0, 0.005),
            ("MiB/s above those included", 375.0, 0.04),
            ("NAT gateway", 3.0, 0.045 * HOURS),
            ("public address", 6.0, 0.005 * HOURS),
            ("load balancer", 1.0, 0.0225 * HOURS),
        ],
        2_744.0,
    );
}

/// The cells of the row of the table in the documentation that begins with this.
fn documented(first: &str) -> Vec<&'static str> {
    let row = DOCS.lines().find(|row| row.starts_with(&format!("| {first} |")));
    let row = row.unwrap_or_else(|| panic!("docs/aws.md has no row {first:?}"));
    let cells = row.trim_matches('|').split('|').skip(1);
    cells.map(str::trim).collect()
}

#[test]
fn the_documentation_says_what_sizes_cost() {
    let heads = documented("a month, about");
    let totals = documented("in all");
    assert_eq!((heads.len(), totals.len()), (Size::ALL.len(), Size::ALL.len()));
    for (size, (head, total)) in Size::ALL.into_iter().zip(heads.iter().zip(&totals)) {
        let deployment = deployment(size);
        let nodes = deployment.nodes();
        let noun = if nodes == 1 { "node" } else { "nodes" };
        assert_eq!(*head, format!("`{size}`: {nodes} {noun}"));
        // As `aurora preview` shows it.
        let usd = format!("{:.0}", estimated(&deployment).usd());
        assert_eq!(total.replace(',', ""), usd, "{size} in docs/aws.md");
    }
}

#[test]
fn more_nodes_cost_what_their_machines_do() {
    let three = estimated(&deployment(Size::Standard));
    let mut deployment = deployment(Size::Standard);
    deployment.nodes = Some(5);
    let five = estimated(&deployment);
    let more = 2.0 * (0.08925 * HOURS + 20.0 * 0.08);
    assert!((five.usd() - three.usd() - more).abs() < 1e-6);
}

#[test]
fn what_is_not_known_is_said() {
    let mut deployment = deployment(Size::Dev);
    deployment.clickhouse.machine = Some("x9.huge".to_owned());
    deployment.region = "eu-north-9".to_owned();
    deployment.scaling.spot = true;
    let estimate = estimated(&deployment);
    assert!(!estimate.region_is_known);
    for expected in ["1 × x9.huge", "spot machines", "logs: "] {
        let is_said = estimate.left_out.iter().any(|said| said.contains(expected));
        assert!(is_said, "{expected:?} is not in {:?}", estimate.left_out);
    }
    // The region's factor, on what differs by region only.
    let (count, usd) = line(&estimate, "NAT gateway");
    assert!((usd - count * 0.045 * HOURS * 1.25).abs() < 1e-6, "{usd}");
    let (count, usd) = line(&estimate, "secret");
    assert!((usd - count * 0.40).abs() < 1e-6, "{usd}");
}
