//! `aurora verify`

use std::process::ExitCode;

use aurora_actors::ingest::audit::AuditReport;
use clap::Args;

use super::client::ListArgs;
use super::output;

/// Prove that a stream's events are in ClickHouse exactly once.
///
/// Counts in the tables, range by range of the journal. Exits 0 only when everything holds.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The stream, as `aurora streams` names it: CONNECTION:TOPIC
    stream: String,
    #[command(flatten)]
    how: ListArgs,
}

pub(super) async fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let path = format!("/api/v1/streams/{}/audit", args.stream.replace('/', "%2F"));
    let report: AuditReport = args.how.client()?.post(&path, &()).await?;
    if args.how.is_json() {
        output::json(&report)?;
    } else {
        show(&report);
    }
    for problem in &report.problems {
        output::error(problem);
    }
    Ok(if report.clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn show(report: &AuditReport) {
    let mut table = output::table(&[
        "partition",
        "offsets",
        "rows",
        "in the table",
        "dead letters",
        "in their table",
        "skipped",
        "absent",
        "expired",
    ]);
    for partition in &report.partitions {
        let numbers = [
            partition.rows,
            partition.rows_found,
            partition.dead,
            partition.dead_found,
            partition.skipped,
            partition.absent,
            partition.expired,
        ];
        let mut row = vec![
            output::number(partition.partition.to_string()),
            output::number(format!("{} – {}", partition.first, partition.last)),
        ];
        row.extend(numbers.map(|number| output::number(output::thousands(number))));
        table.add_row(row);
    }
    output::line(&table.to_string());
    let rows: u64 = report
        .partitions
        .iter()
        .map(|partition| partition.rows_found)
        .sum();
    if report.clean {
        output::note(&format!(
            "clean: {} rows of {}, each exactly once",
            output::thousands(rows),
            report.stream
        ));
    }
}
