//! Sessions of assumed roles, kept in memory until shortly before they expire.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sdk_sts::Client;
use shared::{
    config::{ExternalId, RoleName, RolePath, Roles},
    domain::ids::AccountId,
};

use super::Failure;

/// The shortest that STS gives (seconds); an attempt needs a few of them.
const DURATION: i32 = 900;

/// A session that ends sooner than this is not used for new work.
const MARGIN: Duration = Duration::from_secs(300);

/// The session's name in CloudTrail: 2 to 64 of `[\w+=,.@-]`.
const SESSION_NAME: &str = "portcullis";

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Role {
    /// Its account.
    pub(crate) account: AccountId,
    /// Its ARN.
    pub(crate) arn: String,
    /// `role/security/spoke-001`, for errors.
    pub(crate) short: String,
    /// What the session may do, at most: JSON of at most 2,048 characters. `None`: all that the role may.
    pub(crate) policy: Option<String>,
}

impl Role {
    /// One of the configured roles in an account.
    pub(crate) fn of(roles: &Roles, partition: &str, account: &AccountId, name: &RoleName) -> Self {
        let arn = roles.role_arn(partition, account, name);
        let short = short(&roles.path, name);
        Self { account: account.clone(), arn, short, policy: None }
    }

    /// The same role with less power.
    pub(crate) fn scoped_down(self, policy: String) -> Self {
        Self { policy: Some(policy), ..self }
    }
}

fn short(path: &RolePath, name: &RoleName) -> String {
    format!("role{path}{name}")
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssumeFailure {
    /// "when assuming `role/security/spoke-001` in `111122223333`".
    pub(crate) doing: String,
    /// What STS said.
    pub(crate) failure: Failure,
}

/// What to look at when a role can't be assumed.
pub(crate) const ASSUME_HINT: &str = "does the role exist there, and does it trust this account?";

/// Sessions by role and policy.
#[derive(Debug)]
pub(crate) struct Sessions {
    sts: Client,
    external_id: Option<ExternalId>,
    held: Mutex<HashMap<Role, Credentials>>,
}

impl Sessions {
    pub(crate) fn new(sdk: &SdkConfig, external_id: Option<ExternalId>) -> Self {
        Self { sts: Client::new(sdk), external_id, held: Mutex::default() }
    }

    /// A session that lasts for another five minutes at least.
    pub(crate) async fn assume(&self, role: &Role) -> Result<Credentials, AssumeFailure> {
        if let Some(held) = self.held(role) {
            return Ok(held);
        }
        let failed =
            |failure| AssumeFailure { doing: format!("when assuming `{}` in `{}`", role.short, role.account), failure };
        let answer = self
            .sts
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(SESSION_NAME)
            .duration_seconds(DURATION)
            .set_policy(role.policy.clone())
            .set_external_id(self.external_id.as_ref().map(ToString::to_string))
            .send()
            .await
            .map_err(|error| failed(Failure::of(&error)))?;
        let Some(given) = answer.credentials else {
            return Err(failed(Failure::Unavailable { why: "an answer without credentials".to_owned() }));
        };
        let expiry = SystemTime::try_from(given.expiration).ok();
        let credentials = Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            expiry,
            "portcullis",
        );
        self.lock().insert(role.clone(), credentials.clone());
        Ok(credentials)
    }

    /// Forgets a session that AWS did not take.
    pub(crate) fn forget(&self, role: &Role) {
        self.lock().remove(role);
    }

    fn held(&self, role: &Role) -> Option<Credentials> {
        let soon = SystemTime::now() + MARGIN;
        let mut held = self.lock();
        held.retain(|_, credentials| credentials.expiry().is_some_and(|expiry| expiry > soon));
        held.get(role).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Role, Credentials>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
