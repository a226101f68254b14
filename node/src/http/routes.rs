//! Routes and what each of them needs.
//!
//! A route can only be made here, and only by saying who may use it: [`Routes`] keeps the routers to itself, and puts
//! the gate before each handler. What was said can be read with [`Routes::stated`].

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};

use super::access::{Access, Needs, admit, answer_unread, bound_body, gate};
use super::problem::Problem;
use crate::node::NodeState;

/// What a route needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedRoute {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for what varies.
    pub path: String,
    /// Who may use it.
    pub needs: Needs,
}

/// Routes that all state what they need.
pub(super) struct Routes {
    gated: Router<Arc<NodeState>>,
    bare: Router<Arc<NodeState>>,
    stated: Vec<StatedRoute>,
}

impl Routes {
    pub(super) fn new() -> Self {
        Self {
            gated: Router::new(),
            bare: Router::new(),
            stated: Vec::new(),
        }
    }

    /// Adds a route.
    pub(super) fn on<H, T>(mut self, needs: Needs, method: Method, path: &str, handler: H) -> Self
    where
        H: Handler<T, Arc<NodeState>>,
        T: 'static,
    {
        let gated = move |request: Request, next: Next| gate(needs, request, next);
        let handler = on(filter(&method), handler).route_layer(middleware::from_fn(gated));
        self.gated = self.gated.route(path, handler);
        self.state(method, path, needs)
    }

    /// Adds a route for machines next door, which knows by itself whom it answers: nothing is counted, and no name of
    /// a host is asked for.
    pub(super) fn bare<H, T>(mut self, method: Method, path: &str, handler: H) -> Self
    where
        H: Handler<T, Arc<NodeState>>,
        T: 'static,
    {
        let handler = on(filter(&method), handler).route_layer(middleware::from_fn(bound_body));
        self.bare = self.bare.route(path, handler);
        self.state(method, path, Needs::Nothing)
    }

    fn state(mut self, method: Method, path: &str, needs: Needs) -> Self {
        self.stated.push(StatedRoute {
            method,
            path: path.to_owned(),
            needs,
        });
        self
    }

    /// What has been said.
    pub(super) fn stated(&self) -> &[StatedRoute] {
        &self.stated
    }

    /// The router, with `others` for what no route takes. A method that a path does not have is a problem like others.
    pub(super) fn into_router(
        self,
        access: Arc<Access>,
        others: Router<Arc<NodeState>>,
    ) -> Router<Arc<NodeState>> {
        self.gated
            .method_not_allowed_fallback(method_not_allowed)
            .merge(others)
            .layer(middleware::from_fn_with_state(access, admit))
            .merge(self.bare.method_not_allowed_fallback(method_not_allowed))
    }
}

/// What is no method of HTTP/1.1 gets no route, and a test calls them all.
fn filter(method: &Method) -> MethodFilter {
    MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::TRACE)
}

async fn method_not_allowed(request: Request) -> Response {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "There is no such method here",
        format!("This path cannot be asked with {}.", request.method()),
        "See GET /api/v1/openapi.json for what can be asked, or the header Allow.",
    );
    answer_unread(request, problem.into_response()).await
}
