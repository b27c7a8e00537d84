//! STS's query protocol (<https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>).

use std::sync::{Arc, PoisonError};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::Response,
    routing::post,
};
use chrono::{DateTime, SecondsFormat, Utc};

use super::{
    aws::{Credentials, Form},
    drop::{Refusal, under_fault},
    xml::Xml,
};
use crate::world::{
    World,
    calls::{Answered, ServiceCall},
    sts::{AssumeRole, Session, Sts, StsError},
};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// STS at `/`: `AssumeRole` and `GetCallerIdentity`. Faults of the service `sts` hit here.
pub fn router(world: Arc<World>) -> Router {
    Router::new().route("/", post(handle)).with_state(world)
}

async fn handle(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Form::parse(&body).unwrap_or_default();
    let action = form.text("Action").unwrap_or_default();
    let call = || {
        let mut sts = world.sts.lock().unwrap_or_else(PoisonError::into_inner);
        match make(&mut sts, &headers, action, &form) {
            Ok(result) => success(action, &sts.request_id(), result),
            Err(error) => failure(&sts.request_id(), &error),
        }
    };
    let refuse = |refusal| {
        let error = match refusal {
            Refusal::Throttled => StsError::Throttling,
            Refusal::ServerError | Refusal::ErrorAfter => StsError::InternalFailure,
            Refusal::Denied => StsError::AccessDenied {
                caller: "arn:aws:sts::123456789012:assumed-role/unknown/unknown".to_owned(),
                role: form.owned("RoleArn").unwrap_or_default(),
            },
        };
        failure(&world.sts.lock().unwrap_or_else(PoisonError::into_inner).request_id(), &error)
    };
    let at = Utc::now();
    let response = under_fault(world.faults.hit("sts", action), call, refuse).await;
    note(&world, at, action, &form, &response);
    response
}

/// Remembers a call and its answer.
fn note(world: &World, at: DateTime<Utc>, action: &str, form: &Form, response: &Response) {
    let role = form.owned("RoleArn");
    let account = role.as_deref().and_then(|arn| arn.split(':').nth(4)).unwrap_or_default().to_owned();
    let answer = response.extensions().get::<Answered>().cloned();
    world.calls.note(ServiceCall { at, operation: action.to_owned(), account, groups: Vec::new(), role, answer });
}

/// Carries out a call; what comes back is the content of its result.
fn make(sts: &mut Sts, headers: &HeaderMap, action: &str, form: &Form) -> Result<Xml, StsError> {
    let now = Utc::now();
    let credentials = Credentials::of(headers).ok_or(StsError::InvalidClientTokenId)?;
    let caller = sts.authenticate(&credentials.access_key_id, credentials.token.as_deref(), now)?.clone();
    match action {
        "GetCallerIdentity" => Ok(identity(&caller)),
        "AssumeRole" => {
            let number = |text: &str| {
                text.parse().map_err(|_| StsError::ValidationError(format!("{text} is no number of seconds")))
            };
            let call = AssumeRole {
                role_arn: form.owned("RoleArn").unwrap_or_default(),
                session_name: form.owned("RoleSessionName").unwrap_or_default(),
                external_id: form.owned("ExternalId"),
                policy: form.owned("Policy"),
                duration_seconds: form.text("DurationSeconds").map(number).transpose()?,
            };
            sts.assume_role(&caller, &call, now).map(|session| assumed(&session))
        }
        other => Err(StsError::InvalidAction(other.to_owned())),
    }
}

fn identity(caller: &Session) -> Xml {
    let mut xml = Xml::new();
    xml.maybe("Arn", caller.identity.arn()).maybe("UserId", caller.identity.principal_id());
    xml.text("Account", &caller.account);
    xml
}

fn assumed(session: &Session) -> Xml {
    let mut xml = Xml::new();
    xml.element("AssumedRoleUser", |xml| {
        xml.maybe("AssumedRoleId", session.identity.principal_id()).maybe("Arn", session.identity.arn());
    });
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &session.access_key_id).text("SecretAccessKey", &session.secret_access_key);
        xml.maybe("SessionToken", session.session_token.as_ref());
        xml.maybe("Expiration", session.expires_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)));
    });
    xml
}

fn success(action: &str, request_id: &str, result: Xml) -> Response {
    let mut xml = Xml::new();
    xml.element(&format!("{action}Response xmlns=\"{NAMESPACE}\""), |xml| {
        xml.element(&format!("{action}Result"), |xml| {
            xml.append(result);
        });
        xml.element("ResponseMetadata", |xml| {
            xml.text("RequestId", request_id);
        });
    });
    response(200, request_id, None, xml)
}

fn failure(request_id: &str, error: &StsError) -> Response {
    let mut xml = Xml::new();
    xml.element(&format!("ErrorResponse xmlns=\"{NAMESPACE}\""), |xml| {
        xml.element("Error", |xml| {
            let side = if error.status() == 500 { "Receiver" } else { "Sender" };
            xml.text("Type", side).text("Code", error.code()).text("Message", error);
        });
        xml.text("RequestId", request_id);
    });
    response(error.status(), request_id, Some(error.code()), xml)
}

fn response(status: u16, request_id: &str, error: Option<&'static str>, xml: Xml) -> Response {
    let mut response = Response::new(Body::from(xml.into_document()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/xml"));
    response.extensions_mut().insert(Answered { request_id: request_id.to_owned(), error });
    response
}

#[cfg(test)]
mod tests;
