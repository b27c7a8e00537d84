//! A run that breaks a promise, made smaller: without most of what is drawn, and without most of its trouble, it may break
//! the same promise.

use chrono::TimeDelta;
use local::system::config::Delivery;

use crate::{
    mutation::Mutation,
    plan::{Mode, Plan},
    sim::{Outcome, run_plan},
};

/// Plays that a search may take.
const MOST_PLAYS: usize = 400;

/// The smallest run that was found.
pub struct Shrunk {
    /// Its plan.
    pub plan: Plan,
    /// Its story.
    pub outcome: Outcome,
    /// How many runs it took.
    pub plays: usize,
}

/// Makes the plan of a run that breaks a promise smaller as long as the same promise is broken. `None`: it breaks none.
#[must_use]
pub fn shrink(plan: Plan, mutation: Option<Mutation>) -> Option<Shrunk> {
    let first = run_plan(plan.clone(), mutation, true);
    let promise = promise(&first)?;
    let mut search = Search { mutation, promise, plays: 1, best: (plan, first) };
    let mut smaller = true;
    while smaller && search.plays < MOST_PLAYS {
        smaller = false;
        for simpler in SIMPLER {
            smaller |= search.attempt(simpler);
        }
    }
    search.spare_trouble();
    let (plan, outcome) = search.best;
    Some(Shrunk { plan, outcome, plays: search.plays })
}

/// The words before the first colon.
fn promise(outcome: &Outcome) -> Option<String> {
    let broken = outcome.violation.as_ref()?;
    Some(broken.split(':').next().unwrap_or_default().to_owned())
}

struct Search {
    mutation: Option<Mutation>,
    promise: String,
    plays: usize,
    best: (Plan, Outcome),
}

impl Search {
    /// Takes the change if the same promise is broken, and the story is not longer.
    fn attempt(&mut self, change: &dyn Fn(&mut Plan)) -> bool {
        let mut plan = self.best.0.clone();
        change(&mut plan);
        if plan == self.best.0 || self.plays >= MOST_PLAYS {
            return false;
        }
        self.plays += 1;
        let outcome = run_plan(plan.clone(), self.mutation, true);
        let same = promise(&outcome).as_ref() == Some(&self.promise);
        if same && outcome.story.len() <= self.best.1.story.len() {
            self.best = (plan, outcome);
            return true;
        }
        false
    }

    /// Leaves out faults and kills: half of them, a quarter, in the end each by itself.
    fn spare_trouble(&mut self) {
        let mut step = self.best.1.troubles.max(1);
        while step > 0 && self.plays < MOST_PLAYS {
            let mut from = 0;
            while from < self.best.1.troubles {
                self.attempt(&|plan| plan.spared.extend(from..from + step));
                from += step;
            }
            step /= 2;
        }
    }
}

/// No run is shorter.
const SHORTEST: TimeDelta = TimeDelta::seconds(20);

/// What makes a run simpler, the most first.
const SIMPLER: [&dyn Fn(&mut Plan); 29] = [
    &|plan| plan.chaos = (plan.chaos / 2).max(SHORTEST),
    &|plan| plan.chaos = (plan.chaos * 3 / 4).max(SHORTEST),
    &|plan| plan.chaos = (plan.chaos * 9 / 10).max(SHORTEST),
    &|plan| plan.rates.kills = 0,
    &|plan| plan.rates.store = 0,
    &|plan| plan.rates.chat = 0,
    &|plan| plan.rates.firewall = 0,
    &|plan| plan.rates.source = 0,
    &|plan| plan.rates.denied = 0,
    &|plan| plan.rates.lies = 0,
    &|plan| plan.rates.slow = 0,
    &|plan| plan.rates.lands_late = 0,
    &|plan| plan.rates.writes_late = 0,
    &|plan| plan.outage = None,
    &|plan| plan.deletes_every = None,
    &|plan| plan.without_ids = 0,
    &|plan| plan.many_rules = 0,
    &|plan| plan.cut = 0,
    &|plan| plan.late = 0,
    &|plan| plan.latest = TimeDelta::minutes(18),
    &|plan| plan.pushed = 0,
    &|plan| plan.delay = TimeDelta::zero(),
    &|plan| plan.stale = TimeDelta::zero(),
    &|plan| plan.burst = None,
    &|plan| plan.groups = 1,
    &|plan| plan.mode = Mode::Reverts,
    &|plan| plan.delivery = Delivery::Bot,
    &|plan| plan.gap = (plan.gap * 2).min(plan.chaos),
    &|plan| plan.thinks = (plan.thinks * 2).min(plan.chaos),
];
