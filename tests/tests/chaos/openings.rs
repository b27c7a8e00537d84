//! What people open: half of it is to be denied.

use chrono::TimeDelta;
use fastrand::Rng;
use local::{
    system::seed::{self, Opener},
    world::ec2::{FlatPermission, Permission, Permissions, Removal},
};
use tests::{BOB, CAROL, Group, Story};

use crate::check::{Opening, Wish};

/// Opened long enough ago that EC2 shows it to everybody.
const AGO: TimeDelta = TimeDelta::minutes(1);
const FIRST_PORT: i64 = 2_000;

/// An opening to come.
#[derive(Clone, Debug)]
pub(crate) struct ToOpen {
    pub(crate) by: Opener,
    pub(crate) group: Group,
    pub(crate) permissions: Permissions,
    pub(crate) port: i64,
    pub(crate) wish: Wish,
}

/// An opening that was made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) opening: Opening,
    pub(crate) by: Opener,
    pub(crate) group: Group,
    pub(crate) permissions: Permissions,
}

/// So many openings, in a drawn order, over all accounts and regions.
pub(crate) fn drawn(story: &Story, count: usize, rng: &mut Rng) -> Vec<ToOpen> {
    let groups = groups(story);
    let mut wishes: Vec<Wish> = (0..count).map(wish).collect();
    rng.shuffle(&mut wishes);
    let wishes = wishes.into_iter().enumerate();
    wishes
        .map(|(at, wish)| {
            let port = FIRST_PORT + i64::try_from(at).expect("a small number");
            let by = Opener::ALL[rng.usize(0..Opener::ALL.len())];
            let group = groups[rng.usize(0..groups.len())].clone();
            ToOpen { by, group, permissions: permissions(port, rng), port, wish }
        })
        .collect()
}

/// Of eight openings, four are denied, one is approved, one is fought over, one is left alone, one is taken back.
fn wish(at: usize) -> Wish {
    match at % 8 {
        1 => Wish::Approve,
        3 => Wish::Contest,
        5 => Wish::Leave,
        7 => Wish::TakeBack,
        _ => Wish::Deny,
    }
}

fn groups(story: &Story) -> Vec<Group> {
    let names = ["bastion", "batch", "web", "database"];
    let places = seed::ACCOUNTS.iter().flat_map(|(account, _)| seed::REGIONS.map(|region| (*account, region)));
    places
        .flat_map(|(account, region)| {
            names.map(|name| {
                let id = seed::group_id(&story.system.world, account, region, name).expect("a group of the seed");
                Group { account: account.to_owned(), region: region.to_owned(), id }
            })
        })
        .collect()
}

/// Mostly one rule; sometimes several at once, in the flat form, or so many that a card cannot show them.
fn permissions(port: i64, rng: &mut Rng) -> Permissions {
    let one = Permission::new("tcp", port, port);
    match rng.u8(0..12) {
        0..6 => Permissions::Array(vec![one.from_ipv4("0.0.0.0/0", Some("for a moment"))]),
        6..8 => Permissions::Array(vec![one.from_ipv4("192.0.2.0/24", None).from_ipv6("::/0", None)]),
        8..10 => Permissions::Flat(FlatPermission {
            protocol: Some("tcp".to_owned()),
            from_port: Some(port),
            to_port: Some(port),
            cidr_ip: Some("198.51.100.0/24".to_owned()),
            ..FlatPermission::default()
        }),
        10 => {
            let udp = Permission::new("udp", port, port).from_ipv4("10.0.0.0/8", None);
            Permissions::Array(vec![one.from_ipv4("203.0.113.0/24", None), udp])
        }
        _ => Permissions::Array(vec![(0..25).fold(one, |all, at| all.from_ipv4(&format!("198.18.0.{at}/32"), None))]),
    }
}

impl ToOpen {
    /// Opens it.
    pub(crate) fn open(self, story: &Story) -> Made {
        let Self { by, group, permissions, port, wish } = self;
        let opened = story.opened_before(by, &group, permissions.clone(), AGO);
        let rules = opened.rules.into_iter().map(|rule| rule.id).collect();
        Made { opening: Opening { id: opened.id, rules, port, wish }, by, group, permissions }
    }
}

impl Made {
    /// Whoever opened it removes it again.
    pub(crate) fn take_back(&self, story: &Story) {
        story.remove(self.by, &self.group, Removal::Permissions(self.permissions.clone()));
    }

    /// Who clicks what on its card.
    pub(crate) fn clicks(&self) -> Vec<(&'static str, &'static str)> {
        // Nobody may approve what they opened.
        let entitled = if self.by == Opener::Bob || self.opening.port % 2 == 0 { CAROL } else { BOB };
        match self.opening.wish {
            Wish::Deny => vec![(entitled, "deny")],
            Wish::Approve => vec![(entitled, "approve")],
            Wish::Contest => vec![(entitled, "approve"), (if entitled == BOB { CAROL } else { BOB }, "deny")],
            Wish::Leave | Wish::TakeBack => Vec::new(),
        }
    }
}
