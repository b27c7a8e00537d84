//! Of `adapters::lake`: what makes a record of a row.

#[path = "../../../shared/adapters/src/lake/query.rs"]
pub mod query;
