//! What the aws provider takes: its schema, and a check of declarations against it.
//!
//! The provider itself would find a misspelt property only in AWS, halfway through a deployment. `schema/make.py` says where
//! the schema comes from and what it does not know.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::sdk::{Declaration, Input, Kind, Program, Reference, Value};

/// The provider's version that the schema is of, and that deployments use.
pub const AWS_VERSION: &str = "7.51.1";

/// How the schema calls what may be a file.
const ASSET: &str = "pulumi.json#/Asset";
/// The provider's only input that is an object and used here.
const DEFAULT_TAGS: &str = "defaultTags";

static AWS: LazyLock<Schema> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../schema/aws-7.51.1.json"))
        .expect("the file is part of this crate, and tested")
});

/// A provider's schema, as far as it is needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema {
    resources: BTreeMap<String, ResourceSchema>,
    functions: BTreeMap<String, FunctionSchema>,
    types: BTreeMap<String, ObjectSchema>,
    provider: ProviderSchema,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSchema {
    properties: BTreeMap<String, TypeSchema>,
    input_properties: BTreeMap<String, TypeSchema>,
    required_inputs: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProviderSchema {
    input_properties: BTreeMap<String, TypeSchema>,
}

#[derive(Debug, Deserialize)]
struct FunctionSchema {
    inputs: ObjectSchema,
    outputs: ObjectSchema,
}

#[derive(Debug, Deserialize)]
struct ObjectSchema {
    #[serde(default)]
    properties: BTreeMap<String, TypeSchema>,
    #[serde(default)]
    required: Vec<String>,
}

/// What a property may be.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeSchema {
    r#type: Option<String>,
    #[serde(rename = "$ref")]
    reference: Option<String>,
    items: Option<Box<TypeSchema>>,
    additional_properties: Option<Box<TypeSchema>>,
}

/// The schema of the aws provider.
pub fn aws() -> &'static Schema {
    &AWS
}

impl Schema {
    /// What is wrong with `program`, declaration by declaration; nothing if the provider would take it.
    pub fn mistakes(&self, program: &Program) -> Vec<String> {
        let mut mistakes = Vec::new();
        for declaration in program.declarations() {
            let mut say =
                |what: String| mistakes.push(format!("{} {}: {what}", declaration.token, declaration.name));
            self.check_inputs(declaration, &mut say);
            declaration.references(&mut |key, reference| {
                if let Some(mistake) = self.missing_output(program, reference) {
                    say(format!("{key} refers to {mistake}"));
                }
            });
        }
        for (name, input) in program.exports() {
            input.references(&mut |reference| {
                if let Some(mistake) = self.missing_output(program, reference) {
                    mistakes.push(format!("the export {name} refers to {mistake}"));
                }
            });
        }
        mistakes
    }

    /// Outputs of a resource of this type that are texts or whole numbers, each with a value as a stand-in of the provider
    /// makes it up: `NAME.OUTPUT`, or 1.
    pub fn made_up_outputs(&self, token: &str, name: &str) -> Vec<(String, Value)> {
        let properties = self
            .resources
            .get(token)
            .map(|resource| resource.properties.iter());
        let made_up = properties.into_iter().flatten().filter_map(|(output, schema)| {
            let value = match schema.r#type.as_deref() {
                Some("string") => Value::Text(format!("{name}.{output}")),
                Some("integer") => Value::Number(1.0),
                _ => return None,
            };
            Some((output.clone(), value))
        });
        made_up.collect()
    }

    /// Whether AWS says this of a resource of the type `token`.
    pub fn has_output(&self, token: &str, output: &str) -> bool {
        self.resources
            .get(token)
            .is_some_and(|resource| resource.properties.contains_key(output))
    }

    fn check_inputs(&self, declaration: &Declaration, say: &mut impl FnMut(String)) {
        let none = Vec::new();
        let (properties, required) = match declaration.kind {
            Kind::Component => return,
            Kind::Resource if declaration.token == "pulumi:providers:aws" => {
                (&self.provider.input_properties, &none)
            }
            Kind::Resource => match self.resources.get(&declaration.token) {
                Some(resource) => (&resource.input_properties, &resource.required_inputs),
                None => return say("no such resource".to_owned()),
            },
            Kind::Function => match self.functions.get(&declaration.token) {
                Some(function) => (&function.inputs.properties, &function.inputs.required),
                None => return say("no such function".to_owned()),
            },
        };
        self.check_object(&declaration.inputs, properties, required, "", say);
    }

    fn check_object(
        &self,
        inputs: &BTreeMap<String, Input>,
        properties: &BTreeMap<String, TypeSchema>,
        required: &[String],
        path: &str,
        say: &mut impl FnMut(String),
    ) {
        for name in required {
            if inputs.get(name).is_none_or(Input::is_nothing) {
                say(format!("{path}{name} is required"));
            }
        }
        for (name, input) in inputs.iter().filter(|(_, input)| !input.is_nothing()) {
            match properties.get(name) {
                Some(schema) => self.check_input(input, schema, &format!("{path}{name}"), say),
                None => say(format!("{path}{name} is no property")),
            }
        }
    }

    fn check_input(&self, input: &Input, schema: &TypeSchema, path: &str, say: &mut impl FnMut(String)) {
        // An enumeration has a type beside its reference, which is what it is on the wire.
        let object = schema.reference.as_deref().filter(|_| schema.r#type.is_none());
        if object == Some(ASSET) {
            return match input {
                Input::Value(Value::File { .. }) => {}
                _ => say(format!("{path} must be a file")),
            };
        }
        if let Some(reference) = object {
            let name = reference.trim_start_matches("#/types/");
            return match (self.types.get(name), input) {
                (Some(object), Input::Map(fields)) => {
                    self.check_object(
                        fields,
                        &object.properties,
                        &object.required,
                        &format!("{path}."),
                        say,
                    );
                }
                (Some(_), Input::Reference(_) | Input::Computed(..)) => {}
                // Providers take what is no text as JSON.
                (Some(_), Input::Json(input)) if path == DEFAULT_TAGS => {
                    self.check_input(input, schema, path, say);
                }
                (Some(_), _) => say(format!("{path} must be an object")),
                (None, _) => say(format!("{path} is of the unknown type {name}")),
            };
        }
        match (schema.r#type.as_deref(), input) {
            (_, Input::Reference(_) | Input::Computed(..)) => {}
            (_, Input::Secret(input)) => self.check_input(input, schema, path, say),
            (Some("array"), Input::List(inputs)) => {
                if let Some(items) = &schema.items {
                    for (index, input) in inputs.iter().enumerate() {
                        self.check_input(input, items, &format!("{path}[{index}]"), say);
                    }
                }
            }
            (Some("object"), Input::Map(fields)) => {
                if let Some(values) = &schema.additional_properties {
                    for (key, input) in fields {
                        self.check_input(input, values, &format!("{path}.{key}"), say);
                    }
                }
            }
            (Some("string"), Input::Text(_) | Input::Json(_) | Input::Value(Value::Text(_)))
            | (Some("boolean"), Input::Value(Value::Bool(_)))
            | (Some("number"), Input::Value(Value::Number(_))) => {}
            (Some("integer"), Input::Value(Value::Number(number))) if number.fract() == 0.0 => {}
            (Some(expected), _) => say(format!("{path} must be {expected}")),
            (None, _) => say(format!("{path} is of no type that is known here")),
        }
    }

    fn missing_output(&self, program: &Program, reference: &Reference) -> Option<String> {
        let name = reference.output_name()?;
        let declaration = program.declarations().get(reference.declaration())?;
        let properties = match declaration.kind {
            Kind::Component => return Some(format!("an output of the component {}", declaration.name)),
            Kind::Resource => &self.resources.get(&declaration.token)?.properties,
            Kind::Function => &self.functions.get(&declaration.token)?.outputs.properties,
        };
        let is_there = properties.contains_key(name);
        (!is_there).then(|| format!("{name}, which {} has not", declaration.token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdk::{Options, inputs, list, map};

    fn mistakes(inputs: BTreeMap<String, Input>) -> Vec<String> {
        let mut program = Program::new();
        program.resource("aws:autoscaling/group:Group", "g", inputs, Options::default());
        let prefix = "aws:autoscaling/group:Group g: ";
        let mistakes = aws().mistakes(&program);
        mistakes
            .iter()
            .map(|mistake| mistake.trim_start_matches(prefix).to_owned())
            .collect()
    }

    #[test]
    fn what_the_provider_would_refuse_is_found() {
        let right = inputs! {
            "minSize" => 1, "maxSize" => 3, "healthCheckType" => "EC2", "enabledMetrics" => list!["GroupInServiceInstances"],
            "tags" => list![map! { "key" => "a", "value" => "b", "propagateAtLaunch" => true }],
            "launchTemplate" => map! { "id" => "lt-1", "version" => "3" }, "name" => Input::NOTHING,
        };
        assert_eq!(mistakes(right), Vec::<String>::new());
        let wrong = inputs! {
            "minSize" => 0.5, "maxSizes" => 3, "healthCheckType" => true,
            "tags" => list![map! { "key" => "a", "valve" => "b", "propagateAtLaunch" => true }],
            "launchTemplate" => "lt-1",
        };
        assert_eq!(
            mistakes(wrong),
            [
                "maxSize is required",
                "healthCheckType must be string",
                "launchTemplate must be an object",
                "maxSizes is no property",
                "minSize must be integer",
                "tags[0].value is required",
                "tags[0].valve is no property",
            ]
        );
    }

    #[test]
    fn references_to_what_is_not_there_are_found() {
        let mut program = Program::new();
        let vpc = program.resource("aws:ec2/vpc:Vpc", "v", inputs! {}, Options::default());
        let zones = program.function(
            "aws:index/getAvailabilityZones:getAvailabilityZones",
            "z",
            inputs! { "stat" => "x" },
        );
        program.export("right", vpc.output("arn"));
        program.export("wrong", vpc.output("arm"));
        program.export("zone", zones.output("nmaes").element(0));
        program.resource("aws:ec2/vcp:Vcp", "typo", inputs! {}, Options::default());
        assert_eq!(
            aws().mistakes(&program),
            [
                "aws:index/getAvailabilityZones:getAvailabilityZones z: stat is no property",
                "aws:ec2/vcp:Vcp typo: no such resource",
                "the export wrong refers to arm, which aws:ec2/vpc:Vpc has not",
                "the export zone refers to nmaes, which aws:index/getAvailabilityZones:getAvailabilityZones has not",
            ]
        );
    }
}
