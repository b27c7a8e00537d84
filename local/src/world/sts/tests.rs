//! What STS promises, one test a promise.

use chrono::TimeDelta;

use super::*;

const HUB: &str = "arn:aws:iam::123456789012:role/security/hub-001";
const SPOKE: &str = "arn:aws:iam::222222222222:role/security/spoke-001";
const LAKE: &str = "arn:aws:iam::111111111111:role/security/cloudtrail-lake-read-role";
const GROUP: &str = "arn:aws:ec2:eu-west-1:222222222222:security-group/sg-1";

/// The hub's role with its credentials, a spoke that wants an external id, and the Lake's reader.
fn organization() -> (Sts, Session) {
    let mut sts = Sts::default();
    sts.add_access_key("AKIAHUB", "123456789012", Identity::role("123456789012", "/security/", "hub-001", "poller"));
    sts.add_role(Role::spoke("222222222222", "/security/", "spoke-001", HUB, Some("gate")));
    sts.add_role(Role::lake_read("111111111111", "/security/", "cloudtrail-lake-read-role", HUB, None));
    let hub = sts.authenticate("AKIAHUB", None, now()).unwrap().clone();
    (sts, hub)
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn spoke() -> AssumeRole {
    AssumeRole {
        role_arn: SPOKE.to_owned(),
        session_name: "portcullis-revert".to_owned(),
        external_id: Some("gate".to_owned()),
        ..AssumeRole::default()
    }
}

fn scoped_to_the_group() -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":"ec2:RevokeSecurityGroupIngress","Resource":"{GROUP}"}},
            {{"Effect":"Allow","Action":["ec2:DescribeSecurityGroupRules"],"Resource":"*"}}]}}"#
    )
}

#[test]
fn a_session_is_the_role_under_the_name_that_the_caller_chose() {
    let (mut sts, hub) = organization();
    let session = sts.assume_role(&hub, &spoke(), now()).unwrap();
    let arn = "arn:aws:sts::222222222222:assumed-role/spoke-001/portcullis-revert";
    assert_eq!(session.identity.arn().as_deref(), Some(arn));
    assert_eq!(session.identity.role_arn().as_deref(), Some(SPOKE));
    assert_eq!(session.account, "222222222222");
    assert!(session.access_key_id.starts_with("ASIA"));
    assert_eq!(session.expires_at, Some(now() + TimeDelta::hours(1)));
}

#[test]
fn only_whom_the_role_trusts_gets_in_and_nobody_is_told_why_not() {
    let (mut sts, hub) = organization();
    sts.add_access_key("AKIAMALLORY", "333333333333", Identity::role("333333333333", "/", "hub-001", "poller"));
    let mallory = sts.authenticate("AKIAMALLORY", None, now()).unwrap().clone();
    let wrong = [
        (&mallory, spoke()),
        (&hub, AssumeRole { external_id: None, ..spoke() }),
        (&hub, AssumeRole { external_id: Some("other".to_owned()), ..spoke() }),
        (&hub, AssumeRole { role_arn: SPOKE.replace("001", "002"), ..spoke() }),
    ];
    for (caller, call) in wrong {
        assert_eq!(sts.assume_role(caller, &call, now()).unwrap_err().code(), "AccessDenied", "{call:?}");
    }
}

#[test]
fn parameters_are_checked() {
    let (mut sts, hub) = organization();
    let wrong = [
        (AssumeRole { session_name: "x".to_owned(), ..spoke() }, "ValidationError"),
        (AssumeRole { session_name: "with space".to_owned(), ..spoke() }, "ValidationError"),
        (AssumeRole { session_name: "x".repeat(65), ..spoke() }, "ValidationError"),
        (AssumeRole { role_arn: "spoke-001".to_owned(), ..spoke() }, "ValidationError"),
        (AssumeRole { duration_seconds: Some(899), ..spoke() }, "ValidationError"),
        (AssumeRole { duration_seconds: Some(3601), ..spoke() }, "ValidationError"),
        (AssumeRole { policy: Some("{".to_owned()), ..spoke() }, "MalformedPolicyDocument"),
        (AssumeRole { policy: Some(" ".repeat(2049)), ..spoke() }, "PackedPolicyTooLarge"),
    ];
    for (call, code) in wrong {
        assert_eq!(sts.assume_role(&hub, &call, now()).unwrap_err().code(), code, "{call:?}");
    }
}

#[test]
fn a_session_policy_narrows_the_role() {
    let (mut sts, hub) = organization();
    let call = AssumeRole { policy: Some(scoped_to_the_group()), ..spoke() };
    let session = sts.assume_role(&hub, &call, now()).unwrap();
    assert!(session.may("ec2:RevokeSecurityGroupIngress", GROUP));
    assert!(!session.may("ec2:RevokeSecurityGroupIngress", &GROUP.replace("sg-1", "sg-2")));
    assert!(session.may("ec2:DescribeSecurityGroupRules", "*"));
    assert!(!session.may("ec2:AuthorizeSecurityGroupIngress", GROUP));
}

#[test]
fn a_session_policy_never_widens_the_role() {
    let (mut sts, hub) = organization();
    let everything = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let session = sts.assume_role(&hub, &AssumeRole { policy: Some(everything.to_owned()), ..spoke() }, now()).unwrap();
    assert!(!session.may("ec2:AuthorizeSecurityGroupIngress", GROUP));
    assert!(!session.may("ec2:RevokeSecurityGroupEgress", GROUP));
}

#[test]
fn the_reader_of_the_lake_reads_the_lake() {
    let (mut sts, hub) = organization();
    let call = AssumeRole { role_arn: LAKE.to_owned(), session_name: "poll".to_owned(), ..AssumeRole::default() };
    let session = sts.assume_role(&hub, &call, now()).unwrap();
    assert!(session.may("cloudtrail:StartQuery", "arn:aws:cloudtrail:us-east-1:111111111111:eventdatastore/x"));
    assert!(!session.may("ec2:DescribeSecurityGroupRules", "*"));
    assert!(!session.may("sts:AssumeRole", SPOKE));
}

#[test]
fn credentials_are_good_with_their_token_until_they_expire() {
    let (mut sts, hub) = organization();
    let session = sts.assume_role(&hub, &spoke(), now()).unwrap();
    let (key, token) = (session.access_key_id.as_str(), session.session_token.as_deref());
    assert!(sts.authenticate(key, token, now()).is_ok());
    assert_eq!(sts.authenticate(key, None, now()).unwrap_err(), StsError::InvalidClientTokenId);
    assert_eq!(sts.authenticate(key, Some("other"), now()).unwrap_err(), StsError::InvalidClientTokenId);
    assert_eq!(sts.authenticate("AKIANOBODY", None, now()).unwrap_err(), StsError::InvalidClientTokenId);
    let later = now() + TimeDelta::hours(1);
    assert_eq!(sts.authenticate(key, token, later).unwrap_err(), StsError::ExpiredToken);
}

#[test]
fn policies_match_by_wildcards_and_a_deny_wins() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"ec2:*SecurityGroup*","Resource":"arn:aws:ec2:*:222222222222:security-group/sg-?"},
        {"Sid":"Never","Effect":"Deny","Action":["EC2:delete*"],"Resource":["*"]}]}"#;
    let policy = Policy::parse(text).unwrap();
    assert!(policy.allows("ec2:RevokeSecurityGroupIngress", GROUP));
    assert!(!policy.allows("ec2:RevokeSecurityGroupIngress", &format!("{GROUP}2")));
    assert!(!policy.allows("ec2:DeleteSecurityGroup", GROUP));
    assert!(!policy.allows("s3:GetObject", GROUP));
}

#[test]
fn what_is_not_evaluated_is_refused() {
    let condition = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}"#;
    for text in [condition, r#"{"Statement":[]}"#, r#"{"Version":"2012-10-17"}"#, "[]"] {
        assert!(Policy::parse(text).is_err(), "{text}");
    }
}
