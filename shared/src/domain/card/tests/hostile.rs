//! Whatever others wrote, a card is within Slack's limits, notifies nobody, and hides nothing that is worse than what it shows.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::{
    checker::{check_modal, check_of, rule_lines},
    fixture::*,
};
use crate::domain::{
    card::{View, ask_reason, full_list, render},
    change::{Actor, Fate, Ignored, Lookup, ModifiedRule, OpenedRule, Opening},
    exposure,
    ids::{AccountId, RequestId, RuleId, SlackUserId},
    reason::Reason,
    request::{Failure, Request, Requester, State, Verdict},
    rule::IngressRule,
};

/// Pieces of text that try to be more than text. Whom they name is nobody that a card may name.
pub(super) const PIECES: [&str; 22] = [
    "<!channel>",
    "<!here|here>",
    "<!subteam^S0000000E71>",
    "<@U00000000E71>",
    "<@W00000000E71|bob>",
    "<#C00000000E71|general>",
    "<https://evil.example|Approve>",
    "<mailto:bob@evil.example|bob>",
    "<!date^0^{date_short_pretty} {time}^https://evil.example|1970-01-01 00:00 UTC>",
    "https://evil.example/approve www.evil.example evil.example",
    "@channel @here @everyone :here: #general bob@evil.example",
    "<\u{200b}!channel>\u{200d}",
    "\u{202e}>lennahc!<\u{2066}\u{2069}",
    "```\n*Approved* by security\n```",
    "`",
    "&lt;!here&gt; &amp;lt;!here&amp;gt; &#60;!here&#62; &",
    "*bold* _x_ ~y~\n> quote",
    "\u{feff}\0\u{7}\r\n\u{2028}\u{1b}[31m",
    "\" removed      sgr-0abc",
    "\"},{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"Approved\"}},{\"a\":\"",
    "<<@U00000000E71>>",
    "|>^",
];

/// Text that tries to be more than text.
pub(super) fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(PIECES.as_slice()).prop_map(str::to_owned),
        1 => Just("&<>".repeat(3_400)),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn any_rule() -> impl Strategy<Value = IngressRule> {
    let source = prop_oneof![
        (any::<u32>(), 0_u8..=32)
            .prop_map(|(bits, prefix)| format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(bits))),
        (any::<u128>(), 0_u8..=128)
            .prop_map(|(bits, prefix)| format!("{}/{prefix}", std::net::Ipv6Addr::from_bits(bits))),
        "sg-[0-9a-f]{64}",
        "pl-[0-9a-f]{8}",
    ];
    let traffic = prop_oneof![
        Just(("-1", -1, -1)),
        (0_i64..65_536, 0_i64..3).prop_map(|(from, more)| ("tcp", from, (from + more).min(65_535))),
        (0_i64..65_536).prop_map(|from| ("udp", from, 65_535)),
        (0_i64..256, 0_i64..256).prop_map(|(kind, code)| ("icmpv6", kind, code)),
        Just(("253", -1, -1)),
    ];
    (traffic, source).prop_map(|((protocol, from, to), source)| rule(protocol, from, to, &source))
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Standing),
        1 => hostile().prop_map(|by| Fate::RemovedByHand { by, at: opened_at() }),
        1 => Just(Fate::Removed),
        1 => Just(Fate::NotThere),
        1 => any_rule().prop_map(|now| Fate::Changed { now }),
        1 => hostile().prop_map(|by_name| Fate::Approved {
            on: RequestId::parse("59dbff89-35bd-4eac-99ed-be587EXAMPLE").expect("a request id"),
            by: SlackUserId::parse("U0CAROL0001").expect("a user id"),
            by_name,
            at: opened_at(),
        }),
        1 => hostile().prop_map(|why| Fate::Failed { why }),
    ]
}

fn any_opened() -> impl Strategy<Value = OpenedRule> {
    let earlier = prop::option::of(any_rule());
    (any_rule(), hostile(), any::<bool>(), earlier, any_fate()).prop_map(|(rule, description, id, earlier, fate)| {
        let id = id.then(|| RuleId::parse(&format!("sgr-{}", "0".repeat(64))).expect("a rule id"));
        OpenedRule { earlier, fate, ..OpenedRule::new(rule, id, Some(description)) }
    })
}

/// Ranges that are the whole internet only together: the siblings along the way to an address, and the address.
fn together() -> impl Strategy<Value = Vec<OpenedRule>> {
    (any::<u128>(), 1_u8..100, 0_i64..3).prop_map(|(address, depth, more)| {
        let net = |bits: u128, prefix: u8| {
            let source = format!("{}/{prefix}", std::net::Ipv6Addr::from_bits(bits));
            opened(rule("tcp", 20, 22 + more, &source), "", "a part")
        };
        let sibling = |prefix: u8| net(address ^ (1 << (128 - u32::from(prefix))), prefix);
        (1..=depth).map(sibling).chain([net(address, depth)]).collect()
    })
}

/// A few rules, about as many as a card shows, or 500 and more (the same few again and again, to be quick).
fn any_rules() -> impl Strategy<Value = Vec<OpenedRule>> {
    prop_oneof![
        4 => prop::collection::vec(any_opened(), 1..6),
        2 => prop::collection::vec(any_opened(), 18..24),
        1 => together(),
        1 => (prop::collection::vec(any_opened(), 10..40), 500_usize..600)
            .prop_map(|(some, count)| some.into_iter().cycle().take(count).collect()),
    ]
}

fn any_opening() -> impl Strategy<Value = Opening> {
    prop_oneof![
        4 => any_rules().prop_map(|rules| Opening::Authorized { rules }),
        4 => any_rules().prop_map(|rules| Opening::Modified { rules, left_out: Vec::new() }),
        1 => hostile().prop_map(|why| Opening::Unreadable { why }),
        1 => hostile().prop_map(|why| Opening::Unresolved(Lookup::Authorized { ids: Vec::new(), why })),
        1 => prop::collection::vec(any_rule(), 0..30).prop_map(|rules| {
            let id = RuleId::parse("sgr-1").expect("a rule id");
            let of = |to| ModifiedRule { id: id.clone(), to: Some(to), description_only: false };
            Opening::Unresolved(Lookup::Modified { rules: rules.into_iter().map(of).collect() })
        }),
        1 => Just(Opening::Gap { from: opened_at(), until: opened_at() + TimeDelta::hours(3) }),
    ]
}

pub(super) fn any_state() -> impl Strategy<Value = State> {
    prop_oneof![
        8 => Just(State::Pending),
        1 => Just(State::NeedsPost),
        1 => Just(State::Posting { lease: lease() }),
        2 => Just(State::Approved),
        1 => Just(State::Denied),
        1 => Just(State::Reverting { lease: None }),
        2 => Just(State::Reverted),
        1 => Just(State::AlreadyGone),
        1 => Just(State::ChangedByHand),
        2 => Just(State::PartlyReverted),
        2 => Just(State::RevertFailed),
        1 => Just(State::Observed),
        1 => Just(State::Withdrawn),
        1 => Just(State::Ignored { reason: Ignored::Narrowing }),
    ]
}

fn any_actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        (hostile(), hostile()).prop_map(|(user_name, role)| Actor::SsoUser { user_name, role, arn: String::new() }),
        hostile().prop_map(|name| Actor::IamUser { name, arn: None }),
        (hostile(), hostile()).prop_map(|(role, session)| Actor::RoleSession { role, session, arn: String::new() }),
        Just(Actor::Root { account: None }),
        hostile().prop_map(|name| Actor::Service { name }),
        (hostile(), prop::option::of(hostile())).prop_map(|(kind, name)| Actor::Other { kind, name }),
    ]
}

fn any_request() -> impl Strategy<Value = Request> {
    let others = prop::array::uniform8(hostile());
    let known = (any::<bool>(), any::<bool>(), any::<bool>(), 0_u32..4);
    (any_opening(), any_state(), any_actor(), others, known).prop_map(
        |(opening, state, actor, others, (place_known, decided_by, failed, tries))| {
            let [group_name, agent, ip, by_name, reason, code, doing, hint] = others;
            let mut request = decided(request(opening), Verdict::Deny, state, u32::MAX);
            request.change.id = RequestId::parse(&"r".repeat(128)).expect("a request id");
            request.change.actor = actor;
            request.change.place.group_name = Some(group_name);
            request.change.origin.console = false;
            request.change.origin.user_agent = Some(agent);
            request.change.origin.source_ip = Some(ip);
            if !place_known {
                let name = request.change.place.group_name.take();
                request.change.place = Default::default();
                request.change.place.group_name = name;
            }
            if let Some(decision) = &mut request.decision {
                decision.by_name = by_name;
                decision.reason = Reason::parse(&reason.chars().take(Reason::MOST).collect::<String>()).ok();
                decision.requester = Requester::NotIdentified;
            }
            if !decided_by {
                request.decision = None;
            }
            request.revert_tries.failed = tries;
            request.revert_tries.error = Some(format!("{code} {doing}"));
            request.failure = failed.then_some(Failure { code, doing, hint });
            request
        },
    )
}

fn any_view() -> impl Strategy<Value = View> {
    (hostile(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(name, webhook, requester_may_approve, watch_only)| {
            let account = AccountId::parse("111122223333").expect("an account");
            View { account_names: [(account, name)].into(), webhook, requester_may_approve, watch_only, ..view() }
        },
    )
}

/// How a line begins, without its sign and with single spaces.
fn identity(line: &str) -> String {
    let begin = line.split('"').next().unwrap_or_default();
    begin.chars().skip(2).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_card_is_within_the_limits(request in any_request(), view in any_view()) {
        check_of(&request, &render(&request, &view));
        full_list(&request, &view).iter().for_each(|page| check_of(&request, page));
        check_modal(&ask_reason(&request, &view, request.cards.first()).view);
    }

    /// A list that broke off goes on by the number of its messages.
    #[test]
    fn the_full_list_is_the_same_whatever_became_of_the_rules(rules in prop::collection::vec(any_opened(), 21..80)) {
        let standing = rules.iter().map(|opened| OpenedRule { fate: Fate::Standing, ..opened.clone() }).collect();
        prop_assert_eq!(full_list(&authorized(rules), &view()), full_list(&authorized(standing), &view()));
    }

    #[test]
    fn the_full_list_has_every_rule_once(rules in prop::collection::vec(any_opened(), 21..80)) {
        let standing: Vec<OpenedRule> =
            rules.into_iter().map(|opened| OpenedRule { fate: Fate::Standing, ..opened }).collect();
        let mut expected: Vec<String> =
            standing.iter().map(|opened| format!("{} {}", opened.rule.traffic, opened.rule.source)).collect();
        let mut listed: Vec<String> = full_list(&authorized(standing), &view())
            .iter()
            .flat_map(rule_lines)
            .map(|line| identity(&line))
            .collect();
        expected.sort();
        listed.sort();
        prop_assert_eq!(listed, expected);
    }

    #[test]
    fn nothing_hidden_is_wider_than_what_is_shown(
        rules in prop::collection::vec(any_rule(), 21..300),
        webhook in any::<bool>(),
    ) {
        let opened: Vec<OpenedRule> = rules.iter().map(|rule| OpenedRule::new(rule.clone(), None, None)).collect();
        let message = render(&authorized(opened), &View { webhook, ..view() });
        let shown: Vec<String> = rule_lines(&message).iter().map(|line| identity(line)).collect();
        let (mut seen, mut hidden) = (Vec::new(), Vec::new());
        let mut left = shown.clone();
        for rule in &rules {
            let name = format!("{} {}", rule.traffic, rule.source);
            match left.iter().position(|line| *line == name) {
                Some(at) => { left.swap_remove(at); seen.push(rule) }
                None => hidden.push(rule),
            }
        }
        prop_assert!(left.is_empty(), "every line is a rule: {:?}", left);
        prop_assert!(seen.len() >= 20);
        let whole: Vec<bool> = exposure::internet_wide(&rules.iter().collect::<Vec<_>>());
        let flagged = whole.iter().filter(|wide| **wide).count();
        if flagged <= seen.len() {
            let marked = rule_lines(&message).iter().filter(|line| line.starts_with('!')).count();
            prop_assert_eq!(marked, flagged, "each that is the whole internet is marked");
        }
        if flagged == 0 {
            let narrowest = seen.iter().map(|rule| exposure::width(rule)).min();
            prop_assert!(hidden.iter().all(|rule| Some(exposure::width(rule)) <= narrowest));
        }
        let says = serde_json::to_string(&message.blocks).expect("JSON");
        let words = format!("and {} more", hidden.len());
        prop_assert!(hidden.is_empty() || says.contains(&words), "it says how many it hides");
    }
}
