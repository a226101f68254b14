//! What Pulumi knows about a deployment: `pulumi stack export`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::EngineError;
use super::events::name_of;

/// The state of a deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StackState {
    /// What it is made of.
    pub resources: Vec<StateResource>,
    /// What was begun, and not known to have ended.
    pub pending: Vec<PendingOperation>,
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
    pub outputs: BTreeMap<String, serde_json::Value>,
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
}

#[derive(Deserialize)]
struct Export {
    deployment: Option<Deployment>,
}

#[derive(Deserialize)]
struct Deployment {
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    pending_operations: Vec<Pending>,
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
    outputs: BTreeMap<String, serde_json::Value>,
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
                    token: pending.resource.r#type,
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

    /// What there is in AWS: neither components nor the stack.
    pub fn in_aws(&self) -> impl Iterator<Item = &StateResource> {
        self.resources
            .iter()
            .filter(|resource| resource.token.starts_with("aws:"))
    }

    /// Whether anything is there that costs or holds something.
    pub fn is_empty(&self) -> bool {
        self.in_aws().next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_read() {
        let text = r#"{"version":3,"deployment":{"manifest":{},"resources":[
            {"urn":"urn:pulumi:p::aurora::pulumi:pulumi:Stack::aurora-p","custom":false,"type":"pulumi:pulumi:Stack"},
            {"urn":"urn:pulumi:p::aurora::aurora:aws:ClickHouse$aws:ebs/volume:Volume::data","custom":true,"id":"vol-1",
             "type":"aws:ebs/volume:Volume","protect":true,"outputs":{"size":50}},
            {"urn":"urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::old","type":"aws:ec2/vpc:Vpc","id":"vpc-0","delete":true}],
            "pending_operations":[{"resource":{"urn":"urn:pulumi:p::aurora::aws:ec2/vpc:Vpc::network","custom":true,
             "type":"aws:ec2/vpc:Vpc"},"type":"creating"}]}}"#;
        let state = StackState::parse(text).unwrap();
        let volume = state.resource("aws:ebs/volume:Volume", "data").unwrap();
        assert_eq!((volume.id.as_str(), volume.protect), ("vol-1", true));
        assert_eq!(state.in_aws().count(), 1);
        let pending = PendingOperation {
            operation: "creating".to_owned(),
            token: "aws:ec2/vpc:Vpc".to_owned(),
            name: "network".to_owned(),
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
