//! What the world reaches: a load balancer with TLS, its certificate, the public names.

use super::firewall::{Firewall, HTTP, HTTPS};
use super::network::Network;
use super::{Layout, ports};
use crate::deployment::Deployment;
use crate::sdk::{Function, Input, Options, Resource, inputs, list, map};

/// TLS 1.3, and 1.2 with forward secrecy.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";
/// Longer than a query may take, and than the silence between two events of a page that watches; and shorter than nodes keep a
/// connection without a request (75 s), or it would send requests into connections that have just been closed.
const IDLE_SECONDS: u32 = 60;
/// How long requests under way may take once a node leaves. Nodes say that they are not ready before they go.
const DEREGISTRATION_SECONDS: u32 = 30;

/// The load balancer.
pub(super) struct Edge {
    pub(super) balancer: Resource,
    /// Where requests for nodes go.
    pub(super) peers: Resource,
    /// Where requests for Grafana go.
    pub(super) grafana: Resource,
    /// Where requests come in: what is sent on is reachable once it is there.
    pub(super) listener: Resource,
    /// The ARN of the certificate that is shown.
    pub(super) certificate: Input,
    domain: Option<String>,
}

impl Edge {
    /// Where the web app is.
    pub(super) fn url(&self) -> Input {
        match &self.domain {
            Some(domain) => format!("https://{domain}").into(),
            None => Input::text(["https://".into(), self.balancer.output("dnsName").into()]),
        }
    }

    /// Where Grafana is. Without a name of one's own it is told apart by its port.
    pub(super) fn grafana_url(&self) -> Input {
        match &self.domain {
            Some(domain) => format!("https://{}", grafana_domain(domain)).into(),
            None => {
                let port = format!(":{GRAFANA_PORT}");
                Input::text([
                    "https://".into(),
                    self.balancer.output("dnsName").into(),
                    port.into(),
                ])
            }
        }
    }
}

/// Where Grafana is served when there is no name to tell it apart by.
pub(super) const GRAFANA_PORT: u16 = 8443;

/// Whether Grafana is told apart by its port.
pub(super) fn has_port_for_grafana(deployment: &Deployment) -> bool {
    deployment.grafana.enabled && deployment.edge.domain.is_none()
}

fn grafana_domain(domain: &str) -> String {
    format!("grafana.{domain}")
}

pub(super) fn declare(layout: &mut Layout<'_>, network: &Network, firewall: &Firewall) -> Edge {
    let component = layout.component("Edge", "edge");
    let child = || Options::child_of(component);
    let deployment = layout.deployment();
    let (name, domain, has_grafana) = (
        deployment.named("edge"),
        deployment.edge.domain.clone(),
        deployment.grafana.enabled,
    );
    let balancer = inputs! {
        "name" => name,
        "loadBalancerType" => "application",
        "internal" => false,
        "subnets" => network.public_ids(),
        "securityGroups" => list![firewall.edge.id()],
        "dropInvalidHeaderFields" => true,
        "idleTimeout" => IDLE_SECONDS,
        "tags" => layout.name_tag("edge"),
    };
    let options = child().after([network.component]);
    let balancer = layout
        .program
        .resource("aws:lb/loadBalancer:LoadBalancer", "edge", balancer, options);
    let peers = targets(layout, component, network, "peers", ports::HTTP, "/readyz");
    let grafana = targets(
        layout,
        component,
        network,
        "grafana",
        ports::GRAFANA,
        "/api/health",
    );
    let certificate = certificate(layout, component);
    let mut listen = |name: &str, port: u16, to: Resource| {
        let inputs = inputs! {
            "loadBalancerArn" => balancer.output("arn"), "port" => port, "protocol" => "HTTPS",
            "sslPolicy" => TLS_POLICY, "certificateArn" => certificate.clone(),
            "defaultActions" => list![forward(to)],
        };
        layout
            .program
            .resource("aws:lb/listener:Listener", name, inputs, child())
    };
    let listener = listen("https", HTTPS, peers);
    match &domain {
        Some(domain) if has_grafana => {
            let host = map! { "hostHeader" => map! { "values" => list![grafana_domain(domain)] } };
            let inputs = inputs! {
                "listenerArn" => listener.output("arn"), "priority" => 10,
                "conditions" => list![host], "actions" => list![forward(grafana)],
            };
            layout
                .program
                .resource("aws:lb/listenerRule:ListenerRule", "grafana", inputs, child());
        }
        None if has_grafana => {
            listen("grafana", GRAFANA_PORT, grafana);
        }
        _ => {}
    }
    let redirect = map! { "protocol" => "HTTPS", "port" => HTTPS.to_string(), "statusCode" => "HTTP_301" };
    let inputs = inputs! {
        "loadBalancerArn" => balancer.output("arn"), "port" => HTTP, "protocol" => "HTTP",
        "defaultActions" => list![map! { "type" => "redirect", "redirect" => redirect }],
    };
    layout
        .program
        .resource("aws:lb/listener:Listener", "http", inputs, child());
    if let (Some(domain), Some(zone)) = (&domain, zone(layout)) {
        let mut names = vec![("web", domain.clone())];
        if has_grafana {
            names.push(("grafana", grafana_domain(domain)));
        }
        for (what, name) in names {
            public_name(layout, component, zone, balancer, what, &name);
        }
    }
    Edge {
        balancer,
        peers,
        grafana,
        listener,
        certificate,
        domain,
    }
}

fn forward(to: Resource) -> Input {
    map! { "type" => "forward", "targetGroupArn" => to.output("arn") }
}

fn targets(
    layout: &mut Layout<'_>,
    parent: Resource,
    network: &Network,
    role: &str,
    port: u16,
    path: &str,
) -> Resource {
    let check = map! {
        "path" => path, "protocol" => "HTTP", "matcher" => "200", "interval" => 5, "timeout" => 4,
        "healthyThreshold" => 2, "unhealthyThreshold" => 2,
    };
    let inputs = inputs! {
        // Names of target groups have 32 characters: there is no room for more.
        "name" => format!("{}-{role}", layout.deployment().name),
        "vpcId" => network.vpc.id(), "port" => port, "protocol" => "HTTP", "targetType" => "instance",
        "healthCheck" => check, "deregistrationDelay" => DEREGISTRATION_SECONDS,
        // A page asks the same node while it can: its queries can be cancelled there at once.
        "stickiness" => map! { "type" => "lb_cookie", "enabled" => true, "cookieDuration" => 86_400 },
        "tags" => layout.name_tag(role),
    };
    layout.program.resource(
        "aws:lb/targetGroup:TargetGroup",
        role,
        inputs,
        Options::child_of(parent),
    )
}

/// The Route 53 zone of the description.
fn zone(layout: &mut Layout<'_>) -> Option<Function> {
    let name = layout.deployment().edge.hosted_zone.clone()?;
    let arguments = inputs! { "name" => name, "privateZone" => false };
    Some(
        layout
            .program
            .function("aws:route53/getZone:getZone", "public-names", arguments),
    )
}

/// The ARN of the certificate: one that is there, one that AWS makes once it has seen that the name is ours, or one that
/// the deployment signed itself.
fn certificate(layout: &mut Layout<'_>, parent: Resource) -> Input {
    let edge = layout.deployment().edge.clone();
    if let Some(certificate) = edge.certificate {
        return certificate.into();
    }
    let child = || Options::child_of(parent);
    let token = "aws:acm/certificate:Certificate";
    let (Some(domain), Some(zone)) = (edge.domain, zone(layout)) else {
        let own = layout.plan.own_certificate.as_ref();
        let (certificate, key) = own.map_or(("", ""), |own| (&own.certificate, &own.private_key));
        let inputs = inputs! {
            "certificateBody" => certificate, "privateKey" => Input::secret(key), "tags" => layout.name_tag("edge"),
        };
        return layout
            .program
            .resource(token, "edge", inputs, child())
            .output("arn")
            .into();
    };
    let names = [domain.clone(), grafana_domain(&domain)];
    let inputs = inputs! {
        "domainName" => &domain, "subjectAlternativeNames" => list![&names[1]], "validationMethod" => "DNS",
        "tags" => layout.name_tag("edge"),
    };
    let certificate = layout.program.resource(token, "edge", inputs, child());
    let mut records = Vec::new();
    for (index, what) in ["web", "grafana"].into_iter().enumerate() {
        let proof = |field: &str| {
            certificate
                .output("domainValidationOptions")
                .element(index)
                .field(field)
        };
        let inputs = inputs! {
            "zoneId" => zone.output("zoneId"), "ttl" => 60, "allowOverwrite" => true,
            "name" => proof("resourceRecordName"), "type" => proof("resourceRecordType"),
            "records" => list![proof("resourceRecordValue")],
        };
        let name = format!("{what}-certificate");
        records.push(
            layout
                .program
                .resource("aws:route53/record:Record", &name, inputs, child())
                .output("fqdn"),
        );
    }
    let inputs =
        inputs! { "certificateArn" => certificate.output("arn"), "validationRecordFqdns" => records };
    let token = "aws:acm/certificateValidation:CertificateValidation";
    layout
        .program
        .resource(token, "edge", inputs, child())
        .output("certificateArn")
        .into()
}

fn public_name(
    layout: &mut Layout<'_>,
    parent: Resource,
    zone: Function,
    balancer: Resource,
    what: &str,
    name: &str,
) {
    let alias = map! {
        "name" => balancer.output("dnsName"), "zoneId" => balancer.output("zoneId"), "evaluateTargetHealth" => false,
    };
    let inputs = inputs! { "zoneId" => zone.output("zoneId"), "name" => name, "type" => "A", "aliases" => list![alias] };
    layout.program.resource(
        "aws:route53/record:Record",
        &format!("{what}-public"),
        inputs,
        Options::child_of(parent),
    );
}
