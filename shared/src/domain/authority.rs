//! Who may decide.
//!
//! Entitlement is a list of people and user groups. Besides, nobody approves an opening of their own; a Deny of one's own
//! is welcome. Whatever can't be found out counts against the click.

use super::{
    change::Actor,
    click::Button,
    ids::{AppId, SlackUserId, TeamId},
    request::Requester,
};

/// Whether somebody is on the list of those who may decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Approver,
    /// No.
    Stranger,
    /// A user group could not be read.
    Unknown,
}

/// Who opened it, as far as could be found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opener {
    /// This person in Slack.
    Person(SlackUserId),
    /// Nobody in Slack is known to be that.
    Nobody,
    /// Slack did not answer.
    Unknown,
}

/// Why a click is refused. The text is what the person is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// Another workspace.
    #[error("This click came from another Slack workspace ({0}) than Portcullis is set up for. Nothing was changed.")]
    OtherTeam(String),
    /// Another app.
    #[error("This click came from another Slack app ({0}) than Portcullis is set up for. Nothing was changed.")]
    OtherApp(String),
    /// Not an approver.
    #[error("You are not among the people who may decide here. Nothing was changed. Ask one of the approvers.")]
    NotAnApprover,
    /// Their own opening.
    #[error("You opened this, so somebody else has to approve it. You may deny it.")]
    OwnOpening,
    /// The user group could not be read.
    #[error("Slack did not tell who may decide, so nothing was changed. Please try again.")]
    GroupUnreadable,
    /// Slack did not tell who opened it.
    #[error("Slack did not tell who opened this, so nothing was changed. Please try again.")]
    OpenerUnreadable,
}

/// Whether the click comes from the workspace and the app that are configured, where they are.
///
/// # Errors
/// It does not. A click that does not say counts as another.
pub fn check_origin(
    expected: (Option<&TeamId>, Option<&AppId>),
    got: (Option<&TeamId>, Option<&AppId>),
) -> Result<(), NotAllowed> {
    let said = |id: Option<String>| id.unwrap_or_else(|| "not said".to_owned());
    if expected.0.is_some() && expected.0 != got.0 {
        return Err(NotAllowed::OtherTeam(said(got.0.map(ToString::to_string))));
    }
    if expected.1.is_some() && expected.1 != got.1 {
        return Err(NotAllowed::OtherApp(said(got.1.map(ToString::to_string))));
    }
    Ok(())
}

/// Whether a click needs to know who made the opening: only an Approve does, and only where one's own is not allowed.
#[must_use]
pub fn needs_opener(button: Button, requester_may_approve: bool) -> bool {
    match button {
        Button::Approve => !requester_may_approve,
        Button::Deny | Button::Retry => false,
    }
}

/// Whether this person may do this; `opener` is `None` where [`needs_opener`] says that it does not matter.
///
/// # Errors
/// They may not; the reason is what they are told.
pub fn judge(user: &SlackUserId, standing: &Standing, opener: Option<&Opener>) -> Result<Requester, NotAllowed> {
    match standing {
        Standing::Approver => {}
        Standing::Stranger => return Err(NotAllowed::NotAnApprover),
        Standing::Unknown => return Err(NotAllowed::GroupUnreadable),
    }
    match opener {
        None => Ok(Requester::NotAsked),
        Some(Opener::Person(person)) if person == user => Err(NotAllowed::OwnOpening),
        Some(Opener::Person(person)) => Ok(Requester::Known(person.clone())),
        Some(Opener::Nobody) => Ok(Requester::NotIdentified),
        Some(Opener::Unknown) => Err(NotAllowed::OpenerUnreadable),
    }
}

/// What identifies the actor to Slack: an SSO user name, or an ARN. A bare session name never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// A person of IAM Identity Center.
    SsoUser {
        /// The user name.
        name: &'a str,
        /// The session's full ARN.
        arn: &'a str,
    },
    /// The full ARN of an IAM user or of an assumed role's session.
    Arn(&'a str),
    /// Nothing that could be trusted.
    None,
}

/// What identifies this actor.
#[must_use]
pub fn identity(actor: &Actor) -> Identity<'_> {
    match actor {
        Actor::SsoUser { user_name, arn, .. } => Identity::SsoUser { name: user_name, arn },
        Actor::IamUser { arn: Some(arn), .. } | Actor::RoleSession { arn, .. } => Identity::Arn(arn),
        Actor::IamUser { arn: None, .. } | Actor::Root { .. } | Actor::Service { .. } | Actor::Other { .. } => {
            Identity::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str) -> SlackUserId {
        SlackUserId::parse(id).expect("a user id")
    }

    #[test]
    fn nobody_approves_their_own_opening() {
        let own = Opener::Person(user("U0ALICE00"));
        assert_eq!(judge(&user("U0ALICE00"), &Standing::Approver, Some(&own)), Err(NotAllowed::OwnOpening));
        assert_eq!(judge(&user("U0BOB0000"), &Standing::Approver, Some(&own)), Ok(Requester::Known(user("U0ALICE00"))));
    }

    #[test]
    fn a_deny_of_ones_own_is_welcome() {
        assert!(!needs_opener(Button::Deny, false));
        assert!(!needs_opener(Button::Retry, false));
        assert!(needs_opener(Button::Approve, false));
        assert!(!needs_opener(Button::Approve, true));
        assert_eq!(judge(&user("U0ALICE00"), &Standing::Approver, None), Ok(Requester::NotAsked));
    }

    #[test]
    fn what_cannot_be_found_out_counts_against_the_click() {
        assert_eq!(judge(&user("U0BOB0000"), &Standing::Unknown, None), Err(NotAllowed::GroupUnreadable));
        assert_eq!(judge(&user("U0BOB0000"), &Standing::Stranger, None), Err(NotAllowed::NotAnApprover));
        assert_eq!(
            judge(&user("U0BOB0000"), &Standing::Approver, Some(&Opener::Unknown)),
            Err(NotAllowed::OpenerUnreadable)
        );
    }

    #[test]
    fn somebody_unknown_to_slack_does_not_block_the_decision() {
        assert_eq!(judge(&user("U0BOB0000"), &Standing::Approver, Some(&Opener::Nobody)), Ok(Requester::NotIdentified));
    }

    #[test]
    fn a_click_that_does_not_say_its_workspace_is_from_another() {
        let team = TeamId::parse("T0123456789").expect("a team id");
        assert!(check_origin((Some(&team), None), (None, None)).is_err());
        assert!(check_origin((Some(&team), None), (Some(&team), None)).is_ok());
        assert!(check_origin((None, None), (None, None)).is_ok());
        assert!(check_origin((None, None), (Some(&team), None)).is_ok(), "any workspace, where none is configured");
    }

    #[test]
    fn a_click_on_another_apps_button_is_refused_and_one_on_ours_is_not() {
        let [ours, other] = ["A0123456789", "A0000000666"].map(|id| AppId::parse(id).expect("an app id"));
        assert!(check_origin((None, Some(&ours)), (None, Some(&ours))).is_ok());
        for got in [Some(&other), None] {
            assert!(matches!(check_origin((None, Some(&ours)), (None, got)), Err(NotAllowed::OtherApp(_))));
        }
        assert!(check_origin((None, None), (None, Some(&other))).is_ok());
    }
}
