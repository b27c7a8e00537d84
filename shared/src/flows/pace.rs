//! New messages go out one a second, whichever invocations post them.

use std::time::Duration;

use crate::{
    flows::context::Context,
    ports::{ChatError, RequestStore},
};

/// A turn further ahead than this is left to a later try.
const LONGEST_TURN: Duration = Duration::from_secs(15);

/// Slack takes one message a second a channel.
const PACE: Duration = Duration::from_millis(1050);

/// Waits for the next free moment. It is asked of the table, which all invocations share.
///
/// # Errors
/// The next free moment is too far ahead to wait for it here.
pub(super) async fn wait_for_turn<S: RequestStore, C, F>(context: &Context<S, C, F>) -> Result<(), ChatError> {
    let now = context.clock.now();
    let slot = match context.store.next_post_slot(now, PACE).await {
        Ok(slot) => slot,
        Err(error) => {
            tracing::warn!(%error, "posting without a turn; Slack will say if that is too fast");
            return Ok(());
        }
    };
    let wait = (slot - now).to_std().unwrap_or_default();
    if wait > LONGEST_TURN {
        return Err(ChatError::RateLimited(wait));
    }
    context.clock.sleep(wait).await;
    Ok(())
}
