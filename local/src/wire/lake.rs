//! CloudTrail's API as far as Lake goes: StartQuery, DescribeQuery, GetQueryResults, CancelQuery.
//!
//! Source of the format: the CloudTrail API Reference; target `CloudTrail_20131101`.

use std::sync::{Arc, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::post,
};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{aws::Credentials, aws_json};
use crate::world::{
    World,
    lake::{Lake, LakeError, Page, QueryDescription},
    sts::StsError,
};

/// Serves Lake's part of CloudTrail's API.
pub fn router(world: Arc<World>) -> Router {
    Router::new().route("/", post(call)).with_state(world)
}

async fn call(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(operation) = aws_json::operation(&headers) else {
        return aws_json::error(StatusCode::BAD_REQUEST, "UnknownOperationException", "X-Amz-Target is missing");
    };
    let serve = async {
        match authorize(&world, operation, &headers) {
            Ok(()) => serve(&world, operation, &body),
            Err(Refused { code, message }) => aws_json::error(StatusCode::BAD_REQUEST, code, &message),
        }
    };
    aws_json::with_faults(&world.faults, "lake", operation, &aws_json::COMMON, serve).await
}

/// Why a call was not carried out.
struct Refused {
    code: &'static str,
    message: String,
}

/// Only a session of the store's account that may do this gets through, and only in the store's region.
fn authorize(world: &World, operation: &str, headers: &HeaderMap) -> Result<(), Refused> {
    let refuse = |code, message: &str| Err(Refused { code, message: message.to_owned() });
    let Some(signer) = Credentials::of(headers) else {
        return refuse("MissingAuthenticationTokenException", "Missing Authentication Token");
    };
    let sts = world.sts.lock().unwrap_or_else(PoisonError::into_inner);
    let session = match sts.authenticate(&signer.access_key_id, signer.token.as_deref(), Utc::now()) {
        Ok(session) => session.clone(),
        Err(StsError::ExpiredToken) => return refuse("ExpiredTokenException", "The security token is expired"),
        Err(error) => return refuse("UnrecognizedClientException", &error.to_string()),
    };
    drop(sts);
    if !session.may(&format!("cloudtrail:{operation}"), "*") {
        let caller = session.identity.arn().unwrap_or_default();
        let message = format!("User: {caller} is not authorized to perform: cloudtrail:{operation}");
        return refuse("AccessDeniedException", &message);
    }
    let lake = world.lake.lock().unwrap_or_else(PoisonError::into_inner);
    if session.account != lake.account || signer.region != lake.region {
        let error = LakeError::EventDataStoreNotFound(lake.store().to_owned());
        return refuse(error.code(), &error.to_string());
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StartQuery {
    query_statement: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct QueryOf {
    query_id: String,
    #[serde(rename = "EventDataStore")]
    _event_data_store: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueryResults {
    query_id: String,
    max_query_results: Option<i64>,
    next_token: Option<String>,
    #[serde(rename = "EventDataStore")]
    _event_data_store: Option<String>,
}

fn serve(world: &World, operation: &str, body: &Bytes) -> Response {
    let now = Utc::now();
    world.deliver_to_lake();
    let mut lake = world.lake.lock().unwrap_or_else(PoisonError::into_inner);
    match operation {
        "StartQuery" => with(body, |request: StartQuery| {
            lake.start_query(&request.query_statement, now).map(|id| json!({ "QueryId": id }))
        }),
        "DescribeQuery" => with(body, |request: QueryOf| {
            lake.describe_query(&request.query_id, now).map(|query| described(&request.query_id, &query))
        }),
        "GetQueryResults" => with(body, |request| results(&mut lake, &request)),
        "CancelQuery" => with(body, |request: QueryOf| {
            let cancelled = lake.cancel_query(&request.query_id, now)?;
            Ok(json!({ "QueryId": request.query_id, "QueryStatus": cancelled.status.name() }))
        }),
        other => aws_json::error(StatusCode::BAD_REQUEST, "UnknownOperationException", &format!("{other} is not here")),
    }
}

fn with<R: for<'a> Deserialize<'a>>(body: &Bytes, serve: impl FnOnce(R) -> Result<Value, LakeError>) -> Response {
    match serde_json::from_slice(body) {
        Err(error) => aws_json::error(StatusCode::BAD_REQUEST, "SerializationException", &error.to_string()),
        Ok(request) => match serve(request) {
            Ok(value) => aws_json::answer(&value),
            Err(error) => aws_json::error(StatusCode::BAD_REQUEST, error.code(), &error.to_string()),
        },
    }
}

fn results(lake: &mut Lake, request: &GetQueryResults) -> Result<Value, LakeError> {
    let Page { description, rows, next_token } =
        lake.query_results(&request.query_id, request.max_query_results, request.next_token.as_deref(), Utc::now())?;
    let mut results = json!({
        "QueryStatus": description.status.name(),
        "QueryStatistics": {
            "ResultsCount": rows.len(),
            "TotalResultsCount": description.events_matched,
            "BytesScanned": description.bytes_scanned,
        },
        "QueryResultRows": rows,
    });
    insert(&mut results, "NextToken", next_token);
    insert(&mut results, "ErrorMessage", description.error);
    Ok(results)
}

fn described(id: &str, query: &QueryDescription) -> Value {
    let mut described = json!({
        "QueryId": id,
        "QueryString": query.statement,
        "QueryStatus": query.status.name(),
        "QueryStatistics": {
            "EventsMatched": query.events_matched,
            "EventsScanned": query.events_scanned,
            "BytesScanned": query.bytes_scanned,
            "ExecutionTimeInMillis": 0,
            "CreationTime": query.started_at.timestamp(),
        },
    });
    insert(&mut described, "ErrorMessage", query.error.clone());
    described
}

fn insert(object: &mut Value, key: &str, text: Option<String>) {
    if let (Some(text), Some(object)) = (text, object.as_object_mut()) {
        object.insert(key.to_owned(), Value::String(text));
    }
}

#[cfg(test)]
mod tests;
