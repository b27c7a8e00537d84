//! The table as an operator sees and edits it, past the functions.

use std::time::Instant;

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use crate::{PATIENCE, Story};

/// An item, in DynamoDB's JSON.
#[derive(Clone, Debug)]
pub struct Item(pub Value);

impl Item {
    /// The state's name.
    #[must_use]
    pub fn state(&self) -> &str {
        self.0["state"]["S"].as_str().unwrap_or_default()
    }

    /// Whether work on it is left.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.0.get("due_bucket").is_some()
    }

    /// Whether a revoke by hand may still withdraw it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.get("open_group").is_some()
    }

    /// What it is about: the request as stored.
    #[must_use]
    pub fn request(&self) -> Value {
        let text = self.0["request"]["S"].as_str().expect("a request small enough not to be compressed");
        serde_json::from_str(text).expect("a request in JSON")
    }

    fn key(&self) -> &str {
        self.0["requestid"]["S"].as_str().unwrap_or_default()
    }
}

impl Story {
    /// Every change in the table, by its key.
    pub async fn items(&self) -> Vec<Item> {
        let mut items: Vec<Item> =
            self.all_items().await.into_iter().filter(|item| !item.key().starts_with('#')).collect();
        items.sort_by(|one, other| one.key().cmp(other.key()));
        items
    }

    async fn all_items(&self) -> Vec<Item> {
        self.system.items().await.expect("the table").into_iter().map(Item).collect()
    }

    /// The only change in the table.
    ///
    /// # Panics
    /// There is none, or there are more.
    pub async fn item(&self) -> Item {
        let items = self.items().await;
        assert_eq!(items.len(), 1, "one item\n{}", self.log());
        items.into_iter().next().expect("one item")
    }

    /// The watermark of the Lake: `until`, `first_from` and `reconciled_at`, in epoch milliseconds.
    pub async fn watermark(&self) -> Option<Item> {
        self.all_items().await.into_iter().find(|item| item.key() == "#watermark/lake")
    }

    /// Sets one time of the watermark back, as if the time since then had been longer.
    ///
    /// # Panics
    /// There is no watermark yet.
    pub async fn set_back(&self, name: &str, by: TimeDelta) {
        let mut item = self.watermark().await.expect("a watermark");
        shift(&mut item.0[name], by);
        self.put(&item.0).await;
    }

    /// All that waits for its time waits so much less: leases, back-offs, updates that may still land, due times.
    pub async fn time_passes(&self, by: TimeDelta) {
        for mut item in self.items().await {
            // What a function writes meanwhile stays, and its time passes too.
            let begun = Instant::now();
            while item.is_due() && !self.pass(&mut item, by).await {
                assert!(begun.elapsed() < PATIENCE, "written again and again: {:#}\n{}", item.0, self.log());
                let now = self.items().await.into_iter().find(|one| one.key() == item.key());
                item = now.expect("the item: none is deleted");
            }
        }
    }

    /// Whether it was written: not where a function has written the item since it was read.
    async fn pass(&self, item: &mut Item, by: TimeDelta) -> bool {
        let revision = item.0["revision"]["N"].as_str().expect("a revision").to_owned();
        earlier(item, by);
        self.system.put(&item.0, Some(&revision)).await.expect("the table")
    }

    /// Edits the only change, as stored.
    ///
    /// # Panics
    /// There is none, or there are more.
    pub async fn edit(&self, change: impl FnOnce(&mut Value)) {
        let mut item = self.item().await;
        let mut request = item.request();
        change(&mut request);
        item.0["request"]["S"] = json!(request.to_string());
        self.put(&item.0).await;
    }

    /// Writes an item whole.
    ///
    /// # Panics
    /// DynamoDB refuses it.
    pub async fn put(&self, item: &Value) {
        self.system.put(item, None).await.expect("the table");
    }
}

fn earlier(item: &mut Item, by: TimeDelta) {
    let mut request = item.request();
    for path in ["/state/lease/until", "/card_tries/not_before", "/revert_tries/not_before"] {
        if let Some(Value::String(text)) = request.pointer_mut(path) {
            *text = set_back(text, by);
        }
    }
    // An update that was sent and not recorded may land until then; before that its card counts as unsettled.
    for sent in request.get_mut("updating").and_then(Value::as_array_mut).into_iter().flatten() {
        sent["until"] = json!(set_back(sent["until"].as_str().expect("a time"), by));
    }
    item.0["request"]["S"] = json!(request.to_string());
    shift(&mut item.0["due_at"], by);
}

fn set_back(time: &str, by: TimeDelta) -> String {
    (DateTime::parse_from_rfc3339(time).expect("a time") - by).to_rfc3339()
}

fn shift(number: &mut Value, by: TimeDelta) {
    let at: i64 = number["N"].as_str().and_then(|text| text.parse().ok()).expect("a number");
    *number = json!({ "N": (at - by.num_milliseconds()).to_string() });
}
