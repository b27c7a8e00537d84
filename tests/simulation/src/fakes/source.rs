//! CloudTrail, read late.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use shared::ports::{EventSource, Records, SourceError, Window};

use super::outside::{Lost, Outside, lock};

/// The world's trail, each record of it some time after its call.
#[derive(Clone)]
pub struct WorldSource {
    outside: Arc<Outside>,
    delivery: Arc<Mutex<Delivery>>,
}

#[derive(Default)]
struct Delivery {
    delay: TimeDelta,
    /// By request id.
    late: BTreeMap<String, TimeDelta>,
    /// How long a read takes for each hour of its window.
    hour_takes: Duration,
    windows: Vec<Window>,
}

impl WorldSource {
    /// The trail of this world, delivered at once.
    #[must_use]
    pub fn new(outside: Arc<Outside>) -> Self {
        Self { outside, delivery: Arc::default() }
    }

    /// The same trail, as another invocation reads it.
    #[must_use]
    pub fn seen_by(&self, outside: Arc<Outside>) -> Self {
        Self { outside, delivery: Arc::clone(&self.delivery) }
    }

    /// From now on records come this late.
    pub fn set_delay(&self, delay: TimeDelta) {
        lock(&self.delivery).delay = delay;
    }

    /// How late records come now.
    #[must_use]
    pub fn delay(&self) -> TimeDelta {
        lock(&self.delivery).delay
    }

    /// The record of this call comes this late.
    pub fn delay_one(&self, request_id: &str, delay: TimeDelta) {
        lock(&self.delivery).late.insert(request_id.to_owned(), delay);
    }

    /// A read takes this long for each hour of its window.
    pub fn set_slow(&self, hour_takes: Duration) {
        lock(&self.delivery).hour_takes = hour_takes;
    }

    /// The windows that were asked for.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        lock(&self.delivery).windows.clone()
    }

    fn delivered(&self, window: Window, now: DateTime<Utc>) -> Vec<String> {
        let delivery = lock(&self.delivery);
        let trail = lock(&self.outside.world.trail);
        let entries = trail.entries().iter().filter(|entry| {
            let id = entry.record["requestID"].as_str().unwrap_or_default();
            let delay = delivery.late.get(id).copied().unwrap_or(delivery.delay);
            let time = event_time(&entry.record).unwrap_or(entry.at);
            entry.at + delay <= now && (window.from <= time && time <= window.until)
        });
        entries.map(|entry| entry.record.to_string()).collect()
    }
}

fn event_time(record: &Value) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(record["eventTime"].as_str()?).ok()?;
    Some(time.to_utc())
}

impl EventSource for WorldSource {
    async fn read(&self, window: Window, limit: Duration) -> Result<Records, SourceError> {
        let unavailable = |why: String| SourceError::Unavailable { doing: "read the window", why };
        let about = format!("{} to {}", window.from, window.until);
        let takes = {
            let mut delivery = lock(&self.delivery);
            delivery.windows.push(window);
            let hours = (window.until - window.from).to_std().unwrap_or_default().as_secs_f64() / 3_600.0;
            delivery.hour_takes.mul_f64(hours)
        };
        let reading = async {
            self.outside.clock.sleep(takes).await;
            self.outside.call("source", "read", about, |now| self.delivered(window, now)).await
        };
        match tokio::time::timeout(limit, reading).await {
            Ok(Ok(records)) => Ok(Records { records, bytes_scanned: 1 }),
            Ok(Err(Lost::Denied)) => Err(SourceError::Refused {
                doing: "start the query",
                code: "AccessDenied".to_owned(),
                message: "not allowed".to_owned(),
                hint: "look at the role",
            }),
            Ok(Err(lost @ (Lost::Throttled | Lost::ServerError | Lost::NoAnswer))) => {
                Err(unavailable(format!("{lost:?}")))
            }
            Err(_) => Err(unavailable(format!("it took longer than {limit:?}"))),
        }
    }
}
