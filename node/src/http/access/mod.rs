//! Who is let in, and what they may do.
//!
//! ```text
//! every request ─▶ admit: which address, addressed to us?, not too many ─▶ its route's gate ─▶ handler
//!                                                                            │ who is it, may they,
//!                                                                            │ is it no forgery, not too many,
//!                                                                            └ the body, bounded
//! ```
//!
//! Somebody is known by a token (`Authorization: Bearer …`) or by a browser session, a sealed cookie that was made
//! from one (`session`). Without any token configured the node is *open*: it serves loopback only, to
//! everybody there, as the admin `local`. What each route needs is said where the route is made
//! (`http::routes`); no decision here looks at a path, so no way of writing one gets around it.
//!
//! What keeps other sites' pages from using a browser's rights (`origin`): the cookie is `SameSite=Strict`, a
//! request that changes or asks must not come from another origin, and with a cookie it must bear a header
//! that no page can send to another origin without the node's leave, which it never gives.

mod guard;
mod limits;
mod origin;
mod session;
mod tokens;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use aurora_cluster::ClusterKey;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use guard::{Arrival, admit, answer_unread, bound_body, gate};
use limits::Limiter;
pub use limits::Rate;
use session::Sessions;
pub(super) use session::{NewSession, clearing_cookie};
use tokens::TokenTable;
pub use tokens::{AccessToken, TokenError};

/// What a cookie's request has to bear besides: any value will do.
pub const REQUEST_HEADER: &str = "x-aurora-request";
/// How long a browser session lasts when nothing else is said.
pub const DEFAULT_SESSION: Duration = Duration::from_secs(12 * 60 * 60);
/// Callers and addresses that are counted one by one; the others share a count.
const MAX_COUNTED: usize = 10_000;

/// What somebody may do: everything that the roles before it may, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Ask questions, run SQL, read everything that is no secret.
    Viewer,
    /// Connections, streams, saved queries, the glossary, dashboards.
    Editor,
    /// Drain nodes, see everybody's history, set limits.
    Admin,
}

impl Role {
    /// From the one that may least.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Admin];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// What it may, in words for programs.
    pub const fn may(self) -> &'static [&'static str] {
        match self {
            Self::Viewer => &["read", "ask"],
            Self::Editor => &["read", "ask", "edit"],
            Self::Admin => &["read", "ask", "edit", "administer"],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role; there are viewer, editor and admin")]
pub struct UnknownRole(String);

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: there is nothing to protect, or it protects itself.
    Nothing,
    /// Somebody in this role or one that may more.
    Role(Role),
}

/// Who a request comes from. Handlers find it in the request's extensions wherever a role is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name of their token; `local` where the node is open, `admin` for the one token of `[node]`.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where they are, as far as can be known.
    pub address: IpAddr,
    /// How they are known.
    pub means: Means,
}

/// How a caller is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The node is open.
    Open,
    /// By a token in the request.
    Token,
    /// By the cookie of a browser session.
    Session,
}

/// What decides about access.
#[derive(Debug, Clone)]
pub struct AccessOptions {
    /// Who is known. Nobody: the node is open.
    pub tokens: Vec<AccessToken>,
    /// How long a browser session lasts.
    pub session: Duration,
    /// Proxies whose word on a client's address and on TLS counts.
    pub trusted_proxies: Vec<IpNet>,
    /// How many requests are let in.
    pub rates: Rates,
}

/// How many requests are let in; none of it counts while the node is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Of one caller.
    pub caller: Rate,
    /// From one address, or from one /64 of IPv6.
    pub address: Rate,
    /// With a wrong token, from one address. One that has used them up is not even looked at.
    pub failures: Rate,
}

impl Rates {
    /// How many wrong tokens may come at once.
    pub const FAILURES_AT_ONCE: u32 = 20;
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            caller: Rate::per_second(100.0, 500),
            address: Rate::per_second(200.0, 1_000),
            failures: Rate::per_second(0.2, Self::FAILURES_AT_ONCE),
        }
    }
}

impl Default for AccessOptions {
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            session: DEFAULT_SESSION,
            trusted_proxies: Vec::new(),
            rates: Rates::default(),
        }
    }
}

impl AccessOptions {
    /// Lets in whoever has this token, as the admin `admin`; everybody on this machine if there is none.
    pub fn single(token: Option<String>) -> Self {
        let token = token.map(|secret| AccessToken {
            name: "admin".to_owned(),
            role: Role::Admin,
            secret,
        });
        Self {
            tokens: token.into_iter().collect(),
            ..Self::default()
        }
    }
}

/// Decides who is let in.
pub struct Access {
    tokens: TokenTable,
    sessions: Sessions,
    trusted_proxies: Vec<IpNet>,
    callers: Limiter<String>,
    addresses: Limiter<IpAddr>,
    failures: Limiter<IpAddr>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// Decides by these options. Sessions are sealed with the key of the cluster called `cluster.0`, so that all
    /// its nodes accept them; without one, with a key of this process.
    pub fn new(options: AccessOptions, cluster: Option<(&str, &ClusterKey)>) -> Result<Self, TokenError> {
        Ok(Self {
            tokens: TokenTable::new(&options.tokens)?,
            sessions: Sessions::new(cluster, options.session),
            trusted_proxies: options.trusted_proxies,
            callers: Limiter::new(options.rates.caller, MAX_COUNTED),
            addresses: Limiter::new(options.rates.address, MAX_COUNTED),
            failures: Limiter::new(options.rates.failures, MAX_COUNTED),
        })
    }

    /// Whether everybody who reaches this node is let in: only this machine does.
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty()
    }
}
