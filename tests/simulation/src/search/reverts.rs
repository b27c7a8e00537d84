//! What a poller does about a revert: look, ask EC2, look again.

use std::collections::BTreeMap;

use shared::domain::{
    change::Fate,
    request::{Failure, Request},
    step::Event,
};

use super::{
    flaws::Flaw,
    node::{At, By, Moved, Node, Other, Rule, Then, is_denied, tick},
    worlds,
};

/// So many tries, and what may still succeed counts as failed.
const TRIES: u32 = 3;

impl Node {
    pub(super) fn claim_revert(&self, poller: usize, loaded: &Request) -> Moved {
        let next = self.with_lease(poller);
        let event = Event::ClaimRevert(next.lease_of(poller));
        next.then(poller, loaded, &event, At::Reverting)
    }

    /// What became of the rules as far as one sees, and which are still there.
    fn see(&self, request: &Request, still_there: &Fate) -> (Vec<Fate>, Vec<usize>) {
        let mut there = Vec::new();
        let mut fates = Vec::new();
        for (place, (rule, seen)) in request.change.opening.rules().iter().zip(&self.rules).enumerate() {
            if rule.fate.is_settled() {
                fates.push(rule.fate.clone());
                continue;
            }
            fates.push(match seen {
                Rule::There => {
                    there.push(place);
                    still_there.clone()
                }
                Rule::Changed => worlds::changed(),
                Rule::Gone(_) if rule.asked => Fate::Removed,
                Rule::Gone(_) => Fate::NotThere,
            });
        }
        (fates, there)
    }

    pub(super) fn look(&self, poller: usize, loaded: &Request) -> Vec<(&'static str, Moved)> {
        let mut moves = vec![("looks", self.look_well(poller, loaded))];
        if self.faults > 0 {
            let open = |fate: Fate| {
                let rules = loaded.change.opening.rules().iter();
                rules.map(|rule| if rule.fate.is_settled() { rule.fate.clone() } else { fate.clone() }).collect()
            };
            let refused = self.ended(poller, open(worlds::failed()));
            moves.push(("looks, and EC2 refuses", self.faulty().then(poller, loaded, &refused, |_| At::Idle)));
            let event = if loaded.revert_tries.failed + 1 < TRIES {
                self.postponed(poller, open(Fate::Standing))
            } else {
                refused
            };
            moves.push(("looks, and EC2 does not answer", self.faulty().then(poller, loaded, &event, |_| At::Idle)));
        }
        moves
    }

    fn look_well(&self, poller: usize, loaded: &Request) -> Moved {
        let (fates, there) = self.see(loaded, &Fate::Standing);
        if there.is_empty() {
            return self.clone().then(poller, loaded, &self.ended(poller, fates), |_| At::Idle);
        }
        let approved = there.iter().copied().filter(|place| *place == 0 && self.other == Other::Approved);
        let stay: BTreeMap<usize, Fate> = approved.map(|place| (place, worlds::approved())).collect();
        let rules: Vec<usize> = there.into_iter().filter(|place| !stay.contains_key(place)).collect();
        let asked = |place: &usize| loaded.change.opening.rules().get(*place).is_some_and(|rule| rule.asked);
        let first: Vec<usize> = rules.iter().copied().filter(|place| !asked(place)).collect();
        if self.flaw == Flaw::RevokeUnrecorded {
            return Ok(self.with(poller, At::Asking(Box::new(loaded.clone()), rules, first)));
        }
        let none = rules.is_empty();
        let kept = fates.iter().enumerate().map(|(place, fate)| stay.get(&place).unwrap_or(fate).clone()).collect();
        let ended = self.ended(poller, kept);
        let event = Event::RevokeAttempted { holder: self.lease_of(poller).holder, rules: rules.clone(), stay };
        let mut next = self.clone();
        // From now on nobody knows, should the poller be killed.
        next.may_be_ours(&rules, true);
        next.then(poller, loaded, &event, |stored| match none {
            true => At::Records(stored, vec![ended], Then::Rest),
            false => At::Asking(stored, rules, first),
        })
    }

    fn ended(&self, poller: usize, fates: Vec<Fate>) -> Event {
        let failure = Some(Failure { code: String::new(), doing: String::new(), hint: String::new() });
        Event::RevertEnded { holder: self.lease_of(poller).holder, fates, verified_after_ms: None, failure }
    }

    fn postponed(&self, poller: usize, fates: Vec<Fate>) -> Event {
        let holder = self.lease_of(poller).holder;
        Event::RevertPostponed { holder, fates, not_before: tick(self.time + 1), error: String::new() }
    }

    fn is_there(&self, place: usize) -> bool {
        self.rules.get(place) == Some(&Rule::There)
    }

    /// EC2 removes these, because we ask it to.
    fn remove(&mut self, rules: &[usize]) {
        for place in rules {
            if let Some(rule) = self.rules.get_mut(*place) {
                *rule = Rule::Gone(By::Us);
            }
        }
    }

    pub(super) fn ask(
        &self,
        poller: usize,
        loaded: &Request,
        (rules, first): (&[usize], &[usize]),
    ) -> Vec<(&'static str, Moved)> {
        if !is_denied(&self.stored) {
            return vec![("revokes", Err("no revoke without a stored Deny".to_owned()))];
        }
        if self.other == Other::Approved && rules.contains(&0) && self.is_there(0) {
            return vec![("revokes", Err("what was approved on another card is not revoked".to_owned()))];
        }
        let holder = self.lease_of(poller).holder;
        let asked = |refused| At::Asked(Box::new(loaded.clone()), refused);
        let records = |node: &Self, events, refused| {
            node.with(poller, At::Records(Box::new(loaded.clone()), events, Then::Verify(refused)))
        };
        // All at once; where one is not there, one by one: then those that are not there were not removed by us.
        let (there, missed): (Vec<usize>, Vec<usize>) = rules.iter().partition(|place| self.is_there(**place));
        let mut done = self.clone();
        done.remove(&there);
        let done = if there.is_empty() {
            done.with(poller, asked(false))
        } else {
            let mut events = vec![Event::RevokeAnswered { holder: holder.clone(), request_id: "e".to_owned() }];
            if !missed.is_empty() {
                events.push(Event::RevokeMissed { holder: holder.clone(), rules: missed });
            }
            records(&done, events, false)
        };
        let mut moves = vec![("revokes", Ok(done))];
        if self.faults > 0 {
            let fault = self.faulty();
            let refused = if first.is_empty() || self.flaw == Flaw::RefusalForgotten {
                let mut refused = fault.with(poller, asked(true));
                refused.may_be_ours(first, false);
                refused
            } else {
                records(&fault, vec![Event::RevokeRefused { holder, rules: first.to_vec() }], true)
            };
            moves.push(("revokes, and EC2 refuses", Ok(refused)));
            let unclear = fault.with(poller, asked(false));
            let late = Self { late: Some(rules.to_vec()), ..unclear.clone() };
            if rules.iter().all(|place| self.is_there(*place)) {
                let mut lost = unclear.clone();
                lost.remove(rules);
                moves.push(("revokes, and the answer is lost", Ok(lost)));
                moves.push(("revokes, and EC2 does it later", Ok(late)));
            }
            moves.push(("revokes, and EC2 does nothing", Ok(unclear)));
        }
        moves
    }

    /// Whether, as far as anybody can know, EC2 may have removed these because we asked it to.
    pub(super) fn may_be_ours(&mut self, rules: &[usize], may: bool) {
        for place in rules {
            if let Some(ours) = self.perhaps_ours.get_mut(*place) {
                *ours = may;
            }
        }
    }

    /// EC2 carries out what it had not answered; nothing of it, if one of the rules is not there any more.
    pub(super) fn carry_out(&self) -> Self {
        let mut next = self.clone();
        let rules = next.late.take().unwrap_or_default();
        if rules.iter().all(|place| self.is_there(*place)) {
            next.remove(&rules);
        }
        next
    }

    pub(super) fn verify(&self, poller: usize, loaded: &Request, refused: bool) -> Moved {
        let (fates, there) = self.see(loaded, &Fate::Standing);
        let event = if there.is_empty() {
            self.ended(poller, fates)
        } else if !refused && loaded.revert_tries.failed + 1 < TRIES {
            self.postponed(poller, fates)
        } else {
            self.ended(poller, self.see(loaded, &worlds::failed()).0)
        };
        self.clone().then(poller, loaded, &event, |_| At::Idle)
    }
}
