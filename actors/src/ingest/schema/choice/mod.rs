//! What people decide about a table's columns before there is a table: a type other than the proposed one, or that a
//! field gets no column.
//!
//! [`Choices`] are an order for whoever makes the table, and nothing is looked up in them afterwards: a chosen type is
//! the column's type, whose comment says that it was chosen, and fields that are left out stand in the table's comment.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::infer::{Inference, MAX_FLATTENED_LEVELS, MAX_PATH_BYTES, Proposal};
use super::{ColumnType, MAX_COLUMNS, Path, Scalar, TableSchema, is_beneath};

/// What somebody decides about one field, as it is written in requests and files: a type, or that it is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnChoice {
    /// The field: keys from the outermost object inwards. It may be one that no message has had yet.
    pub path: Path,
    /// The type of its column, as ClickHouse spells it, with or without `Nullable`. What does not fit will be a dead letter.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub column_type: Option<String>,
    /// Whether it gets no column: neither now nor when later messages have it, and neither what lies beneath it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leave_out: bool,
}

/// What is wrong with one of the choices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct ChoiceMistake {
    /// Where: `columns`, or such as `columns.3.type`, counted from 0.
    pub field: String,
    /// What is wrong, as a sentence.
    pub what: String,
}

/// Choices that can be carried out, all together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ColumnChoice>", into = "Vec<ColumnChoice>")]
pub struct Choices {
    typed: Vec<(Path, ColumnType)>,
    left_out: Vec<Path>,
}

/// A table as it would be made.
#[derive(Debug, Default)]
pub struct Plan {
    /// Its columns, and what is left out.
    pub schema: TableSchema,
    /// The columns to sort by: up to two, those with the fewest values that every message has.
    pub keys: Vec<String>,
    /// What the sample says of each column's field; `None` where it has none of it.
    pub proposals: Vec<Option<Proposal>>,
}

/// Types that a column can be given, for people.
const TYPES: &str = "Bool, Int64, UInt64, Int128, Float64, String, LowCardinality(String), DateTime64(3), DateTime64(6), \
                     DateTime64(9), or Array(…) of one of them";

impl Choices {
    /// Checks what somebody has decided; the first mistake is the error.
    pub fn check(choices: &[ColumnChoice]) -> Result<Self, ChoiceMistake> {
        let mistake = |field: String, what: String| Err(ChoiceMistake { field, what });
        if choices.len() > MAX_COLUMNS {
            let what =
                format!("There are more than {MAX_COLUMNS}, which is the most columns that a table gets.");
            return mistake("columns".to_owned(), what);
        }
        let mut checked = Self::default();
        for (index, choice) in choices.iter().enumerate() {
            let about = |field: &str| format!("columns.{index}.{field}");
            if let Some(what) = path_mistake(&choice.path) {
                return mistake(about("path"), what);
            }
            if choices[..index].iter().any(|earlier| earlier.path == choice.path) {
                return mistake(about("path"), "The field is named twice.".to_owned());
            }
            match (&choice.column_type, choice.leave_out) {
                (Some(text), false) => match chosen_type(text) {
                    Some(column_type) => checked.typed.push((choice.path.clone(), column_type)),
                    None => {
                        let shown: String = text.chars().take(60).collect();
                        let what = format!("{shown:?} is no type that a column can be given: {TYPES}.");
                        return mistake(about("type"), what);
                    }
                },
                (None, true) => checked.left_out.push(choice.path.clone()),
                (Some(_), true) => {
                    return mistake(about("type"), "A field that is left out has no type.".to_owned());
                }
                (None, false) => {
                    let what = "It is missing: give the field a type, or leave it out.".to_owned();
                    return mistake(about("type"), what);
                }
            }
        }
        let beneath = |choice: &ColumnChoice| {
            checked
                .left_out
                .iter()
                .find(|path| is_beneath(&choice.path, path))
        };
        let contradiction = choices
            .iter()
            .enumerate()
            .find_map(|(index, choice)| Some((index, beneath(choice)?)));
        match contradiction {
            Some((index, above)) => mistake(
                format!("columns.{index}.path"),
                format!(
                    "It lies beneath {:?}, which is left out with all that is in it.",
                    above.join(".")
                ),
            ),
            None => Ok(checked),
        }
    }

    /// Whether nothing was decided.
    pub fn is_empty(&self) -> bool {
        self.typed.is_empty() && self.left_out.is_empty()
    }

    /// Fields without a column.
    pub fn left_out(&self) -> &[Path] {
        &self.left_out
    }

    /// The type that was chosen for a field.
    pub fn type_of(&self, path: &[String]) -> Option<ColumnType> {
        let chosen = self.typed.iter().find(|(chosen, _)| chosen == path);
        chosen.map(|(_, column_type)| *column_type)
    }

    /// The fields for which a table that is there has something else than what was chosen.
    pub fn not_in(&self, schema: &TableSchema) -> Vec<&Path> {
        let has = |path: &Path, column_type: ColumnType| {
            let mut columns = schema.columns.iter();
            columns.any(|column| column.path == *path && column.column_type == column_type)
        };
        let typed = self
            .typed
            .iter()
            .filter(|(path, column_type)| !has(path, *column_type));
        let left_out = self
            .left_out
            .iter()
            .filter(|path| !schema.left_out.contains(path));
        typed.map(|(path, _)| path).chain(left_out).collect()
    }

    /// The table that these choices and a sample give. Fields that were chosen and not seen come last.
    pub fn plan(&self, sample: &Inference) -> Plan {
        let mut plan = Plan::default();
        plan.schema.left_out.clone_from(&self.left_out);
        // Who chooses a type gets the column, however many fields there are.
        let mut room = MAX_COLUMNS - self.typed.len();
        for proposal in sample.propose() {
            let chosen = self.type_of(&proposal.path);
            let is_kept = chosen.is_some()
                || (room > 0
                    && !plan.schema.leaves_out(&proposal.path)
                    && !self.keeps_whole(&proposal.path, sample));
            if !is_kept {
                continue;
            }
            room -= usize::from(chosen.is_none());
            let column_type = chosen.unwrap_or(proposal.column_type);
            plan.add(
                &proposal.path.clone(),
                column_type,
                chosen.is_some(),
                Some(proposal),
            );
        }
        for (path, column_type) in &self.typed {
            plan.add(path, *column_type, true, None);
        }
        plan.keys = plan.sorting_keys();
        plan
    }

    /// Whether `path` lies in an object that is to be kept as text, in a column of its own. Where messages have texts
    /// there as well as objects, the column is for the texts.
    fn keeps_whole(&self, path: &[String], sample: &Inference) -> bool {
        let has_choices_beneath = |above: &[String]| {
            let paths = self.typed.iter().map(|(path, _)| path).chain(&self.left_out);
            paths.into_iter().any(|path| is_beneath(path, above))
        };
        self.typed.iter().any(|(above, column_type)| {
            column_type.is_text()
                && is_beneath(path, above)
                && sample.has_only_objects(above)
                && !has_choices_beneath(above)
        })
    }
}

impl Plan {
    fn add(&mut self, path: &[String], column_type: ColumnType, is_chosen: bool, proposal: Option<Proposal>) {
        if self.schema.add(path, column_type).is_none() {
            return;
        }
        self.proposals.push(proposal);
        if let Some(column) = self.schema.columns.last_mut() {
            column.is_chosen = is_chosen;
        }
    }

    fn sorting_keys(&self) -> Vec<String> {
        let columns = self.schema.columns.iter().zip(&self.proposals);
        let low = columns.filter(|(column, _)| column.column_type == ColumnType::LowCardinality);
        let mut keys: Vec<(usize, &str)> = low
            .filter_map(|(column, proposal)| match proposal.as_ref()?.distinct {
                Some(distinct @ 2..=64) => Some((distinct, column.name.as_str())),
                _ => None,
            })
            .collect();
        keys.sort_unstable();
        keys.into_iter()
            .take(2)
            .map(|(_, name)| name.to_owned())
            .collect()
    }
}

impl TryFrom<Vec<ColumnChoice>> for Choices {
    type Error = ChoiceMistake;

    fn try_from(choices: Vec<ColumnChoice>) -> Result<Self, ChoiceMistake> {
        Self::check(&choices)
    }
}

impl From<Choices> for Vec<ColumnChoice> {
    fn from(choices: Choices) -> Self {
        let typed = choices.typed.into_iter().map(|(path, column_type)| ColumnChoice {
            path,
            column_type: Some(column_type.to_string()),
            leave_out: false,
        });
        let left_out = choices.left_out.into_iter().map(|path| ColumnChoice {
            path,
            column_type: None,
            leave_out: true,
        });
        typed.chain(left_out).collect()
    }
}

fn path_mistake(path: &[String]) -> Option<String> {
    if path.is_empty() {
        return Some("It has no keys.".to_owned());
    }
    if path.len() > MAX_FLATTENED_LEVELS {
        return Some(format!(
            "It has more than {MAX_FLATTENED_LEVELS} keys: what lies deeper stays text."
        ));
    }
    let bytes: usize = path.iter().map(String::len).sum();
    (bytes > MAX_PATH_BYTES).then(|| format!("Its keys have more than {MAX_PATH_BYTES} bytes."))
}

/// The type that somebody means: Aurora's columns are nullable and its moments are in UTC, whether that is said or not.
fn chosen_type(text: &str) -> Option<ColumnType> {
    let mut name = text.trim().to_owned();
    for digits in [3, 6, 9] {
        name = name.replace(
            &format!("DateTime64({digits})"),
            &Scalar::DateTime(digits).to_string(),
        );
    }
    ColumnType::parse(&name)
}

#[cfg(test)]
mod tests;
