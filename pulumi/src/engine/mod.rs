//! Drives the `pulumi` command, which runs our program, talks to AWS and keeps what is known about a deployment.
//!
//! ```text
//! Workspace ──starts──▶ pulumi up --client=US ──GetRequiredPackages, Run──▶ LanguageServer ─▶ DeploymentProgram
//!     ▲                    │                                                    │ stacks::program, sdk::run
//!     └── Event ◀── event log (JSON lines)  ◀────── the engine ◀────────────────┘ RegisterResource …
//! ```
//!
//! | module | does |
//! |---|---|
//! | `command` | finds the program `pulumi`, checks its version, runs it |
//! | `workspace` | a deployment's folder: project, configuration, state |
//! | `operations` | what is done to a deployment: run, followed, stopped |
//! | `program` | what the engine runs: secrets from its configuration, and the stacks |
//! | `secrets` | passwords, keys and a certificate, made once |
//! | `events` | what happens, as it happens |
//! | `state` | what Pulumi knows: resources, and operations that were cut short |
//! | `leftover` | what a run that was cut off may have left in AWS |
//! | `trouble` | what went wrong, from what `pulumi` says |
//!
//! `--client` and `--event-log` are internal to `pulumi` (the Automation API uses the former), so its version is checked:
//! [`command::SUPPORTED`].

mod command;
mod events;
mod leftover;
mod operations;
mod program;
mod secrets;
mod state;
mod trouble;
mod workspace;

pub use command::{Pulumi, SUPPORTED};
pub use events::{Change, Event, Operation, Severity, Summary};
pub use leftover::{Leftovers, Tagged};
pub use operations::{Keep, Run};
pub use program::{DeploymentProgram, Intent, PROJECT, providers};
pub use state::{PendingOperation, StackState, StateResource};
pub use trouble::EngineError;
pub use trouble::ResourceFailure;
pub use workspace::Workspace;
