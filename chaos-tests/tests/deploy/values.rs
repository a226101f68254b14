//! Whether AWS would take the values that it is given.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::fake_aws::World;
use aurora_chaos_tests::moto;
use aurora_pulumi::deployment::{Architecture, Size};
use serde_json::{Value, json};

use super::Stage;

/// What is there, as `values.py` reads it.
fn registrations(world: &World) -> Value {
    world
        .everything()
        .map(|(token, name, inputs)| json!({ "type": token, "name": name, "inputs": inputs }))
        .collect()
}

/// Complaints, and how many values there is a rule for.
async fn complaints(registrations: &Value) -> Result<(Vec<String>, usize)> {
    let folder = tempfile::tempdir()?;
    let (script, input) = (
        folder.path().join("values.py"),
        folder.path().join("registrations.json"),
    );
    std::fs::write(&script, include_str!("values.py"))?;
    std::fs::write(&input, registrations.to_string())?;
    let output = Command::new(moto::interpreter().await?)
        .arg(&script)
        .arg(&input)
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let ruled = lines.pop().context("no last line")?.parse()?;
    Ok((lines, ruled))
}

#[tokio::test]
async fn aws_would_take_every_value() -> Result<()> {
    for size in Size::ALL {
        let mut stage = Stage::set().await?;
        let deployment = &mut stage.deployment;
        deployment.size = size;
        // All that can be chosen, in one of them.
        if size == Size::Standard {
            deployment.architecture = Architecture::Arm64;
            deployment.edge.domain = Some("aurora.example.com".to_owned());
            deployment.edge.hosted_zone = Some("example.com".to_owned());
            deployment.edge.allow = vec!["192.0.2.0/24".parse()?, "2001:db8::/32".parse()?];
            deployment.scaling.max_nodes = Some(12);
            deployment.scaling.spot = true;
            deployment.alarms.email = Some("ops@example.com".to_owned());
        }
        stage.up().await?;
        let registrations = registrations(&stage.aws.world());
        let (complaints, ruled) = complaints(&registrations).await?;
        ensure!(complaints.is_empty(), "{size}: {complaints:#?}");
        eprintln!("{size}: {ruled} values that AWS has a rule for");
        ensure!(ruled > 250, "{size}: there is a rule for {ruled} values only");
    }
    Ok(())
}

#[tokio::test]
async fn what_aws_would_not_take_is_found() -> Result<()> {
    let volume = |value: Value| json!({ "type": "aws:ebs/volume:Volume", "name": "data", "inputs": value });
    let alarm = |value: Value| json!({ "type": "aws:cloudwatch/metricAlarm:MetricAlarm", "name": "lag", "inputs": value });
    let given = json!([
        volume(json!({ "type": "gp9", "size": 100, "iops": 3_000, "throughput": 125 })),
        volume(json!({ "type": "gp3", "size": 10, "iops": 6_000, "throughput": 125 })),
        volume(json!({ "type": "gp3", "size": 100, "iops": 3_000, "throughput": 125, "colour": "red" })),
        alarm(json!({ "name": "", "period": 60, "evaluationPeriods": 5 })),
        alarm(json!({ "name": "lag", "period": 300, "evaluationPeriods": 300 })),
        { "type": "aws:ec2/toaster:Toaster", "name": "new", "inputs": {} },
    ]);
    let (complaints, _) = complaints(&given).await?;
    let expected = [
        "aws:ebs/volume:Volume data: type is 'gp9'",
        "aws:ebs/volume:Volume data: not 3,000 IOPS to 500 for each GiB",
        "aws:ebs/volume:Volume data: nobody takes colour",
        "aws:cloudwatch/metricAlarm:MetricAlarm lag: name is ''",
        "aws:cloudwatch/metricAlarm:MetricAlarm lag: not a week at most, a day with periods under an hour",
        "aws:ec2/toaster:Toaster new: nothing is known about this type",
    ];
    ensure!(complaints == expected, "{complaints:#?}");
    Ok(())
}
