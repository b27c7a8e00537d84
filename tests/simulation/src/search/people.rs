//! What people do: click, ask for another try, remove or change rules by hand, delete cards; and what comes of the same
//! rule on another card.

use shared::domain::{
    change::Fate,
    ids::{RequestId, SlackUserId},
    request::{Decision, Phase, ReplyUrl, Request, Requester, State, Verdict},
    step::Event,
};

use super::{
    flaws::Flaw,
    node::{By, Clicker, Earlier, Hand, LAST_TICK, Moved, Node, Other, Rule, card, tick},
    worlds,
};

impl Node {
    /// Every move of somebody who is no poller.
    pub(super) fn people(&self) -> Vec<(&'static str, Moved)> {
        let mut moves = Vec::new();
        for (clicker, verdict) in [Verdict::Approve, Verdict::Deny].into_iter().enumerate() {
            let name = match verdict {
                Verdict::Approve => "a click: Approve",
                Verdict::Deny => "a click: Deny",
            };
            moves.extend(self.click(clicker, verdict).map(|next| (name, next)));
        }
        if self.retries > 0 && self.stored.state.phase() == Phase::Failed && self.reverts {
            moves.push(("a click: Retry", self.retry()));
        }
        if !self.reverts {
            moves.push(("the mode is switched on", Ok(Self { reverts: true, ..self.clone() })));
        }
        if let Some((place, _)) = self.seen_card().filter(|_| self.deletions > 0) {
            let mut next = Self { deletions: self.deletions - 1, ..self.clone() };
            next.cards[place].gone = true;
            moves.push(("somebody deletes a card", Ok(next)));
        }
        moves.extend(self.by_hand());
        moves.extend(self.on_another_card());
        if self.earlier == Earlier::MayNotStand && self.is_ignored() {
            moves.push(("it is judged again", self.reopen()));
        }
        moves
    }

    pub(super) fn reopen(&self) -> Moved {
        let mut next = Self { earlier: Earlier::DoesNotStand, ..self.clone() };
        let stored = next.stored.clone();
        let _ = next.advance(&stored, &Event::Reopened(worlds::modified()))?;
        Ok(next)
    }

    fn by_hand(&self) -> Option<(&'static str, Moved)> {
        match self.hand {
            Hand::MayRemove(count) if self.rules.iter().take(count).all(|rule| *rule == Rule::There) => {
                let mut next = Self { hand: Hand::Removed(count), ..self.clone() };
                next.rules.iter_mut().take(count).for_each(|rule| *rule = Rule::Gone(By::Others));
                Some(("somebody removes the rule", Ok(next)))
            }
            Hand::MayChange if self.rules.first() == Some(&Rule::There) => {
                let mut next = Self { hand: Hand::Nothing, ..self.clone() };
                next.rules[0] = Rule::Changed;
                Some(("somebody changes the rule", Ok(next)))
            }
            Hand::Removed(count) => Some(("the record of a removal is read", self.read_removal(count))),
            Hand::MayRemove(_) | Hand::MayChange | Hand::Nothing | Hand::Noted(_) => None,
        }
    }

    /// What does not await a decision is refused, and that is right; the note stays.
    pub(super) fn read_removal(&self, count: usize) -> Moved {
        let mut next = Self { hand: Hand::Noted(count), ..self.clone() };
        let loaded = next.stored.clone();
        let _ = next.advance(&loaded, &worlds::removed(count, self.time))?;
        Ok(next)
    }

    /// The same rule on another card: approved there, or denied and about to be removed.
    pub(super) fn on_another_card(&self) -> Option<(&'static str, Moved)> {
        let other = |other| Self { other, ..self.clone() };
        match self.other {
            // Refused while a revert of it is under way.
            Other::MayBeApproved if !matches!(self.stored.state, State::Reverting { .. }) => {
                Some(("it is approved on another card", Ok(other(Other::Approved))))
            }
            Other::MayBeDenied => Some(("it is denied on another card", Ok(other(Other::Reverting)))),
            Other::Reverting => Some(("the other revert touches this request", self.touch())),
            Other::Touched(approved) => Some(("the other revert goes on", self.remove_for_another(approved))),
            Other::MayBeApproved | Other::Approved | Other::Nothing => None,
        }
    }

    fn touch(&self) -> Moved {
        let mut next = self.clone();
        let loaded = next.stored.clone();
        if self.flaw != Flaw::Untouched {
            let by = RequestId::parse("another-request").map_err(|error| error.to_string())?;
            let _ = next.advance(&loaded, &Event::Contested { by })?;
        }
        next.other = Other::Touched(is_approved(&next.stored));
        Ok(next)
    }

    fn remove_for_another(&self, approved: bool) -> Moved {
        let mut next = Self { other: Other::Nothing, ..self.clone() };
        if approved || self.rules.first() != Some(&Rule::There) {
            return Ok(next);
        }
        if is_approved(&self.stored) {
            return Err("what was approved is not revoked by a Deny on another card".to_owned());
        }
        next.rules[0] = Rule::Gone(By::Others);
        next.hand = Hand::Removed(1);
        Ok(next)
    }

    fn clicked(&self, clicker: usize) -> Self {
        let mut next = self.clone();
        next.clickers[clicker] = Clicker::Waits;
        next.clicks[clicker] = self.clicks[clicker].saturating_sub(1);
        next
    }

    fn click(&self, clicker: usize, verdict: Verdict) -> Option<Moved> {
        let mut next = self.clone();
        match self.clickers.get(clicker)? {
            Clicker::Waits => {
                let (_, seen) = self.seen_card().filter(|_| self.clicks[clicker] > 0)?;
                next.clickers[clicker] = Clicker::Loaded(Box::new(self.stored.clone()), seen.watches);
            }
            Clicker::Loaded(loaded, watches) => match verdict {
                Verdict::Deny
                    if *watches
                        && self.reverts
                        && loaded.state.awaits_decision()
                        && self.flaw != Flaw::OldCardDecides =>
                {
                    let mut next = self.clicked(clicker);
                    let event = Event::ShownAnew { reply: self.reply() };
                    return Some(next.advance(loaded, &event).map(|_| next));
                }
                Verdict::Approve if matches!(self.other, Other::Reverting | Other::Touched(_)) => {
                    let standing =
                        |rule: &_| matches!(rule, shared::domain::change::OpenedRule { fate: Fate::Standing, .. });
                    if loaded.change.opening.rules().first().is_some_and(standing) {
                        return Some(Ok(self.clicked(clicker)));
                    }
                    return Some(self.decide(clicker, verdict, loaded, *watches));
                }
                Verdict::Approve if self.other != Other::Nothing => {
                    next.clickers[clicker] = Clicker::Checked(loaded.clone());
                }
                Verdict::Approve | Verdict::Deny => return Some(self.decide(clicker, verdict, loaded, *watches)),
            },
            // Another commit came first: it has to look again.
            Clicker::Checked(loaded) if loaded.revision != self.stored.revision => {
                next.clickers[clicker] = Clicker::Loaded(Box::new(self.stored.clone()), false);
            }
            Clicker::Checked(loaded) => return Some(self.decide(clicker, verdict, loaded, false)),
        }
        Some(Ok(next))
    }

    fn reply(&self) -> Option<ReplyUrl> {
        let (place, _) = self.seen_card().filter(|_| self.webhook)?;
        Some(ReplyUrl { url: place.to_string(), until: tick(LAST_TICK), uses_left: 1 })
    }

    fn decide(&self, clicker: usize, verdict: Verdict, loaded: &Request, watches: bool) -> Moved {
        let mut next = self.clicked(clicker);
        let by = match verdict {
            Verdict::Approve => "U0CAROL0001",
            Verdict::Deny => "U0BOB000001",
        };
        let decision = Decision {
            verdict,
            by: SlackUserId::parse(by).map_err(|error| error.to_string())?,
            by_name: String::new(),
            at: tick(self.time),
            reason: None,
            requester: Requester::NotAsked,
        };
        let place = self.seen_card().map(|(place, _)| place);
        let event =
            Event::Decided { decision, watch_only: !self.reverts, card: place.and_then(card), reply: self.reply() };
        let taken = next.advance(loaded, &event)?.is_ok();
        if taken && watches && next.stored.state == State::Denied {
            return Err("nothing is removed that the card did not announce".to_owned());
        }
        Ok(next)
    }

    fn retry(&self) -> Moved {
        let mut next = Self { retries: self.retries - 1, ..self.clone() };
        let loaded = next.stored.clone();
        let _ = next.advance(&loaded, &Event::RetryAsked { by: String::new(), reply: self.reply() })?;
        Ok(next)
    }
}

fn is_approved(request: &Request) -> bool {
    request.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Approve)
}
