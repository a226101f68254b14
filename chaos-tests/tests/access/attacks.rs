//! What somebody tries who should not be let in.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use reqwest::{Method, header};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{REQUEST_HEADER, by, guarded, log_in, nobody, send, with_cookie};

/// Sends bytes as they are, and returns the status of the answer with all of it, or nothing if the connection was closed
/// instead.
async fn raw(node: &Node, request: &[u8]) -> Result<(Option<u16>, String)> {
    answer(send_raw(node, request).await?).await
}

/// The same, and sends no more: what is no whole request is waited for no longer.
async fn raw_end(node: &Node, request: &[u8]) -> Result<(Option<u16>, String)> {
    let mut stream = send_raw(node, request).await?;
    let _ = stream.shutdown().await;
    answer(stream).await
}

async fn send_raw(node: &Node, request: &[u8]) -> Result<TcpStream> {
    let address = node.api().base().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    // The node may close before it has read all.
    let _ = stream.write_all(request).await;
    Ok(stream)
}

async fn answer(mut stream: TcpStream) -> Result<(Option<u16>, String)> {
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(PATIENCE, read)
        .await
        .context("no end of the answer")?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    Ok((status.map(str::parse).transpose()?, answer))
}

async fn get(node: &Node, target: &str, headers: &str) -> Result<Option<u16>> {
    let request = format!("GET {target} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    Ok(raw(node, request.as_bytes()).await?.0)
}

#[tokio::test]
async fn no_way_of_writing_a_path_gets_around_the_gate() -> Result<()> {
    Sandbox::run("paths", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = Node::start(sandbox, &guarded(&clickhouse)).await?;
        node.until_ready().await?;
        let host = "Host: aurora.example\r\n";
        for target in [
            "/api/v1/streams",
            "//api/v1/streams",
            "/api//v1/streams",
            "/api/v1/streams/",
            "/api/v1/./streams",
            "/healthz/../api/v1/streams",
            "/healthz/%2e%2e/api/v1/streams",
            "/api/v1/%73treams",
            "/api/v1%2fstreams",
            "/API/V1/STREAMS",
            "/api/v1/streams;x=1",
            "/api/v1/streams?token=node-secret",
            "/api/v1/streams%00",
            "/api/v1/session/../streams",
            "http://127.0.0.1/api/v1/streams",
            "/api/v1/streams/%ff",
        ] {
            let request = format!("GET {target} HTTP/1.1\r\nConnection: close\r\n{host}\r\n");
            let (status, answer) = raw(&node, request.as_bytes()).await?;
            // What is no route is the page, or nothing.
            let is_page = answer.contains("<!doctype html>");
            let is_nothing = matches!(status, Some(400 | 401 | 404)) && !answer.contains("\"streams\"");
            ensure!(is_page || is_nothing, "{target}: {answer}");
        }
        let with_token = "Host: a\r\nAuthorization: Bearer vera-secret\r\n";
        ensure!(get(&node, "/api/v1/streams", with_token).await? == Some(200));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn heads_and_bodies_are_bounded_and_two_hosts_are_one_too_many() -> Result<()> {
    Sandbox::run("bounds", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = Node::start(sandbox, &guarded(&clickhouse)).await?;
        node.until_ready().await?;
        let token = "Host: a\r\nAuthorization: Bearer vera-secret\r\n";
        let path = "/api/v1/streams";
        ensure!(get(&node, path, token).await? == Some(200));
        let large = format!("{token}X: {}\r\n", "x".repeat(64 << 10));
        ensure!(get(&node, path, &large).await?.is_none_or(|status| status == 431));
        let many: String = (0..100).map(|n| format!("X-{n}: 1\r\n")).collect();
        ensure!(
            get(&node, path, &format!("{token}{many}"))
                .await?
                .is_none_or(|status| status == 431)
        );
        ensure!(get(&node, path, &format!("{token}Host: b\r\n")).await? == Some(400));
        ensure!(get(&node, path, "Host: a\r\nAuthorization: Bearer \u{fffd}\r\n").await? == Some(401));
        for garbage in [
            "\r\n\r\n\r\n",
            "GET\r\n\r\n",
            "\u{16}\u{3}\u{1}",
            "GET / HTTP/9.9\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\n",
        ] {
            let request = format!("{garbage}\r\n\r\n");
            let (status, _) = raw_end(&node, request.as_bytes()).await?;
            ensure!(
                status.is_none_or(|status| (400..506).contains(&status)),
                "{garbage:?}: {status:?}"
            );
        }
        let body = json!({ "sql": "x".repeat(2 << 20) });
        let reply = send(by(&node, "vera").request(Method::POST, "/api/v1/sql").json(&body)).await?;
        ensure!((reply.status, reply.problem()) == (413, "too-large"), "{reply:?}");
        let body = json!({ "token": "x".repeat(500_000) });
        let reply = send(
            nobody(&node)?
                .request(Method::POST, "/api/v1/session")
                .json(&body),
        )
        .await?;
        ensure!(reply.status == 401, "{reply:?}");
        // All of it has left the node as it was.
        ensure!(nobody(&node)?.get("/healthz").await?.status == 200);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing_and_an_altered_one_is_nobody() -> Result<()> {
    Sandbox::run("cookies", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = Node::start(sandbox, &guarded(&clickhouse)).await?;
        node.until_ready().await?;
        let cookie = log_in(&node, "ada").await?;
        let sql = |cookie: &str| {
            let request = nobody(&node)?.request(Method::POST, "/api/v1/sql");
            let request = request.json(&json!({ "sql": "SELECT 1" }));
            anyhow::Ok(request.header(header::COOKIE, cookie))
        };
        let host = node.api().base();
        for (request, problem) in [
            (sql(&cookie)?, "request-header"),
            (
                sql(&cookie)?
                    .header(REQUEST_HEADER, "1")
                    .header(header::ORIGIN, "http://evil.example"),
                "foreign-origin",
            ),
            (
                sql(&cookie)?
                    .header(REQUEST_HEADER, "1")
                    .header(header::ORIGIN, "null"),
                "foreign-origin",
            ),
            (
                sql(&cookie)?
                    .header(REQUEST_HEADER, "1")
                    .header("sec-fetch-site", "same-site"),
                "foreign-origin",
            ),
            (sql(&cookie)?.header(header::ORIGIN, host), "request-header"),
        ] {
            let reply = send(request).await?;
            ensure!((reply.status, reply.problem()) == (403, problem), "{reply:?}");
        }
        let own = sql(&cookie)?
            .header(REQUEST_HEADER, "1")
            .header(header::ORIGIN, host);
        ensure!(send(own).await?.status == 200);
        let middle = cookie.len() / 2;
        let other = if cookie.as_bytes()[middle] == b'A' {
            "B"
        } else {
            "A"
        };
        for altered in [
            format!("{}{other}{}", &cookie[..middle], &cookie[middle + 1..]),
            cookie[..cookie.len() - 2].to_owned(),
            format!("{cookie}AA"),
            "aurora_session=".to_owned(),
            "aurora_session=ada".to_owned(),
            cookie.replace("aurora_session", "session"),
        ] {
            let reply = send(sql(&altered)?.header(REQUEST_HEADER, "1")).await?;
            ensure!(
                (reply.status, reply.header("www-authenticate")) == (401, "Bearer"),
                "{altered}: {reply:?}"
            );
        }
        // A page elsewhere cannot log somebody in as somebody else either.
        let login = nobody(&node)?.request(Method::POST, "/api/v1/session");
        let login = login
            .json(&json!({ "token": "vera-secret" }))
            .header(header::ORIGIN, "http://evil.example");
        ensure!(send(login).await?.problem() == "foreign-origin");
        let drain = with_cookie(&node, Method::POST, "/api/v1/cluster/nodes/node-1/drain", &cookie)?;
        ensure!(send(drain.header("sec-fetch-site", "cross-site")).await?.status == 403);
        ensure!(nobody(&node)?.get("/healthz").await?.status == 200);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_open_node_is_of_no_use_to_pages_from_elsewhere() -> Result<()> {
    Sandbox::run("open", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = Node::start(sandbox, &NodeOptions::without_kafka(&clickhouse)).await?;
        node.until_ready().await?;
        let who = nobody(&node)?.get("/api/v1/session").await?;
        ensure!(who.json()["name"] == "local" && who.json()["role"] == "admin" && who.json()["open"] == true);
        let sql = || {
            let request = nobody(&node)?.request(Method::POST, "/api/v1/sql");
            anyhow::Ok(request.json(&json!({ "sql": "SELECT 1" })))
        };
        ensure!(send(sql()?).await?.status == 200);
        ensure!(
            send(sql()?.header(header::ORIGIN, node.api().base()))
                .await?
                .status
                == 200
        );
        for origin in [
            "http://evil.example",
            "http://127.0.0.1:1",
            "null",
            "http://127.0.0.1.evil.example",
        ] {
            let reply = send(sql()?.header(header::ORIGIN, origin)).await?;
            ensure!(
                (reply.status, reply.problem()) == (403, "foreign-origin"),
                "{origin}: {reply:?}"
            );
        }
        let drain = nobody(&node)?.request(Method::POST, "/api/v1/cluster/nodes/node-1/drain");
        let reply = send(drain.header("sec-fetch-site", "cross-site")).await?;
        ensure!(reply.problem() == "foreign-origin", "{reply:?}");
        // The browser takes this for the page's own origin: its name was made to point here.
        let rebound = sql()?
            .header(header::HOST, "evil.example")
            .header(header::ORIGIN, "http://evil.example");
        let reply = send(rebound).await?;
        ensure!(
            (reply.status, reply.problem()) == (403, "foreign-host"),
            "{reply:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_asks_too_often_or_guesses_is_slowed_down() -> Result<()> {
    Sandbox::run("rates", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let options = NodeOptions {
            access: "tokens = [{ name = 'vera', role = 'viewer', token = 'vera-secret' }]\n\
                     requests_per_s = 2\nwrong_tokens_per_minute = 30"
                .to_owned(),
            ..guarded(&clickhouse)
        };
        let node = Node::start(sandbox, &options).await?;
        let ask = async |name: &str| send(by(&node, name).request(Method::GET, "/api/v1/streams")).await;
        let limited = eventually("vera to be slowed down", PATIENCE, async || {
            let reply = ask("vera").await?;
            anyhow::Ok((reply.status == 429).then_some(reply))
        });
        let limited = limited.await?;
        let wait: u64 = limited.header("retry-after").parse()?;
        ensure!(
            limited.problem() == "too-many-requests" && (1..=5).contains(&wait),
            "{limited:?} {wait}"
        );
        ensure!(ask("node").await?.status == 200, "somebody else");
        tokio::time::sleep(Duration::from_secs(wait)).await;
        ensure!(ask("vera").await?.status == 200, "after the wait");

        let mut refused = 0;
        let limited = eventually("the guesses to be slowed down", PATIENCE, async || {
            let reply = ask("mallory").await?;
            refused += u32::from(reply.status == 401);
            anyhow::Ok((reply.status == 429).then_some(reply))
        });
        let wait: u64 = limited.await?.header("retry-after").parse()?;
        ensure!(refused >= 20, "{refused} guesses");
        // Not even the right one is looked at now, by whatever door. There is room for one again every two seconds, which
        // another guess takes.
        let login = json!({ "token": "node-secret" });
        eventually("the right one to be turned away", PATIENCE, async || {
            ask("mallory").await?;
            let door = nobody(&node)?.request(Method::POST, "/api/v1/session");
            let reply = send(door.json(&login)).await?;
            ensure!(reply.status == 429, "{reply:?}");
            anyhow::Ok(true)
        })
        .await?;
        tokio::time::sleep(Duration::from_secs(wait + 1)).await;
        ensure!(
            send(
                nobody(&node)?
                    .request(Method::POST, "/api/v1/session")
                    .json(&login)
            )
            .await?
            .status
                == 200
        );
        ensure!(nobody(&node)?.get("/healthz").await?.status == 200);
        Ok(())
    })
    .await
}
