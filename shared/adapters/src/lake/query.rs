//! The statement, and what a row of its answer holds.

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Map, Value};
use shared::{
    domain::{ids::EventDataStoreId, record::CALLS},
    ports::Window,
};

/// The column that holds the whole record.
const RECORD: &str = "eventJson";

/// The statement for a window, whole seconds, rounded outwards. There are no bind parameters: the store's id is a UUID by
/// its type, the times are formatted here, everything else is fixed.
pub(super) fn statement(store: &EventDataStoreId, window: Window) -> String {
    let from = window.from.trunc_subsecs(0);
    let until = window.until.trunc_subsecs(0);
    let until = if until < window.until { until + TimeDelta::seconds(1) } else { until };
    let names = CALLS.map(|name| format!("'{name}'")).join(", ");
    format!(
        "SELECT eventTime, eventSource, eventName, errorCode, {RECORD} FROM {store} \
         WHERE eventTime >= '{}' AND eventTime <= '{}' AND eventSource = 'ec2.amazonaws.com' AND eventName IN ({names})",
        literal(from),
        literal(until),
    )
}

fn literal(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The record of a row, a list of one-entry maps. A row without one still says that something happened: what it has
/// becomes a JSON object, which whoever reads it will find wanting.
pub(super) fn record(row: Vec<HashMap<String, String>>) -> String {
    let mut columns = Map::new();
    for (name, value) in row.into_iter().flatten() {
        if name == RECORD && !value.is_empty() {
            return value;
        }
        columns.insert(name, Value::String(value));
    }
    Value::Object(columns).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_window_is_rounded_outwards() {
        let store = EventDataStoreId::parse("7b0d1f2c-3a4e-4b5c-9d6e-0a1b2c3d4e5f").expect("an id");
        let window = Window { from: at("2026-11-20T10:00:00.900Z"), until: at("2026-11-20T10:20:00.100Z") };
        assert_eq!(
            statement(&store, window),
            "SELECT eventTime, eventSource, eventName, errorCode, eventJson FROM 7b0d1f2c-3a4e-4b5c-9d6e-0a1b2c3d4e5f \
             WHERE eventTime >= '2026-11-20 10:00:00' AND eventTime <= '2026-11-20 10:20:01' \
             AND eventSource = 'ec2.amazonaws.com' AND eventName IN ('AuthorizeSecurityGroupIngress', \
             'ModifySecurityGroupRules', 'RevokeSecurityGroupIngress')"
        );
        let whole = Window { from: at("2026-11-20T10:00:00Z"), until: at("2026-11-20T10:20:00Z") };
        assert!(statement(&store, whole).contains("<= '2026-11-20 10:20:00'"));
    }

    #[test]
    fn a_row_is_read_by_the_names_of_its_columns() {
        let row = |columns: &[(&str, &str)]| {
            columns.iter().map(|(name, value)| HashMap::from([((*name).to_owned(), (*value).to_owned())])).collect()
        };
        assert_eq!(record(row(&[("eventName", "X"), ("eventJson", "{\"a\":1}")])), "{\"a\":1}");
        assert_eq!(record(row(&[("eventName", "X"), ("eventJson", "")])), r#"{"eventName":"X","eventJson":""}"#);
        assert_eq!(record(row(&[])), "{}");
    }
}
