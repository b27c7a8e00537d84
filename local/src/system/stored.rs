//! What the table holds, read for a person who looks at it.

use std::{
    cmp::Reverse,
    io::Read,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use serde_json::Value;
use shared::domain::request::Request;

use super::System;

/// The table is read at most this often, whoever asks.
const READ_EVERY: Duration = Duration::from_millis(500);

/// How many requests are read in full; the newest ones.
const READ: usize = 100;

/// No text in an item is longer.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The table at one moment.
#[derive(Debug, Default)]
pub struct Stored {
    /// Every item, in DynamoDB's JSON.
    pub items: Vec<Value>,
    /// The newest 100 requests, newest first. An item that can't be read as one is left out.
    pub requests: Vec<Request>,
    rendered: OnceLock<String>,
}

impl Stored {
    fn of(items: Vec<Value>) -> Self {
        let mut newest: Vec<&Value> = items.iter().filter(|item| is_request(item)).collect();
        newest.sort_by_key(|item| Reverse((text(item, "event_time"), text(item, "stored_at"))));
        let requests = newest.into_iter().take(READ).filter_map(request).collect();
        Self { items, requests, rendered: OnceLock::new() }
    }

    /// What `render` makes of it, made once: whoever looks again at the same table has it already.
    pub fn rendered(&self, render: impl FnOnce(&Self) -> String) -> &str {
        self.rendered.get_or_init(|| render(self))
    }

    /// The item of a request.
    pub fn item(&self, id: &str) -> Option<&Value> {
        self.items.iter().find(|item| is_request(item) && text(item, "requestid") == id)
    }

    /// The items of requests, without those of notes and of the watermark.
    pub fn request_items(&self) -> impl Iterator<Item = &Value> {
        self.items.iter().filter(|item| is_request(item))
    }
}

/// The reading that was made last.
#[derive(Debug, Default)]
pub struct Looked {
    last: tokio::sync::Mutex<Option<Last>>,
}

#[derive(Debug)]
struct Last {
    at: Instant,
    writes: u64,
    stored: Arc<Stored>,
}

impl System {
    /// The table as it was half a second ago at most. It is only read where something was written since the last time.
    /// Where it can't be read, what was read last.
    pub async fn stored(&self) -> Arc<Stored> {
        let mut last = self.looked.last.lock().await;
        // Counted before the items are read: what is written meanwhile is read the next time.
        let writes = self.services.dynamodb.writes();
        if let Some(last) = last.as_ref().filter(|last| last.writes == writes || last.at.elapsed() < READ_EVERY) {
            return Arc::clone(&last.stored);
        }
        let at = Instant::now();
        match self.items().await {
            Ok(items) => {
                let stored = Arc::new(Stored::of(items));
                *last = Some(Last { at, writes, stored: Arc::clone(&stored) });
                stored
            }
            Err(error) => {
                tracing::warn!(%error, "the table can't be read");
                last.as_ref().map(|last| Arc::clone(&last.stored)).unwrap_or_default()
            }
        }
    }
}

/// The request that an item holds; `None` where it is of a layout that this version does not know.
pub fn request(item: &Value) -> Option<Request> {
    serde_json::from_str(&long_text(&item["request"])?).ok()
}

/// A long text of an item: plain (`S`), or gzipped (`B`).
pub fn long_text(attribute: &Value) -> Option<String> {
    if let Some(plain) = attribute["S"].as_str() {
        return Some(plain.to_owned());
    }
    let bytes = STANDARD.decode(attribute["B"].as_str()?).ok()?;
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Keys of other items begin with `#`.
fn is_request(item: &Value) -> bool {
    !text(item, "requestid").starts_with('#')
}

fn text<'a>(item: &'a Value, attribute: &str) -> &'a str {
    item[attribute]["S"].as_str().unwrap_or_default()
}
