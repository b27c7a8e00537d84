//! Damaged records: nothing panics, and no opening is lost.

use proptest::prelude::*;

use super::*;

/// The pointers of all values in a record, the record itself left out.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut visit = |key: &str, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        let at = format!("{at}/{key}");
        found.push(at.clone());
        pointers(value, &at, found);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| visit(key, value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, value)| visit(&at.to_string(), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One way to spoil a value.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Dropped,
    Nulled,
    /// Turned into something of another type.
    Retyped(usize),
}

const TYPES: usize = 7;

fn all_damages() -> impl Iterator<Item = Damage> {
    [Damage::Dropped, Damage::Nulled].into_iter().chain((0..TYPES).map(Damage::Retyped))
}

fn other_types() -> [Value; TYPES] {
    [json!("?"), json!(-7), json!(0.5), json!(true), json!([]), json!({}), json!([{"items": [null, "?"]}])]
}

fn damaged(record: &Value, at: &str, damage: Damage) -> Value {
    let mut record = record.clone();
    match damage {
        Damage::Dropped => {
            let (parent, key) = at.rsplit_once('/').expect("a pointer");
            match record.pointer_mut(parent) {
                Some(Value::Object(object)) => drop(object.shift_remove(&key.replace("~1", "/").replace("~0", "~"))),
                Some(Value::Array(list)) => drop(list.remove(key.parse().expect("an index"))),
                other => panic!("{at}: {other:?}"),
            }
        }
        Damage::Nulled => *record.pointer_mut(at).expect("a value") = Value::Null,
        Damage::Retyped(kind) => {
            let value = record.pointer_mut(at).expect("a value");
            let other = other_types()[kind].clone();
            if std::mem::discriminant(value) != std::mem::discriminant(&other) {
                *value = other;
            }
        }
    }
    record
}

/// Whether a damage may turn an opening into something else for good reason.
fn says_something_else(at: &str, record: &Value) -> bool {
    let is_text = |name: &str| record[name].as_str().is_some_and(|text| !text.is_empty());
    at == "/errorCode" && is_text("errorCode")
}

#[test]
fn no_single_damage_hides_an_opening() {
    let mut tried = 0;
    for (name, text) in RECORDS {
        let record: Value = serde_json::from_str(text).expect(name);
        let whole = read(text, now());
        let mut places = Vec::new();
        pointers(&record, "", &mut places);
        for at in &places {
            for damage in all_damages() {
                let spoiled = damaged(&record, at, damage);
                let reading = read_value(&spoiled);
                tried += 1;
                if matches!(whole, Reading::Change(_)) && !says_something_else(at, &spoiled) {
                    assert!(matches!(reading, Reading::Change(_)), "{name} {at} {damage:?}: {reading:?}");
                }
            }
        }
    }
    assert!(tried > 5_000, "{tried} damages");
}

#[test]
fn a_single_damage_of_request_or_answer_never_leaves_a_rule_off_the_card() {
    for name in ["terraform_one_rule", "console_all_sources", "cli_flat_world"] {
        let record: Value = serde_json::from_str(recorded(name)).expect(name);
        let whole = change_of(read_value(&record)).opening;
        let mut places = Vec::new();
        pointers(&record, "", &mut places);
        for at in &places {
            for damage in all_damages() {
                let opening = change_of_damaged(&record, at, damage);
                let Opening::Authorized { rules } = &opening else { continue };
                for known in whole.rules() {
                    let shown = rules.iter().any(|shown| shown.rule == known.rule);
                    assert!(shown, "{name} {at} {damage:?} hides {}: {opening:?}", known.rule);
                }
            }
        }
    }
}

fn change_of_damaged(record: &Value, at: &str, damage: Damage) -> Opening {
    match read_value(&damaged(record, at, damage)) {
        Reading::Change(change) => change.opening,
        Reading::Revocation(_) => panic!("{at}: a revoke"),
        Reading::Ignored(reason) => {
            assert_eq!(at, "/errorCode", "{reason}");
            Opening::Unreadable { why: reason.to_string() }
        }
    }
}

/// A damaged revoke claims nothing that the whole one did not.
#[test]
fn no_single_damage_makes_a_revoke_claim_more() {
    for name in ["revoke_flat", "revoke_by_rule_ids", "revoke_default_vpc_miss"] {
        let record: Value = serde_json::from_str(recorded(name)).expect(name);
        let RemovedRules::Named { rules, ids } = removed(&read_value(&record)).expect(name) else { panic!("{name}") };
        let mut places = Vec::new();
        pointers(&record, "", &mut places);
        // Without the list of misses the request is all there is: that is what such a record says.
        for at in places.iter().filter(|at| !at.starts_with("/responseElements")) {
            for damage in all_damages() {
                match removed(&read_value(&damaged(&record, at, damage))) {
                    Some(RemovedRules::Named { rules: now_rules, ids: now_ids }) => {
                        assert!(
                            now_rules.iter().all(|rule| rules.contains(rule)),
                            "{name} {at} {damage:?}: {now_rules:?}"
                        );
                        assert!(now_ids.iter().all(|id| ids.contains(id)), "{name} {at} {damage:?}: {now_ids:?}");
                    }
                    Some(RemovedRules::Unknown) | None => {}
                }
            }
        }
    }
}

fn removed(reading: &Reading) -> Option<RemovedRules> {
    match reading {
        Reading::Revocation(revocation) => Some(revocation.removed.clone()),
        Reading::Change(_) | Reading::Ignored(_) => None,
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "items",
        "groupId",
        "ipPermissions",
        "ipProtocol",
        "fromPort",
        "toPort",
        "ipRanges",
        "cidrIp",
        "groups",
        "securityGroupRuleSet",
        "securityGroupRuleId",
        "SecurityGroupRule",
        "securityGroupRuleIds",
        "omitted",
        "unknownIpPermissionSet",
        "cidrIpv4",
        "isEgress",
        "ModifySecurityGroupRulesRequest",
    ]);
    let texts =
        prop::sample::select(vec!["", "tcp", "-1", "22", "sg-1", "sgr-1", "10.0.0.0/8", "::/0", "true", "é\u{0}"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        texts.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn an_opening_is_a_change_whatever_its_request_and_answer(
        parameters in any_json(),
        response in any_json(),
        modify: bool,
    ) {
        let name = if modify { "ModifySecurityGroupRules" } else { "AuthorizeSecurityGroupIngress" };
        let mut record = call(name, parameters);
        record["responseElements"] = response;
        let opening = change_of(read_value(&record)).opening;
        match opening {
            Opening::Authorized { rules } => prop_assert!(!rules.is_empty()),
            Opening::Unresolved(Lookup::Modified { rules }) => prop_assert!(!rules.is_empty()),
            Opening::Unresolved(Lookup::Authorized { ids, why }) => prop_assert!(!ids.is_empty() && !why.is_empty()),
            Opening::Unreadable { why } => prop_assert!(why.chars().count() < 1_500 && why.ends_with('.')),
            Opening::Modified { .. } | Opening::Gap { .. } => prop_assert!(false, "no record says this"),
        }
    }

    #[test]
    fn a_revoke_is_never_a_change(parameters in any_json(), response in any_json()) {
        let mut record = call("RevokeSecurityGroupIngress", parameters);
        record["responseElements"] = response;
        prop_assert!(!matches!(read_value(&record), Reading::Change(_)));
    }

    #[test]
    fn several_damages_at_once_do_not_hide_an_opening(
        which in 0..RECORDS.len(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), 0..TYPES), 1..6),
    ) {
        let (_, text) = RECORDS[which];
        let mut record: Value = serde_json::from_str(text).expect("JSON");
        let opened = matches!(read(text, now()), Reading::Change(_));
        for (at, kind) in damages {
            let mut places = Vec::new();
            pointers(&record, "", &mut places);
            places.retain(|at| !["/errorCode", "/eventName", "/eventSource"].contains(&at.as_str()));
            if !places.is_empty() {
                let at = at.get(&places).clone();
                record = damaged(&record, &at, Damage::Retyped(kind));
            }
        }
        let kept = matches!(read_value(&record), Reading::Change(_));
        prop_assert!(kept || !opened);
    }

    #[test]
    fn any_text_has_a_reading(text: String) {
        let first = read(&text, now());
        prop_assert_eq!(first, read(&text, now()));
    }

    #[test]
    fn a_record_that_breaks_off_is_an_unreadable_change(which in 0..RECORDS.len(), cut: prop::sample::Index) {
        let (_, text) = RECORDS[which];
        let text = text.trim_end();
        let end = cut.index(text.len());
        prop_assume!(text.is_char_boundary(end));
        let change = change_of(read(&text[..end], now()));
        let unreadable = matches!(change.opening, Opening::Unreadable { .. });
        prop_assert!(unreadable);
    }
}
