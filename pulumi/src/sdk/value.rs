//! Values as they go to the engine and come back: JSON's, and besides secrets, unknowns and files.
//!
//! On the wire they are `google.protobuf.Struct`s. What JSON has no words for is an object with a signature in it, or
//! a text that stands for "not known yet" (Pulumi: `sdk/proto/pulumi`, and `pkg/resource/plugin/rpc.go`).

use std::collections::BTreeMap;

use prost_types::value::Kind;
use prost_types::{ListValue, Struct};

/// What marks an object as something else, and with which value as what.
const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
const SECRET: &str = "1b47061264138c4ac30d75fd1eb44270";
const ASSET: &str = "c44067f5952c0a294b673a41bacd8c17";
const OUTPUT: &str = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE: &str = "5cf8f73096256a8f31e491e813e4eb8e";
/// A value that a preview cannot know.
pub(super) const UNKNOWN: &str = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/// How deep values may be nested: an answer that goes deeper is refused.
const MAX_DEPTH: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: a property that is not set.
    Null,
    /// True or false.
    Bool(bool),
    /// A number; the protocol knows only these.
    Number(f64),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Values with names.
    Map(BTreeMap<String, Value>),
    /// A value that must not be shown, and that the state keeps encrypted.
    Secret(Box<Value>),
    /// Not known before the update.
    Unknown,
    /// The content of a file, read by the engine when it is needed.
    File {
        /// Where it is, on the machine that deploys.
        path: String,
        /// The SHA-256 of its content, in hexadecimal.
        sha256: String,
    },
}

/// Why something that came over the wire is no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A signature that this SDK does not know.
    #[error("a value has the signature {0:?}, which is not known here")]
    Signature(String),
    /// A secret, asset or output without its content.
    #[error("a value says that it is {0}, and its content is missing")]
    Incomplete(&'static str),
    /// Nested too deep.
    #[error("a value is nested deeper than {MAX_DEPTH}")]
    TooDeep,
}

impl Value {
    /// Whether anything in it is not known yet.
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::List(values) => values.iter().any(Self::has_unknown),
            Self::Map(values) => values.values().any(Self::has_unknown),
            Self::Secret(value) => value.has_unknown(),
            _ => false,
        }
    }

    /// Whether anything in it is secret.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::List(values) => values.iter().any(Self::has_secret),
            Self::Map(values) => values.values().any(Self::has_secret),
            _ => false,
        }
    }

    /// The same, marked as secret, once.
    #[must_use]
    pub fn into_secret(self) -> Self {
        match self {
            Self::Secret(_) => self,
            other => Self::Secret(Box::new(other)),
        }
    }

    /// What is behind the mark of a secret, if it is one.
    pub fn revealed(&self) -> &Self {
        match self {
            Self::Secret(value) => value.revealed(),
            other => other,
        }
    }

    /// Its text, secret or not.
    pub fn as_text(&self) -> Option<&str> {
        match self.revealed() {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As JSON, with secrets revealed; nothing if it holds what JSON has no words for.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(value) => json_number(*value)?,
            Self::Text(text) => text.as_str().into(),
            Self::List(values) => values
                .iter()
                .map(Self::to_json)
                .collect::<Option<Vec<_>>>()?
                .into(),
            Self::Map(values) => {
                let fields = values
                    .iter()
                    .map(|(key, value)| Some((key.clone(), value.to_json()?)));
                serde_json::Value::Object(fields.collect::<Option<_>>()?)
            }
            Self::Secret(value) => value.to_json()?,
            Self::Unknown | Self::File { .. } => return None,
        })
    }

    /// As it goes over the wire.
    pub(crate) fn to_wire(&self) -> prost_types::Value {
        let kind = match self {
            Self::Null => Kind::NullValue(0),
            Self::Bool(value) => Kind::BoolValue(*value),
            Self::Number(value) => Kind::NumberValue(*value),
            Self::Text(text) => Kind::StringValue(text.clone()),
            Self::Unknown => Kind::StringValue(UNKNOWN.to_owned()),
            Self::List(values) => Kind::ListValue(ListValue {
                values: values.iter().map(Self::to_wire).collect(),
            }),
            Self::Map(values) => Kind::StructValue(to_struct(values)),
            Self::Secret(value) => Kind::StructValue(signed(SECRET, [("value", value.to_wire())])),
            Self::File { path, sha256 } => {
                Kind::StructValue(signed(ASSET, [("path", text(path)), ("hash", text(sha256))]))
            }
        };
        prost_types::Value { kind: Some(kind) }
    }

    /// What came over the wire.
    #[cfg(test)]
    pub(crate) fn from_wire(value: &prost_types::Value) -> Result<Self, WireError> {
        Self::from_wire_at(value, 0)
    }

    fn from_wire_at(value: &prost_types::Value, depth: usize) -> Result<Self, WireError> {
        if depth > MAX_DEPTH {
            return Err(WireError::TooDeep);
        }
        Ok(match &value.kind {
            None | Some(Kind::NullValue(_)) => Self::Null,
            Some(Kind::BoolValue(value)) => Self::Bool(*value),
            Some(Kind::NumberValue(value)) => Self::Number(*value),
            Some(Kind::StringValue(text)) if text == UNKNOWN => Self::Unknown,
            Some(Kind::StringValue(text)) => Self::Text(text.clone()),
            Some(Kind::ListValue(list)) => {
                let values = list.values.iter();
                Self::List(
                    values
                        .map(|value| Self::from_wire_at(value, depth + 1))
                        .collect::<Result<_, _>>()?,
                )
            }
            Some(Kind::StructValue(fields)) => match signature(fields) {
                None => Self::Map(from_struct_at(fields, depth + 1)?),
                Some(signature) => from_signed(signature, fields, depth + 1)?,
            },
        })
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Numbers that are whole stay whole in JSON: a policy or a port with `.0` is another text.
fn json_number(value: f64) -> Option<serde_json::Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole, and within what f64 holds exactly"
        )]
        return Some((value as i64).into());
    }
    serde_json::Number::from_f64(value).map(Into::into)
}

/// The fields of `values` that are set, as they go over the wire.
pub(super) fn to_struct(values: &BTreeMap<String, Value>) -> Struct {
    // A property that is null is one that is not set; providers tell the two apart, and want the latter.
    let set = values.iter().filter(|(_, value)| **value != Value::Null);
    Struct {
        fields: set.map(|(key, value)| (key.clone(), value.to_wire())).collect(),
    }
}

/// The fields of an object that came over the wire.
pub(super) fn from_struct(fields: &Struct) -> Result<BTreeMap<String, Value>, WireError> {
    from_struct_at(fields, 0)
}

fn from_struct_at(fields: &Struct, depth: usize) -> Result<BTreeMap<String, Value>, WireError> {
    let fields = fields.fields.iter();
    fields
        .map(|(key, value)| Ok((key.clone(), Value::from_wire_at(value, depth)?)))
        .collect()
}

fn text(text: &str) -> prost_types::Value {
    prost_types::Value {
        kind: Some(Kind::StringValue(text.to_owned())),
    }
}

fn signed<const N: usize>(signature: &str, fields: [(&str, prost_types::Value); N]) -> Struct {
    let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value));
    Struct {
        fields: fields.chain([(SIGNATURE.to_owned(), text(signature))]).collect(),
    }
}

fn signature(fields: &Struct) -> Option<&str> {
    match &fields.fields.get(SIGNATURE)?.kind {
        Some(Kind::StringValue(signature)) => Some(signature),
        _ => None,
    }
}

fn from_signed(signature: &str, fields: &Struct, depth: usize) -> Result<Value, WireError> {
    let field = |name| fields.fields.get(name);
    let text_of = |name| match field(name).map(|value| &value.kind) {
        Some(Some(Kind::StringValue(text))) => Some(text.clone()),
        _ => None,
    };
    match signature {
        SECRET => {
            let value = field("value").ok_or(WireError::Incomplete("a secret"))?;
            Ok(Value::from_wire_at(value, depth)?.into_secret())
        }
        // An output that is known has its value in it; one without is not known yet.
        OUTPUT => {
            let value = match field("value") {
                Some(value) => Value::from_wire_at(value, depth)?,
                None => Value::Unknown,
            };
            let is_secret = matches!(
                field("secret").map(|value| &value.kind),
                Some(Some(Kind::BoolValue(true)))
            );
            Ok(if is_secret { value.into_secret() } else { value })
        }
        ASSET => Ok(Value::File {
            path: text_of("path").or_else(|| text_of("uri")).unwrap_or_default(),
            sha256: text_of("hash").unwrap_or_default(),
        }),
        RESOURCE => text_of("urn")
            .map(Value::Text)
            .ok_or(WireError::Incomplete("a resource")),
        other => Err(WireError::Signature(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (-1e9..1e9).prop_map(Value::Number),
            "[a-z\"\\\\{}$]{0,12}".prop_map(Value::Text),
            Just(Value::Unknown),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                // Fields that are null are not sent, so they do not come back.
                prop::collection::btree_map("[a-z]{1,6}", inner.clone(), 0..5).prop_map(|fields| Value::Map(
                    fields.into_iter().filter(|(_, v)| *v != Value::Null).collect()
                )),
                inner.prop_map(Value::into_secret),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_goes_over_the_wire_comes_back(value in values()) {
            prop_assert_eq!(Value::from_wire(&value.to_wire()), Ok(value));
        }

        #[test]
        fn json_reveals_or_says_nothing(value in values()) {
            prop_assert_eq!(value.to_json().is_none(), value.has_unknown());
        }
    }

    #[test]
    fn whole_numbers_stay_whole_in_json() {
        assert_eq!(Value::Number(8123.0).to_json().unwrap().to_string(), "8123");
        assert_eq!(Value::Number(0.5).to_json().unwrap().to_string(), "0.5");
        assert_eq!(Value::Number(f64::NAN).to_json(), None);
    }

    #[test]
    fn what_is_not_known_here_is_refused() {
        let strange = prost_types::Value {
            kind: Some(Kind::StructValue(signed("ffff", []))),
        };
        assert_eq!(
            Value::from_wire(&strange),
            Err(WireError::Signature("ffff".to_owned()))
        );
        let empty = prost_types::Value {
            kind: Some(Kind::StructValue(signed(SECRET, []))),
        };
        assert_eq!(Value::from_wire(&empty), Err(WireError::Incomplete("a secret")));
        let deep = (0..100).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert_eq!(Value::from_wire(&deep.to_wire()), Err(WireError::TooDeep));
    }
}
