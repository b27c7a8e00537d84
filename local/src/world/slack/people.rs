//! `users.lookupByEmail`, `users.info`, `usergroups.users.list`.

use serde_json::{Value, json};

use super::{ApiError, Args, Slack, User};

impl Slack {
    /// Mail addresses are compared without regard to case; deactivated accounts are not found.
    pub(super) fn lookup_by_email(&self, args: &Args) -> Result<Value, ApiError> {
        let email = args.required("email")?;
        let is_it = |user: &&User| {
            !user.deleted && user.email.as_ref().is_some_and(|address| address.eq_ignore_ascii_case(&email))
        };
        let user = self.users.values().find(is_it).ok_or(ApiError::Refused("users_not_found"))?;
        Ok(json!({"ok": true, "user": self.user_json(user, true)}))
    }

    pub(super) fn user_info(&self, args: &Args, with_email: bool) -> Result<Value, ApiError> {
        let id = args.required("user")?;
        let user = self.users.get(&id).ok_or(ApiError::Refused("user_not_found"))?;
        Ok(json!({"ok": true, "user": self.user_json(user, with_email)}))
    }

    pub(super) fn group_members(&self, args: &Args) -> Result<Value, ApiError> {
        let id = args.required("usergroup")?;
        let members = self.user_groups.get(&id).ok_or(ApiError::Refused("no_such_subteam"))?;
        Ok(json!({"ok": true, "users": members}))
    }

    fn user_json(&self, user: &User, with_email: bool) -> Value {
        let mut profile = json!({"real_name": user.name, "display_name": user.name});
        if let Some(email) = user.email.as_ref().filter(|_| with_email) {
            profile["email"] = json!(email);
        }
        json!({
            "id": user.id,
            "team_id": self.team_id,
            "name": user.name,
            "real_name": user.name,
            "deleted": user.deleted,
            "is_bot": user.is_bot,
            "profile": profile,
        })
    }
}
