//! STS: roles that can be assumed, the sessions given out, and what they may do.

mod assume;
mod policy;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

pub use self::{
    assume::AssumeRole,
    policy::{BadPolicy, Policy},
};
use super::{identity::Identity, ids::Ids};

/// Roles and credentials.
#[derive(Debug, Default)]
pub struct Sts {
    roles: BTreeMap<String, Role>,
    missing: BTreeSet<String>,
    credentials: BTreeMap<String, Session>,
    ids: Ids,
}

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its account.
    pub account: String,
    /// Its path, `/` at both ends.
    pub path: String,
    /// Its name.
    pub name: String,
    /// The ARNs of roles and users that it trusts; `arn:aws:iam::ACCOUNT:root` trusts a whole account.
    pub trusted: Vec<String>,
    /// What a caller must name, where the trust policy asks for it.
    pub external_id: Option<String>,
    /// What it may do.
    pub permissions: Policy,
}

impl Role {
    /// The role in a watched account, trusted by the hub role: describes rules and revokes ingress, nothing else.
    #[must_use]
    pub fn spoke(account: &str, path: &str, name: &str, hub: &str, external_id: Option<&str>) -> Self {
        Self {
            account: account.to_owned(),
            path: path.to_owned(),
            name: name.to_owned(),
            trusted: vec![hub.to_owned()],
            external_id: external_id.map(str::to_owned),
            permissions: Policy::allow(&["ec2:DescribeSecurityGroupRules", "ec2:RevokeSecurityGroupIngress"], "*"),
        }
    }

    /// The role in the account of the event data store, trusted by the hub role: queries the Lake, nothing else.
    #[must_use]
    pub fn lake_read(account: &str, path: &str, name: &str, hub: &str, external_id: Option<&str>) -> Self {
        let calls = ["StartQuery", "DescribeQuery", "GetQueryResults", "CancelQuery"];
        let actions = calls.map(|call| format!("cloudtrail:{call}"));
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        Self { permissions: Policy::allow(&actions, "*"), ..Self::spoke(account, path, name, hub, external_id) }
    }

    /// The role's ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role{}{}", self.account, self.path, self.name)
    }
}

/// Whom an access key stands for, and what they may do.
#[derive(Clone, Debug)]
pub struct Session {
    /// The access key.
    pub access_key_id: String,
    /// Its secret. Nothing here checks a signature with it.
    pub secret_access_key: String,
    /// The token that must come with it; none for long-lived keys.
    pub session_token: Option<String>,
    /// Until when it is good; none for long-lived keys.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who it is.
    pub identity: Identity,
    /// The account it acts in.
    pub account: String,
    /// What the identity may do.
    pub permissions: Policy,
    /// What remains of that in this session; none for all of it.
    pub session_policy: Option<Policy>,
    /// Its role is not there any more: it may do nothing.
    pub role_is_missing: bool,
}

impl Session {
    /// May the session do this to this resource (an ARN, or `*`)?
    #[must_use]
    pub fn may(&self, action: &str, resource: &str) -> bool {
        let in_session = self.session_policy.as_ref().is_none_or(|policy| policy.allows(action, resource));
        !self.role_is_missing && in_session && self.permissions.allows(action, resource)
    }
}

/// Why STS refused a call, or credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StsError {
    /// Not allowed: no such role, not trusted, a wrong external id. STS does not tell which.
    #[error("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}")]
    AccessDenied {
        /// The caller's ARN.
        caller: String,
        /// The role's ARN.
        role: String,
    },
    /// The access key is unknown, or the token is not its.
    #[error("The security token included in the request is invalid.")]
    InvalidClientTokenId,
    /// The session has run out.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// A parameter that does not have its form.
    #[error("{0}")]
    ValidationError(String),
    /// The session policy cannot be read.
    #[error("{0}")]
    MalformedPolicyDocument(#[from] BadPolicy),
    /// The session policy has more than 2,048 characters.
    #[error("Packed policy consumes {0}% of allotted space, please use smaller policy.")]
    PackedPolicyTooLarge(usize),
    /// Throttled.
    #[error("Rate exceeded")]
    Throttling,
    /// STS's own fault.
    #[error("We encountered an internal error. Please try again.")]
    InternalFailure,
    /// No such action here.
    #[error("Could not find operation {0}")]
    InvalidAction(String),
}

impl StsError {
    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AccessDenied { .. } => "AccessDenied",
            Self::InvalidClientTokenId => "InvalidClientTokenId",
            Self::ExpiredToken => "ExpiredToken",
            Self::ValidationError(_) => "ValidationError",
            Self::MalformedPolicyDocument(_) => "MalformedPolicyDocument",
            Self::PackedPolicyTooLarge(_) => "PackedPolicyTooLarge",
            Self::Throttling => "Throttling",
            Self::InternalFailure => "InternalFailure",
            Self::InvalidAction(_) => "InvalidAction",
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::AccessDenied { .. } | Self::InvalidClientTokenId | Self::ExpiredToken => 403,
            Self::InternalFailure => 500,
            Self::ValidationError(_)
            | Self::MalformedPolicyDocument(_)
            | Self::PackedPolicyTooLarge(_)
            | Self::Throttling
            | Self::InvalidAction(_) => 400,
        }
    }
}

impl Sts {
    /// No roles, no credentials; keys and tokens come from this seed.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { ids: Ids::with_seed(seed), ..Self::default() }
    }

    /// A request id for an answer.
    pub fn request_id(&mut self) -> String {
        self.ids.uuid()
    }

    /// Makes a role, or replaces the one of the same ARN.
    pub fn add_role(&mut self, role: Role) {
        self.roles.insert(role.arn(), role);
    }

    /// Takes a role away: sessions stay good, new ones are refused.
    pub fn remove_role(&mut self, arn: &str) {
        self.roles.remove(arn);
    }

    /// Lets a role be missing for a while, or be there again. As where it was deleted, it can't be assumed, and its
    /// sessions may do nothing: IAM looks a role's policies up at each call.
    pub fn set_missing(&mut self, arn: &str, missing: bool) {
        match missing {
            true => self.missing.insert(arn.to_owned()),
            false => self.missing.remove(arn),
        };
        for session in self.credentials.values_mut() {
            if session.identity.role_arn().as_deref() == Some(arn) {
                session.role_is_missing = missing;
            }
        }
    }

    /// Whether [`Sts::set_missing`] took this role away.
    #[must_use]
    pub fn is_missing(&self, arn: &str) -> bool {
        self.missing.contains(arn)
    }

    /// Makes a chosen access key good for an identity that may do everything in this account, without a token: the
    /// functions' own credentials, or those of a person.
    pub fn add_access_key(&mut self, access_key_id: &str, account: &str, identity: Identity) {
        let session = Session {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: self.ids.secret(2),
            session_token: None,
            expires_at: None,
            identity,
            account: account.to_owned(),
            permissions: Policy::allow(&["*"], "*"),
            session_policy: None,
            role_is_missing: false,
        };
        self.credentials.insert(access_key_id.to_owned(), session);
    }

    /// Names the secret that a text holds: a secret key or a session token that was given out.
    #[must_use]
    pub fn secret_in(&self, text: &str) -> Option<&'static str> {
        let token = |session: &Session| session.session_token.as_ref().is_some_and(|token| text.contains(token));
        let key = |session: &Session| text.contains(&session.secret_access_key);
        [
            ("a secret access key", self.credentials.values().any(key)),
            ("a session token", self.credentials.values().any(token)),
        ]
        .into_iter()
        .find_map(|(name, held)| held.then_some(name))
    }

    /// Whom the credentials of a call stand for.
    ///
    /// # Errors
    /// The key is unknown, the token is not the key's, or the session has run out.
    pub fn authenticate(
        &self,
        access_key_id: &str,
        token: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<&Session, StsError> {
        let session = self.credentials.get(access_key_id).ok_or(StsError::InvalidClientTokenId)?;
        if session.session_token.is_some() && session.session_token.as_deref() != token {
            return Err(StsError::InvalidClientTokenId);
        }
        match session.expires_at {
            Some(end) if end <= now => Err(StsError::ExpiredToken),
            Some(_) | None => Ok(session),
        }
    }
}
