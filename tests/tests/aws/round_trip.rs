//! For any opening that EC2 takes: its record, read; what is there, planned; the request that removes it, on the wire; and
//! the record of that removal, read again. At each step the rules are the same, and nobody else's rule is touched.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::Utc;
use local::{
    system::seed::Opener,
    world::ec2::{Call, GroupRef, Operation, Outcome, Permission, Permissions},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use shared::{
    domain::{
        change::{Change, GroupKey, OpenedRule, Opening, Reading, RemovedRules, Revocation},
        plan::Plan,
        record,
        rule::{DescribedRule, IngressRule},
    },
    ports::{Firewall, Which},
};

use crate::{
    ec2::{REGION, firewall, ingress, new_group, open},
    support::{Cloud, lock},
};

const CASES: u32 = 256;

#[test]
fn every_rule_survives_from_its_record_to_the_request_that_removes_it() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cloud = runtime.block_on(Cloud::start());
    let taken = AtomicU32::new(0);
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let told = runner.run(&prop::collection::vec(permission(), 1..5), |permissions| {
        let went = runtime.block_on(there_and_back(&cloud, permissions))?;
        taken.fetch_add(u32::from(went), Ordering::Relaxed);
        Ok(())
    });
    told.unwrap_or_else(|failure| panic!("{failure}"));
    let taken = taken.into_inner();
    assert!(taken >= CASES / 3, "EC2 took only {taken} of {CASES} openings");
}

/// The whole way of one opening. `false`: EC2 refuses it.
async fn there_and_back(cloud: &Cloud, permissions: Vec<Permission>) -> Result<bool, TestCaseError> {
    let key = new_group(cloud.world(), REGION);
    let bystanders = vec![
        Permission::new("tcp", 443, 443).from_ipv4("10.1.0.0/16", Some("not ours")),
        Permission::new("udp", 53, 53).from_group(key.group.as_str(), None),
    ];
    open(cloud.world(), &key, bystanders);
    let firewall = firewall(cloud);
    let before = ingress(&firewall, &key).await;

    let call = Operation::AuthorizeIngress {
        group: GroupRef::id(key.group.as_str()),
        permissions: Permissions::Array(permissions),
    };
    let caller = Opener::Alice.caller(key.account.as_str(), key.region.as_str());
    let Ok(Outcome::Opened(made)) = cloud.world().ec2_call(&caller, &Call::from(call), Utc::now()).result else {
        return Ok(false);
    };
    let opened = opened(cloud)?;
    prop_assert_eq!(opened.len(), made.len(), "a rule for each that EC2 made");

    let there = firewall.describe(&key, &Which::All).await.expect("rules");
    let plan = Plan::make(&opened, &there);
    let ours: Vec<DescribedRule> = plan.to_revoke().map(|(_, rule)| rule.clone()).collect();
    prop_assert_eq!(ours.len(), opened.len(), "each is found: {}", plan);
    let revoke = firewall.revoke(&key, &ours).await;
    prop_assert!(revoke.is_ok(), "{:?}", revoke);

    prop_assert_eq!(ingress(&firewall, &key).await, before, "nobody else's rule is touched");
    prop_assert_eq!(sorted(removed(cloud, &key)?), sorted(opened.into_iter().map(|rule| rule.rule).collect()));
    Ok(true)
}

fn last_record(cloud: &Cloud) -> Reading {
    let record = lock(&cloud.world().trail).entries().last().expect("a record").record.to_string();
    record::read(&record, Utc::now())
}

/// What the last record says that was opened.
fn opened(cloud: &Cloud) -> Result<Vec<OpenedRule>, TestCaseError> {
    let reading = last_record(cloud);
    if let Reading::Change(Change { opening: Opening::Authorized { rules }, .. }) = reading {
        return Ok(rules);
    }
    Err(TestCaseError::fail(format!("{reading:?}")))
}

/// What the last record says that was removed, in this group.
fn removed(cloud: &Cloud, key: &GroupKey) -> Result<Vec<IngressRule>, TestCaseError> {
    let reading = last_record(cloud);
    if let Reading::Revocation(Revocation { place, removed: RemovedRules::Named { rules, .. }, .. }) = reading {
        prop_assert_eq!(place.group.as_ref(), Some(&key.group));
        return Ok(rules);
    }
    Err(TestCaseError::fail(format!("{reading:?}")))
}

fn sorted(mut rules: Vec<IngressRule>) -> Vec<IngressRule> {
    rules.sort();
    rules
}

/// A permission with sources of up to all four kinds. EC2 refuses some: ports the wrong way round, kinds of ICMP that there
/// are not, a range of the wrong family, the same rule twice.
fn permission() -> impl Strategy<Value = Permission> {
    let sources = (
        prop::collection::vec(("[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{1,2}", 0..=32_u8), 0..3),
        prop::collection::vec((any::<u128>(), 0..=128_u8), 0..3),
        prop::option::of("pl-[0-9a-f]{8}"),
        any::<bool>(),
        prop::option::of("[a-zA-Z0-9 ._:/()#,@+=&;{}!$*-]{1,40}"),
    );
    (traffic(), sources).prop_map(|(mut permission, (ipv4, ipv6, list, s3, description))| {
        let description = description.as_deref();
        if ipv4.is_empty() && ipv6.is_empty() && list.is_none() {
            permission = permission.from_ipv4("0.0.0.0/0", description);
        }
        for (address, length) in ipv4 {
            permission = permission.from_ipv4(&format!("{address}/{length}"), description);
        }
        for (address, length) in ipv6 {
            let address = std::net::Ipv6Addr::from(address);
            permission = permission.from_ipv6(&format!("{address}/{length}"), description);
        }
        if let Some(list) = list {
            permission = permission.from_prefix_list(&list, description);
        }
        if s3 {
            permission = permission.from_prefix_list("pl-6da54004", None);
        }
        permission
    })
}

fn traffic() -> impl Strategy<Value = Permission> {
    let port = 0..=65_535_i64;
    prop_oneof![
        4 => (prop_oneof![Just("tcp"), Just("udp"), Just("6"), Just("17"), Just("TCP")], port.clone(), port).prop_map(
            |(protocol, a, b)| Permission::new(protocol, a.min(b), a.max(b))
        ),
        1 => prop_oneof![Just("tcp"), Just("udp")].prop_map(|protocol| Permission::new(protocol, 0, 65_535)),
        2 => (prop_oneof![Just("icmp"), Just("icmpv6"), Just("1"), Just("58")], -1..=255_i64, -1..=255_i64).prop_map(
            |(protocol, kind, code)| Permission::new(protocol, kind, if kind == -1 { -1 } else { code })
        ),
        1 => Just(Permission::all_ports("-1")),
        1 => (0..=255_u8).prop_map(|number| Permission::all_ports(&number.to_string())),
    ]
}
