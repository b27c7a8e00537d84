//! Two people at the channel: they click what is to be decided until its card says that it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tests::{Card, Story};
use tokio::sync::RwLock;

use crate::{count::Count, openings::Made};

/// Nobody clicks the same button twice as fast.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// As many clicks are under way at most.
const AT_ONCE: usize = 6;

/// What they know.
#[derive(Default)]
pub(crate) struct People {
    pub(crate) made: Mutex<Vec<Made>>,
    /// Who clicked Deny (`true`) or Approve on what.
    pub(crate) clicked: Mutex<BTreeSet<(String, bool, String)>>,
    last: Mutex<BTreeMap<(String, &'static str), Instant>>,
    under_way: Mutex<usize>,
}

impl People {
    /// Whether every opening of theirs is decided, as far as its card says.
    pub(crate) fn are_content(&self, story: &Story) -> bool {
        let cards = cards(story);
        let made = locked(&self.made);
        made.iter().all(|made| {
            let clicks = made.clicks();
            clicks.is_empty() || cards.get(&made.opening.id).is_some_and(|card| !asks(card))
        })
    }

    /// They look at the channel once, and click. `gate` is closed while everything is dead.
    pub(crate) fn look(self: &Arc<Self>, story: &Arc<Story>, gate: &Arc<RwLock<()>>, count: &Arc<Count>) {
        let cards = cards(story);
        let made = locked(&self.made).clone();
        for made in &made {
            let Some(card) = cards.get(&made.opening.id) else { continue };
            for (user, action) in made.clicks().into_iter().chain([(tests::BOB, "retry")]) {
                if card.buttons.iter().any(|button| button == action) && self.may_click(&made.opening.id, action) {
                    let (people, story, gate, count) =
                        (Arc::clone(self), Arc::clone(story), Arc::clone(gate), Arc::clone(count));
                    let (card, id) = (card.clone(), made.opening.id.clone());
                    tokio::spawn(async move {
                        let _open = gate.read().await;
                        people.click(&story, user, &card, action, id, &count).await;
                        *locked(&people.under_way) -= 1;
                    });
                }
            }
        }
    }

    fn may_click(&self, id: &str, action: &'static str) -> bool {
        let mut under_way = locked(&self.under_way);
        let mut last = locked(&self.last);
        let key = (id.to_owned(), action);
        let too_soon = last.get(&key).is_some_and(|at| at.elapsed() < PATIENCE);
        if too_soon || *under_way >= AT_ONCE {
            return false;
        }
        last.insert(key, Instant::now());
        *under_way += 1;
        true
    }

    async fn click(&self, story: &Story, user: &str, card: &Card, action: &'static str, id: String, count: &Count) {
        if action != "retry" {
            locked(&self.clicked).insert((user.to_owned(), action == "deny", id));
        }
        match story.system.click(user, &card.ts, action).await {
            Ok(clicked) => count.answered(&clicked),
            // The card changed under the finger, or the gateway closed the connection.
            Err(_) => count.unanswered(),
        }
    }
}

/// The cards by the request that they show; of several the newest.
fn cards(story: &Story) -> BTreeMap<String, Card> {
    story.cards().into_iter().filter_map(|card| Some((card.request.clone()?, card))).collect()
}

fn asks(card: &Card) -> bool {
    ["approve", "deny", "retry"].iter().any(|action| card.buttons.iter().any(|button| button == action))
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
