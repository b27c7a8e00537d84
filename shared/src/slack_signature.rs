//! Slack's request signature: from raw bytes and two headers to [`Verified`] bytes. Nothing is parsed before it.
//!
//! The format is that of Slack's page "Verifying requests from Slack": `X-Slack-Signature` holds `v0=` and, in hex,
//! HMAC-SHA256 under the app's signing secret of `v0:{X-Slack-Request-Timestamp}:{raw body}`.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::Secret;

/// How far the timestamp may lie from now, in seconds, either way. An older request may be a replay.
pub const MAX_SKEW_SECONDS: u64 = 300;

/// Something that came from Slack, or was read from what did. Only [`verify`] makes the first one.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified<T>(T);

/// Without what was verified: an interaction brings a `response_url` and a `trigger_id` along.
impl<T> fmt::Debug for Verified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified(..)")
    }
}

impl<T> Verified<T> {
    /// What was verified.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.0
    }

    /// Gives up the mark.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }

    /// Reads something else from what was verified; it keeps the mark. `read` must take everything from its argument.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn try_map<U, E>(self, read: impl FnOnce(T) -> Result<U, E>) -> Result<Verified<U>, E> {
        read(self.0).map(Verified)
    }
}

/// The two headers of a request, as they came. Their bytes need not be UTF-8.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignatureHeaders<'a> {
    /// `X-Slack-Request-Timestamp`: seconds since 1970.
    pub timestamp: Option<&'a [u8]>,
    /// `X-Slack-Signature`.
    pub signature: Option<&'a [u8]>,
}

/// Why a request is not taken for Slack's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The timestamp's header is absent.
    #[error("the request has no X-Slack-Request-Timestamp; only Slack may call this URL")]
    NoTimestamp,
    /// The timestamp is not a number of seconds.
    #[error("X-Slack-Request-Timestamp is not a number of seconds; only Slack may call this URL")]
    MalformedTimestamp,
    /// The timestamp is too far from now.
    #[error(
        "X-Slack-Request-Timestamp is {seconds} s from now, over {MAX_SKEW_SECONDS}; it may be a replay, or the \
         clock is wrong"
    )]
    Stale {
        /// How far.
        seconds: u64,
    },
    /// The signature's header is absent.
    #[error("the request has no X-Slack-Signature; only Slack may call this URL")]
    NoSignature,
    /// The signature is not `v0=` and 64 hex digits.
    #[error("X-Slack-Signature is not v0= and 64 hex digits; only Slack may call this URL")]
    MalformedSignature,
    /// No secret gives this signature.
    #[error("X-Slack-Signature fits none of the signing secrets; if Slack sent it, check slack.signing_secrets")]
    Mismatch,
}

/// Verifies a request: its age first, then its signature, in constant time, under every one of `secrets`.
///
/// `body` is the raw body: after base64 where API Gateway encoded it, before anything else.
///
/// # Errors
/// The request is not known to come from Slack. The error holds nothing of the secrets, the body or the signature.
pub fn verify(
    now: DateTime<Utc>,
    headers: SignatureHeaders<'_>,
    body: Vec<u8>,
    secrets: &[Secret],
) -> Result<Verified<Vec<u8>>, Refused> {
    let timestamp = headers.timestamp.ok_or(Refused::NoTimestamp)?;
    let seconds = now.timestamp().abs_diff(parse_timestamp(timestamp).ok_or(Refused::MalformedTimestamp)?);
    if seconds > MAX_SKEW_SECONDS {
        return Err(Refused::Stale { seconds });
    }
    let signature = headers.signature.ok_or(Refused::NoSignature)?;
    let signature = parse_signature(signature).ok_or(Refused::MalformedSignature)?;
    // Every secret is tried, so that the time taken does not tell which one fits.
    let fits = secrets.iter().fold(false, |fits, secret| fits | matches(secret, timestamp, &body, &signature));
    if fits { Ok(Verified(body)) } else { Err(Refused::Mismatch) }
}

/// At most 12 digits, which fit: nothing but digits, so that what is signed has one reading only.
fn parse_timestamp(bytes: &[u8]) -> Option<i64> {
    let digits = (1..=12).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(bytes).ok().filter(|_| digits)?.parse().ok()
}

fn parse_signature(bytes: &[u8]) -> Option<[u8; 32]> {
    let mut signature = [0; 32];
    hex::decode_to_slice(bytes.strip_prefix(b"v0=")?, &mut signature).ok()?;
    Some(signature)
}

fn matches(secret: &Secret, timestamp: &[u8], body: &[u8], signature: &[u8; 32]) -> bool {
    // A key of any length is taken, so the error never comes; if it did, nothing would fit.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return false };
    for part in [b"v0:", timestamp, b":", body] {
        mac.update(part);
    }
    mac.verify_slice(signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slack's two published vectors share their timestamp.
    const TIMESTAMP: i64 = 1_531_420_618;
    const SLASH_COMMAND: &str = "\
        token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
        channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
        response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
        trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SLASH_COMMAND_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const SLASH_COMMAND_SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const TEST_BODY_SECRET: &str = "fa2c05deeef5a4077494e89f54394de0";
    const TEST_BODY_SIGNATURE: &str = "v0=baa91ef62d346e56607bbdd278a8acd570b91226854f15a382f43d33be42f666";

    /// The second vector's request; each test changes one thing of it.
    #[derive(Clone)]
    struct Request<'a> {
        now: i64,
        timestamp: Option<&'a [u8]>,
        signature: Option<&'a [u8]>,
        body: &'a [u8],
        secrets: &'a [&'a str],
    }

    const REQUEST: Request<'_> = Request {
        now: TIMESTAMP,
        timestamp: Some(b"1531420618"),
        signature: Some(TEST_BODY_SIGNATURE.as_bytes()),
        body: b"test-body",
        secrets: &[TEST_BODY_SECRET],
    };

    impl Request<'_> {
        fn verify(&self) -> Result<Verified<Vec<u8>>, Refused> {
            let now = DateTime::from_timestamp(self.now, 999_999_999).expect("a time");
            let headers = SignatureHeaders { timestamp: self.timestamp, signature: self.signature };
            let secrets: Vec<Secret> = self.secrets.iter().map(|text| Secret::new(text).expect("a secret")).collect();
            verify(now, headers, self.body.to_vec(), &secrets)
        }
    }

    #[test]
    fn slacks_published_vectors_are_verified() {
        let first = Request {
            signature: Some(SLASH_COMMAND_SIGNATURE.as_bytes()),
            body: SLASH_COMMAND.as_bytes(),
            secrets: &[SLASH_COMMAND_SECRET],
            ..REQUEST
        };
        assert_eq!(first.verify().map(Verified::into_inner), Ok(SLASH_COMMAND.as_bytes().to_vec()));
        assert_eq!(REQUEST.verify().map(Verified::into_inner), Ok(b"test-body".to_vec()));
        assert_eq!(format!("{:?}", REQUEST.verify()), "Ok(Verified(..))", "what was verified is not printed");
    }

    #[test]
    fn a_request_is_taken_within_300_seconds_either_way_and_refused_after() {
        for now in [TIMESTAMP - 300, TIMESTAMP + 300] {
            assert!(Request { now, ..REQUEST }.verify().is_ok(), "{now}");
        }
        for now in [TIMESTAMP - 301, TIMESTAMP + 301] {
            assert_eq!(Request { now, ..REQUEST }.verify(), Err(Refused::Stale { seconds: 301 }), "{now}");
        }
    }

    #[test]
    fn while_a_secret_is_replaced_both_are_good() {
        for secrets in [[TEST_BODY_SECRET, SLASH_COMMAND_SECRET], [SLASH_COMMAND_SECRET, TEST_BODY_SECRET]] {
            assert!(Request { secrets: &secrets, ..REQUEST }.verify().is_ok());
        }
        // Listed twice is good too: one that fits does not undo another.
        assert!(Request { secrets: &[TEST_BODY_SECRET, TEST_BODY_SECRET], ..REQUEST }.verify().is_ok());
        assert_eq!(Request { secrets: &[SLASH_COMMAND_SECRET], ..REQUEST }.verify(), Err(Refused::Mismatch));
        assert_eq!(Request { secrets: &[], ..REQUEST }.verify(), Err(Refused::Mismatch));
    }

    #[test]
    fn one_changed_byte_is_refused() {
        assert_eq!(Request { body: b"test-bodY", ..REQUEST }.verify(), Err(Refused::Mismatch));
        assert_eq!(Request { timestamp: Some(b"1531420619"), ..REQUEST }.verify(), Err(Refused::Mismatch));
        // The same number written in another way is not what was signed.
        assert_eq!(Request { timestamp: Some(b"01531420618"), ..REQUEST }.verify(), Err(Refused::Mismatch));
        let signature = TEST_BODY_SIGNATURE.replace("f666", "f667");
        assert_eq!(Request { signature: Some(signature.as_bytes()), ..REQUEST }.verify(), Err(Refused::Mismatch));
    }

    #[test]
    fn absent_headers_are_told_apart() {
        assert_eq!(Request { timestamp: None, ..REQUEST }.verify(), Err(Refused::NoTimestamp));
        assert_eq!(Request { signature: None, ..REQUEST }.verify(), Err(Refused::NoSignature));
    }

    #[test]
    fn headers_of_another_form_are_refused() {
        for timestamp in [
            &b""[..],
            b" 1531420618",
            b"+1531420618",
            b"-1531420618",
            b"1531420618.0",
            b"0x1",
            b"\xff\xfe",
            b"9999999999999",
        ] {
            let refused = Request { timestamp: Some(timestamp), ..REQUEST }.verify();
            assert_eq!(refused, Err(Refused::MalformedTimestamp), "{timestamp:?}");
        }
        let (plain, longer) = (&TEST_BODY_SIGNATURE[3..], format!("{TEST_BODY_SIGNATURE}00"));
        let other_version = format!("v1={plain}");
        let cut = &TEST_BODY_SIGNATURE[..65];
        for signature in
            [b"", &b"v0="[..], b"\xff", plain.as_bytes(), longer.as_bytes(), other_version.as_bytes(), cut.as_bytes()]
        {
            let refused = Request { signature: Some(signature), ..REQUEST }.verify();
            assert_eq!(refused, Err(Refused::MalformedSignature), "{signature:?}");
        }
    }

    #[test]
    fn what_is_read_from_verified_bytes_stays_verified() {
        let text = REQUEST.verify().expect("verified").try_map(String::from_utf8).expect("UTF-8");
        assert_eq!(text.get(), "test-body");
    }
}
