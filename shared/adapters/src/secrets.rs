//! The values of the secrets that the configuration refers to.

use std::{collections::HashMap, fmt};

use aws_config::SdkConfig;
use futures::future::join_all;
use shared::config::{Secret, SecretRef};

use crate::aws::Failure;

/// A secret that could not be read. Its value, or what stands in its place, is never part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSecret {
    /// The configuration's key.
    pub key: String,
    /// The reference.
    pub reference: String,
    /// Why, and what to do.
    pub why: String,
}

/// Every secret that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct MissingSecrets(pub Vec<MissingSecret>);

impl fmt::Display for MissingSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|MissingSecret { key, reference, why }| format!("{key}: the secret {reference} {why}"))
            .collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Reads secrets, all at once, each place asked once: their values in the order of `wanted` (key of the configuration,
/// reference). `variable` reads the environment.
///
/// # Errors
/// Every secret that could not be read, with its key.
pub async fn resolve(
    sdk: &SdkConfig,
    wanted: &[(String, &SecretRef)],
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Secret>, MissingSecrets> {
    let mut places: Vec<Place<'_>> = Vec::new();
    for (_, reference) in wanted {
        let place = Place::of(reference);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let texts = join_all(places.iter().map(|place| place.read(sdk, &variable))).await;
    let texts: HashMap<_, _> = places.into_iter().zip(texts).collect();
    let (mut secrets, mut missing) = (Vec::new(), Vec::new());
    for (key, reference) in wanted {
        let text = texts.get(&Place::of(reference)).cloned().unwrap_or_else(|| Err("was not asked for".to_owned()));
        match text.and_then(|text| value(reference, &text)) {
            Ok(secret) => secrets.push(secret),
            Err(why) => missing.push(MissingSecret { key: key.clone(), reference: reference.to_string(), why }),
        }
    }
    if missing.is_empty() { Ok(secrets) } else { Err(MissingSecrets(missing)) }
}

/// What is read at once: a secret with all its fields, a parameter, a variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place<'a> {
    SecretsManager(&'a str),
    Ssm(&'a str),
    Env(&'a str),
}

impl<'a> Place<'a> {
    fn of(reference: &'a SecretRef) -> Self {
        match reference {
            SecretRef::SecretsManager { name, .. } => Self::SecretsManager(name),
            SecretRef::Ssm { name } => Self::Ssm(name),
            SecretRef::Env { variable } => Self::Env(variable),
        }
    }

    async fn read(self, sdk: &SdkConfig, variable: &impl Fn(&str) -> Option<String>) -> Result<String, String> {
        match self {
            Self::SecretsManager(name) => {
                let answer = aws_sdk_secretsmanager::Client::new(sdk).get_secret_value().secret_id(name).send().await;
                let answer = answer.map_err(|error| not_read(Failure::of(&error), "secretsmanager:GetSecretValue"))?;
                answer.secret_string.ok_or_else(|| "is binary; store it as text".to_owned())
            }
            Self::Ssm(name) => {
                let client = aws_sdk_ssm::Client::new(sdk);
                let answer = client.get_parameter().name(name).with_decryption(true).send().await;
                let answer = answer.map_err(|error| not_read(Failure::of(&error), "ssm:GetParameter"))?;
                answer.parameter.and_then(|parameter| parameter.value).ok_or_else(|| "has no value".to_owned())
            }
            Self::Env(name) => variable(name).ok_or_else(|| "is not set".to_owned()),
        }
    }
}

fn not_read(failure: Failure, action: &str) -> String {
    match failure {
        Failure::Unavailable { why } => format!("was not read: {why}"),
        Failure::Refused { code, .. } if code.ends_with("NotFound") || code == "ResourceNotFoundException" => {
            format!("is not there ({code}); store it under this name, in the region where Portcullis runs")
        }
        // AWS's words may quote what was sent, but a name only.
        Failure::Refused { code, message } => {
            format!("was refused: {code}: {message}; does the function's role allow `{action}` on it?")
        }
    }
}

fn value(reference: &SecretRef, text: &str) -> Result<Secret, String> {
    let text = match reference {
        SecretRef::SecretsManager { field: Some(field), .. } => &field_of(text, field)?,
        SecretRef::SecretsManager { field: None, .. } | SecretRef::Ssm { .. } | SecretRef::Env { .. } => text,
    };
    Secret::new(text).map_err(|error| error.to_string())
}

fn field_of(text: &str, field: &str) -> Result<String, String> {
    // The parser's error would quote a part of the value.
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
        .map_err(|_| "is no JSON object; store one, or write the reference without #FIELD".to_owned())?;
    let value = object.get(field).ok_or_else(|| format!("has no field {field:?}"))?;
    value.as_str().map(str::to_owned).ok_or_else(|| format!("has a field {field:?} that is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(wanted: &[(&str, &str)]) -> Result<Vec<Secret>, MissingSecrets> {
        let references: Vec<SecretRef> =
            wanted.iter().map(|(_, text)| SecretRef::parse(text).expect("a reference")).collect();
        let wanted: Vec<_> = wanted.iter().zip(&references).map(|((key, _), at)| ((*key).to_owned(), at)).collect();
        let variable = |name: &str| match name {
            "TOKEN" => Some("hush\n".to_owned()),
            "BLANK" => Some(" ".to_owned()),
            _ => None,
        };
        resolve(&SdkConfig::builder().build(), &wanted, variable).await
    }

    #[tokio::test]
    async fn variables_are_read() {
        let secrets = read(&[("slack.bot_token", "env:TOKEN")]).await.expect("a value");
        assert_eq!(secrets[0].expose(), "hush");
    }

    #[tokio::test]
    async fn all_that_is_missing_is_told_at_once() {
        let missing = read(&[("a", "env:TOKEN"), ("b", "env:NOWHERE"), ("c", "env:BLANK")]).await.expect_err("missing");
        assert_eq!(
            missing.to_string(),
            "b: the secret env:NOWHERE is not set\n\
             c: the secret env:BLANK is empty; store its value where the reference points"
        );
    }

    #[test]
    fn a_value_is_never_part_of_an_error() {
        let whole = SecretRef::parse("secretsmanager:slack#token").expect("a reference");
        for text in ["hush", r#"{"hush": 1}"#, r#"{"token": ["hush"]}"#, r#"{"token": ""}"#] {
            let why = value(&whole, text).expect_err(text);
            assert!(!why.contains("hush"), "{why}");
        }
        assert_eq!(value(&whole, r#"{"token": "hush"}"#).expect("a value").expose(), "hush");
    }
}
