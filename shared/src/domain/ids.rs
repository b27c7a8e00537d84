//! Identifiers of AWS and Slack: parsed once, valid from then on.
//!
//! Formats come from the services' references (see each type). A value that does not fit is refused with an error that
//! names the value and what was expected; nothing is trimmed or guessed.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A text that is not the identifier it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {expected}")]
pub struct InvalidId {
    /// What was given, cut to 80 characters.
    pub value: String,
    /// What it should have been, in words.
    pub expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What such an identifier is, in words and with its form.
            pub const EXPECTED: &'static str = $expected;

            /// Parses the identifier.
            ///
            /// # Errors
            /// The text does not have the form that the type's description gives.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { value: text.chars().take(80).collect(), expected: Self::EXPECTED })
                }
            }

            /// The identifier as the service spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    };
}
pub(crate) use id;

id!(
    /// An AWS account: 12 digits.
    AccountId,
    "an AWS account id (12 digits)",
    |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
);

id!(
    /// An AWS region, as `eu-west-1` or `us-gov-west-1`.
    Region,
    "an AWS region (like eu-west-1)",
    |text| {
        text.len() <= 32
            && text.split('-').count() >= 3
            && text.split('-').all(|part| !part.is_empty() && part.bytes().all(is_lower_or_digit))
            && text.ends_with(|last: char| last.is_ascii_digit())
    }
);

impl Region {
    /// The partition that the region lies in: the second part of every ARN there.
    ///
    /// From the SDKs' `partitions.json`, which tells partitions apart by how their regions begin.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        const BEGINNINGS: [(&str, &str); 7] = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-isof-", "aws-iso-f"),
            ("eusc-", "aws-eusc"),
        ];
        BEGINNINGS.iter().find(|(beginning, _)| self.0.starts_with(beginning)).map_or("aws", |(_, partition)| partition)
    }
}

id!(
    /// A security group, as `sg-0123456789abcdef0`.
    SecurityGroupId,
    "a security group id (sg-...)",
    |text| is_resource_id(text, "sg-")
);

id!(
    /// A security group rule, as `sgr-0123456789abcdef0`.
    RuleId,
    "a security group rule id (sgr-...)",
    |text| is_resource_id(text, "sgr-")
);

id!(
    /// A managed prefix list, as `pl-6da54004`.
    PrefixListId,
    "a prefix list id (pl-...)",
    |text| is_resource_id(text, "pl-")
);

id!(
    /// The key of a change: CloudTrail's `requestID`, or `eventID` where that is absent.
    ///
    /// Keys that start with `#` are reserved for other items of the table and are no request ids. At most 128 characters,
    /// so that a `block_id` with version and part stays within Slack's 255.
    RequestId,
    "a request id (1 to 128 letters, digits, or ._:-)",
    |text| (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
);

id!(
    /// A Slack user, as `U0123456789` or `W0123456789`.
    SlackUserId,
    "a Slack user id (U... or W...)",
    |text| is_slack_id(text, "UW")
);

id!(
    /// A Slack channel, as `C0123456789` (`D...` direct message, `G...` private).
    ChannelId,
    "a Slack channel id (C..., G... or D...)",
    |text| is_slack_id(text, "CGD")
);

id!(
    /// A Slack user group, as `S0123456789`.
    UserGroupId,
    "a Slack user group id (S...)",
    |text| is_slack_id(text, "S")
);

id!(
    /// A Slack workspace or organization, as `T0123456789` or `E0123456789`.
    TeamId,
    "a Slack team id (T... or E...)",
    |text| is_slack_id(text, "TE")
);

id!(
    /// A Slack app, as `A0123456789`.
    AppId,
    "a Slack app id (A...)",
    |text| is_slack_id(text, "A")
);

id!(
    /// The id of a CloudTrail Lake event data store: a UUID. It is put into SQL, so nothing else gets through.
    EventDataStoreId,
    "an event data store id (a UUID)",
    |text| text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            0..=7 | 9..=12 | 14..=17 | 19..=22 | 24.. => byte.is_ascii_hexdigit(),
        })
);

impl RequestId {
    /// The key of a request that asks about one rule of this change alone.
    #[must_use]
    pub fn part(&self, rule: &RuleId) -> Self {
        let id = format!("{}:{rule}", self.0);
        Self::parse(&id).unwrap_or_else(|_| Self::of_text(&id))
    }

    /// The key of a text that has none of its own: the same text, the same key.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        Self(format!("record-{}", digest.get(..32).unwrap_or(&digest)))
    }
}

fn is_lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_resource_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| (1..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn is_slack_id(text: &str, first: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|char| first.contains(char))
        && (3..=64).contains(&text.len())
        && chars.all(|char| char.is_ascii_uppercase() || char.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_as_the_services_write_them() {
        assert!(AccountId::parse("012345678901").is_ok());
        assert!(Region::parse("us-gov-west-1").is_ok());
        assert!(SecurityGroupId::parse("sg-0feedface").is_ok());
        assert!(RuleId::parse("sgr-0123456789abcdef0").is_ok());
        assert!(PrefixListId::parse("pl-6da54004").is_ok());
        assert!(RequestId::parse("59dbff89-35bd-4eac-99ed-be587EXAMPLE").is_ok());
        assert!(SlackUserId::parse("W012A3CDE").is_ok());
        assert!(EventDataStoreId::parse("7b0d1f2c-3a4e-4b5c-9d6e-0a1b2c3d4e5f").is_ok());
    }

    #[test]
    fn a_slack_id_has_its_first_letter_its_length_and_its_letters() {
        for refused in ["X012A3CDE", "U1", "", "u012A3CDE", "U012a3CDE", "U012A3CDE ", "U<!channel>"] {
            assert!(SlackUserId::parse(refused).is_err(), "{refused}");
        }
        assert!(SlackUserId::parse(&format!("U{}", "0".repeat(63))).is_ok());
        assert!(SlackUserId::parse(&format!("U{}", "0".repeat(64))).is_err());
    }

    #[test]
    fn the_partition_follows_from_the_region() {
        for (region, partition) in [
            ("eu-west-1", "aws"),
            ("us-east-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(Region::parse(region).expect(region).partition(), partition, "{region}");
        }
    }

    #[test]
    fn keys_of_other_items_are_no_request_ids() {
        assert!(RequestId::parse("#watermark/lake").is_err());
        assert!(RequestId::parse("").is_err());
        assert!(RequestId::parse(&"a".repeat(129)).is_err());
    }

    #[test]
    fn near_misses_are_refused_with_the_value_and_the_form() {
        let refused = AccountId::parse("12345678901").expect_err("11 digits");
        assert_eq!(refused.to_string(), r#""12345678901" is not an AWS account id (12 digits)"#);
        for text in ["eu-west", "EU-WEST-1", "eu-west-x", "eu--1", ""] {
            assert!(Region::parse(text).is_err(), "{text}");
        }
        for text in ["sg-", "sg-0'; drop", "sgr-1", "SG-1"] {
            assert!(SecurityGroupId::parse(text).is_err(), "{text}");
        }
        for text in ["7b0d1f2c3a4e4b5c9d6e0a1b2c3d4e5f", "7b0d1f2c-3a4e-4b5c-9d6e-0a1b2c3d4e5g"] {
            assert!(EventDataStoreId::parse(text).is_err(), "{text}");
        }
    }
}
