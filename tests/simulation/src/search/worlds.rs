//! Where the searches begin. One world would be a product of everything; several small ones are searched deep enough.

use std::{cell::RefCell, rc::Rc};

use shared::domain::{
    change::{Actor, Change, Fate, Ignored, Lookup, ModifiedRule, OpenedRule, Opening, Origin, Place},
    ids::{RequestId, RuleId, SlackUserId},
    request::{Decision, Lease, Request, Requester, Verdict},
    rule::{IngressRule, RuleText, SourceText},
    step::{Event, step},
};

use super::{
    flaws::Flaw,
    node::{At, Card, Clicker, Earlier, Hand, LIST, Node, Other, Poller, Rule, begin, card, tick},
    tally::Tally,
};

/// Where a search begins, and what may happen there beside what may happen everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// A rule that was just read.
    Plain,
    /// Its card is in the channel.
    Pending,
    /// Its card may be deleted.
    Deleted,
    /// More rules than a card shows, just posted.
    Long,
    /// The same, with two cards after an unclear post, and half of the list in the thread of the first.
    LongHalf,
    /// The same, with the whole list there.
    LongTwice,
    /// Messages go out by webhook.
    Webhook,
    /// Portcullis only watches, and may be switched on.
    Watching,
    /// A modification that has to be described.
    Unresolved,
    /// A modification that was ignored, and may be judged again.
    Ignored,
    /// Two rules, denied; one may be removed by hand.
    Denied,
    /// A rule, denied, that may be changed by hand.
    Changed,
    /// Its revert failed, and somebody may ask for another try.
    Failed,
    /// Denied, and the same rule may be approved on another card.
    ApprovedElsewhere,
    /// The same rule may be denied on another card.
    DeniedElsewhere,
}

impl World {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Plain,
        Self::Pending,
        Self::Deleted,
        Self::Long,
        Self::LongHalf,
        Self::LongTwice,
        Self::Webhook,
        Self::Watching,
        Self::Unresolved,
        Self::Ignored,
        Self::Denied,
        Self::Changed,
        Self::Failed,
        Self::ApprovedElsewhere,
        Self::DeniedElsewhere,
    ];

    /// How deep the search goes by itself: less where more may happen, so that all of them together take less than a minute.
    #[must_use]
    pub fn depth(self) -> usize {
        match self {
            Self::Plain | Self::LongHalf | Self::Webhook | Self::Unresolved | Self::Ignored | Self::DeniedElsewhere => {
                10
            }
            Self::Pending
            | Self::Deleted
            | Self::Long
            | Self::LongTwice
            | Self::Watching
            | Self::Denied
            | Self::Changed
            | Self::Failed
            | Self::ApprovedElsewhere => 9,
        }
    }

    pub(super) fn begin(self, faults: u8, flaw: Flaw) -> Option<Node> {
        let count = match self {
            Self::Denied => 2,
            Self::Long | Self::LongHalf | Self::LongTwice => 21,
            Self::Plain
            | Self::Pending
            | Self::Deleted
            | Self::Webhook
            | Self::Watching
            | Self::Unresolved
            | Self::Ignored
            | Self::Changed
            | Self::Failed
            | Self::ApprovedElsewhere
            | Self::DeniedElsewhere => 1,
        };
        let node = Node {
            flaw,
            stored: read(self, count)?,
            pollers: [poller(), poller()],
            clickers: [Clicker::Waits, Clicker::Waits],
            clicks: [1, 1],
            retries: 0,
            cards: Vec::new(),
            deletions: 0,
            rules: vec![Rule::There; count],
            perhaps_ours: vec![false; count],
            hand: Hand::Nothing,
            other: Other::Nothing,
            earlier: Earlier::Stands,
            webhook: false,
            reverts: true,
            time: 0,
            faults,
            unclear: 0,
            landing: Vec::new(),
            late: None,
            holders: 0,
            tally: Rc::new(RefCell::new(Tally::default())),
        };
        self.furnish(node)
    }

    fn furnish(self, node: Node) -> Option<Node> {
        let hand = Hand::MayRemove(1);
        Some(match self {
            Self::Plain => Node { hand, ..node },
            Self::Pending => Node { hand, ..posted(node, 1)? },
            Self::Deleted => Node { deletions: 1, ..posted(node, 1)? },
            Self::Long => Node { hand, deletions: 1, clicks: [0, 1], ..posted(node, 1)? },
            Self::LongHalf => {
                let mut node = Node { deletions: 1, clicks: [0, 1], ..posted(node, 2)? };
                node.cards[0].list = 1;
                then(node, &[Event::Listed { thread: card(0), messages: 1, all: false }])?
            }
            Self::LongTwice => {
                let mut node = Node { hand, deletions: 1, clicks: [0, 1], ..posted(node, 2)? };
                node.cards[0].list = LIST;
                then(node, &[Event::Listed { thread: card(0), messages: LIST, all: true }])?
            }
            Self::Webhook => Node { webhook: true, clicks: [0, 1], retries: 1, ..node },
            Self::Watching => Node { reverts: false, clicks: [1, 2], ..watching(posted(node, 1)?) },
            Self::Unresolved => Node { earlier: Earlier::MayNotStand, hand, ..node },
            Self::Ignored => Node { earlier: Earlier::MayNotStand, hand, ..node },
            Self::Denied => Node { hand, retries: 1, ..denied(node)? },
            Self::Changed => Node { hand: Hand::MayChange, retries: 1, ..denied(node)? },
            Self::Failed => {
                let lease = lease("first");
                let holder = lease.holder.clone();
                let ended =
                    Event::RevertEnded { holder, fates: vec![failed()], verified_after_ms: None, failure: None };
                Node { hand, retries: 2, ..then(denied(node)?, &[Event::ClaimRevert(lease), ended])? }
            }
            Self::ApprovedElsewhere => Node { other: Other::MayBeApproved, retries: 1, ..denied(node)? },
            Self::DeniedElsewhere => Node { other: Other::MayBeDenied, ..posted(node, 1)? },
        })
    }
}

fn read(world: World, count: usize) -> Option<Request> {
    let opening = match world {
        World::Unresolved | World::Ignored => Opening::Unresolved(Lookup::Modified { rules: judged() }),
        World::Plain
        | World::Pending
        | World::Deleted
        | World::Long
        | World::LongHalf
        | World::LongTwice
        | World::Webhook
        | World::Watching
        | World::Denied
        | World::Changed
        | World::Failed
        | World::ApprovedElsewhere
        | World::DeniedElsewhere => Opening::Authorized { rules: opened(count) },
    };
    let change = Change {
        id: RequestId::parse("59dbff89-35bd-4eac-99ed-be587EXAMPLE").ok()?,
        place: Place::default(),
        at: begin(),
        actor: Actor::Root { account: None },
        origin: Origin::default(),
        opening,
    };
    Some(match world == World::Ignored {
        true => Request::ignored(change, Ignored::Narrowing, begin(), String::new()),
        false => Request::new(change, begin(), String::new()),
    })
}

fn poller() -> Poller {
    Poller { at: At::Idle, lease: Lease { holder: String::new(), until: tick(0) } }
}

fn lease(holder: &str) -> Lease {
    Lease { holder: holder.to_owned(), until: tick(1) }
}

/// What happened before the search begins.
fn then(mut node: Node, events: &[Event]) -> Option<Node> {
    for event in events {
        node.stored = step(&node.stored, event.clone(), tick(0), "").ok()?.next;
    }
    Some(node)
}

fn posted(mut node: Node, cards: usize) -> Option<Node> {
    let mut events = vec![Event::ClaimPost(lease("first"))];
    for place in 0..cards {
        node.cards.push(Card { shows: 1, watches: false, gone: false, list: 0 });
        events.push(Event::Posted { card: card(place), shows: 1 });
    }
    then(node, &events)
}

fn watching(mut node: Node) -> Node {
    node.cards.iter_mut().for_each(|card| card.watches = true);
    node
}

fn denied(node: Node) -> Option<Node> {
    let decision = Decision {
        verdict: Verdict::Deny,
        by: SlackUserId::parse("U0BOB000001").ok()?,
        by_name: String::new(),
        at: tick(0),
        reason: None,
        requester: Requester::NotAsked,
    };
    let decided = Event::Decided { decision, watch_only: false, card: None, reply: None };
    then(Node { clicks: [0, 0], ..posted(node, 1)? }, &[decided])
}

fn rule(port: usize) -> Option<IngressRule> {
    let port = i64::try_from(port).ok();
    let source = SourceText::CidrIpv4("0.0.0.0/0".to_owned());
    IngressRule::parse(&RuleText { ip_protocol: "tcp".to_owned(), from_port: port, to_port: port, source }).ok()
}

fn opened(count: usize) -> Vec<OpenedRule> {
    (22..22 + count).filter_map(rule).map(|rule| OpenedRule::new(rule, None, None)).collect()
}

/// What a describe shows of the modification.
pub(super) fn modified() -> Opening {
    Opening::Modified { rules: opened(1), left_out: Vec::new() }
}

pub(super) fn judged() -> Vec<ModifiedRule> {
    let id = RuleId::parse("sgr-0123456789abcdef0").ok();
    id.map(|id| ModifiedRule { id, to: rule(22), description_only: false }).into_iter().collect()
}

pub(super) fn removed(count: usize, time: u8) -> Event {
    Event::RemovedByHand { rules: (0..count).collect(), by: "alice".to_owned(), at: tick(time) }
}

pub(super) fn failed() -> Fate {
    Fate::Failed { why: "UnauthorizedOperation".to_owned() }
}

pub(super) fn changed() -> Fate {
    rule(443).map_or_else(failed, |now| Fate::Changed { now })
}

pub(super) fn approved() -> Fate {
    let ids = RequestId::parse("another-request").ok().zip(SlackUserId::parse("U0CAROL0001").ok());
    ids.map_or_else(failed, |(on, by)| Fate::Approved { on, by, by_name: String::new(), at: tick(0) })
}
