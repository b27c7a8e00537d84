//! What is broken is named with its place, and everything else counts.

use local::replay::Problem;

use crate::{
    records::{authorize, file, other},
    support::{Folder, gzip, replay_one},
};

fn opening(at: &str) -> serde_json::Value {
    authorize(at, "alice", "sgr-1", 22, "0.0.0.0/0")
}

fn told(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_that_ends_early_counts_up_to_there_and_so_do_the_others() {
    let folder = Folder::new();
    let whole = file(&[opening("10:00:00"), other("10:01:00")]);
    let begin = whole.find("},{").unwrap() + 3;
    folder.file("a.json", &whole[..whole.len() - 20]);
    folder.file("b.json", file(&[opening("11:00:00")]));
    let replayed = folder.replay();
    assert_eq!((replayed.summary.records, replayed.summary.openings), (2, 2));
    assert_eq!(
        told(&replayed.problems),
        [format!("a.json:1:{}: it ends in the middle of what begins in line 1, column {begin}", whole.len() - 19)]
    );
}

#[test]
fn a_gzipped_file_that_ends_early_counts_up_to_there() {
    let mut records = vec![opening("10:00:00")];
    records.extend((0..500).map(|at| {
        let mut record = other("10:01:00");
        record["requestID"] = format!("{:x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(at + 1)).into();
        record
    }));
    let packed = gzip(&file(&records));
    let replayed = replay_one("a.json.gz", &packed[..packed.len() / 2]);
    assert_eq!(replayed.summary.openings, 1);
    assert_eq!(replayed.problems.len(), 1);
    let said = replayed.problems[0].to_string();
    assert!(said.starts_with("a.json.gz:1:") && said.contains(": it can't be read on: "), "{said}");
}

#[test]
fn a_broken_line_among_lines_is_named_and_the_next_is_read() {
    let mut lines = format!("{}\n", opening("10:00:00"));
    lines.push_str("{\"eventName\": \"AuthorizeSecurityGroupIngress\", \"requestPara\n");
    lines.push_str("{\"eventName\": DescribeInstances}\n");
    lines.push_str("not a record\n");
    lines.push_str(&format!("{}\n", opening("11:00:00")));
    let replayed = replay_one("a.jsonl", lines);
    assert_eq!(replayed.summary.openings, 2);
    assert_eq!(
        told(&replayed.problems),
        [
            "a.jsonl:2:60: a text without an end: a line ends in the middle of it",
            "a.jsonl:3:15: this record is no JSON: expected value",
            "a.jsonl:4:1: a record was expected here, which begins with {",
        ]
    );
}

#[test]
fn a_broken_record_of_no_interest_is_named_too() {
    let replayed = replay_one(
        "a.json",
        format!("{{\"Records\": [\n{{\"eventName\": \"X\", \"a\": tru}},\n{}]}}", opening("10:00:00")),
    );
    assert_eq!(replayed.summary.openings, 1);
    assert_eq!(told(&replayed.problems), ["a.json:2:28: this record is no JSON: expected ident"]);
}

#[test]
fn what_can_t_be_opened_and_what_is_no_json_is_named() {
    let folder = Folder::new();
    folder.file("zip.json", b"PK\x03\x04 not ours \xff\xfe\n{}\n");
    folder.file("list.json", "{\"Records\": [1, {\"eventName\": \"X\"}]}");
    let mut utf = b"{\"eventName\": \"".to_vec();
    utf.extend(b"\xff\"}");
    folder.file("utf.json", utf);
    assert_eq!(
        told(&folder.replay().problems),
        [
            "list.json:1:14: this element of Records is no record",
            "utf.json:1:1: the record that begins here is not UTF-8",
            "zip.json:1:1: it is no JSON: it begins neither with { nor with [",
        ]
    );
    let missing = folder.path().join("missing.json");
    let replayed = folder.named(local::replay::read(&[local::replay::Input::Path(missing)]).unwrap());
    assert_eq!(told(&replayed.problems), ["missing.json: it can't be opened: No such file or directory (os error 2)"]);
    let empty = Folder::new();
    assert_eq!(empty.replay().problems.len(), 1);
}

#[test]
fn a_file_that_is_broken_all_over_is_not_told_line_by_line() {
    let replayed = replay_one("a.jsonl", format!("{}\n{}", opening("10:00:00"), "{]\n".repeat(1_000)));
    assert_eq!(replayed.summary.openings, 1);
    assert_eq!(replayed.problems.len(), 21);
    assert_eq!(replayed.problems[20].to_string(), "a.jsonl: 980 more places in this file can't be read");
}
