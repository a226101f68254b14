//! A statement made ready to run: what is checked before ClickHouse is asked at all, and how values of
//! parameters are written.

use std::collections::BTreeMap;

use super::limits::MAX_SQL_BYTES;

/// Most parameters of a statement, and most bytes of a value.
const MAX_PARAMETERS: usize = 200;
const MAX_VALUE_BYTES: usize = 256 << 10;

/// The value of a parameter that is NULL.
pub const NULL: &str = "\\N";

/// A statement whose form is right. What it does is for the [guard](super::guard) to judge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Statement {
    /// The text, without blanks and semicolons at its end.
    pub sql: String,
    /// Values for its `{name:Type}` parameters, as ClickHouse reads them.
    pub params: Vec<(String, String)>,
}

impl Statement {
    /// Checks a statement and its parameters. `Err` says what is wrong.
    pub fn new(sql: &str, params: &BTreeMap<String, String>) -> Result<Self, String> {
        let sql = sql
            .trim_start()
            .trim_end_matches(|c: char| c == ';' || c.is_whitespace());
        if sql.is_empty() {
            return Err("the statement is empty".to_owned());
        }
        if sql.len() > MAX_SQL_BYTES {
            return Err(format!("the statement is longer than {MAX_SQL_BYTES} bytes"));
        }
        if sql.contains('\0') {
            return Err("the statement contains a NUL".to_owned());
        }
        if params.len() > MAX_PARAMETERS {
            return Err(format!("there are more than {MAX_PARAMETERS} parameters"));
        }
        let params = params
            .iter()
            .map(|(name, value)| Ok((check_name(name)?, encode(sql, name, value)?)))
            .collect::<Result<_, String>>()?;
        Ok(Self {
            sql: sql.to_owned(),
            params,
        })
    }
}

fn check_name(name: &str) -> Result<String, String> {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if !starts || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') || name.len() > 100 {
        let start: String = name.chars().take(40).collect();
        return Err(format!(
            "{start:?} is no name of a parameter; it takes letters, digits and underscores"
        ));
    }
    Ok(name.to_owned())
}

/// Writes a value in the form that ClickHouse reads for the parameter's type: plain types with escapes like
/// in TSV, composed ones as literals, in which backslashes already mean what they mean.
fn encode(sql: &str, name: &str, value: &str) -> Result<String, String> {
    if value.len() > MAX_VALUE_BYTES {
        return Err(format!(
            "the value of the parameter {name} is longer than {MAX_VALUE_BYTES} bytes"
        ));
    }
    if value == NULL || is_composed(sql, name) {
        return Ok(value.to_owned());
    }
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\0' => escaped.push_str("\\0"),
            other => escaped.push(other),
        }
    }
    Ok(escaped)
}

/// Whether the statement declares the parameter as an array, map or tuple.
fn is_composed(sql: &str, name: &str) -> bool {
    sql.split('{').skip(1).any(|rest| {
        let Some((declared, rest)) = rest.split_once(':') else {
            return false;
        };
        let column_type = rest.trim_start();
        declared.trim() == name
            && ["Array", "Map", "Tuple", "Nested"]
                .iter()
                .any(|composed| column_type.starts_with(composed))
    })
}

/// A JSON value as the text of a parameter. Texts stay as they are; arrays and objects become ClickHouse's
/// literals of arrays and maps.
pub fn parameter(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::String(text) => text.clone(),
        Value::Null => NULL.to_owned(),
        other => literal(other),
    }
}

fn literal(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => crate::store::sql::literal(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(literal).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", crate::store::sql::literal(key), literal(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_end_of_a_statement_is_trimmed_and_nothing_else() {
        let statement = Statement::new(" SELECT ';' ;; \n", &BTreeMap::new()).unwrap();
        assert_eq!(statement.sql, "SELECT ';'");
        for wrong in ["", " ; ;", "SELECT '\0'"] {
            assert!(Statement::new(wrong, &BTreeMap::new()).is_err(), "{wrong:?}");
        }
        assert!(Statement::new(&" 1".repeat(MAX_SQL_BYTES), &BTreeMap::new()).is_err());
    }

    #[test]
    fn values_of_plain_types_are_escaped_and_literals_are_not() {
        let of = |sql: &str, value: &str| {
            Statement::new(sql, &params("x", value)).unwrap().params[0]
                .1
                .clone()
        };
        assert_eq!(of("SELECT {x:String}", "a\tb\\N\n"), "a\\tb\\\\N\\n");
        assert_eq!(of("SELECT {x:Nullable(String)}", NULL), NULL);
        assert_eq!(of("SELECT { x : Array(String)}", "['a\\'b']"), "['a\\'b']");
        assert_eq!(of("SELECT {y:Array(String)}, {x:String}", "\\"), "\\\\");
    }

    #[test]
    fn a_parameter_can_name_no_setting() {
        for name in ["", "1", "x&readonly=0", "a b", "x\"; filename=\"y", "é"] {
            assert!(Statement::new("SELECT 1", &params(name, "")).is_err(), "{name:?}");
        }
    }

    #[test]
    fn json_becomes_text_or_literals() {
        let text = |json: &str| parameter(&serde_json::from_str(json).unwrap());
        assert_eq!(text("18446744073709551615"), "18446744073709551615");
        assert_eq!(text("\"it's\""), "it's");
        assert_eq!(text("null"), NULL);
        assert_eq!(text("[\"it's\", null, [1, true]]"), "['it\\'s',NULL,[1,true]]");
        assert_eq!(text("{\"a\\\\\": 1.5}"), "{'a\\\\':1.5}");
    }
}
