//! Of `adapters::lake`: what makes a record of a row.

use std::collections::HashMap;

#[path = "../../../shared/adapters/src/lake/query.rs"]
mod query;

/// The record of a row, as text.
pub fn record_of_row(row: Vec<HashMap<String, String>>) -> String {
    query::record(row)
}
