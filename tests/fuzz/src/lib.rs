//! What the fuzz targets share: files of packages that are too heavy to be compiled for a fuzzer, and a signature.

// What a target does not call is unused here.
#![allow(dead_code)]

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub mod lake;
pub mod slack;

/// Of `local`: Slack's limits, as its stand-in enforces them.
#[path = "../../../local/src/world/slack/blocks.rs"]
pub mod blocks;
/// Of `local`: what Slack makes of a text, by which its stand-in tells who is called and where a link leads.
#[path = "../../../local/src/world/slack/mrkdwn.rs"]
pub mod mrkdwn;

/// Slack's signature, written down a second time: `v0=` and, in hex, the HMAC-SHA256 of `v0:{timestamp}:{body}`.
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}
