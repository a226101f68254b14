//! Machines of a deployment: their sources looked at by the programs that read them, and machines started with their user-data.

mod clickhouse_setup;
mod containers;
mod image;
mod life;
mod restores;
mod sources;
mod stage;
