//! What is kept under names, over HTTP: who changes something says which version they have seen.

use aurora_actors::query::memory::Memory;
use aurora_actors::query::memory::named::{Kept, Named, check_name};
use axum::http::{HeaderMap, StatusCode, header};

use crate::http::access::Caller;
use crate::http::extract::expected_version;
use crate::http::problem::Problem;

/// What has this name, and its version.
pub(super) async fn find<T: Kept>(memory: &Memory, name: &str) -> Result<(u64, Named<T>), Problem> {
    let found = memory.find::<T>(name).await?;
    match found.content {
        Some(named) => Ok((found.version, named)),
        None => Err(Problem::not_found(T::CALLED, name)),
    }
}

/// Keeps something under a name: new, or in the place of the version that `If-Match` names.
pub(super) async fn put<T: Kept>(
    memory: &Memory,
    caller: &Caller,
    name: &str,
    headers: &HeaderMap,
    content: T,
) -> Result<(StatusCode, u64, Named<T>), Problem> {
    check_name(name)?;
    content.check()?;
    let found = memory.find::<T>(name).await?;
    let expected = expected_version(headers, found.version, found.content.is_some())
        .map_err(|problem| told(problem, found.content.as_ref()))?;
    let (version, named) = memory.keep(name, expected, content, &caller.name).await?;
    let status = match found.content {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    Ok((status, version, named))
}

/// Forgets something; whichever version it is, unless `If-Match` names one.
pub(super) async fn delete<T: Kept>(
    memory: &Memory,
    name: &str,
    headers: &HeaderMap,
) -> Result<StatusCode, Problem> {
    let (version, named) = find::<T>(memory, name).await?;
    if headers.contains_key(header::IF_MATCH) {
        expected_version(headers, version, true).map_err(|problem| told(problem, Some(&named)))?;
    }
    memory.forget::<T>(name, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says who was faster.
fn told<T>(mut problem: Problem, known: Option<&Named<T>>) -> Problem {
    if problem.status == StatusCode::PRECONDITION_FAILED.as_u16()
        && let Some(known) = known
    {
        problem.detail = format!("{} changed it at {}.", known.changed_by, known.changed_at);
    }
    problem
}
