//! How well the built-in translator answers, measured as `aurora bench questions` does: a change that makes it worse on the
//! sets that it was written with fails here.

use std::time::Duration;

use anyhow::{Result, ensure};
use aurora_chaos_tests::binary;

/// Longer than a set takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Asks a set without a model, and requires that many right answers.
async fn at_least(right: usize, set: &str) -> Result<()> {
    let right = right.to_string();
    let arguments = [
        "bench",
        "questions",
        "--no-model",
        "--set",
        set,
        "--at-least",
        &right,
    ];
    let output = binary::run(arguments, PATIENCE).await?;
    ensure!(
        output.status.success(),
        "{set}: fewer than {right} are right\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[tokio::test]
async fn bikes_sensors_advertising_and_hiring() -> Result<()> {
    at_least(71, "practice-1").await
}

#[tokio::test]
async fn cards_shops_chats_and_chargers() -> Result<()> {
    at_least(79, "practice-5").await
}

#[tokio::test]
async fn orders_stock_tickets_and_streams() -> Result<()> {
    at_least(83, "practice-8").await
}
