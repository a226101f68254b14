//! What a request passes before its handler: first [`admit`], the same for all, then its route's [`gate`].

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::origin::{has_request_header, is_addressed_to_loopback, is_foreign, only};
use super::tokens::{Bearer, LOCAL};
use super::{Access, Caller, Means, Needs, NewSession, REQUEST_HEADER, Role};
use crate::http::MAX_BODY_BYTES;
use crate::http::problem::Problem;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest body that is read for nothing, and how long it may take to arrive.
const MAX_UNREAD_BYTES: usize = 64 << 10;
const UNREAD_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest token that is looked at.
const MAX_TOKEN_BYTES: usize = 4_096;
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How a request came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Arrival {
    /// Where whoever asks is, as far as can be known.
    pub(in crate::http) address: IpAddr,
    /// Whether they speak TLS with a proxy in front.
    pub(in crate::http) is_https: bool,
}

/// Lets a request in, whatever it asks for, or answers it with 400, 403 or 429.
pub(in crate::http) async fn admit(
    State(access): State<Arc<Access>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<SocketAddr>();
    // Whoever serves without saying to whom would make everybody the same somebody.
    let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), SocketAddr::ip);
    let arrival = access.arrival(peer, request.headers());
    if let Err(refused) = access.admit(arrival, request.headers(), Instant::now()) {
        return answer_unread(request, refused).await;
    }
    request.extensions_mut().insert(arrival);
    request.extensions_mut().insert(access);
    next.run(request).await
}

/// Lets a request through to the handler of a route that needs `needs`, with its [`Caller`] and its body, or answers
/// it with 401, 403, 408, 413 or 429.
pub(in crate::http) async fn gate(needs: Needs, mut request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let (Some(access), Some(arrival)) = (
        extensions.get::<Arc<Access>>().cloned(),
        extensions.get::<Arrival>().copied(),
    ) else {
        // A route that was made without `admit`: nobody may pass.
        tracing::error!(path = request.uri().path(), "a route is not guarded");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let caller = match access.authorize(needs, arrival, request.method(), request.headers()) {
        Ok(caller) => caller,
        Err(refused) => return answer_unread(request, refused).await,
    };
    if let Some(caller) = &caller {
        request.extensions_mut().insert(caller.clone());
    }
    let change =
        (!request.method().is_safe()).then(|| (request.method().clone(), request.uri().path().to_owned()));
    let request = match with_bounded_body(request).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    let response = next.run(request).await;
    if let (
        Some((method, path)),
        Some(Caller {
            name, role, address, ..
        }),
    ) = (change, caller)
    {
        let status = response.status().as_u16();
        tracing::info!(caller = name, %role, %address, %method, path, status, "asked by a caller");
    }
    response
}

/// Answers a request without looking at its body. A short body is taken off the connection first, for whoever still sends
/// while the connection is closed may never see the answer; after a long one the connection ends.
pub(in crate::http) async fn answer_unread(request: Request, mut response: Response) -> Response {
    let taken = tokio::time::timeout(UNREAD_TIMEOUT, to_bytes(request.into_body(), MAX_UNREAD_BYTES)).await;
    if !matches!(taken, Ok(Ok(_))) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// Lets a request through with all of its body, or answers it with 408 or 413.
pub(in crate::http) async fn bound_body(request: Request, next: Next) -> Response {
    match with_bounded_body(request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The request with all of its body, which has to be short and to come in time.
async fn with_bounded_body(request: Request) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    let collected = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY_BYTES));
    match collected.await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(parts, Body::from(bytes))),
        Ok(Err(_)) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "The request's body cannot be taken",
            format!("It is longer than {MAX_BODY_BYTES} bytes, or it broke off."),
            "Send less at once.",
        )),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "slow-body",
            "The request's body did not arrive in time",
            format!("It took longer than {} seconds.", BODY_TIMEOUT.as_secs()),
            "Send it faster, or in smaller requests.",
        )),
    }
}

impl Access {
    /// How a request came from `peer`. Of a list of addresses only what trusted proxies have put there counts, and
    /// each puts the one that it saw at the end.
    fn arrival(&self, peer: IpAddr, headers: &HeaderMap) -> Arrival {
        let is_trusted = |address: IpAddr| self.trusted_proxies.iter().any(|net| net.contains(&address));
        let mut address = peer.to_canonical();
        if !is_trusted(address) {
            return Arrival {
                address,
                is_https: false,
            };
        }
        let lists: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .into_iter()
            .filter_map(|list| list.to_str().ok())
            .collect();
        for entry in lists.iter().rev().flat_map(|list| list.rsplit(',')) {
            // Whatever is before something that no proxy writes is nobody's word.
            let Ok(before) = entry.trim().parse::<IpAddr>() else {
                break;
            };
            address = before.to_canonical();
            if !is_trusted(address) {
                break;
            }
        }
        let is_https =
            only(headers, FORWARDED_PROTO).is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        Arrival { address, is_https }
    }

    #[expect(
        clippy::result_large_err,
        reason = "a refusal is a response, and made once a request at most"
    )]
    fn admit(&self, arrival: Arrival, headers: &HeaderMap, now: Instant) -> Result<(), Response> {
        if headers.get_all(header::HOST).into_iter().count() > 1 {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "request",
                "The request cannot be read",
                "It names two hosts.",
                "Send one Host header.",
            )
            .into_response());
        }
        if !self.is_open() {
            let taken = self.addresses.take(counted(arrival.address), now);
            return taken.map_err(|wait| too_many("this address", wait));
        }
        if is_addressed_to_loopback(headers) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign-host",
            "This node serves this machine only",
            "The request was addressed to a name that is not this machine's loopback.",
            "Open it as http://127.0.0.1 or http://localhost, or set a token to serve others.",
        )
        .into_response())
    }

    /// Who asks, if they may.
    #[expect(
        clippy::result_large_err,
        reason = "a refusal is a response, and made once a request at most"
    )]
    fn authorize(
        &self,
        needs: Needs,
        arrival: Arrival,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<Caller>, Response> {
        let now = Instant::now();
        let caller = match (self.identify(arrival, headers, now), needs) {
            (Ok(caller), _) => caller,
            // Whoever needs not be known is not turned away for what they once were.
            (Err(_), Needs::Nothing) => None,
            (Err(refused), Needs::Role(_)) => return Err(refused),
        };
        if let Needs::Role(role) = needs {
            require(role, caller.as_ref())?;
        }
        if !method.is_safe() {
            refuse_forgery(caller.as_ref(), headers)?;
        }
        if let Some(caller) = &caller
            && caller.means != Means::Open
        {
            let taken = self.callers.take(caller.name.clone(), now);
            taken.map_err(|wait| too_many("this token", wait))?;
        }
        Ok(caller)
    }

    /// Who asks: by their token, or else by the session of their browser. Nobody in particular is no error.
    #[expect(
        clippy::result_large_err,
        reason = "a refusal is a response, and made once a request at most"
    )]
    fn identify(
        &self,
        arrival: Arrival,
        headers: &HeaderMap,
        now: Instant,
    ) -> Result<Option<Caller>, Response> {
        if self.is_open() {
            return Ok(Some(Caller {
                name: LOCAL.to_owned(),
                role: Role::Admin,
                address: arrival.address,
                means: Means::Open,
            }));
        }
        let caller = |bearer: &Bearer, means| Caller {
            name: bearer.name.clone(),
            role: bearer.role,
            address: arrival.address,
            means,
        };
        if headers.contains_key(header::AUTHORIZATION) {
            let token = only(headers, header::AUTHORIZATION).and_then(bearer_token);
            let bearer = self.try_token(token.unwrap_or_default(), arrival.address, now)?;
            return Ok(Some(caller(bearer, Means::Token)));
        }
        let session = self
            .sessions
            .bearer(headers, &self.tokens, jiff::Timestamp::now());
        Ok(session.map(|(bearer, _)| caller(bearer, Means::Session)))
    }

    /// Whose token this is. Wrong ones are counted by address, and after some of them nothing from there is looked at
    /// for a while.
    #[expect(
        clippy::result_large_err,
        reason = "a refusal is a response, and made once a request at most"
    )]
    fn try_token(&self, token: &str, address: IpAddr, now: Instant) -> Result<&Bearer, Response> {
        let counted = counted(address);
        // Counted before it is looked at, so that many at once are no way around it.
        self.failures
            .take(counted, now)
            .map_err(|wait| too_many("wrong tokens from this address", wait))?;
        let bearer = (token.len() <= MAX_TOKEN_BYTES)
            .then(|| self.tokens.bearer(token))
            .flatten();
        let Some(bearer) = bearer else {
            tracing::warn!(%address, "a wrong token was sent");
            return Err(unauthorized("The token that was sent is not known here."));
        };
        self.failures.give_back(&counted);
        Ok(bearer)
    }

    /// Opens a session for whoever has this token.
    #[expect(
        clippy::result_large_err,
        reason = "a refusal is a response, and made once a request at most"
    )]
    pub(in crate::http) fn open_session(
        &self,
        token: &str,
        arrival: Arrival,
    ) -> Result<(Caller, NewSession), Response> {
        let bearer = self.try_token(token, arrival.address, Instant::now())?;
        tracing::info!(caller = bearer.name, address = %arrival.address, "a browser session begins");
        let caller = Caller {
            name: bearer.name.clone(),
            role: bearer.role,
            address: arrival.address,
            means: Means::Session,
        };
        Ok((
            caller,
            self.sessions
                .issue(bearer, arrival.is_https, jiff::Timestamp::now()),
        ))
    }

    /// When the session that these cookies hold ends.
    pub(in crate::http) fn session_expires_at(&self, headers: &HeaderMap) -> Option<jiff::Timestamp> {
        let session = self
            .sessions
            .bearer(headers, &self.tokens, jiff::Timestamp::now());
        session.map(|(_, expires_at)| expires_at)
    }
}

#[expect(
    clippy::result_large_err,
    reason = "a refusal is a response, and made once a request at most"
)]
fn require(role: Role, caller: Option<&Caller>) -> Result<(), Response> {
    let Some(caller) = caller else {
        return Err(unauthorized(
            "The request has no `Authorization: Bearer …` with a token, and no session.",
        ));
    };
    if caller.role >= role {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "role",
        "Your role may not do that",
        format!(
            "It takes the role {role}, and {} is {}.",
            caller.name, caller.role
        ),
        "Ask who runs the node for a token of that role.",
    )
    .into_response())
}

fn unauthorized(detail: &str) -> Response {
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "This node needs a token",
        detail,
        "Ask who runs the node for a token; the command line takes it from AURORA_TOKEN.",
    );
    let mut response = problem.into_response();
    let scheme = HeaderValue::from_static("Bearer");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    response
}

/// Refuses what a page of another origin makes somebody's browser ask. A token in the request was put there by
/// whoever asks, so that no browser has added anything to it.
#[expect(
    clippy::result_large_err,
    reason = "a refusal is a response, and made once a request at most"
)]
fn refuse_forgery(caller: Option<&Caller>, headers: &HeaderMap) -> Result<(), Response> {
    let means = caller.map(|caller| caller.means);
    if means == Some(Means::Token) {
        return Ok(());
    }
    let foreign = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "foreign-origin",
            "Another site may not ask this",
            "The browser says that the request comes from a page of another origin.",
            "Use this node's own page, or a program with a token.",
        )
    };
    let without_header = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "request-header",
            "A session alone may not ask this",
            format!("A request with a session's cookie has to bear the header {REQUEST_HEADER} as well."),
            "Send it with any value, or send a token instead of the cookie.",
        )
    };
    if is_foreign(headers) {
        return Err(foreign().into_response());
    }
    if means == Some(Means::Session) && !has_request_header(headers) {
        return Err(without_header().into_response());
    }
    Ok(())
}

fn too_many(what: &str, wait: Duration) -> Response {
    let problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-requests",
        "Too many requests",
        format!("There were too many requests of {what} lately."),
        "Wait as long as Retry-After says, and ask less often.",
    );
    retry_later(problem, wait)
}

/// The problem, with how long to wait before the next try.
fn retry_later(problem: Problem, wait: Duration) -> Response {
    let mut response = problem.into_response();
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, seconds.max(1).into());
    response
}

/// The token of `Bearer TOKEN`; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// What an address is counted as: who has one address of IPv6 has the other 2^64 of its network as well.
fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
