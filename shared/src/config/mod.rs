//! `config.toml`: every timing, role name and policy that a user may tune.
//!
//! [`Config::load`] reads the text and reports every error in it at once, each with its key. The file holds no secrets,
//! only references to them ([`SecretRef`]); the adapters read their values. What each key means stands in the
//! repository's `config.toml`; infra/ reads the same file.

mod duration;
mod error;
mod names;
mod people;
mod read;
mod reader;
mod secret;
#[cfg(test)]
mod tests;
mod url;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use duration::{InvalidDuration, parse_duration, write_duration};
pub use error::{ConfigError, ConfigErrors, Place, Problem};
pub use names::{AccountName, ExternalId, RoleName, RolePath, TableName};
pub use people::{InvalidPersonKey, People, PersonKey};
pub use secret::{EmptySecret, InvalidSecretRef, Secret, SecretRef};
pub use url::{ApiBaseUrl, InvalidApiBaseUrl};

use crate::domain::{
    card::View,
    ids::{AccountId, AppId, ChannelId, EventDataStoreId, Region, SlackUserId, TeamId, UserGroupId},
};

/// The configuration: valid in every part and as a whole.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[accounts]`
    pub accounts: Accounts,
    /// `[roles]`
    pub roles: Roles,
    /// `[lake]`. Without it only pushed events are read.
    pub lake: Option<Lake>,
    /// `[timing]`
    pub timing: Timing,
    /// `[store]`
    pub store: Store,
    /// `[slack]`
    pub slack: Slack,
    /// `[approvers]`
    pub approvers: Approvers,
    /// `[people]`
    pub people: People,
    /// `[mode]`
    pub mode: Mode,
}

/// The accounts that Portcullis knows by role.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Where Portcullis runs.
    pub automation: AccountId,
    /// The account that owns the event data store: the management account, or a delegated administrator. Only the lake
    /// needs it: where `[lake]` is absent and this too, it is the automation account.
    pub organization: AccountId,
    /// How accounts are called on cards. One that is not here is shown by its id.
    pub names: BTreeMap<AccountId, AccountName>,
}

/// The roles. All of them lie under one path.
#[derive(Clone, Debug)]
pub struct Roles {
    /// The path of all of them.
    pub path: RolePath,
    /// The functions' own role in the automation account. It is never assumed.
    pub hub: RoleName,
    /// The role in the organization account that may query the event data store. Only the lake needs it: where `[lake]`
    /// is absent and this too, it has the name of the repository's `config.toml`, and nothing assumes it.
    pub lake_read: RoleName,
    /// The role in every account that may describe and revoke rules.
    pub spoke: RoleName,
    /// Sent with every `AssumeRole`, where the trust policies ask for one.
    pub external_id: Option<ExternalId>,
}

impl Roles {
    /// The ARN of one of the roles, as IAM writes it. `partition` is the second part of every ARN:
    /// [`Region::partition`].
    #[must_use]
    pub fn role_arn(&self, partition: &str, account: &AccountId, name: &RoleName) -> String {
        format!("arn:{partition}:iam::{account}:role{}{name}", self.path)
    }

    /// The spoke role's ARN in the account that owns a security group; `region` is the group's.
    #[must_use]
    pub fn spoke_arn(&self, region: &Region, account: &AccountId) -> String {
        self.role_arn(region.partition(), account, &self.spoke)
    }
}

/// The event data store of CloudTrail Lake.
#[derive(Clone, Debug)]
pub struct Lake {
    /// The store's id.
    pub event_data_store: EventDataStoreId,
    /// The store's region.
    pub region: Region,
}

/// How often, how far back. No duration is zero, and none is longer than 3650 days.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Between two queries of the lake.
    pub poll_every: Duration,
    /// Between two looks for what is due.
    pub sweep_every: Duration,
    /// How far behind the watermark each query begins.
    pub lookback: Duration,
    /// How far back a query goes at most, after an outage. At least `lookback` and `poll_every` together.
    pub catch_up: Duration,
    /// Between two readings anew of `reconcile_window`.
    pub reconcile_every: Duration,
    /// What is read anew, for events that came late. At least `reconcile_every`.
    pub reconcile_window: Duration,
}

/// The table.
#[derive(Clone, Debug)]
pub struct Store {
    /// Its name.
    pub table: TableName,
    /// How long an item is kept after it was stored. Longer than every window by far, or an old event would be
    /// announced again.
    pub retention: Duration,
}

/// The workspace, and how it is reached.
#[derive(Clone, Debug)]
pub struct Slack {
    /// Where the cards are posted.
    pub channel: ChannelId,
    /// By which of the two ways.
    pub delivery: Delivery,
    /// The app's signing secrets: one, or two while one is replaced by another. Never empty.
    pub signing_secrets: Vec<SecretRef>,
    /// Where Slack's Web API is.
    pub api_base_url: ApiBaseUrl,
    /// The only workspace whose clicks count, where it is set.
    pub team_id: Option<TeamId>,
    /// The only app whose clicks count, where it is set.
    pub app_id: Option<AppId>,
}

/// How cards get into the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// By the Web API, with a bot token.
    Bot {
        /// The token (`xoxb-...`).
        token: SecretRef,
    },
    /// By an incoming webhook.
    Webhook {
        /// The webhook's URL, which is a secret itself.
        url: SecretRef,
    },
}

/// Who may decide: somebody is listed, or anyone in the channel may, or both; never neither.
#[derive(Clone, Debug)]
pub struct Approvers {
    /// These users.
    pub users: Vec<SlackUserId>,
    /// The members of these user groups. Empty where the cards come by a webhook, which can't tell who is a member.
    pub user_groups: Vec<UserGroupId>,
    /// Whoever sees the card and clicks. The lists restrict nothing then.
    pub anyone_in_channel: bool,
    /// Whether somebody may approve an opening of their own.
    pub requester_may_approve: bool,
}

/// What Portcullis does.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// Whether a Deny removes the rules. If not, it is only recorded.
    pub revert: bool,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// Every error that the text holds, each with its key and with what to do.
    pub fn load(text: &str) -> Result<Self, ConfigErrors> {
        read::config(text)
    }

    /// What cards show of the configuration.
    #[must_use]
    pub fn view(&self) -> View {
        View {
            account_names: self.accounts.names.iter().map(|(id, name)| (id.clone(), name.to_string())).collect(),
            spoke_role: self.roles.spoke.to_string(),
            webhook: match self.slack.delivery {
                Delivery::Bot { .. } => false,
                Delivery::Webhook { .. } => true,
            },
            requester_may_approve: self.approvers.requester_may_approve,
            watch_only: !self.mode.revert,
        }
    }

    /// Where the configuration lies, by the environment: `PORTCULLIS_CONFIG`; else `config.toml` beside the binary in
    /// Lambda (`LAMBDA_TASK_ROOT`); else `config.toml` in the working directory. A variable that is empty counts as
    /// absent.
    #[must_use]
    pub fn path(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        match (variable("PORTCULLIS_CONFIG"), variable("LAMBDA_TASK_ROOT")) {
            (Some(path), _) => PathBuf::from(path),
            (None, Some(root)) => Path::new(&root).join("config.toml"),
            (None, None) => PathBuf::from("config.toml"),
        }
    }

    /// The references to secrets, each with its key, for whoever reads their values and reports those that are missing.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, &SecretRef)> {
        let delivery = match &self.slack.delivery {
            Delivery::Bot { token } => ("slack.bot_token".to_owned(), token),
            Delivery::Webhook { url } => ("slack.webhook_url".to_owned(), url),
        };
        let signing = self.slack.signing_secrets.iter().enumerate();
        std::iter::once(delivery)
            .chain(signing.map(|(index, secret)| (format!("slack.signing_secrets[{index}]"), secret)))
            .collect()
    }
}
