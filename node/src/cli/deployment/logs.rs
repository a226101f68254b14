//! `aurora logs`

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use aurora_pulumi::machines::role;
use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use super::Tools;
use crate::aws::logs::{LogQuery, Tail};
use crate::aws::{Aws, AwsError};
use crate::cli::interrupt::{INTERRUPTED, Interrupts};
use crate::cli::output;
use crate::cli::progress::Progress;

/// How often it is looked for more.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often in a row AWS may fail while what is there already is read, before that is given up.
const MOST_FAILURES: u32 = 5;

/// Show what the deployment's machines say.
#[derive(Debug, Args)]
pub(in crate::cli) struct LogsArgs {
    #[command(flatten)]
    tools: Tools,
    /// Which machines
    #[arg(value_enum, default_value = "peers")]
    role: Role,
    /// From how long ago, such as 30m, 2h, 1d
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span)]
    since: SignedDuration,
    /// Only what matches, in CloudWatch's own pattern language, such as ERROR
    #[arg(long, value_name = "PATTERN")]
    grep: Option<String>,
    /// Only machines whose id begins with this
    #[arg(long, value_name = "INSTANCE")]
    machine: Option<String>,
    /// Go on with what comes
    #[arg(long)]
    follow: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Aurora's nodes
    Peers,
    /// The database
    Clickhouse,
    /// Grafana
    Grafana,
}

fn span(text: &str) -> Result<SignedDuration, String> {
    let span: jiff::Span = text
        .parse()
        .map_err(|error| format!("{error}; such as 30m, 2h, 1d"))?;
    // A day is a day's hours here.
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|error| error.to_string())
}

pub(in crate::cli) async fn run(args: LogsArgs) -> anyhow::Result<ExitCode> {
    let deployment = args.tools.deployment()?;
    let role = match args.role {
        Role::Peers => role::PEERS,
        Role::Clickhouse => role::CLICKHOUSE,
        Role::Grafana => role::GRAFANA,
    };
    let aws = Aws::from_surroundings(Some(&deployment.region)).await?;
    let from = Timestamp::now()
        .saturating_sub(args.since)
        .context("the span is too long")?;
    let group = role::log_group(&deployment.name, role);
    let mut tail = Tail::new(LogQuery {
        group: group.clone(),
        from_ms: Some(from.as_millisecond()),
        to_ms: None,
        stream_prefix: args.machine.clone(),
        pattern: args.grep.clone(),
    });
    let mut interrupts = Interrupts::listen();
    // Who follows has no other way to end it; who does not has not got all.
    let interrupted = ExitCode::from(if args.follow { 0 } else { INTERRUPTED });
    let (mut shown, mut failures) = (0_u64, 0);
    loop {
        let looked = {
            let progress = Progress::new();
            progress.say(format!(
                "searching {group}, {} found so far",
                output::thousands(shown)
            ));
            let looked = interrupts.unless(async {
                tokio::select! {
                    looked = tail.look(&aws) => looked,
                    never = progress.appear(), if !args.follow => never,
                }
            });
            looked.await
        };
        let Some(looked) = looked else {
            return Ok(interrupted);
        };
        let events = match looked {
            Ok(events) => {
                failures = 0;
                events
            }
            Err(AwsError::NotFound { .. }) => {
                bail!(
                    "there are no logs {group} in {}: is the deployment there (`aurora deploy`)?",
                    deployment.region
                )
            }
            Err(error) if error.may_pass() && (args.follow || failures < MOST_FAILURES) => {
                output::note(&error.to_string());
                failures += 1;
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        for event in events {
            let at = Timestamp::from_millisecond(event.at_ms).unwrap_or_default();
            output::line(&output::harmless(&format!(
                "{at} {} {}",
                event.stream,
                event.message.trim_end()
            )));
            shown += 1;
        }
        if failures == 0 {
            // A look takes a bounded number of pages, and may have found nothing in them.
            if !tail.is_at_end() {
                continue;
            }
            if !args.follow {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if interrupts.unless(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return Ok(interrupted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        assert_eq!(span("30m"), Ok(SignedDuration::from_mins(30)));
        assert_eq!(span("1d"), Ok(SignedDuration::from_hours(24)));
        assert!(span("soon").is_err());
    }
}
