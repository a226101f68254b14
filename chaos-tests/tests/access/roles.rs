//! Every route, as everybody.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, gossip_options};
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_node::http::access::{Needs, Role};
use aurora_node::http::{StatedRoute, stated_routes};
use reqwest::Method;
use serde_json::json;

use super::{by, guarded, log_in, nobody, send, with_cookie};

/// The path with something in it that is not there.
fn path(route: &StatedRoute) -> String {
    let parts = route.path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { "nothing" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// What this route answers to somebody who is nobody, nobody good, or in this role.
async fn ask(node: &Node, route: &StatedRoute, name: Option<&str>) -> Result<u16> {
    let api = match name {
        Some(name) => by(node, name),
        None => nobody(node)?,
    };
    let request = api.request(route.method.clone(), &path(route));
    let request = if route.method.is_safe() {
        request
    } else {
        request.json(&json!({}))
    };
    // The answer itself may have no end.
    let response = request.send().await.context("the node does not answer")?;
    Ok(response.status().as_u16())
}

#[tokio::test]
async fn every_route_asks_for_the_role_that_it_states() -> Result<()> {
    Sandbox::run("roles", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = Node::start(sandbox, &guarded(&clickhouse)).await?;
        node.until_ready().await?;
        let routes = stated_routes();
        ensure!(routes.len() > 20, "there are only {} routes", routes.len());
        for route in &routes {
            let shown = format!("{} {}", route.method, route.path);
            let (unknown, wrong) = (
                ask(&node, route, None).await?,
                ask(&node, route, Some("mallory")).await?,
            );
            let needed = match route.needs {
                Needs::Nothing => {
                    ensure!(![401, 403].contains(&unknown), "{shown}: {unknown}");
                    ensure!(
                        ![401, 403].contains(&wrong),
                        "{shown} with a wrong token: {wrong}"
                    );
                    continue;
                }
                Needs::Role(needed) => needed,
            };
            ensure!((unknown, wrong) == (401, 401), "{shown}: {unknown}, {wrong}");
            for (name, role) in [
                ("vera", Role::Viewer),
                ("edith", Role::Editor),
                ("ada", Role::Admin),
            ] {
                let status = ask(&node, route, Some(name)).await?;
                let is_let_in = ![401, 403].contains(&status);
                ensure!(is_let_in == (role >= needed), "{shown} as {role}: {status}");
                ensure!(is_let_in || status == 403, "{shown} as {role}: {status}");
                ensure!(status < 500, "{shown} as {role}: {status}");
            }
        }
        let other_method = by(&node, "ada").request(Method::DELETE, "/api/v1/sql");
        let reply = send(other_method).await?;
        ensure!((reply.status, reply.problem()) == (405, "method"), "{reply:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_one_node_is_one_of_all_and_of_no_other_cluster() -> Result<()> {
    Sandbox::run("sessions", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        // The same tokens, another key. It comes first, while the ClickHouse is nobody's.
        let alone = NodeOptions {
            id: "alone".to_owned(),
            ..guarded(&clickhouse)
        };
        let alone = Node::start(sandbox, &alone).await?;
        alone.until_ready().await?;
        let members = gossip_options(2)?
            .into_iter()
            .zip(1..)
            .map(|(gossip, number)| NodeOptions {
                id: format!("node-{number}"),
                cluster: Some(gossip),
                ..guarded(&clickhouse)
            });
        let cluster = Cluster::with_options(sandbox, &members.collect::<Vec<_>>()).await?;
        for node in &cluster.nodes {
            node.until_ready().await?;
        }
        let cookie = log_in(&cluster.nodes[0], "vera").await?;
        for node in &cluster.nodes {
            let who = send(with_cookie(node, Method::GET, "/api/v1/session", &cookie)?).await?;
            ensure!(
                who.body["name"] == "vera"
                    && who.body["role"] == "viewer"
                    && who.body["expires_at"].is_string(),
                "{who:?}"
            );
            ensure!(
                who.body["may"] == json!(["read", "ask"]) && who.body["open"] == false,
                "{who:?}"
            );
            let sql = with_cookie(node, Method::POST, "/api/v1/sql", &cookie)?;
            let answer = send(sql.json(&json!({ "sql": "SELECT 1" }))).await?;
            ensure!(answer.status == 200, "{answer:?}");
            let glossary = with_cookie(node, Method::PUT, "/api/v1/glossary", &cookie)?;
            ensure!(send(glossary.json(&json!({ "entries": [] }))).await?.status == 403);
        }
        let out = send(with_cookie(
            &cluster.nodes[1],
            Method::DELETE,
            "/api/v1/session",
            &cookie,
        )?)
        .await?;
        ensure!(
            out.status == 204 && out.header("set-cookie").contains("Max-Age=0"),
            "{out:?}"
        );

        let who = send(with_cookie(&alone, Method::GET, "/api/v1/session", &cookie)?).await?;
        ensure!(who.status == 200 && who.body["name"].is_null(), "{who:?}");
        Ok(())
    })
    .await
}
