//! Cards that the examples do not have, read as a person reads them. Snapshots: `cargo insta review`.

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::Value;

use super::{
    checker::{check, check_of, rule_lines},
    fixture::*,
};
use crate::domain::{
    card::{Message, View, full_list, render},
    change::{Actor, Fate, Ignored, Lookup, ModifiedRule, OpenedRule, Opening, Origin},
    ids::{Region, RequestId, RuleId},
    request::{Request, Requester, State, Verdict},
    rule::IngressRule,
};

/// A message as lines: `text`, then each block with its part; a button with its dialog.
fn read(message: &Message) -> String {
    check(message, &["U0000000B0B"]);
    let mut lines = vec![format!("text: {}", message.text)];
    for block in &message.blocks {
        let part = block["block_id"].as_str().and_then(|id| id.splitn(3, '.').nth(2)).unwrap_or_default();
        match block["type"].as_str() {
            Some("actions") => lines.extend(elements(block).iter().map(|button| format!("[{}]", button_text(button)))),
            Some("context") => {
                lines.push(format!("{part}: {}", elements(block)[0]["text"].as_str().unwrap_or_default()));
            }
            _ if block.get("fields").is_some() => lines.push(format!("{part}: (six fields)")),
            _ => lines.push(format!("{part}: {}", block["text"]["text"].as_str().unwrap_or_default())),
        }
    }
    lines.join("\n")
}

fn elements(block: &Value) -> &Vec<Value> {
    block["elements"].as_array().expect("elements")
}

fn button_text(button: &Value) -> String {
    let label = button["text"]["text"].as_str().unwrap_or_default();
    match button.get("confirm") {
        Some(confirm) => format!(
            "{label}: {} | {} | {} | {}",
            confirm["title"]["text"].as_str().unwrap_or_default(),
            confirm["text"]["text"].as_str().unwrap_or_default(),
            confirm["confirm"]["text"].as_str().unwrap_or_default(),
            confirm["deny"]["text"].as_str().unwrap_or_default(),
        ),
        None => label.to_owned(),
    }
}

fn card(request: &Request) -> String {
    read(&render(request, &view()))
}

fn ssh(source: &str) -> OpenedRule {
    opened(rule("tcp", 22, 22, source), "", "")
}

fn fields(message: &Message) -> String {
    let facts = message.blocks.iter().find_map(|block| block["fields"].as_array()).expect("fields");
    facts
        .iter()
        .filter_map(|field| field["text"].as_str())
        .map(|text| text.replace('\n', " "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_range_is_called_by_its_ports_though_a_well_known_one_is_in_it() {
    let header = |from, to| card(&authorized(vec![opened(rule("tcp", from, to, "0.0.0.0/0"), "", "")]));
    assert!(header(20, 30).contains("header: 🔴 Approval needed: tcp 20-30 opened to the whole internet"));
    assert!(header(22, 22).contains("header: 🔴 Approval needed: SSH opened to the whole internet"));
}

#[test]
fn two_halves_of_the_internet_are_called_the_internet() {
    assert_snapshot!(card(&authorized(vec![ssh("0.0.0.0/1"), https(), ssh("128.0.0.0/1")])), @r#"
    text: Approval needed: SSH opened to the whole internet. 3 rules on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, by alice@example.com: tcp 22 from 0.0.0.0/1; tcp 22 from 128.0.0.0/1; tcp 443 from 203.0.113.0/24. Together they let in the whole internet.
    header: 🔴 Approval needed: SSH opened to the whole internet
    risk: :rotating_light: *tcp 22 from `0.0.0.0/1`, `128.0.0.0/1`*: together the whole internet; any host can reach SSH.
    facts: (six fields)
    rules: *3 rules, widest first*
    ```! tcp 22         0.0.0.0/1
    ! tcp 22         128.0.0.0/1
    + tcp 443        203.0.113.0/24       "partner api"```
    [Approve: Let the whole internet in? | tcp 22 stays open to 0.0.0.0/1, 128.0.0.0/1: together the whole internet. | Approve | Cancel]
    [Deny: Take this opening back? | Removes 3 rules from sg-0123456789abcdef0. New connections stop at once; open ones may go on until they end. | Deny and revert | Keep it open]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands unless denied. Whoever opened it can't approve it. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    "#);
}

#[test]
fn halves_for_overlapping_ports_are_called_the_internet_too() {
    let low = opened(rule("tcp", 20, 25, "0.0.0.0/1"), "", "");
    assert_snapshot!(card(&authorized(vec![low, ssh("128.0.0.0/1")])), @"
    text: Approval needed: SSH opened to the whole internet. 2 rules on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, by alice@example.com: tcp 20-25 from 0.0.0.0/1; tcp 22 from 128.0.0.0/1. Together they let in the whole internet.
    header: 🔴 Approval needed: SSH opened to the whole internet
    risk: :rotating_light: *tcp 20-25 from `0.0.0.0/1`*: the whole internet, together with other rules here for the same ports.
    :rotating_light: *tcp 22 from `128.0.0.0/1`*: the whole internet, together with other rules here for the same ports.
    facts: (six fields)
    rules: *2 rules, widest first*
    ```! tcp 20-25      0.0.0.0/1
    ! tcp 22         128.0.0.0/1```
    [Approve: Let the whole internet in? | tcp 20-25 stays open to 0.0.0.0/1: with other rules the whole internet; tcp 22 stays open to 128.0.0.0/1: with other rules the whole internet. | Approve | Cancel]
    [Deny: Take this opening back? | Removes 2 rules from sg-0123456789abcdef0. New connections stop at once; open ones may go on until they end. | Deny and revert | Keep it open]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands unless denied. Whoever opened it can't approve it. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn both_families_and_many_services_for_the_world() {
    let rules = vec![
        ssh("0.0.0.0/0"),
        ssh("::/0"),
        opened(rule("tcp", 3306, 6379, "0.0.0.0/0"), "", ""),
        opened(rule("icmp", 8, -1, "0.0.0.0/0"), "", ""),
        opened(rule("-1", -1, -1, "::/0"), "", ""),
    ];
    assert_snapshot!(card(&authorized(rules)), @"
    text: Approval needed: all traffic and 3 more opened to the whole internet. 5 rules on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, by alice@example.com: all traffic from ::/0; tcp 3306-6379 from 0.0.0.0/0; tcp 22 from 0.0.0.0/0; tcp 22 from ::/0; icmp type 8 from 0.0.0.0/0.
    header: 🔴 Approval needed: all traffic and 3 more opened to the whole internet
    risk: :rotating_light: *all traffic from `::/0`*: any host can reach everything.
    :rotating_light: *tcp 3306-6379 from `0.0.0.0/0`*: any host can reach these ports, RDP, WinRM and VNC among them.
    :rotating_light: *tcp 22 from `0.0.0.0/0`, `::/0`*: any host can reach SSH.
    :rotating_light: *icmp type 8 from `0.0.0.0/0`*: any host can send it.
    facts: (six fields)
    rules: *5 rules, widest first*
    ```! all traffic    ::/0
    ! tcp 3306-6379  0.0.0.0/0
    ! tcp 22         0.0.0.0/0
    ! tcp 22         ::/0
    ! icmp type 8    0.0.0.0/0```
    [Approve: Let the whole internet in? | all traffic stays open to ::/0; tcp 3306-6379 stays open to 0.0.0.0/0; tcp 22 stays open to 0.0.0.0/0, ::/0; and 1 more. | Approve | Cancel]
    [Deny: Take this opening back? | Removes 5 rules from sg-0123456789abcdef0. New connections stop at once; open ones may go on until they end. | Deny and revert | Keep it open]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands unless denied. Whoever opened it can't approve it. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn a_prefix_list_is_shown_before_known_ranges() {
    assert_snapshot!(card(&authorized(vec![ssh("sg-0feedface"), ssh("10.0.0.0/8"), ssh("pl-6da54004")])), @"
    text: Approval needed: 3 rules opened on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, by alice@example.com: tcp 22 from pl-6da54004; tcp 22 from 10.0.0.0/8; tcp 22 from sg-0feedface.
    header: 🟡 Approval needed: 3 rules opened
    facts: (six fields)
    rules: *3 rules, widest first*
    ```+ tcp 22         pl-6da54004
    + tcp 22         10.0.0.0/8
    + tcp 22         sg-0feedface```
    [Approve]
    [Deny: Take this opening back? | Removes 3 rules from sg-0123456789abcdef0. New connections stop at once; open ones may go on until they end. | Deny and revert | Keep it open]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands unless denied. Whoever opened it can't approve it. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn one_of_three_rules_was_removed_by_hand_while_it_waits() {
    let mut rules = three();
    rules[2].fate = by_alice();
    assert_snapshot!(card(&authorized(rules)), @r#"
    text: Approval needed: 2 of 3 rules still open on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, opened by alice@example.com: tcp 443 from 203.0.113.0/24; udp 500-4500 from sg-0feedface. 1 rule was removed by hand.
    header: 🟡 Approval needed: 2 of 3 rules still open
    facts: (six fields)
    rules: *3 rules, widest first*
    ```+ tcp 443        203.0.113.0/24       "partner api"
    + udp 500-4500   sg-0feedface
    ~ tcp 22         0.0.0.0/0            removed by alice@example.com```
    [Approve]
    [Deny: Take this opening back? | Removes 2 rules from sg-0123456789abcdef0. New connections stop at once; open ones may go on until they end. | Deny and revert | Keep it open]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands unless denied. Whoever opened it can't approve it. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    "#);
}

#[test]
fn all_of_it_was_removed_while_it_was_being_posted() {
    let rules = vec![
        OpenedRule { fate: by_alice(), ..https() },
        OpenedRule { fate: Fate::RemovedByHand { by: "carol".to_owned(), at: opened_at() }, ..ssh("10.0.0.0/8") },
    ];
    let mut request = authorized(rules);
    request.state = State::Posting { lease: lease() };
    assert_snapshot!(card(&request), @"
    text: Withdrawn: the rules on sg-0123456789abcdef0 were removed by alice@example.com and carol before anybody decided.
    header: ⚪ Withdrawn
    who: Removed by `alice@example.com` and `carol` before anybody decided.
    rules: ```~ tcp 22         10.0.0.0/8           removed by carol
    ~ tcp 443        203.0.113.0/24       removed by alice@example.com```
    context: `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn a_rule_was_widened_from_a_known_value() {
    let earlier = Some(rule("tcp", 443, 443, "203.0.113.0/28"));
    let rules = vec![OpenedRule { earlier, ..https() }];
    assert_snapshot!(card(&request(Opening::Modified { rules, left_out: Vec::new() })), @r#"
    text: Approval needed: a rule of sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, was changed by alice@example.com to tcp 443 from 203.0.113.0/24; it was tcp 443 from 203.0.113.0/28.
    header: 🟡 Approval needed: rule changed to tcp 443
    risk: :warning: Before, it was tcp 443 from `203.0.113.0/28`. Deny removes the *whole rule*, also the access that it gave before.
    facts: (six fields)
    rules: *Changed to*
    ```+ tcp 443        203.0.113.0/24       was tcp 443 203.0.113.0/28 sgr-0abc "partner api"```
    [Approve]
    [Deny: Remove the whole rule? | The access that it gave before this change goes too. | Remove the rule | Keep it]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands unless denied. Whoever opened it can't approve it. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    "#);
}

#[test]
fn several_rules_were_changed_and_one_earlier_value_is_known() {
    let earlier = Some(rule("tcp", 443, 443, "203.0.113.0/28"));
    let rules = vec![OpenedRule { earlier, ..https() }, opened(rule("tcp", 22, 22, "0.0.0.0/0"), "sgr-0123", "")];
    assert_snapshot!(card(&request(Opening::Modified { rules, left_out: Vec::new() })), @r#"
    text: Approval needed: 2 rules of sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, were changed by alice@example.com to tcp 22 from 0.0.0.0/0; tcp 443 from 203.0.113.0/24; not all of their earlier values are known.
    header: 🔴 Approval needed: 2 rules changed, SSH now open to the whole internet
    risk: :warning: The earlier value of 1 rule is not known. Deny removes the *whole rules*, also the access that they gave before.
    facts: (six fields)
    rules: *Changed to, widest first*
    ```! tcp 22         0.0.0.0/0            sgr-0123
    + tcp 443        203.0.113.0/24       was tcp 443 203.0.113.0/28 sgr-0abc "partner api"```
    [Approve: Let the whole internet in? | tcp 22 stays open to 0.0.0.0/0. | Approve | Cancel]
    [Deny: Remove all 2 rules? | Removes 2 rules from sg-0123456789abcdef0, whole. The access that they gave before this change goes too. | Remove the rules | Keep them]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands unless denied. Whoever opened it can't approve it. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    "#);
}

#[test]
fn many_rules_were_changed_and_the_widest_of_them_is_named() {
    let modified = |to: IngressRule| ModifiedRule {
        id: RuleId::parse("sgr-0abc").expect("a rule id"),
        to: Some(to),
        description_only: false,
    };
    let mut rules: Vec<ModifiedRule> =
        (1..=12).map(|last| modified(rule("tcp", 443, 443, &format!("10.0.0.{last}/32")))).collect();
    rules.push(modified(rule("tcp", 22, 22, "pl-0123")));
    rules.push(modified(rule("tcp", 22, 22, "0.0.0.0/0")));
    let text = card(&request(Opening::Unresolved(Lookup::Modified { rules })));
    assert!(
        text.contains("14 rules were changed to `tcp 22 from 0.0.0.0/0`; `tcp 22 from pl-0123`; `tcp 443 "),
        "{text}"
    );
    assert!(text.contains("more, none wider, and the group could not be read"), "{text}");
}

#[test]
fn nobody_read_cloudtrail_for_three_hours() {
    let gap = Opening::Gap { from: opened_at(), until: opened_at() + TimeDelta::hours(3) };
    assert_snapshot!(card(&request(gap)), @"
    text: Unreadable: nobody read CloudTrail from 2026-11-20 15:53:20 to 2026-11-20 18:53:20 UTC. What was opened in that time has no card. Look for AuthorizeSecurityGroupIngress and ModifySecurityGroupRules in CloudTrail.
    header: 🟠 Unreadable: nobody read CloudTrail from 2026-11-20 15:53:20 to 2026-11-20 18:53:20 UTC
    why: Nobody read CloudTrail from 2026-11-20 15:53:20 to 2026-11-20 18:53:20 UTC (<!date^1795190000^{date_short_pretty} {time_secs}|2026-11-20 15:53:20 UTC> to <!date^1795200800^{date_short_pretty} {time_secs}|2026-11-20 18:53:20 UTC> in your time): that is further back than Portcullis may catch up. What was opened in that time has no card and awaits no decision. Look for `AuthorizeSecurityGroupIngress` and `ModifySecurityGroupRules` of that time in CloudTrail, in every account and region, and take back by hand what should not stand.
    context: `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn a_modification_could_not_be_described_yet() {
    let id = RuleId::parse("sgr-0abc").expect("a rule id");
    let to = Some(rule("tcp", 22, 22, "0.0.0.0/0"));
    let rules = vec![ModifiedRule { id, to, description_only: false }];
    assert_snapshot!(card(&request(Opening::Unresolved(Lookup::Modified { rules }))), @"
    text: Unreadable: something was opened on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, by alice@example.com. 1 rule was changed to tcp 22 from 0.0.0.0/0, and the group could not be read so far: whether this lets anybody in, and what it was before, is not known. Look at the group.
    header: 🟠 Unreadable: something was opened
    why: 1 rule was changed to `tcp 22 from 0.0.0.0/0`, and the group could not be read so far: whether this lets anybody in, and what it was before, is not known. Nothing can be denied from here: look at it in the console.
    facts: (six fields)
    [CloudTrail event]
    context: `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn a_cut_off_record_could_not_be_filled_in_yet() {
    let why = "CloudTrail left the request out of its record (149,893 bytes).".to_owned();
    assert_snapshot!(card(&request(Opening::Unresolved(Lookup::Authorized { ids: Vec::new(), why }))), @"
    text: Unreadable: something was opened on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, by alice@example.com. CloudTrail left the request out of its record (149,893 bytes). The group could not be read so far either. Look at the group.
    header: 🟠 Unreadable: something was opened
    why: CloudTrail left the request out of its record (149,893 bytes). The group could not be read so far either. Nothing can be denied from here: look at it in the console.
    facts: (six fields)
    [CloudTrail event]
    context: `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn the_mode_only_watches_and_requesters_may_approve() {
    let view = View { watch_only: true, requester_may_approve: true, ..view() };
    assert_snapshot!(read(&render(&authorized(vec![https()]), &view)), @r#"
    text: Approval needed: 1 rule opened on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, by alice@example.com: tcp 443 from 203.0.113.0/24 (256 addresses).
    header: 🟡 Approval needed: tcp 443 opened
    facts: (six fields)
    rules: *1 rule*
    ```+ tcp 443        203.0.113.0/24       "partner api"```
    [Approve]
    [Deny: Deny this opening? | Denies 1 rule on sg-0123456789abcdef0. Portcullis only watches at present: as long as that is so, nothing is removed. | Deny | Cancel]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands; Portcullis only watches at present, so a Deny is recorded and removes nothing. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    "#);
}

#[test]
fn it_was_approved_and_nobody_knows_who_opened_it() {
    let mut request = decided(authorized(three()), Verdict::Approve, State::Approved, 3);
    if let Some(decision) = &mut request.decision {
        decision.requester = Requester::NotIdentified;
    }
    assert_snapshot!(card(&request), @r#"
    text: Approved by bob: 3 rules (tcp 22 from 0.0.0.0/0; tcp 443 from 203.0.113.0/24; udp 500-4500 from sg-0feedface) stay open on sg-0123456789abcdef0.
    header: ✅ Approved
    who: By <@U0000000B0B>, <!date^1795190600^{date_short_pretty} {time}|2026-11-20 16:03 UTC>. Nothing was changed in AWS. Whoever opened it is not identified in Slack.
    rules: ```! tcp 22         0.0.0.0/0            "tmp &lt;!here&gt; debug"
    + tcp 443        203.0.113.0/24       "partner api"
    + udp 500-4500   sg-0feedface```
    context: prod-payments · eu-west-1 · `sg-0123456789abcdef0` · opened by `alice@example.com` · `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    "#);
}

#[test]
fn attempts_to_revert_are_failing() {
    let mut request = decided(authorized(three()), Verdict::Deny, State::Reverting { lease: None }, 3);
    request.revert_tries.failed = 2;
    request.revert_tries.error = Some("RequestLimitExceeded when describing `sg-0123456789abcdef0`".to_owned());
    assert_snapshot!(card(&request), @"
    text: Denied: reverting 3 rules on sg-0123456789abcdef0 (denied by bob). Attempts failed so far; it is STILL OPEN.
    header: ⏳ Denied: reverting
    who: By <@U0000000B0B>.
    tries: :hourglass: Attempts so far did not succeed: `RequestLimitExceeded when describing 'sg-0123456789abcdef0'`. Still open; it is tried again.
    rules: ```- tcp 22         0.0.0.0/0            reverting
    - tcp 443        203.0.113.0/24       reverting
    - udp 500-4500   sg-0feedface         reverting```
    context: `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn a_revert_found_one_rule_gone_and_removed_the_rest() {
    let fates = vec![Fate::Removed, Fate::NotThere, Fate::Removed];
    assert_snapshot!(card(&ended(three(), fates, State::Reverted)), @"
    text: Reverted: 2 rules removed from sg-0123456789abcdef0 (denied by bob). 1 rule was gone before.
    header: ↩️ Reverted
    who: Denied by <@U0000000B0B>. They are gone; Portcullis had asked EC2 to remove them.
    rules: ```- tcp 22         0.0.0.0/0            removed      sgr-0123
    ~ tcp 443        203.0.113.0/24       not there
    - udp 500-4500   sg-0feedface         removed      sgr-0def```
    context: prod-payments · eu-west-1 · `sg-0123456789abcdef0` · opened by `alice@example.com` · `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn a_revert_removed_one_rule_and_found_another_changed() {
    let now = rule("tcp", 443, 443, "10.1.0.0/16");
    let fates = vec![Fate::Removed, Fate::Changed { now }, by_alice()];
    assert_snapshot!(card(&ended(three(), fates, State::ChangedByHand)), @"
    text: Changed by hand: 1 of 3 rules on sg-0123456789abcdef0 is not what was shown; it was left alone. 1 rule was removed.
    header: ✋ Changed by hand
    who: Denied by <@U0000000B0B>, but 1 of 3 rules is not what this card showed. It was left alone. 1 rule was removed.
    rules: ```~ tcp 443        203.0.113.0/24       now tcp 443 10.1.0.0/16
    ~ tcp 22         0.0.0.0/0            removed by alice@example.com
    - udp 500-4500   sg-0feedface         removed      sgr-0def```
    context: `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn two_of_three_rules_could_not_be_removed_and_what_was_seen_is_said() {
    let fates = vec![failed("still there after the revoke"), Fate::NotThere, failed("UnauthorizedOperation")];
    assert_snapshot!(card(&ended(three(), fates, State::RevertFailed)), @"
    text: Revert failed: 2 of 3 rules on sg-0123456789abcdef0 are STILL OPEN.
    header: ❌ Revert failed: still open
    why: EC2 said `UnauthorizedOperation`. Seen: still there after the revoke.
    rules: ```x tcp 22         0.0.0.0/0            still open
    x udp 500-4500   sg-0feedface         still open
    ~ tcp 443        203.0.113.0/24       not there```
    [Retry]
    [CloudTrail event]
    context: Denied by <@U0000000B0B> · `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn ec2_refused_the_revoke() {
    let mut request =
        ended(three(), vec![Fate::Removed, Fate::Removed, failed("UnauthorizedOperation")], State::PartlyReverted);
    request.failure = Some(crate::domain::request::Failure {
        code: "UnauthorizedOperation".to_owned(),
        doing: "when revoking rules of `sg-0123456789abcdef0`".to_owned(),
        hint: "does the role allow ec2:RevokeSecurityGroupIngress?".to_owned(),
    });
    assert_snapshot!(card(&request), @"
    text: Partly reverted: 2 of 3 rules removed from sg-0123456789abcdef0. STILL OPEN: tcp 22 from 0.0.0.0/0.
    header: ⚠️ Partly reverted: 2 of 3
    open: :warning: *Still open:* tcp 22 from `0.0.0.0/0`. AWS said `UnauthorizedOperation` when revoking rules of `sg-0123456789abcdef0`: does the role allow ec2:RevokeSecurityGroupIngress?
    rules: ```x tcp 22         0.0.0.0/0            still open
    - tcp 443        203.0.113.0/24       removed      sgr-0abc
    - udp 500-4500   sg-0feedface         removed      sgr-0def```
    [Retry]
    [CloudTrail event]
    context: Denied by <@U0000000B0B> · `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn an_ignored_change_says_that_there_is_nothing_to_decide() {
    let mut request = authorized(vec![https()]);
    request.state = State::Ignored { reason: Ignored::Narrowing };
    assert_snapshot!(card(&request), @"
    text: Withdrawn: nothing to decide on sg-0123456789abcdef0: the rule lets in less than before.
    header: ⚪ Withdrawn: nothing to decide
    who: There is nothing to decide: the rule lets in less than before.
    context: `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}

#[test]
fn facts_tell_actors_and_origins_apart() {
    let told = |actor: Actor, agent: Option<&str>, ip: &str| {
        let mut request = authorized(vec![https()]);
        request.change.actor = actor;
        request.change.origin.console = false;
        request.change.origin.user_agent = agent.map(str::to_owned);
        request.change.origin.source_ip = Some(ip.to_owned());
        let facts = fields(&render(&request, &view()));
        facts
            .lines()
            .filter(|line| line.starts_with("*Opened") || line.starts_with("*From"))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let role =
        Actor::RoleSession { role: "deploy".to_owned(), session: "alice@example.com".to_owned(), arn: String::new() };
    let stack = "cloudformation.amazonaws.com";
    let lines = [
        told(role, Some("aws-cli/2.15 *x*"), "198.51.100.7"),
        told(Actor::IamUser { name: "al`ice".to_owned(), arn: None }, None, "AWS Internal"),
        told(Actor::Root { account: None }, Some(stack), stack),
        told(Actor::Other { kind: "SAMLUser".to_owned(), name: Some("<!here>".to_owned()) }, None, ""),
    ];
    assert_snapshot!(lines.join("\n"), @"
    *Opened by* role `deploy`, session `alice@example.com`; *From* `aws-cli/2.15 *x*`, `198.51.100.7`
    *Opened by* IAM user `al'ice`; *From* `AWS Internal`
    *Opened by* root user; *From* `cloudformation.amazonaws.com`
    *Opened by* `&lt;!here&gt;` (`SAMLUser`); *From* `(empty)`
    ");
}

#[test]
fn the_console_is_that_of_the_partition() {
    let url = |region: &str| {
        let mut request = authorized(vec![https()]);
        request.change.place.region = Region::parse(region).ok();
        let message = render(&request, &view());
        let buttons = message.blocks.iter().find(|block| block["type"] == "actions").map(elements).expect("buttons");
        buttons.last().and_then(|link| link["url"].as_str()).unwrap_or("no link").to_owned()
    };
    let urls = [url("ap-south-2"), url("cn-north-1"), url("us-gov-west-1"), url("nowhere")];
    assert_snapshot!(urls.join("\n"), @"
    https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=ap-south-2#/events?RequestId=59dbff89-35bd-4eac-99ed-be587EXAMPLE
    https://console.amazonaws.cn/cloudtrailv2/home?region=cn-north-1#/events?RequestId=59dbff89-35bd-4eac-99ed-be587EXAMPLE
    https://console.amazonaws-us-gov.com/cloudtrailv2/home?region=us-gov-west-1#/events?RequestId=59dbff89-35bd-4eac-99ed-be587EXAMPLE
    no link
    ");
}

/// Many small ranges, and last of all everything for the world.
fn five_hundred() -> Vec<OpenedRule> {
    let narrow =
        (0..499).map(|at| opened(rule("tcp", 443, 443, &format!("10.{}.{}.0/24", at / 250, at % 250)), "", "batch"));
    narrow.chain([opened(rule("-1", -1, -1, "0.0.0.0/0"), "", "oops")]).collect()
}

#[test]
fn five_hundred_rules_show_the_widest_and_list_the_rest_in_the_thread() {
    let request = authorized(five_hundred());
    let shown = card(&request);
    let without_middle: Vec<&str> = shown.lines().filter(|line| !line.starts_with("+ tcp")).collect();
    assert_snapshot!(without_middle.join("\n"), @r#"
    text: Approval needed: all traffic opened to the whole internet. 500 rules on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, by alice@example.com: all traffic from 0.0.0.0/0; tcp 443 from 10.0.0.0/24; tcp 443 from 10.0.1.0/24; tcp 443 from 10.0.2.0/24; tcp 443 from 10.0.3.0/24; tcp 443 from 10.0.4.0/24; tcp 443 from 10.0.5.0/24; tcp 443 from 10.0.6.0/24; and 492 more, none wider.
    header: 🔴 Approval needed: all traffic opened to the whole internet
    risk: :rotating_light: *all traffic from `0.0.0.0/0`*: any host can reach everything.
    facts: (six fields)
    rules: *500 rules, widest first*
    ```! all traffic    0.0.0.0/0            "oops"
    rules.2: and 480 more, none wider than these; the full list is in the thread
    [Approve: Let the whole internet in? | all traffic stays open to 0.0.0.0/0. | Approve | Cancel]
    [Deny: Take this opening back? | Removes 500 rules from sg-0123456789abcdef0. New connections stop at once; open ones may go on until they end. | Deny and revert | Keep it open]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands unless denied. Whoever opened it can't approve it. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    "#);
    let pages = full_list(&request, &view());
    pages.iter().for_each(|page| check_of(&request, page));
    let texts: Vec<&str> = pages.iter().map(|page| page.text.as_str()).collect();
    assert_snapshot!(texts.join("\n"), @"
    Rules 1 to 182 of 500 on sg-0123456789abcdef0, as opened, widest first.
    Rules 183 to 364 of 500 on sg-0123456789abcdef0, as opened, widest first.
    Rules 365 to 500 of 500 on sg-0123456789abcdef0, as opened, widest first.
    ");
}

#[test]
fn a_webhook_shows_as_many_as_fit_and_says_how_many_it_leaves_out() {
    let view = View { webhook: true, ..view() };
    let request = authorized(five_hundred());
    let shown = read(&render(&request, &view));
    let tail: Vec<&str> = shown.lines().filter(|line| line.contains("rules.")).collect();
    assert_snapshot!(tail.join("\n"), @r#"
    rules.2: ```+ tcp 443        10.0.61.0/24         "batch"
    rules.3: ```+ tcp 443        10.0.123.0/24        "batch"
    rules.4: and 370 more that are not shown, none wider than these; 500 rules in all
    "#);
    assert!(full_list(&request, &view).is_empty(), "a webhook has no thread");
}

#[test]
fn twenty_rules_are_all_on_the_card() {
    let rules: Vec<OpenedRule> = five_hundred().into_iter().take(20).collect();
    assert!(full_list(&authorized(rules.clone()), &view()).is_empty());
    let message = render(&authorized(rules), &view());
    assert_eq!(rule_lines(&message).len(), 20);
    assert!(!serde_json::to_string(&message.blocks).expect("JSON").contains(" more"));
}

#[test]
fn twenty_rules_of_the_longest_kind_are_all_on_the_card() {
    let long = |kind: &str, at: usize| format!("{kind}-{at:0>64}");
    let hostile = "&".repeat(10_000);
    let rules = (0..20).map(|at| OpenedRule {
        earlier: Some(rule("icmpv6", 128, 100, &long("sg", at))),
        ..opened(rule("icmpv6", 128, 128, &long("sg", at)), &long("sgr", at), &hostile)
    });
    let mut request = request(Opening::Modified { rules: rules.collect(), left_out: Vec::new() });
    request.change.id = RequestId::parse(&"r".repeat(128)).expect("a request id");
    request.change.place.group_name = Some(hostile.clone());
    request.change.origin = Origin { source_ip: Some(hostile.clone()), user_agent: Some(hostile), ..Origin::default() };
    let message = render(&request, &view());
    check_of(&request, &message);
    assert_eq!(rule_lines(&message).len(), 20);
    assert!(full_list(&request, &view()).is_empty(), "nothing is left for the thread");
}

#[test]
fn five_hundred_rules_fail_worst_first() {
    let fates: Vec<Fate> =
        (0..500).map(|at| if at % 100 == 7 { failed("UnauthorizedOperation") } else { Fate::Removed }).collect();
    let shown = card(&ended(five_hundred(), fates, State::PartlyReverted));
    let signs: Vec<char> = shown
        .lines()
        .filter_map(|line| line.trim_start_matches("rules: ```").chars().next())
        .filter(|sign| "x-".contains(*sign))
        .collect();
    assert_eq!(signs.iter().collect::<String>(), format!("{}{}", "x".repeat(5), "-".repeat(15)));
    assert!(
        shown.contains("and 480 more, none of them open that is wider than these; the full list is in the thread"),
        "{shown}"
    );
}

#[test]
fn every_version_of_a_card_has_block_ids_of_its_own() {
    let mut request = authorized(vec![https()]);
    let ids = |request: &Request| -> Vec<String> {
        render(request, &view()).blocks.iter().map(|block| block["block_id"].to_string()).collect()
    };
    let first = ids(&request);
    request.version += 1;
    assert!(ids(&request).iter().all(|id| !first.contains(id)));
}

#[test]
fn a_rule_is_the_same_rule_in_text_and_line() {
    let rules: Vec<IngressRule> = vec![rule("icmpv6", 128, 0, "2001:db8::/32"), rule("50", -1, -1, "192.0.2.0/24")];
    let rules = rules.into_iter().map(|rule| opened(rule, "", "")).collect();
    assert_snapshot!(card(&authorized(rules)), @"
    text: Approval needed: 2 rules opened on sg-0123456789abcdef0 (web-alb) in prod-payments, eu-west-1, by alice@example.com: icmpv6 type 128 code 0 from 2001:db8::/32; protocol 50 from 192.0.2.0/24.
    header: 🟡 Approval needed: 2 rules opened
    facts: (six fields)
    rules: *2 rules, widest first*
    ```+ icmpv6 type 128 code 0 2001:db8::/32
    + protocol 50            192.0.2.0/24```
    [Approve]
    [Deny: Take this opening back? | Removes 2 rules from sg-0123456789abcdef0. New connections stop at once; open ones may go on until they end. | Deny and revert | Keep it open]
    [Deny with reason…]
    [CloudTrail event]
    context: Stands unless denied. Whoever opened it can't approve it. `59dbff89-35bd-4eac-99ed-be587EXAMPLE`
    ");
}
