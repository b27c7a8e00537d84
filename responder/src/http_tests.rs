use super::*;

fn http_api(method: &str, path: &str, body: &str, is_base64: bool) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": { "x-slack-request-timestamp": "1", "x-slack-signature": "v0=ab", "host": "example.com" },
        "requestContext": {
            "accountId": "123456789012", "apiId": "a", "domainName": "example.com", "domainPrefix": "a",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x" },
            "requestId": "r", "routeKey": "$default", "stage": "$default",
            "time": "20/Nov/2026:10:00:00 +0000", "timeEpoch": 1_795_168_800_000_u64
        },
        "body": body, "isBase64Encoded": is_base64
    })
}

fn rest_api(method: &str, path: &str, body: &str) -> Value {
    json!({
        "resource": path, "path": path, "httpMethod": method,
        "headers": { "X-Slack-Request-Timestamp": "1", "X-Slack-Signature": "v0=ab", "Host": "example.com" },
        "multiValueHeaders": { "X-Slack-Request-Timestamp": ["1"], "X-Slack-Signature": ["v0=ab"], "Host": ["example.com"] },
        "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "resourceId": "r", "stage": "prod", "requestId": "r", "apiId": "a",
            "resourcePath": path, "httpMethod": method, "path": format!("/prod{path}"), "protocol": "HTTP/1.1",
            "identity": { "sourceIp": "192.0.2.1" }
        },
        "body": body, "isBase64Encoded": false
    })
}

fn expected(body: &[u8]) -> Incoming {
    Incoming { timestamp: Some(b"1".to_vec()), signature: Some(b"v0=ab".to_vec()), body: body.to_vec() }
}

#[test]
fn both_kinds_of_api_are_read_alike() {
    assert_eq!(read(http_api("POST", PATH, "a=b", false)), Ok(expected(b"a=b")));
    assert_eq!(read(rest_api("POST", PATH, "a=b")), Ok(expected(b"a=b")));
}

#[test]
fn a_body_in_base64_is_decoded_to_its_bytes() {
    assert_eq!(read(http_api("POST", PATH, "YT1i/w==", true)), Ok(expected(b"a=b\xff")));
}

#[test]
fn base64_that_is_none_is_a_bad_request_and_no_panic() {
    for body in ["%", "YQ", "=", "===="] {
        assert_eq!(read(http_api("POST", PATH, body, true)), Err(Status::BadRequest), "{body}");
    }
}

#[test]
fn other_paths_and_methods_are_refused() {
    for path in ["/", "/slack", "/slack/interactions/x", "/prod/slack/interactions"] {
        assert_eq!(read(http_api("POST", path, "", false)), Err(Status::NotFound), "{path}");
    }
    for method in ["GET", "PUT", "DELETE"] {
        assert_eq!(read(http_api(method, PATH, "", false)), Err(Status::MethodNotAllowed), "{method}");
        assert_eq!(read(rest_api(method, PATH, "")), Err(Status::MethodNotAllowed), "{method}");
    }
}

#[test]
fn a_stage_of_an_http_api_stands_before_the_path() {
    let at = |path: &str| {
        let mut event = http_api("POST", path, "a=b", false);
        event["requestContext"]["stage"] = json!("prod");
        read(event)
    };
    assert!(at("/prod/slack/interactions").is_ok());
    assert!(at(PATH).is_ok());
    assert_eq!(at("/production/slack/interactions"), Err(Status::NotFound));
}

#[test]
fn a_rest_api_gives_the_path_without_the_stage() {
    assert!(read(rest_api("POST", PATH, "a=b")).is_ok());
    assert_eq!(read(rest_api("POST", "/prod/slack/interactions", "a=b")), Err(Status::NotFound));
}

/// An event of each kind, with a path of its own.
fn both(path: &str) -> [Value; 2] {
    [http_api("POST", path, "a=b", false), rest_api("POST", path, "a=b")]
}

#[test]
fn what_is_odd_beside_the_route_and_the_signature_changes_nothing() {
    let odd = [
        ("host", json!("exa mple")),
        ("host", json!("[::1")),
        ("host", json!("")),
        ("Host", json!("a\"b<>")),
        ("x-forwarded-proto", json!("ht tp")),
        ("x-forwarded-proto", json!("")),
        ("X-Forwarded-Proto", json!("javascript:")),
        ("x-forwarded-port", json!("port")),
        ("x-other", json!("a\nb")),
        ("x-other", json!(7)),
        ("x-other", json!([null])),
        ("not a name", json!("x")),
        ("", json!("x")),
    ];
    for (name, value) in odd {
        for (path, expected) in [(PATH, Ok(expected(b"a=b"))), ("/elsewhere", Err(Status::NotFound))] {
            for mut event in both(path) {
                event["headers"][name] = value.clone();
                if let Some(headers) = event.get_mut("multiValueHeaders") {
                    headers[name] = json!([value]);
                }
                assert_eq!(read(event), expected, "{name}: {value}");
            }
        }
    }
}

#[test]
fn no_query_and_no_other_part_of_the_event_is_read() {
    let odd = [
        ("rawQueryString", json!("a=\"b\"&<c>=%zz \u{1F980}")),
        ("rawQueryString", json!(["a"])),
        ("queryStringParameters", json!({"a": "\"<>\" b", "": null})),
        ("multiValueQueryStringParameters", json!({"a\"": ["\"<> b", "%"]})),
        ("multiValueQueryStringParameters", json!("a")),
        ("pathParameters", json!({"proxy": 7})),
        ("stageVariables", json!([])),
        ("cookies", json!({"a": "b"})),
        ("isBase64Encoded", json!(null)),
        ("resource", json!(7)),
        ("version", json!({})),
    ];
    for (key, value) in odd {
        for mut event in both(PATH) {
            event[key] = value.clone();
            assert_eq!(read(event), Ok(expected(b"a=b")), "{key}: {value}");
        }
    }
    for mut event in both(PATH) {
        for (key, value) in [("authorizer", json!(7)), ("domainName", json!("\"<>")), ("timeEpoch", json!("now"))] {
            event["requestContext"][key] = value;
        }
        event["requestContext"]["identity"] = json!(null);
        assert_eq!(read(event), Ok(expected(b"a=b")));
    }
}

#[test]
fn a_signature_that_is_no_header_counts_as_absent() {
    for value in [json!(7), json!(null), json!("v0=\n"), json!(["v0=\u{0}"])] {
        let mut event = http_api("POST", PATH, "a=b", false);
        event["headers"]["x-slack-signature"] = value.clone();
        assert_eq!(read(event), Ok(Incoming { signature: None, ..expected(b"a=b") }), "{value}");
    }
    for mut event in both(PATH) {
        event["headers"] = json!(null);
        event["multiValueHeaders"] = json!(null);
        assert_eq!(read(event), Ok(Incoming { timestamp: None, signature: None, body: b"a=b".to_vec() }));
    }
}

#[test]
fn a_mebibyte_is_taken_and_a_byte_more_is_not() {
    let largest = "a".repeat(LARGEST_BODY);
    assert!(read(http_api("POST", PATH, &largest, false)).is_ok());
    assert_eq!(read(http_api("POST", PATH, &format!("{largest}a"), false)), Err(Status::TooLarge));
    let encode = |body: &str| STANDARD.encode(body);
    assert!(read(http_api("POST", PATH, &encode(&largest), true)).is_ok());
    assert_eq!(read(http_api("POST", PATH, &encode(&format!("{largest}a")), true)), Err(Status::TooLarge));
}

#[test]
fn what_is_no_event_of_an_api_is_a_bad_request() {
    for event in [json!(null), json!({}), json!("x"), json!([1]), json!({ "body": 7 }), json!({ "body": "x" })] {
        assert_eq!(read(event.clone()), Err(Status::BadRequest), "{event}");
    }
}

#[test]
fn an_answer_has_a_body_only_where_it_is_json() {
    let answer = |status: u16, kind: &str, body: &str| json!({ "statusCode": status, "headers": { "content-type": kind }, "body": body, "isBase64Encoded": false });
    assert_eq!(Answer::Status(Status::Ok).event(), answer(200, "text/plain; charset=utf-8", ""));
    assert_eq!(Answer::Status(Status::Unavailable).event(), answer(503, "text/plain; charset=utf-8", ""));
    let errors = json!({ "errors": { "reason": "\u{fc}" } });
    let expected = answer(200, "application/json; charset=utf-8", "{\"errors\":{\"reason\":\"\u{fc}\"}}");
    assert_eq!(Answer::Json(errors).event(), expected);
    assert_eq!(Answer::Status(Status::MethodNotAllowed).event()["headers"]["allow"], "POST");
}
