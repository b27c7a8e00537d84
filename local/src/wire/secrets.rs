//! Secrets Manager's GetSecretValue and SSM's GetParameter, on one router.
//!
//! Source of the formats: the API References of both; targets `secretsmanager` and `AmazonSSM`.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::post,
};
use serde_json::{Value, json};

use super::aws_json;
use crate::world::World;

/// The secrets that exist, by name.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Secrets Manager: name to secret text (often a JSON object).
    pub secrets: BTreeMap<String, String>,
    /// SSM: name to the value of a SecureString.
    pub parameters: BTreeMap<String, String>,
}

/// Serves both services. Switches: service `secrets`, operation `GetSecretValue` or `GetParameter`.
pub fn router(world: Arc<World>, secrets: Secrets) -> Router {
    Router::new().route("/", post(call)).with_state((world, Arc::new(secrets)))
}

async fn call(State((world, secrets)): State<(Arc<World>, Arc<Secrets>)>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(operation) = aws_json::operation(&headers) else {
        return aws_json::error(StatusCode::BAD_REQUEST, "UnknownOperationException", "X-Amz-Target is missing");
    };
    let serve = async { serve(&secrets, operation, &body) };
    aws_json::with_faults(&world.faults, "secrets", operation, &aws_json::COMMON, serve).await
}

fn serve(secrets: &Secrets, operation: &str, body: &Bytes) -> Response {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
    match operation {
        "GetSecretValue" => match secrets.secrets.get(name("SecretId")) {
            Some(text) => aws_json::answer(&json!({
                "ARN": format!("arn:aws:secretsmanager:eu-central-1:123456789012:secret:{}", name("SecretId")),
                "Name": name("SecretId"),
                "SecretString": text,
                "VersionStages": ["AWSCURRENT"],
            })),
            None => aws_json::error(
                StatusCode::BAD_REQUEST,
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
            ),
        },
        "GetParameter" => match secrets.parameters.get(name("Name")) {
            Some(_) if request.get("WithDecryption") != Some(&Value::Bool(true)) => {
                aws_json::answer(&parameter(name("Name"), "encrypted"))
            }
            Some(text) => aws_json::answer(&parameter(name("Name"), text)),
            None => aws_json::error(StatusCode::BAD_REQUEST, "ParameterNotFound", "no such parameter"),
        },
        other => aws_json::error(StatusCode::BAD_REQUEST, "UnknownOperationException", &format!("{other} is not here")),
    }
}

fn parameter(name: &str, value: &str) -> Value {
    json!({ "Parameter": { "Name": name, "Type": "SecureString", "Value": value, "Version": 1 } })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::Secrets;
    use crate::{wire::Server, world::World};

    async fn call(target: &str, body: Value) -> (u16, Value) {
        let secrets = Secrets {
            secrets: [("portcullis/slack".to_owned(), r#"{"bot_token":"a"}"#.to_owned())].into(),
            parameters: [("/portcullis/token".to_owned(), "b".to_owned())].into(),
        };
        let server = Server::start(super::router(Arc::new(World::default()), secrets)).await.unwrap();
        let request = reqwest::Client::new().post(server.url()).header("x-amz-target", target).body(body.to_string());
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    #[tokio::test]
    async fn a_secret_and_a_parameter_are_given_by_name() {
        let (_, secret) = call("secretsmanager.GetSecretValue", json!({"SecretId": "portcullis/slack"})).await;
        assert_eq!(secret["SecretString"], r#"{"bot_token":"a"}"#);

        let named = json!({"Name": "/portcullis/token", "WithDecryption": true});
        assert_eq!(call("AmazonSSM.GetParameter", named).await.1["Parameter"]["Value"], "b");
        let encrypted = json!({"Name": "/portcullis/token"});
        assert_ne!(call("AmazonSSM.GetParameter", encrypted).await.1["Parameter"]["Value"], "b");
    }

    #[tokio::test]
    async fn what_does_not_exist_is_not_found() {
        let (status, error) = call("secretsmanager.GetSecretValue", json!({"SecretId": "other"})).await;
        assert_eq!((status, &error["__type"]), (400, &json!("ResourceNotFoundException")));
        let (status, error) = call("AmazonSSM.GetParameter", json!({"Name": "other"})).await;
        assert_eq!((status, &error["__type"]), (400, &json!("ParameterNotFound")));
    }
}
