//! The calls that change security groups, as the caller sent them: nothing is checked or normalized yet, because
//! CloudTrail shows a call as it was sent, also one that failed.

/// One mutating call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is to be done.
    pub operation: Operation,
    /// Only ask whether it would be allowed.
    pub dry_run: bool,
}

impl From<Operation> for Call {
    fn from(operation: Operation) -> Self {
        Self { operation, dry_run: false }
    }
}

/// What a call does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `AuthorizeSecurityGroupIngress`.
    AuthorizeIngress {
        /// The group to open.
        group: GroupRef,
        /// What to let in.
        permissions: Permissions,
    },
    /// `AuthorizeSecurityGroupEgress`.
    AuthorizeEgress {
        /// The group to open.
        group: GroupRef,
        /// What to let out.
        permissions: Permissions,
    },
    /// `RevokeSecurityGroupIngress`.
    RevokeIngress {
        /// The group to close.
        group: GroupRef,
        /// What to remove.
        removal: Removal,
    },
    /// `RevokeSecurityGroupEgress`.
    RevokeEgress {
        /// The group to close.
        group: GroupRef,
        /// What to remove.
        removal: Removal,
    },
    /// `ModifySecurityGroupRules`.
    ModifyRules {
        /// The group.
        group_id: String,
        /// The rules' new contents.
        changes: Vec<RuleChange>,
    },
    /// `CreateSecurityGroup`.
    CreateGroup {
        /// Its name, unique in the VPC.
        name: String,
        /// Its description.
        description: String,
        /// The VPC; none for the default one.
        vpc_id: Option<String>,
    },
    /// `DeleteSecurityGroup`.
    DeleteGroup {
        /// The group.
        group: GroupRef,
    },
}

impl Operation {
    /// The action's name on the wire and in CloudTrail.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::AuthorizeIngress { .. } => "AuthorizeSecurityGroupIngress",
            Self::AuthorizeEgress { .. } => "AuthorizeSecurityGroupEgress",
            Self::RevokeIngress { .. } => "RevokeSecurityGroupIngress",
            Self::RevokeEgress { .. } => "RevokeSecurityGroupEgress",
            Self::ModifyRules { .. } => "ModifySecurityGroupRules",
            Self::CreateGroup { .. } => "CreateSecurityGroup",
            Self::DeleteGroup { .. } => "DeleteSecurityGroup",
        }
    }

    /// The group that the call names; none for a call that makes one.
    #[must_use]
    pub fn group(&self) -> Option<GroupRef> {
        match self {
            Self::AuthorizeIngress { group, .. }
            | Self::AuthorizeEgress { group, .. }
            | Self::RevokeIngress { group, .. }
            | Self::RevokeEgress { group, .. }
            | Self::DeleteGroup { group } => Some(group.clone()),
            Self::ModifyRules { group_id, .. } => Some(GroupRef::id(group_id)),
            Self::CreateGroup { .. } => None,
        }
    }
}

/// A group by its id, or by its name, which only finds groups of the default VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRef {
    /// `GroupId`.
    pub id: Option<String>,
    /// `GroupName`.
    pub name: Option<String>,
}

impl GroupRef {
    /// By id.
    #[must_use]
    pub fn id(id: &str) -> Self {
        Self { id: Some(id.to_owned()), name: None }
    }

    /// By name.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self { id: None, name: Some(name.to_owned()) }
    }
}

/// The two ways to write permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// `IpPermissions`.
    Array(Vec<Permission>),
    /// `IpProtocol`, `FromPort`, `ToPort`, `CidrIp` at the top.
    Flat(FlatPermission),
}

impl From<Permission> for Permissions {
    fn from(permission: Permission) -> Self {
        Self::Array(vec![permission])
    }
}

/// One of `IpPermissions`: the ports of one protocol, from any number of sources of four kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// `tcp`, `-1`, `50`, ...
    pub protocol: Option<String>,
    /// First port, or ICMP type.
    pub from_port: Option<i64>,
    /// Last port, or ICMP code.
    pub to_port: Option<i64>,
    /// `IpRanges`.
    pub ipv4: Vec<Range>,
    /// `Ipv6Ranges`.
    pub ipv6: Vec<Range>,
    /// `PrefixListIds`.
    pub prefix_lists: Vec<Range>,
    /// `Groups` (the SDKs' `UserIdGroupPairs`).
    pub groups: Vec<GroupSource>,
}

impl Permission {
    /// A protocol and a range of ports, from nowhere yet.
    #[must_use]
    pub fn new(protocol: &str, from_port: i64, to_port: i64) -> Self {
        Self {
            protocol: Some(protocol.to_owned()),
            from_port: Some(from_port),
            to_port: Some(to_port),
            ..Self::default()
        }
    }

    /// A protocol without ports, as for `-1`.
    #[must_use]
    pub fn all_ports(protocol: &str) -> Self {
        Self { protocol: Some(protocol.to_owned()), ..Self::default() }
    }

    /// Adds an IPv4 range.
    #[must_use]
    pub fn from_ipv4(mut self, cidr: &str, description: Option<&str>) -> Self {
        self.ipv4.push(Range::new(cidr, description));
        self
    }

    /// Adds an IPv6 range.
    #[must_use]
    pub fn from_ipv6(mut self, cidr: &str, description: Option<&str>) -> Self {
        self.ipv6.push(Range::new(cidr, description));
        self
    }

    /// Adds a prefix list.
    #[must_use]
    pub fn from_prefix_list(mut self, id: &str, description: Option<&str>) -> Self {
        self.prefix_lists.push(Range::new(id, description));
        self
    }

    /// Adds a group of the same account.
    #[must_use]
    pub fn from_group(mut self, id: &str, description: Option<&str>) -> Self {
        self.groups.push(GroupSource {
            group: GroupRef::id(id),
            description: description.map(str::to_owned),
            ..GroupSource::default()
        });
        self
    }
}

/// A range or a prefix list, with what was said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The CIDR, or the prefix list's id, as sent.
    pub value: String,
    /// The description, as sent.
    pub description: Option<String>,
}

impl Range {
    /// A range with its description.
    #[must_use]
    pub fn new(value: &str, description: Option<&str>) -> Self {
        Self { value: value.to_owned(), description: description.map(str::to_owned) }
    }
}

/// A group as a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSource {
    /// The group.
    pub group: GroupRef,
    /// Its owner; the caller's account where absent.
    pub user_id: Option<String>,
    /// The peering connection to its VPC.
    pub vpc_peering_connection_id: Option<String>,
    /// The description, as sent.
    pub description: Option<String>,
}

/// The flat form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlatPermission {
    /// `IpProtocol`.
    pub protocol: Option<String>,
    /// `FromPort`.
    pub from_port: Option<i64>,
    /// `ToPort`.
    pub to_port: Option<i64>,
    /// `CidrIp`.
    pub cidr_ip: Option<String>,
    /// `SourceSecurityGroupName`: opens tcp, udp and icmp at once.
    pub source_group_name: Option<String>,
    /// `SourceSecurityGroupOwnerId`.
    pub source_group_owner: Option<String>,
}

/// What to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// By the rules' properties.
    Permissions(Permissions),
    /// By `SecurityGroupRuleIds`.
    RuleIds(Vec<String>),
}

/// The new content of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleChange {
    /// The rule.
    pub rule_id: String,
    /// `IpProtocol`.
    pub protocol: Option<String>,
    /// `FromPort`.
    pub from_port: Option<i64>,
    /// `ToPort`.
    pub to_port: Option<i64>,
    /// `CidrIpv4`.
    pub cidr_ipv4: Option<String>,
    /// `CidrIpv6`.
    pub cidr_ipv6: Option<String>,
    /// `PrefixListId`.
    pub prefix_list_id: Option<String>,
    /// `ReferencedGroupId`.
    pub referenced_group_id: Option<String>,
    /// `Description`; absent leaves the old one.
    pub description: Option<String>,
}
