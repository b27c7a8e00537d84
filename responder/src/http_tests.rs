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
