//! What a run that was cut off may have left in AWS, and how the next one goes on from there.
//!
//! The engine writes down that it makes something before it asks AWS to, and takes that back when AWS has answered. A run
//! that dies in between leaves the note, and nobody knows whether the thing is there: made once more, it would be there
//! twice. So it is looked for by the tags that everything of a deployment has:
//!
//! - found once: it is taken up, as if the answer had come;
//! - not found: it is made anew;
//! - found more than once: somebody has to say which it is.
//!
//! Kinds that are not looked for cannot be there twice: AWS refuses a second role or alias of a name and a second route
//! or rule that is the same, which somebody has to be told of, and takes a policy or an alarm that it has for the new one. Of what was being changed or
//! deleted the engine knows the id; looking at everything anew is enough.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::{PendingOperation, StackState};

/// What is looked for: the engine's type, and what AWS calls the kind in [`Tagged::kind`].
const LOOKED_FOR: [(&str, &str); 20] = [
    ("aws:acm/certificate:Certificate", "acm:certificate"),
    ("aws:autoscaling/group:Group", "autoscaling:auto-scaling-group"),
    ("aws:cloudwatch/logGroup:LogGroup", "logs:log-group"),
    ("aws:ebs/volume:Volume", "ec2:volume"),
    ("aws:ec2/eip:Eip", "ec2:elastic-ip"),
    ("aws:ec2/instance:Instance", "ec2:instance"),
    ("aws:ec2/internetGateway:InternetGateway", "ec2:internet-gateway"),
    ("aws:ec2/launchTemplate:LaunchTemplate", "ec2:launch-template"),
    ("aws:ec2/natGateway:NatGateway", "ec2:natgateway"),
    ("aws:ec2/routeTable:RouteTable", "ec2:route-table"),
    ("aws:ec2/securityGroup:SecurityGroup", "ec2:security-group"),
    ("aws:ec2/subnet:Subnet", "ec2:subnet"),
    ("aws:ec2/vpc:Vpc", "ec2:vpc"),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "ec2:vpc-endpoint"),
    ("aws:kms/key:Key", "kms:key"),
    (
        "aws:lb/loadBalancer:LoadBalancer",
        "elasticloadbalancing:loadbalancer",
    ),
    (
        "aws:lb/targetGroup:TargetGroup",
        "elasticloadbalancing:targetgroup",
    ),
    ("aws:s3/bucket:Bucket", "s3:bucket"),
    ("aws:secretsmanager/secret:Secret", "secretsmanager:secret"),
    ("aws:sns/topic:Topic", "sns:topic"),
];

/// What is not looked for, and what AWS refuses a second one of.
const REFUSED: [&str; 11] = [
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:iam/role:Role",
    "aws:kms/alias:Alias",
    "aws:lb/listener:Listener",
    "aws:lb/listenerRule:ListenerRule",
    "aws:route53/record:Record",
    "aws:route53/zone:Zone",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
];

/// Something in AWS that has the deployment's tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The service's and the kind's name in ARNs, such as `ec2:natgateway`.
    pub kind: String,
    /// By which the engine knows it: an ARN for some kinds, an id or a name for the others.
    pub id: String,
    /// Its own name, for kinds that have one, and the tag `Name`.
    pub names: Vec<String>,
}

/// How to go on after a run that was cut off.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// What is there, and its id.
    pub there: Vec<(PendingOperation, String)>,
    /// What is not there, or what it does no harm to do once more.
    pub absent: Vec<PendingOperation>,
    /// What may be there, and AWS would refuse to make once more.
    pub unseen: Vec<PendingOperation>,
    /// What may be any of these.
    pub doubtful: Vec<(PendingOperation, Vec<String>)>,
}

impl Leftovers {
    /// Compares what `state` says was begun with what is there.
    pub fn find(state: &StackState, tagged: &[Tagged]) -> Self {
        let mut found = Self::default();
        for pending in &state.pending {
            let mut ids = candidates(pending, state, tagged);
            match ids.len() {
                0 if pending.operation == "creating" && REFUSED.contains(&pending.token.as_str()) => {
                    found.unseen.push(pending.clone());
                }
                0 => found.absent.push(pending.clone()),
                1 => found.there.push((pending.clone(), ids.remove(0))),
                _ => found.doubtful.push((pending.clone(), ids)),
            }
        }
        found
    }

    /// For whoever has looked, and found nothing.
    pub fn forgotten(state: &StackState) -> Self {
        Self {
            absent: state.pending.clone(),
            ..Self::default()
        }
    }

    /// What `export`, the engine's state, is once that is known; nothing may be doubtful.
    pub(super) fn settle(&self, mut export: Value) -> Value {
        let there: BTreeMap<&str, &str> = self
            .there
            .iter()
            .map(|(pending, id)| (pending.urn.as_str(), id.as_str()))
            .collect();
        let Some(deployment) = export.get_mut("deployment").and_then(Value::as_object_mut) else {
            return export;
        };
        let pending = match deployment.remove("pending_operations") {
            Some(Value::Array(pending)) => pending,
            _ => Vec::new(),
        };
        let Some(Value::Array(resources)) = deployment.get_mut("resources") else {
            return export;
        };
        for operation in pending {
            let mut resource = operation["resource"].clone();
            let urn = resource["urn"].clone();
            let Some(id) = urn.as_str().and_then(|urn| there.get(urn)) else {
                continue;
            };
            // It was made to replace this one, which has to go now.
            for old in resources.iter_mut().filter(|old| old["urn"] == urn) {
                old["delete"] = json!(true);
            }
            resource["id"] = json!(id);
            // Reading it fills in the rest.
            resource["outputs"] = resource["inputs"].clone();
            // What it needs was made before it, so it stands before it.
            resources.push(resource);
        }
        export
    }
}

/// Ids of what `pending` may have made, and that `state` does not know.
fn candidates(pending: &PendingOperation, state: &StackState, tagged: &[Tagged]) -> Vec<String> {
    let kind = LOOKED_FOR.iter().find(|(token, _)| *token == pending.token);
    let (true, Some((_, kind))) = (pending.operation == "creating", kind) else {
        return Vec::new();
    };
    let mut ids: Vec<String> = tagged
        .iter()
        .filter(|tagged| tagged.kind == *kind && pending.names.iter().any(|name| tagged.names.contains(name)))
        .map(|tagged| tagged.id.clone())
        .filter(|id| !state.resources.iter().any(|known| known.id == *id))
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"{"version":3,"deployment":{"manifest":{"time":"2026-11-27T10:00:00Z"},"resources":[
        {"urn":"urn:pulumi:p::aurora::aws:ec2/natGateway:NatGateway::nat-0","custom":true,"id":"nat-0a",
         "type":"aws:ec2/natGateway:NatGateway"}],
        "pending_operations":[
        {"resource":{"urn":"urn:pulumi:p::aurora::aws:ec2/natGateway:NatGateway::nat-1","custom":true,
         "type":"aws:ec2/natGateway:NatGateway","inputs":{"tags":{"Name":"aurora-p-nat-1"}}},"type":"creating"},
        {"resource":{"urn":"urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::network","custom":true,"id":"vpc-1",
         "type":"aws:ec2/vpc:Vpc","inputs":{"tags":{"Name":"aurora-p"}}},"type":"updating"}]}}"#;

    fn nat(id: &str, name: &str) -> Tagged {
        Tagged {
            kind: "ec2:natgateway".to_owned(),
            id: id.to_owned(),
            names: vec![name.to_owned()],
        }
    }

    fn found(tagged: &[Tagged]) -> (Leftovers, StackState) {
        let leftovers = Leftovers::find(&StackState::parse(EXPORT).unwrap(), tagged);
        let settled = leftovers.settle(serde_json::from_str(EXPORT).unwrap());
        (leftovers, StackState::parse(&settled.to_string()).unwrap())
    }

    #[test]
    fn what_is_there_once_is_taken_up() {
        let tagged = [
            nat("nat-0a", "aurora-p-nat-1"),
            nat("nat-1b", "aurora-p-nat-1"),
            nat("nat-2c", "aurora-p-nat-2"),
            Tagged {
                kind: "ec2:elastic-ip".to_owned(),
                ..nat("eipalloc-1", "aurora-p-nat-1")
            },
        ];
        let (leftovers, state) = found(&tagged);
        assert_eq!(leftovers.there.len(), 1, "{leftovers:?}");
        assert!(state.pending.is_empty());
        let taken_up = state.resource("aws:ec2/natGateway:NatGateway", "nat-1").unwrap();
        assert_eq!(taken_up.id, "nat-1b");
        assert_eq!(taken_up.outputs["tags"]["Name"], "aurora-p-nat-1");
    }

    #[test]
    fn what_is_not_there_is_forgotten() {
        let (leftovers, state) = found(&[nat("nat-2c", "aurora-p-nat-2")]);
        assert_eq!((leftovers.absent.len(), leftovers.there.len()), (2, 0));
        assert!(state.pending.is_empty());
        assert_eq!(state.resources.len(), 1);
    }

    #[test]
    fn what_could_be_either_is_left_to_somebody() {
        let both = [nat("nat-1b", "aurora-p-nat-1"), nat("nat-1c", "aurora-p-nat-1")];
        let (leftovers, _) = found(&both);
        assert_eq!(leftovers.doubtful[0].1, ["nat-1b", "nat-1c"]);
        assert!(leftovers.there.is_empty());
    }

    #[test]
    fn what_was_to_be_replaced_goes() {
        let export = EXPORT.replace("NatGateway::nat-1", "NatGateway::nat-0");
        let state = StackState::parse(&export).unwrap();
        let leftovers = Leftovers::find(&state, &[nat("nat-1b", "aurora-p-nat-1")]);
        let settled = leftovers.settle(serde_json::from_str(&export).unwrap());
        let resources = settled["deployment"]["resources"].as_array().unwrap();
        let deleted: Vec<bool> = resources.iter().map(|one| one["delete"] == true).collect();
        assert_eq!(deleted, [true, false]);
        assert_eq!(resources[1]["id"], "nat-1b");
    }

    /// What AWS would let be made a second time has to be looked for.
    #[test]
    fn everything_that_could_be_there_twice_is_looked_for() {
        // AWS names them itself; a second one of each would be taken.
        for kind in [
            "Certificate",
            "Eip",
            "Instance",
            "InternetGateway",
            "Key",
            "NatGateway",
            "RouteTable",
            "Subnet",
            "Volume",
            "Vpc",
            "VpcEndpoint",
        ] {
            assert!(
                LOOKED_FOR
                    .iter()
                    .any(|(token, _)| token.ends_with(&format!(":{kind}"))),
                "{kind}"
            );
        }
    }
}
