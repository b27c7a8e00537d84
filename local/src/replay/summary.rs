//! The history in numbers.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::domain::{change::Ignored, ids::RequestId};

use super::{
    ask::Asked,
    gather::Gathered,
    row::{Became, Row},
    words::number,
};

/// How many of those who open most are named.
const MOST_NAMED: usize = 5;

/// The counts. The fields' names are those of `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Files that were read.
    pub files: u64,
    /// CloudTrail records in them.
    pub records: u64,
    /// The earliest and the latest `eventTime` of all records.
    pub first: Option<String>,
    /// See `first`.
    pub last: Option<String>,
    /// Records that may open or close ingress, each once.
    pub security_group_records: u64,
    /// Changes that certainly opened something.
    pub openings: u64,
    /// Of these, those that let in the whole internet.
    pub whole_internet: u64,
    /// Cards that would have been posted for certain.
    pub cards: u64,
    /// Changes of which only EC2 could have told whether they need a card.
    pub cards_if_ec2_says_so: u64,
    /// The cards that would say that nothing tells what was opened.
    pub unreadable: u64,
    /// The widest opening, the first of several.
    pub widest: Option<Widest>,
    /// Openings that were removed by hand, all of each.
    pub withdrawn: u64,
    /// After how long, in seconds: the median, and of two in the middle the longer.
    pub withdrawn_after_seconds: Option<i64>,
    /// Openings that are still open, as far as the records tell.
    pub still_open: u64,
    /// Revokes that were taken in.
    pub revokes: u64,
    /// Records and changes that make no card, by reason.
    pub ignored: BTreeMap<Ignored, u64>,
    /// Who opens most, most first.
    pub most: Vec<Most>,
}

/// The widest opening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Widest {
    /// The change.
    pub id: RequestId,
    /// Its widest rule.
    pub rule: Option<String>,
    /// Who is let in.
    pub exposure: Option<String>,
    /// Who opened it.
    pub by: String,
}

/// Somebody's number of openings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Most {
    /// Who.
    pub by: String,
    /// How many.
    pub openings: u64,
}

impl Summary {
    pub(super) fn of(gathered: &Gathered, asked: &Asked) -> Self {
        let rows = &asked.rows;
        let count = |wanted: &dyn Fn(&Row) -> bool| number(rows.iter().filter(|row| wanted(row)).count());
        let (first, last) = gathered.times.clone().unzip();
        let withdrawn = after_how_long(rows);
        Self {
            files: gathered.files,
            records: gathered.records,
            first,
            last,
            security_group_records: gathered.relevant,
            openings: count(&Row::is_opening),
            whole_internet: count(&Row::is_whole_internet),
            cards: count(&|row| row.card == Some(true)),
            cards_if_ec2_says_so: count(&|row| row.card.is_none()),
            unreadable: count(&|row| matches!(row.became, Became::Unreadable { .. })),
            widest: widest(rows),
            withdrawn: count(&|row| matches!(row.became, Became::Withdrawn { .. })),
            withdrawn_after_seconds: withdrawn.get(withdrawn.len() / 2).copied(),
            still_open: count(&Row::is_still_open),
            revokes: asked.revokes,
            ignored: asked.ignored.clone(),
            most: most(rows),
        }
    }
}

/// In seconds, shortest first.
fn after_how_long(rows: &[Row]) -> Vec<i64> {
    let mut seconds: Vec<i64> = rows
        .iter()
        .filter_map(|row| match row.became {
            Became::Withdrawn { after_seconds, .. } => after_seconds,
            Became::AwaitsDecision { .. }
            | Became::Ignored { .. }
            | Became::Unreadable { .. }
            | Became::AsksEc2 { .. }
            | Became::AsksEc2IfOpened => None,
        })
        .collect();
    seconds.sort_unstable();
    seconds
}

fn widest(rows: &[Row]) -> Option<Widest> {
    // Of the widest ones the first: `max_by_key` would give the last.
    let row = rows.iter().filter(|row| row.is_opening() && row.width.is_some()).rev().max_by_key(|row| row.width)?;
    Some(Widest {
        id: row.id.clone(),
        rule: row.rules.first().and_then(|rule| rule.rule.clone()),
        exposure: row.exposure.clone(),
        by: row.by.name.clone(),
    })
}

fn most(rows: &[Row]) -> Vec<Most> {
    let mut by: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.is_opening()) {
        *by.entry(&row.by.name).or_default() += 1;
    }
    let mut most: Vec<Most> = by.into_iter().map(|(by, openings)| Most { by: by.to_owned(), openings }).collect();
    most.sort_by(|one, other| other.openings.cmp(&one.openings).then_with(|| one.by.cmp(&other.by)));
    most.truncate(MOST_NAMED);
    most
}
