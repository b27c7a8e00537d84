//! Who calls AWS: the identities that CloudTrail knows, and the call's surroundings.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::ids::unique_id_of;

/// Who makes a call, as CloudTrail's `userIdentity` tells them apart
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A person who came through IAM Identity Center: a session of a role that only Identity Center can make.
    SsoPerson {
        /// The account of the role, which is the account acted in.
        account: String,
        /// The permission set's name; the role is `AWSReservedSSO_<name>_<hash>`.
        permission_set: String,
        /// The user name, which Identity Center makes the session's name.
        user_name: String,
    },
    /// An IAM user.
    IamUser {
        /// The user's account.
        account: String,
        /// The user's name.
        user_name: String,
    },
    /// A session of any other role. Its name was chosen by whoever assumed it.
    RoleSession {
        /// The role's account.
        account: String,
        /// The role's path, `/` at both ends (`/security/`).
        role_path: String,
        /// The role's name.
        role_name: String,
        /// The session's name.
        session_name: String,
    },
    /// The account's root user.
    Root {
        /// The account.
        account: String,
    },
    /// A session made with `GetFederationToken`.
    FederatedUser {
        /// The account.
        account: String,
        /// The IAM user who asked for the session.
        issuer: String,
        /// The federated name.
        name: String,
    },
    /// Somebody of a web identity provider, before any role was assumed.
    WebIdentityUser {
        /// The provider.
        provider: String,
        /// The user name there.
        user_name: String,
    },
    /// Somebody of a SAML provider, before any role was assumed.
    SamlUser {
        /// The provider's ARN.
        provider: String,
        /// The user name there.
        user_name: String,
    },
    /// A principal of another account, of which CloudTrail shows only the account.
    OtherAccount {
        /// The other account.
        account: String,
    },
    /// An AWS service on its own account.
    AwsService {
        /// The service's principal, such as `autoscaling.amazonaws.com`.
        service: String,
    },
    /// A user of IAM Identity Center who acts without a role.
    IdentityCenterUser {
        /// The account of the Identity Center instance.
        instance_account: String,
        /// The user's id there.
        user_id: String,
    },
    /// CloudTrail could not tell.
    Unknown,
}

impl Identity {
    /// A person of Identity Center with the permission set `AdministratorAccess`.
    #[must_use]
    pub fn person(account: &str, user_name: &str) -> Self {
        Self::SsoPerson {
            account: account.to_owned(),
            permission_set: "AdministratorAccess".to_owned(),
            user_name: user_name.to_owned(),
        }
    }

    /// A session of a role; `path` is `/` or has one at both ends.
    #[must_use]
    pub fn role(account: &str, path: &str, name: &str, session: &str) -> Self {
        Self::RoleSession {
            account: account.to_owned(),
            role_path: path.to_owned(),
            role_name: name.to_owned(),
            session_name: session.to_owned(),
        }
    }

    /// The role of a pipeline that applies infrastructure as code.
    #[must_use]
    pub fn infrastructure(account: &str, run: &str) -> Self {
        Self::role(account, "/ci/", "terraform-apply", run)
    }

    /// The principal's ARN, as `GetCallerIdentity` and CloudTrail give it; none where there is none.
    #[must_use]
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::SsoPerson { account, user_name, .. } => Some(format!(
                "arn:aws:sts::{account}:assumed-role/{}/{user_name}",
                self.role_name().unwrap_or_default()
            )),
            Self::RoleSession { account, role_name, session_name, .. } => {
                Some(format!("arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}"))
            }
            Self::IamUser { account, user_name } => Some(format!("arn:aws:iam::{account}:user/{user_name}")),
            Self::Root { account } => Some(format!("arn:aws:iam::{account}:root")),
            Self::FederatedUser { account, name, .. } => Some(format!("arn:aws:sts::{account}:federated-user/{name}")),
            Self::WebIdentityUser { .. }
            | Self::SamlUser { .. }
            | Self::OtherAccount { .. }
            | Self::AwsService { .. }
            | Self::IdentityCenterUser { .. }
            | Self::Unknown => None,
        }
    }

    /// The ARN of the role behind a session; none for all others.
    #[must_use]
    pub fn role_arn(&self) -> Option<String> {
        match self {
            Self::SsoPerson { account, .. } => Some(format!(
                "arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/{}",
                self.role_name().unwrap_or_default()
            )),
            Self::RoleSession { account, role_path, role_name, .. } => {
                Some(format!("arn:aws:iam::{account}:role{role_path}{role_name}"))
            }
            Self::IamUser { .. }
            | Self::Root { .. }
            | Self::FederatedUser { .. }
            | Self::WebIdentityUser { .. }
            | Self::SamlUser { .. }
            | Self::OtherAccount { .. }
            | Self::AwsService { .. }
            | Self::IdentityCenterUser { .. }
            | Self::Unknown => None,
        }
    }

    /// The account that the identity belongs to; none for services and outside users.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::SsoPerson { account, .. }
            | Self::IamUser { account, .. }
            | Self::RoleSession { account, .. }
            | Self::Root { account }
            | Self::FederatedUser { account, .. }
            | Self::OtherAccount { account } => Some(account),
            Self::IdentityCenterUser { instance_account, .. } => Some(instance_account),
            Self::WebIdentityUser { .. } | Self::SamlUser { .. } | Self::AwsService { .. } | Self::Unknown => None,
        }
    }

    /// `AROA...:session`, `AIDA...`: the id in `GetCallerIdentity` and in `principalId`.
    #[must_use]
    pub fn principal_id(&self) -> Option<String> {
        match self {
            Self::SsoPerson { user_name: session, .. } | Self::RoleSession { session_name: session, .. } => {
                Some(format!("{}:{session}", unique_id_of("AROA", &self.role_arn().unwrap_or_default())))
            }
            Self::IamUser { .. } => Some(unique_id_of("AIDA", &self.arn().unwrap_or_default())),
            Self::Root { account } => Some(account.clone()),
            Self::FederatedUser { account, name, .. } => Some(format!("{account}:{name}")),
            Self::WebIdentityUser { provider, user_name } | Self::SamlUser { provider, user_name } => {
                Some(format!("{provider}:{user_name}"))
            }
            Self::OtherAccount { account } => Some(unique_id_of("AROA", account)),
            Self::AwsService { .. } | Self::IdentityCenterUser { .. } | Self::Unknown => None,
        }
    }

    /// CloudTrail's `userIdentity` of a call at this moment.
    #[must_use]
    pub fn user_identity(&self, access_key_id: &str, now: DateTime<Utc>) -> Value {
        let mut identity = json!({ "type": self.type_name() });
        let mut put = |key: &str, value: Option<Value>| {
            if let (Some(value), Some(object)) = (value, identity.as_object_mut()) {
                object.insert(key.to_owned(), value);
            }
        };
        put("principalId", self.principal_id().map(Value::from));
        put("arn", self.arn().map(Value::from));
        put("accountId", self.account().map(Value::from));
        match self {
            Self::SsoPerson { .. } | Self::RoleSession { .. } => {
                put("accessKeyId", Some(access_key_id.into()));
                put("sessionContext", Some(self.session_context(now)));
            }
            Self::IamUser { user_name, .. } => {
                put("accessKeyId", Some(access_key_id.into()));
                put("userName", Some(user_name.as_str().into()));
            }
            Self::Root { .. } => put("accessKeyId", Some(access_key_id.into())),
            Self::FederatedUser { account, issuer, .. } => {
                put("accessKeyId", Some(access_key_id.into()));
                let arn = format!("arn:aws:iam::{account}:user/{issuer}");
                put(
                    "sessionContext",
                    Some(json!({
                        "sessionIssuer": {
                            "type": "IAMUser", "principalId": unique_id_of("AIDA", &arn), "arn": arn,
                            "accountId": account, "userName": issuer,
                        },
                        "attributes": { "mfaAuthenticated": "false", "creationDate": second(now) },
                    })),
                );
            }
            Self::WebIdentityUser { provider, user_name } | Self::SamlUser { provider, user_name } => {
                put("userName", Some(user_name.as_str().into()));
                put("identityProvider", Some(provider.as_str().into()));
            }
            Self::AwsService { service } => put("invokedBy", Some(service.as_str().into())),
            Self::IdentityCenterUser { user_id, .. } => put(
                "onBehalfOf",
                Some(json!({
                    "userId": user_id,
                    "identityStoreArn": "arn:aws:identitystore::111111111111:identitystore/d-9067642ac7",
                })),
            ),
            Self::OtherAccount { .. } | Self::Unknown => {}
        }
        identity
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::SsoPerson { .. } | Self::RoleSession { .. } => "AssumedRole",
            Self::IamUser { .. } => "IAMUser",
            Self::Root { .. } => "Root",
            Self::FederatedUser { .. } => "FederatedUser",
            Self::WebIdentityUser { .. } => "WebIdentityUser",
            Self::SamlUser { .. } => "SAMLUser",
            Self::OtherAccount { .. } => "AWSAccount",
            Self::AwsService { .. } => "AWSService",
            Self::IdentityCenterUser { .. } => "IdentityCenterUser",
            Self::Unknown => "Unknown",
        }
    }

    fn role_name(&self) -> Option<String> {
        match self {
            Self::SsoPerson { account, permission_set, .. } => {
                let hash = unique_id_of("", &format!("{account}/{permission_set}")).to_lowercase();
                Some(format!("AWSReservedSSO_{permission_set}_{}", hash.get(..16).unwrap_or_default()))
            }
            Self::RoleSession { role_name, .. } => Some(role_name.clone()),
            Self::IamUser { .. }
            | Self::Root { .. }
            | Self::FederatedUser { .. }
            | Self::WebIdentityUser { .. }
            | Self::SamlUser { .. }
            | Self::OtherAccount { .. }
            | Self::AwsService { .. }
            | Self::IdentityCenterUser { .. }
            | Self::Unknown => None,
        }
    }

    fn session_context(&self, now: DateTime<Utc>) -> Value {
        let arn = self.role_arn().unwrap_or_default();
        json!({
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique_id_of("AROA", &arn),
                "arn": arn,
                "accountId": self.account().unwrap_or_default(),
                "userName": self.role_name().unwrap_or_default(),
            },
            "webIdFederationData": {},
            "attributes": { "creationDate": second(now), "mfaAuthenticated": "false" },
        })
    }
}

/// A call's surroundings: who, in which account and region, from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who calls.
    pub identity: Identity,
    /// The account acted in, CloudTrail's `recipientAccountId`.
    pub account: String,
    /// The region acted in.
    pub region: String,
    /// An address, or a service such as `cloudformation.amazonaws.com`, or `AWS Internal`.
    pub source_ip: String,
    /// As the client sent it.
    pub user_agent: String,
    /// The access key used.
    pub access_key_id: String,
    /// A session of the console: `sessionCredentialFromConsole` is `"true"`.
    pub console: bool,
    /// The service that makes the call on the identity's behalf: `userIdentity.invokedBy`.
    pub invoked_by: Option<String>,
}

impl Caller {
    /// A call from the console at a documentation address, in the identity's own account.
    #[must_use]
    pub fn console(identity: Identity, account: &str, region: &str) -> Self {
        Self {
            access_key_id: unique_id_of("ASIA", &identity.arn().unwrap_or_default()),
            identity,
            account: account.to_owned(),
            region: region.to_owned(),
            source_ip: "203.0.113.7".to_owned(),
            user_agent: "AWS Internal".to_owned(),
            console: true,
            invoked_by: None,
        }
    }

    /// A call that a service such as `cloudformation.amazonaws.com` makes on the identity's behalf.
    #[must_use]
    pub fn through(service: &str, identity: Identity, account: &str, region: &str) -> Self {
        Self {
            source_ip: service.to_owned(),
            user_agent: service.to_owned(),
            console: false,
            invoked_by: Some(service.to_owned()),
            ..Self::console(identity, account, region)
        }
    }

    /// A call with the command line or an SDK.
    #[must_use]
    pub fn program(identity: Identity, account: &str, region: &str) -> Self {
        Self {
            user_agent: "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.1 lang/python#3.13.7".to_owned(),
            console: false,
            ..Self::console(identity, account, region)
        }
    }
}

/// `2026-11-20T10:00:00Z`: CloudTrail's times are to the second.
pub(crate) fn second(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_of_identity_center_is_a_session_of_a_reserved_role() {
        let alice = Identity::person("222222222222", "alice@example.com");
        let identity = alice.user_identity("ASIAX", DateTime::UNIX_EPOCH);
        assert_eq!(identity["type"], "AssumedRole");
        let arn = identity["arn"].as_str().unwrap();
        assert!(arn.starts_with("arn:aws:sts::222222222222:assumed-role/AWSReservedSSO_AdministratorAccess_"), "{arn}");
        assert!(arn.ends_with("/alice@example.com"));
        let issuer = identity["sessionContext"]["sessionIssuer"]["arn"].as_str().unwrap();
        assert!(issuer.starts_with("arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_"));
    }

    #[test]
    fn a_service_is_known_by_invoked_by_alone() {
        let service = Identity::AwsService { service: "autoscaling.amazonaws.com".to_owned() };
        let identity = service.user_identity("", DateTime::UNIX_EPOCH);
        assert_eq!(identity, json!({ "type": "AWSService", "invokedBy": "autoscaling.amazonaws.com" }));
    }
}
