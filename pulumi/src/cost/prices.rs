//! AWS's list prices, in US dollars, of us-east-1, and how much dearer other regions are.
//!
//! Written down by hand from the public price pages, to the best of the authors' knowledge; nothing here asks AWS. Whoever
//! needs the exact figure asks AWS's own calculator.

/// When the prices were written down.
pub const PRICES_AS_OF: &str = "2026-11";

pub(super) const GP3_GIB: f64 = 0.08;
pub(super) const GP3_IOPS: f64 = 0.005;
pub(super) const GP3_MIB: f64 = 0.04;
pub(super) const GP3_FREE_IOPS: f64 = 3_000.0;
pub(super) const GP3_FREE_MIB: f64 = 125.0;
pub(super) const NAT_HOUR: f64 = 0.045;
pub(super) const ADDRESS_HOUR: f64 = 0.005;
pub(super) const BALANCER_HOUR: f64 = 0.0225;
pub(super) const SECRET: f64 = 0.40;
pub(super) const KEY: f64 = 1.0;
pub(super) const ALARM: f64 = 0.10;
pub(super) const METRIC: f64 = 0.30;
pub(super) const ZONE: f64 = 0.50;
/// What nodes and the database publish in the namespace `Aurora`.
pub(super) const OWN_METRICS: f64 = 6.0;

/// What an estimate leaves out.
pub(super) const DEPENDS_ON_USE: [&str; 5] = [
    "what goes through NAT gateways: 0.045 a GB and region factor, such as from brokers outside of AWS",
    "traffic out of AWS: about 0.09 a GB",
    "load balancer capacity: about 6 a month for each GB an hour",
    "backups: 0.023 a GB and month",
    "logs: 0.50 a GB",
];

/// For regions that are not known.
pub(super) const UNKNOWN_REGION: f64 = 1.25;

/// How much dearer machines, disks and balancers are there than in us-east-1, about.
pub(super) fn region_factor(region: &str) -> Option<f64> {
    Some(match region {
        "us-east-1" | "us-east-2" | "us-west-2" => 1.0,
        "ca-central-1" | "eu-north-1" | "eu-west-1" | "ap-south-1" => 1.08,
        "eu-central-1" | "eu-west-2" | "eu-west-3" | "eu-south-1" | "eu-south-2" => 1.17,
        "us-west-1" | "ap-southeast-1" | "ap-southeast-2" | "ap-northeast-2" | "me-south-1" => 1.22,
        "ap-northeast-1" | "ap-northeast-3" | "eu-central-2" => 1.27,
        "ap-east-1" | "af-south-1" => 1.33,
        "sa-east-1" => 1.6,
        _ => return None,
    })
}
