//! The config.toml that the functions of a local run read.

use std::{collections::BTreeMap, fmt::Write};

use super::seed;

/// How Portcullis posts its cards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// By the bot's token.
    #[default]
    Bot,
    /// By an incoming webhook.
    Webhook,
}

/// Where the functions find the secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretsIn {
    /// In environment variables.
    #[default]
    Environment,
    /// In the stand-in of Secrets Manager, as fields of one secret.
    SecretsManager,
    /// In the stand-in of SSM's parameters.
    Parameters,
}

/// What a run may want different from the repository's config.toml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// `slack.bot_token` or `slack.webhook_url`.
    pub delivery: Delivery,
    /// What the secrets' references point to.
    pub secrets: SecretsIn,
    /// Is there a `[lake]` section?
    pub lake: bool,
    /// `roles.external_id`.
    pub external_id: Option<String>,
    /// `approvers.users`.
    pub approvers: Vec<String>,
    /// `approvers.user_groups`.
    pub approver_groups: Vec<String>,
    /// `approvers.requester_may_approve`.
    pub requester_may_approve: bool,
    /// `[people]`.
    pub people: BTreeMap<String, String>,
    /// `mode.revert`.
    pub revert: bool,
    /// Keys of `[timing]`, as written: `"poll_every"` to `"10m"`.
    pub timing: BTreeMap<String, String>,
    /// `store.table`.
    pub table: String,
}

impl Default for ConfigFile {
    fn default() -> Self {
        Self {
            delivery: Delivery::Bot,
            secrets: SecretsIn::Environment,
            lake: true,
            external_id: None,
            approvers: seed::MEMBERS
                .iter()
                .filter(|member| member.approver)
                .map(|member| member.id.to_owned())
                .collect(),
            approver_groups: Vec::new(),
            requester_may_approve: false,
            people: BTreeMap::new(),
            revert: true,
            timing: BTreeMap::new(),
            table: "secgrouprequests".to_owned(),
        }
    }
}

/// The name of the secret, and of the field or parameter or variable with each value.
pub(super) const SECRET: &str = "portcullis/slack";

impl ConfigFile {
    /// The file's text, with Slack's Web API at this URL and the event data store of this id.
    pub fn render(&self, slack_api: &str, store: &str, store_region: &str) -> String {
        let mut text =
            format!("[accounts]\nautomation = {:?}\norganization = {:?}\n", seed::AUTOMATION, seed::ORGANIZATION);
        text.push_str("[accounts.names]\n");
        for (account, name) in seed::ACCOUNTS {
            line(&mut text, &format!("{account:?}"), &format!("{name:?}"));
        }
        text.push_str("[roles]\n");
        line(&mut text, "path", &format!("{:?}", seed::ROLE_PATH));
        line(&mut text, "hub", &format!("{:?}", seed::HUB));
        line(&mut text, "lake_read", &format!("{:?}", seed::LAKE_READ));
        line(&mut text, "spoke", &format!("{:?}", seed::SPOKE));
        if let Some(external_id) = &self.external_id {
            line(&mut text, "external_id", &format!("{external_id:?}"));
        }
        if self.lake {
            text.push_str("[lake]\n");
            line(&mut text, "event_data_store", &format!("{store:?}"));
            line(&mut text, "region", &format!("{store_region:?}"));
        }
        text.push_str("[timing]\n");
        for (key, value) in &self.timing {
            line(&mut text, key, &format!("{value:?}"));
        }
        let _ = write!(text, "[store]\ntable = {:?}\n", self.table);
        self.slack(&mut text, slack_api);
        text.push_str("[approvers]\n");
        line(&mut text, "users", &format!("{:?}", self.approvers));
        line(&mut text, "user_groups", &format!("{:?}", self.approver_groups));
        line(&mut text, "requester_may_approve", &self.requester_may_approve.to_string());
        text.push_str("[people]\n");
        for (person, user) in &self.people {
            line(&mut text, &format!("{person:?}"), &format!("{user:?}"));
        }
        let _ = write!(text, "[mode]\nrevert = {}\n", self.revert);
        text
    }

    fn slack(&self, text: &mut String, slack_api: &str) {
        text.push_str("[slack]\n");
        line(text, "channel", &format!("{:?}", seed::CHANNEL));
        let key = match self.delivery {
            Delivery::Bot => "bot_token",
            Delivery::Webhook => "webhook_url",
        };
        line(text, key, &format!("{:?}", self.reference(key)));
        line(text, "signing_secrets", &format!("[{:?}]", self.reference("signing_secret")));
        line(text, "api_base_url", &format!("{slack_api:?}"));
        line(text, "team_id", "\"T0123456789\"");
        line(text, "app_id", "\"A0123456789\"");
    }

    fn reference(&self, field: &str) -> String {
        match self.secrets {
            SecretsIn::Environment => format!("env:{}", variable(field)),
            SecretsIn::SecretsManager => format!("secretsmanager:{SECRET}#{field}"),
            SecretsIn::Parameters => format!("ssm:/{SECRET}/{field}"),
        }
    }
}

/// The environment variable with a secret.
pub(super) fn variable(field: &str) -> String {
    format!("SLACK_{}", field.to_uppercase())
}

fn line(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "{key} = {value}");
}
