//! One request: what happened to it, and its item as it stands.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::timeline;
use crate::system::{System, stored};

/// `GET /api/request/ID`: its time line, its item in DynamoDB's JSON, and its CloudTrail record. 404 where the table holds
/// no such request.
pub(super) async fn request(State(system): State<Arc<System>>, Path(id): Path<String>) -> Response {
    let stored = system.stored().await;
    let Some(item) = stored.item(&id) else {
        let error = format!("the table holds no request {id}: it was not stored yet, or never will be");
        return (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response();
    };
    let record = record(&system, &id, item);
    let request = stored::request(item);
    let timeline = request.map(|request| timeline::of(&system, &stored, &request, record.as_ref())).unwrap_or_default();
    let (item, notes) = readable(item);
    Json(json!({ "id": id, "timeline": timeline, "item": item, "notes": notes, "record": record })).into_response()
}

/// The CloudTrail record: the item's, else (it was too large for the item) the trail's of this run.
fn record(system: &System, id: &str, item: &Value) -> Option<Value> {
    let stored = item.get("record").and_then(stored::long_text).and_then(|text| serde_json::from_str(&text).ok());
    stored.or_else(|| timeline::recorded(system, id).map(|entry| entry.record))
}

/// The item, with the texts that are stored compressed as texts, and which those are.
fn readable(item: &Value) -> (Value, Vec<String>) {
    let mut item = item.clone();
    let mut notes = Vec::new();
    for name in ["record", "request"] {
        let Some(attribute) = item.get_mut(name).filter(|attribute| attribute.get("B").is_some()) else { continue };
        if let Some(text) = stored::long_text(attribute) {
            notes.push(format!(
                "`{name}` is stored gzipped, as a binary (B); it is shown here as the text that it holds"
            ));
            *attribute = json!({ "S": text });
        }
    }
    (item, notes)
}
