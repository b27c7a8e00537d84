//! Texts cut into pieces, wherever a buffer or the text itself ends.

use std::io::BufReader;

use super::*;

/// What a text is cut into, read a few bytes at a time: no piece may depend on where a buffer ends.
fn cut(text: &str) -> Vec<String> {
    let whole = told(Pieces::new(text.as_bytes()));
    for capacity in [1, 2, 3, 7, 64] {
        assert_eq!(told(Pieces::new(BufReader::with_capacity(capacity, text.as_bytes()))), whole, "{capacity}");
    }
    whole
}

fn told<R: BufRead>(pieces: Pieces<R>) -> Vec<String> {
    let told = |piece: Result<Piece, Broken>| match piece {
        Ok(Piece { text, at, listed }) => {
            format!("{}:{} {}{text}", at.line, at.column, if listed { "listed " } else { "" })
        }
        Err(Broken { at, why, .. }) => format!("{}:{} broken: {why}", at.line, at.column),
    };
    pieces.map(told).collect()
}

#[test]
fn the_elements_of_records_come_one_by_one() {
    assert_eq!(
        cut(r#"{"Records":[{"a":"]}\"{"},{"b":[{}]}]}"#),
        [r#"1:13 listed {"a":"]}\"{"}"#, r#"1:27 listed {"b":[{}]}"#]
    );
    let pretty = "\u{feff}{\n  \"v\": {\"Records\": [1]},\n  \"Records\" : [\n    {\"a\": 1},\n    {\"b\": 2}\n  ],\n  \"n\": [\"]\"]\n}\n";
    assert_eq!(cut(pretty), [r#"4:5 listed {"a": 1}"#, r#"5:5 listed {"b": 2}"#]);
    assert!(cut(r#"{"Records":[]}"#).is_empty());
}

#[test]
fn lone_values_and_lists_of_them_come_one_by_one() {
    assert_eq!(cut("{\"a\":1}\n{\"b\":2}\r\n\n"), [r#"1:1 {"a":1}"#, r#"2:1 {"b":2}"#]);
    assert_eq!(cut(r#"[{"a":1}, {"b":2}]{"c":3}"#), [r#"1:2 {"a":1}"#, r#"1:11 {"b":2}"#, r#"1:19 {"c":3}"#]);
    assert_eq!(cut("{\n  \"a\": [\n    {}\n  ]\n}"), ["1:1 {\n  \"a\": [\n    {}\n  ]\n}"]);
    assert_eq!(cut(r#"{"a":"Records","b\"Records":[1]}"#), [r#"1:1 {"a":"Records","b\"Records":[1]}"#]);
    assert_eq!(cut(r#"{"Records":[1,"x,]",null]}"#), ["1:13 listed 1", r#"1:15 listed "x,]""#, "1:21 listed null"]);
    assert!(cut(" \n").is_empty());
}

#[test]
fn a_broken_line_is_named_and_the_next_one_is_read() {
    assert_eq!(
        cut("{\"a\":1}\n{\"b\":\n{\"c\":3}\n{\"d\":\"x\n{\"e\":5}\nnonsense\n{\"f\":6}"),
        [
            r#"1:1 {"a":1}"#,
            "3:1 broken: a new record begins here, and the one before has no end",
            r#"3:1 {"c":3}"#,
            "4:8 broken: a text without an end: a line ends in the middle of it",
            r#"5:1 {"e":5}"#,
            "6:1 broken: a record was expected here, which begins with {",
            r#"7:1 {"f":6}"#,
        ]
    );
}

#[test]
fn what_comes_before_a_break_counts() {
    assert_eq!(
        cut(r#"{"Records":[{"a":1},{"b":{"#),
        [r#"1:13 listed {"a":1}"#, "1:27 broken: it ends in the middle of what begins in line 1, column 21",]
    );
    assert_eq!(
        cut(r#"{"Records":[{"a":1}"#),
        [r#"1:13 listed {"a":1}"#, "1:20 broken: it ends before its brackets are closed"]
    );
    assert_eq!(
        cut("{\"Records\":[\n{\"a\":1}\n{\"b\":2}\n]}"),
        [r#"2:1 listed {"a":1}"#, "3:1 broken: a comma or ] was expected here", r#"3:1 listed {"b":2}"#]
    );
}

#[test]
fn wherever_a_text_ends_it_comes_to_an_end_and_what_was_whole_counts() {
    for text in [
        "{\"n\":[\"[\"],\"Records\":[{\"a\":\"}\\\"\"},\n{\"b\":[{}]}, 3 ],\"z\":{}}",
        "{\"a\":1}\n{\"b\":[\n 2]}\n[{\"c\":3},{\"d\":\"\\\\\"}]\n",
    ] {
        let whole = cut(text);
        assert!(whole.iter().all(|piece| !piece.contains("broken")), "{whole:?}");
        for end in 0..text.len() {
            let found = cut(&text[..end]);
            let before: Vec<_> = found.iter().take_while(|piece| !piece.contains("broken")).collect();
            assert!(found.len() <= before.len() + 1, "{end}: {found:?}");
            // A number may be cut in two; every other piece is as it was.
            assert!(before.iter().all(|piece| whole.contains(piece)), "{end}: {found:?}");
        }
    }
}

#[test]
fn what_is_no_json_at_all_is_named_once() {
    assert_eq!(cut("PK\nzip\n{\n"), ["1:1 broken: it is no JSON: it begins neither with { nor with ["]);
}
