//! Rows of CloudTrail Lake: any columns with any values become a record's text, and that is read like every record.
#![no_main]

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use fuzz::lake::record_of_row;
use libfuzzer_sys::fuzz_target;
use shared::domain::{change::Reading, record};

fuzz_target!(|row: Vec<(u8, String)>| {
    let names = ["eventTime", "eventSource", "eventName", "errorCode", "eventJson", "eventjson", "", "x"];
    let row = row
        .into_iter()
        .map(|(name, value)| HashMap::from([(names[usize::from(name) % names.len()].to_owned(), value)]));
    let row: Vec<HashMap<String, String>> = row.collect();
    let says_more =
        row.iter().flatten().any(|(name, value)| name == "eventName" && value == "AuthorizeSecurityGroupIngress");
    let has_record = row.iter().flatten().any(|(name, value)| name == "eventJson" && !value.is_empty());
    let now: DateTime<Utc> = DateTime::from_timestamp(1_795_190_000, 0).unwrap();
    let reading = record::read(&record_of_row(row), now);
    if says_more && !has_record {
        assert!(!matches!(reading, Reading::Revocation(_)), "an authorize revokes nothing");
    }
});
