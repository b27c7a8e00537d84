//! From the text of `config.toml` to [`Config`], section by section. Each section asks for all of its keys before it
//! gives up on any, so that every error is found.

use std::time::Duration;

use toml::Value;
use toml::de::DeTable;

use super::duration::{parse_duration, write_duration};
use super::error::{ConfigErrors, Place, Problem};
use super::people::{People, PersonKey};
use super::reader::{Errors, Key, Section, Setting, read_text};
use super::{
    AccountName, Accounts, ApiBaseUrl, Approvers, Config, Delivery, ExternalId, Lake, Mode, RoleName, RolePath, Roles,
    SecretRef, Slack, Store, TableName, Timing,
};
use crate::domain::ids::{AccountId, AppId, ChannelId, EventDataStoreId, Region, SlackUserId, TeamId, UserGroupId};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = DAY.saturating_mul(7);
const NONE: Vec<Value> = Vec::new();

pub(super) fn config(text: &str) -> Result<Config, ConfigErrors> {
    let errors = Errors::default();
    let config = table(text, &errors).and_then(|table| Section::read(Key::root(), table, &errors, root));
    match (config, errors.into_parts()) {
        (Some(config), (errors, _)) if errors.is_empty() => Ok(config),
        (_, (errors, secrets)) => Err(ConfigErrors::new(errors, secrets)),
    }
}

fn table(text: &str, errors: &Errors) -> Option<toml::Table> {
    let (_, syntax) = DeTable::parse_recoverable(text);
    let table = text.parse::<toml::Table>();
    let syntax = if syntax.is_empty() { table.clone().err().into_iter().collect() } else { syntax };
    for error in syntax {
        // Only the message: what the error prints by itself quotes the line, which may hold a secret.
        errors.add_at(place(text, error.span()), Problem::Syntax(error.message().to_owned()));
    }
    table.ok()
}

fn place(text: &str, span: Option<std::ops::Range<usize>>) -> Place {
    let before = text.get(..span.map_or(0, |span| span.start)).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Place::Line { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

fn root(root: &mut Section<'_>) -> Option<Config> {
    let with_lake = root.has("lake");
    let accounts = root.section("accounts", |section| accounts(section, with_lake));
    let roles = root.section("roles", |section| roles(section, with_lake));
    let lake = root.optional_section("lake", lake);
    let timing = root.section("timing", timing);
    let store = root.section("store", |section| store(section, timing.as_ref()));
    let mut by_webhook = false;
    let slack = root.section("slack", |section| {
        by_webhook = section.has("webhook_url") && !section.has("bot_token");
        slack(section)
    });
    let approvers = root.section("approvers", |section| approvers(section, by_webhook));
    let people = people(root);
    let mode = root.section("mode", mode);
    // infra/ reads it, and refuses what is wrong in it before anything is deployed.
    root.elsewhere("deploy")?;
    Some(Config {
        accounts: accounts?,
        roles: roles?,
        lake: lake?,
        timing: timing?,
        store: store?,
        slack: slack?,
        approvers: approvers?,
        people: people?,
        mode: mode?,
    })
}

/// Only the lake needs the organization account. Without one it may be absent, and is the automation account.
fn accounts(section: &mut Section<'_>, with_lake: bool) -> Option<Accounts> {
    let automation = section.required::<AccountId>("automation");
    let organization = if with_lake {
        section.required("organization")
    } else {
        section.optional("organization").and_then(|given| given.or_else(|| automation.clone()))
    };
    let names = section.entries("names", |key, id, name, errors| {
        let id = read_text(key, &Value::String(id.to_owned()), errors, AccountId::parse);
        let name = AccountName::read(key, name, errors);
        Some((id?, name?))
    });
    Some(Accounts { automation: automation?, organization: organization?, names: names?.into_iter().collect() })
}

/// Only the lake needs its role. Without one it may be absent, and has a name that nothing assumes.
fn roles(section: &mut Section<'_>, with_lake: bool) -> Option<Roles> {
    let path = section.or("path", "/security/");
    let hub = section.required("hub");
    let lake_read =
        if with_lake { section.required("lake_read") } else { section.or("lake_read", "cloudtrail-lake-read-role") };
    let spoke = section.required("spoke");
    let external_id = section.optional::<ExternalId>("external_id");
    // Whether infra/ makes them. The functions use them all the same.
    section.or::<bool>("exist", false)?;
    Some(Roles { path: path?, hub: hub?, lake_read: lake_read?, spoke: spoke?, external_id: external_id? })
}

fn lake(section: &mut Section<'_>) -> Option<Lake> {
    let event_data_store = section.required("event_data_store");
    let region = section.required("region");
    Some(Lake { event_data_store: event_data_store?, region: region? })
}

fn timing(section: &mut Section<'_>) -> Option<Timing> {
    let poll_every = section.or("poll_every", "10m");
    let sweep_every = section.or("sweep_every", "1m");
    let lookback = section.or("lookback", "20m");
    let catch_up = section.or("catch_up", "24h");
    let reconcile_every = section.or("reconcile_every", "6h");
    let reconcile_window = section.or("reconcile_window", "24h");

    if let (Some(poll_every), Some(lookback), Some(catch_up)) = (poll_every, lookback, catch_up)
        && catch_up < poll_every + lookback
    {
        let shortest = write_duration(poll_every + lookback);
        let why = format!(
            "is too short: every query would leave a gap; set it to {shortest} (lookback and poll_every) or more"
        );
        section.refuse("catch_up", Problem::Conflict(why));
    }
    if let (Some(every), Some(window)) = (reconcile_every, reconcile_window)
        && window < every
    {
        let shortest = write_duration(every);
        let why = format!(
            "is too short: some hours would never be read anew; set it to {shortest} (reconcile_every) or more"
        );
        section.refuse("reconcile_window", Problem::Conflict(why));
    }
    Some(Timing {
        poll_every: poll_every?,
        sweep_every: sweep_every?,
        lookback: lookback?,
        catch_up: catch_up?,
        reconcile_every: reconcile_every?,
        reconcile_window: reconcile_window?,
    })
}

fn store(section: &mut Section<'_>, timing: Option<&Timing>) -> Option<Store> {
    let table = section.or("table", "secgrouprequests");
    let retention = section.or("retention", "400d");
    if let (Some(retention), Some((least, what))) = (retention, timing.map(least_retention))
        && retention < least
    {
        let shortest = write_duration(least);
        let why = format!("is too short: an old event could be announced again; set it to {shortest} ({what}) or more");
        section.refuse("retention", Problem::Conflict(why));
    }
    Some(Store { table: table?, retention: retention? })
}

/// An item must outlive every window by far, or an old event would be announced again; and all that a re-scan goes back to
/// after an outage.
fn least_retention(timing: &Timing) -> (Duration, &'static str) {
    let longest_window = timing.reconcile_window.max(timing.lookback + timing.catch_up);
    let by_window = 2 * longest_window + WEEK;
    let by_re_scan = timing.catch_up + timing.reconcile_every + timing.reconcile_window + DAY;
    if by_window >= by_re_scan {
        (by_window, "twice the longest window of [timing], and 7d")
    } else {
        (by_re_scan, "catch_up, reconcile_every and reconcile_window together, and 1d")
    }
}

fn slack(section: &mut Section<'_>) -> Option<Slack> {
    let channel = section.required("channel");
    let delivery = delivery(section);
    let signing_secrets = section.required::<Vec<SecretRef>>("signing_secrets");
    if signing_secrets.as_ref().is_some_and(Vec::is_empty) {
        let why = "is empty, so that no click could be trusted; name the app's signing secret".to_owned();
        section.refuse("signing_secrets", Problem::Invalid(why));
    }
    let api_base_url = section.or("api_base_url", "https://slack.com/api");
    let team_id = section.optional("team_id");
    let app_id = section.optional("app_id");
    Some(Slack {
        channel: channel?,
        delivery: delivery?,
        signing_secrets: signing_secrets?,
        api_base_url: api_base_url?,
        team_id: team_id?,
        app_id: app_id?,
    })
}

fn delivery(section: &mut Section<'_>) -> Option<Delivery> {
    match (section.has("bot_token"), section.has("webhook_url")) {
        (true, true) => {
            let why = "is set, and slack.bot_token too; remove one of the two".to_owned();
            section.refuse("webhook_url", Problem::Conflict(why));
        }
        (false, false) => {
            let expected = "a reference to the bot's token, or set slack.webhook_url to one to a webhook's URL";
            section.refuse("bot_token", Problem::Missing { expected });
        }
        (true, false) | (false, true) => {}
    }
    let token = section.optional("bot_token").flatten().map(|token| Delivery::Bot { token });
    let url = section.optional("webhook_url").flatten().map(|url| Delivery::Webhook { url });
    token.or(url)
}

fn approvers(section: &mut Section<'_>, by_webhook: bool) -> Option<Approvers> {
    let users = section.or::<Vec<SlackUserId>>("users", NONE);
    let user_groups = section.or::<Vec<UserGroupId>>("user_groups", NONE);
    let anyone_in_channel = section.or("anyone_in_channel", false);
    let requester_may_approve = section.or("requester_may_approve", false);

    // A list with an error in it is a list all the same.
    let has_users = users.as_ref().is_none_or(|users| !users.is_empty());
    let has_groups = user_groups.as_ref().is_none_or(|groups| !groups.is_empty());
    if by_webhook && has_groups {
        let why = "can't be used with slack.webhook_url, which can't tell who is a member; list the users, or set \
                   slack.bot_token";
        section.refuse("user_groups", Problem::Conflict(why.to_owned()));
    }
    if anyone_in_channel == Some(false) && !has_users && !has_groups {
        let why = "is empty, and user_groups too, so that nobody could decide; list users or user groups, or set \
                   anyone_in_channel = true";
        section.refuse("users", Problem::Conflict(why.to_owned()));
    }
    Some(Approvers {
        users: users?,
        user_groups: user_groups?,
        anyone_in_channel: anyone_in_channel?,
        requester_may_approve: requester_may_approve?,
    })
}

fn people(root: &mut Section<'_>) -> Option<People> {
    let mut people = People::default();
    root.entries("people", |key, person, user, errors| {
        let person = read_text(key, &Value::String(person.to_owned()), errors, PersonKey::parse);
        let user = SlackUserId::read(key, user, errors);
        if people.add(person?, user?).is_err() {
            let why = "is the same person as another key (upper and lower case count as one); remove one of the two";
            errors.add(key, Problem::Conflict(why.to_owned()));
        }
        Some(())
    })?;
    Some(people)
}

fn mode(section: &mut Section<'_>) -> Option<Mode> {
    let revert = section.or("revert", true);
    Some(Mode { revert: revert? })
}

/// A reference is also noted with its key, so that a secret that is missing can be reported beside the errors.
impl Setting for SecretRef {
    const EXPECTED: &'static str = "a reference to a secret, as secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE";

    fn read(key: &Key, value: &Value, errors: &Errors) -> Option<Self> {
        let secret = read_text(key, value, errors, Self::parse)?;
        errors.note_secret(key, &secret);
        Some(secret)
    }
}

/// Settings that are texts: what belongs there, and how it is parsed.
macro_rules! texts {
    ($($name:ty: $expected:expr, $parse:expr;)*) => {$(
        impl Setting for $name {
            const EXPECTED: &'static str = $expected;

            fn read(key: &Key, value: &Value, errors: &Errors) -> Option<Self> {
                read_text(key, value, errors, $parse)
            }
        }
    )*};
}

texts! {
    AccountId: Self::EXPECTED, Self::parse;
    AccountName: Self::EXPECTED, Self::parse;
    ApiBaseUrl: "a URL, as https://slack.com/api", Self::parse;
    AppId: Self::EXPECTED, Self::parse;
    ChannelId: Self::EXPECTED, Self::parse;
    Duration: "a duration, as \"30s\", \"10m\", \"24h\" or \"400d\"", parse_duration;
    EventDataStoreId: Self::EXPECTED, Self::parse;
    ExternalId: Self::EXPECTED, Self::parse;
    PersonKey: "an SSO user name or an ARN", Self::parse;
    Region: Self::EXPECTED, Self::parse;
    RoleName: Self::EXPECTED, Self::parse;
    RolePath: Self::EXPECTED, Self::parse;
    SlackUserId: Self::EXPECTED, Self::parse;
    TableName: Self::EXPECTED, Self::parse;
    TeamId: Self::EXPECTED, Self::parse;
    UserGroupId: Self::EXPECTED, Self::parse;
}
