//! Rule lines: sign, protocol and ports, source, then description or outcome; worst first, in aligned columns.

use std::cmp::Reverse;

use super::{View, limits, text};
use crate::domain::{
    change::{Fate, OpenedRule, Opening},
    exposure,
    ids::AccountId,
    request::{Request, SHOWN_RULES},
    rule::{IngressRule, ReferencedGroup, Source},
};

/// What a card tells about rules that stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// What was opened, with descriptions.
    Opened,
    /// What a modified rule is now, with ids and earlier values.
    Modified,
    /// That it stays.
    Stays,
    /// That it is being removed.
    Reverting,
    /// That it is still open after a revert.
    Ended,
    /// That somebody removed all of it. Who is said elsewhere if it was one person.
    Withdrawn {
        /// Whether it was one person.
        by_one: bool,
    },
}

/// One rule, with its place in the order of what a reader must see first.
pub(super) struct Ranked<'a> {
    pub(super) opened: &'a OpenedRule,
    /// Whether it lets in the whole internet, alone or together with others that stand.
    pub(super) internet: bool,
}

/// The rules, worst first: what is open before what is not, the whole internet before the rest, wide before narrow.
pub(super) fn ranked(rules: &[OpenedRule]) -> Vec<Ranked<'_>> {
    let is_open = |opened: &&OpenedRule| severity(&opened.fate) == Severity::Open;
    let open: Vec<&OpenedRule> = rules.iter().filter(is_open).collect();
    let wide = exposure::internet_wide(&open.iter().map(|opened| &opened.rule).collect::<Vec<_>>());
    let mut ranked: Vec<Ranked> =
        open.into_iter().zip(wide).map(|(opened, internet)| Ranked { opened, internet }).collect();
    ranked.extend(rules.iter().filter(|rule| !is_open(rule)).map(|opened| Ranked { opened, internet: false }));
    ranked.sort_by_cached_key(|one| {
        let rule = &one.opened.rule;
        (severity(&one.opened.fate), !one.internet, Reverse(exposure::width(rule)), rule.clone())
    });
    ranked
}

/// How much a rule's fate needs a reader, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Open,
    Another,
    Gone,
}

fn severity(fate: &Fate) -> Severity {
    match fate {
        Fate::Standing | Fate::Failed { .. } | Fate::Approved { .. } => Severity::Open,
        Fate::Changed { .. } => Severity::Another,
        Fate::Removed | Fate::NotThere | Fate::RemovedByHand { .. } => Severity::Gone,
    }
}

/// The columns of one rule, escaped.
struct Line {
    sign: char,
    traffic: String,
    source: String,
    rest: String,
}

fn line(one: &Ranked, telling: Telling, description: usize, home: Option<&AccountId>) -> Line {
    let rule = &one.opened.rule;
    let (sign, rest) = match &one.opened.fate {
        Fate::Standing => standing(one, telling, description),
        Fate::RemovedByHand { by, .. } => ('~', removed_by_hand(by, telling)),
        Fate::Removed => ('-', with_id("removed", one.opened)),
        Fate::NotThere => ('~', "not there".to_owned()),
        Fate::Changed { now } => ('~', format!("now {} {}", now.traffic, now.source)),
        Fate::Approved { by_name, .. } => {
            ('x', format!("still open, approved by {}", text::in_code(by_name, limits::SHORT_NAME)))
        }
        Fate::Failed { .. } => ('x', "still open".to_owned()),
    };
    let rest = [foreign(rule, home), rest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Line { sign, traffic: rule.traffic.to_string(), source: rule.source.to_string(), rest }
}

/// Whose the group is that a rule lets in, where it is not of the account that was opened.
fn foreign(rule: &IngressRule, home: Option<&AccountId>) -> String {
    match &rule.source {
        Source::Group(ReferencedGroup { owner: Some(owner), .. }) if Some(owner) != home => {
            format!("of account {owner}")
        }
        Source::Group(_) | Source::Ipv4(_) | Source::Ipv6(_) | Source::PrefixList(_) => String::new(),
    }
}

fn standing(one: &Ranked, telling: Telling, description: usize) -> (char, String) {
    let open = if one.internet { '!' } else { '+' };
    match telling {
        Telling::Opened | Telling::Withdrawn { .. } => (open, quoted(one.opened, description)),
        Telling::Modified => (open, modified(one.opened, description)),
        Telling::Stays => (open, "stays".to_owned()),
        Telling::Reverting => ('-', "reverting".to_owned()),
        Telling::Ended => ('x', "still open".to_owned()),
    }
}

fn quoted(opened: &OpenedRule, budget: usize) -> String {
    let description = text::in_code(opened.description.as_deref().unwrap_or_default(), budget);
    if description.is_empty() { description } else { format!("\"{description}\"") }
}

fn modified(opened: &OpenedRule, budget: usize) -> String {
    let earlier = opened.earlier.as_ref().map(|earlier| format!("was {} {}", earlier.traffic, earlier.source));
    let id = opened.id.as_ref().map(ToString::to_string);
    let parts = [earlier, id, Some(quoted(opened, budget))];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn removed_by_hand(by: &str, telling: Telling) -> String {
    match telling {
        Telling::Withdrawn { by_one: true } => "removed".to_owned(),
        Telling::Withdrawn { by_one: false }
        | Telling::Opened
        | Telling::Modified
        | Telling::Stays
        | Telling::Reverting
        | Telling::Ended => format!("removed by {}", text::in_code(by, limits::SHORT_NAME)),
    }
}

fn with_id(outcome: &str, opened: &OpenedRule) -> String {
    match &opened.id {
        Some(id) => format!("{outcome:<12} {id}"),
        None => outcome.to_owned(),
    }
}

/// The lines of these rules, in columns that fit what is shown.
fn aligned(rules: &[Ranked], telling: Telling, description: usize, home: Option<&AccountId>) -> Vec<String> {
    let lines: Vec<Line> = rules.iter().map(|one| line(one, telling, description, home)).collect();
    let widest = |least: usize, most: usize, of: fn(&Line) -> &str| {
        lines.iter().map(|line| of(line).chars().count()).filter(|width| *width <= most).max().unwrap_or(0).max(least)
    };
    let (traffic, source) = (widest(14, 24, |line| &line.traffic), widest(20, 44, |line| &line.source));
    lines
        .iter()
        .map(|line| {
            let whole = format!("{} {:<traffic$} {:<source$} {}", line.sign, line.traffic, line.source, line.rest);
            whole.trim_end().to_owned()
        })
        .collect()
}

/// Code blocks of at most a section each, and how many lines they hold; lines beyond the budget are left out.
struct Packed {
    sections: Vec<String>,
    lines: usize,
}

fn packed(heading: &str, lines: &[String], budget: usize) -> Packed {
    const FENCES: usize = 6;
    let mut sections: Vec<String> = Vec::new();
    let (mut section, mut spent, mut shown) = (format!("{heading}```"), 0, 0);
    let mut empty = true;
    for line in lines {
        let cost = line.chars().count() + 1;
        if spent + cost > budget {
            break;
        }
        if !empty && section.chars().count() + cost + FENCES > limits::SECTION {
            sections.push(format!("{section}```"));
            (section, empty) = ("```".to_owned(), true);
        }
        if !empty {
            section.push('\n');
        }
        section.push_str(line);
        (spent, shown, empty) = (spent + cost, shown + 1, false);
    }
    if !empty {
        sections.push(format!("{section}```"));
    }
    Packed { sections, lines: shown }
}

/// The sections that show a request's rules on its card, with a word on what they leave out.
pub(super) fn on_card(request: &Request, view: &View, telling: Telling, heading: &str) -> Vec<String> {
    let Packed { mut sections, lines } = shown(request, view, telling, heading);
    let total = request.change.opening.rules().len();
    let hidden = total - lines;
    if hidden > 0 {
        sections.push(left_out(hidden, total, telling, view));
    }
    sections
}

fn shown(request: &Request, view: &View, telling: Telling, heading: &str) -> Packed {
    let rules = ranked(request.change.opening.rules());
    let most = if view.webhook { rules.len() } else { SHOWN_RULES };
    let first: Vec<Ranked> = rules.into_iter().take(most).collect();
    let description = if telling == Telling::Modified { limits::MODIFIED_DESCRIPTION } else { limits::DESCRIPTION };
    packed(heading, &aligned(&first, telling, description, request.change.place.account.as_ref()), limits::CARD_LINES)
}

/// What a card that asks tells about rules that stand.
fn asking(opening: &Opening) -> Telling {
    match opening {
        Opening::Modified { .. } => Telling::Modified,
        Opening::Authorized { .. } | Opening::Unresolved(_) | Opening::Unreadable { .. } | Opening::Gap { .. } => {
            Telling::Opened
        }
    }
}

fn left_out(hidden: usize, total: usize, telling: Telling, view: &View) -> String {
    let than = match telling {
        Telling::Opened | Telling::Modified | Telling::Stays | Telling::Withdrawn { .. } => "none wider than these",
        Telling::Reverting | Telling::Ended => "none of them open that is wider than these",
    };
    if view.webhook {
        format!("and {hidden} more that are not shown, {than}; {} in all", text::rules(total))
    } else {
        format!("and {hidden} more, {than}; the full list is in the thread")
    }
}

/// One message of the full list.
pub(super) struct Page {
    /// The number of its first rule, from 1.
    pub(super) first: usize,
    /// The number of its last rule.
    pub(super) last: usize,
    /// Its sections.
    pub(super) sections: Vec<String>,
}

/// Every rule of a request as it was opened, in as few messages as Slack takes. What became of the rules since changes no
/// page: a list that broke off goes on after the page that was posted last, and must leave out none.
pub(super) fn pages(request: &Request) -> Vec<Page> {
    let telling = asking(&request.change.opening);
    let as_opened = |rule: &OpenedRule| OpenedRule { fate: Fate::Standing, ..rule.clone() };
    let rules: Vec<OpenedRule> = request.change.opening.rules().iter().map(as_opened).collect();
    let lines = aligned(&ranked(&rules), telling, limits::FULL_DESCRIPTION, request.change.place.account.as_ref());
    let (mut pages, mut rest) = (Vec::new(), lines.as_slice());
    let mut first = 1;
    while !rest.is_empty() {
        let Packed { sections, lines: taken } = packed("", rest, limits::LIST_LINES);
        // A line is far shorter than the budget; should one ever not be, the list ends rather than the process.
        if taken == 0 {
            break;
        }
        pages.push(Page { first, last: first + taken - 1, sections });
        rest = rest.get(taken..).unwrap_or_default();
        first += taken;
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ids::SecurityGroupId, rule::Traffic};

    fn lines(lengths: &[usize]) -> Vec<String> {
        lengths.iter().map(|length| "x".repeat(*length)).collect()
    }

    /// How many sections these lines take, and how many of the lines are in them.
    fn taken(heading: &str, lengths: &[usize], budget: usize) -> (usize, usize) {
        let Packed { sections, lines } = packed(heading, &lines(lengths), budget);
        assert!(sections.iter().all(|section| section.chars().count() <= limits::SECTION));
        (sections.len(), lines)
    }

    #[test]
    fn lines_are_shown_up_to_the_last_character_of_the_budget() {
        assert_eq!(taken("", &[9, 9, 9], 30), (1, 3), "a line and its end are ten");
        assert_eq!(taken("", &[9, 9, 9], 29), (1, 2));
        assert_eq!(taken("", &[9], 9), (0, 0));
    }

    #[test]
    fn a_section_is_filled_before_the_next_one_begins() {
        let fences_and_end = 10;
        let rest = limits::SECTION - fences_and_end - 1_000;
        assert_eq!(taken("", &[1_000, rest], 9_999), (1, 2));
        assert_eq!(taken("", &[1_000, rest + 1], 9_999), (2, 2));
        assert_eq!(taken("*1 rule*\n", &[1_000, rest - 9], 9_999), (1, 2), "a heading takes its part");
        assert_eq!(taken("*1 rule*\n", &[1_000, rest - 8], 9_999), (2, 2));
    }

    #[test]
    fn a_group_that_is_let_in_is_named_with_its_account_where_that_is_another() {
        let line_of = |owner: Option<&str>| {
            let owner = owner.map(|owner| AccountId::parse(owner).expect("an account"));
            let id = SecurityGroupId::parse("sg-0fedcba9876543210").expect("a group");
            let rule = IngressRule { traffic: Traffic::All, source: Source::Group(ReferencedGroup { id, owner }) };
            let opened = OpenedRule::new(rule, None, Some("a partner".to_owned()));
            let home = AccountId::parse("111122223333").expect("an account");
            aligned(&ranked(&[opened]), Telling::Opened, 100, Some(&home)).concat()
        };
        assert!(line_of(Some("444455556666")).ends_with("sg-0fedcba9876543210 of account 444455556666 \"a partner\""));
        for owner in [Some("111122223333"), None] {
            assert!(line_of(owner).ends_with("sg-0fedcba9876543210 \"a partner\""), "{owner:?}");
        }
    }
}
