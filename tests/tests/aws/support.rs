//! The stand-ins, and the SDK pointed at them the way a user would: by a config file with an endpoint a service.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use adapters::{
    aws::{Pace, paced},
    dynamodb::Table,
};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::Credentials;
use chrono::{DateTime, Utc};
use local::{
    system::{StandIns, seed},
    world::World,
};
use shared::{
    config::{RoleName, RolePath, Roles},
    domain::{
        change::{Actor, Change, GroupKey, OpenedRule, Opening, Origin, Place},
        ids::{RequestId, SlackUserId},
        reason::Reason,
        request::{Decision, Request, Requester, Verdict},
        rule::{IngressRule, RuleText, SourceText},
        step::{Event, Transition, step},
    },
};

pub(crate) const TABLE: &str = "secgrouprequests";
pub(crate) const RETENTION: Duration = Duration::from_secs(400 * 86_400);

/// The world behind its wires, and a configuration of the SDK that reaches it.
pub(crate) struct Cloud {
    pub(crate) stand_ins: StandIns,
    pub(crate) sdk: SdkConfig,
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        let stand_ins = StandIns::start(7).await.expect("the stand-ins start");
        let endpoints = [
            ("dynamodb", stand_ins.dynamodb.url()),
            ("ec2", stand_ins.ec2.url()),
            ("sts", stand_ins.sts.url()),
            ("cloudtrail", stand_ins.lake.url()),
            ("secrets-manager", stand_ins.secrets.url()),
            ("ssm", stand_ins.secrets.url()),
        ];
        Self { sdk: sdk(&endpoints).await, stand_ins }
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.stand_ins.world
    }

    /// The table as the responder has it on the way to its answer: two attempts, and no long wait.
    pub(crate) fn table(&self) -> Table {
        self.table_at(&self.sdk)
    }

    pub(crate) fn table_at(&self, sdk: &SdkConfig) -> Table {
        Table::new(aws_sdk_dynamodb::Client::new(sdk), TABLE.to_owned(), RETENTION)
    }

    /// The items as they lie in the table.
    pub(crate) async fn item(&self, key: &str) -> serde_json::Value {
        let items = self.stand_ins.dynamodb.items(TABLE).await.expect("a scan");
        items.into_iter().find(|item| item["requestid"]["S"] == key).unwrap_or_default()
    }
}

/// A configuration with these endpoints.
pub(crate) async fn sdk(endpoints: &[(&str, String)]) -> SdkConfig {
    // The crate that they moved to is no dependency of ours.
    #[expect(deprecated)]
    use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};

    let mut config = "[default]\nservices = local\n[services local]\n".to_owned();
    for (service, url) in endpoints {
        config.push_str(&format!("{service} =\n  endpoint_url = {url}\n"));
    }
    #[expect(deprecated)]
    let files = ProfileFiles::builder().with_contents(ProfileFileKind::Config, config).build();
    let loaded = aws_config::defaults(BehaviorVersion::latest())
        .profile_files(files)
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new(
            seed::HUB_ACCESS_KEY,
            "local",
            Some("local".to_owned()),
            None,
            "the functions' role",
        ))
        .load()
        .await;
    paced(&loaded, Pace::BeforeAnswer)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn roles() -> Roles {
    let name = |text| RoleName::parse(text).expect("a role");
    Roles {
        path: RolePath::parse(seed::ROLE_PATH).expect("a path"),
        hub: name(seed::HUB),
        lake_read: name(seed::LAKE_READ),
        spoke: name(seed::SPOKE),
        external_id: local::system::config::ConfigFile::default()
            .external_id
            .map(|id| id.parse().expect("an external id")),
    }
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

pub(crate) fn id(text: &str) -> RequestId {
    RequestId::parse(text).expect("a request id")
}

pub(crate) fn group(account: &str, region: &str, group: &str) -> GroupKey {
    GroupKey {
        account: account.parse().expect("an account"),
        region: region.parse().expect("a region"),
        group: group.parse().expect("a group"),
    }
}

pub(crate) fn rule(protocol: &str, port: i64, cidr: &str) -> IngressRule {
    IngressRule::parse(&RuleText {
        ip_protocol: protocol.to_owned(),
        from_port: Some(port),
        to_port: Some(port),
        source: SourceText::CidrIpv4(cidr.to_owned()),
    })
    .expect("a rule")
}

/// SSH to the world, opened in [`some_group`] at ten, read a minute later.
pub(crate) fn opening(request: &str, nonce: &str) -> Request {
    opening_of(request, nonce, vec![OpenedRule::new(rule("tcp", 22, "0.0.0.0/0"), None, None)])
}

pub(crate) fn opening_of(request: &str, nonce: &str, rules: Vec<OpenedRule>) -> Request {
    let group = some_group();
    let change = Change {
        id: id(request),
        place: Place {
            account: Some(group.account),
            region: Some(group.region),
            group: Some(group.group),
            group_name: None,
        },
        at: at("2026-11-20T10:00:00Z"),
        actor: Actor::IamUser { name: "deploy".to_owned(), arn: None },
        origin: Origin::default(),
        opening: Opening::Authorized { rules },
    };
    Request::new(change, at("2026-11-20T10:01:00Z"), nonce.to_owned())
}

pub(crate) fn some_group() -> GroupKey {
    group("111122223333", "eu-central-1", "sg-0123456789abcdef0")
}

/// What follows when somebody decides.
pub(crate) fn decided(request: &Request, verdict: Verdict, by: &str, nonce: &str) -> Transition {
    let now = at("2026-11-20T10:05:00Z");
    let decision = Decision {
        verdict,
        by: SlackUserId::parse(by).expect("a user"),
        by_name: "somebody".to_owned(),
        at: now,
        reason: Reason::parse("not on a Friday").ok(),
        requester: Requester::NotIdentified,
    };
    let event = Event::Decided { decision, watch_only: false, card: None, reply: None };
    step(request, event, now, nonce).expect("a decision")
}
