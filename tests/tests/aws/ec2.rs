//! EC2 through the spoke role: what is described, what is revoked, and what an error means.

use std::{sync::Arc, time::Duration};

use adapters::ec2::SpokeFirewall;
use chrono::Utc;
use local::{
    system::seed::{self, Opener},
    world::{
        World,
        ec2::{Call, GroupRef, Operation, Permission, Permissions},
        faults::Fault,
        sts::Role,
    },
};
use shared::{
    config::Roles,
    domain::{
        change::GroupKey,
        rule::{DescribedRule, SourceText},
    },
    ports::{Firewall, FirewallError, Which},
};

use crate::support::{Cloud, group, lock, roles, sdk};

const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";

#[tokio::test]
async fn a_group_is_described_to_its_last_page() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    for chunk in 0..10_u32 {
        let permissions = (0..100).map(|port| {
            let port = i64::from(chunk * 100 + port);
            Permission::new("tcp", port, port).from_ipv4("203.0.113.0/24", None)
        });
        open(cloud.world(), &key, permissions.collect());
    }

    let rules = firewall(&cloud).describe(&key, &Which::All).await.expect("rules");
    assert_eq!(rules.iter().filter(|rule| !rule.is_egress).count(), 1_000);
    assert_eq!(rules.iter().filter(|rule| rule.is_egress).count(), 1);

    let ids: Vec<_> = rules.iter().map(|rule| rule.id.clone()).collect();
    let mut asked: Vec<_> = ids.iter().take(450).cloned().collect();
    asked.push("sgr-0nowhere".parse().expect("a rule id"));
    let found = firewall(&cloud).describe(&key, &Which::Ids(asked.clone())).await.expect("rules");
    asked.pop();
    assert_eq!(found.into_iter().map(|rule| rule.id).collect::<Vec<_>>(), asked, "what is not there is left out");
    assert_eq!(firewall(&cloud).describe(&key, &Which::Ids(vec![])).await, Ok(vec![]));
}

#[tokio::test]
async fn rules_of_every_kind_are_revoked_as_they_were_described() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    let other = new_group(cloud.world(), REGION);
    let permissions = vec![
        Permission::new("tcp", 22, 22)
            .from_ipv4("0.0.0.0/0", Some("for a minute"))
            .from_ipv6("2001:DB8::/32", None)
            .from_prefix_list("pl-6da54004", None)
            .from_group(other.group.as_str(), None),
        Permission::new("udp", 500, 4500).from_ipv4("100.68.0.18/18", None),
        Permission::new("icmp", 8, -1).from_ipv4("203.0.113.0/24", None),
        Permission::new("icmpv6", -1, -1).from_ipv6("::/0", None),
        Permission::all_ports("-1").from_ipv4("198.51.100.7/32", None),
        Permission::all_ports("50").from_ipv4("198.51.100.7/32", None),
    ];
    open(cloud.world(), &key, permissions);
    let firewall = firewall(&cloud);

    let rules = ingress(&firewall, &key).await;
    assert_eq!(rules.len(), 9);
    let ssh = rules.iter().find(|rule| rule.text.source == SourceText::CidrIpv4("0.0.0.0/0".to_owned()));
    assert_eq!(ssh.and_then(|rule| rule.description.as_deref()), Some("for a minute"));

    let request_id = firewall.revoke(&key, &rules).await.expect("a revoke");
    assert_eq!(ingress(&firewall, &key).await, []);
    let trail = lock(&cloud.world().trail);
    let record = &trail.entries().last().expect("a record").record;
    assert_eq!(record["eventName"], "RevokeSecurityGroupIngress");
    assert_eq!(record["requestID"].as_str(), request_id.as_deref(), "the id tells our own revoke");
    assert_eq!(
        record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"],
        "arn:aws:iam::111122223333:role/security/spoke-001"
    );
}

#[tokio::test]
async fn one_rule_that_is_not_there_leaves_all_as_they_are() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    let permission = |port| Permission::new("tcp", port, port).from_ipv4("0.0.0.0/0", None);
    open(cloud.world(), &key, vec![permission(22), permission(3389)]);
    let firewall = firewall(&cloud);
    let rules = ingress(&firewall, &key).await;
    firewall.revoke(&key, &rules[..1]).await.expect("the first");

    assert_eq!(firewall.revoke(&key, &rules).await, Err(FirewallError::RuleNotThere));
    assert_eq!(ingress(&firewall, &key).await, rules[1..]);
}

#[tokio::test]
async fn a_group_that_is_gone_has_no_rules_and_takes_no_revoke() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    open(cloud.world(), &key, vec![Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None)]);
    let firewall = firewall(&cloud);
    let rules = ingress(&firewall, &key).await;
    apply(cloud.world(), &key, Operation::DeleteGroup { group: GroupRef::id(key.group.as_str()) });

    assert_eq!(firewall.revoke(&key, &rules).await, Err(FirewallError::GroupGone));
    assert_eq!(firewall.describe(&key, &Which::All).await, Ok(vec![]));
}

#[tokio::test]
async fn egress_is_never_sent() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    let firewall = firewall(&cloud);
    let rules = firewall.describe(&key, &Which::All).await.expect("rules");
    assert!(rules.iter().all(|rule| rule.is_egress) && !rules.is_empty());

    let refused = firewall.revoke(&key, &rules).await.expect_err("egress");
    assert!(matches!(&refused, FirewallError::Refused { code, .. } if code == "NotSent"), "{refused}");
    assert_eq!(firewall.revoke(&key, &[]).await, Ok(None));
    assert!(lock(&cloud.world().trail).entries().is_empty(), "EC2 was not asked to revoke anything");
}

#[tokio::test]
async fn each_group_is_worked_on_in_its_own_account_and_region() {
    let cloud = Cloud::start().await;
    let firewall = firewall(&cloud);
    for (account, region) in [("222233334444", "eu-central-1"), ("222233334444", "us-east-1"), (ACCOUNT, REGION)] {
        let id = {
            let mut ec2 = lock(&cloud.world().ec2);
            ec2.add_group(account, region, "elsewhere", None).expect("a group")
        };
        let key = group(account, region, &id);
        open(cloud.world(), &key, vec![Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None)]);
        let rules = ingress(&firewall, &key).await;
        firewall.revoke(&key, &rules).await.expect("a revoke");
        assert_eq!(ingress(&firewall, &key).await, [], "{account} {region}");
    }
}

#[tokio::test]
async fn a_missing_role_is_told_with_what_to_look_at() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    lock(&cloud.world().sts).remove_role("arn:aws:iam::111122223333:role/security/spoke-001");

    let Err(FirewallError::Refused { code, doing, hint, .. }) = firewall(&cloud).describe(&key, &Which::All).await
    else {
        panic!("the role is gone")
    };
    assert_eq!(code, "AccessDenied");
    assert_eq!(doing, "when assuming `role/security/spoke-001` in `111122223333`");
    assert_eq!(hint, "does the role exist there, and does it trust this account?");
}

#[tokio::test]
async fn a_role_that_asks_for_an_external_id_gets_it() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    let hub = "arn:aws:iam::123456789012:role/security/hub-001";
    lock(&cloud.world().sts).add_role(Role::spoke(ACCOUNT, "/security/", "spoke-001", hub, Some("portcullis-7")));
    let firewall = |external_id: Option<&str>| {
        let external_id = external_id.map(|id| id.parse().expect("an external id"));
        SpokeFirewall::new(&cloud.sdk, Roles { external_id, ..roles() })
    };

    let refused = firewall(None).describe(&key, &Which::All).await;
    assert!(matches!(refused, Err(FirewallError::Refused { .. })), "{refused:?}");
    assert!(firewall(Some("portcullis-7")).describe(&key, &Which::All).await.is_ok());
}

#[tokio::test]
async fn a_session_is_used_again_for_its_group() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    let other = new_group(cloud.world(), REGION);
    let firewall = firewall(&cloud);
    firewall.describe(&key, &Which::All).await.expect("rules");

    cloud.world().faults.set("sts", "AssumeRole", Fault::Throttle, None);
    assert!(firewall.describe(&key, &Which::All).await.is_ok());
    let throttled = firewall.describe(&other, &Which::All).await;
    assert_eq!(
        throttled,
        Err(FirewallError::Unavailable {
            doing: "when assuming `role/security/spoke-001` in `111122223333`".to_owned(),
            why: "Throttling".to_owned(),
        }),
        "another group needs a session of its own"
    );
}

#[tokio::test]
async fn what_passes_by_itself_is_told_apart_from_what_does_not() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    open(cloud.world(), &key, vec![Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None)]);
    let firewall = firewall(&cloud);
    let rules = ingress(&firewall, &key).await;
    let faults = &cloud.world().faults;
    let doing = "when calling `RevokeSecurityGroupIngress` in `111122223333`";

    for (fault, code) in [(Fault::Throttle, "RequestLimitExceeded"), (Fault::ServerError, "InternalError")] {
        faults.set("ec2", "RevokeSecurityGroupIngress", fault, None);
        let error = firewall.revoke(&key, &rules).await;
        assert_eq!(error, Err(FirewallError::Unavailable { doing: doing.to_owned(), why: code.to_owned() }));
    }
    faults.set("ec2", "RevokeSecurityGroupIngress", Fault::Slow(Duration::from_secs(30)), None);
    let slow = firewall.revoke(&key, &rules).await;
    assert!(matches!(slow, Err(FirewallError::Unavailable { .. })), "{slow:?}");
    faults.set("ec2", "RevokeSecurityGroupIngress", Fault::Denied, None);
    let Err(FirewallError::Refused { code, doing: refused, hint, .. }) = firewall.revoke(&key, &rules).await else {
        panic!("it is not allowed")
    };
    assert_eq!((code.as_str(), refused.as_str()), ("UnauthorizedOperation", doing));
    assert!(hint.contains("`ec2:RevokeSecurityGroupIngress`"), "{hint}");
}

#[tokio::test]
async fn a_revoke_whose_answer_was_lost_finds_its_rule_gone() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    open(cloud.world(), &key, vec![Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", None)]);
    let firewall = firewall(&cloud);
    let rules = ingress(&firewall, &key).await;

    cloud.world().faults.set("ec2", "RevokeSecurityGroupIngress", Fault::DropAfter, Some(1));
    assert_eq!(firewall.revoke(&key, &rules).await, Err(FirewallError::RuleNotThere));
    assert_eq!(ingress(&firewall, &key).await, []);
}

#[tokio::test]
async fn without_a_server_nothing_is_known() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    let nobody = sdk(&[("sts", "http://127.0.0.1:9".to_owned())]).await;
    let error = SpokeFirewall::new(&nobody, roles()).describe(&key, &Which::All).await;
    assert!(matches!(error, Err(FirewallError::Unavailable { .. })), "{error:?}");
}

pub(crate) fn firewall(cloud: &Cloud) -> SpokeFirewall {
    SpokeFirewall::new(&cloud.sdk, roles())
}

/// A group in a VPC that is not the default one: there a revoke is whole or not at all.
pub(crate) fn new_group(world: &Arc<World>, region: &str) -> GroupKey {
    let mut ec2 = lock(&world.ec2);
    let vpc = ec2.add_vpc(ACCOUNT, region);
    let id = ec2.add_group(ACCOUNT, region, "watched", Some(&vpc)).expect("a group");
    group(ACCOUNT, region, &id)
}

pub(crate) fn open(world: &Arc<World>, key: &GroupKey, permissions: Vec<Permission>) {
    let group = GroupRef::id(key.group.as_str());
    apply(world, key, Operation::AuthorizeIngress { group, permissions: Permissions::Array(permissions) });
}

/// Past the trail, so that it holds only what the firewall did.
fn apply(world: &Arc<World>, key: &GroupKey, operation: Operation) {
    let caller = Opener::Pipeline.caller(key.account.as_str(), key.region.as_str());
    lock(&world.ec2).apply(&caller, &Call::from(operation), Utc::now()).result.expect("EC2 takes it");
}

pub(crate) async fn ingress(firewall: &SpokeFirewall, key: &GroupKey) -> Vec<DescribedRule> {
    let mut rules = firewall.describe(key, &Which::All).await.expect("rules");
    rules.retain(|rule| !rule.is_egress);
    rules
}

#[tokio::test]
async fn a_session_is_held_and_not_shown() {
    let cloud = Cloud::start().await;
    let key = new_group(cloud.world(), REGION);
    let firewall = firewall(&cloud);
    firewall.describe(&key, &Which::All).await.expect("rules");
    let given_out = format!("{:?}", lock(&cloud.world().sts));
    assert!(seed::secret_in(cloud.world(), &given_out).is_some(), "there is a session");
    let shown = format!("{firewall:?}");
    assert!(shown.contains("SpokeFirewall"), "{shown}");
    assert_eq!(seed::secret_in(cloud.world(), &shown), None, "{shown}");
}
