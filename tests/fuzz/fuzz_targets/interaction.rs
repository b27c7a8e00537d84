//! What Slack signed: any body, and any JSON in the form's `payload`. It is read, or refused; what is read keeps its promises.
#![no_main]

use chrono::{DateTime, Utc};
use fuzz::sign;
use fuzz::slack::interaction::{Interaction, parse};
use libfuzzer_sys::fuzz_target;
use shared::{
    config::{ApiBaseUrl, Secret},
    slack_signature::{SignatureHeaders, verify},
};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

fn read(body: Vec<u8>) {
    let now: DateTime<Utc> = DateTime::from_timestamp(1_531_420_618, 0).unwrap();
    let timestamp = now.timestamp().to_string();
    let signature = sign(SECRET, now.timestamp(), &body);
    let headers = SignatureHeaders { timestamp: Some(timestamp.as_bytes()), signature: Some(signature.as_bytes()) };
    let verified = verify(now, headers, body, &[Secret::new(SECRET).unwrap()]).unwrap();
    let base = ApiBaseUrl::parse("https://slack.com/api").unwrap();
    let click = match parse(&verified, &base, now) {
        Ok(Interaction::Click(click)) => *click,
        Ok(Interaction::ReasonAsked(asked)) => asked.deny,
        Ok(Interaction::Submitted(submission)) => {
            if let Ok(reason) = &submission.reason {
                assert!((3..=500).contains(&reason.as_str().chars().count()), "a reason has 3 to 500 characters");
                assert!(!reason.as_str().chars().any(char::is_control), "a reason is one line of text");
            }
            submission.deny
        }
        Ok(Interaction::Nothing) | Err(_) => return,
    };
    assert!(!click.request.as_str().starts_with('#'), "a click reaches requests, and no other item of the table");
    if let Some(reply) = &click.reply {
        let url = reqwest::Url::parse(&reply.url).unwrap();
        let host = url.host_str().unwrap();
        assert!(["hooks.slack.com", "hooks.slack-gov.com", "slack.com"].contains(&host), "a reply goes to Slack alone");
        assert_eq!(url.scheme(), "https");
    }
}

fuzz_target!(|data: &[u8]| {
    read(data.to_vec());
    // Most of the time the JSON is what is interesting.
    let mut form = b"payload=".to_vec();
    form.extend(data.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()));
    read(form);
});
