//! Names of AWS resources that the configuration holds.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{InvalidId, id};

id!(
    /// The name of an IAM role, without path (IAM's `roleNameType`).
    RoleName,
    "a role's name without its path (1 to 64 letters, digits, or _+=,.@-)",
    |text| (1..=64).contains(&text.len()) && text.bytes().all(is_name_byte)
);

id!(
    /// The path of IAM roles, as `/security/` or `/` (IAM's `pathType`, without what only ARNs' escapes could hold).
    RolePath,
    "a role path (it begins and ends with /, as /security/)",
    |text| text.len() <= 512
        && text.starts_with('/')
        && text.ends_with('/')
        && text.bytes().all(|byte| is_name_byte(byte) || byte == b'/')
);

id!(
    /// The external id that the trust policies of the assumed roles ask for (STS's `externalIdType`).
    ExternalId,
    "an external id (2 to 1224 letters, digits, or _+=,.@:/-)",
    |text| (2..=1224).contains(&text.len()) && text.bytes().all(|byte| is_name_byte(byte) || b":/".contains(&byte))
);

id!(
    /// The name of a DynamoDB table.
    TableName,
    "a table's name (3 to 255 letters, digits, or _.-)",
    |text| (3..=255).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
);

id!(
    /// How an account is called on cards.
    AccountName,
    "an account's name (1 to 80 characters on one line)",
    |text| (1..=80).contains(&text.chars().count()) && !text.trim().is_empty() && !text.contains(char::is_control)
);

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)
}
