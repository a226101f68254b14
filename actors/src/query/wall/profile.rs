//! What the reading user's profile says, and the statements that make such a user.

use super::super::format;
use super::super::limits::QueryLimits;
use crate::store::Login;
use crate::store::sql::{ident, literal, password_hash};

/// A setting of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSetting {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// Between what a query may set it; `None` is not at all. An empty range has no bounds.
    pub changeable: Option<Range>,
}

/// Bounds of a setting. A minimum of 1 matters as much as the maximum: 0 means "no limit" to ClickHouse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub min: Option<u64>,
    /// The most.
    pub max: Option<u64>,
}

/// The settings of a reader with these limits.
pub fn settings(limits: &QueryLimits) -> Vec<ProfileSetting> {
    let fixed = |name, value: String| ProfileSetting {
        name,
        value,
        changeable: None,
    };
    let bounded = |name, value: u64, max: u64| ProfileSetting {
        name,
        value: value.to_string(),
        changeable: Some(Range {
            min: Some(1),
            max: Some(max),
        }),
    };
    let seconds = u64::from(limits.max_seconds);
    let mut settings = vec![
        fixed("readonly", "1".to_owned()),
        bounded("max_execution_time", seconds, seconds),
        bounded(
            "max_memory_usage",
            limits.max_memory_bytes,
            limits.max_memory_bytes,
        ),
        bounded("max_result_rows", limits.max_result_rows, limits.max_result_rows),
        ProfileSetting {
            name: "max_rows_to_read",
            value: limits.max_rows_to_read.to_string(),
            changeable: Some(Range {
                min: Some(1),
                max: (limits.max_rows_to_read > 0).then_some(limits.max_rows_to_read),
            }),
        },
        ProfileSetting {
            name: "result_overflow_mode",
            value: "throw".to_owned(),
            changeable: Some(Range::default()),
        },
        fixed(
            "max_memory_usage_for_user",
            limits.max_memory_bytes.saturating_mul(2).to_string(),
        ),
        fixed("cancel_http_readonly_queries_on_client_close", "1".to_owned()),
        fixed("allow_introspection_functions", "0".to_owned()),
        // Without these, SQL has traps that neither people nor models expect.
        fixed("prefer_column_name_to_alias", "1".to_owned()),
        fixed("join_use_nulls", "1".to_owned()),
        fixed("aggregate_functions_null_for_empty", "1".to_owned()),
    ];
    settings.extend(format::SETTINGS.map(|(name, value)| fixed(name, value.to_owned())));
    settings
}

/// Names of what belongs to a reader.
pub(super) fn profile_name(reader: &str) -> String {
    format!("{reader}_profile")
}

fn quota_name(reader: &str) -> String {
    format!("{reader}_quota")
}

/// Queries that a reader may start in a minute, whichever node they come through.
pub const QUERIES_A_MINUTE: u32 = 600_000;

/// Statements that make the reader's profile what it has to be. `changeable` is false for servers that know
/// no setting that can be changed in readonly mode.
pub(super) fn make_profile(reader: &str, limits: &QueryLimits, changeable: bool) -> [String; 2] {
    let profile = ident(&profile_name(reader));
    let settings = settings(limits).into_iter().map(|setting| {
        let mut text = format!("{} = {}", setting.name, literal(&setting.value));
        if let Some(range) = setting.changeable {
            for (word, bound) in [(" MIN ", range.min), (" MAX ", range.max)] {
                if let Some(bound) = bound {
                    text.push_str(word);
                    text.push_str(&literal(&bound.to_string()));
                }
            }
            if changeable {
                text.push_str(" CHANGEABLE_IN_READONLY");
            }
        }
        text
    });
    let settings: Vec<String> = settings.collect();
    [
        format!("CREATE SETTINGS PROFILE IF NOT EXISTS {profile}"),
        format!(
            "ALTER SETTINGS PROFILE {profile} SETTINGS {}",
            settings.join(", ")
        ),
    ]
}

/// Statements that make the reader, who may read `database` and nothing else. Its password is not in them.
pub(super) fn make_user(reader: &Login, database: &str) -> Vec<String> {
    let (user, profile, quota) = (
        ident(&reader.user),
        profile_name(&reader.user),
        ident(&quota_name(&reader.user)),
    );
    let hash = literal(&password_hash(&reader.password));
    let identity = format!("IDENTIFIED WITH sha256_hash BY {hash}");
    let profile = format!("SETTINGS PROFILE {}", literal(&profile));
    vec![
        format!("CREATE USER IF NOT EXISTS {user} {identity} GRANTEES NONE {profile}"),
        format!("ALTER USER {user} {identity} DEFAULT ROLE NONE GRANTEES NONE {profile}"),
        format!(
            "CREATE QUOTA IF NOT EXISTS {quota} KEYED BY user_name FOR INTERVAL 1 minute \
             MAX queries = {QUERIES_A_MINUTE} TO {user}"
        ),
        format!("GRANT SELECT, SHOW ON {}.* TO {user}", ident(database)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_lowered_cannot_be_lifted() {
        let settings = settings(&QueryLimits::default());
        for name in ["max_execution_time", "max_memory_usage", "max_result_rows"] {
            let setting = settings.iter().find(|setting| setting.name == name).unwrap();
            assert_eq!(setting.changeable.unwrap().min, Some(1), "0 is no limit: {name}");
        }
        let readonly = &settings[0];
        assert_eq!((readonly.name, readonly.value.as_str()), ("readonly", "1"));
        assert_eq!(readonly.changeable, None);
    }

    #[test]
    fn statements_hold_names_and_no_password() {
        let reader = Login {
            url: String::new(),
            user: "a`b".to_owned(),
            password: "hunter2".to_owned(),
        };
        let statements = make_user(&reader, "ev`ents").join("\n");
        assert!(!statements.contains("hunter2"));
        assert!(statements.contains("`a\\`b`") && statements.contains("`ev\\`ents`.*"));
        let [_, alter] = make_profile("r", &QueryLimits::default(), true);
        assert!(alter.contains("max_execution_time = '30' MIN '1' MAX '30' CHANGEABLE_IN_READONLY"));
        assert!(!make_profile("r", &QueryLimits::default(), false)[1].contains("CHANGEABLE"));
    }
}
