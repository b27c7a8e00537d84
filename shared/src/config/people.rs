//! Who is who: people of AWS and their Slack users.

use std::collections::BTreeMap;

use crate::domain::ids::{AccountId, SlackUserId};

/// A person as AWS knows them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonKey {
    /// The user name in IAM Identity Center, often an e-mail address. In lower case: Identity Center compares so.
    SsoUserName(String),
    /// The full ARN of an IAM user or of an assumed role's session.
    Arn(String),
}

/// A text that names no person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPersonKey {
    /// An ARN of something else.
    #[error(
        "is an ARN, but of no person; write an IAM user's (arn:aws:iam::ACCOUNT:user/NAME) or a role session's \
         (arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION), in full"
    )]
    NotAPersonsArn,
    /// No user name either.
    #[error("is no SSO user name (1 to 128 characters without white space, / or control characters) and no ARN")]
    NotAUserName,
}

impl PersonKey {
    /// Parses the key of an entry of `[people]`.
    ///
    /// # Errors
    /// It is neither an SSO user name nor the full ARN of an IAM user or an assumed role's session.
    pub fn parse(text: &str) -> Result<Self, InvalidPersonKey> {
        if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:")) {
            return if is_persons_arn(text) {
                Ok(Self::Arn(text.to_owned()))
            } else {
                Err(InvalidPersonKey::NotAPersonsArn)
            };
        }
        let is_name = (1..=128).contains(&text.chars().count())
            && !text.contains(|char: char| char.is_whitespace() || char.is_control() || char == '/');
        if is_name { Ok(Self::sso(text)) } else { Err(InvalidPersonKey::NotAUserName) }
    }

    fn sso(name: &str) -> Self {
        Self::SsoUserName(name.to_lowercase())
    }
}

/// `arn:PARTITION:iam::ACCOUNT:user/PATH/NAME` or `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION`. (The role's
/// path is not part of a session's ARN.)
fn is_persons_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, partition, service, "", account, resource] = parts[..] else { return false };
    let is_partition = partition == "aws"
        || partition
            .strip_prefix("aws-")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    let mut names = resource.split('/');
    let kind = names.next();
    let names: Vec<&str> = names.collect();
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
    };
    text.starts_with("arn:")
        && is_partition
        && AccountId::parse(account).is_ok()
        && names.iter().all(is_name)
        && match (service, kind) {
            ("iam", Some("user")) => !names.is_empty(),
            ("sts", Some("assumed-role")) => names.len() == 2,
            _ => false,
        }
}

/// The entries of `[people]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People(BTreeMap<PersonKey, SlackUserId>);

impl People {
    /// Adds an entry. An entry of the same person stays, and is given back.
    pub(super) fn add(&mut self, key: PersonKey, user: SlackUserId) -> Result<(), PersonKey> {
        if self.0.contains_key(&key) {
            return Err(key);
        }
        self.0.insert(key, user);
        Ok(())
    }

    /// The Slack user of an SSO user, whatever the case of the letters. Ask only with a name that CloudTrail vouches
    /// for: a session name of another role is chosen by its caller.
    #[must_use]
    pub fn by_sso_user_name(&self, name: &str) -> Option<&SlackUserId> {
        self.0.get(&PersonKey::sso(name))
    }

    /// The Slack user of an IAM user or an assumed role's session, by its full ARN.
    #[must_use]
    pub fn by_arn(&self, arn: &str) -> Option<&SlackUserId> {
        self.0.get(&PersonKey::Arn(arn.to_owned()))
    }

    /// The entries, sorted by person.
    pub fn iter(&self) -> impl Iterator<Item = (&PersonKey, &SlackUserId)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_an_sso_user_name_or_a_full_arn() {
        for name in ["alice@example.com", "alice", "Alice.Smith", "j\u{fc}rgen"] {
            assert_eq!(PersonKey::parse(name), Ok(PersonKey::SsoUserName(name.to_lowercase())), "{name}");
        }
        for arn in [
            "arn:aws:iam::123456789012:user/alice",
            "arn:aws-cn:iam::123456789012:user/staff/alice",
            "arn:aws-us-gov:sts::123456789012:assumed-role/Admin/alice@example.com",
        ] {
            assert_eq!(PersonKey::parse(arn), Ok(PersonKey::Arn(arn.to_owned())), "{arn}");
        }
    }

    #[test]
    fn arns_of_roles_and_roots_and_parts_of_arns_name_no_person() {
        for arn in [
            "arn:aws:iam::123456789012:role/Admin",
            "arn:aws:iam::123456789012:root",
            "arn:aws:sts::123456789012:assumed-role/Admin",
            "arn:aws:sts::123456789012:assumed-role/Admin/",
            "arn:aws:sts::123456789012:assumed-role/security/Admin/alice",
            "arn:aws:sts::123456789012:assumed-role/Admin/*",
            "arn:aws:iam::12345:user/alice",
            "arn:aws:iam:us-east-1:123456789012:user/alice",
            "arn:gcp:iam::123456789012:user/alice",
            "arn:aws:iam::123456789012:user/",
            "ARN:aws:iam::123456789012:user/alice",
            "arn:",
        ] {
            assert_eq!(PersonKey::parse(arn), Err(InvalidPersonKey::NotAPersonsArn), "{arn}");
        }
        for name in ["", "alice smith", "Admin/alice", "alice\n"] {
            assert_eq!(PersonKey::parse(name), Err(InvalidPersonKey::NotAUserName), "{name:?}");
        }
    }

    #[test]
    fn names_are_compared_without_case_and_arns_exactly() {
        let user = SlackUserId::parse("U0123456789").expect("an id");
        let mut people = People::default();
        people.add(PersonKey::parse("Alice@Example.com").expect("a name"), user.clone()).expect("new");
        let arn = "arn:aws:iam::123456789012:user/Bob";
        people.add(PersonKey::parse(arn).expect("an ARN"), user.clone()).expect("new");

        assert_eq!(people.by_sso_user_name("alice@example.COM"), Some(&user));
        assert_eq!(people.by_arn(arn), Some(&user));
        assert_eq!(people.by_arn("arn:aws:iam::123456789012:user/bob"), None);
        assert_eq!(people.by_sso_user_name(arn), None);
        let again = people.add(PersonKey::parse("ALICE@example.com").expect("a name"), user);
        assert_eq!(again, Err(PersonKey::SsoUserName("alice@example.com".to_owned())));
    }
}
