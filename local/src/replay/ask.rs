//! The records through the functions' own ingest: what would have been asked.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use shared::{
    clock::{Clock, Deadline, Entropy},
    config::Config,
    domain::{
        card::View,
        change::{Ignored, Opening, Reading},
        record,
    },
    flows::{context::Context, ingest::take, report::Report},
};

use super::{ReplayError, gather::Gathered, history::Aside, offline::Offline, row::Row, words::number};
use crate::{system::config::ConfigFile, table::MemoryTable};

/// What ingest made of a history.
pub(super) struct Asked {
    /// One row a change that was stored, in the order of events; those without a time last.
    pub(super) rows: Vec<Row>,
    /// Records that make no card, by reason.
    pub(super) ignored: BTreeMap<Ignored, u64>,
    /// Revokes that were taken in.
    pub(super) revokes: u64,
}

/// One record, read.
struct Event {
    text: String,
    reading: Reading,
}

impl Event {
    /// The order in which they are taken in. Files come in any order, so it must not depend on anything but the records.
    /// Within one second, where the true order is not known, a rule is made before it is changed, and changed before it is
    /// removed.
    fn order(&self) -> (bool, DateTime<Utc>, u8, &str) {
        let (at, rank) = match &self.reading {
            Reading::Ignored(_) => return (false, DateTime::<Utc>::MIN_UTC, 0, &self.text),
            Reading::Change(change) => (change.at, u8::from(matches!(change.opening, Opening::Unresolved(_)))),
            Reading::Revocation(revocation) => (revocation.at, 2),
        };
        (true, at, rank, &self.text)
    }
}

/// Takes the gathered records through ingest, one by one in the order of events. The clock stands still after the last
/// of them, and passes only where a flow waits: nothing waits for real.
///
/// # Errors
/// The runtime can't be started, or the configuration is none; neither depends on the records.
pub(super) fn ask(gathered: &mut Gathered) -> Result<Asked, ReplayError> {
    // Only timers: this runtime has no driver for sockets, so nothing in it could reach a network.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let (texts, asides) = (std::mem::take(&mut gathered.texts), std::mem::take(&mut gathered.asides));
    runtime.block_on(async {
        let now = end_of_time();
        let mut events: Vec<Event> =
            texts.into_iter().map(|text| Event { reading: record::read(&text, now), text }).collect();
        events.sort_by(|one, other| one.order().cmp(&other.order()));
        let context = context(asides, now)?;
        let mut report = Report::default();
        let (mut ignored, mut revokes) = (BTreeMap::new(), BTreeSet::new());
        for Event { text, reading } in events {
            match &reading {
                Reading::Ignored(reason) => *ignored.entry(*reason).or_default() += 1,
                Reading::Revocation(revocation) => {
                    revokes.insert(revocation.id.clone());
                }
                Reading::Change(_) => {}
            }
            context.firewall.learn(&reading);
            report.add(&take(&context, &[text], Deadline(DateTime::<Utc>::MAX_UTC)).await.report);
        }
        if let Some(unknown) = report.ignored.get(Ignored::UnknownGroup.as_str()) {
            ignored.insert(Ignored::UnknownGroup, *unknown);
        }
        *ignored.entry(Ignored::OtherEvent).or_default() += gathered.others;
        let rows = rows(&context, now)?;
        for row in &rows {
            if let Some(reason) = row.ignored() {
                *ignored.entry(reason).or_default() += 1;
            }
        }
        Ok(Asked { rows, ignored, revokes: number(revokes.len()) })
    })
}

/// The time of a replay: after every record, the same in each run, and so far away that no record is of it. A record
/// without a time is read as of now.
fn end_of_time() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default().and_time(NaiveTime::MIN).and_utc()
}

/// What the flows work with. Of the configuration, ingest needs the name of the role that reverts, and none ran here.
fn context(asides: Vec<Aside>, now: DateTime<Utc>) -> Result<Context<MemoryTable, (), Offline>, ReplayError> {
    let store = "00000000-0000-4000-8000-000000000000";
    let config = ConfigFile::default().render("https://slack.com/api", store, "us-east-1");
    Ok(Context {
        store: MemoryTable::default(),
        chat: (),
        firewall: Offline::new(asides),
        config: Config::load(&config).map_err(|error| ReplayError::Broken(error.to_string()))?,
        view: View::default(),
        clock: Clock::starting_at(now),
        entropy: Entropy::from_seed(0),
    })
}

fn rows(context: &Context<MemoryTable, (), Offline>, now: DateTime<Utc>) -> Result<Vec<Row>, ReplayError> {
    let history = context.firewall.history();
    let mut rows = Vec::new();
    for request in context.store.lock().all() {
        let request = request.map_err(|error| ReplayError::Broken(error.to_string()))?;
        let group = request.change.place.group_key().and_then(|key| history.group(&key));
        rows.push(Row::of(&request, group, now));
    }
    rows.sort_by(|one, other| {
        (one.at.is_none(), one.at, Reverse(one.width), &one.id).cmp(&(
            other.at.is_none(),
            other.at,
            Reverse(other.width),
            &other.id,
        ))
    });
    Ok(rows)
}
