//! What is promised of every step, and of what is left alone until it comes to rest.

use std::{collections::HashSet, rc::Rc};

use shared::domain::{
    change::Fate,
    request::{Request, State, Verdict},
    step::Event,
};

use super::{
    key,
    node::{By, Clicker, Earlier, Hand, LIST, Moved, Node, Other, Rule, is_denied, place_of, tick},
};

impl Node {
    /// What is promised of a step that was taken.
    pub(super) fn judge(&self, before: &Request, event: &Event) -> Result<(), String> {
        let next = &self.stored;
        let name = next.state.name();
        if next.revision != before.revision + 1 {
            return Err("a step is one revision".to_owned());
        }
        if before.decision.is_some() && before.decision != next.decision {
            return Err("a decision never changes".to_owned());
        }
        let moved = next.state != before.state;
        let is_final = match before.state {
            State::Approved
            | State::Reverted
            | State::AlreadyGone
            | State::ChangedByHand
            | State::Observed
            | State::Withdrawn => true,
            State::NeedsPost
            | State::Posting { .. }
            | State::Pending
            | State::Denied
            | State::Reverting { .. }
            | State::PartlyReverted
            | State::RevertFailed
            | State::Ignored { .. } => false,
        };
        if is_final && moved {
            return Err(format!("{} is final, and became {name}", before.state.name()));
        }
        let says_gone = matches!(next.state, State::Reverted | State::AlreadyGone | State::Withdrawn);
        if moved && says_gone && !self.rules.iter().all(|rule| matches!(rule, Rule::Gone(_))) {
            return Err(format!("{name} only if seen absent"));
        }
        if moved && next.state == State::Denied && before.decision.is_none() && !self.webhook {
            let whole = |place: usize| self.cards.get(place).is_some_and(|card| card.list >= LIST);
            if self.rules.len() > 20 && !next.cards.iter().any(|card| whole(place_of(card))) {
                return Err("nothing is denied that no card's thread lists".to_owned());
            }
        }
        if let Event::RevertEnded { .. } = event {
            self.judge_fates()?;
        }
        Ok(())
    }

    /// Who removed a rule is told as far as it can be known.
    fn judge_fates(&self) -> Result<(), String> {
        let fates = self.stored.change.opening.rules().iter().map(|rule| &rule.fate);
        for ((fate, rule), ours) in fates.zip(&self.rules).zip(&self.perhaps_ours) {
            if *fate == Fate::NotThere && *rule == Rule::Gone(By::Us) {
                return Err("what we removed is told as removed by us".to_owned());
            }
            if *fate == Fate::Removed && !ours {
                return Err("what EC2 refused to remove is not told as removed by us".to_owned());
            }
        }
        Ok(())
    }

    /// Left alone, without faults, it comes to rest: nothing is due, a Deny has its end, the cards show the last state.
    ///
    /// `rested` are the keys of what was seen to come to rest before.
    pub(super) fn rests(&self, rested: &mut HashSet<u64>) -> Result<(), String> {
        let mut node = Self { faults: 0, tally: Rc::default(), ..self.clone() };
        let mut on_the_way = Vec::new();
        for _ in 0..200 {
            let key = key(&node);
            if rested.contains(&key) {
                rested.extend(on_the_way);
                return Ok(());
            }
            on_the_way.push(key);
            match node.goes_on() {
                Some(next) => node = next?,
                None if node.stored.due_at().is_none() => {
                    node.judge_rest()?;
                    rested.extend(on_the_way);
                    return Ok(());
                }
                None => {
                    node = node.time_passes();
                    node.landing.retain(|landing| landing.until > tick(node.time));
                }
            }
        }
        Err(format!("it comes to rest: it is {} for ever", node.stored.state.name()))
    }

    /// What happens next without anybody's decision. What may come late comes as late as it can.
    fn goes_on(&self) -> Option<Moved> {
        let poller = (0..2).find_map(|poller| self.poll(poller).into_iter().next().map(|(_, next)| next));
        let clicks = || {
            let busy = |clicker: &Clicker| *clicker != Clicker::Waits;
            let clickers = self.clickers.iter().any(busy);
            clickers.then(|| Ok(Self { clickers: [Clicker::Waits, Clicker::Waits], ..self.clone() }))
        };
        let read = || match self.hand {
            Hand::Removed(count) => Some(self.read_removal(count)),
            Hand::Nothing | Hand::MayRemove(_) | Hand::MayChange | Hand::Noted(_) => None,
        };
        let other = || match self.other {
            Other::Reverting | Other::Touched(_) => self.on_another_card().map(|(_, next)| next),
            Other::Nothing | Other::MayBeApproved | Other::Approved | Other::MayBeDenied => None,
        };
        let lands = || (!self.landing.is_empty()).then(|| Ok(self.land(0)));
        let late = || self.late.is_some().then(|| Ok(self.carry_out()));
        poller.or_else(clicks).or_else(read).or_else(other).or_else(lands).or_else(late)
    }

    fn judge_rest(&self) -> Result<(), String> {
        let request = &self.stored;
        let name = request.state.name();
        let stands = self.rules.contains(&Rule::There);
        let over = match request.state {
            State::Reverted | State::AlreadyGone | State::ChangedByHand => !stands,
            State::PartlyReverted | State::RevertFailed | State::Observed => true,
            State::NeedsPost
            | State::Posting { .. }
            | State::Pending
            | State::Approved
            | State::Denied
            | State::Reverting { .. }
            | State::Withdrawn
            | State::Ignored { .. } => false,
        };
        if is_denied(request) && !over {
            return Err(format!("every Deny has its end: it is {name}, and the rules are {:?}", self.rules));
        }
        if request.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Approve) && name != "Approved"
        {
            return Err(format!("what is approved stays so: it is {name}"));
        }
        if self.is_ignored() {
            return match self.earlier {
                Earlier::DoesNotStand => Err("what does not stand is asked about".to_owned()),
                Earlier::Stands | Earlier::MayNotStand => Ok(()),
            };
        }
        let removed = matches!(self.hand, Hand::Noted(count) if count >= self.rules.len());
        if request.decision.is_none() && removed && request.state != State::Withdrawn {
            return Err(format!("what was removed by hand is withdrawn: it is {name}"));
        }
        self.judge_cards()
    }

    fn judge_cards(&self) -> Result<(), String> {
        let (name, version) = (self.stored.state.name(), self.stored.version);
        let shows: Vec<u32> = self.cards.iter().filter(|card| !card.gone).map(|card| card.shows).collect();
        if self.cards.is_empty() {
            return Err("a card at least once".to_owned());
        }
        // Updates of a webhook's cards are new messages once the click's URL is used up.
        let right = match self.webhook {
            true => shows.contains(&version),
            false => shows.iter().all(|shows| *shows == version),
        };
        if right { Ok(()) } else { Err(format!("every card shows the last state: {shows:?} of {name} {version}")) }
    }
}
