//! "Deny with reason…" on a paused clock: refusals, races, lost answers, late triggers.

use chrono::TimeDelta;
