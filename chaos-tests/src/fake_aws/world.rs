//! An account: what is in it, what has been done to it, and what goes wrong there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What is in an account.
#[derive(Debug, Default)]
pub struct World {
    region: String,
    things: BTreeMap<String, Thing>,
    /// Ids that there have been.
    gone: BTreeSet<String>,
    log: Vec<Done>,
    faults: Vec<(Fault, &'static str, String)>,
    /// What [`Fault::Waits`] has met.
    waiting: BTreeSet<String>,
    /// The machine that is about to be lost.
    ending: Option<String>,
    count: u32,
}

/// Something in an account.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) token: String,
    pub(super) name: String,
    pub(super) inputs: BTreeMap<String, Value>,
}

/// Something that was done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// `create`, `update` or `delete`.
    pub verb: &'static str,
    /// The resource's type.
    pub token: String,
    /// The resource's name.
    pub name: String,
    /// What AWS calls it.
    pub id: String,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is refused with this message.
    Fails(String),
    /// It is done, and no answer ever comes.
    StandsStill,
    /// It is begun once nothing goes wrong any more, and goes well.
    Waits,
}

/// Inputs that name a thing: no two of a kind can have the same.
const NAMES: [(&str, &str); 11] = [
    ("aws:autoscaling/group:Group", "name"),
    ("aws:cloudwatch/logGroup:LogGroup", "name"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "name"),
    ("aws:ec2/launchTemplate:LaunchTemplate", "name"),
    ("aws:iam/instanceProfile:InstanceProfile", "name"),
    ("aws:iam/role:Role", "name"),
    ("aws:kms/alias:Alias", "name"),
    ("aws:lb/loadBalancer:LoadBalancer", "name"),
    ("aws:lb/targetGroup:TargetGroup", "name"),
    ("aws:s3/bucket:Bucket", "bucket"),
    ("aws:secretsmanager/secret:Secret", "name"),
];

/// Inputs whose change needs a new thing.
const REPLACING: [(&str, &[&str]); 12] = [
    (
        "aws:ebs/volume:Volume",
        &["availabilityZone", "encrypted", "kmsKeyId"],
    ),
    (
        "aws:ec2/instance:Instance",
        &["ami", "subnetId", "userDataBase64"],
    ),
    ("aws:ec2/natGateway:NatGateway", &["allocationId", "subnetId"]),
    (
        "aws:ec2/securityGroup:SecurityGroup",
        &["vpcId", "name", "description"],
    ),
    (
        "aws:ec2/subnet:Subnet",
        &["vpcId", "cidrBlock", "availabilityZone"],
    ),
    (
        "aws:ec2/volumeAttachment:VolumeAttachment",
        &["deviceName", "instanceId", "volumeId"],
    ),
    ("aws:ec2/vpc:Vpc", &["cidrBlock"]),
    ("aws:lb/targetGroup:TargetGroup", &["vpcId", "port", "name"]),
    (
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
        &["targetId", "port"],
    ),
    ("aws:s3/bucket:Bucket", &["bucket"]),
    ("aws:s3/bucketObjectv2:BucketObjectv2", &["bucket", "key"]),
    (
        "aws:secretsmanager/secretVersion:SecretVersion",
        &["secretId", "secretString"],
    ),
];

/// Types whose things go with what they are about, so they keep nothing from being deleted.
const PARTS: [&str; 2] = [
    "aws:autoscaling/lifecycleHook:LifecycleHook",
    "aws:s3/bucketObjectv2:BucketObjectv2",
];

/// Types whose things may refer to what is gone.
const LOOSE: [&str; 1] = ["aws:cloudwatch/metricAlarm:MetricAlarm"];

impl World {
    /// From now on `verb` of the resource `name` goes wrong. `name` is its type's last part and its own: `Vpc network`.
    pub fn break_down(&mut self, verb: &'static str, name: &str, fault: Fault) {
        self.faults.push((fault, verb, name.to_owned()));
    }

    /// Nothing goes wrong any more.
    pub fn heal(&mut self) {
        self.faults.clear();
        self.waiting.clear();
    }

    /// Whether a resource of this name has met [`Fault::Waits`] since the last [`World::heal`].
    pub fn is_waiting(&self, name: &str) -> bool {
        self.waiting.contains(name)
    }

    /// What was done since the last time somebody asked.
    pub fn take_log(&mut self) -> Vec<Done> {
        std::mem::take(&mut self.log)
    }

    /// Deletes a thing as somebody does who has a console, by the name that [`World::names`] has.
    pub fn delete_by_hand(&mut self, name: &str) -> Result<(), String> {
        let id = self.id(name).ok_or_else(|| format!("there is no {name}"))?;
        self.delete(&id)
    }

    /// A machine is gone, with what was attached to it, as when somebody ends it by hand.
    pub fn lose(&mut self, name: &str) -> Result<(), String> {
        let id = self.id(name).ok_or_else(|| format!("there is no {name}"))?;
        let goes_with_it = |thing: &Thing| {
            thing.token.ends_with("Attachment") && thing.inputs.values().any(|value| mentions(value, &id))
        };
        self.things
            .retain(|other, thing| *other != id && !goes_with_it(thing));
        self.gone.insert(id);
        Ok(())
    }

    /// What is known by the name that [`World::names`] has gets this id instead of its own, as if AWS had given it that. Nothing
    /// may refer to it yet.
    pub fn rename(&mut self, name: &str, id: &str) -> Result<(), String> {
        let old = self.id(name).ok_or_else(|| format!("there is no {name}"))?;
        if let Some(thing) = self.things.remove(&old) {
            self.things.insert(id.to_owned(), thing);
        }
        Ok(())
    }

    /// The names of all that is there, as for [`World::break_down`], sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.things.values().map(Thing::name).collect();
        names.sort();
        names
    }

    /// What AWS calls a thing, by the name that [`World::names`] has.
    pub fn id(&self, name: &str) -> Option<String> {
        self.find(name).map(|(id, _)| id.clone())
    }

    /// The inputs of a thing, by the name that [`World::names`] has.
    pub fn inputs(&self, name: &str) -> Option<&BTreeMap<String, Value>> {
        self.find(name).map(|(_, thing)| &thing.inputs)
    }

    /// All that is there: type, name and inputs of each.
    pub fn everything(&self) -> impl Iterator<Item = (&str, &str, &BTreeMap<String, Value>)> {
        let things = self.things.values();
        things.map(|thing| (thing.token.as_str(), thing.name.as_str(), &thing.inputs))
    }

    /// A machine is being ended: EC2 says so once, and then it is lost.
    pub fn end(&mut self, name: &str) {
        self.ending = Some(name.to_owned());
    }

    /// The ids and states of machines that are there, as EC2 tells them.
    pub(super) fn take_machines(&mut self) -> Vec<(String, &'static str)> {
        let ending = self.ending.take();
        let machines = self
            .things
            .iter()
            .filter(|(_, thing)| thing.token == "aws:ec2/instance:Instance");
        let state = |thing: &Thing| match Some(thing.name()) == ending {
            true => "shutting-down",
            false => "running",
        };
        let machines = machines.map(|(id, thing)| (id.clone(), state(thing))).collect();
        if let Some(name) = ending {
            // It may be gone already.
            let _ = self.lose(&name);
        }
        machines
    }

    fn find(&self, name: &str) -> Option<(&String, &Thing)> {
        self.things.iter().find(|(_, thing)| thing.name() == name)
    }

    pub(super) fn set_region(&mut self, region: String) {
        self.region = region;
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// What goes wrong with this, if anything.
    pub(super) fn fault(&mut self, verb: &'static str, token: &str, name: &str) -> Option<Fault> {
        let wanted = short(token, name);
        let fault = self
            .faults
            .iter()
            .find(|(_, of, name)| *of == verb && *name == wanted);
        let fault = fault.map(|(fault, ..)| fault.clone())?;
        if fault == Fault::Waits {
            self.waiting.insert(wanted);
        }
        Some(fault)
    }

    pub(super) fn inputs_of(&self, id: &str) -> Option<BTreeMap<String, Value>> {
        self.things.get(id).map(|thing| thing.inputs.clone())
    }

    pub(super) fn create(
        &mut self,
        token: &str,
        name: &str,
        inputs: BTreeMap<String, Value>,
    ) -> Result<String, String> {
        self.check_references(&inputs)?;
        let named = NAMES
            .iter()
            .find(|(of, _)| *of == token)
            .and_then(|(_, key)| inputs.get(*key));
        let key = NAMES
            .iter()
            .find(|(of, _)| *of == token)
            .map_or("", |(_, key)| *key);
        let taken = self
            .things
            .values()
            .any(|thing| thing.token == token && thing.inputs.get(key) == named);
        if named.is_some() && taken {
            return Err(format!(
                "AlreadyExists: {} already exists",
                named.map(Value::to_string).unwrap_or_default()
            ));
        }
        self.count += 1;
        // Ids look like no other text, so that a reference to one can be told.
        let id = format!("{}-{:017x}", prefix(token), self.count);
        let thing = Thing {
            token: token.to_owned(),
            name: name.to_owned(),
            inputs,
        };
        self.note("create", &thing, &id);
        self.things.insert(id.clone(), thing);
        Ok(id)
    }

    pub(super) fn update(&mut self, id: &str, inputs: BTreeMap<String, Value>) -> Result<(), String> {
        self.check_references(&inputs)?;
        let thing = self
            .things
            .get_mut(id)
            .ok_or_else(|| format!("NotFound: {id} does not exist"))?;
        thing.inputs = inputs;
        let thing = thing.clone();
        self.note("update", &thing, id);
        Ok(())
    }

    pub(super) fn delete(&mut self, id: &str) -> Result<(), String> {
        let holds =
            |thing: &Thing| !PARTS.contains(&thing.token.as_str()) && !LOOSE.contains(&thing.token.as_str());
        let user = self.things.iter().find(|(other, thing)| {
            other.as_str() != id && holds(thing) && thing.inputs.values().any(|value| mentions(value, id))
        });
        if let Some((_, user)) = user {
            return Err(format!(
                "DependencyViolation: {id} has a dependent object, {}",
                user.name()
            ));
        }
        let thing = self
            .things
            .remove(id)
            .ok_or_else(|| format!("NotFound: {id} does not exist"))?;
        // Its parts go with it, which know it by its name.
        let name_key = NAMES
            .iter()
            .find(|(of, _)| *of == thing.token)
            .map(|(_, key)| *key);
        let name = name_key.and_then(|key| thing.inputs.get(key));
        let is_part = |part: &Thing| {
            let is_about = |value: &Value| mentions(value, id) || Some(value) == name;
            PARTS.contains(&part.token.as_str()) && part.inputs.values().any(is_about)
        };
        let parts = self.things.iter().filter(|(_, part)| is_part(part));
        let parts: Vec<String> = parts.map(|(id, _)| id.clone()).collect();
        for part in parts {
            self.things.remove(&part);
        }
        self.gone.insert(id.to_owned());
        self.note("delete", &thing, id);
        Ok(())
    }

    /// The inputs that differ, and those among them that need a new thing.
    pub(super) fn differences(
        token: &str,
        old: &BTreeMap<String, Value>,
        new: &BTreeMap<String, Value>,
    ) -> (Vec<String>, Vec<String>) {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let differ: Vec<String> = keys
            .into_iter()
            .filter(|key| old.get(*key) != new.get(*key))
            .cloned()
            .collect();
        let replacing = REPLACING
            .iter()
            .find(|(of, _)| *of == token)
            .map_or(&[][..], |(_, keys)| keys);
        let replaces = differ
            .iter()
            .filter(|key| replacing.contains(&key.as_str()))
            .cloned()
            .collect();
        (differ, replaces)
    }

    /// What was deleted cannot be referred to.
    fn check_references(&self, inputs: &BTreeMap<String, Value>) -> Result<(), String> {
        match self
            .gone
            .iter()
            .find(|id| inputs.values().any(|value| mentions(value, id)))
        {
            Some(id) => Err(format!("NotFound: {id} does not exist")),
            None => Ok(()),
        }
    }

    fn note(&mut self, verb: &'static str, thing: &Thing, id: &str) {
        self.log.push(Done {
            verb,
            token: thing.token.clone(),
            name: thing.name.clone(),
            id: id.to_owned(),
        });
    }
}

impl Thing {
    fn name(&self) -> String {
        short(&self.token, &self.name)
    }
}

impl Done {
    /// Its type's last part and its name: `Vpc network`.
    pub fn what(&self) -> String {
        short(&self.token, &self.name)
    }
}

fn short(token: &str, name: &str) -> String {
    format!("{} {name}", token.rsplit(':').next().unwrap_or(token))
}

fn prefix(token: &str) -> String {
    match token {
        // Machines look closely at this one.
        "aws:ebs/volume:Volume" => "vol".to_owned(),
        _ => token.rsplit(':').next().unwrap_or(token).to_lowercase(),
    }
}

/// Whether `id` is part of a text in `value`.
fn mentions(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text.contains(id),
        Value::Array(values) => values.iter().any(|value| mentions(value, id)),
        Value::Object(fields) => fields.values().any(|value| mentions(value, id)),
        _ => false,
    }
}
