//! Identifiers as AWS spells them, from a seed: the same seed gives the same ones in the same order.

use std::fmt::Write;

/// A source of identifiers that never repeat within one run.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    state: u64,
}

impl Ids {
    /// Starts from a seed. A long-lived store wants a new seed for each run, or old request ids come again.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { state: seed }
    }

    /// `sg-0` and 16 hexadecimal digits, for whatever prefix.
    pub fn resource(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.next())
    }

    /// In the form of a UUID, as request ids and event ids are.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }

    /// Capital letters and digits after a prefix, 20 characters in all, as access keys and unique ids of IAM are.
    pub fn key(&mut self, prefix: &str) -> String {
        unique_id(prefix, self.next())
    }

    /// Hexadecimal digits, for secrets and tokens.
    pub fn secret(&mut self, words: usize) -> String {
        (0..words).fold(String::new(), |mut text, _| {
            let _ = write!(text, "{:016x}", self.next());
            text
        })
    }

    /// splitmix64: every 64-bit value once before any comes again.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }
}

/// The unique id that IAM would have given to a user or role of this name: always the same for the same name.
#[must_use]
pub fn unique_id_of(prefix: &str, name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    unique_id(prefix, mix(hash))
}

fn unique_id(prefix: &str, number: u64) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = prefix.to_owned();
    let mut left = u128::from(number) | (u128::from(mix(number)) << 64);
    while text.len() < 20 {
        text.push(char::from(LETTERS[usize::try_from(left & 31).unwrap_or_default()]));
        left >>= 5;
    }
    text
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_services_forms_and_do_not_repeat() {
        let mut ids = Ids::with_seed(7);
        let (group, other) = (ids.resource("sg"), ids.resource("sg"));
        assert_eq!(group.len(), 20);
        assert_ne!(group, other);
        let uuid = ids.uuid();
        assert!(uuid::Uuid::parse_str(&uuid).is_ok(), "{uuid}");
        assert_eq!(ids.key("ASIA").len(), 20);
        assert_eq!(Ids::with_seed(7).resource("sg"), group);
        assert_eq!(unique_id_of("AROA", "spoke-001"), unique_id_of("AROA", "spoke-001"));
    }
}
