//! Cards that ask: what was opened, and Approve or Deny.

use serde_json::Value;

use super::{
    DENY_REASON, Message, Telling, View, blocks,
    blocks::{Blocks, Dialog, Style},
    facts,
    internet::{self, Exposed, Whole},
    limits, lines,
    lines::Ranked,
    text,
};
use crate::domain::{
    change::{Fate, OpenedRule},
    exposure,
    request::Request,
    rule::IngressRule,
};

/// Rules were added.
pub(super) fn authorized(request: &Request, view: &View, rules: &[OpenedRule]) -> Message {
    let asked = Asked::of(rules);
    let place = &request.change.place;
    let whole = asked.removed == 0;
    let is_open = if whole { "opened" } else { "still open" };
    let (emoji, what) = match asked.subject() {
        Some(subject) => ('🔴', format!("{subject} opened to the whole internet")),
        None => ('🟡', format!("{} {is_open}", asked.in_short())),
    };
    let where_and_who = format!(
        "{} {}, {} {}",
        facts::named_group(place),
        facts::whereabouts(place, view),
        if whole { "by" } else { "opened by" },
        facts::actor(&request.change.actor)
    );
    let begin = match asked.subject() {
        Some(subject) if whole => format!("{subject} opened to the whole internet. {} on", asked.count()),
        Some(subject) => format!("{subject} opened to the whole internet. {} still open on", asked.count()),
        None => format!("{} {is_open} on", asked.count()),
    };
    let say = format!("Approval needed: {begin} {where_and_who}: {}.{}", asked.list(), asked.hints());
    let risk = (!asked.internet.is_empty()).then(|| asked.risk());
    let heading = match rules.len() {
        1 => "*1 rule*\n".to_owned(),
        many => format!("*{many} rules, widest first*\n"),
    };
    card(request, view, &say, &format!("{emoji} Approval needed: {what}"), risk, (Telling::Opened, &heading), {
        Dialog {
            title: "Take this opening back?".to_owned(),
            text: format!(
                "Removes {} from {}. New connections stop at once; open ones may go on until they end.",
                text::rules(asked.standing.len()),
                facts::group(place)
            ),
            confirm: "Deny and revert",
            deny: "Keep it open",
        }
    })
}

/// Rules were changed to what they are now.
pub(super) fn modified(request: &Request, view: &View, rules: &[OpenedRule]) -> Message {
    let asked = Asked::of(rules);
    let one = asked.standing.len() == 1;
    let changed = if one { "rule changed".to_owned() } else { format!("{} changed", asked.count()) };
    let header = match (asked.subject(), one) {
        (Some(subject), _) => {
            format!("🔴 Approval needed: {changed}, {subject} now open to the whole internet")
        }
        (None, true) => format!("🟡 Approval needed: {changed} to {}", asked.in_short()),
        (None, false) => format!("🟡 Approval needed: {changed}"),
    };
    let place = &request.change.place;
    let say = format!(
        "Approval needed: {} of {} {}, {} changed by {} to {}; {}.{}",
        if one { "a rule".to_owned() } else { asked.count() },
        facts::named_group(place),
        facts::whereabouts(place, view),
        text::plural(asked.standing.len(), "was", "were"),
        facts::actor(&request.change.actor),
        asked.list(),
        asked.earlier_in_text(),
        asked.hints()
    );
    let heading =
        if rules.len() == 1 { "*Changed to*\n".to_owned() } else { "*Changed to, widest first*\n".to_owned() };
    card(request, view, &say, &header, Some(asked.loss()), (Telling::Modified, &heading), {
        let (title, text) = match asked.standing.len() {
            1 => {
                ("Remove the whole rule?".to_owned(), "The access that it gave before this change goes too.".to_owned())
            }
            count => (
                format!("Remove all {count} rules?"),
                format!(
                    "Removes {count} rules from {}, whole. The access that they gave before this change goes too.",
                    facts::group(place)
                ),
            ),
        };
        Dialog {
            title,
            text,
            confirm: if one { "Remove the rule" } else { "Remove the rules" },
            deny: if one { "Keep it" } else { "Keep them" },
        }
    })
}

fn card(
    request: &Request,
    view: &View,
    say: &str,
    header: &str,
    risk: Option<String>,
    (telling, heading): (Telling, &str),
    deny: Dialog,
) -> Message {
    let change = &request.change;
    let asked = Asked::of(change.opening.rules());
    let stands = if view.watch_only {
        "Stands; Portcullis only watches at present, so a Deny is recorded and removes nothing."
    } else {
        "Stands unless denied."
    };
    let who = if view.requester_may_approve { "" } else { " Whoever opened it can't approve it." };
    let facts = Blocks::of(request)
        .header(header)
        .maybe_section("risk", risk)
        .fields("facts", &facts::fields(change, view))
        .sections("rules", &lines::on_card(request, view, telling, heading));
    let with_buttons = if view.watch_only {
        facts.actions_watching(buttons(request, view, &asked, watching(&asked, request)))
    } else {
        facts.actions(buttons(request, view, &asked, deny))
    };
    Message {
        text: text::cut_escaped(say, limits::TEXT),
        blocks: with_buttons.context(&format!("{stands}{who} `{}`", change.id)).done(),
    }
}

fn buttons(request: &Request, view: &View, asked: &Asked, deny: Dialog) -> Vec<Value> {
    let id = &request.change.id;
    let (style, dialog) = match asked.approve_dialog() {
        Some(dialog) => (Style::Plain, Some(dialog)),
        None => (Style::Primary, None),
    };
    let mut buttons = vec![
        blocks::button(id, "approve", "Approve", style, dialog),
        blocks::button(id, "deny", "Deny", Style::Danger, Some(deny)),
    ];
    // A webhook can open no modal.
    if !view.webhook {
        buttons.push(blocks::button(id, DENY_REASON, "Deny with reason…", Style::Plain, None));
    }
    buttons.extend(blocks::console(id, &request.change.place));
    buttons
}

/// The mode may be switched between this card and the click, so the dialog promises no more than what holds now. A Deny of
/// this card removes nothing after a switch either: the card is shown anew first.
fn watching(asked: &Asked, request: &Request) -> Dialog {
    Dialog {
        title: "Deny this opening?".to_owned(),
        text: format!(
            "Denies {} on {}. Portcullis only watches at present: as long as that is so, nothing is removed.",
            text::rules(asked.standing.len()),
            facts::group(&request.change.place)
        ),
        confirm: "Deny",
        deny: "Cancel",
    }
}

/// What a decision is asked about: the rules that still stand, widest first.
pub(super) struct Asked<'a> {
    pub(super) standing: Vec<&'a OpenedRule>,
    removed: usize,
    internet: Vec<Exposed<'a>>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(rules: &'a [OpenedRule]) -> Self {
        let ranked: Vec<Ranked> = lines::ranked(rules)
            .into_iter()
            .filter(|one| match one.opened.fate {
                Fate::Standing | Fate::Failed { .. } | Fate::Changed { .. } | Fate::Approved { .. } => true,
                Fate::RemovedByHand { .. } | Fate::Removed | Fate::NotThere => false,
            })
            .collect();
        let standing: Vec<&OpenedRule> = ranked.iter().map(|one| one.opened).collect();
        Self { removed: rules.len() - standing.len(), internet: internet::exposed(&ranked), standing }
    }

    /// `1 rule`, or `2 of 3 rules` where somebody removed one.
    fn count(&self) -> String {
        let standing = self.standing.len();
        if self.removed == 0 {
            text::rules(standing)
        } else {
            format!("{standing} of {}", text::rules(standing + self.removed))
        }
    }

    /// `tcp 443`, or the count where it is not one.
    fn in_short(&self) -> String {
        match self.standing.as_slice() {
            [one] => one.rule.traffic.to_string(),
            [] | [_, _, ..] => self.count(),
        }
    }

    /// What the whole internet can reach: `SSH`, `SSH and RDP`, `SSH and 3 more`.
    fn subject(&self) -> Option<String> {
        let mut names: Vec<String> = Vec::new();
        // Where rules overlap, the whole internet reaches what they have in common: the narrowest of them.
        let is_narrowest = |one: &&Exposed| {
            one.whole != Whole::WithOthers
                || !self.internet.iter().any(|other| other.traffic != one.traffic && one.traffic.covers(other.traffic))
        };
        for name in self.internet.iter().filter(is_narrowest).map(|exposed| internet::service(exposed.traffic)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let first = names.first()?.clone();
        Some(if names.len() <= 2 { text::and(&names) } else { format!("{first} and {} more", names.len() - 1) })
    }

    /// The rules for `text`, with the number of addresses where there is one rule of known size.
    fn list(&self) -> String {
        if let ([one], true) = (self.standing.as_slice(), self.internet.is_empty())
            && let Some(count) = exposure::addresses(&one.rule.source)
            && one.earlier.is_none()
        {
            return if self.removed == 0 { format!("{} ({count})", one.rule) } else { one.rule.to_string() };
        }
        let rules = self.standing.iter().map(|opened| opened.rule.to_string()).collect();
        text::first_of(rules, "; ", "more, none wider")
    }

    fn hints(&self) -> String {
        let mut hints = String::new();
        if self.internet.iter().any(|exposed| exposed.whole != Whole::Each) {
            hints.push_str(" Together they let in the whole internet.");
        }
        if self.removed > 0 {
            let was = text::plural(self.removed, "was", "were");
            hints.push_str(&format!(" {} {was} removed by hand.", text::rules(self.removed)));
        }
        hints
    }

    fn risk(&self) -> String {
        text::first(limits::FEW, self.internet.iter().map(Exposed::risk).collect(), "\n", "more")
    }

    /// What a Deny of a modification takes away.
    fn loss(&self) -> String {
        let one = self.standing.len() == 1;
        let earlier: Vec<String> = self
            .standing
            .iter()
            .filter_map(|opened| opened.earlier.as_ref())
            .map(|earlier| format!("{} from `{}`", earlier.traffic, earlier.source))
            .collect();
        let before = match (earlier.len(), one) {
            (0, true) => "The earlier value is not known.".to_owned(),
            (0, false) => "The earlier values are not known.".to_owned(),
            (1, true) => format!("Before, it was {}.", text::first_of(earlier, "; ", "more")),
            (known, _) if known == self.standing.len() => "What they were before is in the list.".to_owned(),
            (known, _) => match self.standing.len() - known {
                1 => "The earlier value of 1 rule is not known.".to_owned(),
                unknown => format!("The earlier values of {unknown} rules are not known."),
            },
        };
        let takes = if one {
            "Deny removes the *whole rule*, also the access that it gave before."
        } else {
            "Deny removes the *whole rules*, also the access that they gave before."
        };
        let together: Vec<String> =
            self.internet.iter().filter(|exposed| exposed.whole != Whole::Each).map(Exposed::risk).collect();
        let together = if together.is_empty() {
            String::new()
        } else {
            format!("\n{}", text::first(limits::FEW, together, "\n", "more"))
        };
        format!(":warning: {before} {takes}{together}")
    }

    fn earlier_in_text(&self) -> String {
        let earlier: Vec<&IngressRule> = self.standing.iter().filter_map(|one| one.earlier.as_ref()).collect();
        match (earlier.as_slice(), self.standing.len()) {
            ([], 1) => "its earlier value is not known".to_owned(),
            ([one], 1) => format!("it was {one}"),
            (known, all) if known.len() == all => "the card says what they were before".to_owned(),
            ([], _) => "their earlier values are not known".to_owned(),
            (_, _) => "not all of their earlier values are known".to_owned(),
        }
    }

    /// Approve asks once more only where the whole internet is let in.
    fn approve_dialog(&self) -> Option<Dialog> {
        if self.internet.is_empty() {
            return None;
        }
        let sentences: Vec<String> = self.internet.iter().map(Exposed::stays).collect();
        let (few, more) = (sentences.iter().take(3).cloned().collect::<Vec<_>>(), sentences.len().saturating_sub(3));
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        Some(Dialog {
            title: "Let the whole internet in?".to_owned(),
            text: format!("{}{more}.", few.join("; ")),
            confirm: "Approve",
            deny: "Cancel",
        })
    }
}
