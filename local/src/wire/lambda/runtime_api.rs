//! The Runtime API as a process in a sandbox sees it.
//!
//! Source of the format: "Using the Lambda runtime API" in the AWS Lambda Developer Guide, version `2018-06-01`.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::Utc;
use serde_json::{Value, json};

use super::{
    FunctionError,
    sandbox::{Receipt, Sandbox},
};

/// Lambda's limit on an answer, in bytes.
const ANSWER_LIMIT: usize = 6 * 1024 * 1024;

/// The Runtime API of one sandbox.
pub(super) fn router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(ANSWER_LIMIT))
        .with_state(sandbox)
}

async fn next(State(sandbox): State<Arc<Sandbox>>) -> Response {
    let Some((id, payload)) = sandbox.next().await else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the sandbox ends").into_response();
    };
    let deadline = Utc::now() + sandbox.timeout;
    let trace = format!("Root=1-{:08x}-{}", Utc::now().timestamp(), id.replace('-', "").split_at(24).0);
    let headers = [
        (HeaderName::from_static("lambda-runtime-aws-request-id"), id),
        (HeaderName::from_static("lambda-runtime-deadline-ms"), deadline.timestamp_millis().to_string()),
        (HeaderName::from_static("lambda-runtime-invoked-function-arn"), sandbox.arn.clone()),
        (HeaderName::from_static("lambda-runtime-trace-id"), trace),
    ];
    (headers, Json(payload)).into_response()
}

async fn response(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(answer) => accept(sandbox.answer(&id, Ok(answer))).await,
        Err(unreadable) => {
            let error = json!({ "errorType": "Runtime.MalformedResponse", "errorMessage": unreadable.to_string() });
            accept(sandbox.answer(&id, Err(answered(&sandbox, error)))).await
        }
    }
}

async fn error(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: Bytes) -> Response {
    accept(sandbox.answer(&id, Err(answered(&sandbox, read_error(&body))))).await
}

async fn init_error(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    sandbox.init_failed(read_error(&body));
    accept(Receipt::Accepted).await
}

fn answered(sandbox: &Sandbox, error: Value) -> FunctionError {
    FunctionError::Answered { function: sandbox.function.clone(), error }
}

fn read_error(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

async fn accept(receipt: Receipt) -> Response {
    match receipt {
        Receipt::Accepted => (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response(),
        // It would go on after its answer; its connection ends with it.
        Receipt::AsItsLast => std::future::pending().await,
        Receipt::Unknown => {
            let error = json!({ "errorMessage": "Invalid request ID", "errorType": "InvalidRequestID" });
            (StatusCode::BAD_REQUEST, Json(error)).into_response()
        }
    }
}
