//! Every move that is possible in a node.

use shared::domain::{
    request::{Lease, Work},
    step::Event,
};

use super::node::{At, LAST_TICK, Moved, Node, Then, tick};

impl Node {
    pub(super) fn moves(&self) -> Vec<(String, Moved)> {
        let mut moves: Vec<(String, Moved)> = Vec::new();
        for poller in 0..2 {
            moves.extend(self.poll(poller).into_iter().map(|(what, next)| (format!("poller {poller} {what}"), next)));
        }
        moves.extend(self.people().into_iter().map(|(what, next)| (what.to_owned(), next)));
        if self.time < LAST_TICK {
            moves.push(("time passes".to_owned(), Ok(self.time_passes())));
        }
        for which in 0..self.landing.len() {
            moves.push(("an update lands late".to_owned(), Ok(self.land(which))));
        }
        if self.late.is_some() {
            moves.push(("EC2 carries out a revoke".to_owned(), Ok(self.carry_out())));
        }
        moves
    }

    /// A lease outlives its invocation: whoever still has one when it runs out was killed before.
    pub(super) fn time_passes(&self) -> Self {
        let mut next = Self { time: self.time.saturating_add(1), ..self.clone() };
        let now = tick(next.time);
        for poller in 0..2 {
            // Whoever only loaded something has no lease yet.
            let has_lease = next.pollers.get(poller).is_some_and(|poller| !matches!(poller.at, At::Loaded(..)));
            if has_lease && next.lease_of(poller).until <= now {
                next.kill(poller);
            }
        }
        next.landing.retain(|landing| landing.until > now);
        next
    }

    /// With a lease of its own for a poller.
    pub(super) fn with_lease(&self, poller: usize) -> Self {
        let mut next = self.clone();
        let lease = next.lease();
        if let Some(poller) = next.pollers.get_mut(poller) {
            poller.lease = lease;
        }
        next
    }

    pub(super) fn lease_of(&self, poller: usize) -> Lease {
        let none = || Lease { holder: String::new(), until: tick(0) };
        self.pollers.get(poller).map_or_else(none, |poller| poller.lease.clone())
    }

    /// The moves of one poller, the one that is usual first; those that use up a fault too.
    pub(super) fn poll(&self, poller: usize) -> Vec<(&'static str, Moved)> {
        let Some(at) = self.pollers.get(poller).map(|poller| &poller.at) else { return Vec::new() };
        let mut moves = match at {
            At::Idle => {
                let due = [Work::Revert, Work::Update, Work::Post].into_iter();
                let due = due.filter(|work| self.stored.due_for(*work).is_some_and(|at| at <= tick(self.time)));
                // While Portcullis only watches, it reverts nothing.
                let due = due.filter(|work| *work != Work::Revert || self.reverts);
                due.map(|work| ("loads", Ok(self.load(poller, work)))).collect()
            }
            At::Loaded(loaded, Work::Post) => vec![("claims the post", self.claim_post(poller, loaded))],
            At::Loaded(loaded, Work::Revert) => vec![("claims the revert", self.claim_revert(poller, loaded))],
            At::Loaded(loaded, Work::Update) => vec![("begins an update", self.begin_update(poller, loaded))],
            At::Claimed(loaded) => self.go_on_posting(poller, loaded),
            At::Updating(loaded) => self.update(poller, loaded),
            At::Records(..) => vec![("records it", self.record(poller))],
            At::Reverting(loaded) => self.look(poller, loaded),
            At::Asking(loaded, rules, first) => self.ask(poller, loaded, (rules, first)),
            At::Asked(loaded, refused) => vec![("looks again", self.verify(poller, loaded, *refused))],
            At::Listing(loaded) => self.list(poller, loaded),
        };
        if self.faults > 0 && *at != At::Idle {
            let mut killed = self.faulty();
            killed.kill(poller);
            moves.push(("is killed", Ok(killed)));
        }
        moves
    }

    fn record(&self, poller: usize) -> Moved {
        let Some(At::Records(loaded, events, then)) = self.pollers.get(poller).map(|poller| &poller.at) else {
            return Ok(self.clone());
        };
        let Some((event, rest)) = events.split_first() else { return Ok(self.with(poller, At::Idle)) };
        let mut next = self.clone();
        if let Event::RevokeRefused { rules, .. } | Event::RevokeMissed { rules, .. } = event {
            next.may_be_ours(rules, false);
        }
        next.then(poller, loaded, event, |stored| match (rest, then) {
            ([], Then::Rest) => At::Idle,
            ([], Then::List) if stored.listed => At::Idle,
            ([], Then::List) => At::Listing(stored),
            ([], Then::Verify(refused)) => At::Asked(stored, *refused),
            (rest, Then::Rest | Then::List | Then::Verify(_)) => At::Records(stored, rest.to_vec(), then.clone()),
        })
    }
}
