//! STS over the wire.

use super::*;
use crate::world::{faults::Fault, identity::Identity, sts::Role};

const HUB: &str = "AKIAHUB";

/// STS served on a port, with a hub that a spoke trusts.
async fn served() -> (Arc<World>, String) {
    let world = Arc::new(World::default());
    {
        let mut sts = world.sts.lock().unwrap();
        sts.add_access_key(HUB, "123456789012", Identity::role("123456789012", "/security/", "hub-001", "poller"));
        let hub = "arn:aws:iam::123456789012:role/security/hub-001";
        sts.add_role(Role::spoke("222222222222", "/security/", "spoke-001", hub, None));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = router(world.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (world, url)
}

async fn call(url: &str, key: &str, token: &str, form: &str) -> (u16, String) {
    let scope = format!("Credential={key}/20261120/us-east-1/sts/aws4_request");
    let response = reqwest::Client::new()
        .post(url)
        .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=00"))
        .header("x-amz-security-token", token)
        .body(form.to_owned())
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let after = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no <{name}> in {xml}")).1;
    after.split_once(&format!("</{name}>")).unwrap().0
}

const ASSUME: &str = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=portcullis\
    &RoleArn=arn%3Aaws%3Aiam%3A%3A222222222222%3Arole%2Fsecurity%2Fspoke-001";
const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

#[tokio::test]
async fn the_hub_becomes_the_spoke() {
    let (_world, url) = served().await;
    let (_, xml) = call(&url, HUB, "", WHO).await;
    assert_eq!(element(&xml, "Arn"), "arn:aws:sts::123456789012:assumed-role/hub-001/poller");

    let (status, xml) = call(&url, HUB, "", ASSUME).await;
    assert_eq!(status, 200, "{xml}");
    let spoke = "arn:aws:sts::222222222222:assumed-role/spoke-001/portcullis";
    assert_eq!(element(&xml, "Arn"), spoke);
    assert!(chrono::DateTime::parse_from_rfc3339(element(&xml, "Expiration")).is_ok());
    let (key, token) = (element(&xml, "AccessKeyId"), element(&xml, "SessionToken"));
    let (_, xml) = call(&url, key, token, WHO).await;
    assert_eq!((element(&xml, "Arn"), element(&xml, "Account")), (spoke, "222222222222"));
}

#[tokio::test]
async fn errors_are_stss() {
    let (world, url) = served().await;
    let cases = [
        (HUB, ASSUME.replace("spoke-001", "spoke-002"), 403, "AccessDenied"),
        (HUB, ASSUME.replace("=portcullis", "=x"), 400, "ValidationError"),
        (HUB, format!("{ASSUME}&Policy=%7B"), 400, "MalformedPolicyDocument"),
        (HUB, "Action=GetSessionToken".to_owned(), 400, "InvalidAction"),
        ("AKIANOBODY", ASSUME.to_owned(), 403, "InvalidClientTokenId"),
    ];
    for (key, form, status, code) in cases {
        let (actual, xml) = call(&url, key, "", &form).await;
        assert_eq!((actual, element(&xml, "Code")), (status, code), "{form}");
        assert!(
            xml.contains("<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender<")
        );
    }
    for (fault, status, code) in [
        (Fault::Throttle, 400, "Throttling"),
        (Fault::ServerError, 500, "InternalFailure"),
        (Fault::Denied, 403, "AccessDenied"),
    ] {
        world.faults.set("sts", "AssumeRole", fault, Some(1));
        let (actual, xml) = call(&url, HUB, "", ASSUME).await;
        assert_eq!((actual, element(&xml, "Code")), (status, code));
    }
}

#[tokio::test]
async fn every_call_is_remembered_with_the_role_and_its_answer() {
    let (world, url) = served().await;
    let role = |account| format!("arn:aws:iam::{account}:role/security/spoke-001");
    for account in ["222222222222", "333333333333"] {
        let form = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=revert&RoleArn={}", role(account));
        call(&url, HUB, "", &form).await;
    }
    let calls = world.calls.list(|_| true);
    let told: Vec<_> = calls
        .iter()
        .map(|call| (call.account.as_str(), call.role.clone(), call.answer.as_ref().and_then(|answer| answer.error)))
        .collect();
    assert_eq!(
        told,
        [
            ("222222222222", Some(role("222222222222")), None),
            ("333333333333", Some(role("333333333333")), Some("AccessDenied")),
        ]
    );
}
