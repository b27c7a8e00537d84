//! What EC2 shows of a request's rules. EC2 is eventually consistent, so one answer is not believed.

use std::time::Duration;

use crate::{
    clock::delta,
    domain::{
        change::GroupKey,
        plan::{Plan, Seen},
        request::Request,
    },
    flows::context::Context,
    ports::{Firewall, FirewallError, Which},
};

/// How many reads in a row have to agree before absence is believed.
const AGREEING_READS: u32 = 3;

/// How long between two reads.
const BETWEEN_READS: Duration = Duration::from_millis(500);

/// How long EC2 is given to show what a revoke did, or to agree with itself.
const LOOK_FOR: Duration = Duration::from_secs(10);

/// What to wait for while looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until several reads agree; what is there needs no second look before it is revoked.
    Believed,
    /// Until several reads agree that nothing is left to revoke, as long as EC2 is given for that.
    Gone,
}

/// Describes the group until the reads agree.
///
/// # Errors
/// EC2 refused or did not answer; or its answers that something is gone came too slowly, or too seldom, to be believed.
pub async fn look<S, C, F: Firewall>(
    context: &Context<S, C, F>,
    group: &GroupKey,
    request: &Request,
    until: Until,
) -> Result<Plan, FirewallError> {
    let rules = request.change.opening.rules();
    let begun = context.clock.now();
    let mut agreed: u32 = 0;
    let mut last: Option<Plan> = None;
    loop {
        let asked_at = context.clock.now();
        let plan = match context.firewall.describe(group, &Which::All).await {
            Ok(there) => Plan::make(rules, &there),
            Err(FirewallError::GroupGone) => Plan::make(rules, &[]),
            Err(error) => return Err(error),
        };
        agreed = if last.as_ref() == Some(&plan) { agreed + 1 } else { 1 };
        let nothing_left = plan.is_empty();
        // What was opened or changed just now may not be visible yet, whatever the reads agree on. An answer may come late: it shows
        // what was when it was asked for.
        let fresh = asked_at - request.change.at < delta(LOOK_FOR);
        let unseen = fresh && !plan.0.iter().all(needs_no_second_look);
        let enough = match until {
            Until::Believed => plan.0.iter().all(needs_no_second_look) || agreed >= AGREEING_READS && !unseen,
            Until::Gone => nothing_left && agreed >= AGREEING_READS,
        };
        if enough {
            return Ok(plan);
        }
        if (context.clock.now() - begun).to_std().unwrap_or_default() >= LOOK_FOR {
            return match until {
                Until::Gone if !nothing_left => Ok(plan),
                Until::Gone if agreed >= AGREEING_READS => Ok(plan),
                Until::Believed if agreed >= AGREEING_READS && !unseen => Ok(plan),
                Until::Gone | Until::Believed => Err(not_believed()),
            };
        }
        last = Some(plan);
        context.clock.sleep(BETWEEN_READS).await;
    }
}

fn not_believed() -> FirewallError {
    FirewallError::Unavailable {
        doing: "when describing the group several times".to_owned(),
        why: "EC2's answers came too slowly, or did not agree".to_owned(),
    }
}

fn needs_no_second_look(seen: &Seen) -> bool {
    match seen {
        Seen::There(_) | Seen::Settled => true,
        Seen::Gone | Seen::Changed(_) | Seen::NotUnderstood => false,
    }
}
