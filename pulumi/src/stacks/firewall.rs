//! Who reaches whom: a security group for each role. The load balancer is the only one that the world reaches.

use ipnet::IpNet;

use super::network::{ANYWHERE, Network};
use super::{Layout, ports};
use crate::sdk::{Input, Options, Resource, inputs};

pub(super) const HTTP: u16 = 80;
pub(super) const HTTPS: u16 = 443;

/// The security groups.
pub(super) struct Firewall {
    /// All of it: who depends on it goes before the rules that it needs.
    pub(super) component: Resource,
    pub(super) edge: Resource,
    pub(super) peers: Resource,
    pub(super) clickhouse: Resource,
    pub(super) grafana: Resource,
}

/// One end of what a rule lets through.
enum Other {
    Group(Resource),
    Network(String),
}

struct Rule {
    name: String,
    of: Resource,
    other: Other,
    protocol: &'static str,
    /// Nothing for all ports.
    port: Option<u16>,
    why: &'static str,
}

pub(super) fn declare(layout: &mut Layout<'_>, network: &Network) -> Firewall {
    let component = layout.component("Firewall", "firewall");
    let mut group = |role: &str, description: &str| {
        let name = layout.deployment().named(role);
        let inputs = inputs! {
            "vpcId" => network.vpc.id(), "name" => name, "description" => description, "tags" => layout.name_tag(role),
        };
        let token = "aws:ec2/securityGroup:SecurityGroup";
        layout.program.resource(
            token,
            &format!("{role}-firewall"),
            inputs,
            Options::child_of(component),
        )
    };
    let firewall = Firewall {
        component,
        edge: group("edge", "Load balancer of Aurora"),
        peers: group("peers", "Nodes of Aurora"),
        clickhouse: group("clickhouse", "Database of Aurora"),
        grafana: group("grafana", "Grafana of Aurora"),
    };
    for rule in coming_in(layout, &firewall) {
        let token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
        declare_rule(layout, component, token, "from", rule);
    }
    for rule in going_out(&firewall) {
        let token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
        declare_rule(layout, component, token, "to", rule);
    }
    firewall
}

fn coming_in(layout: &Layout<'_>, firewall: &Firewall) -> Vec<Rule> {
    let Firewall {
        edge,
        peers,
        clickhouse,
        grafana,
        ..
    } = *firewall;
    let allow = &layout.deployment().edge.allow;
    // Its addresses are of IPv4 only.
    let allowed = if allow.is_empty() {
        vec![ANYWHERE.to_owned()]
    } else {
        allow.iter().map(IpNet::to_string).collect()
    };
    let mut open = vec![(HTTPS, "The web app"), (HTTP, "Sent on to https")];
    if super::edge::has_port_for_grafana(layout.deployment()) {
        open.push((super::edge::GRAFANA_PORT, "Grafana"));
    }
    let public = allowed.iter().flat_map(|from| {
        open.iter().map(move |(port, why)| Rule {
            name: format!("edge-{port}-{from}"),
            of: edge,
            other: Other::Network(from.clone()),
            protocol: "tcp",
            port: Some(*port),
            why,
        })
    });
    let inside = |name: &str, of, from, protocol, port, why| Rule {
        name: name.to_owned(),
        of,
        other: Other::Group(from),
        protocol,
        port: Some(port),
        why,
    };
    public
        .chain([
            inside("peers-http-edge", peers, edge, "tcp", ports::HTTP, "The web app"),
            inside(
                "peers-http-peers",
                peers,
                peers,
                "tcp",
                ports::HTTP,
                "Nodes ask each other",
            ),
            inside(
                "peers-gossip-peers",
                peers,
                peers,
                "udp",
                ports::GOSSIP,
                "Gossip, sealed",
            ),
            inside(
                "clickhouse-peers",
                clickhouse,
                peers,
                "tcp",
                ports::CLICKHOUSE,
                "Events and queries",
            ),
            inside(
                "clickhouse-grafana",
                clickhouse,
                grafana,
                "tcp",
                ports::CLICKHOUSE,
                "Dashboards",
            ),
            inside("grafana-edge", grafana, edge, "tcp", ports::GRAFANA, "Dashboards"),
            inside(
                "grafana-peers",
                grafana,
                peers,
                "tcp",
                ports::GRAFANA,
                "Nodes make its dashboards",
            ),
        ])
        .collect()
}

fn going_out(firewall: &Firewall) -> Vec<Rule> {
    let Firewall {
        edge,
        peers,
        clickhouse,
        grafana,
        ..
    } = *firewall;
    let inside = |name: &str, of, to, port, why| Rule {
        name: name.to_owned(),
        of,
        other: Other::Group(to),
        protocol: "tcp",
        port: Some(port),
        why,
    };
    let outside = |name: &str, of, port, why| Rule {
        name: format!("{name}-{port}"),
        of,
        other: Other::Network(ANYWHERE.to_owned()),
        protocol: "tcp",
        port: Some(port),
        why,
    };
    vec![
        inside("edge-peers", edge, peers, ports::HTTP, "The web app"),
        inside("edge-grafana", edge, grafana, ports::GRAFANA, "Dashboards"),
        // Brokers, registries and models are where their owners put them, at any port.
        Rule {
            name: "peers-anywhere".to_owned(),
            of: peers,
            other: Other::Network(ANYWHERE.to_owned()),
            protocol: "-1",
            port: None,
            why: "Kafka, the database, interfaces of AWS",
        },
        outside("clickhouse", clickhouse, HTTPS, "Interfaces of AWS, packages"),
        outside("clickhouse", clickhouse, HTTP, "Packages of the system, signed"),
        outside("grafana", grafana, HTTPS, "Interfaces of AWS, packages"),
        outside("grafana", grafana, HTTP, "Packages of the system, signed"),
        inside(
            "grafana-clickhouse",
            grafana,
            clickhouse,
            ports::CLICKHOUSE,
            "Dashboards",
        ),
    ]
}

fn declare_rule(layout: &mut Layout<'_>, parent: Resource, token: &str, direction: &str, rule: Rule) {
    let (group, network) = match rule.other {
        Other::Group(group) => (group.id().into(), Input::NOTHING),
        Other::Network(network) => (Input::NOTHING, network.into()),
    };
    let inputs = inputs! {
        "securityGroupId" => rule.of.id(),
        "description" => rule.why,
        "ipProtocol" => rule.protocol,
        "fromPort" => rule.port,
        "toPort" => rule.port,
        "referencedSecurityGroupId" => group,
        "cidrIpv4" => network,
    };
    let name = format!("{direction}-{}", rule.name);
    layout
        .program
        .resource(token, &name, inputs, Options::child_of(parent));
}
