//! No row claims more than the records tell.

use local::replay::Became;
use serde_json::{Value, json};

use crate::{
    records::{authorize, authorize_egress, call, delete_group, file, modify, other, revoke, revoke_cut_off},
    support::{Folder, fates, json, replay_one, text},
};

const RULE: &str = "sgr-00000000000000001";
const WORLD: &str = "0.0.0.0/0";

fn of(records: &[Value]) -> Vec<String> {
    fates(&replay_one("log.json", file(records)))
}

#[test]
fn an_opening_that_nobody_touches_is_open_as_far_as_the_records_tell() {
    assert_eq!(
        of(&[other("09:59:00"), authorize("10:00:00", "alice", RULE, 22, WORLD)]),
        ["alice | tcp 22 from 0.0.0.0/0 | the whole internet | \
          would await a decision; still open as far as the records tell"]
    );
}

#[test]
fn an_opening_that_was_removed_by_hand_is_withdrawn() {
    assert_eq!(
        of(&[authorize("10:00:00", "alice", RULE, 22, "192.0.2.0/24"), revoke("10:04:00", "bob", 22, "192.0.2.0/24")]),
        ["alice | tcp 22 from 192.0.2.0/24 | 256 addresses | withdrawn: removed by bob 4 min later"]
    );
}

#[test]
fn within_one_second_the_order_is_not_known() {
    assert_eq!(
        of(&[authorize("10:00:00", "alice", RULE, 22, WORLD), revoke("10:00:00", "bob", 22, WORLD)]),
        ["alice | tcp 22 from 0.0.0.0/0 | the whole internet | \
          would await a decision; perhaps removed by bob in the same second, only EC2 can tell"]
    );
}

#[test]
fn a_revoke_that_was_cut_off_may_have_removed_it() {
    assert_eq!(
        of(&[authorize("10:00:00", "alice", RULE, 22, WORLD), revoke_cut_off("11:00:00", "bob")]),
        ["alice | tcp 22 from 0.0.0.0/0 | the whole internet | \
          would await a decision; perhaps removed by bob 1 h later, only EC2 can tell"]
    );
}

#[test]
fn copies_of_one_record_count_once() {
    let with_event = |record: &Value, event: &str| {
        let mut copy = record.clone();
        copy["eventID"] = json!(event);
        copy
    };
    let (opening, closing) = (authorize("10:00:00", "alice", RULE, 22, WORLD), revoke_cut_off("11:00:00", "bob"));
    let copies = [&opening, &closing].map(|record| ["e1", "e2"].map(|event| with_event(record, event)));
    let replayed = replay_one("log.json", file(&copies.concat()));
    assert_eq!(
        fates(&replayed),
        ["alice | tcp 22 from 0.0.0.0/0 | the whole internet | \
          would await a decision; perhaps removed by bob 1 h later, only EC2 can tell"]
    );
    assert_eq!((replayed.summary.openings, replayed.summary.revokes), (1, 1));
    let Became::AwaitsDecision { since } = &replayed.rows[0].became else { panic!("{:?}", replayed.rows) };
    assert_eq!(since.iter().map(|since| since.rules).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_rule_of_a_deleted_group_is_not_called_open() {
    let replayed = replay_one(
        "log.json",
        file(&[authorize("10:00:00", "alice", RULE, 22, WORLD), delete_group("10:02:01", "bob")]),
    );
    assert_eq!(
        fates(&replayed),
        ["alice | tcp 22 from 0.0.0.0/0 | the whole internet | \
          would await a decision; the group was deleted by bob 2 min 1 s later"]
    );
    assert_eq!((replayed.summary.openings, replayed.summary.still_open), (1, 0));
}

#[test]
fn a_modification_of_a_rule_that_the_history_made_is_judged_as_the_functions_judge_it() {
    assert_eq!(
        of(&[
            authorize("10:00:00", "alice", RULE, 22, "192.0.2.0/24"),
            modify("10:05:00", "bob", RULE, Some((22, "192.0.2.7/32"))),
            modify("10:06:00", "bob", RULE, None),
            modify("10:07:00", "carol", RULE, Some((22, WORLD))),
            revoke("10:09:00", "dave", 22, WORLD),
        ]),
        [
            "alice | tcp 22 from 192.0.2.0/24 | 256 addresses | would await a decision; it was removed by dave 9 min later",
            "bob | changed to tcp 22 from 192.0.2.7/32 | 1 address | ignored: it lets in no more than before",
            "bob | changed: sgr-00000000000000001 | not known | ignored: a description alone",
            "carol | changed to tcp 22 from 0.0.0.0/0 (was tcp 22 from 192.0.2.7/32) | the whole internet | \
             withdrawn: removed by dave 2 min later",
        ]
    );
}

#[test]
fn an_opening_that_was_changed_later_is_not_called_open_as_it_was() {
    let rows = of(&[
        authorize("10:00:00", "alice", RULE, 22, "192.0.2.0/24"),
        modify("10:05:00", "bob", RULE, Some((22, WORLD))),
    ]);
    assert_eq!(
        rows,
        [
            "alice | tcp 22 from 192.0.2.0/24 | 256 addresses | would await a decision; it was changed by bob 5 min later",
            "bob | changed to tcp 22 from 0.0.0.0/0 (was tcp 22 from 192.0.2.0/24) | the whole internet | \
             would await a decision; still open as far as the records tell",
        ]
    );
}

#[test]
fn a_modification_of_an_unknown_rule_is_left_to_ec2() {
    let replayed = replay_one("log.json", file(&[modify("10:05:00", "bob", RULE, Some((22, WORLD)))]));
    assert_eq!(
        fates(&replayed),
        ["bob | changed to tcp 22 from 0.0.0.0/0 | the whole internet, if it lets in | \
          asks EC2 first; asked unless it is egress, a description alone or a narrowing"]
    );
    let summary = &replayed.summary;
    assert_eq!((summary.openings, summary.cards, summary.cards_if_ec2_says_so), (0, 0, 1));
}

#[test]
fn a_modification_of_a_rule_that_lets_out_is_ignored_also_where_its_making_is_in_another_file() {
    let folder = Folder::new();
    folder.file("1.json", file(&[modify("10:05:00", "bob", RULE, Some((22, WORLD)))]));
    folder.file("2.json", file(&[authorize_egress("10:00:00", "alice", RULE)]));
    let replayed = folder.replay();
    assert_eq!(
        fates(&replayed),
        ["bob | changed to tcp 22 from 0.0.0.0/0 | the whole internet | ignored: it is egress"]
    );
}

#[test]
fn a_record_that_was_cut_off_is_said_to_be_so() {
    let mut unnamed = authorize("10:00:00", "alice", RULE, 22, WORLD);
    unnamed["requestParameters"] = json!({"omitted": true, "originalSize": 149_893});
    let mut nothing = unnamed.clone();
    unnamed["responseElements"]["securityGroupRuleSet"]["items"][0]["cidrIpv4"] = json!("unheard of");
    nothing["responseElements"] = Value::Null;
    nothing["requestID"] = json!("another");
    let rows = of(&[unnamed, nothing]);
    assert_eq!(
        rows,
        [
            "alice | sgr-00000000000000001 | not known | asks EC2 first, and asked in any case: \
             CloudTrail left the request out of its record (149,893 bytes).",
            "alice | not known | not known | unreadable: CloudTrail left the request out of its record (149,893 bytes).",
        ]
    );
}

#[test]
fn a_call_that_failed_is_counted_and_no_opening() {
    let mut failed = authorize("10:00:00", "alice", RULE, 22, WORLD);
    failed["errorCode"] = json!("Client.InvalidPermission.Duplicate");
    let mut dry = authorize("10:01:00", "alice", RULE, 22, WORLD);
    dry["errorCode"] = json!("Client.DryRunOperation");
    let replayed = replay_one("log.json", file(&[failed, dry]));
    assert_eq!(
        text(&replayed),
        "\
Nothing would have been asked.

Read:            1 file, 2 records, from 2026-11-20T10:00:00Z to 2026-11-20T10:01:00Z; 2 may open or close ingress
Openings:        0, 0 to the whole internet; 0 still open as far as the records tell
Cards:           0 would have been posted
No card:         1 failed call, 1 dry run
"
    );
}

#[test]
fn a_record_without_a_time_has_none() {
    let mut record = authorize("10:00:00", "alice", RULE, 22, WORLD);
    record.as_object_mut().unwrap().remove("eventTime");
    let replayed = replay_one("log.json", file(&[record, revoke_cut_off("11:00:00", "bob")]));
    assert_eq!(replayed.rows[0].at, None);
    assert!(text(&replayed).contains("\nnot known   "), "{}", text(&replayed));
}

/// Every order in which three things can come.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[test]
fn the_order_of_the_files_makes_no_difference() {
    let files = [
        file(&[
            revoke("10:04:00", "bob", 22, WORLD),
            modify("10:05:00", "bob", "sgr-2", Some((443, WORLD))),
            revoke("12:00:00", "bob", 80, WORLD),
        ]),
        file(&[
            authorize("10:00:00", "alice", RULE, 22, WORLD),
            authorize("10:00:00", "carol", "sgr-2", 443, "192.0.2.0/24"),
            call("ModifySecurityGroupRules", "10:05:00", "dave", json!({}), Value::Null),
        ]),
        file(&[
            authorize("12:00:00", "alice", "sgr-3", 80, WORLD),
            modify("10:06:00", "carol", "sgr-2", Some((443, "192.0.2.0/25"))),
            authorize("10:00:00", "alice", RULE, 22, WORLD),
            delete_group("13:00:00", "erin"),
        ]),
    ];
    let outcomes = ORDERS.map(|order| {
        let folder = Folder::new();
        let inputs: Vec<_> = order
            .iter()
            .enumerate()
            .map(|(place, which)| folder.file(&format!("{place}.json"), &files[*which]))
            .map(local::replay::Input::Path)
            .collect();
        json(&local::replay::read(&inputs).unwrap())
    });
    assert!(outcomes[0].contains("\"withdrawn\": 1"), "{}", outcomes[0]);
    for outcome in &outcomes {
        assert_eq!(*outcome, outcomes[0]);
    }
}
