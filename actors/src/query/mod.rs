//! SQL from people and programs.
//!
//! **Invariant:** a query runs as ClickHouse's reading user and no other. What that user may not do,
//! ClickHouse itself refuses ([`wall`] makes sure of it, and nothing runs while it is not so); the checks
//! in [`guard`] come on top, for what grants cannot express.
//!
//! ```text
//! SqlRunner ──job──▶ factory: bounded queue by priority ──▶ worker ──▶ guard ──▶ ClickHouse
//!     ▲               (sheds what does not fit)              │ holds its slot until the rows have ended
//!     └──────────── events: a bounded channel ◀──────────────┘
//! ```
//!
//! | module | does |
//! |---|---|
//! | [`sql`] | what a query is, what comes of it, and the handle to run one |
//! | [`statement`] | a statement made ready: its length, its parameters |
//! | [`guard`] | what a statement may be, by ClickHouse's own parse |
//! | `actor` | the factory: queue, workers, deadlines, cancellation |
//! | `stream` | ClickHouse's answer, read into events as it comes |
//! | [`format`](mod@format) | how values cross JSON, and the formats of exports |
//! | [`limits`] | what one query, and all of them, may use |
//! | [`wall`] | the reading user: made, and verified again and again |
//! | [`metrics`] | what Prometheus reads of it |

mod actor;
pub mod format;
pub mod guard;
pub mod limits;
pub mod memory;
pub mod metrics;
pub mod question;
pub mod sql;
pub mod statement;
mod stream;
pub mod wall;
