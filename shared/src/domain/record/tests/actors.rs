//! Who made a call, and from where.

use super::*;

fn actor(identity: Value) -> Actor {
    let mut record = authorize(json!({}));
    record["userIdentity"] = identity;
    change_of(read_value(&record)).actor
}

fn session(arn: &str, issuer: Value) -> Value {
    json!({"type": "AssumedRole", "arn": arn, "sessionContext": {"sessionIssuer": issuer}})
}

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/alice@example.com";

#[test]
fn an_identity_center_session_is_a_person() {
    let roles = [
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123",
        "arn:aws-us-gov:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123",
    ];
    for role in roles {
        let expected = Actor::SsoUser {
            user_name: "alice@example.com".to_owned(),
            role: "AWSReservedSSO_Admin_0123".to_owned(),
            arn: SESSION.to_owned(),
        };
        assert_eq!(actor(session(SESSION, json!({"arn": role}))), expected, "{role}");
    }
}

#[test]
fn a_session_name_of_any_other_role_proves_nothing() {
    let of = |path: &str| {
        let role = "AWSReservedSSO_Admin_0123";
        json!({"arn": format!("{path}/{role}"), "userName": role})
    };
    let forgeries = [
        of("arn:aws:iam::111122223333:role"),
        of("arn:aws:iam::111122223333:role/x/role/aws-reserved/sso.amazonaws.com"),
        of("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com.example"),
        of("arn:aws:iam::111122223333:user/role/aws-reserved/sso.amazonaws.com"),
        of("arn:aws:sts::111122223333:role/aws-reserved/sso.amazonaws.com"),
        of("arn:aws:iam:::role/aws-reserved/sso.amazonaws.com"),
        of("urn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com"),
        of("arn::iam::111122223333:role/aws-reserved/sso.amazonaws.com"),
        of("role/aws-reserved/sso.amazonaws.com"),
        json!({"userName": "AWSReservedSSO_Admin_0123"}),
        json!({}),
        json!("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123"),
        Value::Null,
    ];
    for issuer in forgeries {
        let expected = Actor::RoleSession {
            role: "AWSReservedSSO_Admin_0123".to_owned(),
            session: "alice@example.com".to_owned(),
            arn: SESSION.to_owned(),
        };
        assert_eq!(actor(session(SESSION, issuer.clone())), expected, "{issuer}");
    }
}

#[test]
fn a_role_session_without_its_context_is_read_from_its_arn() {
    let arn = "arn:aws:sts::111122223333:assumed-role/deploy/run-7";
    let expected = Actor::RoleSession { role: "deploy".to_owned(), session: "run-7".to_owned(), arn: arn.to_owned() };
    assert_eq!(actor(json!({"type": "AssumedRole", "arn": arn})), expected);
    let other = |name: Option<&str>| Actor::Other { kind: "AssumedRole".to_owned(), name: name.map(str::to_owned) };
    assert_eq!(actor(json!({"type": "AssumedRole", "principalId": "AROA:run-7"})), other(Some("AROA:run-7")));
    assert_eq!(actor(json!({"type": "AssumedRole"})), other(None));
}

#[test]
fn users_root_and_services() {
    let arn = "arn:aws:iam::111122223333:user/ops/bob";
    let bob = Actor::IamUser { name: "bob".to_owned(), arn: Some(arn.to_owned()) };
    assert_eq!(actor(json!({"type": "IAMUser", "arn": arn, "userName": "bob"})), bob);
    assert_eq!(actor(json!({"type": "IAMUser", "arn": arn})), bob);
    assert_eq!(
        actor(json!({"type": "Root", "accountId": "111122223333", "userName": "our-alias"})),
        Actor::Root { account: AccountId::parse("111122223333").ok() }
    );
    assert_eq!(actor(json!({"type": "Root"})), Actor::Root { account: None });
    let service = Actor::Service { name: "autoscaling.amazonaws.com".to_owned() };
    assert_eq!(actor(json!({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"})), service);
}

#[test]
fn every_other_kind_has_the_best_name_that_the_record_offers() {
    let cases = [
        (
            json!({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/carol"}),
            "FederatedUser",
            Some("federated-user/carol"),
        ),
        (
            json!({"type": "WebIdentityUser", "principalId": "accounts.google.com:app:1", "userName": "dan"}),
            "WebIdentityUser",
            Some("dan"),
        ),
        (json!({"type": "SAMLUser", "principalId": "x:erin", "userName": "erin"}), "SAMLUser", Some("erin")),
        (json!({"type": "AWSAccount", "principalId": "AIDA", "accountId": "444455556666"}), "AWSAccount", Some("AIDA")),
        (json!({"type": "AWSAccount", "accountId": "444455556666"}), "AWSAccount", Some("444455556666")),
        (
            json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "90678f2d"}, "accountId": "1"}),
            "IdentityCenterUser",
            Some("90678f2d"),
        ),
        (json!({"type": "AWSService"}), "AWSService", None),
        (json!({"type": "IAMUser"}), "IAMUser", None),
        (json!({"type": "Unknown"}), "Unknown", None),
        (json!({"type": "Martian", "userName": "zork"}), "Martian", Some("zork")),
        (json!({"type": 7}), "Unknown", None),
        (json!([]), "Unknown", None),
        (Value::Null, "Unknown", None),
    ];
    for (identity, kind, name) in cases {
        let expected = Actor::Other { kind: kind.to_owned(), name: name.map(str::to_owned) };
        assert_eq!(actor(identity.clone()), expected, "{identity}");
    }
}

#[test]
fn the_origin_tells_the_console_and_the_service_in_between() {
    let origin = |name: &str| change_of(read(recorded(name), now())).origin;
    let console = origin("console_all_sources");
    assert!(console.console);
    assert_eq!(console.source_ip.as_deref(), Some("198.51.100.7"));
    assert_eq!(console.user_agent.as_deref(), Some("Mozilla/5.0"));
    assert_eq!(console.invoked_by, None);
    assert!(!origin("cli_flat_world").console);
    assert_eq!(origin("cloudformation_all_traffic").invoked_by.as_deref(), Some("cloudformation.amazonaws.com"));

    let mut record = authorize(json!({}));
    record["sourceIPAddress"] = json!("cloudformation.amazonaws.com");
    record["sessionCredentialFromConsole"] = json!(true);
    let by_address = change_of(read_value(&record)).origin;
    assert!(by_address.console);
    assert_eq!(by_address.invoked_by.as_deref(), Some("cloudformation.amazonaws.com"));
    record["sourceIPAddress"] = json!("AWS Internal");
    assert_eq!(change_of(read_value(&record)).origin.invoked_by, None);
}
