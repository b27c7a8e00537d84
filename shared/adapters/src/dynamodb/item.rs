//! A request as an item, and back.
//!
//! `request` holds the whole request as JSON and is what is read back. Every other attribute is made from it: those of
//! the indexes, the guard's (`state`, `revision`, `nonce`), and those that a person looks for in the console.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use shared::{
    domain::request::{Decision, HistoryEntry, Request, SCHEMA, Verdict},
    ports::StoreError,
};

use super::blob;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The table's key.
pub(super) const KEY: &str = "requestid";

/// The only value of the index `due`'s partition key.
pub(super) const DUE: &str = "due";

/// DynamoDB's limit is 400 KB, names included. A record has to leave room for the request to grow.
const ROOM_FOR_RECORD: usize = 300 * 1024;

/// A value for each attribute that follows from the request; `None` for those that must not be there.
pub(super) type Attributes = Vec<(&'static str, Option<AttributeValue>)>;

/// All attributes of a request but its key and its record.
pub(super) fn attributes(request: &Request, retention: TimeDelta) -> Result<Attributes, String> {
    let json = serde_json::to_string(request).map_err(|error| error.to_string())?;
    let place = &request.change.place;
    let due_at = request.due_at();
    Ok(vec![
        ("schema", Some(number(SCHEMA))),
        ("state", Some(text(request.state.name()))),
        ("revision", Some(number(request.revision))),
        ("nonce", Some(text(&request.nonce))),
        ("version", Some(number(request.version))),
        ("rendered_version", Some(number(request.rendered_version))),
        ("account", place.account.as_ref().map(text)),
        ("region", place.region.as_ref().map(text)),
        ("group_id", place.group.as_ref().map(text)),
        ("event_time", Some(time(request.change.at))),
        ("stored_at", Some(time(request.stored_at))),
        ("decision", request.decision.as_ref().map(decision)),
        ("history", Some(AttributeValue::L(request.history.iter().map(entry).collect()))),
        ("request", Some(blob::write(json).map_err(|error| error.to_string())?)),
        ("due_bucket", due_at.map(|_| text(DUE))),
        ("due_at", due_at.map(|at| number(at.timestamp_millis()))),
        ("open_group", request.open_group().as_ref().map(text)),
        ("expires_at", Some(number(request.expires_at(retention).timestamp()))),
    ])
}

/// The record a request came from: compressed, or only its hash where the item would become too large.
pub(super) fn record(record: &str, request: &Attributes) -> Result<(&'static str, AttributeValue), String> {
    let bytes = blob::gzip(record).map_err(|error| error.to_string())?;
    let others: usize = request.iter().filter_map(|(_, value)| value.as_ref()).map(blob::size).sum();
    if bytes.len() + others <= ROOM_FOR_RECORD {
        return Ok(("record", AttributeValue::B(Blob::new(bytes))));
    }
    let hash: String = Sha256::digest(record.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(("record_sha256", AttributeValue::S(hash)))
}

/// Reads a request back.
pub(super) fn request(item: &Item) -> Result<Request, StoreError> {
    let key = key(item);
    let corrupt = |why: String| StoreError::Corrupt { what: key.clone(), why };
    schema(item).map_err(&corrupt)?;
    let json = item.get("request").ok_or_else(|| corrupt("it has no attribute `request`".to_owned()))?;
    let json = blob::read(json).map_err(|why| corrupt(format!("its attribute `request` {why}")))?;
    let request: Request =
        serde_json::from_str(&json).map_err(|error| corrupt(format!("its attribute `request`: {error}")))?;
    // The guard of the next commit is held against these two.
    let state = item.get("state").and_then(|value| value.as_s().ok());
    let revision = item.get("revision").and_then(read_number);
    if request.change.id.as_str() != key
        || state.map(String::as_str) != Some(request.state.name())
        || revision != i64::try_from(request.revision).ok()
    {
        return Err(corrupt("its attributes `requestid`, `state` or `revision` differ from `request`".to_owned()));
    }
    Ok(request)
}

/// Whether the item was written by the commit with this nonce.
pub(super) fn has_nonce(item: &Item, nonce: &str) -> bool {
    item.get("nonce").and_then(|value| value.as_s().ok()).is_some_and(|stored| stored == nonce)
}

/// The item's key, for errors; empty where it has none.
pub(super) fn key(item: &Item) -> String {
    item.get(KEY).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
}

/// Whether the item is of a layout that this code knows.
pub(super) fn schema(item: &Item) -> Result<(), String> {
    match item.get("schema").and_then(read_number) {
        Some(schema) if schema > i64::from(SCHEMA) => {
            Err(format!("it is of a newer version: its schema is {schema}, this code knows {SCHEMA}"))
        }
        Some(schema) if schema == i64::from(SCHEMA) => Ok(()),
        Some(_) | None => Err("its attribute `schema` is no version that this code knows".to_owned()),
    }
}

pub(super) fn text(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub(super) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn read_number(value: &AttributeValue) -> Option<i64> {
    value.as_n().ok()?.parse().ok()
}

fn time(at: DateTime<Utc>) -> AttributeValue {
    AttributeValue::S(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn decision(decision: &Decision) -> AttributeValue {
    let verdict = match decision.verdict {
        Verdict::Approve => "approve",
        Verdict::Deny => "deny",
    };
    let mut map = HashMap::from([
        ("by".to_owned(), text(&decision.by)),
        ("verdict".to_owned(), text(verdict)),
        ("at".to_owned(), time(decision.at)),
    ]);
    if let Some(reason) = &decision.reason {
        map.insert("reason".to_owned(), text(reason));
    }
    AttributeValue::M(map)
}

fn entry(entry: &HistoryEntry) -> AttributeValue {
    AttributeValue::M(HashMap::from([("at".to_owned(), time(entry.at)), ("what".to_owned(), text(&entry.what))]))
}
