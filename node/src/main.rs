//! The `aurora` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    aurora_node::cli::main()
}
