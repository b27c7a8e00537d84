//! `AssumeRole`.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Policy, Role, Session, Sts, StsError};
use crate::world::identity::Identity;

/// The call, as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssumeRole {
    /// The role's ARN.
    pub role_arn: String,
    /// 2..=64 characters of `[\w+=,.@-]`.
    pub session_name: String,
    /// What the role's trust policy may ask for.
    pub external_id: Option<String>,
    /// A session policy, JSON.
    pub policy: Option<String>,
    /// 900..=43200; an hour without it, and at most an hour for a caller who is a role session too.
    pub duration_seconds: Option<i64>,
}

impl Sts {
    /// Gives out a session of a role.
    ///
    /// # Errors
    /// No such role, or it does not trust the caller, or the external id is wrong: all `AccessDenied`. A parameter
    /// without its form.
    pub fn assume_role(
        &mut self,
        caller: &Session,
        call: &AssumeRole,
        now: DateTime<Utc>,
    ) -> Result<Session, StsError> {
        let duration = valid(caller, call)?;
        let session_policy = call.policy.as_deref().map(session_policy).transpose()?;
        let denied = || StsError::AccessDenied {
            caller: caller.identity.arn().unwrap_or_default(),
            role: call.role_arn.clone(),
        };
        let role = self.roles.get(&call.role_arn).ok_or_else(denied)?.clone();
        if self.missing.contains(&call.role_arn)
            || !trusts(&role, caller, call)
            || !caller.may("sts:AssumeRole", &call.role_arn)
        {
            return Err(denied());
        }
        let session = Session {
            access_key_id: self.ids.key("ASIA"),
            secret_access_key: self.ids.secret(3).get(..40).unwrap_or_default().to_owned(),
            session_token: Some(self.ids.secret(16)),
            expires_at: Some(now + duration),
            identity: Identity::role(&role.account, &role.path, &role.name, &call.session_name),
            account: role.account,
            permissions: role.permissions,
            session_policy,
            role_is_missing: false,
        };
        self.credentials.insert(session.access_key_id.clone(), session.clone());
        Ok(session)
    }
}

fn valid(caller: &Session, call: &AssumeRole) -> Result<TimeDelta, StsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&call.session_name.len()) || !call.session_name.chars().all(allowed) {
        return Err(StsError::ValidationError(format!(
            "1 validation error detected: Value '{}' at 'roleSessionName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\w+=,.@-]* and have length between 2 and 64",
            call.session_name
        )));
    }
    if !call.role_arn.starts_with("arn:aws:iam::") || !call.role_arn.contains(":role/") {
        return Err(StsError::ValidationError(format!("{} is invalid", call.role_arn)));
    }
    let seconds = call.duration_seconds.unwrap_or(3600);
    if !(900..=43_200).contains(&seconds) {
        return Err(StsError::ValidationError(format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint"
        )));
    }
    if seconds > 3600 && caller.identity.role_arn().is_some() {
        return Err(StsError::ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
                .to_owned(),
        ));
    }
    Ok(TimeDelta::seconds(seconds))
}

fn session_policy(text: &str) -> Result<Policy, StsError> {
    let length = text.chars().count();
    if length > 2048 {
        return Err(StsError::PackedPolicyTooLarge(length * 100 / 2048));
    }
    Ok(Policy::parse(text)?)
}

fn trusts(role: &Role, caller: &Session, call: &AssumeRole) -> bool {
    let own = caller.identity.role_arn().or_else(|| caller.identity.arn());
    let account = caller.identity.account().map(|account| format!("arn:aws:iam::{account}:root"));
    let trusted = role.trusted.iter().any(|arn| Some(arn) == own.as_ref() || Some(arn) == account.as_ref());
    let external = role.external_id.is_none() || role.external_id == call.external_id;
    trusted && external
}
