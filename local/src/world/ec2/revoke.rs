//! `RevokeSecurityGroupIngress` and `-Egress`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    Ec2, Outcome, Place, SecurityGroup,
    call::{GroupRef, Removal},
    error::Ec2Error,
    rule::RuleKey,
};

impl Ec2 {
    /// Removes rules. By properties, a rule that is not there makes the whole call fail, but in a default VPC it is only
    /// told; by id it always fails.
    pub(super) fn revoke(
        &mut self,
        at: &Place,
        group: &GroupRef,
        removal: &Removal,
        egress: bool,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Ec2Error> {
        let id = self.resolve(&at.account, &at.region, group)?;
        self.existing(at, &id)?;
        let keys: Vec<RuleKey> = match removal {
            Removal::Permissions(permissions) => {
                self.wanted(at, permissions, egress)?.into_iter().map(|wanted| wanted.key).collect()
            }
            Removal::RuleIds(_) => Vec::new(),
        };
        let staleness = self.staleness;
        let group = self.existing(at, &id)?;
        let (ids, unknown) = match removal {
            Removal::Permissions(_) => group.ids_of(&keys)?,
            Removal::RuleIds(ids) => (group.known_ids(ids, egress)?, Vec::new()),
        };
        group.remember(staleness, now);
        let removed = ids.iter().filter_map(|id| group.rules.remove(id)).collect();
        Ok(Outcome::Revoked { removed, unknown })
    }
}

impl SecurityGroup {
    fn ids_of(&self, keys: &[RuleKey]) -> Result<(BTreeSet<String>, Vec<RuleKey>), Ec2Error> {
        let mut ids = BTreeSet::new();
        let mut unknown = Vec::new();
        for key in keys {
            match self.find(key) {
                Some(rule) => {
                    ids.insert(rule.id.clone());
                }
                None => unknown.push(key.clone()),
            }
        }
        if unknown.is_empty() || self.in_default_vpc { Ok((ids, unknown)) } else { Err(Ec2Error::PermissionNotFound) }
    }

    fn known_ids(&self, ids: &[String], egress: bool) -> Result<BTreeSet<String>, Ec2Error> {
        let mut known = BTreeSet::new();
        for id in ids {
            if !id.starts_with("sgr-") {
                return Err(Ec2Error::RuleIdMalformed(id.clone()));
            }
            match self.rules.get(id) {
                Some(rule) if rule.key.egress == egress => known.insert(id.clone()),
                Some(_) | None => return Err(Ec2Error::RuleIdNotFound(id.clone())),
            };
        }
        Ok(known)
    }
}
