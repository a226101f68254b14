//! A real Apache Kafka (KRaft, no ZooKeeper) on this machine, for measurements and tests.
//!
//! The demo's broker lives in memory and forgets old messages; where that will not do, this one runs. Its
//! jars come from Maven Central once per machine; it takes Java 17 to run and Maven to download.
//!
//! | file | what it does |
//! |---|---|
//! | `install` | the jars: fetched once, verified, cached |
//! | `settings` | server.properties, logging, the java command line |
//! | `broker` | one broker, from formatted to stopped |

mod broker;
mod install;
pub mod settings;

pub use broker::EmbeddedKafka;
pub use install::jars;
