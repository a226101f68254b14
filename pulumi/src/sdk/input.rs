//! Inputs of declarations: expressions over what other declarations will have brought.
//!
//! Unknowns and secrets spread: a text with an unknown part is unknown, one with a secret part is secret. So a password
//! stays a secret in whatever document it is put, and a preview shows what it can.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::program::Reference;
use super::value::Value;

/// A function over values that are known, with secrets revealed; what comes of them is secret again. The error says
/// what is wrong.
type Function = Arc<dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync>;

/// An expression.
#[derive(Clone)]
pub enum Input {
    /// A value that is known when the program is written.
    Value(Value),
    /// What another declaration brings.
    Reference(Reference),
    /// Expressions in order.
    List(Vec<Input>),
    /// Expressions with names.
    Map(BTreeMap<String, Input>),
    /// Texts and numbers, one after the other.
    Text(Vec<Input>),
    /// A document as JSON text, such as a policy.
    Json(Box<Input>),
    /// The same as a secret.
    Secret(Box<Input>),
    /// What a function makes of expressions.
    Computed(Vec<Input>, Function),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Reference(reference) => reference.fmt(f),
            Self::List(inputs) => inputs.fmt(f),
            Self::Map(inputs) => inputs.fmt(f),
            Self::Text(parts) => f.debug_tuple("Text").field(parts).finish(),
            Self::Json(document) => f.debug_tuple("Json").field(document).finish(),
            Self::Secret(_) => f.write_str("Secret(…)"),
            Self::Computed(inputs, _) => f.debug_tuple("Computed").field(inputs).finish(),
        }
    }
}

impl Input {
    /// Nothing: the property is not set.
    pub const NOTHING: Self = Self::Value(Value::Null);

    /// What `function` makes of `inputs`, called once all are known.
    pub fn computed<F>(inputs: impl IntoIterator<Item = Input>, function: F) -> Self
    where
        F: Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static,
    {
        Self::Computed(inputs.into_iter().collect(), Arc::new(function))
    }

    /// Texts and numbers, one after the other.
    pub fn text(parts: impl IntoIterator<Item = Input>) -> Self {
        Self::Text(parts.into_iter().collect())
    }

    /// A document as JSON text.
    #[must_use]
    pub fn json(document: impl Into<Input>) -> Self {
        Self::Json(Box::new(document.into()))
    }

    /// The same as a secret.
    #[must_use]
    pub fn secret(input: impl Into<Input>) -> Self {
        Self::Secret(Box::new(input.into()))
    }

    /// Whether the property is set at all.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }

    /// Calls `visit` with each reference in it.
    pub fn references<'a>(&'a self, visit: &mut impl FnMut(&'a Reference)) {
        match self {
            Self::Value(_) => {}
            Self::Reference(reference) => visit(reference),
            Self::List(inputs) | Self::Text(inputs) | Self::Computed(inputs, _) => {
                for input in inputs {
                    input.references(visit);
                }
            }
            Self::Map(inputs) => {
                for input in inputs.values() {
                    input.references(visit);
                }
            }
            Self::Json(input) | Self::Secret(input) => input.references(visit),
        }
    }

    /// Its value, where `bring` says what a reference stands for. The error says what is wrong.
    pub fn resolve(&self, bring: &impl Fn(&Reference) -> Value) -> Result<Value, String> {
        let all = |inputs: &[Input]| -> Result<Vec<Value>, String> {
            inputs.iter().map(|input| input.resolve(bring)).collect()
        };
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Reference(reference) => Ok(bring(reference)),
            Self::List(inputs) => Ok(Value::List(all(inputs)?)),
            Self::Map(inputs) => {
                let fields = inputs
                    .iter()
                    .map(|(key, input)| Ok((key.clone(), input.resolve(bring)?)));
                Ok(Value::Map(fields.collect::<Result<_, String>>()?))
            }
            Self::Text(parts) => spread(all(parts)?, concatenate),
            Self::Json(document) => spread(vec![document.resolve(bring)?], encode),
            Self::Secret(input) => Ok(input.resolve(bring)?.into_secret()),
            Self::Computed(inputs, function) => spread(all(inputs)?, &**function),
        }
    }
}

/// Applies `function` to what is behind secrets; its result is as unknown and as secret as what it was made of.
fn spread<F>(values: Vec<Value>, function: F) -> Result<Value, String>
where
    F: Fn(&[Value]) -> Result<Value, String>,
{
    let is_secret = values.iter().any(Value::has_secret);
    let result = if values.iter().any(Value::has_unknown) {
        Value::Unknown
    } else {
        let revealed: Vec<Value> = values.into_iter().map(reveal).collect();
        function(&revealed)?
    };
    Ok(if is_secret { result.into_secret() } else { result })
}

fn reveal(value: Value) -> Value {
    match value {
        Value::Secret(value) => reveal(*value),
        Value::List(values) => Value::List(values.into_iter().map(reveal).collect()),
        Value::Map(values) => Value::Map(
            values
                .into_iter()
                .map(|(key, value)| (key, reveal(value)))
                .collect(),
        ),
        other => other,
    }
}

fn concatenate(parts: &[Value]) -> Result<Value, String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Value::Text(part) => text.push_str(part),
            Value::Number(number) => text.push_str(&number.to_string()),
            Value::Null => return Err("a text has a part that is not there".to_owned()),
            _ => return Err("a text has a part that is neither text nor number".to_owned()),
        }
    }
    Ok(Value::Text(text))
}

fn encode(document: &[Value]) -> Result<Value, String> {
    match document.first().and_then(Value::to_json) {
        Some(json) => Ok(Value::Text(json.to_string())),
        None => Err("a document holds what JSON has no words for".to_owned()),
    }
}

impl From<Value> for Input {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self::Value(text.into())
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        Self::Value(text.into())
    }
}

impl From<&String> for Input {
    fn from(text: &String) -> Self {
        Self::Value(text.as_str().into())
    }
}

impl From<bool> for Input {
    fn from(value: bool) -> Self {
        Self::Value(value.into())
    }
}

impl From<i32> for Input {
    fn from(value: i32) -> Self {
        Self::Value(Value::Number(f64::from(value)))
    }
}

impl From<u32> for Input {
    fn from(value: u32) -> Self {
        Self::Value(Value::Number(f64::from(value)))
    }
}

impl From<u16> for Input {
    fn from(value: u16) -> Self {
        u32::from(value).into()
    }
}

impl From<f64> for Input {
    fn from(value: f64) -> Self {
        Self::Value(Value::Number(value))
    }
}

impl From<Reference> for Input {
    fn from(reference: Reference) -> Self {
        Self::Reference(reference)
    }
}

impl<T: Into<Input>> From<Option<T>> for Input {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NOTHING, Into::into)
    }
}

impl<T: Into<Input>> From<Vec<T>> for Input {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl From<BTreeMap<String, Input>> for Input {
    fn from(values: BTreeMap<String, Input>) -> Self {
        Self::Map(values)
    }
}

/// Named inputs of a declaration: `inputs! { "cidrBlock" => cidr, "tags" => map! { … } }`.
macro_rules! inputs {
    { $($key:expr => $value:expr),* $(,)? } => {
        ::std::collections::BTreeMap::<String, $crate::sdk::Input>::from_iter([
            $((::std::string::String::from($key), $crate::sdk::Input::from($value))),*
        ])
    };
}

/// An input with names in it.
macro_rules! map {
    { $($key:expr => $value:expr),* $(,)? } => {
        $crate::sdk::Input::Map($crate::sdk::inputs! { $($key => $value),* })
    };
}

/// An input that is a list of what may be of several kinds.
macro_rules! list {
    [ $($value:expr),* $(,)? ] => {
        $crate::sdk::Input::List(::std::vec![$($crate::sdk::Input::from($value)),*])
    };
}

pub(crate) use {inputs, list, map};

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(input: &Input) -> Result<Value, String> {
        input.resolve(&|_| Value::Unknown)
    }

    #[test]
    fn secrets_and_unknowns_spread() {
        let secret = Input::secret("hunter2");
        let url = Input::text(["https://u:".into(), secret.clone(), "@h:".into(), 8443.into()]);
        let expected = Value::from("https://u:hunter2@h:8443").into_secret();
        assert_eq!(resolve(&url), Ok(expected));
        assert!(!format!("{url:?}").contains("hunter2"));

        let document =
            Input::json(map! { "password" => secret.clone(), "port" => 1, "none" => Input::NOTHING });
        let text = resolve(&document).unwrap();
        assert!(matches!(text, Value::Secret(_)));
        assert_eq!(
            text.as_text(),
            Some(r#"{"none":null,"password":"hunter2","port":1}"#)
        );

        let mut program = super::super::Program::new();
        let later = program
            .resource("t", "r", inputs! {}, super::super::Options::default())
            .id();
        let unknown = Input::text([later.clone().into(), secret.clone()]);
        assert_eq!(resolve(&unknown), Ok(Value::Unknown.into_secret()));
        let unknown = Input::json(map! { "id" => later.clone() });
        assert_eq!(resolve(&unknown), Ok(Value::Unknown));
        let never_called = Input::computed([later.into()], |_| Err("called".to_owned()));
        assert_eq!(resolve(&never_called), Ok(Value::Unknown));
        let computed = Input::computed([list![secret]], |values| match &values[0] {
            Value::List(texts) => Ok(texts[0].clone()),
            _ => Err("no list".to_owned()),
        });
        assert_eq!(resolve(&computed), Ok(Value::from("hunter2").into_secret()));
    }

    #[test]
    fn a_text_without_one_of_its_parts_is_a_mistake() {
        assert!(resolve(&Input::text(["a".into(), Input::NOTHING])).is_err());
        assert!(resolve(&Input::text([list!["a"]])).is_err());
    }
}
