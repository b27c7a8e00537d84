//! VPCs and groups: made, found, deleted.

use super::{
    Ec2, Outcome, Place, Regional, SecurityGroup, Staleness,
    call::GroupRef,
    error::Ec2Error,
    place,
    rule::{Protocol, Rule, RuleKey, Source},
};
use crate::world::ids::Ids;

impl Ec2 {
    /// Makes a VPC that is not the default one, with its `default` group, and returns its id.
    pub fn add_vpc(&mut self, account: &str, region: &str) -> String {
        let at = place(account, region);
        let vpc = self.ids.resource("vpc");
        self.regional(&at).vpcs.push(vpc.clone());
        self.insert_group(&at, "default", "default VPC security group", &vpc);
        vpc
    }

    /// The region's default VPC; every account and region has one.
    pub fn default_vpc(&mut self, account: &str, region: &str) -> String {
        self.ensure_default_vpc(&place(account, region))
    }

    /// Makes a group without a call, to furnish a world: in the default VPC without a `vpc_id`. Returns its id.
    ///
    /// # Errors
    /// As `CreateSecurityGroup`.
    pub fn add_group(
        &mut self,
        account: &str,
        region: &str,
        name: &str,
        vpc_id: Option<&str>,
    ) -> Result<String, Ec2Error> {
        let at = place(account, region);
        let vpc = self.vpc_for_new_group(&at, name, vpc_id)?;
        Ok(self.insert_group(&at, name, name, &vpc))
    }

    /// Every group of every account and region.
    pub fn groups(&self) -> impl Iterator<Item = &SecurityGroup> {
        self.places.values().flat_map(|regional| regional.groups.values())
    }

    /// One group, if it is there.
    #[must_use]
    pub fn group(&self, account: &str, region: &str, id: &str) -> Option<&SecurityGroup> {
        self.places.get(&place(account, region))?.groups.get(id)
    }

    /// From now on describes lag behind changes like this.
    pub fn set_staleness(&mut self, staleness: Staleness) {
        self.staleness = staleness;
    }

    pub(super) fn create_group(
        &mut self,
        at: &Place,
        name: &str,
        description: &str,
        vpc_id: Option<&str>,
    ) -> Result<Outcome, Ec2Error> {
        if description.is_empty() {
            return Err(Ec2Error::MissingParameter(
                "The request must contain the parameter GroupDescription".to_owned(),
            ));
        }
        if name.is_empty() || name.len() > 255 || name.starts_with("sg-") {
            return Err(Ec2Error::ParameterValue(format!("Invalid value '{name}' for groupName.")));
        }
        let vpc = self.vpc_for_new_group(at, name, vpc_id)?;
        Ok(Outcome::Created(self.insert_group(at, name, description, &vpc)))
    }

    pub(super) fn delete_group(&mut self, at: &Place, group: &GroupRef) -> Result<Outcome, Ec2Error> {
        let id = self.resolve(&at.account, &at.region, group)?;
        let group = self.existing(at, &id)?;
        if group.name == "default" {
            return Err(Ec2Error::CannotDelete(id));
        }
        let refers = |rule: &Rule| matches!(&rule.key.source, Source::Group { group_id, .. } if *group_id == id);
        let mut others = self.regional(at).groups.values().filter(|other| other.id != id);
        if others.any(|other| other.rules.values().any(refers)) {
            return Err(Ec2Error::DependencyViolation(id));
        }
        self.regional(at).groups.remove(&id);
        Ok(Outcome::Deleted(id))
    }

    /// The group, which must be there.
    pub(super) fn existing(&mut self, at: &Place, id: &str) -> Result<&mut SecurityGroup, Ec2Error> {
        let looks_right = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric());
        if !id.strip_prefix("sg-").is_some_and(looks_right) {
            return Err(Ec2Error::GroupIdMalformed(id.to_owned()));
        }
        self.regional(at).groups.get_mut(id).ok_or_else(|| Ec2Error::GroupNotFound(id.to_owned()))
    }

    pub(super) fn group_by_name(&mut self, at: &Place, name: &str) -> Result<String, Ec2Error> {
        let vpc = self.ensure_default_vpc(at);
        let mut groups = self.regional(at).groups.values();
        groups
            .find(|group| group.vpc_id == vpc && group.name == name)
            .map(|group| group.id.clone())
            .ok_or_else(|| Ec2Error::GroupNotFound(name.to_owned()))
    }

    pub(super) fn regional(&mut self, at: &Place) -> &mut Regional {
        self.places.entry(at.clone()).or_default()
    }

    pub(super) fn ids(&mut self) -> &mut Ids {
        &mut self.ids
    }

    pub(super) fn ensure_default_vpc(&mut self, at: &Place) -> String {
        if let Some(vpc) = &self.regional(at).default_vpc {
            return vpc.clone();
        }
        let vpc = self.ids.resource("vpc");
        let regional = self.regional(at);
        regional.default_vpc = Some(vpc.clone());
        regional.vpcs.push(vpc.clone());
        self.insert_group(at, "default", "default VPC security group", &vpc);
        vpc
    }

    fn vpc_for_new_group(&mut self, at: &Place, name: &str, vpc_id: Option<&str>) -> Result<String, Ec2Error> {
        let vpc = match vpc_id {
            Some(vpc) if self.regional(at).vpcs.iter().any(|known| known == vpc) => vpc.to_owned(),
            Some(vpc) => return Err(Ec2Error::VpcNotFound(vpc.to_owned())),
            None => self.ensure_default_vpc(at),
        };
        let mut groups = self.regional(at).groups.values();
        if groups.any(|group| group.vpc_id == vpc && group.name == name) {
            return Err(Ec2Error::GroupDuplicate { name: name.to_owned(), vpc });
        }
        Ok(vpc)
    }

    /// Adds a group as AWS makes it: nothing in, everything out (and a `default` group lets its own members in).
    fn insert_group(&mut self, at: &Place, name: &str, description: &str, vpc: &str) -> String {
        let id = self.ids.resource("sg");
        let mut keys = vec![open_to(true, Source::Ipv4(ipnet::Ipv4Net::default()))];
        if name == "default" {
            let source = Source::Group { group_id: id.clone(), user_id: at.account.clone() };
            keys.push(open_to(false, source));
        }
        let mut group = SecurityGroup {
            id: id.clone(),
            name: name.to_owned(),
            description: description.to_owned(),
            vpc_id: vpc.to_owned(),
            in_default_vpc: self.regional(at).default_vpc.as_deref() == Some(vpc),
            owner: at.account.clone(),
            region: at.region.clone(),
            rules: std::collections::BTreeMap::new(),
            past: Vec::new(),
        };
        for key in keys {
            let rule_id = self.ids.resource("sgr");
            group.insert(rule_id, key, None);
        }
        self.regional(at).groups.insert(id.clone(), group);
        id
    }
}

impl SecurityGroup {
    /// Adds a rule and returns it as stored.
    pub(super) fn insert(&mut self, id: String, key: RuleKey, description: Option<String>) -> Rule {
        let rule = Rule { id, group_id: self.id.clone(), owner: self.owner.clone(), key, description };
        self.rules.insert(rule.id.clone(), rule.clone());
        rule
    }

    /// The rule that lets through exactly this.
    pub(super) fn find(&self, key: &RuleKey) -> Option<&Rule> {
        self.rules.values().find(|rule| rule.key == *key)
    }
}

fn open_to(egress: bool, source: Source) -> RuleKey {
    RuleKey { egress, protocol: Protocol::All, from_port: -1, to_port: -1, source }
}
