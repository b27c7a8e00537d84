//! Secrets: references to them, as the configuration holds them, and their values, which are never shown.

use std::fmt;

/// Where a secret lies. The configuration holds references only; adapters read the value at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// A secret of AWS Secrets Manager: `secretsmanager:NAME` or, for one field of a JSON object,
    /// `secretsmanager:NAME#FIELD`.
    SecretsManager {
        /// Its name or ARN.
        name: String,
        /// The field of the JSON object that the secret's text is; without it the whole text.
        field: Option<String>,
    },
    /// A parameter of the SSM parameter store: `ssm:NAME`.
    Ssm {
        /// Its name or ARN.
        name: String,
    },
    /// An environment variable: `env:VARIABLE`.
    Env {
        /// Its name.
        variable: String,
    },
}

/// A text that is no reference to a secret. It may be the secret itself, so it is never part of the error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecretRef {
    /// It begins with none of the three kinds.
    #[error(
        "is not a reference to a secret (its value is not shown); write secretsmanager:NAME#FIELD, ssm:NAME or \
         env:VARIABLE"
    )]
    NoKind,
    /// What follows the kind is not a name.
    #[error("is a reference by {kind}: but what follows is not {expected} (its value is not shown)")]
    NoName {
        /// The kind.
        kind: &'static str,
        /// What should follow.
        expected: &'static str,
    },
    /// The name or the field looks like a Slack token or a webhook's URL.
    #[error(
        "holds what looks like the secret itself (not shown here) where its name belongs; remove it, have it replaced \
         where it was issued, and write the name"
    )]
    HoldsSecret,
}

impl SecretRef {
    /// Parses a reference.
    ///
    /// # Errors
    /// The text has another form. The error does not hold the text.
    pub fn parse(text: &str) -> Result<Self, InvalidSecretRef> {
        let (kind, rest) = text.split_once(':').ok_or(InvalidSecretRef::NoKind)?;
        if rest.split('#').any(looks_like_secret) {
            return Err(InvalidSecretRef::HoldsSecret);
        }
        match kind {
            "secretsmanager" => secrets_manager(rest),
            "ssm" if is_resource_name(rest) => Ok(Self::Ssm { name: rest.to_owned() }),
            "ssm" => Err(InvalidSecretRef::NoName { kind: "ssm", expected: "a parameter's name" }),
            "env" if is_variable(rest) => Ok(Self::Env { variable: rest.to_owned() }),
            "env" => Err(InvalidSecretRef::NoName { kind: "env", expected: "an environment variable's name" }),
            _ => Err(InvalidSecretRef::NoKind),
        }
    }
}

fn secrets_manager(rest: &str) -> Result<SecretRef, InvalidSecretRef> {
    let (name, field) = match rest.split_once('#') {
        None => (rest, None),
        Some((name, field)) => (name, Some(field)),
    };
    let is_field = |field: &str| !field.is_empty() && !field.contains('#') && !field.contains(char::is_control);
    if is_resource_name(name) && field.is_none_or(is_field) {
        Ok(SecretRef::SecretsManager { name: name.to_owned(), field: field.map(str::to_owned) })
    } else {
        Err(InvalidSecretRef::NoName { kind: "secretsmanager", expected: "a secret's name, or NAME#FIELD" })
    }
}

/// As written in `config.toml`.
impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecretsManager { name, field: None } => write!(f, "secretsmanager:{name}"),
            Self::SecretsManager { name, field: Some(field) } => write!(f, "secretsmanager:{name}#{field}"),
            Self::Ssm { name } => write!(f, "ssm:{name}"),
            Self::Env { variable } => write!(f, "env:{variable}"),
        }
    }
}

/// Names of Secrets Manager (letters, digits, `/_+=.@-`) and of SSM parameters (a part of that); `:` for ARNs.
fn is_resource_name(text: &str) -> bool {
    (1..=2048).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+=.@:-".contains(&byte))
}

fn is_variable(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a text begins like a Slack token or a webhook's URL.
pub(super) fn looks_like_secret(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    let is_token = text.starts_with("xox") && matches!(text.as_bytes().get(4), Some(b'-' | b'.'));
    is_token || text.starts_with("xapp-") || text.starts_with("https://hooks.slack")
}

/// The value of a secret. Neither `Debug` nor `Display` shows it, and it is never empty: an empty signing secret would
/// let anyone sign.
#[derive(Clone)]
pub struct Secret(String);

/// A secret that holds nothing but white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is empty; store its value where the reference points")]
pub struct EmptySecret;

impl Secret {
    /// Takes a secret's value. White space around it is removed: editors and shells add line ends, and Slack's
    /// secrets hold none.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn new(text: &str) -> Result<Self, EmptySecret> {
        let text = text.trim();
        if text.is_empty() { Err(EmptySecret) } else { Ok(Self(text.to_owned())) }
    }

    /// The value, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_written_as_it_was_read() {
        for text in [
            "secretsmanager:portcullis/slack#bot_token",
            "secretsmanager:portcullis/slack",
            "secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:portcullis/slack-AbCdEf#bot_token",
            "ssm:/portcullis/signing_secret",
            "env:SLACK_BOT_TOKEN",
        ] {
            assert_eq!(SecretRef::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(
            SecretRef::parse("secretsmanager:portcullis/slack#bot_token"),
            Ok(SecretRef::SecretsManager { name: "portcullis/slack".to_owned(), field: Some("bot_token".to_owned()) })
        );
    }

    #[test]
    fn what_is_no_reference_is_refused_and_not_shown() {
        for text in [
            "8f742231b10e8888abcd99yyyzzz85a5",
            "xoxb-hush-hush",
            "env:xoxb-hush-hush",
            "ssm:xoxb-hush-hush",
            "secretsmanager:portcullis#xoxb-hush",
            "https://hooks.slack.com/services/T0/B0/hush",
            "vault:hush",
            "env:",
            "env:8HUSH",
            "env:MY HUSH",
            "ssm:",
            "secretsmanager:",
            "secretsmanager:hush#",
            "secretsmanager:hush#a#b",
            "secretsmanager:#hush",
        ] {
            let error = SecretRef::parse(text).expect_err(text);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hush") && !shown.contains("HUSH") && !shown.contains("8f74"), "{shown}");
        }
    }

    #[test]
    fn names_that_only_begin_alike_are_no_secrets() {
        for text in
            ["xoxb-1-2", "xoxe.xoxp-1", "xapp-1", "https://hooks.slack.com/services/T0", "https://hooks.slack-gov.com/"]
        {
            assert!(looks_like_secret(text), "{text}");
        }
        for text in ["xoxo@example.com", "xo", "https://slack.com/api", "env:XOXB"] {
            assert!(!looks_like_secret(text), "{text}");
        }
    }

    #[test]
    fn the_value_of_a_secret_is_never_printed() {
        let secret = Secret::new("hush\n").expect("a value");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "hush");
        assert_eq!(Secret::new(" \n").expect_err("nothing"), EmptySecret);
    }
}
