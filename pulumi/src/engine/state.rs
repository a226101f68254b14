//! What Pulumi knows about a deployment: `pulumi stack export`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::EngineError;
use super::events::name_of;

/// The state of a deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StackState {
    /// What it is made of.
    pub resources: Vec<StateResource>,
    /// What was begun, and not known to have ended.
    pub pending: Vec<PendingOperation>,
    /// When it was written down, in RFC 3339.
    pub written: Option<String>,
}

/// One resource of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StateResource {
    /// Its type.
    pub token: String,
    /// Its name.
    pub name: String,
    /// What AWS calls it.
    pub id: String,
    /// Whether it is kept when the rest goes.
    pub protect: bool,
    /// What is known of it. Secrets are encrypted.
    pub outputs: BTreeMap<String, Value>,
}

/// An operation that was cut short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOperation {
    /// What was done: `creating`, `updating`, `deleting`.
    pub operation: String,
    /// The resource's type.
    pub token: String,
    /// The resource's name.
    pub name: String,
    /// What the engine calls it.
    pub urn: String,
    /// What it is to be called in AWS: its name, for kinds that have one, and the tag `Name`.
    pub names: Vec<String>,
}

#[derive(Deserialize)]
struct Export {
    deployment: Option<Deployment>,
}

#[derive(Deserialize)]
struct Deployment {
    #[serde(default)]
    manifest: Manifest,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    pending_operations: Vec<Pending>,
}

#[derive(Default, Deserialize)]
struct Manifest {
    time: Option<String>,
}

#[derive(Deserialize)]
struct Pending {
    resource: Resource,
    #[serde(rename = "type")]
    operation: String,
}

#[derive(Deserialize)]
struct Resource {
    urn: String,
    r#type: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    protect: bool,
    #[serde(default)]
    delete: bool,
    #[serde(default)]
    inputs: BTreeMap<String, Value>,
    #[serde(default)]
    outputs: BTreeMap<String, Value>,
}

impl StackState {
    /// What an export says.
    pub(super) fn parse(text: &str) -> Result<Self, EngineError> {
        let export: Export = serde_json::from_str(text).map_err(|error| EngineError::Answer {
            what: "the state",
            reason: error.to_string(),
        })?;
        let Some(deployment) = export.deployment else {
            return Ok(Self::default());
        };
        // What waits to be deleted has been replaced already.
        let resources = deployment
            .resources
            .into_iter()
            .filter(|resource| !resource.delete);
        Ok(Self {
            written: deployment.manifest.time,
            resources: resources
                .map(|resource| StateResource {
                    name: name_of(&resource.urn).to_owned(),
                    token: resource.r#type,
                    id: resource.id,
                    protect: resource.protect,
                    outputs: resource.outputs,
                })
                .collect(),
            pending: deployment
                .pending_operations
                .into_iter()
                .map(|pending| PendingOperation {
                    operation: pending.operation,
                    name: name_of(&pending.resource.urn).to_owned(),
                    names: names(&pending.resource.inputs),
                    token: pending.resource.r#type,
                    urn: pending.resource.urn,
                })
                .collect(),
        })
    }

    /// The resource of this type and name.
    pub fn resource(&self, token: &str, name: &str) -> Option<&StateResource> {
        self.resources
            .iter()
            .find(|resource| resource.token == token && resource.name == name)
    }

    /// What is known of one, by its name in the provider's schema.
    pub fn output(&self, token: &str, name: &str, output: &str) -> Option<&Value> {
        self.resource(token, name)?.outputs.get(output)
    }

    /// What there is in AWS: neither components nor the stack.
    pub fn in_aws(&self) -> impl Iterator<Item = &StateResource> {
        self.resources
            .iter()
            .filter(|resource| resource.token.starts_with("aws:"))
    }

    /// The account that it is in, as the names of what is there say.
    pub fn account(&self) -> Option<&str> {
        self.in_aws().find_map(|resource| {
            let arn = resource.outputs.get("arn")?.as_str()?;
            arn.split(':').nth(4).filter(|account| !account.is_empty())
        })
    }

    /// The region that it is in, as its key says, which is kept when the rest is taken down.
    pub fn region(&self) -> Option<&str> {
        let arn = self.output("aws:kms/key:Key", "key", "arn")?.as_str()?;
        arn.split(':').nth(3).filter(|region| !region.is_empty())
    }

    /// Whether anything is there that costs or holds something.
    pub fn is_empty(&self) -> bool {
        self.in_aws().next().is_none()
    }
}

/// What `export` is with all protected that `is_kept`, by its type and name; nothing if that is so already.
pub(super) fn protecting(mut export: Value, is_kept: impl Fn(&str, &str) -> bool) -> Option<Value> {
    let resources = export
        .get_mut("deployment")?
        .get_mut("resources")?
        .as_array_mut()?;
    let mut is_changed = false;
    for resource in resources {
        let (Some(token), Some(urn)) = (resource["type"].as_str(), resource["urn"].as_str()) else {
            continue;
        };
        let is_there = resource["delete"] != true;
        if is_there && is_kept(token, name_of(urn)) && resource["protect"] != true {
            resource["protect"] = true.into();
            is_changed = true;
        }
    }
    is_changed.then_some(export)
}

fn names(inputs: &BTreeMap<String, Value>) -> Vec<String> {
    let own = [inputs.get("name"), inputs.get("bucket")];
    let tag = inputs.get("tags").and_then(|tags| tags.get("Name"));
    let names = own.into_iter().chain([tag]).flatten();
    names
        .filter_map(|name| name.as_str())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_protected_again() {
        let export = |protect: bool| {
            serde_json::json!({ "deployment": { "resources": [
                { "urn": "urn:pulumi:p::aurora::aws:ebs/volume:Volume::data", "type": "aws:ebs/volume:Volume", "protect": protect },
                { "urn": "urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::data", "type": "aws:ec2/vpc:Vpc" },
            ] } })
        };
        let is_kept = |token: &str, name: &str| (token, name) == ("aws:ebs/volume:Volume", "data");
        assert_eq!(protecting(export(false), is_kept), Some(export(true)));
        assert_eq!(protecting(export(true), is_kept), None);
    }

    #[test]
    fn an_export_is_read() {
        let text = r#"{"version":3,"deployment":{"manifest":{},"resources":[
            {"urn":"urn:pulumi:p::aurora::pulumi:pulumi:Stack::aurora-p","custom":false,"type":"pulumi:pulumi:Stack"},
            {"urn":"urn:pulumi:p::aurora::aurora:aws:ClickHouse$aws:ebs/volume:Volume::data","custom":true,"id":"vol-1",
             "type":"aws:ebs/volume:Volume","protect":true,"outputs":{"size":50,"arn":"arn:aws:ec2:eu-central-1:123456789012:volume/vol-1"}},
            {"urn":"urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::old","type":"aws:ec2/vpc:Vpc","id":"vpc-0","delete":true}],
            "pending_operations":[{"resource":{"urn":"urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::network","custom":true,
             "type":"aws:ec2/vpc:Vpc","inputs":{"tags":{"Name":"aurora-p"}}},"type":"creating"}]}}"#;
        let state = StackState::parse(text).unwrap();
        let volume = state.resource("aws:ebs/volume:Volume", "data").unwrap();
        assert_eq!((volume.id.as_str(), volume.protect), ("vol-1", true));
        assert_eq!(state.in_aws().count(), 1);
        assert_eq!(state.account(), Some("123456789012"));
        let pending = PendingOperation {
            operation: "creating".to_owned(),
            token: "aws:ec2/vpc:Vpc".to_owned(),
            name: "network".to_owned(),
            urn: "urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::network".to_owned(),
            names: vec!["aurora-p".to_owned()],
        };
        assert_eq!(state.pending, [pending]);
        assert!(
            StackState::parse(r#"{"version":3,"deployment":null}"#)
                .unwrap()
                .is_empty()
        );
        assert!(StackState::parse("x").is_err());
    }
}
