//! Every path, up to a depth, through the real `step`: two pollers, two clickers who do not agree, somebody who removes the
//! rule by hand, and a few faults, in every order.
//!
//! Around `step` the flows are modelled by what they do at a port: claim, look, send, record. Time is a small number of
//! ticks. States that differ in nothing that matters are visited once.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use chrono::{DateTime, TimeDelta, Utc};
use shared::domain::{
    change::{Actor, Change, Fate, OpenedRule, Opening, Origin, Place},
    ids::{ChannelId, RequestId, SlackUserId},
    request::{CardRef, Decision, Lease, Request, Requester, State, Verdict, Work},
    rule::{IngressRule, RuleText, SourceText},
    step::{Event, Refusal, Transition, step},
};

/// What a search came to.
#[derive(Debug, Default)]
pub struct Found {
    /// States that differ.
    pub states: usize,
    /// Moves that were made.
    pub moves: usize,
    /// States that were left alone until they came to rest.
    pub rested: usize,
    /// The first promise that was broken, and the moves that lead there.
    pub broken: Option<(String, Vec<String>)>,
}

/// What a poller is at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    Idle,
    /// It loaded a request that is due for this.
    Loaded(Box<Request>, Work),
    /// It has the claim, and looks for cards if it has to.
    Claimed(Box<Request>, String),
    /// Its message is in the channel, and its answer was clear.
    Sent(Box<Request>, usize, u32),
    /// It claimed a revert.
    Reverting(Box<Request>, String),
    /// It recorded that it asks EC2.
    Asking(Box<Request>, String),
    /// EC2 answered, or did not.
    Asked(Box<Request>, String),
    /// The cards show what it loaded.
    Updated(Box<Request>, String),
}

/// A person with one click.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Clicker {
    Waits,
    Loaded(Box<Request>),
    Done,
}

#[derive(Clone, Debug)]
struct Node {
    stored: Request,
    pollers: [At; 2],
    clickers: [Clicker; 2],
    /// The versions that the messages in the channel show.
    cards: Vec<u32>,
    rule_is_there: bool,
    /// Removed by a person, and whether the record of that was read.
    by_hand: Option<bool>,
    time: u8,
    faults: u8,
    /// Posts that nobody got an answer of.
    unclear: usize,
    holders: u8,
}

const LEASE: u8 = 2;
const LAST_TICK: u8 = 4;

/// Searches breadth-first, to this depth, with this many faults, until so many states were seen.
#[must_use]
pub fn search(depth: usize, faults: u8, most: usize) -> Found {
    let mut found = Found::default();
    let Some(first) = first(faults) else { return found };
    let mut seen = HashSet::from([first.key()]);
    let mut queue = VecDeque::from([(first, 0_usize)]);
    // Where each state came from, for the story: parent and the move.
    let mut paths: Vec<(usize, String)> = vec![(0, String::new())];
    let mut places = VecDeque::from([0_usize]);
    while let (Some((node, at)), Some(place)) = (queue.pop_front(), places.pop_front()) {
        found.states += 1;
        let mut broken = node.rests().err();
        found.rested += 1;
        let mut name = String::from("left alone");
        if broken.is_none() && at < depth {
            for (what, next) in node.moves() {
                found.moves += 1;
                match next {
                    Ok(next) if seen.len() < most && seen.insert(next.key()) => {
                        paths.push((place, what));
                        places.push_back(paths.len() - 1);
                        queue.push_back((next, at + 1));
                    }
                    Ok(_) => {}
                    Err(promise) => {
                        (broken, name) = (Some(promise), what);
                        break;
                    }
                }
            }
        }
        if let Some(promise) = broken {
            let mut story = vec![name];
            let mut at = place;
            while let Some((parent, what)) = paths.get(at).filter(|_| at > 0) {
                story.push(what.clone());
                at = *parent;
            }
            story.reverse();
            found.broken = Some((promise, story));
            return found;
        }
    }
    found
}

fn begin() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_190_000, 0).unwrap_or_default()
}

fn tick(time: u8) -> DateTime<Utc> {
    begin() + TimeDelta::minutes(time.into())
}

fn first(faults: u8) -> Option<Node> {
    let source = SourceText::CidrIpv4("0.0.0.0/0".to_owned());
    let text = RuleText { ip_protocol: "tcp".to_owned(), from_port: Some(22), to_port: Some(22), source };
    let rule = OpenedRule::new(IngressRule::parse(&text).ok()?, None, None);
    let change = Change {
        id: RequestId::parse("59dbff89-35bd-4eac-99ed-be587EXAMPLE").ok()?,
        place: Place::default(),
        at: begin(),
        actor: Actor::Root { account: None },
        origin: Origin::default(),
        opening: Opening::Authorized { rules: vec![rule] },
    };
    Some(Node {
        stored: Request::new(change, begin(), String::new()),
        pollers: [At::Idle, At::Idle],
        clickers: [Clicker::Waits, Clicker::Waits],
        cards: Vec::new(),
        rule_is_there: true,
        by_hand: None,
        time: 0,
        faults,
        unclear: 0,
        holders: 0,
    })
}

type Moved = Result<Node, String>;

impl Node {
    /// All that matters of it, as a number.
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut add = |request: &Request| {
            let same = request.revision == self.stored.revision;
            same.hash(&mut hasher);
            let Request { state, version, rendered_version, cards, decision, maybe_posted, updating, .. } = request;
            let sent: Vec<_> = updating.iter().map(|sent| sent.until).collect();
            format!("{state:?}{version}{rendered_version}{}{decision:?}{maybe_posted}{sent:?}", cards.len())
                .hash(&mut hasher);
            let times = (request.card_tries.not_before, request.revert_tries.not_before);
            format!("{times:?}{}{:?}", request.revert_tries.failed.min(2), request.change.opening).hash(&mut hasher);
        };
        add(&self.stored);
        for poller in &self.pollers {
            match poller {
                At::Idle => {}
                At::Loaded(request, _)
                | At::Claimed(request, _)
                | At::Sent(request, ..)
                | At::Reverting(request, _)
                | At::Asking(request, _)
                | At::Asked(request, _)
                | At::Updated(request, _) => add(request),
            }
        }
        for clicker in &self.clickers {
            if let Clicker::Loaded(request) = clicker {
                add(request);
            }
        }
        let kinds: Vec<_> = self.pollers.iter().map(std::mem::discriminant).collect();
        let clickers: Vec<_> = self.clickers.iter().map(std::mem::discriminant).collect();
        (kinds, clickers, &self.cards, self.rule_is_there, self.by_hand).hash(&mut hasher);
        (self.time, self.faults, self.unclear).hash(&mut hasher);
        hasher.finish()
    }

    /// What happens to what was loaded, or, if that is not what is stored any more, to what is.
    fn advance(&mut self, loaded: &Request, event: &Event) -> Result<Result<Request, Refusal>, String> {
        let now = tick(self.time);
        let nonce = self.stored.revision.to_string();
        if let Err(refusal) = step(loaded, event.clone(), now, &nonce) {
            return Ok(Err(refusal));
        }
        let Transition { guard, mut next, .. } = match step(&self.stored, event.clone(), now, &nonce) {
            Ok(transition) => transition,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if guard.revision != self.stored.revision || guard.state != self.stored.state.name() {
            return Err("a guard names what it was computed from".to_owned());
        }
        if self.stored.decision.is_some() && self.stored.decision != next.decision {
            return Err("a decision never changes".to_owned());
        }
        if matches!(next.state, State::Reverted | State::AlreadyGone | State::Withdrawn) && self.rule_is_there {
            return Err(format!("{} only if seen absent", next.state.name()));
        }
        next.history.clear();
        self.stored = next.clone();
        Ok(Ok(next))
    }

    fn lease(&mut self) -> Lease {
        self.holders = self.holders.wrapping_add(1);
        Lease { holder: self.holders.to_string(), until: tick(self.time.saturating_add(LEASE)) }
    }

    /// Every move that is possible now.
    fn moves(&self) -> Vec<(String, Moved)> {
        let mut moves: Vec<(String, Moved)> = Vec::new();
        for poller in 0..2 {
            moves.extend(self.poll(poller).into_iter().map(|(what, next)| (format!("poller {poller} {what}"), next)));
        }
        for (clicker, verdict) in [Verdict::Approve, Verdict::Deny].into_iter().enumerate() {
            if let Some(next) = self.click(clicker, verdict) {
                moves.push((format!("a click: {verdict:?}"), next));
            }
        }
        if self.by_hand.is_none() && self.rule_is_there {
            let next = Self { rule_is_there: false, by_hand: Some(false), ..self.clone() };
            moves.push(("somebody removes the rule".to_owned(), Ok(next)));
        }
        if self.by_hand == Some(false) {
            moves.push(("the record of that is read".to_owned(), self.withdraw()));
        }
        if self.time < LAST_TICK {
            moves.push(("time passes".to_owned(), Ok(self.time_passes())));
        }
        moves
    }

    /// A lease outlives its invocation: whoever still has one when it runs out was killed before.
    fn time_passes(&self) -> Self {
        let mut next = Self { time: self.time + 1, ..self.clone() };
        let now = tick(next.time);
        for poller in &mut next.pollers {
            let claimed = match poller {
                At::Claimed(request, _)
                | At::Sent(request, ..)
                | At::Reverting(request, _)
                | At::Asking(request, _)
                | At::Asked(request, _) => request,
                At::Updated(_, holder) => {
                    let sent = next.stored.updating.iter().find(|sent| sent.holder == *holder);
                    if sent.is_none_or(|sent| sent.until <= now) {
                        *poller = At::Idle;
                    }
                    continue;
                }
                At::Idle | At::Loaded(..) => continue,
            };
            if claimed.state.lease().is_some_and(|lease| lease.until <= now) {
                next.unclear += usize::from(matches!(poller, At::Sent(..)));
                *poller = At::Idle;
            }
        }
        next
    }

    fn withdraw(&self) -> Moved {
        let mut next = self.clone();
        next.by_hand = Some(true);
        let loaded = next.stored.clone();
        // What does not await a decision is refused, and that is right.
        let event = Event::RemovedByHand { rules: vec![0], by: "alice".to_owned(), at: tick(self.time) };
        let _ = next.advance(&loaded, &event)?;
        Ok(next)
    }

    fn click(&self, clicker: usize, verdict: Verdict) -> Option<Moved> {
        let mut next = self.clone();
        match self.clickers.get(clicker)? {
            Clicker::Done => return None,
            Clicker::Waits if self.cards.is_empty() => return None,
            Clicker::Waits => {
                next.clickers[clicker] = Clicker::Loaded(Box::new(self.stored.clone()));
            }
            Clicker::Loaded(loaded) => {
                next.clickers[clicker] = Clicker::Done;
                let by = ["U0CAROL0001", "U0BOB000001"].get(clicker).copied().unwrap_or_default();
                let decision = Decision {
                    verdict,
                    by: SlackUserId::parse(by).ok()?,
                    by_name: String::new(),
                    at: tick(self.time),
                    reason: None,
                    requester: Requester::NotAsked,
                };
                let event = Event::Decided { decision, watch_only: false, card: card(0), reply: None };
                if let Err(promise) = next.advance(loaded, &event) {
                    return Some(Err(promise));
                }
            }
        }
        Some(Ok(next))
    }

    /// The moves of one poller; those that use up a fault too.
    fn poll(&self, poller: usize) -> Vec<(&'static str, Moved)> {
        let Some(at) = self.pollers.get(poller) else { return Vec::new() };
        let mut moves = match at {
            At::Idle => {
                let due = self.stored.work(tick(self.time));
                let load = |work| self.with(poller, At::Loaded(Box::new(self.stored.clone()), work));
                due.map(|work| ("loads", Ok(load(work)))).into_iter().collect()
            }
            At::Loaded(loaded, Work::Post) => vec![("claims the post", self.claim(poller, loaded, true))],
            At::Loaded(loaded, Work::Revert) => vec![("claims the revert", self.claim(poller, loaded, false))],
            At::Loaded(loaded, Work::Update) => vec![("updates", self.update(poller, loaded))],
            At::Claimed(loaded, holder) => self.send(poller, loaded, holder),
            At::Sent(loaded, place, shows) => {
                let event = Event::Posted { card: card(*place), shows: *shows };
                vec![("records the post", self.then(poller, loaded, &event, |_| At::Idle))]
            }
            At::Reverting(loaded, holder) => vec![("looks", self.look(poller, loaded, holder))],
            At::Asking(loaded, holder) => self.ask(poller, loaded, holder),
            At::Asked(loaded, holder) => vec![("verifies", self.verify(poller, loaded, holder))],
            At::Updated(loaded, holder) => {
                let event = Event::Updated {
                    holder: holder.clone(),
                    shows: loaded.version,
                    over: loaded.rendered_version,
                    card: None,
                    lost: Vec::new(),
                    reply_used: false,
                };
                vec![("records the update", self.then(poller, loaded, &event, |_| At::Idle))]
            }
        };
        if self.faults > 0 && *at != At::Idle {
            let mut killed = self.with(poller, At::Idle);
            killed.faults -= 1;
            killed.unclear += usize::from(matches!(at, At::Sent(..)));
            moves.push(("is killed", Ok(killed)));
        }
        moves
    }

    fn with(&self, poller: usize, at: At) -> Self {
        let mut next = self.clone();
        if let Some(place) = next.pollers.get_mut(poller) {
            *place = at;
        }
        next
    }

    /// An event, and what the poller is at if it was taken; else it is idle.
    fn then(&self, poller: usize, loaded: &Request, event: &Event, at: impl FnOnce(Request) -> At) -> Moved {
        let mut next = self.with(poller, At::Idle);
        if let Ok(stored) = next.advance(loaded, event)? {
            next = next.with(poller, at(stored));
        }
        Ok(next)
    }

    fn claim(&self, poller: usize, loaded: &Request, post: bool) -> Moved {
        let mut next = self.clone();
        let lease = next.lease();
        let holder = lease.holder.clone();
        let event = if post { Event::ClaimPost(lease) } else { Event::ClaimRevert(lease) };
        next.then(poller, loaded, &event, |stored| {
            let stored = Box::new(stored);
            if post { At::Claimed(stored, holder) } else { At::Reverting(stored, holder) }
        })
    }

    fn update(&self, poller: usize, loaded: &Request) -> Moved {
        let mut next = self.with(poller, At::Idle);
        let lease = next.lease();
        let holder = lease.holder.clone();
        let Ok(stored) = next.advance(loaded, &Event::UpdateBegun(lease))? else { return Ok(next) };
        for place in next.cards.iter_mut().take(stored.cards.len()) {
            *place = stored.version;
        }
        Ok(next.with(poller, At::Updated(Box::new(stored), holder)))
    }

    fn send(&self, poller: usize, loaded: &Request, holder: &str) -> Vec<(&'static str, Moved)> {
        if loaded.maybe_posted && !self.cards.is_empty() {
            let mut next = self.with(poller, At::Idle);
            for place in 0..self.cards.len() {
                let stored = next.stored.clone();
                if let Err(promise) = next.advance(&stored, &Event::Posted { card: card(place), shows: 1 }) {
                    return vec![("adopts", Err(promise))];
                }
            }
            return vec![("adopts", Ok(next))];
        }
        let mut sent = self.clone();
        sent.cards.push(loaded.version);
        let most = 1 + sent.unclear;
        if sent.cards.len() > most {
            return vec![("posts", Err(format!("a card at most {most} times, and now {}", sent.cards.len())))];
        }
        let place = sent.cards.len() - 1;
        let clear = sent.with(poller, At::Sent(Box::new(loaded.clone()), place, loaded.version));
        let mut moves = vec![("posts", Ok(clear))];
        if self.faults > 0 {
            let not_posted = |maybe_posted| Event::NotPosted {
                holder: holder.to_owned(),
                not_before: tick(self.time + 1),
                maybe_posted,
                error: String::new(),
            };
            sent.faults -= 1;
            sent.unclear += 1;
            moves.push(("posts, and gets no answer", sent.then(poller, loaded, &not_posted(true), |_| At::Idle)));
            let mut refused = self.clone();
            refused.faults -= 1;
            moves.push(("is throttled", refused.then(poller, loaded, &not_posted(false), |_| At::Idle)));
        }
        moves
    }

    fn look(&self, poller: usize, loaded: &Request, holder: &str) -> Moved {
        if self.rule_is_there {
            let event = Event::RevokeAttempted { holder: holder.to_owned(), rules: vec![0], stay: BTreeMap::new() };
            return self.then(poller, loaded, &event, |stored| At::Asking(Box::new(stored), holder.to_owned()));
        }
        self.end(poller, loaded, holder)
    }

    fn ask(&self, poller: usize, loaded: &Request, holder: &str) -> Vec<(&'static str, Moved)> {
        let denied =
            |request: &Request| request.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Deny);
        if !denied(&self.stored) {
            return vec![("revokes", Err("no revoke without a stored Deny".to_owned()))];
        }
        let asked = || At::Asked(Box::new(loaded.clone()), holder.to_owned());
        let done = Self { rule_is_there: false, ..self.with(poller, asked()) };
        let mut moves = vec![("revokes", Ok(done))];
        if self.faults > 0 {
            let mut lost = self.with(poller, asked());
            lost.faults -= 1;
            moves.push(("asks EC2, which does nothing", Ok(lost)));
        }
        moves
    }

    fn verify(&self, poller: usize, loaded: &Request, holder: &str) -> Moved {
        if self.rule_is_there {
            let event = Event::RevertPostponed {
                holder: holder.to_owned(),
                fates: vec![Fate::Standing],
                not_before: tick(self.time + 1),
                error: String::new(),
            };
            return self.then(poller, loaded, &event, |_| At::Idle);
        }
        self.end(poller, loaded, holder)
    }

    fn end(&self, poller: usize, loaded: &Request, holder: &str) -> Moved {
        let asked = loaded.change.opening.rules().iter().any(|rule| rule.asked);
        let fates = vec![if asked { Fate::Removed } else { Fate::NotThere }];
        let event = Event::RevertEnded { holder: holder.to_owned(), fates, verified_after_ms: None, failure: None };
        self.then(poller, loaded, &event, |_| At::Idle)
    }

    /// Left alone, without faults, it comes to rest: nothing is due, a Deny has its end, the cards show the last state.
    fn rests(&self) -> Result<(), String> {
        let mut node = Self { faults: 0, ..self.clone() };
        for _ in 0..200 {
            let busy = (0..2).find_map(|poller| {
                let (_, next) = node.poll(poller).into_iter().next()?;
                Some(next)
            });
            match busy {
                Some(next) => node = next?,
                None if node.by_hand == Some(false) => node = node.withdraw()?,
                None if node.stored.due_at().is_none() => return node.judge_rest(),
                None => node.time = node.time.saturating_add(1),
            }
        }
        Err(format!("it comes to rest: it is {} for ever", node.stored.state.name()))
    }

    fn judge_rest(&self) -> Result<(), String> {
        let request = &self.stored;
        let name = request.state.name();
        match &request.decision {
            Some(decision) if decision.verdict == Verdict::Deny && self.rule_is_there => {
                return Err(format!("every Deny has its end: it is {name}, and the rule is there"));
            }
            None if self.by_hand == Some(true) && request.state != State::Withdrawn => {
                return Err(format!("what was removed by hand is withdrawn: it is {name}"));
            }
            Some(_) | None => {}
        }
        if self.cards.is_empty() {
            return Err("a card at least once".to_owned());
        }
        if self.cards.iter().any(|shows| *shows != request.version) {
            return Err(format!("every card shows the last state: {:?} of {name} {}", self.cards, request.version));
        }
        Ok(())
    }
}

fn card(place: usize) -> Option<CardRef> {
    Some(CardRef { channel: ChannelId::parse("C0123456789").ok()?, ts: format!("1.{place}") })
}
