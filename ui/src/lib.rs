//! The web app and the code that embeds and serves it.
//!
//! `web/` is the app (TypeScript, React, Vite). `build.rs` builds it and compiles what comes out, plain and compressed, into
//! this crate. [`router`] serves it:
//!
//! ```
//! let app: axum::Router = axum::Router::new()
//!     // .nest("/api/v1", …) and the node's other routes, which come before the app
//!     .merge(aurora_ui::router(|_| Vec::new()));
//! ```
//!
//! To work on the app with live reload: `cd ui/web && npm ci && npm run dev`, with a node running;
//! `AURORA_NODE` names it when it is not at `http://127.0.0.1:8080`.

mod files;
mod origin;
mod serve;

use axum::Router;
use axum::http::{HeaderMap, Method, Uri};

pub use origin::Origin;

/// Answers every path that no other route takes: the app's files, its first page for the paths of its views, and 404
/// below `/api` and the like, where a page would hide a mistake from a program.
///
/// It is one fallback, so [`Router::merge`] it into a router that has none.
///
/// `peers` says which other nodes the page may ask whether they are there, for a request with these headers.
pub fn router<S: Clone + Send + Sync + 'static>(
    peers: impl Fn(&HeaderMap) -> Vec<Origin> + Clone + Send + Sync + 'static,
) -> Router<S> {
    Router::new().fallback(async move |method: Method, uri: Uri, headers: HeaderMap| {
        serve::serve(&method, &uri, &headers, || peers(&headers))
    })
}
