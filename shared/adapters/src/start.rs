//! How both functions start: read the configuration, read its secrets, join the adapters. No adapter knows another; this
//! knows them all.

use std::path::PathBuf;

use aws_config::SdkConfig;
use shared::{
    clock::{Clock, Entropy},
    config::{Config, ConfigErrors, Delivery, Secret, SecretRef},
    domain::card::View,
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
    #[error("{0}")]
    Config(ConfigErrors),
    /// A secret is not there.
    #[error("{0}")]
    Secrets(#[from] MissingSecrets),
    /// A secret is there, and wrong.
    #[error("{0}")]
    Slack(#[from] SetupError),
}

/// Which secrets a function needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Those to write to Slack.
    Writing,
    /// Those, and the ones that verify what Slack sends.
    WritingAndVerifying,
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
        let config = read_config()?;
        let sdk = aws::load().await;
        let wanted: Vec<(String, &SecretRef)> = config
            .secrets()
            .into_iter()
            .filter(|(key, _)| needs == Needs::WritingAndVerifying || !key.starts_with(SIGNING_SECRETS))
            .collect();
        let values = resolve(&sdk, &wanted, |name| std::env::var(name).ok()).await?;
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
            view: view(&self.config),
            config: self.config.clone(),
            clock: Clock::System,
            entropy: Entropy::from_os(),
        }
    }
}

fn read_config() -> Result<Config, StartError> {
    let path = Config::path(|name| std::env::var_os(name));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(why) => return Err(StartError::NoConfig { path, why }),
    };
    Config::load(&text).map_err(|errors| StartError::Config(errors.in_file(&path)))
}

fn chat(config: &Config, secret: &Secret) -> Result<SlackChat, SetupError> {
    let base = config.slack.api_base_url.clone();
    let http = http_client(&base)?;
    match &config.slack.delivery {
        Delivery::Bot { .. } => SlackChat::bot(http, base, secret, config.slack.channel.clone()),
        Delivery::Webhook { .. } => SlackChat::webhook(http, secret, base),
    }
}

/// What cards show of the configuration.
#[must_use]
pub fn view(config: &Config) -> View {
    View {
        account_names: config.accounts.names.iter().map(|(id, name)| (id.clone(), name.to_string())).collect(),
        spoke_role: config.roles.spoke.to_string(),
        webhook: match config.slack.delivery {
            Delivery::Bot { .. } => false,
            Delivery::Webhook { .. } => true,
        },
        requester_may_approve: config.approvers.requester_may_approve,
        watch_only: !config.mode.revert,
    }
}

/// Starts the log: JSON lines on the standard output, one an event; `RUST_LOG` chooses (default `info`).
pub fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second call finds the log started, which is as good.
    let _ = tracing_subscriber::fmt().json().flatten_event(true).with_ansi(false).with_env_filter(filter).try_init();
}
