//! What was sent becomes rules: checked, normalized, one for each source.

use super::{
    Ec2, Place,
    call::{FlatPermission, GroupSource, Permission, Permissions},
    error::Ec2Error,
    rule::{self, Protocol, RuleKey, Source},
};

/// A rule that a permission asks for.
pub(super) struct Wanted {
    pub(super) key: RuleKey,
    pub(super) description: Option<String>,
}

impl Ec2 {
    /// The rules that permissions stand for, in the order sent.
    pub(super) fn wanted(
        &mut self,
        at: &Place,
        permissions: &Permissions,
        egress: bool,
    ) -> Result<Vec<Wanted>, Ec2Error> {
        let permissions = match permissions {
            Permissions::Array(permissions) if permissions.is_empty() => {
                let message = "The request must contain the parameter ipPermissions";
                return Err(Ec2Error::MissingParameter(message.to_owned()));
            }
            Permissions::Array(permissions) => permissions.clone(),
            Permissions::Flat(flat) => flatten(flat)?,
        };
        let mut wanted = Vec::new();
        for permission in &permissions {
            self.expand(at, permission, egress, &mut wanted)?;
        }
        Ok(wanted)
    }

    fn expand(
        &mut self,
        at: &Place,
        permission: &Permission,
        egress: bool,
        wanted: &mut Vec<Wanted>,
    ) -> Result<(), Ec2Error> {
        let protocol = permission.protocol.as_deref().ok_or_else(|| {
            let message =
                "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.";
            Ec2Error::ParameterValue(message.to_owned())
        })?;
        let protocol: Protocol = protocol.parse()?;
        let (from_port, to_port) = protocol.ports(permission.from_port, permission.to_port)?;
        let before = wanted.len();
        let mut want = |source: Source, description: Option<&str>| -> Result<(), Ec2Error> {
            let key = RuleKey { egress, protocol, from_port, to_port, source };
            wanted.push(Wanted { key, description: rule::description(description)? });
            Ok(())
        };
        for range in &permission.ipv4 {
            want(Source::ipv4(&range.value)?, range.description.as_deref())?;
        }
        for range in &permission.ipv6 {
            want(Source::ipv6(&range.value)?, range.description.as_deref())?;
        }
        for list in &permission.prefix_lists {
            want(Source::prefix_list(&list.value)?, list.description.as_deref())?;
        }
        for group in &permission.groups {
            want(self.source_group(at, group)?, group.description.as_deref())?;
        }
        if wanted.len() == before {
            let message = "A permission must name at least one CIDR, prefix list or security group.";
            return Err(Ec2Error::PermissionMalformed(message.to_owned()));
        }
        Ok(())
    }

    /// A group as a source: one's own must exist, another account's is taken as given (there must be a peering).
    pub(super) fn source_group(&mut self, at: &Place, source: &GroupSource) -> Result<Source, Ec2Error> {
        let user_id = source.user_id.clone().unwrap_or_else(|| at.account.clone());
        let group_id = self.resolve(&at.account, &at.region, &source.group)?;
        if user_id == at.account {
            self.existing(at, &group_id)?;
        }
        Ok(Source::Group { group_id, user_id })
    }
}

/// The flat form as the permissions that it stands for.
fn flatten(flat: &FlatPermission) -> Result<Vec<Permission>, Ec2Error> {
    let one = Permission {
        protocol: flat.protocol.clone(),
        from_port: flat.from_port,
        to_port: flat.to_port,
        ..Permission::default()
    };
    match (&flat.cidr_ip, &flat.source_group_name) {
        (Some(cidr), None) => Ok(vec![one.from_ipv4(cidr, None)]),
        (None, Some(name)) if one == Permission::default() => {
            let source = GroupSource {
                group: super::GroupRef::name(name),
                user_id: flat.source_group_owner.clone(),
                ..GroupSource::default()
            };
            let all =
                [Permission::new("tcp", 0, 65_535), Permission::new("udp", 0, 65_535), Permission::new("icmp", -1, -1)];
            Ok(all.map(|permission| Permission { groups: vec![source.clone()], ..permission }).into())
        }
        (None, None) => {
            Err(Ec2Error::MissingParameter("The request must contain the parameter ipPermissions or cidrIp".to_owned()))
        }
        (Some(_) | None, Some(_)) => Err(Ec2Error::ParameterCombination(
            "The parameter sourceSecurityGroupName cannot be used with a protocol, ports or a CIDR".to_owned(),
        )),
    }
}
