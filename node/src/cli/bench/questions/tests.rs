//! The examination against a node and a ClickHouse that say what the test tells them to.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::*;

/// What is replied to a question, a statement through the node, and one to ClickHouse itself.
#[derive(Default)]
struct Script {
    ask: (u16, Value),
    sql: Value,
    /// By turns; the last one stays.
    known: Vec<Value>,
}

type Shared = Arc<Mutex<Script>>;

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn exam(script: Script) -> Exam {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let script: Shared = Arc::new(Mutex::new(script));
    let (ask, sql, known) = (Arc::clone(&script), Arc::clone(&script), script);
    let node = Router::new()
        .route(
            "/api/v1/ask",
            post(async move || -> Response {
                let (status, body) = ask.lock().ask.clone();
                (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
            }),
        )
        .route("/api/v1/sql", post(async move || Json(sql.lock().sql.clone())));
    let clickhouse = Router::new().route(
        "/",
        post(async move || {
            let mut script = known.lock();
            let rows = if script.known.len() > 1 {
                script.known.remove(0)
            } else {
                script.known[0].clone()
            };
            Json(json!({ "data": rows }))
        }),
    );
    Exam {
        node: Node::new(&serve(node).await, None, Duration::from_secs(20)).unwrap(),
        database: Database::new(&serve(clickhouse).await, "db").unwrap(),
    }
}

fn question(more: &Value) -> Question {
    let mut question = json!({ "id": "a", "question": "How many?" });
    for (key, value) in more.as_object().unwrap() {
        question[key] = value.clone();
    }
    serde_json::from_value(question).unwrap()
}

async fn outcome(script: Script, more: Value) -> Outcome {
    exam(script).await.put(&question(&more), 1).await.unwrap()
}

fn answer(rows: &Value) -> (u16, Value) {
    (
        200,
        json!({ "sql": "SELECT 1", "rows": rows, "engine": "built-in", "attempts": 1 }),
    )
}

#[tokio::test]
async fn the_known_rows_are_right_and_others_are_not() {
    let gold = json!({ "gold": "SELECT count() FROM t" });
    let known = || vec![json!([[7]])];
    let right = outcome(
        Script {
            ask: answer(&json!([["7"]])),
            known: known(),
            ..Script::default()
        },
        gold.clone(),
    )
    .await;
    assert!(right.right, "{right:?}");
    assert_eq!(right.engine.as_deref(), Some("built-in"));
    let wrong = outcome(
        Script {
            ask: answer(&json!([["8"]])),
            known: known(),
            ..Script::default()
        },
        gold,
    )
    .await;
    assert!(!wrong.right, "{wrong:?}");
}

#[tokio::test]
async fn any_alternative_is_as_right() {
    let script = Script {
        ask: answer(&json!([[8]])),
        known: vec![json!([[7]]), json!([[8]])],
        ..Script::default()
    };
    let outcome = outcome(
        script,
        json!({ "gold": "SELECT a FROM t", "alternatives": ["SELECT b FROM t"] }),
    )
    .await;
    assert!(outcome.right, "{outcome:?}");
}

#[tokio::test]
async fn what_depends_on_time_is_compared_at_the_same_moment_once_more() {
    let script = || Script {
        ask: answer(&json!([[7]])),
        sql: json!({ "rows": [[9]] }),
        known: vec![json!([[8]]), json!([[9]])],
    };
    let moving = outcome(
        script(),
        json!({ "gold": "SELECT count() FROM t WHERE at > now() - 60" }),
    )
    .await;
    assert!(moving.right, "{moving:?}");
    let standing = outcome(script(), json!({ "gold": "SELECT count() FROM t" })).await;
    assert!(!standing.right, "{standing:?}");
}

#[tokio::test]
async fn a_question_back_is_right_only_where_there_is_no_answer() {
    let script = || Script {
        ask: (200, json!({ "clarification": "Which one?" })),
        known: vec![json!([[7]])],
        ..Script::default()
    };
    assert!(outcome(script(), json!({ "expect": "clarify" })).await.right);
    assert!(outcome(script(), json!({ "expect": "refuse" })).await.right);
    assert!(
        !outcome(script(), json!({ "gold": "SELECT count() FROM t" }))
            .await
            .right
    );
    let answered = Script {
        ask: answer(&json!([[7]])),
        ..Script::default()
    };
    assert!(!outcome(answered, json!({ "expect": "refuse" })).await.right);
}

#[tokio::test]
async fn a_node_that_breaks_down_has_not_refused() {
    let script = Script {
        ask: (500, json!({ "rows": [] })),
        ..Script::default()
    };
    let outcome = outcome(script, json!({ "expect": "refuse" })).await;
    assert!(!outcome.right, "{outcome:?}");
}

#[tokio::test]
async fn a_known_answer_that_cannot_be_found_is_an_error_and_no_verdict() {
    let mut exam = exam(Script {
        ask: answer(&json!([[7]])),
        known: vec![json!([[7]])],
        ..Script::default()
    })
    .await;
    exam.database = Database::new(&serve(Router::new()).await, "db").unwrap();
    let error = exam
        .put(&question(&json!({ "gold": "SELECT 1" })), 1)
        .await
        .unwrap_err();
    assert!(format!("{error:#}").contains("known answer of a"), "{error:#}");
}

#[test]
fn zeros_and_nothing_say_nothing() {
    assert!(!says_something(&[]));
    assert!(!says_something(&[vec![json!(0), Value::Null]]));
    assert!(says_something(&[vec![json!(0), json!("a")]]));
}
