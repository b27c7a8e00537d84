//! What a person and a machine get to see.

use base64::{Engine, engine::general_purpose::STANDARD};
use insta::assert_snapshot;
use local::replay::{Look, Replayed};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    records::{authorize, delete_group, file, modify, other, revoke},
    support::{Folder, json, replay_one, shown, text},
};

/// Two openings in one file, one of them removed by hand in another; a modification, and a file that breaks off.
fn history() -> Replayed {
    let folder = Folder::new();
    folder.file(
        "1.json",
        file(&[
            authorize("12:10:05", "terraform", "sgr-00000000000000001", 443, "203.0.113.0/24"),
            authorize("12:10:08", "bob", "sgr-00000000000000002", 22, "0.0.0.0/0"),
            other("12:11:00"),
        ]),
    );
    let mut failed = revoke("12:13:00", "bob", 22, "0.0.0.0/0");
    failed["errorCode"] = json!("Client.InvalidPermission.NotFound");
    folder.file(
        "2.json",
        file(&[
            revoke("12:14:08", "alice", 22, "0.0.0.0/0"),
            failed,
            modify("12:20:00", "carol", "sgr-00000000000000009", Some((5432, "0.0.0.0/0"))),
        ]),
    );
    folder.file("3.json", "{\"Records\":[");
    folder.replay()
}

#[test]
fn the_table() {
    assert_snapshot!(text(&history()), @r#"
    WHEN (UTC)           ACCOUNT       REGION     GROUP                 WHO        WHAT                                HOW WIDE                           WHAT BECAME OF IT
    2026-11-20 12:10:05  111122223333  eu-west-1  sg-0123456789abcdef0  terraform  tcp 443 from 203.0.113.0/24         256 addresses                      would await a decision; still open as far as the records tell
    2026-11-20 12:10:08  111122223333  eu-west-1  sg-0123456789abcdef0  bob        tcp 22 from 0.0.0.0/0               the whole internet                 withdrawn: removed by alice 4 min later
    2026-11-20 12:20:00  111122223333  eu-west-1  sg-0123456789abcdef0  carol      changed to tcp 5432 from 0.0.0.0/0  the whole internet, if it lets in  asks EC2 first; asked unless it is egress, a description alone or a narrowing

    Read:            3 files, 6 records, from 2026-11-20T12:10:05Z to 2026-11-20T12:20:00Z; 5 may open or close ingress
    Openings:        2, 1 to the whole internet; 1 still open as far as the records tell
    Cards:           2 would have been posted; 1 more if EC2 had said so
    Widest:          tcp 22 from 0.0.0.0/0: the whole internet, by bob
    Withdrawn:       1 opening by hand, after 4 min
    No card:         1 other event, 1 failed call
    Who opens most:  bob 1, terraform 1
    Not read:        1 place, named on standard error
    "#);
}

#[test]
fn the_document_for_machines() {
    assert_snapshot!(json(&history()), @r#"
    {
      "schema": 1,
      "summary": {
        "files": 3,
        "records": 6,
        "first": "2026-11-20T12:10:05Z",
        "last": "2026-11-20T12:20:00Z",
        "security_group_records": 5,
        "openings": 2,
        "whole_internet": 1,
        "cards": 2,
        "cards_if_ec2_says_so": 1,
        "unreadable": 0,
        "widest": {
          "id": "AuthorizeSecurityGroupIngress-121008-bob",
          "rule": "tcp 22 from 0.0.0.0/0",
          "exposure": "the whole internet",
          "by": "bob"
        },
        "withdrawn": 1,
        "withdrawn_after_seconds": 240,
        "still_open": 1,
        "revokes": 1,
        "ignored": {
          "other_event": 1,
          "failed": 1
        },
        "most": [
          {
            "by": "bob",
            "openings": 1
          },
          {
            "by": "terraform",
            "openings": 1
          }
        ]
      },
      "rows": [
        {
          "id": "AuthorizeSecurityGroupIngress-121005-terraform",
          "at": "2026-11-20T12:10:05Z",
          "account": "111122223333",
          "region": "eu-west-1",
          "group": "sg-0123456789abcdef0",
          "group_name": null,
          "by": {
            "name": "terraform",
            "kind": "iam_user"
          },
          "call": "authorize",
          "rules": [
            {
              "id": "sgr-00000000000000001",
              "rule": "tcp 443 from 203.0.113.0/24",
              "description": "for a while",
              "exposure": "256 addresses",
              "services": [
                "HTTPS"
              ],
              "earlier": null
            }
          ],
          "exposure": "256 addresses",
          "card": true,
          "became": {
            "kind": "awaits_decision",
            "since": []
          }
        },
        {
          "id": "AuthorizeSecurityGroupIngress-121008-bob",
          "at": "2026-11-20T12:10:08Z",
          "account": "111122223333",
          "region": "eu-west-1",
          "group": "sg-0123456789abcdef0",
          "group_name": null,
          "by": {
            "name": "bob",
            "kind": "iam_user"
          },
          "call": "authorize",
          "rules": [
            {
              "id": "sgr-00000000000000002",
              "rule": "tcp 22 from 0.0.0.0/0",
              "description": "for a while",
              "exposure": "the whole internet",
              "services": [
                "SSH"
              ],
              "earlier": null
            }
          ],
          "exposure": "the whole internet",
          "card": true,
          "became": {
            "kind": "withdrawn",
            "by": [
              "alice"
            ],
            "at": "2026-11-20T12:14:08Z",
            "after_seconds": 240
          }
        },
        {
          "id": "ModifySecurityGroupRules-122000-carol",
          "at": "2026-11-20T12:20:00Z",
          "account": "111122223333",
          "region": "eu-west-1",
          "group": "sg-0123456789abcdef0",
          "group_name": null,
          "by": {
            "name": "carol",
            "kind": "iam_user"
          },
          "call": "modify",
          "rules": [
            {
              "id": "sgr-00000000000000009",
              "rule": "tcp 5432 from 0.0.0.0/0",
              "description": null,
              "exposure": "the whole internet",
              "services": [
                "PostgreSQL"
              ],
              "earlier": null
            }
          ],
          "exposure": "the whole internet",
          "card": null,
          "became": {
            "kind": "asks_ec2_if_opened"
          }
        }
      ],
      "skipped": [],
      "problems": [
        {
          "file": "3.json",
          "line": 1,
          "column": 13,
          "why": "it ends before its brackets are closed"
        }
      ]
    }
    "#);
}

#[test]
fn the_page_to_pass_on() {
    let page = history().page();
    let (head, rest) = page.split_once("<style>").unwrap();
    let (style, body) = rest.split_once("</style>").unwrap();
    let hash = STANDARD.encode(Sha256::digest(style));
    assert_snapshot!(format!("{}<style></style>{body}", head.replace(&hash, "(of the style)")), @r#"
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-(of the style)'; base-uri 'none'; form-action 'none'">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="referrer" content="no-referrer">
    <title>Portcullis: what would have been asked</title>
    <style></style>
    </head>
    <body>
    <main>
    <h1>What Portcullis would have asked</h1>
    <p>Every change of a security group's ingress in these CloudTrail records. Times are UTC.</p>
    <dl>
    <div><dt>Read</dt><dd>3 files, 6 records, from 2026-11-20T12:10:05Z to 2026-11-20T12:20:00Z; 5 may open or close ingress</dd></div>
    <div><dt>Openings</dt><dd>2, 1 to the whole internet; 1 still open as far as the records tell</dd></div>
    <div><dt>Cards</dt><dd>2 would have been posted; 1 more if EC2 had said so</dd></div>
    <div><dt>Widest</dt><dd>tcp 22 from 0.0.0.0/0: the whole internet, by bob</dd></div>
    <div><dt>Withdrawn</dt><dd>1 opening by hand, after 4 min</dd></div>
    <div><dt>No card</dt><dd>1 other event, 1 failed call</dd></div>
    <div><dt>Who opens most</dt><dd>bob 1, terraform 1</dd></div>
    </dl>
    <div class="wide" tabindex="0" role="region" aria-label="Changes">
    <table>
    <thead><tr><th scope="col">When</th><th scope="col">Where</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">How wide</th><th scope="col">What became of it</th></tr></thead>
    <tbody>
    <tr class="awaits"><th scope="row">2026-11-20 12:10:05</th><td class="where"><code>sg-0123456789abcdef0</code><br> 111122223333<br> eu-west-1</td><td>terraform</td><td><code>tcp 443 from 203.0.113.0/24</code> HTTPS<br><q>for a while</q></td><td>256 addresses</td><td>would await a decision; still open as far as the records tell</td></tr>
    <tr class="withdrawn"><th scope="row">2026-11-20 12:10:08</th><td class="where"><code>sg-0123456789abcdef0</code><br> 111122223333<br> eu-west-1</td><td>bob</td><td><code>tcp 22 from 0.0.0.0/0</code> SSH<br><q>for a while</q></td><td class="internet">the whole internet</td><td>withdrawn: removed by alice 4 min later</td></tr>
    <tr class="asks"><th scope="row">2026-11-20 12:20:00</th><td class="where"><code>sg-0123456789abcdef0</code><br> 111122223333<br> eu-west-1</td><td>carol</td><td>changed to <code>tcp 5432 from 0.0.0.0/0</code> PostgreSQL</td><td>the whole internet, if it lets in</td><td>asks EC2 first; asked unless it is egress, a description alone or a narrowing</td></tr>
    </tbody>
    </table>
    </div>
    <h2>What could not be read</h2>
    <ul>
    <li>3.json:1:13: it ends before its brackets are closed</li>
    </ul>
    </main>
    </body>
    </html>
    "#);
    for forbidden in ["<script", "http:", "https:", "src=", "url(", "@import", "style=\""] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_terminal_that_is_narrower_gets_narrower_columns_and_then_blocks() {
    let at = |columns| shown(&history(), Look { columns: Some(columns), colour: false });
    for columns in [60, 80, 100, 120, 140, 160, 200] {
        let widest = at(columns).lines().take_while(|line| !line.is_empty()).map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= columns, "{columns}\n{}", at(columns));
    }
    assert_eq!(at(400), text(&history()));
    let table = |columns| at(columns).lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    assert_snapshot!(table(140), @r#"
    WHEN (UTC)           ACCOUNT       REGION     GROUP                 WHO        WHAT                 HOW WIDE            WHAT BECAME OF IT
    2026-11-20 12:10:05  111122223333  eu-west-1  sg-0123456789abcdef0  terraform  tcp 443 from         256 addresses       would await a
                                                                                   203.0.113.0/24                           decision; still open
                                                                                                                            as far as the
                                                                                                                            records tell
    2026-11-20 12:10:08  111122223333  eu-west-1  sg-0123456789abcdef0  bob        tcp 22 from          the whole internet  withdrawn: removed
                                                                                   0.0.0.0/0                                by alice 4 min later
    2026-11-20 12:20:00  111122223333  eu-west-1  sg-0123456789abcdef0  carol      changed to tcp 5432  the whole           asks EC2 first;
                                                                                   from 0.0.0.0/0       internet, if it     asked unless it is
                                                                                                        lets in             egress, a
                                                                                                                            description alone or
                                                                                                                            a narrowing
    "#);
    assert_snapshot!(table(72), @r#"
    2026-11-20 12:10:05  111122223333  eu-west-1  sg-0123456789abcdef0
      terraform: tcp 443 from 203.0.113.0/24
      256 addresses
      would await a decision; still open as far as the records tell
    2026-11-20 12:10:08  111122223333  eu-west-1  sg-0123456789abcdef0
      bob: tcp 22 from 0.0.0.0/0
      the whole internet
      withdrawn: removed by alice 4 min later
    2026-11-20 12:20:00  111122223333  eu-west-1  sg-0123456789abcdef0
      carol: changed to tcp 5432 from 0.0.0.0/0
      the whole internet, if it lets in
      asks EC2 first; asked unless it is egress, a description alone or a
      narrowing
    "#);
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let coloured = shown(&history(), Look { columns: None, colour: true });
    assert!(coloured.contains("\u{1b}[31mthe whole internet\u{1b}[0m"), "{coloured}");
    let mut plain = coloured.clone();
    for code in [0, 1, 2, 31, 32] {
        plain = plain.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(plain, text(&history()));
}

/// What somebody may call themselves and their rules.
const HOSTILE: &str =
    "\u{1b}]0;owned\u{7}\u{1b}[2J<img src=x onerror=alert(1)>\"'&\u{202e}evil\u{202c}\r\nnew\u{200b}line";

#[test]
fn nothing_that_others_chose_is_obeyed() {
    let mut record = authorize("10:00:00", "alice", "sgr-1", 22, "0.0.0.0/0");
    record["userIdentity"]["userName"] = json!(HOSTILE);
    record["responseElements"]["securityGroupRuleSet"]["items"][0]["description"] = json!(HOSTILE);
    let mut unreadable: Value = record.clone();
    unreadable["requestID"] = json!("another");
    unreadable["requestParameters"] = json!({"groupName": HOSTILE, "ipPermissions": HOSTILE});
    unreadable["responseElements"] = json!(null);
    let mut deleted = delete_group("10:09:00", "alice");
    deleted["userIdentity"]["userName"] = json!(HOSTILE);
    let broken = format!("{{\"Records\": [{record},{unreadable},{deleted}, {{\"\u{1b}[2J\": }}]}}");
    let replayed = replay_one("log\u{1b}[2J.json", broken);
    let look = Look { columns: Some(100), colour: false };
    for shown in [text(&replayed), shown(&replayed, look), replayed.problems[0].to_string()] {
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{202c}', '\u{200b}', '\r']), "{shown:?}");
    }
    assert!(text(&replayed).contains("]0;owned[2J<img src=x onerror=alert(1)>\"'&evil newline"), "{}", text(&replayed));
    let page = replayed.page();
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;evil newline"), "{page}");
    assert!(!page.contains("<img") && !page.contains(['\u{1b}', '\u{202e}']), "{page}");
    assert_eq!(serde_json::from_str::<Value>(&json(&replayed)).unwrap()["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn a_history_of_nothing_says_so() {
    let replayed = replay_one("log.json", file(&[other("10:00:00")]));
    assert!(text(&replayed).starts_with("Nothing would have been asked.\n"));
    assert!(replayed.page().contains("<p>Nothing would have been asked.</p>"));
}
