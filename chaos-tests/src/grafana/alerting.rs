//! Alerts: groups of rules, and the contact points that they name.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Shared, found, lock, no, parse, text};

pub(super) fn app() -> Router<Shared> {
    Router::new()
        .route(
            "/api/v1/provisioning/contact-points",
            get(contact_points).post(add_contact_point),
        )
        .route(
            "/api/v1/provisioning/contact-points/{uid}",
            put(change_contact_point).delete(remove_contact_point),
        )
        .route(
            "/api/v1/provisioning/folder/{folder}/rule-groups/{group}",
            put(put_group).get(group),
        )
}

async fn group(State(kept): State<Shared>, Path(key): Path<(String, String)>) -> Response {
    found(lock(&kept).groups.get(&key).cloned())
}

async fn put_group(State(kept): State<Shared>, Path(key): Path<(String, String)>, body: Bytes) -> Response {
    let mut kept = lock(&kept);
    if !kept.folders.contains_key(&key.0) {
        return no(400, "folder does not exist", "");
    }
    let mut group = parse(&body);
    for receiver in receivers(&group) {
        if !kept
            .contact_points
            .values()
            .any(|point| point["name"] == *receiver)
        {
            return no(400, &format!("receiver '{receiver}' does not exist"), "");
        }
    }
    for rule in group["rules"].as_array_mut().into_iter().flatten() {
        kept.next_id += 1;
        rule["id"] = json!(kept.next_id);
        rule["updated"] = json!(format!("at {}", kept.next_id));
        rule["provenance"] = json!("api");
        if kept.routes_by_policies_only {
            rule["notification_settings"] = json!(null);
        }
        // Durations come back in other words.
        if rule["for"] == "5m" {
            rule["for"] = json!("5m0s");
        }
    }
    kept.groups.insert(key, group.clone());
    Json(group).into_response()
}

/// The contact points that rules of a group name.
fn receivers(group: &Value) -> Vec<String> {
    let rules = group["rules"].as_array().into_iter().flatten();
    let receivers = rules.filter_map(|rule| rule["notification_settings"]["receiver"].as_str());
    receivers.map(str::to_owned).collect()
}

async fn contact_points(State(kept): State<Shared>) -> Response {
    let points: Vec<Value> = lock(&kept).contact_points.values().cloned().collect();
    Json(points).into_response()
}

async fn add_contact_point(State(kept): State<Shared>, body: Bytes) -> Response {
    let (mut kept, mut body) = (lock(&kept), parse(&body));
    if kept.contact_points.contains_key(&text(&body["uid"])) {
        return no(409, "a contact point with this uid exists", "");
    }
    body["provenance"] = json!("api");
    kept.contact_points.insert(text(&body["uid"]), body.clone());
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

async fn change_contact_point(State(kept): State<Shared>, Path(uid): Path<String>, body: Bytes) -> Response {
    let (mut kept, mut body) = (lock(&kept), parse(&body));
    if !kept.contact_points.contains_key(&uid) {
        return no(404, "not found", "");
    }
    body["provenance"] = json!("api");
    kept.contact_points.insert(uid, body);
    let done = json!({ "message": "contactpoint updated" });
    (StatusCode::ACCEPTED, Json(done)).into_response()
}

async fn remove_contact_point(State(kept): State<Shared>, Path(uid): Path<String>) -> Response {
    let mut kept = lock(&kept);
    let name = kept.contact_points.get(&uid).map(|point| text(&point["name"]));
    let Some(name) = name else {
        return no(404, "not found", "");
    };
    if kept
        .groups
        .values()
        .flat_map(receivers)
        .any(|receiver| receiver == name)
    {
        return no(409, "contact point is in use by a rule", "");
    }
    kept.contact_points.remove(&uid);
    let done = json!({ "message": "contactpoint deleted" });
    (StatusCode::ACCEPTED, Json(done)).into_response()
}
