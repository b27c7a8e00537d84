//! EC2's errors, with its own codes (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).

/// Why EC2 refused a call. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ec2Error {
    /// No such group in this account and region.
    #[error("The security group '{0}' does not exist")]
    GroupNotFound(String),
    /// The group's id does not look like one.
    #[error("Invalid id: \"{0}\" (expecting \"sg-...\")")]
    GroupIdMalformed(String),
    /// The VPC already has a group of this name.
    #[error("The security group '{name}' already exists for VPC '{vpc}'")]
    GroupDuplicate {
        /// The name.
        name: String,
        /// The VPC.
        vpc: String,
    },
    /// A VPC's default group stays.
    #[error("the specified group: \"{0}\" name: \"default\" cannot be deleted by a user")]
    CannotDelete(String),
    /// Another group's rule refers to the group.
    #[error("resource {0} has a dependent object")]
    DependencyViolation(String),
    /// No such VPC in this account and region.
    #[error("The vpc ID '{0}' does not exist")]
    VpcNotFound(String),
    /// The rule is there already.
    #[error("the specified rule \"{0}\" already exists")]
    PermissionDuplicate(String),
    /// A rule to be removed is not there.
    #[error("The specified rule does not exist in this security group.")]
    PermissionNotFound,
    /// A permission that says nothing, or contradicts itself.
    #[error("{0}")]
    PermissionMalformed(String),
    /// No rule of this id in the group, or anywhere.
    #[error("The security group rule ID '{0}' does not exist")]
    RuleIdNotFound(String),
    /// The rule's id does not look like one.
    #[error("Invalid id: \"{0}\" (expecting \"sgr-...\")")]
    RuleIdMalformed(String),
    /// More rules than a group may have.
    #[error("The maximum number of rules per security group has been reached.")]
    RulesPerGroupLimitExceeded,
    /// A value that EC2 does not take.
    #[error("{0}")]
    ParameterValue(String),
    /// Two parameters that exclude each other.
    #[error("{0}")]
    ParameterCombination(String),
    /// A parameter that must be there.
    #[error("{0}")]
    MissingParameter(String),
    /// `DryRun` of a call that would have been allowed.
    #[error("Request would have succeeded, but DryRun flag is set.")]
    DryRunOperation,
    /// The caller has no such permission.
    #[error("You are not authorized to perform this operation. {0}")]
    UnauthorizedOperation(String),
    /// The credentials are unknown or do not belong together.
    #[error("AWS was not able to validate the provided access credentials")]
    AuthFailure,
    /// The session has run out.
    #[error("Request has expired.")]
    RequestExpired,
    /// The bucket of this account, region and API is empty.
    #[error("Request limit exceeded.")]
    RequestLimitExceeded,
    /// EC2's own fault.
    #[error("An internal error has occurred")]
    InternalError,
    /// No such action here.
    #[error("The action {0} is not valid for this web service.")]
    InvalidAction(String),
}

impl Ec2Error {
    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::GroupNotFound(_) => "InvalidGroup.NotFound",
            Self::GroupIdMalformed(_) => "InvalidGroupId.Malformed",
            Self::GroupDuplicate { .. } => "InvalidGroup.Duplicate",
            Self::CannotDelete(_) => "CannotDelete",
            Self::DependencyViolation(_) => "DependencyViolation",
            Self::VpcNotFound(_) => "InvalidVpcID.NotFound",
            Self::PermissionDuplicate(_) => "InvalidPermission.Duplicate",
            Self::PermissionNotFound => "InvalidPermission.NotFound",
            Self::PermissionMalformed(_) => "InvalidPermission.Malformed",
            Self::RuleIdNotFound(_) => "InvalidSecurityGroupRuleId.NotFound",
            Self::RuleIdMalformed(_) => "InvalidSecurityGroupRuleId.Malformed",
            Self::RulesPerGroupLimitExceeded => "RulesPerSecurityGroupLimitExceeded",
            Self::ParameterValue(_) => "InvalidParameterValue",
            Self::ParameterCombination(_) => "InvalidParameterCombination",
            Self::MissingParameter(_) => "MissingParameter",
            Self::DryRunOperation => "DryRunOperation",
            Self::UnauthorizedOperation(_) => "UnauthorizedOperation",
            Self::AuthFailure => "AuthFailure",
            Self::RequestExpired => "RequestExpired",
            Self::RequestLimitExceeded => "RequestLimitExceeded",
            Self::InternalError => "InternalError",
            Self::InvalidAction(_) => "InvalidAction",
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::AuthFailure => 401,
            Self::UnauthorizedOperation(_) => 403,
            Self::DryRunOperation => 412,
            Self::InternalError => 500,
            Self::RequestLimitExceeded => 503,
            Self::GroupNotFound(_)
            | Self::GroupIdMalformed(_)
            | Self::GroupDuplicate { .. }
            | Self::CannotDelete(_)
            | Self::DependencyViolation(_)
            | Self::VpcNotFound(_)
            | Self::PermissionDuplicate(_)
            | Self::PermissionNotFound
            | Self::PermissionMalformed(_)
            | Self::RuleIdNotFound(_)
            | Self::RuleIdMalformed(_)
            | Self::RulesPerGroupLimitExceeded
            | Self::ParameterValue(_)
            | Self::ParameterCombination(_)
            | Self::MissingParameter(_)
            | Self::RequestExpired
            | Self::InvalidAction(_) => 400,
        }
    }

    /// The code as CloudTrail writes it: `Client.` or `Server.` before it.
    #[must_use]
    pub fn trail_code(&self) -> String {
        let side = if self.status() == 500 { "Server" } else { "Client" };
        format!("{side}.{}", self.code())
    }
}
