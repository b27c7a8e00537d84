//! Whatever form the records come in, and whatever else lies beside them.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use local::replay::{Input, Skipped, read};
use serde_json::{Value, json};

use crate::{
    records::{authorize, event, file, other, revoke},
    support::{Folder, gzip, json, replay_one},
};

fn records() -> [Value; 3] {
    [
        authorize("10:00:00", "alice", "sgr-1", 22, "0.0.0.0/0"),
        other("10:01:00"),
        revoke("10:04:00", "bob", 22, "0.0.0.0/0"),
    ]
}

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

#[test]
fn every_form_of_the_same_records_comes_to_the_same() {
    let records = records();
    let events: Vec<Value> = records.iter().map(event).collect();
    let messages: Vec<Value> = events
        .iter()
        .map(|event| json!({"messageId": "m", "eventSource": "aws:sqs", "body": event.to_string()}))
        .collect();
    let pretty = serde_json::to_string_pretty(&json!({"Records": records})).unwrap();
    let mut members = gzip(&lines(&records[..1]));
    members.extend(gzip(&lines(&records[1..])));
    let expected = json(&replay_one("log.json", file(&records)));
    assert!(expected.contains("\"kind\": \"withdrawn\""), "{expected}");
    for (form, bytes) in [
        ("pretty", pretty.into_bytes()),
        ("gzipped", gzip(&file(&records))),
        ("lines", lines(&records).into_bytes()),
        ("gzipped lines in two members", members),
        ("a list", Value::from(records.to_vec()).to_string().into_bytes()),
        ("events, one a line", lines(&events).into_bytes()),
        ("a list of events", Value::from(events.clone()).to_string().into_bytes()),
        ("a batch of SQS", json!({"Records": messages}).to_string().into_bytes()),
        ("files, one a line", lines(&records.map(|record| json!({"Records": [record]}))).into_bytes()),
    ] {
        // By content: the name tells nothing.
        assert_eq!(json(&replay_one("log.txt", bytes)), expected, "{form}");
    }
    let single = replay_one("event.json", event(&authorize("10:00:00", "alice", "sgr-1", 22, "0.0.0.0/0")).to_string());
    assert_eq!(single.summary.openings, 1);
}

#[test]
fn folders_are_read_with_all_that_is_in_them_and_each_file_once() {
    let folder = Folder::new();
    let records = records();
    folder.file("AWSLogs/1/CloudTrail/2026/11/20/a.json.gz", gzip(&file(&records[..1])));
    let named = folder.file("AWSLogs/1/CloudTrail/2026/11/20/b.JSON", file(&records[1..]));
    folder.file("AWSLogs/README.md", "# no log file");
    let inputs =
        [Input::Path(folder.path().join("AWSLogs")), Input::Path(named), Input::Path(folder.path().to_owned())];
    let replayed = read(&inputs).unwrap();
    assert_eq!((replayed.summary.files, replayed.summary.records, replayed.summary.withdrawn), (2, 3, 1));
    assert_eq!(replayed.problems, []);
}

#[test]
fn what_carries_no_records_is_passed_over_and_told() {
    let folder = Folder::new();
    folder.file(
        "a-digest.json.gz",
        gzip(
            &json!({"awsAccountId": "111122223333", "digestStartTime": "2026-11-20T10:00:00Z",
        "digestS3Object": "AWSLogs/x", "logFiles": [{"s3Object": "AWSLogs/y"}]})
            .to_string(),
        ),
    );
    folder.file(
        "b-insight.json",
        file(&[json!({"eventType": "AwsCloudTrailInsight", "eventTime": "2026-11-20T10:00:00Z",
            "insightDetails": {"eventName": "AuthorizeSecurityGroupIngress", "state": "Start"}})]),
    );
    folder.file("c-scheduled.json", json!({"detail-type": "Scheduled Event", "detail": {}}).to_string());
    folder.file("d-package.json", json!({"name": "page", "version": "1.0.0"}).to_string());
    folder.file("e-empty.json", "\n");
    folder.file("f-none.json", file(&[]));
    let replayed = folder.replay();
    let skipped: Vec<_> =
        replayed.skipped.iter().map(|passed| (passed.file.as_str(), passed.why, passed.count)).collect();
    assert_eq!(
        skipped,
        [
            ("a-digest.json.gz", Skipped::Digest, 1),
            ("b-insight.json", Skipped::Insights, 1),
            ("c-scheduled.json", Skipped::OtherEvent, 1),
            ("d-package.json", Skipped::NoRecord, 1),
            ("e-empty.json", Skipped::Empty, 1),
            ("f-none.json", Skipped::Empty, 1),
        ]
    );
    assert_eq!((replayed.problems, replayed.rows, replayed.summary.records), (vec![], vec![], 0));
}

#[test]
fn a_push_that_carries_no_record_is_no_skip() {
    let replayed = replay_one(
        "event.json",
        json!({"detail-type": "AWS API Call via CloudTrail", "id": "1", "detail": null}).to_string(),
    );
    assert_eq!((replayed.summary.cards, replayed.summary.unreadable), (1, 1));
}

/// Ten thousand records of no interest and one of some: nothing but that one is held, and its place in the file is right.
#[test]
fn a_file_on_one_line_is_cut_at_any_place_of_the_buffer() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    write!(packed, "{{\"Records\":[").unwrap();
    for at in 0..10_000 {
        let mut record = other("10:00:00");
        record["requestID"] = json!(format!("{at}{}", "x".repeat(at % 97)));
        write!(packed, "{record},").unwrap();
    }
    write!(packed, "{}]}}", authorize("10:00:00", "alice", "sgr-1", 22, "0.0.0.0/0")).unwrap();
    let replayed = replay_one("large.json.gz", packed.finish().unwrap());
    assert_eq!((replayed.summary.records, replayed.summary.openings), (10_001, 1));
    assert_eq!(replayed.problems, []);
}
