//! What the machines of a deployment are called by what they do: in log groups, in the dimension `Role` of figures, in tags and in
//! names of resources.
//!
//! Said once: what a machine writes to is what was made for it, what it may write to, and what is read.

/// Nodes.
pub const PEERS: &str = "peers";
/// The database.
pub const CLICKHOUSE: &str = "clickhouse";
/// Grafana.
pub const GRAFANA: &str = "grafana";
/// All of them.
pub const ALL: [&str; 3] = [PEERS, CLICKHOUSE, GRAFANA];

/// The log group of machines of a role.
pub fn log_group(deployment: &str, role: &str) -> String {
    format!("/aurora/{deployment}/{role}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::sources::source;

    #[test]
    fn logs_are_shipped_to_the_group_of_the_role() {
        let group = log_group("${AURORA_DEPLOYMENT}", "${AURORA_ROLE}");
        assert!(source("common/aurora-logs.service").contains(&format!("--group {group} ")));
    }
}
