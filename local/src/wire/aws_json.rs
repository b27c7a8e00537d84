//! The protocol awsJson 1.1 (and 1.0), which CloudTrail, Secrets Manager, SSM and DynamoDB speak.
//!
//! A call is a POST of a JSON object whose operation stands in `X-Amz-Target`; an error is `{"__type", "message"}` with
//! status 400 or 500. Source of the format: Smithy's "AWS JSON 1.1 protocol".

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::drop::dropped;
use crate::world::faults::{Fault, Faults};

/// The operation of a call: what follows the last dot of `X-Amz-Target`.
pub(super) fn operation(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-amz-target")?.to_str().ok()?.rsplit_once('.').map(|(_, operation)| operation)
}

/// An answer.
pub(super) fn answer(body: &Value) -> Response {
    respond(StatusCode::OK, body)
}

/// An error of the service.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    respond(status, &json!({ "__type": code, "message": message }))
}

/// The services' own words for the faults that are theirs to report.
pub(super) struct FaultCodes {
    /// What it calls throttling.
    pub(super) throttle: &'static str,
    /// What it calls an error of its own.
    pub(super) server_error: &'static str,
}

/// CloudTrail's, Secrets Manager's and SSM's codes.
pub(super) const COMMON: FaultCodes = FaultCodes { throttle: "ThrottlingException", server_error: "InternalFailure" };

/// Serves a call, unless a switch makes it go wrong.
pub(super) async fn with_faults(
    faults: &Faults,
    service: &str,
    operation: &str,
    codes: &FaultCodes,
    serve: impl Future<Output = Response>,
) -> Response {
    match faults.hit(service, operation) {
        None => serve.await,
        Some(Fault::Throttle) => error(StatusCode::BAD_REQUEST, codes.throttle, "Rate exceeded"),
        Some(Fault::ServerError) => failed(codes),
        Some(Fault::ErrorAfter) => {
            serve.await;
            failed(codes)
        }
        Some(Fault::Denied) => {
            error(StatusCode::BAD_REQUEST, "AccessDeniedException", &format!("not authorized to perform {operation}"))
        }
        Some(Fault::DropBefore) => dropped(),
        Some(Fault::DropAfter) => {
            serve.await;
            dropped()
        }
        Some(Fault::Slow(by)) => {
            let response = serve.await;
            tokio::time::sleep(by).await;
            response
        }
    }
}

fn failed(codes: &FaultCodes) -> Response {
    error(StatusCode::INTERNAL_SERVER_ERROR, codes.server_error, "The service failed on purpose")
}

fn respond(status: StatusCode, body: &Value) -> Response {
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    (status, [content_type], body.to_string()).into_response()
}
