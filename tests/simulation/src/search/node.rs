//! What there is: the stored request, the channel, the group, and where everybody is.

use std::{cell::RefCell, fmt, rc::Rc};

use chrono::{DateTime, TimeDelta, Utc};
use shared::domain::{
    ids::ChannelId,
    request::{CardRef, Lease, Request, State, Verdict, Work},
    step::{Event, Refusal, Transition, step},
};

use super::{flaws::Flaw, tally::Tally};

/// How long a claim lasts, in ticks.
pub(super) const LEASE: u8 = 2;

/// No move lets time pass beyond this.
pub(super) const LAST_TICK: u8 = 4;

/// How many messages the full list of a long opening takes.
pub(super) const LIST: usize = 2;

/// An update that may still land.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Landing {
    /// What it shows.
    pub(super) shows: u32,
    /// The cards that it is for; none where it is a new message.
    pub(super) places: Vec<usize>,
    /// Until when.
    pub(super) until: DateTime<Utc>,
}

/// Who removed a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    Us,
    Others,
}

/// A rule of the group, as EC2 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    There,
    /// Its id stands for something else.
    Changed,
    Gone(By),
}

/// A message in the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Card {
    /// The version that it shows.
    pub(super) shows: u32,
    /// Whether it says that Portcullis only watches.
    pub(super) watches: bool,
    /// Somebody deleted it.
    pub(super) gone: bool,
    /// How much of the full list is in its thread.
    pub(super) list: usize,
}

/// What a poller does once its events are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Rest,
    /// Puts the full list into the thread.
    List,
    /// Looks what became of the rules; whether EC2 refused.
    Verify(bool),
}

/// What a poller is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    Idle,
    /// It loaded a request that is due for this.
    Loaded(Box<Request>, Work),
    /// It has the claim of a post.
    Claimed(Box<Request>),
    /// It marked an update, which is not sent yet.
    Updating(Box<Request>),
    /// It is about to record these, in order.
    Records(Box<Request>, Vec<Event>, Then),
    /// It claimed a revert.
    Reverting(Box<Request>),
    /// It recorded what it asks EC2 to remove, and what of that for the first time.
    Asking(Box<Request>, Vec<usize>, Vec<usize>),
    /// EC2 answered, or did not; whether it refused.
    Asked(Box<Request>, bool),
    /// It puts the full list into the thread.
    Listing(Box<Request>),
}

impl At {
    pub(super) fn request(&self) -> Option<&Request> {
        match self {
            Self::Idle => None,
            Self::Loaded(request, _)
            | Self::Claimed(request)
            | Self::Updating(request)
            | Self::Records(request, ..)
            | Self::Reverting(request)
            | Self::Asking(request, ..)
            | Self::Asked(request, _)
            | Self::Listing(request) => Some(request),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Poller {
    pub(super) at: At,
    /// Its claim, or the mark of its update: it does not outlive that.
    pub(super) lease: Lease,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clicker {
    Waits,
    /// The request as it was when the click came, and whether the card said that Portcullis only watches.
    Loaded(Box<Request>, bool),
    /// No revert of the same rule was under way.
    Checked(Box<Request>),
}

/// What becomes of the same rule on another card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Other {
    Nothing,
    MayBeApproved,
    Approved,
    MayBeDenied,
    /// Its revert is noted as begun.
    Reverting,
    /// It touched this request, and read whether that is approved.
    Touched(bool),
}

/// Whether the value stands that an ignored modification was judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Earlier {
    Stands,
    MayNotStand,
    DoesNotStand,
}

/// What people do to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hand {
    Nothing,
    /// May remove the first so many.
    MayRemove(usize),
    MayChange,
    /// Removed so many, and nobody read that yet.
    Removed(usize),
    /// Its record was read, and is noted in the group.
    Noted(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) flaw: Flaw,
    pub(super) stored: Request,
    pub(super) pollers: [Poller; 2],
    pub(super) clickers: [Clicker; 2],
    /// How often each may still click.
    pub(super) clicks: [u8; 2],
    pub(super) retries: u8,
    pub(super) cards: Vec<Card>,
    pub(super) deletions: u8,
    pub(super) rules: Vec<Rule>,
    /// Of which rules EC2 may have taken a revoke of ours.
    pub(super) perhaps_ours: Vec<bool>,
    pub(super) hand: Hand,
    pub(super) other: Other,
    pub(super) earlier: Earlier,
    pub(super) webhook: bool,
    /// `[mode] revert`; where it is off, it may be switched on.
    pub(super) reverts: bool,
    pub(super) time: u8,
    pub(super) faults: u8,
    /// Posts that nobody got an answer of, and messages that updates posted.
    pub(super) unclear: usize,
    /// Updates without an answer that may still land.
    pub(super) landing: Vec<Landing>,
    /// A revoke without an answer that EC2 may still carry out.
    pub(super) late: Option<Vec<usize>>,
    pub(super) holders: u8,
    pub(super) tally: Rc<RefCell<Tally>>,
}

pub(super) type Moved = Result<Node, String>;

pub(super) fn begin() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_190_000, 0).unwrap_or_default()
}

pub(super) fn tick(time: u8) -> DateTime<Utc> {
    begin() + TimeDelta::minutes(time.into())
}

pub(super) fn card(place: usize) -> Option<CardRef> {
    Some(CardRef { channel: ChannelId::parse("C0123456789").ok()?, ts: format!("1.{place}") })
}

/// Where in the channel a card is.
pub(super) fn place_of(card: &CardRef) -> usize {
    card.ts.trim_start_matches("1.").parse().unwrap_or(usize::MAX)
}

pub(super) fn is_denied(request: &Request) -> bool {
    request.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Deny)
}

impl Node {
    /// What happens to what was loaded, or, if that is not what is stored any more, to what is.
    pub(super) fn advance(&mut self, loaded: &Request, event: &Event) -> Result<Result<Request, Refusal>, String> {
        let now = tick(self.time);
        let nonce = self.stored.revision.to_string();
        if let Err(refusal) = step(loaded, event.clone(), now, &nonce) {
            self.tally.borrow_mut().refused(event);
            return Ok(Err(refusal));
        }
        if self.flaw == Flaw::NoGuard && loaded.revision < self.stored.revision {
            self.stored = Request { revision: self.stored.revision, ..loaded.clone() };
        }
        let before = self.stored.clone();
        let Transition { guard, mut next, .. } = match step(&before, event.clone(), now, &nonce) {
            Ok(transition) => transition,
            Err(refusal) => {
                self.tally.borrow_mut().refused(event);
                return Ok(Err(refusal));
            }
        };
        self.tally.borrow_mut().taken(event);
        next.history.clear();
        self.stored = next.clone();
        if guard.revision != before.revision || guard.state != before.state.name() {
            return Err("a guard names what it was computed from".to_owned());
        }
        self.judge(&before, event)?;
        Ok(Ok(next))
    }

    pub(super) fn lease(&mut self) -> Lease {
        self.holders = self.holders.wrapping_add(1);
        Lease { holder: self.holders.to_string(), until: tick(self.time.saturating_add(LEASE)) }
    }

    /// With a poller at something else.
    pub(super) fn with(&self, poller: usize, at: At) -> Self {
        let mut next = self.clone();
        next.put(poller, at);
        next
    }

    pub(super) fn put(&mut self, poller: usize, at: At) {
        if let Some(poller) = self.pollers.get_mut(poller) {
            poller.at = at;
        }
    }

    pub(super) fn faulty(&self) -> Self {
        Self { faults: self.faults.saturating_sub(1), ..self.clone() }
    }

    /// An event, and what the poller is at if it was taken; else it is idle.
    pub(super) fn then(
        mut self,
        poller: usize,
        loaded: &Request,
        event: &Event,
        at: impl FnOnce(Box<Request>) -> At,
    ) -> Moved {
        let at = match self.advance(loaded, event)? {
            Ok(stored) => at(Box::new(stored)),
            Err(_) => At::Idle,
        };
        self.put(poller, at);
        Ok(self)
    }

    /// Whoever is killed leaves what it sent.
    pub(super) fn kill(&mut self, poller: usize) {
        let Some(poller) = self.pollers.get_mut(poller) else { return };
        if let At::Records(_, events, _) = &poller.at {
            self.unclear += events.iter().filter(|event| matches!(event, Event::Posted { .. })).count();
        }
        poller.at = At::Idle;
    }

    /// The first card that is still in the channel.
    pub(super) fn seen_card(&self) -> Option<(usize, Card)> {
        self.cards.iter().copied().enumerate().find(|(_, card)| !card.gone)
    }

    /// All that matters of it, written out. Holders are told apart by who has them, not by their names.
    pub(super) fn write_key(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let holder = |request: &Request| request.state.lease().map(|lease| lease.holder.clone());
        let mine =
            |name: Option<&str>| self.pollers.iter().position(|poller| Some(poller.lease.holder.as_str()) == name);
        let request = |out: &mut dyn fmt::Write, one: &Request| -> fmt::Result {
            let Request { state, version, rendered_version, decision, maybe_posted, listed, listed_messages, .. } = one;
            let lease = state.lease().map(|lease| (lease.until, holder(one) == holder(&self.stored)));
            let verdict = decision.as_ref().map(|decision| (decision.verdict, decision.by.to_string()));
            write!(out, "{}{lease:?}{version}.{rendered_version}.{verdict:?}{maybe_posted}{listed}", state.name())?;
            write!(out, "{listed_messages}{}", self.stored.revision == one.revision)?;
            let updating = one.updating.iter().map(|sent| (sent.until, mine(Some(&sent.holder))));
            write!(out, "{:?}{:?}", updating.collect::<Vec<_>>(), one.cards.iter().map(place_of).collect::<Vec<_>>())?;
            let tries = (one.card_tries.not_before, one.revert_tries.not_before, one.revert_tries.failed.min(4));
            write!(out, "{tries:?}{:?}", one.reply.as_ref().map(|reply| (&reply.url, reply.uses_left)))?;
            match one.change.opening.rules() {
                [] => write!(out, "-"),
                // Of a long list all rules fare alike.
                rules => rules.iter().take(2).try_for_each(|rule| write!(out, "{:?}{}", rule.fate, rule.asked)),
            }
        };
        request(out, &self.stored)?;
        write!(out, "{:?}", mine(holder(&self.stored).as_deref()))?;
        for Poller { at, lease } in &self.pollers {
            match at {
                At::Idle => write!(out, "|idle")?,
                At::Loaded(_, work) => write!(out, "|{work:?}")?,
                At::Claimed(_) => write!(out, "|claimed{}", lease.until)?,
                At::Updating(_) => write!(out, "|updating{}", lease.until)?,
                At::Records(_, events, then) => {
                    write!(out, "|{then:?}{}", lease.until)?;
                    for event in events {
                        // Whose it is says the poller.
                        let event = format!("{event:?}").replace(&format!("holder: \"{}\"", lease.holder), "");
                        write!(out, "{event}")?;
                    }
                }
                At::Reverting(_) => write!(out, "|reverting{}", lease.until)?,
                At::Asking(_, rules, first) => write!(out, "|asking{rules:?}{first:?}{}", lease.until)?,
                At::Asked(_, refused) => write!(out, "|asked{refused}{}", lease.until)?,
                At::Listing(_) => write!(out, "|listing{}", lease.until)?,
            }
            at.request().map_or(Ok(()), |one| request(out, one))?;
        }
        for clicker in &self.clickers {
            match clicker {
                Clicker::Waits => write!(out, "|waits")?,
                Clicker::Loaded(one, watches) => {
                    write!(out, "|loaded{watches}")?;
                    request(out, one)?;
                }
                Clicker::Checked(one) => {
                    write!(out, "|checked")?;
                    request(out, one)?;
                }
            }
        }
        write!(out, "|{:?}{}{:?}{}", self.clicks, self.retries, self.cards, self.deletions)?;
        let few = self.rules.iter().zip(&self.perhaps_ours).take(2).collect::<Vec<_>>();
        write!(out, "|{few:?}{:?}{:?}{:?}{}", self.hand, self.other, self.earlier, self.reverts)?;
        write!(out, "|{}.{}.{}{:?}{:?}", self.time, self.faults, self.unclear, self.landing, self.late)
    }

    pub(super) fn is_ignored(&self) -> bool {
        matches!(self.stored.state, State::Ignored { .. })
    }
}
