//! Long texts in attributes: as they are while short, compressed where they would fill the item.

use std::io::{Read, Write};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};

/// Texts up to this many bytes stay readable in the console.
const PLAIN: usize = 32 * 1024;

/// No text of ours is longer; a compressed one that claims to be is broken.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The text, gzipped.
///
/// # Errors
/// None in practice: it is written to memory.
pub(super) fn gzip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// As `S` while short, else as `B`, gzipped.
pub(super) fn write(text: String) -> std::io::Result<AttributeValue> {
    if text.len() <= PLAIN {
        return Ok(AttributeValue::S(text));
    }
    Ok(AttributeValue::B(Blob::new(gzip(&text)?)))
}

/// Reads what [`write`] or [`gzip`] made.
///
/// # Errors
/// In words: another type, or what is compressed can't be read.
pub(super) fn read(value: &AttributeValue) -> Result<String, String> {
    if let Ok(text) = value.as_s() {
        return Ok(text.clone());
    }
    let bytes = value.as_b().map_err(|_| "is neither a text nor a binary".to_owned())?;
    let mut text = String::new();
    GzDecoder::new(bytes.as_ref())
        .take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|error| format!("can't be decompressed: {error}"))?;
    Ok(text)
}

/// About how many bytes DynamoDB counts for a value.
pub(super) fn size(value: &AttributeValue) -> usize {
    match (value.as_s(), value.as_b()) {
        (Ok(text), _) => text.len(),
        (_, Ok(bytes)) => bytes.as_ref().len(),
        _ => 64,
    }
}
