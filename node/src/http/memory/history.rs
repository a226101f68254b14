//! Who asked what, over HTTP: one's own history, everybody's for admins; and thumbs.

use std::sync::Arc;

use aurora_actors::query::memory::history::{
    Entry, HistoryFilter, Kind, MAX_PAGE, Outcome, Purpose, Record, RecordId,
};
use aurora_actors::query::memory::verdict::Verdict;
use aurora_actors::query::sql::SqlError;
use aurora_actors::store::StoreError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::access::{Caller, Role};
use crate::http::extract::{Body, InPath, Params};
use crate::http::problem::Problem;
use crate::node::NodeState;

/// Records of a page when nothing else is said.
const DEFAULT_PAGE: usize = 50;
/// Longest text to search for, in characters.
const MAX_SEARCH_CHARS: usize = 500;

/// Which records to show.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryParams {
    /// Whose; admins may name others, and see everybody's without it.
    pub user: Option<String>,
    /// How it was asked.
    pub kind: Option<Kind>,
    /// What for. What people want to know, when nothing is said.
    #[param(inline)]
    pub purpose: Option<ShownPurpose>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// What is thought of it.
    pub verdict: Option<Verdict>,
    /// A text in the question or the statement.
    pub search: Option<String>,
    /// Only what was asked before this record: the last page's `next`.
    pub before: Option<String>,
    /// Most records to show.
    pub limit: Option<usize>,
}

/// What records were asked for that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShownPurpose {
    /// Somebody wanted to know.
    #[default]
    Person,
    /// A tile of a dashboard.
    Dashboard,
    /// What pages ask by themselves.
    Page,
    /// Any of these.
    All,
}

impl ShownPurpose {
    fn purpose(self) -> Option<Purpose> {
        match self {
            Self::Person => Some(Purpose::Person),
            Self::Dashboard => Some(Purpose::Dashboard),
            Self::Page => Some(Purpose::Page),
            Self::All => None,
        }
    }
}

/// A page of the history, the latest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HistoryPage {
    /// The records.
    pub history: Vec<HistoryEntry>,
    /// What to give as `before` for the next page; null when this is the last.
    pub next: Option<String>,
}

/// A record.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    /// Its name.
    pub id: String,
    /// When it was asked.
    pub at: jiff::Timestamp,
    /// Who asked.
    pub user: String,
    /// Where they were.
    pub address: String,
    /// The node that was asked.
    pub node: String,
    /// How it was asked.
    pub kind: Kind,
    /// What for.
    pub purpose: Purpose,
    /// The question, if it was asked in plain words.
    pub question: Option<String>,
    /// The statement.
    pub sql: String,
    /// Values for its parameters.
    pub params: std::collections::BTreeMap<String, String>,
    /// The tables that it reads, as far as they are known.
    pub tables: Vec<String>,
    /// What made the statement.
    pub engine: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why not, if it did not go well.
    pub error: Option<String>,
    /// Rows of the answer, as text.
    pub rows: String,
    /// From the request to the last row, milliseconds.
    pub elapsed_ms: f64,
    /// Rows that ClickHouse read, as text.
    pub rows_read: String,
    /// Tokens that were sent to a model.
    pub prompt_tokens: u64,
    /// Tokens that came from it.
    pub completion_tokens: u64,
    /// What that cost.
    pub cost: f64,
    /// Everything up to this time was in the answer.
    pub complete_to: Option<jiff::Timestamp>,
    /// What is thought of the answer.
    pub verdict: Option<Verdict>,
}

impl From<Entry> for HistoryEntry {
    fn from(entry: Entry) -> Self {
        let some = |text: String| (!text.is_empty()).then_some(text);
        let record = entry.record;
        Self {
            id: record.id.to_string(),
            at: record.at,
            user: record.user,
            address: record.address,
            node: entry.node,
            kind: record.kind,
            purpose: record.purpose,
            question: some(record.question),
            sql: record.sql,
            params: record.params,
            tables: record.tables,
            engine: record.engine,
            outcome: record.outcome,
            error: some(record.error),
            rows: record.rows.to_string(),
            elapsed_ms: record.elapsed_ms,
            rows_read: record.rows_read.to_string(),
            prompt_tokens: record.prompt_tokens,
            completion_tokens: record.completion_tokens,
            cost: record.cost,
            complete_to: record.complete_to,
            verdict: entry.verdict,
        }
    }
}

/// What somebody thinks of an answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Judgement {
    /// `right`, `wrong`, or null to take back what was thought before. It has to be there.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    verdict: Option<Verdict>,
}

/// A page of the history.
#[utoipa::path(
    get,
    path = "/api/v1/history",
    tag = "memory",
    params(HistoryParams),
    responses((status = 200, description = "Done", body = HistoryPage))
)]
pub(in crate::http) async fn list(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<HistoryPage>, Problem> {
    let filter = filter(&caller, params)?;
    state.memory.recorded().await;
    let found = state.memory.history(&filter).await?;
    let last = found.last().filter(|_| found.len() == filter.limit);
    Ok(Json(HistoryPage {
        next: last.map(|entry| entry.record.id.to_string()),
        history: found.into_iter().map(HistoryEntry::from).collect(),
    }))
}

fn filter(caller: &Caller, params: HistoryParams) -> Result<HistoryFilter, Problem> {
    let user = match params.user {
        user if caller.role == Role::Admin => user,
        Some(other) if other != caller.name => {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "role",
                "That is somebody else's history",
                format!("Only admins may see it, and {} is {}.", caller.name, caller.role),
                "Leave out user to see your own.",
            ));
        }
        _ => Some(caller.name.clone()),
    };
    let invalid = |detail: &str, hint| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "request",
            "The request cannot be read",
            detail,
            hint,
        )
    };
    let before = params.before.map(|before| before.parse::<RecordId>()).transpose();
    let before = before.map_err(|_| {
        invalid(
            "before is not the id of a record.",
            "Give it the last page's next.",
        )
    })?;
    if params
        .search
        .as_ref()
        .is_some_and(|search| search.chars().count() > MAX_SEARCH_CHARS)
    {
        return Err(invalid(
            "search is too long.",
            "Search for at most 500 characters.",
        ));
    }
    Ok(HistoryFilter {
        user,
        kind: params.kind,
        purpose: params.purpose.unwrap_or_default().purpose(),
        outcome: params.outcome,
        verdict: params.verdict,
        search: params.search.filter(|search| !search.is_empty()),
        before,
        limit: params.limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE),
    })
}

/// Notes what somebody thinks of an answer to them.
#[utoipa::path(
    post,
    path = "/api/v1/history/{id}/verdict",
    tag = "memory",
    params(("id" = String, Path, description = "The record")),
    request_body = Judgement,
    responses((status = 200, description = "Done", body = HistoryEntry))
)]
pub(in crate::http) async fn judge(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath<String>,
    Body(judgement): Body<Judgement>,
) -> Result<Json<HistoryEntry>, Problem> {
    let missing = || Problem::not_found("record", &id);
    let id: RecordId = id.parse().map_err(|_| missing())?;
    state.memory.recorded().await;
    let entry = state.memory.entry(&id).await?;
    // What others have asked is nothing that one could know of.
    let may = |entry: &Entry| caller.role == Role::Admin || entry.record.user == caller.name;
    let mut entry = entry.filter(may).ok_or_else(missing)?;
    state
        .memory
        .judge(&entry, judgement.verdict, &caller.name)
        .await?;
    entry.verdict = judgement.verdict;
    Ok(Json(entry.into()))
}

/// A record of something that this caller asks now.
pub(in crate::http) fn record(kind: Kind, caller: &Caller) -> Record {
    Record::new(kind, &caller.name, &caller.address.to_string())
}

/// What it means for the history that a statement failed.
pub(in crate::http) fn outcome(error: &SqlError) -> Outcome {
    /// ClickHouse's codes for what the reader may not do: ACCESS_DENIED, READONLY, DATABASE_ACCESS_DENIED.
    const NOT_ALLOWED: [u32; 3] = [497, 164, 291];
    match error {
        SqlError::Refused(_) => Outcome::Refused,
        SqlError::Store(StoreError::Exception { code, .. }) if NOT_ALLOWED.contains(code) => Outcome::Refused,
        SqlError::Cancelled => Outcome::Cancelled,
        SqlError::Statement(_)
        | SqlError::Store(_)
        | SqlError::Busy { .. }
        | SqlError::Deadline { .. }
        | SqlError::NoWall(_)
        | SqlError::Stopping => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::access::Means;

    fn caller(name: &str, role: Role) -> Caller {
        Caller {
            name: name.to_owned(),
            role,
            address: [192, 0, 2, 1].into(),
            means: Means::Token,
        }
    }

    fn whose(caller: &Caller, user: Option<&str>) -> Result<Option<String>, u16> {
        let params = HistoryParams {
            user: user.map(str::to_owned),
            ..HistoryParams::default()
        };
        filter(caller, params)
            .map(|filter| filter.user)
            .map_err(|problem| problem.status)
    }

    #[test]
    fn everybody_sees_their_own_and_admins_everybodys() {
        let own = || Ok(Some("ann".to_owned()));
        for role in [Role::Viewer, Role::Editor] {
            let ann = caller("ann", role);
            assert_eq!((whose(&ann, None), whose(&ann, Some("ann"))), (own(), own()));
            assert_eq!(
                (whose(&ann, Some("bob")), whose(&ann, Some(""))),
                (Err(403), Err(403))
            );
        }
        let admin = caller("root", Role::Admin);
        assert_eq!(
            (whose(&admin, None), whose(&admin, Some("ann"))),
            (Ok(None), own())
        );
    }

    #[test]
    fn pages_are_bounded_and_a_verdict_has_to_be_given() {
        let limit = |limit| {
            let params = HistoryParams {
                limit: Some(limit),
                ..HistoryParams::default()
            };
            filter(&caller("ann", Role::Viewer), params).unwrap().limit
        };
        assert_eq!([limit(0), limit(7), limit(usize::MAX)], [1, 7, MAX_PAGE]);
        let read = |text: &str| serde_json::from_str::<Judgement>(text).map(|judgement| judgement.verdict);
        assert_eq!(read(r#"{"verdict": "right"}"#).unwrap(), Some(Verdict::Right));
        assert_eq!(read(r#"{"verdict": null}"#).unwrap(), None);
        for wrong in ["{}", r#"{"verdict": "maybe"}"#, r#"{"verdict": "right", "x": 1}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
