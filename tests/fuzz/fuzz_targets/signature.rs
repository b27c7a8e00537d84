//! Slack's signature: any headers over any body. Only the bytes that were signed, with a secret of ours, are verified.
#![no_main]

use chrono::{DateTime, Utc};
use fuzz::sign;
use libfuzzer_sys::fuzz_target;
use shared::{
    config::Secret,
    slack_signature::{MAX_SKEW_SECONDS, SignatureHeaders, verify},
};

const SECRETS: [&str; 2] = ["8f742231b10e8888abcd99yyyzzz85a5", "fa2c05deeef5a4077494e89f54394de0"];

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_531_420_618, 0).unwrap()
}

fuzz_target!(|parts: (Option<&[u8]>, Option<&[u8]>, &[u8], u8)| {
    let (timestamp, signature, body, how) = parts;
    let secrets = SECRETS.map(|secret| Secret::new(secret).unwrap());
    let verified = |timestamp, signature, body: &[u8]| {
        verify(now(), SignatureHeaders { timestamp, signature }, body.to_vec(), &secrets).is_ok()
    };
    // What the fuzzer makes up is not signed, whatever it looks like.
    assert!(!verified(timestamp, signature, body));

    // What is signed is verified if it is fresh, and not if one bit of it is another.
    let skew = i64::from(how) * 4 - 512;
    let at = now().timestamp() + skew;
    let good = sign(SECRETS[usize::from(how & 1)], at, body);
    let at_text = at.to_string();
    let fresh = skew.unsigned_abs() <= MAX_SKEW_SECONDS;
    assert_eq!(verified(Some(at_text.as_bytes()), Some(good.as_bytes()), body), fresh);
    let mut other = body.to_vec();
    match other.get_mut(usize::from(how)) {
        Some(byte) => *byte ^= 1,
        None => other.push(how),
    }
    assert!(!verified(Some(at_text.as_bytes()), Some(good.as_bytes()), &other));
    assert!(!verified(timestamp, Some(good.as_bytes()), body) || timestamp == Some(at_text.as_bytes()));
});
