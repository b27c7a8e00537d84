//! What a poller does about cards: the first post, updates, and the full list in the thread.

use shared::domain::{
    change::{Fate, Ignored, Opening},
    request::{CardRef, Request, Work},
    step::Event,
};

use super::{
    flaws::Flaw,
    node::{At, Card, Hand, LIST, Landing, Moved, Node, Then, card, place_of, tick},
    worlds,
};

/// How an update fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fares {
    Well,
    /// There is no answer, and it landed.
    Landed,
    /// There is no answer, and it may land later.
    LandsLater,
}

impl Node {
    pub(super) fn load(&self, poller: usize, work: Work) -> Self {
        self.with(poller, At::Loaded(Box::new(self.stored.clone()), work))
    }

    pub(super) fn claim_post(&self, poller: usize, loaded: &Request) -> Moved {
        let mut next = self.with_lease(poller);
        let event = Event::ClaimPost(next.lease_of(poller));
        match next.advance(loaded, &event)? {
            Ok(stored) => next.put(poller, At::Claimed(Box::new(stored))),
            Err(_) if self.flaw == Flaw::ClaimIgnored => next.put(poller, At::Claimed(Box::new(self.stored.clone()))),
            Err(_) => next.put(poller, At::Idle),
        }
        Ok(next)
    }

    /// On the way to the first post: describe, look at the group's notes, look into the channel, send.
    pub(super) fn go_on_posting(&self, poller: usize, loaded: &Request) -> Vec<(&'static str, Moved)> {
        if let Opening::Unresolved(_) = &loaded.change.opening {
            return self.describe(poller, loaded);
        }
        let standing = self.stored.change.opening.rules().first().is_some_and(|rule| rule.fate == Fate::Standing);
        if let Hand::Noted(rules) = self.hand
            && standing
            && self.stored.state.awaits_decision()
        {
            let noted = self.clone().then(poller, &self.stored, &worlds::removed(rules, self.time), At::Claimed);
            return vec![("finds the note of a removal", noted)];
        }
        if loaded.maybe_posted && !self.webhook && self.seen_card().is_some() {
            let adopted = self.adopt(loaded).map(|(mut next, request)| {
                next.list_or_rest(poller, request);
                next
            });
            return vec![("adopts what it finds", adopted)];
        }
        self.send(poller, loaded)
    }

    fn describe(&self, poller: usize, loaded: &Request) -> Vec<(&'static str, Moved)> {
        let opened = Event::Resolved(worlds::modified());
        let dismissed = Event::Dismissed { reason: Ignored::Narrowing, rules: worlds::judged() };
        let mut moves = vec![
            ("describes: it opened", self.clone().then(poller, loaded, &opened, At::Claimed)),
            ("describes: it narrowed", self.clone().then(poller, loaded, &dismissed, |_| At::Idle)),
        ];
        if self.faults > 0 {
            let failed = self.faulty().then(poller, loaded, &self.not_posted(poller, false), |_| At::Idle);
            moves.push(("describes, and EC2 does not answer", failed));
        }
        moves
    }

    fn not_posted(&self, poller: usize, maybe_posted: bool) -> Event {
        let maybe_posted = maybe_posted && self.flaw != Flaw::DoubtForgotten;
        let holder = self.lease_of(poller).holder;
        Event::NotPosted { holder, not_before: tick(self.time + 1), maybe_posted, error: String::new() }
    }

    /// Every message that is found counts as the request's own.
    fn adopt(&self, loaded: &Request) -> Result<(Self, Request), String> {
        let (mut next, mut request) = (self.clone(), loaded.clone());
        let found = self.cards.iter().enumerate().filter(|(_, card)| !card.gone);
        for place in found.map(|(place, _)| place) {
            if let Ok(stored) = next.advance(&request, &Event::Posted { card: card(place), shows: 1 })? {
                request = stored;
            }
        }
        Ok((next, request))
    }

    /// A new message in the channel.
    fn push_card(&mut self, shows: u32) -> usize {
        self.cards.push(Card { shows, watches: !self.reverts, gone: false, list: 0 });
        self.cards.len() - 1
    }

    fn send(&self, poller: usize, loaded: &Request) -> Vec<(&'static str, Moved)> {
        let mut sent = self.clone();
        let (place, shows) = (sent.push_card(loaded.version), loaded.version);
        let most = 1 + sent.unclear;
        if sent.cards.len() > most {
            return vec![("posts", Err(format!("a card at most {most} times, and now {}", sent.cards.len())))];
        }
        let posted = Event::Posted { card: card(place).filter(|_| !self.webhook), shows };
        let records = At::Records(Box::new(loaded.clone()), vec![posted], Then::List);
        let mut moves = vec![("posts", Ok(sent.with(poller, records)))];
        if self.faults > 0 {
            let mut unclear = sent.faulty();
            unclear.unclear += 1;
            let unclear = unclear.then(poller, loaded, &self.not_posted(poller, true), |_| At::Idle);
            moves.push(("posts, and gets no answer", unclear));
            let refused = self.faulty().then(poller, loaded, &self.not_posted(poller, false), |_| At::Idle);
            moves.push(("posts, and is throttled", refused));
        }
        moves
    }

    /// After a card comes the list of its rules, where there is one.
    pub(super) fn list_or_rest(&mut self, poller: usize, request: Request) {
        self.put(poller, if request.listed { At::Idle } else { At::Listing(Box::new(request)) });
    }

    pub(super) fn list(&self, poller: usize, loaded: &Request) -> Vec<(&'static str, Moved)> {
        let rest = |_| At::Idle;
        if self.webhook {
            let event = Event::Listed { thread: None, messages: loaded.listed_messages, all: true };
            return vec![("has no thread", self.clone().then(poller, loaded, &event, rest))];
        }
        let Some(thread) = loaded.cards.first() else {
            return vec![("waits for a card", Ok(self.with(poller, At::Idle)))];
        };
        let not_listed = |lost| Event::NotUpdated {
            holder: String::new(),
            lands_until: None,
            shows: loaded.version,
            not_before: tick(self.time + 1),
            maybe_posted: false,
            lost,
            error: String::new(),
        };
        let mut listed = self.clone();
        let number = loaded.listed_messages;
        match listed.cards.get_mut(place_of(thread)).filter(|card| !card.gone) {
            // A message in the middle does not make the list whole.
            Some(card) if card.list >= number => card.list = card.list.max(number + 1),
            Some(_) => {}
            None => {
                let lost = self.clone().then(poller, loaded, &not_listed(vec![thread.clone()]), rest);
                return vec![("lists, and the card is gone", lost)];
            }
        }
        let all = number + 1 == LIST || self.flaw == Flaw::ListCutShort;
        let thread = Some(thread.clone()).filter(|_| self.flaw != Flaw::ThreadUnnamed);
        let event = Event::Listed { thread, messages: number + 1, all };
        let records = At::Records(Box::new(loaded.clone()), vec![event], Then::List);
        let mut moves = vec![("lists", Ok(listed.with(poller, records)))];
        if self.faults > 0 {
            let refused = self.faulty().then(poller, loaded, &not_listed(Vec::new()), rest);
            moves.push(("lists, and is throttled", refused));
        }
        moves
    }

    pub(super) fn begin_update(&self, poller: usize, loaded: &Request) -> Moved {
        let now = tick(self.time);
        let landed = !loaded.updating.is_empty() && loaded.updating.iter().all(|sent| sent.until <= now);
        let threadless = !self.webhook && !loaded.listed && loaded.cards.is_empty();
        let mut next = self.with_lease(poller);
        if loaded.rendered_version >= loaded.version && !landed && !threadless {
            next.list_or_rest(poller, self.stored.clone());
            return Ok(next);
        }
        let lease = next.lease_of(poller);
        let mut next = next.then(poller, loaded, &Event::UpdateBegun(lease.clone()), At::Updating)?;
        if self.flaw == Flaw::UpdateUnmarked {
            next.stored.updating.retain(|sent| *sent != lease);
        }
        Ok(next)
    }

    pub(super) fn update(&self, poller: usize, loaded: &Request) -> Vec<(&'static str, Moved)> {
        let mut moves = vec![("updates", self.send_update(poller, loaded, Fares::Well))];
        if self.faults > 0 {
            let node = self.faulty();
            moves.push(("updates, gets no answer, and it lands", node.send_update(poller, loaded, Fares::Landed)));
            moves.push(("updates, and gets no answer", node.send_update(poller, loaded, Fares::LandsLater)));
            let event = self.not_updated(poller, loaded, false, Vec::new());
            let refused = node.clone().then(poller, loaded, &event, |_| At::Idle);
            moves.push(("updates, and is throttled", refused));
            let mut killed = node.with(poller, At::Idle);
            killed.land_later(loaded, self.lease_of(poller).until);
            moves.push(("updates, and is killed", Ok(killed)));
        }
        moves
    }

    fn not_updated(&self, poller: usize, request: &Request, unclear: bool, lost: Vec<CardRef>) -> Event {
        Event::NotUpdated {
            holder: self.lease_of(poller).holder,
            lands_until: unclear.then(|| tick(self.time + 1)),
            shows: request.version,
            not_before: tick(self.time + 1),
            maybe_posted: unclear && request.cards.len() == lost.len(),
            lost,
            error: String::new(),
        }
    }

    /// The clicked message, in webhook mode, while its `response_url` lasts.
    fn by_reply(&self, request: &Request) -> Option<usize> {
        let reply = request.reply.as_ref().filter(|reply| reply.uses_left > 0 && reply.until > tick(self.time))?;
        let place = reply.url.parse().ok()?;
        self.cards.get(place).filter(|card: &&Card| !card.gone).map(|_| place)
    }

    fn show(&mut self, place: usize, shows: u32) {
        if let Some(card) = self.cards.get_mut(place) {
            (card.shows, card.watches) = (shows, !self.reverts);
        }
    }

    fn land_later(&mut self, request: &Request, until: chrono::DateTime<chrono::Utc>) {
        let places = match (self.webhook, self.by_reply(request)) {
            (true, reply) => reply.into_iter().collect(),
            (false, _) => {
                let there = |place: &usize| self.cards.get(*place).is_some_and(|card| !card.gone);
                request.cards.iter().map(place_of).filter(there).collect()
            }
        };
        self.landing.push(Landing { shows: request.version, places, until });
    }

    /// An update whose answer nobody waits for lands.
    pub(super) fn land(&self, which: usize) -> Self {
        let mut next = self.clone();
        let Landing { shows, places, .. } = next.landing.remove(which);
        if places.is_empty() {
            next.push_card(shows);
            next.unclear += 1;
        }
        for place in places {
            next.show(place, shows);
        }
        next
    }

    fn send_update(&self, poller: usize, loaded: &Request, fares: Fares) -> Moved {
        let (mut next, request) =
            if loaded.maybe_posted && !self.webhook { self.adopt(loaded)? } else { (self.clone(), loaded.clone()) };
        let holder = self.lease_of(poller).holder;
        let shows = request.version;
        let is_gone = |card: &&CardRef| self.cards.get(place_of(card)).is_none_or(|card| card.gone);
        let lost: Vec<CardRef> = match self.webhook {
            true => Vec::new(),
            false => request.cards.iter().filter(is_gone).cloned().collect(),
        };
        let reply = self.by_reply(&request).filter(|_| self.webhook);
        let anew = if self.webhook { reply.is_none() } else { lost.len() == request.cards.len() };
        let others = request.updating.iter().filter(|sent| sent.holder != holder).map(|sent| sent.until).max();
        if let Some(not_before) = others.filter(|_| anew && !self.webhook) {
            let error = String::new();
            let event =
                Event::NotUpdated { holder, lands_until: None, shows, not_before, maybe_posted: true, lost, error };
            return next.then(poller, &request, &event, |_| At::Idle);
        }
        if fares == Fares::LandsLater {
            next.land_later(&request, tick(self.time + 1));
            let event = next.not_updated(poller, &request, true, lost);
            return next.then(poller, &request, &event, |_| At::Idle);
        }
        let mut new = None;
        if anew {
            next.unclear += 1;
            let place = next.push_card(shows);
            new = card(place).filter(|_| !self.webhook);
        }
        let known = request.cards.iter().filter(|card| !self.webhook && !lost.contains(card)).map(place_of);
        for place in known.chain(reply) {
            next.show(place, shows);
        }
        if fares == Fares::Landed {
            let event = next.not_updated(poller, &request, true, lost);
            return next.then(poller, &request, &event, |_| At::Idle);
        }
        let (over, reply_used) = (request.rendered_version, reply.is_some());
        let event = Event::Updated { holder, shows, over, card: new, lost, reply_used };
        Ok(next.with(poller, At::Records(Box::new(request), vec![event], Then::List)))
    }
}
