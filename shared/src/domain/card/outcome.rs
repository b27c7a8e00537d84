//! Cards that tell what became of an opening.

use super::{
    Message, Telling, View, blocks,
    blocks::{Blocks, Style},
    facts, limits, lines,
    tally::Tally,
    text,
};
use crate::domain::{
    change::{Fate, Ignored},
    ids::{RequestId, SlackUserId},
    request::{Failure, Request, Requester},
};

/// It stands.
pub(super) fn approved(request: &Request, view: &View) -> Message {
    let tally = Tally::of(request);
    let who = match &request.decision {
        Some(decision) => format!("By <@{}>, {}.", decision.by, text::when(decision.at)),
        None => "By somebody who was not recorded.".to_owned(),
    };
    let say = format!(
        "Approved by {}: {} {} open on {}.",
        decider_name(request),
        match tally.open.as_slice() {
            [one] => one.rule.to_string(),
            [] | [_, _, ..] => format!("{} ({})", text::rules(tally.open.len()), tally.list()),
        },
        text::plural(tally.open.len(), "stays", "stay"),
        facts::group(&request.change.place)
    );
    told(request, &say, "✅ Approved", |blocks| {
        blocks
            .section("who", &format!("{who} Nothing was changed in AWS.{}", not_identified(request)))
            .sections("rules", &lines::on_card(request, view, Telling::Opened, ""))
            .context(&facts::settled(&request.change, view))
    })
}

/// It is being taken back.
pub(super) fn reverting(request: &Request, view: &View) -> Message {
    let tally = Tally::of(request);
    let tries = &request.revert_tries;
    // Later attempts do not move the card on, so it tells neither their number nor the time of the next one.
    let failing = (tries.failed > 0).then(|| {
        let error = match &tries.error {
            Some(error) => format!(": {}", text::code(error, limits::SENTENCE)),
            None => String::new(),
        };
        format!(":hourglass: Attempts so far did not succeed{error}. Still open; it is tried again.")
    });
    let say = format!(
        "Denied: reverting {} on {} (denied by {}).{}",
        text::rules(tally.open.len()),
        facts::group(&request.change.place),
        decider_name(request),
        if tries.failed > 0 { " Attempts failed so far; it is STILL OPEN." } else { "" }
    );
    let who = format!("By {}.{}{}", decider(request), reason(request), not_identified(request));
    told(request, &say, "⏳ Denied: reverting", |blocks| {
        blocks
            .section("who", &who)
            .maybe_section("tries", failing)
            .sections("rules", &lines::on_card(request, view, Telling::Reverting, ""))
            .context(&id(request))
    })
}

/// It is gone, and we removed it.
pub(super) fn reverted(request: &Request, view: &View) -> Message {
    let tally = Tally::of(request);
    let absent = match request.verified_after_ms {
        Some(after) => format!("Removed, and seen to be absent {}.{} s later.", after / 1000, after % 1000 / 100),
        None => format!(
            "{} gone; Portcullis had asked EC2 to remove {}.",
            text::plural(tally.removed, "It is", "They are"),
            text::plural(tally.removed, "it", "them")
        ),
    };
    let say = format!(
        "Reverted: {} removed from {} (denied by {}).{}",
        text::rules(tally.removed),
        facts::group(&request.change.place),
        decider_name(request),
        tally.gone_before()
    );
    told(request, &say, "↩️ Reverted", |blocks| {
        blocks
            .section("who", &format!("{} {absent}", denied_by(request)))
            .sections("rules", &lines::on_card(request, view, Telling::Ended, ""))
            .context(&facts::settled(&request.change, view))
    })
}

/// It was gone before we came.
pub(super) fn already_gone(request: &Request, view: &View) -> Message {
    let Subject { the_rules, was, .. } = Subject::of(request);
    let say = format!(
        "Already gone: {the_rules} on {} {was} not there any more when the revert ran.",
        facts::group(&request.change.place)
    );
    let who = format!(
        "Denied by {}, but {the_rules} {was} not there any more. Portcullis changed nothing.{}{}",
        decider(request),
        reason(request),
        not_identified(request)
    );
    told(request, &say, "⚪ Already gone", |blocks| {
        blocks
            .section("who", &who)
            .sections("rules", &lines::on_card(request, view, Telling::Ended, ""))
            .context(&id(request))
    })
}

/// It is something else now, and was left alone.
pub(super) fn changed_by_hand(request: &Request, view: &View) -> Message {
    let tally = Tally::of(request);
    let group = facts::group(&request.change.place);
    let what = match (tally.changed, tally.total) {
        (1, 1) => "the rule on {group} is not the one that was shown; it was left alone".replace("{group}", &group),
        (1, total) => format!("1 of {total} rules on {group} is not what was shown; it was left alone"),
        (changed, total) => {
            format!("{changed} of {total} rules on {group} are not what was shown; they were left alone")
        }
    };
    let card = match (tally.changed, tally.total) {
        (1, 1) => "the rule is not what this card showed. It was left alone.".to_owned(),
        (1, total) => format!("1 of {total} rules is not what this card showed. It was left alone."),
        (changed, total) => format!("{changed} of {total} rules are not what this card showed. They were left alone."),
    };
    let removed = match tally.removed {
        0 => String::new(),
        removed => format!(" {} {} removed.", text::rules(removed), text::plural(removed, "was", "were")),
    };
    let who =
        format!("Denied by {}, but {card}{removed}{}{}", decider(request), reason(request), not_identified(request));
    told(request, &format!("Changed by hand: {what}.{removed}"), "✋ Changed by hand", |blocks| {
        blocks
            .section("who", &who)
            .sections("rules", &lines::on_card(request, view, Telling::Ended, ""))
            .context(&id(request))
    })
}

/// Some rules are gone, some are still open.
pub(super) fn partly_reverted(request: &Request, view: &View) -> Message {
    let tally = Tally::of(request);
    let open: Vec<String> =
        tally.open.iter().map(|opened| format!("{} from `{}`", opened.rule.traffic, opened.rule.source)).collect();
    let why = match &request.failure {
        Some(failure) => format!(" {}", said(failure)),
        None => tally.why(),
    };
    let why = [why, approved_elsewhere(request)].concat();
    let say = format!(
        "Partly reverted: {} of {} removed from {}. STILL OPEN: {}.{}",
        tally.removed,
        text::rules(tally.total),
        facts::group(&request.change.place),
        tally.list(),
        approved_in_text(request)
    );
    let header = format!("⚠️ Partly reverted: {} of {}", tally.removed, tally.total);
    told(request, &say, &header, |blocks| {
        blocks
            .section("open", &format!(":warning: *Still open:* {}.{why}", text::first_of(open, "; ", "more")))
            .maybe_section("reason", denied_because(request))
            .sections("rules", &lines::on_card(request, view, Telling::Ended, ""))
            .actions(retry(request))
            .context(&denied_context(request))
    })
}

/// Nothing could be removed.
pub(super) fn revert_failed(request: &Request, view: &View) -> Message {
    let tally = Tally::of(request);
    let group = facts::group(&request.change.place);
    let open = match (tally.open.len(), tally.total) {
        (1, 1) => format!("the rule on {group} is STILL OPEN"),
        (open, total) if open == total => format!("the rules on {group} are STILL OPEN"),
        (open, total) => {
            format!("{open} of {total} rules on {group} {} STILL OPEN", text::plural(open, "is", "are"))
        }
    };
    let why = match &request.failure {
        Some(failure) => said(failure),
        None => tally.why(),
    };
    let why = [why, approved_elsewhere(request)].concat().trim_start().to_owned();
    let why = if why.is_empty() { "Nothing tells why.".to_owned() } else { why };
    let say = format!("Revert failed: {open}.{}{}", refused(request, view), approved_in_text(request));
    told(request, &say, "❌ Revert failed: still open", |blocks| {
        blocks
            .section("why", &why)
            .maybe_section("reason", denied_because(request))
            .sections("rules", &lines::on_card(request, view, Telling::Ended, ""))
            .actions(retry(request))
            .context(&denied_context(request))
    })
}

/// Denied while Portcullis only watches.
pub(super) fn observed(request: &Request, view: &View) -> Message {
    let tally = Tally::of(request);
    let (rules, stay) =
        (text::plural(tally.open.len(), "the rule", "the rules"), text::plural(tally.open.len(), "stays", "stay"));
    let say = format!(
        "Observed: denied by {}; Portcullis only watches, so {rules} on {} {stay}.",
        decider_name(request),
        facts::group(&request.change.place)
    );
    let who = format!(
        "{} Portcullis only watches here (`[mode] revert = false`): {rules} {stay}, also after the switch.",
        denied_by(request)
    );
    told(request, &say, "👁️ Observed: denied, not reverted", |blocks| {
        blocks
            .section("who", &who)
            .sections("rules", &lines::on_card(request, view, Telling::Stays, ""))
            .context(&id(request))
    })
}

/// Removed by hand before a decision.
pub(super) fn withdrawn(request: &Request, view: &View) -> Message {
    let Subject { the_rules, was, .. } = Subject::of(request);
    let mut people: Vec<&str> = Vec::new();
    for opened in request.change.opening.rules() {
        if let Fate::RemovedByHand { by, .. } = &opened.fate
            && !people.contains(&by.as_str())
        {
            people.push(by);
        }
    }
    let named = |of: fn(&str, usize) -> String| match people.len() {
        0 => "somebody".to_owned(),
        1..=3 => text::and(&people.iter().map(|person| of(person, limits::NAME)).collect::<Vec<_>>()),
        many => format!("{many} people"),
    };
    let say = format!(
        "Withdrawn: {the_rules} on {} {was} removed by {} before anybody decided.",
        facts::group(&request.change.place),
        named(text::plain)
    );
    let telling = Telling::Withdrawn { by_one: people.len() <= 1 };
    told(request, &say, "⚪ Withdrawn", |blocks| {
        blocks
            .section("who", &format!("Removed by {} before anybody decided.", named(text::code)))
            .sections("rules", &lines::on_card(request, view, telling, ""))
            .context(&id(request))
    })
}

/// It turned out to open nothing. It has no card; should one be asked for, it says so.
pub(super) fn ignored(request: &Request, reason: Ignored) -> Message {
    let why = match reason {
        Ignored::OtherEvent => "it is another kind of event",
        Ignored::Failed => "the call failed",
        Ignored::DryRun => "it was a dry run",
        Ignored::Egress => "it is about outgoing traffic",
        Ignored::DescriptionOnly => "only a description was changed",
        Ignored::Narrowing => "the rule lets in less than before",
        Ignored::UnknownGroup => "the record does not say in which group",
        Ignored::OwnRevert => "it was Portcullis's own revert",
    };
    let say = format!("Withdrawn: nothing to decide on {}: {why}.", facts::group(&request.change.place));
    told(request, &say, "⚪ Withdrawn: nothing to decide", |blocks| {
        blocks.section("who", &format!("There is nothing to decide: {why}.")).context(&id(request))
    })
}

fn told<'a>(request: &'a Request, say: &str, header: &str, rest: impl FnOnce(Blocks<'a>) -> Blocks<'a>) -> Message {
    let say = text::cut_escaped(say, limits::TEXT) + &reason_in_text(request);
    Message { text: say, blocks: rest(Blocks::of(request).header(header)).done() }
}

/// `the rule was`, `the rules were`.
struct Subject {
    the_rules: &'static str,
    was: &'static str,
}

impl Subject {
    fn of(request: &Request) -> Self {
        let total = request.change.opening.rules().len();
        Self { the_rules: text::plural(total, "the rule", "the rules"), was: text::plural(total, "was", "were") }
    }
}

fn decider(request: &Request) -> String {
    request.decision.as_ref().map_or_else(|| "somebody".to_owned(), |decision| format!("<@{}>", decision.by))
}

fn decider_name(request: &Request) -> String {
    let name = request.decision.as_ref().map(|decision| text::plain(&decision.by_name, limits::NAME));
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned())
}

fn denied_by(request: &Request) -> String {
    format!("Denied by {}.{}{}", decider(request), reason(request), not_identified(request))
}

/// The reason of the Deny, whole.
fn reason(request: &Request) -> String {
    match request.decision.as_ref().and_then(|decision| decision.reason.as_ref()) {
        Some(reason) => format!(" Reason: {}", text::code(reason.as_str(), limits::REASON)),
        None => String::new(),
    }
}

/// The same for `text`.
fn reason_in_text(request: &Request) -> String {
    match request.decision.as_ref().and_then(|decision| decision.reason.as_ref()) {
        Some(reason) => format!(" Reason: \"{}\"", text::plain(reason.as_str(), limits::REASON_IN_TEXT)),
        None => String::new(),
    }
}

/// Who denied it and why, on a card that tells who only beside its id; nothing where no reason was given.
fn denied_because(request: &Request) -> Option<String> {
    let reason = reason(request);
    (!reason.is_empty()).then(|| format!("Denied by {}.{reason}", decider(request)))
}

fn not_identified(request: &Request) -> &'static str {
    match request.decision.as_ref().map(|decision| &decision.requester) {
        Some(Requester::NotIdentified) => " Whoever opened it is not identified in Slack.",
        Some(Requester::Known(_) | Requester::NotAsked) | None => "",
    }
}

fn id(request: &Request) -> String {
    format!("`{}`", request.change.id)
}

fn denied_context(request: &Request) -> String {
    format!("Denied by {} · `{}`", decider(request), request.change.id)
}

/// The rules that stay because somebody approved them on another card.
fn approvals(request: &Request) -> impl Iterator<Item = (&SlackUserId, &str, &RequestId)> {
    request.change.opening.rules().iter().filter_map(|opened| match &opened.fate {
        Fate::Approved { on, by, by_name, .. } => Some((by, by_name.as_str(), on)),
        Fate::Standing
        | Fate::RemovedByHand { .. }
        | Fate::Removed
        | Fate::NotThere
        | Fate::Changed { .. }
        | Fate::Failed { .. } => None,
    })
}

/// Who approved what stays, and where; with a space before.
fn approved_elsewhere(request: &Request) -> String {
    let mut people: Vec<String> = Vec::new();
    for (by, _, on) in approvals(request) {
        let person = format!("<@{by}> (`{on}`)");
        if !people.contains(&person) {
            people.push(person);
        }
    }
    if people.is_empty() {
        return String::new();
    }
    let rules = text::plural(approvals(request).count(), "the same rule", "the same rules");
    format!(
        " Approved on another card: {rules}, by {}. What was approved is not revoked; remove it in the console if it must \
         go.",
        text::first(limits::FEW, people, ", ", "more")
    )
}

/// The same for `text`, without mentions.
fn approved_in_text(request: &Request) -> String {
    let count = approvals(request).count();
    match approvals(request).next() {
        None => String::new(),
        Some((_, by_name, _)) => format!(
            " {} approved on another card by {}.",
            text::plural(count, "It was", "Rules were"),
            text::plain(by_name, limits::NAME)
        ),
    }
}

/// A Retry only where it may help: an approval stays.
fn retry(request: &Request) -> Vec<serde_json::Value> {
    let id = &request.change.id;
    let may_help = request.change.opening.rules().iter().any(|rule| matches!(rule.fate, Fate::Failed { .. }));
    let mut buttons: Vec<serde_json::Value> =
        may_help.then(|| blocks::button(id, "retry", "Retry", Style::Primary, None)).into_iter().collect();
    buttons.extend(blocks::console(id, &request.change.place));
    buttons
}

/// What AWS refused, and what to look at.
fn said(failure: &Failure) -> String {
    let doing = text::sentence(&failure.doing, limits::SENTENCE);
    let hint = text::sentence(&failure.hint, limits::SENTENCE);
    format!("AWS said {} {doing}: {hint}", text::code(&failure.code, limits::NAME))
}

/// The same for `text`, with a space before.
fn refused(request: &Request, view: &View) -> String {
    let Some(failure) = &request.failure else { return String::new() };
    let assuming = failure.code.starts_with("AccessDenied") && failure.doing.starts_with("when assuming");
    match &request.change.place.account {
        Some(account) if assuming && !view.spoke_role.is_empty() => {
            format!(" AWS refused the role {} in {account}.", text::plain(&view.spoke_role, limits::NAME))
        }
        Some(_) | None => format!(
            " AWS said {} {}.",
            text::plain(&failure.code, limits::NAME),
            text::plain_sentence(&failure.doing, limits::SENTENCE)
        ),
    }
}
