//! What a deployment costs a month, as an estimate before anything is made.
//!
//! It is read off the program: each resource that AWS charges for by the hour or the gigabyte is a line. The prices are AWS's
//! list prices on demand, written down by hand (`prices`), and not asked of AWS: what traffic, logs and stored
//! objects come to depends on use and is stated as an assumption.

mod machine_types;
mod prices;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::deployment::Deployment;
use crate::sdk::{Input, Program, Value};

pub use machine_types::{MachineType, machine_type};
pub use prices::PRICES_AS_OF;

/// AWS's hours of a month.
const HOURS: f64 = 730.0;

/// What a deployment costs a month, in US dollars.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Its parts, the dearest first.
    pub lines: Vec<Line>,
    /// What was not counted, and why.
    pub left_out: Vec<String>,
    /// Whether the region's prices are known, or those of another one times a factor.
    pub region_is_known: bool,
}

/// One part of an estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is.
    pub what: String,
    /// How many.
    pub count: f64,
    /// In all, in US dollars a month.
    pub usd: f64,
}

impl Estimate {
    /// In all.
    pub fn usd(&self) -> f64 {
        self.lines.iter().map(|line| line.usd).sum()
    }

    fn add(&mut self, what: impl Into<String>, count: f64, usd_each: f64) {
        let what = what.into();
        let usd = count * usd_each;
        match self.lines.iter_mut().find(|line| line.what == what) {
            Some(line) => {
                line.count += count;
                line.usd += usd;
            }
            None => self.lines.push(Line { what, count, usd }),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>4} × {:<44} {:>9.2}", self.count, self.what, self.usd)
    }
}

/// What `program`, made from `deployment`, costs.
pub fn estimate(deployment: &Deployment, program: &Program) -> Estimate {
    let factor = prices::region_factor(&deployment.region);
    let mut estimate = Estimate {
        lines: Vec::new(),
        left_out: Vec::new(),
        region_is_known: factor.is_some(),
    };
    let factor = factor.unwrap_or(prices::UNKNOWN_REGION);
    for declaration in program.declarations() {
        let number = |key: &str| match declaration.inputs.get(key) {
            Some(Input::Value(Value::Number(number))) => *number,
            _ => 0.0,
        };
        match declaration.token.as_str() {
            "aws:ec2/instance:Instance" => {
                let machine_type = text(declaration.inputs.get("instanceType"));
                machines(&mut estimate, &machine_type, 1.0, false, factor);
            }
            "aws:autoscaling/group:Group" => {
                let machine_type = deployment.machines().types.peer;
                machines(
                    &mut estimate,
                    &machine_type,
                    number("minSize"),
                    deployment.scaling.spot,
                    factor,
                );
            }
            "aws:ebs/volume:Volume" => {
                let (size, iops, throughput) = (number("size"), number("iops"), number("throughput"));
                estimate.add(
                    "GiB of the database's volume (gp3)",
                    size,
                    prices::GP3_GIB * factor,
                );
                let extra = (iops - prices::GP3_FREE_IOPS).max(0.0);
                estimate.add(
                    "operations/s above those included",
                    extra,
                    prices::GP3_IOPS * factor,
                );
                let extra = (throughput - prices::GP3_FREE_MIB).max(0.0);
                estimate.add("MiB/s above those included", extra, prices::GP3_MIB * factor);
            }
            "aws:ec2/natGateway:NatGateway" => {
                estimate.add("NAT gateway", 1.0, prices::NAT_HOUR * HOURS * factor);
            }
            "aws:ec2/eip:Eip" => estimate.add("public address", 1.0, prices::ADDRESS_HOUR * HOURS),
            "aws:lb/loadBalancer:LoadBalancer" => {
                estimate.add("load balancer", 1.0, prices::BALANCER_HOUR * HOURS * factor);
                let zones = f64::from(deployment.machines().zones);
                estimate.add("public address", zones, prices::ADDRESS_HOUR * HOURS);
            }
            "aws:secretsmanager/secret:Secret" => estimate.add("secret", 1.0, prices::SECRET),
            "aws:kms/key:Key" => estimate.add("key", 1.0, prices::KEY),
            "aws:cloudwatch/metricAlarm:MetricAlarm" => estimate.add("alarm", 1.0, prices::ALARM),
            "aws:route53/zone:Zone" => estimate.add("zone of private names", 1.0, prices::ZONE),
            _ => {}
        }
    }
    estimate.add("metric of Aurora's own", prices::OWN_METRICS, prices::METRIC);
    estimate.lines.retain(|line| line.count > 0.0);
    estimate.lines.sort_by(|one, other| other.usd.total_cmp(&one.usd));
    estimate
        .left_out
        .extend(prices::DEPENDS_ON_USE.map(str::to_owned));
    estimate
}

fn machines(estimate: &mut Estimate, machine_type: &str, count: f64, spot: bool, factor: f64) {
    let disk = prices::GP3_GIB * factor * f64::from(crate::stacks::SYSTEM_DISK_GIB);
    estimate.add("system disk", count, disk);
    match machine_type_price(machine_type) {
        Some(usd_hour) => estimate.add(machine_type, count, usd_hour * HOURS * factor),
        None => estimate
            .left_out
            .push(format!("{count} × {machine_type}, whose price is not known here")),
    }
    if spot {
        estimate
            .left_out
            .push("that spot machines cost a third to a half of this".to_owned());
    }
}

fn machine_type_price(name: &str) -> Option<f64> {
    machine_type(name).map(|known| known.usd_hour)
}

fn text(input: Option<&Input>) -> String {
    match input {
        Some(Input::Value(value)) => value.as_text().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}
