//! `AuthorizeSecurityGroupIngress` and `-Egress`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Ec2, Outcome, Place, RULES_PER_GROUP, call::GroupRef, call::Permissions, error::Ec2Error};

impl Ec2 {
    /// Opens a group: every rule, or none where one is there already.
    pub(super) fn authorize(
        &mut self,
        at: &Place,
        group: &GroupRef,
        permissions: &Permissions,
        egress: bool,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Ec2Error> {
        let id = self.resolve(&at.account, &at.region, group)?;
        self.existing(at, &id)?;
        let wanted = self.wanted(at, permissions, egress)?;
        let mut keys = BTreeSet::new();
        if !wanted.iter().all(|wanted| keys.insert(&wanted.key)) {
            let message = "The same permission must not appear multiple times";
            return Err(Ec2Error::ParameterValue(message.to_owned()));
        }
        let ids: Vec<String> = wanted.iter().map(|_| self.ids().resource("sgr")).collect();
        let staleness = self.staleness;
        let group = self.existing(at, &id)?;
        if let Some(wanted) = wanted.iter().find(|wanted| group.find(&wanted.key).is_some()) {
            return Err(Ec2Error::PermissionDuplicate(wanted.key.to_string()));
        }
        if group.rules.values().filter(|rule| rule.key.egress == egress).count() + wanted.len() > RULES_PER_GROUP {
            return Err(Ec2Error::RulesPerGroupLimitExceeded);
        }
        group.remember(staleness, now);
        let opened = ids.into_iter().zip(wanted);
        Ok(Outcome::Opened(opened.map(|(id, wanted)| group.insert(id, wanted.key, wanted.description)).collect()))
    }
}
