//! Slack's limits, and the smaller ones that keep a card within them whatever others wrote.
//!
//! Budgets count characters after escaping, as Slack does. Slack documents 50 blocks and 3,000 characters a section; it
//! also refuses messages whose blocks hold near 12,000 characters in all (`msg_blocks_too_long`, slackapi/bolt-js issue
//! 2509), and `text` of 4,000.

use crate::domain::reason::Reason;

/// A section's text: Slack takes 3,000.
pub(super) const SECTION: usize = 2_900;
/// All rule lines of a card: room for [`SHOWN_RULES`](crate::domain::request::SHOWN_RULES) of the longest lines. With the
/// rest of a card it stays below Slack's 12,000.
pub(super) const CARD_LINES: usize = 6_000;
/// All rule lines of one message of the full list.
pub(super) const LIST_LINES: usize = 8_400;
/// `text` of a message.
pub(super) const TEXT: usize = 2_000;
/// A header: Slack takes 150.
pub(super) const HEADER: usize = 150;
/// The text of a confirm dialog: Slack takes 300.
pub(super) const DIALOG: usize = 300;
/// How many rules `text` and a sentence name.
pub(super) const NAMED: usize = 8;
/// How many causes, and how many kinds of traffic for the whole internet, a sentence names.
pub(super) const FEW: usize = 4;

/// A description within a line of a card.
pub(super) const DESCRIPTION: usize = 80;
/// The same beside an id and an earlier value.
pub(super) const MODIFIED_DESCRIPTION: usize = 30;
/// A description within a line of the full list.
pub(super) const FULL_DESCRIPTION: usize = 1_300;
/// The name of a person, account, group or role.
pub(super) const NAME: usize = 160;
/// A name within a rule's line.
pub(super) const SHORT_NAME: usize = 60;
/// A reason that somebody gave: five characters each of the 500 that it may have, when all of them are escaped.
pub(super) const REASON: usize = 5 * Reason::MOST;
/// The same in `text`, which has to stay below 4,000 with it.
pub(super) const REASON_IN_TEXT: usize = 1_000;
/// A sentence of ours that quotes what AWS said.
pub(super) const SENTENCE: usize = 700;
