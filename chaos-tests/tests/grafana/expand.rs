//! What becomes of a statement on its way through Grafana and its ClickHouse plugin, as their documentation says.
//!
//! First Grafana puts values in the place of variables, its own among them, wherever it sees one: in quotes, too. Then the
//! plugin puts SQL in the place of its macros; the argument of one ends at the first closing bracket.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

/// What a dashboard shows.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// Seconds since 1970.
    pub(crate) from_s: i64,
    pub(crate) to_s: i64,
    /// The panel's step.
    pub(crate) interval_s: u32,
    /// What is chosen of the dashboard's variables.
    pub(crate) variables: BTreeMap<String, Vec<String>>,
}

const ALL: &str = "$__all";

/// The statement that ClickHouse gets.
pub(crate) fn expand(sql: &str, shown: &Shown) -> Result<String> {
    let sql = conditional_all(sql, shown)?;
    let sql = variables(&sql, shown)?;
    let sql = macros(&sql, shown)?;
    ensure!(!sql.contains("$__"), "something is left: {sql}");
    Ok(sql)
}

/// `$__conditionalAll(condition, $variable)` is the condition, or `1=1` when all is chosen.
fn conditional_all(sql: &str, shown: &Shown) -> Result<String> {
    const NAME: &str = "$__conditionalAll(";
    let mut sql = sql.to_owned();
    while let Some(start) = sql.rfind(NAME) {
        let inside = &sql[start + NAME.len()..];
        let (mut depth, mut comma, mut end) = (1, None, None);
        for (at, character) in inside.char_indices() {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth == 1 => comma = Some(at),
                _ => {}
            }
            if depth == 0 {
                end = Some(at);
                break;
            }
        }
        let (comma, end) = (comma.context("two arguments")?, end.context("a bracket")?);
        let condition = &inside[..comma];
        let variable = inside[comma + 1..end].trim().trim_matches(['$', '{', '}']);
        let chosen = shown
            .variables
            .get(variable)
            .with_context(|| format!("no variable {variable}"))?;
        let is_all = chosen.iter().any(|value| value == ALL);
        let put = if is_all { "1=1" } else { condition }.to_owned();
        sql.replace_range(start..=start + NAME.len() + end, &put);
    }
    Ok(sql)
}

/// `$name`, `${name}`, `${name:format}` and `[[name]]`, of variables that there are.
fn variables(sql: &str, shown: &Shown) -> Result<String> {
    let own = |value: String| vec![value];
    let mut known = shown.variables.clone();
    known.extend([
        ("__from".to_owned(), own((shown.from_s * 1_000).to_string())),
        ("__to".to_owned(), own((shown.to_s * 1_000).to_string())),
        ("__interval".to_owned(), own(format!("{}s", shown.interval_s))),
        (
            "__interval_ms".to_owned(),
            own((shown.interval_s * 1_000).to_string()),
        ),
        ("__dashboard".to_owned(), own("a dashboard's title".to_owned())),
        ("__org".to_owned(), own("1".to_owned())),
    ]);
    let mut expanded = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find(['$', '[']) {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        let word = |text: &str| {
            text.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        };
        let (name, format, length) = if let Some(inside) = rest.strip_prefix("${") {
            let end = inside.find('}').unwrap_or(0);
            let (name, format) = inside[..end].split_once(':').unwrap_or((&inside[..end], ""));
            (name.to_owned(), format.to_owned(), end + 3)
        } else if let Some(inside) = rest.strip_prefix("[[") {
            let name = word(inside);
            let length = name.len() + 4;
            (name, String::new(), length)
        } else {
            let name = word(&rest[1..]);
            let length = name.len() + 1;
            (name, String::new(), length)
        };
        match known.get(&name) {
            Some(values) => {
                expanded.push_str(&formatted(values, &format)?);
                rest = &rest[length..];
            }
            None => {
                expanded.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn formatted(values: &[String], format: &str) -> Result<String> {
    Ok(match format {
        "" => values.join(","),
        "singlequote" => {
            let quoted = values
                .iter()
                .map(|value| format!("'{}'", value.replace('\'', "\\'")));
            quoted.collect::<Vec<_>>().join(",")
        }
        other => bail!("the format {other} is not known here"),
    })
}

fn macros(sql: &str, shown: &Shown) -> Result<String> {
    let (from, to) = (shown.from_s, shown.to_s);
    let moment = |seconds: i64| format!("toDateTime({seconds})");
    let milli = |seconds: i64| format!("fromUnixTimestamp64Milli({})", seconds * 1_000);
    let date = |seconds: i64| -> Result<String> {
        let moment = jiff::Timestamp::from_second(seconds)?;
        Ok(format!("toDate('{}')", moment.strftime("%Y-%m-%d")))
    };
    let between = |column: &str, from: &str, to: &str| format!("{column} >= {from} AND {column} <= {to}");
    let mut expanded = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find("$__") {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 3..];
        let name: String = after
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let after = &after[name.len()..];
        let argument = after
            .strip_prefix('(')
            .and_then(|inside| inside.split(')').next());
        let takes_one = !matches!(
            name.as_str(),
            "fromTime" | "toTime" | "fromTime_ms" | "toTime_ms" | "interval_s"
        );
        let column = match (takes_one, argument) {
            (true, Some(column)) => {
                ensure!(!column.contains([',', '(']), "one bare column, not {column:?}");
                column
            }
            (true, None) => bail!("{name} needs an argument: {sql}"),
            (false, _) => "",
        };
        expanded.push_str(&match name.as_str() {
            "fromTime" => moment(from),
            "toTime" => moment(to),
            "fromTime_ms" => milli(from),
            "toTime_ms" => milli(to),
            "interval_s" => shown.interval_s.to_string(),
            "timeFilter" => between(column, &moment(from), &moment(to)),
            "timeFilter_ms" => between(column, &milli(from), &milli(to)),
            "dateFilter" => between(column, &date(from)?, &date(to)?),
            "timeInterval" => {
                format!(
                    "toStartOfInterval(toDateTime({column}), INTERVAL {} second)",
                    shown.interval_s
                )
            }
            other => bail!("the plugin has no macro {other}: {sql}"),
        });
        rest = if takes_one {
            &after[column.len() + 2..]
        } else {
            after
        };
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[test]
fn macros_and_variables_become_what_the_documentation_says() -> Result<()> {
    let mut shown = Shown {
        from_s: 1_415_792_726,
        to_s: 1_447_328_726,
        interval_s: 20,
        variables: BTreeMap::from([("stream".to_owned(), vec!["a:x".to_owned(), "b'y".to_owned()])]),
    };
    for (sql, expected) in [
        (
            "$__timeFilter(time)",
            "time >= toDateTime(1415792726) AND time <= toDateTime(1447328726)",
        ),
        (
            "$__timeFilter_ms(time)",
            "time >= fromUnixTimestamp64Milli(1415792726000) AND time <= fromUnixTimestamp64Milli(1447328726000)",
        ),
        (
            "$__dateFilter(day)",
            "day >= toDate('2014-11-12') AND day <= toDate('2015-11-12')",
        ),
        (
            "$__timeInterval(time) AS t, 1 / $__interval_s",
            "toStartOfInterval(toDateTime(time), INTERVAL 20 second) AS t, 1 / 20",
        ),
        (
            "$__fromTime $__toTime_ms",
            "toDateTime(1415792726) fromUnixTimestamp64Milli(1447328726000)",
        ),
        (
            "$__conditionalAll(stream IN (${stream:singlequote}), $stream)",
            "stream IN ('a:x','b\\'y')",
        ),
        (
            "'${__from}' '$nobody' '[[stream]]'",
            "'1415792726000' '$nobody' 'a:x,b'y'",
        ),
    ] {
        assert_eq!(expand(sql, &shown)?, expected);
    }
    shown.variables.insert("stream".to_owned(), vec![ALL.to_owned()]);
    let all = expand(
        "a AND $__conditionalAll(stream IN (${stream:singlequote}), $stream)",
        &shown,
    )?;
    assert_eq!(all, "a AND 1=1");
    assert!(expand("$__timeFilter(toDateTime(time))", &shown).is_err());
    assert!(expand("$__timeFiltr(time)", &shown).is_err());
    Ok(())
}
