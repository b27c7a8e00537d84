//! The one line that an invocation ends with: a log line and metrics in one.
//!
//! Format: CloudWatch embedded metric format, <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use shared::flows::report::Report;

/// The metrics' namespace.
const NAMESPACE: &str = "Portcullis";

/// The line of an invocation; `tick` names what it was asked for, `error` what it could not do.
#[must_use]
pub(crate) fn line(now: DateTime<Utc>, tick: &str, report: &Report, error: Option<&str>) -> Value {
    let values = values(report);
    let metrics: Vec<Value> = values.iter().map(|(name, _, unit)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line = Map::new();
    line.insert("timestamp".to_owned(), json!(now.to_rfc3339()));
    line.insert("level".to_owned(), json!(if error.is_some() { "ERROR" } else { "INFO" }));
    line.insert("message".to_owned(), json!("tick ended"));
    line.insert("function".to_owned(), json!("poller"));
    line.insert("tick".to_owned(), json!(tick));
    if let Some(error) = error {
        line.insert("error".to_owned(), json!(error));
    }
    for (name, value, _) in values {
        line.insert(name, json!(value));
    }
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.timestamp_millis(),
            "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": metrics }],
        }),
    );
    Value::Object(line)
}

fn values(report: &Report) -> Vec<(String, u64, &'static str)> {
    let named = |name: &str, value: u64, unit| (name.to_owned(), value, unit);
    let mut values = vec![
        named("records_read", report.records, "Count"),
        named("new", report.new, "Count"),
        named("ignored", report.ignored.values().sum(), "Count"),
        named("withdrawn", report.withdrawn, "Count"),
        named("cards_posted", report.cards_posted, "Count"),
        named("cards_updated", report.cards_updated, "Count"),
        named("due", report.due, "Count"),
        named("reverted", report.reverted, "Count"),
        named("reverts_failed", report.reverts_failed, "Count"),
        named("failed", report.failed, "Count"),
        named("gaps", report.gaps, "Count"),
        named("bytes_scanned", report.bytes_scanned, "Bytes"),
        named("oldest_without_card", report.oldest_without_card_seconds, "Seconds"),
    ];
    for (reason, count) in &report.ignored {
        values.push((format!("ignored_{reason}"), *count, "Count"));
    }
    values
}

#[cfg(test)]
mod tests {
    use shared::domain::change::Ignored;

    use super::*;

    #[test]
    fn every_metric_that_is_declared_has_a_value_beside_it() {
        let mut report = Report { records: 3, new: 1, ..Report::default() };
        report.ignore(Ignored::Failed);
        report.ignore(Ignored::Failed);
        let line = line(DateTime::UNIX_EPOCH, "poll", &report, None);
        let declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().expect("metrics");
        assert!(declared.iter().all(|metric| line[metric["Name"].as_str().expect("a name")].is_u64()));
        assert_eq!(line["ignored"], 2);
        assert_eq!(line["ignored_failed"], 2);
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn an_error_is_told_in_the_same_line() {
        let line = line(DateTime::UNIX_EPOCH, "poll", &Report::default(), Some("CloudTrail Lake refused"));
        assert_eq!((&line["level"], &line["error"]), (&json!("ERROR"), &json!("CloudTrail Lake refused")));
    }
}
