//! One Kafka for all tests of a process, since its start takes longer than most of them.
//!
//! Each test has topics of its own on it. Nobody knows which test is the last one: the broker ends when the
//! process exits, and dies with it if it is killed.

use std::sync::OnceLock;
use std::{env, fs};

use anyhow::Result;
use nix::libc;
use tokio::sync::OnceCell;

use crate::kafka::{Kafka, KafkaOptions};
use crate::sandbox::{KEEP_VARIABLE, Sandbox, has_failed};

static KAFKA: OnceCell<Kafka> = OnceCell::const_new();
static SANDBOX: OnceLock<Sandbox> = OnceLock::new();

/// The process's Kafka, one broker. The first call starts it.
///
/// Who stops the broker stops it for all tests of the process: faults in Kafka need one of their own.
pub async fn kafka() -> Result<&'static Kafka> {
    let start = || async {
        if SANDBOX.get().is_none() {
            let _ = SANDBOX.set(Sandbox::new("shared-kafka")?);
            // SAFETY: `end` is a function that lives as long as the program, and does not unwind.
            unsafe { libc::atexit(end) };
        }
        let sandbox = SANDBOX.get().expect("set above, and never taken back");
        Kafka::start(sandbox, KafkaOptions::default()).await
    };
    KAFKA.get_or_try_init(start).await
}

/// Statics are never dropped, so what dropping would do is done here.
extern "C" fn end() {
    if let Some(kafka) = KAFKA.get() {
        // A broker that is stopped already needs no end.
        let _ = kafka.stop_broker(0);
    }
    if let Some(sandbox) = SANDBOX.get() {
        if has_failed() || env::var_os(KEEP_VARIABLE).is_some_and(|value| value == "1") {
            eprintln!(
                "Kafka's sandbox is kept, with its log: {}",
                sandbox.directory().display()
            );
        } else {
            let _ = fs::remove_dir_all(sandbox.directory());
        }
    }
}
