//! EC2 over the wire, with forms as the SDKs send them.

use serde_json::Value;

use super::*;
use crate::world::{
    faults::Fault,
    identity::Identity,
    sts::{AssumeRole, Role},
};

const ACCOUNT: &str = "222222222222";
const REGION: &str = "eu-west-1";
const ALICE: &str = "AKIAALICE";
const HUB: &str = "AKIAHUB";

/// EC2 served on a port, with a group `web` in a default VPC.
struct Served {
    world: Arc<World>,
    url: String,
    group: String,
}

impl Served {
    async fn new() -> Self {
        let world = Arc::new(World::default());
        let group = world.ec2.lock().unwrap().add_group(ACCOUNT, REGION, "web", None).unwrap();
        {
            let mut sts = world.sts.lock().unwrap();
            sts.add_access_key(ALICE, ACCOUNT, Identity::person(ACCOUNT, "alice@example.com"));
            sts.add_access_key(HUB, "123456789012", Identity::role("123456789012", "/security/", "hub-001", "poller"));
            let hub = "arn:aws:iam::123456789012:role/security/hub-001";
            sts.add_role(Role::spoke(ACCOUNT, "/security/", "spoke-001", hub, None));
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = router(world.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { world, url, group }
    }

    fn request(&self, key: &str, form: &str) -> reqwest::RequestBuilder {
        let scope = format!("Credential={key}/20261120/{REGION}/ec2/aws4_request");
        reqwest::Client::new()
            .post(&self.url)
            .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=00"))
            .header("user-agent", "aws-sdk-rust/1.3")
            .body(form.replace("{group}", &self.group))
    }

    /// Status and body of Alice's call.
    async fn alice(&self, form: &str) -> (u16, String) {
        read(self.request(ALICE, form)).await
    }

    /// Status and body of a call by a spoke session that may only revoke in the group `web`.
    async fn spoke(&self, form: &str) -> (u16, String) {
        let session = {
            let mut sts = self.world.sts.lock().unwrap();
            let hub = sts.authenticate(HUB, None, Utc::now()).unwrap().clone();
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[
                    {{"Effect":"Allow","Action":"ec2:RevokeSecurityGroupIngress",
                      "Resource":"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{}"}},
                    {{"Effect":"Allow","Action":"ec2:DescribeSecurityGroupRules","Resource":"*"}}]}}"#,
                self.group
            );
            let call = AssumeRole {
                role_arn: format!("arn:aws:iam::{ACCOUNT}:role/security/spoke-001"),
                session_name: "portcullis".to_owned(),
                policy: Some(policy),
                ..AssumeRole::default()
            };
            sts.assume_role(&hub, &call, Utc::now()).unwrap()
        };
        let request = self.request(&session.access_key_id, form);
        read(request.header("x-amz-security-token", session.session_token.unwrap())).await
    }

    fn last_record(&self) -> Value {
        self.world.trail.lock().unwrap().entries().last().unwrap().record.clone()
    }

    fn ingress(&self) -> usize {
        let ec2 = self.world.ec2.lock().unwrap();
        ec2.group(ACCOUNT, REGION, &self.group).unwrap().rules().filter(|rule| !rule.key.egress).count()
    }
}

async fn read(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The text of the first element of this name.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let after = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no <{name}> in {xml}")).1;
    after.split_once(&format!("</{name}>")).unwrap().0
}

const OPEN_SSH: &str = "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId={group}\
    &IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22\
    &IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0&IpPermissions.1.IpRanges.1.Description=for+the+audit";
const CLOSE_SSH: &str = "Action=RevokeSecurityGroupIngress&Version=2016-11-15&GroupId={group}\
    &IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22\
    &IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0";
const DESCRIBE: &str = "Action=DescribeSecurityGroupRules&Version=2016-11-15\
    &Filter.1.Name=group-id&Filter.1.Value.1={group}";

#[tokio::test]
async fn an_opening_is_stored_answered_and_recorded() {
    let served = Served::new().await;
    let (status, xml) = served.alice(OPEN_SSH).await;
    assert_eq!(status, 200, "{xml}");
    assert!(xml.contains("<AuthorizeSecurityGroupIngressResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"));
    assert_eq!(element(&xml, "cidrIpv4"), "0.0.0.0/0");
    assert_eq!(element(&xml, "description"), "for the audit");
    assert_eq!(element(&xml, "groupOwnerId"), ACCOUNT);

    let record = served.last_record();
    assert_eq!(record["requestID"], element(&xml, "requestId"));
    assert_eq!(record["userAgent"], "aws-sdk-rust/1.3");
    assert_eq!(record["awsRegion"], REGION);
    let stored = &record["responseElements"]["securityGroupRuleSet"]["items"][0];
    assert_eq!(stored["securityGroupRuleId"], element(&xml, "securityGroupRuleId"));
}

#[tokio::test]
async fn the_spoke_describes_and_revokes_in_its_group_and_does_nothing_else() {
    let served = Served::new().await;
    served.alice(OPEN_SSH).await;
    let (status, xml) = served.spoke(DESCRIBE).await;
    assert_eq!((status, xml.matches("<item>").count()), (200, 2), "the opening, and the way out: {xml}");

    let (status, xml) = served.spoke(OPEN_SSH).await;
    assert_eq!((status, element(&xml, "Code")), (403, "UnauthorizedOperation"));
    assert_eq!(served.last_record()["errorCode"], "Client.UnauthorizedOperation");
    let other = served.world.ec2.lock().unwrap().add_group(ACCOUNT, REGION, "db", None).unwrap();
    let (status, _) = served.spoke(&CLOSE_SSH.replace("{group}", &other)).await;
    assert_eq!(status, 403);

    let (status, xml) = served.spoke(CLOSE_SSH).await;
    assert_eq!((status, element(&xml, "return")), (200, "true"));
    assert_eq!(served.ingress(), 0);
    let issuer = &served.last_record()["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"];
    assert_eq!(issuer, "arn:aws:iam::222222222222:role/security/spoke-001");
}

#[tokio::test]
async fn a_rule_is_revoked_by_its_id_and_modified() {
    let served = Served::new().await;
    let (_, xml) = served.alice(OPEN_SSH).await;
    let id = element(&xml, "securityGroupRuleId");
    let form = format!(
        "Action=ModifySecurityGroupRules&GroupId={{group}}&SecurityGroupRule.1.SecurityGroupRuleId={id}\
         &SecurityGroupRule.1.SecurityGroupRule.IpProtocol=-1&SecurityGroupRule.1.SecurityGroupRule.CidrIpv4=0.0.0.0%2F0"
    );
    let (status, xml) = served.alice(&form).await;
    assert_eq!((status, element(&xml, "return")), (200, "true"));
    let form = format!("Action=RevokeSecurityGroupIngress&GroupId={{group}}&SecurityGroupRuleId.1={id}");
    let (status, xml) = served.alice(&form).await;
    assert_eq!((status, element(&xml, "ipProtocol")), (200, "-1"), "{xml}");
    assert_eq!(served.ingress(), 0);
}

#[tokio::test]
async fn a_group_is_made_shown_and_deleted() {
    let served = Served::new().await;
    let (_, xml) = served.alice("Action=CreateSecurityGroup&GroupName=new&GroupDescription=a+%3Cgroup%3E").await;
    let id = element(&xml, "groupId").to_owned();
    let (_, xml) = served.alice(&format!("Action=DescribeSecurityGroups&GroupId.1={id}")).await;
    assert_eq!(element(&xml, "groupDescription"), "a &lt;group&gt;");
    let (status, _) = served.alice(&format!("Action=DeleteSecurityGroup&GroupId={id}")).await;
    assert_eq!(status, 200);
    let (status, xml) = served.alice(&format!("Action=DescribeSecurityGroups&GroupId.1={id}")).await;
    assert_eq!((status, element(&xml, "Code")), (400, "InvalidGroup.NotFound"));
}

#[tokio::test]
async fn errors_are_ec2s() {
    let served = Served::new().await;
    served.alice(OPEN_SSH).await;
    let cases = [
        (OPEN_SSH.to_owned(), 400, "InvalidPermission.Duplicate"),
        (format!("{OPEN_SSH}&DryRun=true"), 412, "DryRunOperation"),
        (format!("{OPEN_SSH}&CidrIp=10.0.0.0%2F8"), 400, "InvalidParameterCombination"),
        (format!("{OPEN_SSH}&IpPermissions.2.FromPort=x"), 400, "InvalidParameterValue"),
        (OPEN_SSH.replace("{group}", "sg-0ffffffffffffffff"), 400, "InvalidGroup.NotFound"),
        ("Action=AuthorizeSecurityGroupIngress&GroupId={group}".to_owned(), 400, "MissingParameter"),
        ("Action=AuthorizeSecurityGroupIngress&IpProtocol=tcp".to_owned(), 400, "MissingParameter"),
        ("Action=RunInstances".to_owned(), 400, "InvalidAction"),
    ];
    for (form, status, code) in cases {
        let (actual, xml) = served.alice(&form).await;
        assert_eq!((actual, element(&xml, "Code")), (status, code), "{form}");
        assert!(xml.contains("<Response><Errors><Error>") && xml.contains("<RequestID>"), "{xml}");
    }
    let (status, xml) = read(served.request("AKIANOBODY", DESCRIBE)).await;
    assert_eq!((status, element(&xml, "Code")), (401, "AuthFailure"));
}

#[tokio::test]
async fn faults_refuse_without_effect_and_are_recorded() {
    let served = Served::new().await;
    let cases = [
        (Fault::Throttle, 503, "RequestLimitExceeded", "Client.RequestLimitExceeded"),
        (Fault::ServerError, 500, "InternalError", "Server.InternalError"),
        (Fault::Denied, 403, "UnauthorizedOperation", "Client.UnauthorizedOperation"),
    ];
    for (fault, status, code, recorded) in cases {
        served.world.faults.set("ec2", "AuthorizeSecurityGroupIngress", fault, Some(1));
        let (actual, xml) = served.alice(OPEN_SSH).await;
        assert_eq!((actual, element(&xml, "Code")), (status, code));
        assert_eq!(served.last_record()["errorCode"], recorded);
        assert_eq!(served.ingress(), 0);
    }
}

#[tokio::test]
async fn a_dropped_call_has_no_answer_and_its_effect_only_if_dropped_after() {
    let served = Served::new().await;
    for (fault, rules) in [(Fault::DropBefore, 0), (Fault::DropAfter, 1)] {
        served.world.faults.set("ec2", "*", fault, Some(1));
        assert!(served.request(ALICE, OPEN_SSH).send().await.is_err());
        assert_eq!(served.ingress(), rules, "{fault:?}");
    }
}

#[tokio::test]
async fn every_call_is_remembered_with_its_answer_also_one_that_changes_nothing() {
    let served = Served::new().await;
    let (_, opened) = served.alice(OPEN_SSH).await;
    served.alice(OPEN_SSH).await;
    served.spoke(DESCRIBE).await;
    served.world.faults.set("ec2", "*", Fault::DropAfter, Some(1));
    assert!(served.request(ALICE, DESCRIBE).send().await.is_err());

    let calls = served.world.calls.list(|_| true);
    let told: Vec<_> =
        calls.iter().map(|call| (call.operation.as_str(), call.answer.as_ref().map(|answer| answer.error))).collect();
    assert_eq!(
        told,
        [
            ("AuthorizeSecurityGroupIngress", Some(None)),
            ("AuthorizeSecurityGroupIngress", Some(Some("InvalidPermission.Duplicate"))),
            ("DescribeSecurityGroupRules", Some(None)),
            ("DescribeSecurityGroupRules", None),
        ]
    );
    let answered = |at: usize| calls[at].answer.as_ref().unwrap().request_id.clone();
    assert_eq!(answered(0), element(&opened, "requestId"));
    assert_eq!((&calls[2].account, &calls[2].groups), (&ACCOUNT.to_owned(), &vec![served.group.clone()]));
    assert_eq!(calls[2].role.as_deref(), Some("arn:aws:iam::222222222222:role/security/spoke-001"));
}
