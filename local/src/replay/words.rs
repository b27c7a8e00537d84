//! A row in words. All that others chose passes through [`one_line`]: a terminal and a page obey nothing of it.

use chrono::{DateTime, Utc};
use shared::domain::{change::Ignored, one_line::one_line, thousands::grouped};

use super::row::{Became, Call, Row, Rule, Since, What};

/// What stands where the records do not tell.
pub(super) const UNKNOWN: &str = "not known";

/// Cleaned, whatever its length.
pub(super) fn plain(text: &str) -> String {
    one_line(text, usize::MAX, |_| 1)
}

/// `2026-11-20 10:00:00`.
pub(super) fn moment(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| UNKNOWN.to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
}

/// `3 rules`, `1 rule`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number as it is counted elsewhere.
pub(super) fn number(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

/// `40 s`, `1 min 49 s`, `2 h 5 min`, `3 days`: two units at most.
pub(super) fn duration(seconds: i64) -> String {
    let (unit, larger) = match seconds {
        ..60 => return format!("{seconds} s"),
        60..3_600 => (("min", 60), ("s", 1)),
        3_600..86_400 => (("h", 3_600), ("min", 60)),
        86_400.. => return count(u64::try_from(seconds / 86_400).unwrap_or_default(), "day", "days"),
    };
    let rest = seconds % unit.1 / larger.1;
    let whole = format!("{} {}", seconds / unit.1, unit.0);
    if rest == 0 { whole } else { format!("{whole} {rest} {}", larger.0) }
}

/// `4 min later`, `in the same second`; empty where it is not known.
fn later(seconds: Option<i64>) -> String {
    match seconds {
        None => String::new(),
        Some(..=0) => " in the same second".to_owned(),
        Some(seconds) => format!(" {} later", duration(seconds)),
    }
}

/// The group: its id, else its name.
pub(super) fn group(row: &Row) -> String {
    match (&row.group, &row.group_name) {
        (Some(id), _) => id.to_string(),
        (None, Some(name)) => format!("named {}", plain(name)),
        (None, None) => UNKNOWN.to_owned(),
    }
}

/// What was opened, the widest first: `tcp 22 from 0.0.0.0/0 and 4 more`.
pub(super) fn what(row: &Row) -> String {
    let Some(first) = row.rules.first() else { return UNKNOWN.to_owned() };
    let more = match row.rules.len() {
        1 => String::new(),
        many => format!(" and {} more", grouped(number(many - 1))),
    };
    let earlier = first.earlier.as_ref().map_or_else(String::new, |earlier| format!(" (was {earlier})"));
    format!("{}{}{earlier}{more}", verb(row, first), rule(first))
}

/// What comes before a rule that was not added: `changed to `.
pub(super) fn verb(row: &Row, rule: &Rule) -> &'static str {
    match (row.call, &rule.rule) {
        (Call::Modify, Some(_)) => "changed to ",
        (Call::Modify, None) => "changed: ",
        (Call::Authorize | Call::Unknown, Some(_) | None) => "",
    }
}

/// A rule, or its id where nothing more is known: `tcp 22 from 0.0.0.0/0`.
pub(super) fn rule(rule: &Rule) -> String {
    match (&rule.rule, &rule.id) {
        (Some(text), _) => text.clone(),
        (None, Some(id)) => id.to_string(),
        (None, None) => UNKNOWN.to_owned(),
    }
}

/// How wide it is.
pub(super) fn exposure(row: &Row) -> String {
    match (&row.exposure, &row.became) {
        (None, _) => UNKNOWN.to_owned(),
        (Some(words), Became::AsksEc2IfOpened) => format!("{words}, if it lets in"),
        (
            Some(words),
            Became::AwaitsDecision { .. }
            | Became::Withdrawn { .. }
            | Became::Ignored { .. }
            | Became::Unreadable { .. }
            | Became::AsksEc2 { .. },
        ) => words.clone(),
    }
}

/// What became of it. It never says more than the records do.
pub(super) fn became(row: &Row) -> String {
    match &row.became {
        Became::AwaitsDecision { since } if since.is_empty() => {
            "would await a decision; still open as far as the records tell".to_owned()
        }
        Became::AwaitsDecision { since } => {
            let told: Vec<String> = since.iter().map(|since| happened(since, row.rules.len())).collect();
            format!("would await a decision; {}", told.join("; "))
        }
        Became::Withdrawn { by, after_seconds, .. } => {
            let by: Vec<String> = by.iter().map(|by| plain(by)).collect();
            format!("withdrawn: removed by {}{}", by.join(" and "), later(*after_seconds))
        }
        Became::Ignored { reason } => format!("ignored: {}", reason_in_words(*reason)),
        Became::Unreadable { why } => format!("unreadable: {}", plain(why)),
        Became::AsksEc2 { why } => format!("asks EC2 first, and asked in any case: {}", plain(why)),
        Became::AsksEc2IfOpened => {
            "asks EC2 first; asked unless it is egress, a description alone or a narrowing".to_owned()
        }
    }
}

fn happened(since: &Since, of: usize) -> String {
    let rules = match (since.rules, of) {
        (_, 1) => "it was".to_owned(),
        (rules, of) if rules == of => "all rules were".to_owned(),
        (1, of) => format!("1 of {of} rules was"),
        (rules, of) => format!("{rules} of {of} rules were"),
    };
    let (by, later) = (plain(&since.by), later(since.after_seconds));
    match since.what {
        What::Removed => format!("{rules} removed by {by}{later}"),
        What::Changed => format!("{rules} changed by {by}{later}"),
        What::PerhapsRemoved => format!("perhaps removed by {by}{later}, only EC2 can tell"),
        What::GroupDeleted => format!("the group was deleted by {by}{later}"),
    }
}

/// Why something makes no card.
pub(super) fn reason_in_words(reason: Ignored) -> &'static str {
    match reason {
        Ignored::OtherEvent => "another event",
        Ignored::Failed => "the call failed",
        Ignored::DryRun => "a dry run",
        Ignored::Egress => "it is egress",
        Ignored::DescriptionOnly => "a description alone",
        Ignored::Narrowing => "it lets in no more than before",
        Ignored::UnknownGroup => "a revoke that does not say in which group",
        Ignored::OwnRevert => "a revoke of Portcullis",
    }
}

/// How many there are of what makes no card.
pub(super) fn reasons(reason: Ignored, number: u64) -> String {
    let (one, many) = match reason {
        Ignored::OtherEvent => ("other event", "other events"),
        Ignored::Failed => ("failed call", "failed calls"),
        Ignored::DryRun => ("dry run", "dry runs"),
        Ignored::Egress => ("change of egress", "changes of egress"),
        Ignored::DescriptionOnly => ("change of a description alone", "changes of a description alone"),
        Ignored::Narrowing => ("narrowing", "narrowings"),
        Ignored::UnknownGroup => ("revoke without its group", "revokes without their group"),
        Ignored::OwnRevert => ("revoke of Portcullis", "revokes of Portcullis"),
    };
    count(number, one, many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (109, "1 min 49 s"),
            (3_599, "59 min 59 s"),
            (3_600, "1 h"),
            (7_500, "2 h 5 min"),
            (86_400, "1 day"),
            (1_000_000, "11 days"),
        ] {
            assert_eq!(duration(seconds), words);
        }
    }
}
