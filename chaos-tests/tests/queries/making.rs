//! Aurora makes the reading user where its writer may manage access.
//!
//! The embedded ClickHouse keeps its users in a file, so nobody can make one there. A stand-in before it takes
//! statements about access: has the real engine parse them, notes them, and does as if. Whoever logs in as the
//! new user is, once it has been made, the real reader.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use aurora_actors::store::Login;
use aurora_chaos_tests::api::http_client;
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Bench, PATIENCE};

const NEW_READER: &str = "made_by_aurora";
const NEW_PASSWORD: &str = "correct-horse-battery-staple";

struct StandIn {
    writer: Login,
    reader: Login,
    /// What was asked for about access, in order.
    statements: Mutex<Vec<String>>,
}

impl StandIn {
    fn statements(&self) -> Vec<String> {
        let statements = self.statements.lock();
        statements.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, statement: &str) {
        let statements = self.statements.lock();
        statements
            .unwrap_or_else(PoisonError::into_inner)
            .push(statement.to_owned());
    }

    fn is_made(&self) -> bool {
        let statements = self.statements();
        statements
            .iter()
            .any(|statement| statement.starts_with("GRANT SELECT"))
    }

    /// One request and its answer.
    async fn serve(&self, mut socket: TcpStream) -> Result<()> {
        let mut request = Vec::new();
        let (head, body) = loop {
            ensure!(socket.read_buf(&mut request).await? > 0, "it ends early");
            let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8(request[..end].to_vec())?;
            let length = header(&head, "content-length").unwrap_or("0").parse::<usize>()?;
            if request.len() >= end + 4 + length {
                break (head, String::from_utf8(request[end + 4..].to_vec())?);
            }
        };
        let (status, answer) = self.answer(&head, &body).await?;
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            answer.len()
        );
        socket.write_all(head.as_bytes()).await?;
        socket.write_all(&answer).await?;
        Ok(socket.shutdown().await?)
    }

    async fn answer(&self, head: &str, body: &str) -> Result<(u16, Vec<u8>)> {
        let path = head.split(' ').nth(1).context("no path")?;
        let user = header(head, "x-clickhouse-user").context("no user")?;
        let login = match user {
            NEW_READER if !self.is_made() || header(head, "x-clickhouse-key") != Some(NEW_PASSWORD) => {
                return Ok((403, b"Code: 516. DB::Exception: Authentication failed.".to_vec()));
            }
            NEW_READER => &self.reader,
            _ => &self.writer,
        };
        let is_access = [
            "CREATE SETTINGS PROFILE",
            "ALTER SETTINGS",
            "CREATE USER",
            "ALTER USER",
            "CREATE QUOTA",
            "GRANT ",
        ]
        .iter()
        .any(|start| body.starts_with(start));
        if is_access {
            let (status, answer) = forward(login, "/", &format!("EXPLAIN AST {body}")).await?;
            if status == 200 {
                self.note(body);
                return Ok((200, Vec::new()));
            }
            return Ok((status, answer));
        }
        forward(login, path, body).await
    }
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.trim())
}

async fn forward(login: &Login, path: &str, body: &str) -> Result<(u16, Vec<u8>)> {
    let request = http_client()?
        .post(format!("{}{path}", login.url))
        .header("X-ClickHouse-User", &login.user)
        .header("X-ClickHouse-Key", &login.password)
        .body(body.to_owned());
    let response = request.send().await?;
    Ok((response.status().as_u16(), response.bytes().await?.to_vec()))
}

#[tokio::test]
async fn a_reader_that_is_not_there_is_made() -> Result<()> {
    Sandbox::run("making", async |sandbox| {
        let bench = Bench::start(sandbox, &[]).await?;
        let stand_in = Arc::new(StandIn {
            writer: bench.clickhouse.writer().clone(),
            reader: bench.clickhouse.reader().clone(),
            statements: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = stand_in.clone();
        let server = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move {
                    if let Err(error) = serving.serve(socket).await {
                        eprintln!("the stand-in: {error:#}");
                    }
                });
            }
        });
        let mut options = NodeOptions::without_kafka(&bench.clickhouse);
        options.id = "maker".to_owned();
        options.writer.url.clone_from(&url);
        options.reader = Login {
            url,
            user: NEW_READER.to_owned(),
            password: NEW_PASSWORD.to_owned(),
        };
        let node = Node::start(sandbox, &options).await?;
        eventually("queries to be served", PATIENCE, async || {
            let answer = node.api().try_sql("SELECT 1").await?;
            ensure!(answer.status == 200, "{answer:?}");
            anyhow::Ok(Some(()))
        })
        .await?;
        let statements = stand_in.statements();
        let all = statements.join("\n");
        for part in [
            "CREATE SETTINGS PROFILE IF NOT EXISTS `made_by_aurora_profile`",
            "readonly = '1'",
            "max_execution_time = '30' MIN '1' MAX '30' CHANGEABLE_IN_READONLY",
            "CREATE USER IF NOT EXISTS `made_by_aurora` IDENTIFIED WITH sha256_hash BY '",
            "CREATE QUOTA IF NOT EXISTS",
            "GRANT SELECT, SHOW ON `events`.* TO `made_by_aurora`",
        ] {
            ensure!(all.contains(part), "{part} is missing in:\n{all}");
        }
        ensure!(!all.contains(NEW_PASSWORD), "the password is in a statement");
        let limits = node.api().get("/api/v1/limits").await?.json();
        ensure!(limits["wall"]["reader"] == json!(NEW_READER) && limits["wall"]["stands"] == true);
        server.abort();
        Ok(())
    })
    .await
}
