//! A small SDK for Pulumi programs: what a program declares, and how that is carried to the engine.
//!
//! A program is data. [`Program`] collects declarations (resources, components, functions to invoke, what to export) whose
//! inputs are [`Input`]s: plain values, and references to what other declarations will have brought. Nothing is asked while a
//! program is written, so it can be looked at without an engine: tests check every property against the provider's schema
//! and the graph against rules.
//!
//! ```text
//! Deployment ──stacks──▶ Program ──run──▶ engine: RegisterResource, Invoke, RegisterResourceOutputs
//!             (pure)               (async, as soon as what a declaration needs is there)
//! ```
//!
//! | module | does |
//! |---|---|
//! | `value` | values with secrets and unknowns, as they go over the wire |
//! | `input` | expressions over what other declarations bring |
//! | `program` | declarations, their options, references to them |
//! | `graph` | who needs whom; what is wrong with a program as such |
//! | `run` | registers everything, side by side where nothing is in the way |
//! | `monitor` | the engine's side, as far as it is needed |
//! | `language` | the server through which the engine runs us (LanguageRuntime) |
//!
//! The protocol's messages come from `pulumi_gestalt_proto`, generated from Pulumi's own definitions
//! (`sdk/proto/pulumi` of github.com/pulumi/pulumi). The high-level crate over it sends no dependencies, which would make
//! `destroy` delete everything at once.

mod graph;
mod input;
pub mod language;
mod monitor;
#[cfg(test)]
mod options_tests;
mod program;
mod run;
#[cfg(test)]
mod run_tests;
mod value;

pub use graph::ProgramError;
pub use input::Input;
pub(crate) use input::{inputs, list, map};
pub use monitor::Engine;
pub use program::{Declaration, Function, Kind, Options, Program, Reference, Resource, Timeouts};
pub use run::{RunError, RunSettings, run};
pub use value::{Value, WireError};
