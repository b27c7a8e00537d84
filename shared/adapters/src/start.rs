//! How both functions start: read the configuration, read its secrets, join the adapters. No adapter knows another; this
//! knows them all.

use std::path::{Path, PathBuf};

use aws_config::SdkConfig;
use shared::{
    clock::{Clock, Entropy},
    config::{Config, ConfigErrors, Delivery, Secret, SecretRef},
    flows::context::Context,
};

use crate::{
    aws::{self, Pace},
    dynamodb::Table,
    ec2::SpokeFirewall,
    lake::Lake,
    secrets::{MissingSecrets, resolve},
    slack::{self, SetupError, SlackChat, http_client},
};

/// The flows on AWS and Slack.
pub type Portcullis = Context<Table, SlackChat, SpokeFirewall>;

/// The key of the signing secrets: only the responder reads them.
const SIGNING_SECRETS: &str = "slack.signing_secrets";

/// Why a function can't start. The text says what to mend.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file is not there, or can't be read.
    #[error("{path} can't be read: {why}. Put config.toml there, or name another path in PORTCULLIS_CONFIG", path = path.display())]
    NoConfig {
        /// Where it was looked for.
        path: PathBuf,
        /// Why it can't be read.
        why: std::io::Error,
    },
    /// It is there, and wrong.
    #[error("{errors}{}", missing.as_ref().map(|missing| format!("\n{missing}")).unwrap_or_default())]
    Config {
        /// What is wrong.
        errors: ConfigErrors,
        /// The secrets that are not there either, as far as the references to them could be read.
        missing: Option<MissingSecrets>,
    },
    /// A secret is not there.
    #[error("{0}")]
    Secrets(#[from] MissingSecrets),
    /// A secret is there, and wrong.
    #[error("{0}")]
    Slack(#[from] SetupError),
    /// Nobody invokes it: the variables that Lambda sets are not there.
    #[error(
        "this is a Lambda function, and Lambda's environment is not there ({}). To run all of it on one machine: make demo",
        .0.join(", ")
    )]
    NotInLambda(Vec<&'static str>),
}

/// Which secrets a function needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Those to write to Slack.
    Writing,
    /// Those, and the ones that verify what Slack sends.
    WritingAndVerifying,
}

impl Needs {
    fn of(self, mut secrets: Vec<(String, &SecretRef)>) -> Vec<(String, &SecretRef)> {
        secrets.retain(|(key, _)| self == Self::WritingAndVerifying || !key.starts_with(SIGNING_SECRETS));
        secrets
    }
}

/// What a function is made of.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// The secrets that Slack signs with; empty where they are not needed.
    pub signing_secrets: Vec<Secret>,
    sdk: SdkConfig,
    chat: SlackChat,
}

impl Parts {
    /// Reads configuration and secrets.
    ///
    /// # Errors
    /// Everything that is wrong, at once, each with its key.
    pub async fn load(needs: Needs) -> Result<Self, StartError> {
        let (path, text) = read_file()?;
        let variable = |name: &str| std::env::var(name).ok();
        let parts = Self::read(&text, &path, needs, aws::load().await, variable).await?;
        let missing = missing_of_lambda(variable);
        if missing.is_empty() { Ok(parts) } else { Err(StartError::NotInLambda(missing)) }
    }

    async fn read(
        text: &str,
        path: &Path,
        needs: Needs,
        sdk: SdkConfig,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, StartError> {
        let config = match Config::load(text) {
            Ok(config) => config,
            Err(errors) => {
                let missing = resolve(&sdk, &needs.of(errors.secrets()), variable).await.err();
                return Err(StartError::Config { errors: errors.in_file(path), missing });
            }
        };
        let wanted = needs.of(config.secrets());
        let values = resolve(&sdk, &wanted, variable).await?;
        let (mut signing_secrets, mut writing) = (Vec::new(), None);
        for ((key, _), value) in wanted.iter().zip(values) {
            if key.starts_with(SIGNING_SECRETS) {
                signing_secrets.push(value);
            } else {
                writing = Some(value);
            }
        }
        let chat = chat(&config, writing.as_ref().ok_or(SetupError::Token)?)?;
        Ok(Self { config, signing_secrets, sdk, chat })
    }

    /// The flows, for calls after an answer or where nobody waits for one.
    #[must_use]
    pub fn unhurried(&self) -> Portcullis {
        self.context(Pace::AfterAnswer, slack::Pace::Unhurried)
    }

    /// The flows, for calls on the way to an answer that Slack waits for.
    #[must_use]
    pub fn before_answer(&self) -> Portcullis {
        self.context(Pace::BeforeAnswer, slack::Pace::BeforeAnswer)
    }

    /// The event data store, if there is one.
    #[must_use]
    pub fn lake(&self) -> Option<Lake> {
        let lake = self.config.lake.as_ref()?;
        Some(Lake::new(&self.sdk, lake, &self.config.roles, &self.config.accounts.organization))
    }

    fn context(&self, pace: Pace, slack_pace: slack::Pace) -> Portcullis {
        let sdk = aws::paced(&self.sdk, pace);
        let store = &self.config.store;
        Context {
            store: Table::new(aws_sdk_dynamodb::Client::new(&sdk), store.table.to_string(), store.retention),
            chat: self.chat.at_pace(slack_pace),
            firewall: SpokeFirewall::new(&sdk, self.config.roles.clone()),
            view: self.config.view(),
            config: self.config.clone(),
            clock: Clock::System,
            entropy: Entropy::from_os(),
        }
    }
}

/// What the runtime reads of its environment, and panics without.
fn missing_of_lambda(variable: impl Fn(&str) -> Option<String>) -> Vec<&'static str> {
    const NAMES: [&str; 3] = ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_RUNTIME_API"];
    const MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
    let mut missing: Vec<&str> = NAMES.into_iter().filter(|name| variable(name).is_none()).collect();
    if variable(MEMORY).is_none_or(|memory| memory.parse::<i32>().is_err()) {
        missing.push(MEMORY);
    }
    missing
}

fn read_file() -> Result<(PathBuf, String), StartError> {
    let path = Config::path(|name| std::env::var_os(name));
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(why) => Err(StartError::NoConfig { path, why }),
    }
}

fn chat(config: &Config, secret: &Secret) -> Result<SlackChat, SetupError> {
    let base = config.slack.api_base_url.clone();
    let http = http_client(&base)?;
    match &config.slack.delivery {
        Delivery::Bot { .. } => SlackChat::bot(http, base, secret, config.slack.channel.clone()),
        Delivery::Webhook { .. } => SlackChat::webhook(http, secret, base),
    }
}

/// Starts the log: JSON lines on the standard output, one an event; `RUST_LOG` chooses (default `info`).
pub fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second call finds the log started, which is as good.
    let _ = tracing_subscriber::fmt().json().flatten_event(true).with_ansi(false).with_env_filter(filter).try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wrong in three places, and with secrets that are nowhere.
    const WRONG: &str = r#"
        [accounts]
        automation = "12345678901"
        [roles]
        hub = "hub-001"
        spoke = "spoke-001"
        [timing]
        poll_every = "10 minutes"
        pol_every = "10m"
        [slack]
        channel = "C0123456789"
        bot_token = "env:NOT_SET"
        signing_secrets = ["env:NOT_SET_EITHER"]
        [approvers]
        users = ["U0123456789"]
    "#;

    async fn start(text: &str, needs: Needs) -> Vec<String> {
        let sdk = SdkConfig::builder().build();
        let started = Parts::read(text, Path::new("config.toml"), needs, sdk, |_| None).await;
        let told = started.map(|_| ()).expect_err("a wrong configuration").to_string();
        let key = |line: &str| line.trim_start_matches("config.toml: ").split(": ").next().map(str::to_owned);
        told.lines().filter_map(key).collect()
    }

    #[tokio::test]
    async fn errors_and_missing_secrets_are_told_at_once() {
        let wrong = ["accounts.automation", "timing.poll_every", "timing.pol_every", "slack.bot_token"];
        assert_eq!(start(WRONG, Needs::Writing).await, wrong);
        let verifying = start(WRONG, Needs::WritingAndVerifying).await;
        assert_eq!(verifying, [&wrong[..], &["slack.signing_secrets[0]"]].concat());
    }

    #[tokio::test]
    async fn missing_secrets_are_told_where_nothing_else_is_wrong() {
        let right = WRONG.replace("12345678901", "123456789012").replace("10 minutes", "10m").replace("pol_", "sweep_");
        assert_eq!(start(&right, Needs::Writing).await, ["slack.bot_token"]);
    }

    #[test]
    fn what_lambda_would_have_set_is_named() {
        let all = |name: &str| Some(if name.ends_with("SIZE") { "128" } else { "x" }.to_owned());
        assert!(missing_of_lambda(all).is_empty());
        let without = |name: &str| all(name).filter(|_| name != "AWS_LAMBDA_RUNTIME_API");
        assert_eq!(missing_of_lambda(without), ["AWS_LAMBDA_RUNTIME_API"]);
        assert_eq!(missing_of_lambda(|_| Some("x".to_owned())), ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]);
    }
}
