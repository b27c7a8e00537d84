//! Who may decide, and what one click comes to.

use chrono::TimeDelta;
use local::{
    system::{
        config::ConfigFile,
        seed::{Opener, USER_GROUP},
    },
    world::faults::Fault,
};
use shared::{
    domain::{
        ids::RequestId,
        request::{Requester, State},
    },
    flows::decide::{After, decide},
};
use simulation::fakes::{BOB, CAROL, MALLORY, Run, ssh};

fn groups_too() -> ConfigFile {
    ConfigFile {
        approvers: vec![BOB.to_owned()],
        approver_groups: vec![USER_GROUP.to_owned()],
        ..ConfigFile::default()
    }
}

async fn asked_by(opener: Opener) -> (Run, RequestId) {
    let run = Run::with(groups_too());
    let id = run.open_as(opener, &run.group("web"), vec![ssh("203.0.113.0/24")]);
    run.tick().await;
    (run, id)
}

fn told(after: After) -> String {
    match after {
        After::Tell(whisper) => whisper.text,
        After::Work { request, .. } => panic!("it was decided: {:?}", request.state),
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_decide_what() {
    let allowed = [
        (BOB, "approve", Opener::Alice),
        (BOB, "deny", Opener::Alice),
        (CAROL, "approve", Opener::Alice),
        (CAROL, "deny", Opener::Pipeline),
        (BOB, "approve", Opener::IamUser),
        (BOB, "approve", Opener::Pipeline),
        (CAROL, "approve", Opener::Bob),
        (BOB, "deny", Opener::Bob),
    ];
    for (user, button, opener) in allowed {
        let (run, id) = asked_by(opener).await;
        let after = run.click(user, button, &id).await;
        assert!(matches!(after, After::Work { .. }), "{user} {button} {opener:?}: {after:?}");
    }
    let refused =
        [(MALLORY, "approve", Opener::Alice), (MALLORY, "deny", Opener::Alice), (BOB, "approve", Opener::Bob)];
    for (user, button, opener) in refused {
        let (run, id) = asked_by(opener).await;
        let after = run.click(user, button, &id).await;
        assert!(matches!(after, After::Tell(_)), "{user} {button} {opener:?}: {after:?}");
        run.after(after).await;
        assert_eq!((run.state(&id), run.headline(&id)), (State::Pending, "Approval needed".to_owned()));
        assert_eq!(run.world().slack.lock().expect("Slack").whispers(user).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_may_approve_their_own_where_the_configuration_says_so() {
    let run = Run::with(ConfigFile { requester_may_approve: true, ..groups_too() });
    let id = run.open_as(Opener::Bob, &run.group("web"), vec![ssh("203.0.113.0/24")]);
    run.tick().await;
    run.click(BOB, "approve", &id).await;
    assert_eq!(run.state(&id), State::Approved);
}

#[tokio::test(start_paused = true)]
async fn the_decision_says_whether_the_opener_is_known_in_slack() {
    for (opener, requester) in [
        (Opener::Alice, Requester::Known("U0ALICE0001".parse().expect("a user"))),
        (Opener::IamUser, Requester::NotIdentified),
    ] {
        let (run, id) = asked_by(opener).await;
        run.click(BOB, "approve", &id).await;
        assert_eq!(run.stored(&id).decision.expect("a decision").requester, requester);
    }
}

#[tokio::test(start_paused = true)]
async fn the_members_of_a_user_group_are_remembered_for_five_minutes_and_no_longer() {
    let (run, id) = asked_by(Opener::Pipeline).await;
    let second = run.open(&run.group("batch"), ssh("203.0.113.0/24"));
    let third = run.open(&run.group("database"), ssh("203.0.113.0/24"));
    run.tick().await;
    run.click(CAROL, "deny", &id).await;
    run.world().slack.lock().expect("Slack").set_user_group(USER_GROUP, &[]);
    run.wait(TimeDelta::minutes(4)).await;
    run.click(CAROL, "deny", &second).await;
    assert_eq!((run.state(&second), run.outside.made("chat", "members").len()), (State::Denied, 1));
    run.wait(TimeDelta::minutes(1)).await;
    told(run.click(CAROL, "deny", &third).await);
    assert_eq!((run.state(&third), run.outside.made("chat", "members").len()), (State::Pending, 2));
}

#[tokio::test(start_paused = true)]
async fn where_slack_does_not_tell_who_somebody_is_the_click_is_refused() {
    for (user, method) in [(CAROL, "members"), (BOB, "person")] {
        for fault in [Fault::Throttle, Fault::ServerError, Fault::DropBefore, Fault::Denied] {
            let (run, id) = asked_by(Opener::Alice).await;
            run.world().faults.set("chat", method, fault, Some(1));
            let told = told(run.click(user, "approve", &id).await);
            assert!(told.to_lowercase().contains("again"), "{method} {fault:?}: {told}");
            assert_eq!(run.state(&id), State::Pending);
            run.click(user, "approve", &id).await;
            assert_eq!(run.state(&id), State::Approved, "{method} {fault:?}: the second time it works");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_clicks_at_the_same_moment_one_decides_and_the_other_is_told_who() {
    let (run, id) = asked_by(Opener::Pipeline).await;
    let clicks = (run.clicked(BOB, "approve", &id), run.clicked(CAROL, "deny", &id));
    let (bob, carol) = futures::join!(
        decide(&run.portcullis, &run.members, clicks.0),
        decide(&run.portcullis, &run.members, clicks.1)
    );
    let (bob, carol) = (bob.expect("an answer"), carol.expect("an answer"));
    let decision = run.stored(&id).decision.expect("a decision");
    let loser = if decision.by.as_str() == BOB { carol } else { bob };
    let told = told(loser);
    assert!(told.contains(decision.by.as_str()), "{told}");
    let decided = matches!(run.state(&id), State::Approved | State::Denied);
    assert!(decided, "{:?}", run.state(&id));
}

#[tokio::test(start_paused = true)]
async fn a_decision_whose_answer_was_lost_is_still_the_clickers_own() {
    let (run, id) = asked_by(Opener::Alice).await;
    run.world().faults.set("store", "commit", Fault::DropAfter, Some(1));
    let after = run.click(BOB, "deny", &id).await;
    run.after(after).await;
    assert_eq!(run.state(&id), State::Reverted);
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_is_not_known_to_be_stored_is_an_error() {
    let (run, id) = asked_by(Opener::Alice).await;
    run.world().faults.set("store", "commit", Fault::DropBefore, None);
    let click = run.clicked(BOB, "deny", &id);
    decide(&run.portcullis, &run.members, click).await.expect_err("nothing is known");
    assert_eq!(run.state(&id), State::Pending);
}
