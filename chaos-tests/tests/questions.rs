//! How well the built-in translator answers, measured as `aurora bench questions` does: a change that makes it worse on the
//! sets that it was written with fails here.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::binary;

/// Asks a set without a model, and requires that many right answers.
fn at_least(right: usize, set: &str) -> Result<()> {
    let output = Command::new(binary()?)
        .args(["bench", "questions", "--no-model", "--set", set, "--at-least"])
        .arg(right.to_string())
        .output()
        .context("aurora cannot be run")?;
    ensure!(
        output.status.success(),
        "{set}: fewer than {right} are right\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[test]
fn bikes_sensors_advertising_and_hiring() -> Result<()> {
    at_least(64, "practice-1")
}

#[test]
fn cards_shops_chats_and_chargers() -> Result<()> {
    at_least(72, "practice-5")
}

#[test]
fn orders_stock_tickets_and_streams() -> Result<()> {
    at_least(77, "practice-8")
}
