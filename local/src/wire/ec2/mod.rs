//! EC2's query protocol: a form with `Action=`, answered in XML
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/making-api-requests.html>).

mod answer;
mod request;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
    routing::post,
};
use chrono::{DateTime, Utc};

use self::request::Request;
use super::{
    aws::Credentials,
    drop::{Refusal, under_fault},
};
use crate::world::{
    World,
    calls::{Answered, ServiceCall},
    ec2::{Answer, Call, Ec2Error, GroupRef},
    identity::Caller,
    sts::{Session, StsError},
};

/// EC2 at `/`. Calls are recorded by the world's trail; faults of the service `ec2` hit here.
pub fn router(world: Arc<World>) -> Router {
    Router::new().route("/", post(handle)).with_state(world)
}

async fn handle(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    match request::parse(&body) {
        Ok((action, request)) => match caller(&world, &headers) {
            Ok((caller, session)) => {
                let at = Utc::now();
                let response = answer(&world, &caller, &session, &action, &request).await;
                note(&world, at, &caller, action, &request, &response);
                response
            }
            Err(error) => answer::error(&request_id(&world), &error),
        },
        Err(error) => answer::error(&request_id(&world), &error),
    }
}

async fn answer(world: &World, caller: &Caller, session: &Session, action: &str, request: &Request) -> Response {
    let call = || match permit(world, caller, session, action, request) {
        Ok(()) => make(world, caller, request),
        Err(error) => refuse(world, caller, request, error),
    };
    let refused = |refusal| {
        let error = match refusal {
            // The call was made, and is on the trail.
            Refusal::ErrorAfter => return answer::error(&request_id(world), &Ec2Error::InternalError),
            Refusal::Throttled => Ec2Error::RequestLimitExceeded,
            Refusal::ServerError => Ec2Error::InternalError,
            Refusal::Denied => unauthorized(caller, action, "*"),
        };
        refuse(world, caller, request, error)
    };
    under_fault(world.faults.hit("ec2", action), call, refused).await
}

/// Remembers a call and its answer.
fn note(world: &World, at: DateTime<Utc>, caller: &Caller, operation: String, request: &Request, response: &Response) {
    let groups = match request {
        Request::Change(call) => call.operation.group().and_then(|group| group.id).into_iter().collect(),
        Request::Rules(query, _) => query.group_ids.clone(),
        Request::Groups(query) => query.ids.clone(),
        Request::Vpc(_) => Vec::new(),
    };
    world.calls.note(ServiceCall {
        at,
        operation,
        account: caller.account.clone(),
        groups,
        role: caller.identity.role_arn(),
        answer: response.extensions().get::<Answered>().cloned(),
    });
}

/// Whom the credentials stand for, acting where.
fn caller(world: &World, headers: &HeaderMap) -> Result<(Caller, Session), Ec2Error> {
    let credentials = Credentials::of(headers).ok_or(Ec2Error::AuthFailure)?;
    let sts = world.sts.lock().unwrap_or_else(PoisonError::into_inner);
    let session = sts
        .authenticate(&credentials.access_key_id, credentials.token.as_deref(), Utc::now())
        .map_err(|error| match error {
            StsError::ExpiredToken => Ec2Error::RequestExpired,
            StsError::AccessDenied { .. }
            | StsError::InvalidClientTokenId
            | StsError::ValidationError(_)
            | StsError::MalformedPolicyDocument(_)
            | StsError::PackedPolicyTooLarge(_)
            | StsError::Throttling
            | StsError::InternalFailure
            | StsError::InvalidAction(_) => Ec2Error::AuthFailure,
        })?
        .clone();
    let user_agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let caller = Caller {
        identity: session.identity.clone(),
        account: session.account.clone(),
        region: credentials.region,
        source_ip: "127.0.0.1".to_owned(),
        user_agent: user_agent.to_owned(),
        access_key_id: credentials.access_key_id,
        console: false,
        invoked_by: None,
    };
    Ok((caller, session))
}

/// Checks the session's permissions: a change for the ARN of its group, everything else for `*`.
fn permit(world: &World, caller: &Caller, session: &Session, action: &str, request: &Request) -> Result<(), Ec2Error> {
    let resource = match request {
        Request::Change(Call { operation, .. }) => group_arn(world, caller, operation.group()),
        Request::Rules(..) | Request::Groups(_) | Request::Vpc(_) => "*".to_owned(),
    };
    if session.may(&format!("ec2:{action}"), &resource) {
        return Ok(());
    }
    Err(unauthorized(caller, action, &resource))
}

fn group_arn(world: &World, caller: &Caller, group: Option<GroupRef>) -> String {
    let Caller { account, region, .. } = caller;
    let mut ec2 = world.ec2.lock().unwrap_or_else(PoisonError::into_inner);
    let id = group.and_then(|group| ec2.resolve(account, region, &group).ok()).unwrap_or_else(|| "*".to_owned());
    format!("arn:aws:ec2:{region}:{account}:security-group/{id}")
}

fn unauthorized(caller: &Caller, action: &str, resource: &str) -> Ec2Error {
    let user = caller.identity.arn().unwrap_or_default();
    Ec2Error::UnauthorizedOperation(format!(
        "User: {user} is not authorized to perform: ec2:{action} on resource: {resource}"
    ))
}

/// Carries out a call and words its answer.
fn make(world: &World, caller: &Caller, request: &Request) -> Response {
    let Caller { account, region, .. } = caller;
    let now = Utc::now();
    match request {
        Request::Change(call) => changed(call, &world.ec2_call(caller, call, now)),
        Request::Rules(_, true) => answer::error(&request_id(world), &Ec2Error::DryRunOperation),
        Request::Rules(query, false) => {
            let mut ec2 = world.ec2.lock().unwrap_or_else(PoisonError::into_inner);
            let id = ec2.request_id();
            match ec2.describe_rules(account, region, query, now) {
                Ok(page) => answer::rules(&id, region, &page),
                Err(error) => answer::error(&id, &error),
            }
        }
        Request::Groups(query) => {
            let mut ec2 = world.ec2.lock().unwrap_or_else(PoisonError::into_inner);
            let id = ec2.request_id();
            match ec2.describe_groups(account, region, query, now) {
                Ok(groups) => answer::groups(&id, &groups),
                Err(error) => answer::error(&id, &error),
            }
        }
        Request::Vpc(cidr) => {
            let mut ec2 = world.ec2.lock().unwrap_or_else(PoisonError::into_inner);
            let vpc = ec2.add_vpc(account, region);
            answer::vpc(&ec2.request_id(), &vpc, cidr)
        }
    }
}

/// Words the refusal of a call that EC2 never looked at; a change that was refused is recorded too.
fn refuse(world: &World, caller: &Caller, request: &Request, error: Ec2Error) -> Response {
    match request {
        Request::Change(call) => changed(call, &world.ec2_refuse(caller, call, error, Utc::now())),
        Request::Rules(..) | Request::Groups(_) | Request::Vpc(_) => answer::error(&request_id(world), &error),
    }
}

fn changed(call: &Call, answer: &Answer) -> Response {
    match &answer.result {
        Ok(outcome) => answer::changed(call.operation.name(), &answer.request_id, outcome),
        Err(error) => answer::error(&answer.request_id, error),
    }
}

fn request_id(world: &World) -> String {
    world.ec2.lock().unwrap_or_else(PoisonError::into_inner).request_id()
}
