//! The world that the local run and the end-to-end tests begin with: accounts, roles, groups, people.

use std::sync::{MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::world::{
    World,
    ec2::{Call, Ec2, Ec2Error, GroupRef, Operation, Permission, Permissions},
    identity::{Caller, Identity},
    lake::DEFAULT_ACCOUNT,
    slack::Slack,
    sts::{Role, Sts},
    trail::Trail,
};

/// The account that Portcullis runs in.
pub const AUTOMATION: &str = "123456789012";
/// The account that owns the event data store.
pub const ORGANIZATION: &str = DEFAULT_ACCOUNT;
/// The watched accounts, with their names.
pub const ACCOUNTS: [(&str, &str); 4] = [
    ("111122223333", "prod-payments"),
    ("222233334444", "prod-web"),
    ("333344445555", "staging"),
    ("444455556666", "sandbox"),
];
/// The regions with groups in each watched account.
pub const REGIONS: [&str; 2] = ["eu-central-1", "us-east-1"];

/// The roles' path.
pub const ROLE_PATH: &str = "/security/";
/// The functions' own role.
pub const HUB: &str = "hub-001";
/// The role that queries the Lake.
pub const LAKE_READ: &str = "cloudtrail-lake-read-role";
/// The role in each watched account.
pub const SPOKE: &str = "spoke-001";

/// The channel of the cards.
pub const CHANNEL: &str = "C0123456789";
/// The bot's token.
pub const BOT_TOKEN: &str = "xoxb-local-1";
/// Slack's signing secret.
pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
/// A user group of Slack whose members may decide; it holds Carol.
pub const USER_GROUP: &str = "S0SECURITY1";

/// Somebody of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The Slack user id.
    pub id: &'static str,
    /// The handle.
    pub name: &'static str,
    /// The mail address, which is the SSO user name too.
    pub email: &'static str,
    /// May decide.
    pub approver: bool,
}

/// Who is in the channel: Bob and Carol may decide, Alice opens groups, Mallory is a stranger.
pub const MEMBERS: [Member; 4] = [
    Member { id: "U0ALICE0001", name: "alice", email: "alice@example.com", approver: false },
    Member { id: "U0BOB000001", name: "bob", email: "bob@example.com", approver: true },
    Member { id: "U0CAROL0001", name: "carol", email: "carol@example.com", approver: true },
    Member { id: "U0MALLORY01", name: "mallory", email: "mallory@example.com", approver: false },
];

/// Who can open a group, on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// Through IAM Identity Center, in the console.
    Alice,
    /// Through IAM Identity Center, in the console; may decide too.
    Bob,
    /// An IAM user with the command line, unknown in Slack.
    IamUser,
    /// A pipeline that applies infrastructure as code.
    Pipeline,
}

impl Opener {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Alice, Self::Bob, Self::IamUser, Self::Pipeline];

    /// Short and stable, for forms.
    pub fn key(self) -> &'static str {
        match self {
            Self::Alice => "alice",
            Self::Bob => "bob",
            Self::IamUser => "iam-user",
            Self::Pipeline => "pipeline",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Alice => "Alice (SSO, console)",
            Self::Bob => "Bob (SSO, console; approver)",
            Self::IamUser => "deploy-legacy (IAM user, CLI)",
            Self::Pipeline => "terraform-apply (pipeline)",
        }
    }

    /// The opener with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|opener| opener.key() == key)
    }

    /// The opener at work in an account and region.
    pub fn caller(self, account: &str, region: &str) -> Caller {
        match self {
            Self::Alice => Caller::console(Identity::person(account, "alice@example.com"), account, region),
            Self::Bob => Caller::console(Identity::person(account, "bob@example.com"), account, region),
            Self::IamUser => {
                let user = Identity::IamUser { account: account.to_owned(), user_name: "deploy-legacy".to_owned() };
                Caller::program(user, account, region)
            }
            Self::Pipeline => Caller::program(Identity::infrastructure(account, "run-4711"), account, region),
        }
    }
}

/// The functions' access key: a session of the hub role.
pub const HUB_ACCESS_KEY: &str = "ASIAHUBHUBHUBHUB0001";
/// Its secret. Nothing here checks a signature with it; no line of a log may hold it.
pub const HUB_SECRET_KEY: &str = "local-secret-key-of-the-hub";
/// Its session token, of which the same is true.
pub const HUB_SESSION_TOKEN: &str = "local-session-token-of-the-hub";

/// Puts accounts, roles, groups and people into an empty world. Request ids, rule ids and event ids come from the seed:
/// where the table outlives the run, each run wants its own.
///
/// # Errors
/// A group or rule of the seed is refused: the seed is wrong.
pub fn seed(world: &World, seed: u64, external_id: Option<&str>, now: DateTime<Utc>) -> Result<(), Ec2Error> {
    *lock(&world.trail) = Trail::with_seed(seed ^ 0x7261_696c);
    seed_roles(&mut lock(&world.sts), seed, external_id);
    seed_workspace(&mut lock(&world.slack));
    let mut ec2 = lock(&world.ec2);
    *ec2 = Ec2::with_seed(seed);
    for (account, _) in ACCOUNTS {
        for region in REGIONS {
            seed_groups(&mut ec2, account, region, now)?;
        }
    }
    Ok(())
}

fn seed_roles(sts: &mut Sts, seed: u64, external_id: Option<&str>) {
    *sts = Sts::with_seed(seed ^ 0x0073_7473);
    let hub = Identity::role(AUTOMATION, ROLE_PATH, HUB, "portcullis");
    let hub_arn = hub.role_arn().unwrap_or_default();
    sts.add_access_key(HUB_ACCESS_KEY, AUTOMATION, hub);
    sts.add_role(Role::lake_read(ORGANIZATION, ROLE_PATH, LAKE_READ, &hub_arn, external_id));
    for account in ACCOUNTS.iter().map(|(account, _)| *account).chain([AUTOMATION, ORGANIZATION]) {
        sts.add_role(Role::spoke(account, ROLE_PATH, SPOKE, &hub_arn, external_id));
    }
}

fn seed_workspace(slack: &mut Slack) {
    slack.add_channel(CHANNEL, "security-gates");
    for member in MEMBERS {
        slack.add_user(member.id, member.name, Some(member.email));
        slack.join(CHANNEL, member.id);
    }
    slack.set_user_group(USER_GROUP, &["U0CAROL0001"]);
    let scopes = ["chat:write", "channels:history", "users:read", "users:read.email", "usergroups:read"];
    slack.add_bot_token(BOT_TOKEN, &scopes);
}

/// Two groups in the default VPC, two in another one, with rules that nobody would object to.
fn seed_groups(ec2: &mut Ec2, account: &str, region: &str, now: DateTime<Utc>) -> Result<(), Ec2Error> {
    ec2.default_vpc(account, region);
    let vpc = ec2.add_vpc(account, region);
    let bastion = ec2.add_group(account, region, "bastion", None)?;
    ec2.add_group(account, region, "batch", None)?;
    let web = ec2.add_group(account, region, "web", Some(&vpc))?;
    let database = ec2.add_group(account, region, "database", Some(&vpc))?;
    let office = Permission::new("tcp", 22, 22).from_ipv4("198.51.100.0/24", Some("office"));
    let inside = Permission::new("tcp", 443, 443).from_ipv4("10.0.0.0/8", Some("inside"));
    let from_web = Permission::new("tcp", 5432, 5432).from_group(&web, Some("the web servers"));
    let caller = Opener::Pipeline.caller(account, region);
    for (group, permission) in [(bastion, office), (web, inside), (database, from_web)] {
        let permissions = Permissions::Array(vec![permission]);
        let open = Operation::AuthorizeIngress { group: GroupRef::id(&group), permissions };
        // Past the trail: what was there before the watch began is nobody's opening.
        ec2.apply(&caller, &Call::from(open), now).result?;
    }
    Ok(())
}

/// Names the secret of this world that a text holds.
pub fn secret_in(world: &World, text: &str) -> Option<&'static str> {
    let fixed = [
        (SIGNING_SECRET, "the signing secret"),
        (HUB_SECRET_KEY, "the functions' secret access key"),
        (HUB_SESSION_TOKEN, "the functions' session token"),
    ];
    let fixed = fixed.into_iter().find_map(|(secret, name)| text.contains(secret).then_some(name));
    fixed.or_else(|| lock(&world.slack).secret_in(text)).or_else(|| lock(&world.sts).secret_in(text))
}

/// The id of the group of this name that belongs to an account and region: of the seed's, `bastion` and `batch` are in the
/// default VPC, `web` and `database` in another.
pub fn group_id(world: &World, account: &str, region: &str, name: &str) -> Option<String> {
    let ec2 = lock(&world.ec2);
    let mut groups = ec2.groups().filter(|group| group.owner == account && group.region == region);
    groups.find(|group| group.name == name).map(|group| group.id.clone())
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
