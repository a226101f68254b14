//! What the API is, in the words of OpenAPI 3.1.
//!
//! Paths, parameters and bodies come from the handlers and types themselves; who may use each route from what
//! [`super::routes`] states. A test compares the two. Whatever goes wrong is a problem, so that is said once for all.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::access::{Needs, REQUEST_HEADER};
use super::connections::trial;
use super::memory::{dashboards, glossary, history, saved};
use super::problem::Problem;
use super::{
    ask, cluster, connections, dead_letters, grafana, health, live, queries, registry, schema, session, sql,
    stated_routes, streams,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Aurora",
        description = "Real-time analytics for Kafka. Errors are RFC 9457 problems; numbers that may exceed 2^53 are \
                       strings."
    ),
    paths(
        health::healthz,
        health::readyz,
        health::metrics,
        session::show,
        session::log_in,
        session::log_out,
        cluster::show,
        cluster::drain,
        live::follow,
        grafana::show,
        connections::list,
        connections::add,
        connections::show,
        connections::change,
        connections::remove,
        trial::test,
        trial::preview,
        streams::list,
        registry::add_stream,
        streams::show,
        registry::remove_stream,
        registry::pause,
        registry::resume,
        streams::audit,
        dead_letters::list,
        dead_letters::retry::retry,
        schema::list,
        schema::show,
        ask::ask,
        sql::run,
        queries::cancel,
        queries::limits,
        history::list,
        history::judge,
        glossary::show,
        glossary::replace,
        saved::list,
        saved::show,
        saved::put,
        saved::delete,
        dashboards::list,
        dashboards::show,
        dashboards::put,
        dashboards::delete,
        show,
    ),
    components(schemas(Problem))
)]
struct Described;

/// The description, made once.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// This description.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "health",
    responses((status = 200, description = "Done", body = Object))
)]
pub(super) async fn show() -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (content_type, DOCUMENT.as_str()).into_response()
}

fn document() -> Value {
    // Made of texts: nothing that JSON could refuse.
    let mut document = serde_json::to_value(Described::openapi()).unwrap_or_default();
    document["components"]["securitySchemes"] = json!({
        "token": { "type": "http", "scheme": "bearer" },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "aurora_session",
            "description": format!("What changes or asks has to bear the header {REQUEST_HEADER} as well."),
        },
    });
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            // Handlers are called the same in several modules; an id has to be one operation's alone.
            operation["operationId"] = json!(operation_id(method, path));
        }
    }
    for route in stated_routes() {
        let method = route.method.as_str().to_ascii_lowercase();
        let item = document["paths"].get_mut(&route.path);
        let Some(operation) = item.and_then(|item| item.get_mut(&method)) else {
            continue;
        };
        let refused = |description: &str| {
            let schema = json!({ "$ref": "#/components/schemas/Problem" });
            json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } })
        };
        if let Needs::Role(role) = route.needs {
            operation["security"] = json!([{ "token": [] }, { "session": [] }]);
            operation["x-aurora-role"] = json!(role);
            operation["responses"]["401"] = refused("Nobody who is known here");
            operation["responses"]["403"] = refused("Not in this role, or not from this page");
        }
        operation["responses"]["429"] = refused("Too many requests; Retry-After says when to come back");
        operation["responses"]["default"] = refused("What happened instead, why, and what to do");
    }
    document
}

/// `get_streams_id` for `GET /api/v1/streams/{id}`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let parts = path.split(|c: char| !c.is_ascii_alphanumeric());
    let parts = parts.filter(|part| !part.is_empty());
    std::iter::once(method).chain(parts).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What only nodes ask, sealed.
    const NOT_DESCRIBED: [&str; 1] = [crate::cluster::peer::PATH];

    #[test]
    fn what_is_described_is_what_there_is() {
        let document = document();
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                described.insert(format!("{} {path}", method.to_uppercase()));
                assert!(operation["summary"].is_string(), "{method} {path}");
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let is_problem = response["content"]["application/problem+json"].is_object();
                    assert_eq!(is_problem, !status.starts_with('2'), "{method} {path} {status}");
                }
            }
        }
        let routes = stated_routes().into_iter();
        let routes = routes.filter(|route| !NOT_DESCRIBED.contains(&route.path.as_str()));
        let stated: BTreeSet<String> = routes
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        assert_eq!(described, stated);
    }

    /// The page's client is made from the file. `AURORA_WRITE_OPENAPI=1 cargo test -p aurora-node openapi` writes it, and
    /// `npm run api` in `ui/web` makes the client's types of it.
    #[test]
    fn the_page_knows_this_api() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/web/openapi.json");
        let mut now = serde_json::to_string_pretty(&document()).unwrap();
        now.push('\n');
        if std::env::var_os("AURORA_WRITE_OPENAPI").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        let known = std::fs::read_to_string(path).unwrap();
        assert!(
            known == now,
            "ui/web/openapi.json is of another API: write it anew"
        );
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let text = document.to_string();
        let references = text.split("\"#/components/schemas/").skip(1);
        let names: BTreeSet<&str> = references.filter_map(|rest| rest.split('"').next()).collect();
        assert!(names.len() > 20);
        for name in names {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
        assert_eq!(
            document["paths"]["/api/v1/glossary"]["put"]["x-aurora-role"],
            "editor"
        );
    }
}
