//! Whether what a Grafana has says what it is to say.

use serde_json::Value;

/// Whether `found` says all that `wanted` says. What it says beyond that, such as defaults, does not matter.
pub fn says(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| says(found.get(name).unwrap_or(&Value::Null), value)),
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found
                    .iter()
                    .zip(wanted)
                    .all(|(found, wanted)| says(found, wanted))
        }
        // 1 and 1.0 are the same number to Grafana.
        (Value::Number(found), Value::Number(wanted)) => found.as_f64() == wanted.as_f64(),
        (found, wanted) => found == wanted,
    }
}

/// A dashboard, or a group of rules, without what changes with every time that it is saved.
pub(super) fn without_version(mut dashboard: Value) -> Value {
    if let Some(dashboard) = dashboard.as_object_mut() {
        dashboard.remove("version");
        dashboard.remove("id");
    }
    dashboard
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn more_may_be_said_but_nothing_else() {
        let wanted = json!({ "title": "t", "panels": [{ "id": 1, "min": null }], "n": 1 });
        assert!(says(
            &json!({ "title": "t", "panels": [{ "id": 1, "x": 2 }], "n": 1.0, "version": 3 }),
            &wanted
        ));
        for other in [
            json!({ "title": "u", "panels": [{ "id": 1 }], "n": 1 }),
            json!({ "title": "t", "panels": [], "n": 1 }),
            json!({ "title": "t", "panels": [{ "id": 1 }, { "id": 2 }], "n": 1 }),
            json!({ "title": "t", "panels": [{ "id": 1, "min": 0 }], "n": 1 }),
            json!({ "panels": [{ "id": 1 }], "n": 1 }),
            json!("t"),
        ] {
            assert!(!says(&other, &wanted), "{other}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::from(map.into_iter().collect::<serde_json::Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_says_the_same_both_ways_is_the_same(a in any_json(), b in any_json()) {
            prop_assert!(says(&a, &a));
            // A name that is left out and one that is null are the same here.
            let are_the_same = without_nulls(&a) == without_nulls(&b);
            prop_assert_eq!(says(&a, &b) && says(&b, &a), are_the_same);
        }
    }

    fn without_nulls(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let kept = map.iter().filter(|(_, value)| !value.is_null());
                let kept = kept.map(|(name, value)| (name.clone(), without_nulls(value)));
                Value::Object(kept.collect())
            }
            Value::Array(items) => items.iter().map(without_nulls).collect(),
            other => other.clone(),
        }
    }
}
