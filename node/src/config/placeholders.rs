//! What a text says of the machine that it is read on: `{instance_id}` and the like, as the metadata service tells.
//!
//! One file can so be the configuration of all machines of a group.

/// All there are.
pub const NAMES: [&str; 5] = ["instance_id", "private_ip", "region", "zone", "instance_type"];

/// Whether a text has any.
pub fn are_in(text: &str) -> bool {
    NAMES.iter().any(|name| text.contains(&placeholder(name)))
}

/// The text with values in their places. Other braces stay as they are.
pub fn fill(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    // In one pass: no value is taken for a placeholder.
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        filled.push_str(before);
        let known = NAMES.iter().find(|name| from.starts_with(&placeholder(name)));
        match known {
            Some(name) => {
                filled.push_str(&value(name));
                rest = &from[name.len() + 2..];
            }
            None => {
                filled.push('{');
                rest = &from[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn placeholder(name: &str) -> String {
    format!("{{{name}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_are_filled() {
        let filled = |text: &str| fill(text, |name| format!("<{name}{{zone}}>"));
        for (text, expected) in [
            ("{instance_id}", "<instance_id{zone}>"),
            (
                "{private_ip}:7946 {region}",
                "<private_ip{zone}>:7946 <region{zone}>",
            ),
            ("{{zone}}", "{<zone{zone}>}"),
            ("{other} { zone } {zone", "{other} { zone } {zone"),
            ("a = { b = 1 }", "a = { b = 1 }"),
            ("ü{zone}ü", "ü<zone{zone}>ü"),
            ("", ""),
        ] {
            assert_eq!(filled(text), expected, "{text}");
            assert_eq!(are_in(text), text != expected, "{text}");
        }
    }
}
