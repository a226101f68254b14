//! Network, subnets in each zone, ways out, and the private names.

use ipnet::Ipv4Net;

use super::Layout;
use crate::sdk::{Input, Options, Reference, Resource, inputs, list, map};

/// A /16 becomes 16 subnets; the public ones come from the lower half.
const SUBNET_BITS: u8 = 4;
const PRIVATE_FROM: usize = 8;
/// Everywhere.
pub(super) const ANYWHERE: &str = "0.0.0.0/0";

/// The network of a deployment.
pub(super) struct Network {
    /// All of it: who depends on it can reach the outside.
    pub(super) component: Resource,
    pub(super) vpc: Resource,
    /// One in each zone.
    pub(super) public: Vec<Resource>,
    /// One in each zone, in the same order.
    pub(super) private: Vec<Resource>,
    /// The zone of private names.
    pub(super) names: Resource,
}

impl Network {
    pub(super) fn private_ids(&self) -> Vec<Reference> {
        self.private.iter().map(|subnet| subnet.id()).collect()
    }

    pub(super) fn public_ids(&self) -> Vec<Reference> {
        self.public.iter().map(|subnet| subnet.id()).collect()
    }
}

/// The addresses of the subnet `index` of those that a network is cut into.
fn slice(network: Ipv4Net, index: usize) -> String {
    let subnets = network.subnets(network.prefix_len() + SUBNET_BITS);
    let slice = subnets.ok().and_then(|mut subnets| subnets.nth(index));
    slice
        .expect("descriptions are checked: there is room for sixteen")
        .to_string()
}

pub(super) fn declare(layout: &mut Layout<'_>) -> Network {
    let component = layout.component("Network", "network");
    let child = || Options::child_of(component);
    let deployment = layout.deployment();
    let (cidr, machines, region) = (
        deployment.network.cidr,
        deployment.machines(),
        deployment.region.clone(),
    );
    let private_zone = deployment.private_zone();
    let tags = layout.name_tag("network");
    let vpc = inputs! {
        "cidrBlock" => cidr.to_string(), "enableDnsSupport" => true, "enableDnsHostnames" => true, "tags" => tags.clone(),
    };
    let vpc = layout
        .program
        .resource("aws:ec2/vpc:Vpc", "network", vpc, child());
    let gateway = inputs! { "vpcId" => vpc.id(), "tags" => tags };
    let gateway = layout.program.resource(
        "aws:ec2/internetGateway:InternetGateway",
        "internet",
        gateway,
        child(),
    );

    let mut network = Network {
        component,
        vpc,
        public: Vec::new(),
        private: Vec::new(),
        names: vpc,
    };
    let public_routes = route_table(layout, &network, "public");
    let to_internet = inputs! {
        "routeTableId" => public_routes.id(), "destinationCidrBlock" => ANYWHERE, "gatewayId" => gateway.id(),
    };
    let to_internet = layout
        .program
        .resource("aws:ec2/route:Route", "public", to_internet, child());
    let mut private_routes = Vec::new();
    let mut nat = None;
    for index in 0..usize::from(machines.zones) {
        let public = subnet(
            layout,
            &network,
            &format!("public-{index}"),
            index,
            slice(cidr, index),
        );
        associate(
            layout,
            &network,
            &format!("public-{index}"),
            public,
            public_routes,
        );
        network.public.push(public);
        if index == 0 || machines.nat_in_every_zone {
            nat = Some(way_out(layout, &network, index, public, to_internet));
        }
        let name = format!("private-{index}");
        let private = subnet(layout, &network, &name, index, slice(cidr, PRIVATE_FROM + index));
        let routes = route_table(layout, &network, &name);
        let nat = nat.expect("the first zone has one");
        let out = inputs! {
            "routeTableId" => routes.id(), "destinationCidrBlock" => ANYWHERE, "natGatewayId" => nat.id(),
        };
        layout
            .program
            .resource("aws:ec2/route:Route", &name, out, child());
        associate(layout, &network, &name, private, routes);
        network.private.push(private);
        private_routes.push(routes.id());
    }
    // What goes to S3, backups above all, does not pay for the way out.
    let s3 = inputs! {
        "vpcId" => vpc.id(),
        "serviceName" => format!("com.amazonaws.{region}.s3"),
        "vpcEndpointType" => "Gateway",
        "routeTableIds" => private_routes,
        "tags" => layout.name_tag("s3"),
    };
    layout
        .program
        .resource("aws:ec2/vpcEndpoint:VpcEndpoint", "s3", s3, child());
    let names = inputs! {
        "name" => private_zone, "vpcs" => list![map! { "vpcId" => vpc.id() }], "forceDestroy" => true,
    };
    network.names = layout
        .program
        .resource("aws:route53/zone:Zone", "private-names", names, child());
    network
}

fn subnet(layout: &mut Layout<'_>, network: &Network, name: &str, zone: usize, cidr: String) -> Resource {
    let inputs = inputs! {
        "vpcId" => network.vpc.id(),
        "cidrBlock" => cidr,
        "availabilityZone" => layout.account.zone(zone),
        "mapPublicIpOnLaunch" => false,
        "tags" => layout.name_tag(name),
    };
    // It cannot move, whatever zones there are later.
    let options = Options::child_of(network.component).ignoring(["availabilityZone"]);
    layout
        .program
        .resource("aws:ec2/subnet:Subnet", name, inputs, options)
}

fn route_table(layout: &mut Layout<'_>, network: &Network, name: &str) -> Resource {
    let inputs = inputs! { "vpcId" => network.vpc.id(), "tags" => layout.name_tag(name) };
    layout.program.resource(
        "aws:ec2/routeTable:RouteTable",
        name,
        inputs,
        Options::child_of(network.component),
    )
}

fn associate(layout: &mut Layout<'_>, network: &Network, name: &str, subnet: Resource, routes: Resource) {
    let inputs = inputs! { "subnetId" => subnet.id(), "routeTableId" => routes.id() };
    let token = "aws:ec2/routeTableAssociation:RouteTableAssociation";
    layout
        .program
        .resource(token, name, inputs, Options::child_of(network.component));
}

/// The way out of the private subnets of a zone.
fn way_out(
    layout: &mut Layout<'_>,
    network: &Network,
    zone: usize,
    subnet: Resource,
    internet: Resource,
) -> Resource {
    let name = format!("nat-{zone}");
    let child = Options::child_of(network.component).after([internet]);
    let address = inputs! { "domain" => "vpc", "tags" => layout.name_tag(&name) };
    let address = layout
        .program
        .resource("aws:ec2/eip:Eip", &name, address, child.clone());
    let nat = inputs! {
        "allocationId" => address.id(), "subnetId" => subnet.id(), "tags" => layout.name_tag(&name),
    };
    layout
        .program
        .resource("aws:ec2/natGateway:NatGateway", &name, nat, child)
}

/// A private name of a machine.
pub(super) fn name_machine(
    layout: &mut Layout<'_>,
    network: &Network,
    parent: Resource,
    name: &str,
    machine: Resource,
) {
    let inputs = inputs! {
        "zoneId" => network.names.output("zoneId"),
        "name" => Input::from(format!("{name}.{}", layout.deployment().private_zone())),
        "type" => "A",
        "ttl" => 10,
        "records" => vec![machine.output("privateIp")],
    };
    layout.program.resource(
        "aws:route53/record:Record",
        &format!("{name}-private"),
        inputs,
        Options::child_of(parent),
    );
}
