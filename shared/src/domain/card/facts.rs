//! Where, who, when and from where: the facts that cards share.

use super::{View, limits, text};
use crate::domain::{
    change::{Actor, Change, Origin, Place},
    ids::AccountId,
};

/// The group for `text` and dialogs: its id, which nobody can choose.
pub(super) fn group(place: &Place) -> String {
    place.group.as_ref().map_or_else(|| "a security group".to_owned(), ToString::to_string)
}

/// The group with its name, for `text`.
pub(super) fn named_group(place: &Place) -> String {
    match (&place.group, &place.group_name) {
        (Some(id), Some(name)) => format!("{id} ({})", text::plain(name, limits::NAME)),
        (Some(id), None) => id.to_string(),
        (None, Some(name)) => format!("the security group {}", text::plain(name, limits::NAME)),
        (None, None) => "a security group".to_owned(),
    }
}

/// ` in prod-payments, eu-west-1`, for `text`.
pub(super) fn whereabouts(place: &Place, view: &View) -> String {
    let account = match &place.account {
        Some(account) => match account_name(account, view) {
            Some(name) => text::plain(name, limits::NAME),
            None => account.to_string(),
        },
        None => "an account that is not known".to_owned(),
    };
    match &place.region {
        Some(region) => format!("in {account}, {region}"),
        None => format!("in {account}"),
    }
}

fn account_name<'a>(account: &AccountId, view: &'a View) -> Option<&'a str> {
    view.account_names.get(account).map(String::as_str).filter(|name| !name.trim().is_empty())
}

/// Who did it, for `text`.
pub(super) fn actor(actor: &Actor) -> String {
    text::plain(&actor.name(), limits::NAME)
}

/// The six fields of a card that asks.
pub(super) fn fields(change: &Change, view: &View) -> Vec<String> {
    let Change { place, actor, origin, at, .. } = change;
    let unknown = || "not known".to_owned();
    let region = place.region.as_ref().map_or_else(unknown, |region| format!("`{region}`"));
    vec![
        format!("*Account*\n{}", account_field(place, view)),
        format!("*Region*\n{region}"),
        format!("*Security group*\n{}", group_field(place)),
        format!("*Opened by*\n{}", actor_field(actor)),
        format!("*When*\n{}", text::when_exactly(*at)),
        format!("*From*\n{}", origin_field(origin)),
    ]
}

fn account_field(place: &Place, view: &View) -> String {
    match &place.account {
        Some(account) => match account_name(account, view) {
            Some(name) => format!("{} `{account}`", text::name(name, limits::NAME)),
            None => format!("`{account}`"),
        },
        None => "not known".to_owned(),
    }
}

fn group_field(place: &Place) -> String {
    let name = place.group_name.as_deref().map(|name| text::name(name, limits::NAME));
    match (&place.group, name) {
        (Some(id), Some(name)) => format!("`{id}` {name}"),
        (Some(id), None) => format!("`{id}`"),
        (None, Some(name)) => name,
        (None, None) => "not known".to_owned(),
    }
}

fn actor_field(actor: &Actor) -> String {
    let code = |text: &str| text::code(text, limits::NAME);
    match actor {
        Actor::SsoUser { user_name, role, .. } => format!("{} via {}", code(user_name), code(role)),
        Actor::IamUser { name, .. } => format!("IAM user {}", code(name)),
        Actor::RoleSession { role, session, .. } => format!("role {}, session {}", code(role), code(session)),
        Actor::Root { account: Some(account) } => format!("root user of `{account}`"),
        Actor::Root { account: None } => "root user".to_owned(),
        Actor::Service { name } => format!("service {}", code(name)),
        Actor::Other { kind, name: Some(name) } => format!("{} ({})", code(name), code(kind)),
        Actor::Other { kind, name: None } => code(kind),
    }
}

fn origin_field(origin: &Origin) -> String {
    let mut parts = Vec::new();
    if origin.console {
        parts.push("console".to_owned());
    } else if let Some(agent) = &origin.user_agent {
        parts.push(text::code(agent, limits::NAME));
    }
    for name in [&origin.invoked_by, &origin.source_ip].into_iter().flatten() {
        let name = text::code(name, limits::NAME);
        if !parts.contains(&name) {
            parts.push(name);
        }
    }
    if parts.is_empty() { "not known".to_owned() } else { parts.join(", ") }
}

/// The context line of a card that is settled: where it was, who opened it, the request's id.
pub(super) fn settled(change: &Change, view: &View) -> String {
    let place = &change.place;
    let account = place.account.as_ref().map(|account| match account_name(account, view) {
        Some(name) => text::name(name, limits::NAME),
        None => format!("`{account}`"),
    });
    let parts = [
        account,
        place.region.as_ref().map(ToString::to_string),
        place.group.as_ref().map(|group| format!("`{group}`")),
        Some(format!("opened by {}", text::code(&change.actor.name(), limits::NAME))),
        Some(format!("`{}`", change.id)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
