//! What an error of EC2 or STS means to the flows, and what to look at.

use std::error::Error;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use shared::ports::FirewallError;

use crate::aws::{ASSUME_HINT, AssumeFailure, Failure, Role, Sessions};

/// A call to EC2 in a session of a role.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// EC2's name of it.
    pub(super) action: &'static str,
    /// The session's role.
    pub(super) role: &'a Role,
}

impl Call<'_> {
    /// The error that the flows see. A session that AWS did not take is forgotten.
    pub(super) fn failed<E>(self, sessions: &Sessions, error: &SdkError<E>) -> FirewallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match Failure::of(error) {
            Failure::Unavailable { why } => {
                if matches!(why.as_str(), "RequestExpired" | "ExpiredToken" | "ExpiredTokenException") {
                    sessions.forget(self.role);
                }
                FirewallError::Unavailable { doing: self.doing(), why }
            }
            Failure::Refused { code, message } => match code.as_str() {
                "InvalidGroup.NotFound" => FirewallError::GroupGone,
                "InvalidPermission.NotFound" => FirewallError::RuleNotThere,
                _ => {
                    // What is mended in IAM should help at once.
                    sessions.forget(self.role);
                    FirewallError::Refused { hint: self.hint(&code), code, message, doing: self.doing() }
                }
            },
        }
    }

    /// EC2 sent a rule that can't be taken over.
    pub(super) fn unreadable(self, why: String) -> FirewallError {
        FirewallError::Refused {
            code: "UnreadableAnswer".to_owned(),
            message: why,
            doing: self.doing(),
            hint: "look at the group's rules in the console".to_owned(),
        }
    }

    /// The call was not made.
    pub(super) fn not_sent(self, why: String) -> FirewallError {
        FirewallError::Refused {
            code: "NotSent".to_owned(),
            message: why,
            doing: self.doing(),
            hint: "look at the group's rules in the console".to_owned(),
        }
    }

    fn doing(self) -> String {
        format!("when calling `{}` in `{}`", self.action, self.role.account)
    }

    fn hint(self, code: &str) -> String {
        match code {
            "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => format!(
                "does the policy of `{}` allow `ec2:{}`, and does no service control policy forbid it?",
                self.role.short, self.action
            ),
            "AuthFailure" | "InvalidClientTokenId" | "UnrecognizedClientException" | "OptInRequired" => {
                "is the region enabled in that account?".to_owned()
            }
            _ => "look the error code up in EC2's API reference".to_owned(),
        }
    }
}

/// The spoke role gave no session.
pub(super) fn assume_failed(failed: AssumeFailure) -> FirewallError {
    let AssumeFailure { doing, failure } = failed;
    match failure {
        Failure::Unavailable { why } => FirewallError::Unavailable { doing, why },
        Failure::Refused { code, message } => {
            FirewallError::Refused { code, message, doing, hint: ASSUME_HINT.to_owned() }
        }
    }
}
