//! No secret is in any line that the functions print, nor in any message that they post.

use chrono::TimeDelta;
use local::{
    system::{
        config::Delivery,
        seed::{self, Opener},
    },
    world::faults::Fault,
};
use tests::{BOB, MALLORY, Story, ssh};

/// An evening with every kind of trouble.
async fn troubled(story: &Story) {
    let web = story.group("web");
    let faults = [Fault::ServerError, Fault::DropBefore, Fault::Throttle, Fault::Denied];
    story.open(Opener::Alice, &web, ssh());
    for fault in faults {
        for service in ["slack", "ec2", "sts", "lake", "dynamodb"] {
            story.fault(service, "*", fault, Some(4));
            let _ = story.try_tick("poll").await;
            story.no_faults();
            story.time_passes(TimeDelta::minutes(10)).await;
        }
    }
    story.poll().await;
    for (who, button) in [(MALLORY, "deny"), (BOB, "deny")] {
        for fault in faults {
            let click = story.press(who, button);
            story.fault("slack", "*", fault, Some(4));
            story.fault("ec2", "*", fault, Some(4));
            story.deliver_click(&click).await;
            story.system.idle().await;
            story.no_faults();
            story.time_passes(TimeDelta::minutes(10)).await;
            if story.cards().last().is_some_and(|card| !card.buttons.iter().any(|has| has == button)) {
                break;
            }
        }
    }
    story.sweep().await;
}

/// Every story ends with the look for secrets; this one also waits for the last line, and wants no address either.
async fn assert_kept(story: &Story, addresses: &[&str]) {
    story.kill().await;
    let log = story.log();
    assert!(log.contains("tick ended"));
    for address in addresses {
        assert!(!log.contains(address), "{address} was told:\n{log}");
    }
    story.assert_nothing_told();
}

#[tokio::test]
async fn by_bot_token() {
    let story = Story::with(|options| options.environment.push(("RUST_LOG".to_owned(), "debug".to_owned()))).await;
    troubled(&story).await;
    assert_kept(&story, &["/actions/"]).await;
}

#[tokio::test]
async fn by_webhook() {
    let story = Story::with(|options| {
        options.config.delivery = Delivery::Webhook;
        options.environment.push(("RUST_LOG".to_owned(), "debug".to_owned()));
    })
    .await;
    troubled(&story).await;
    assert_kept(&story, &["/services/", "/actions/"]).await;
}

#[tokio::test]
async fn the_look_for_secrets_finds_each_of_them() {
    let story = Story::with(|options| options.config.delivery = Delivery::Webhook).await;
    story.open(Opener::Alice, &story.group("web"), ssh());
    story.poll().await;
    let click = story.press(BOB, "deny");
    story.deliver_click(&click).await;
    story.system.idle().await;
    let world = &story.system.world;
    let environment = &story.system.poller.spec().environment;
    for (secret, name) in [
        (seed::SIGNING_SECRET, "the signing secret"),
        (seed::BOT_TOKEN, "a token"),
        (&environment["SLACK_WEBHOOK_URL"], "a webhook"),
        (&environment["AWS_SECRET_ACCESS_KEY"], "the functions' secret access key"),
        (&environment["AWS_SESSION_TOKEN"], "the functions' session token"),
        (click.response_url(), "a response_url"),
        (click.trigger_id(), "a trigger_id"),
    ] {
        assert_eq!(seed::secret_in(world, &format!("so it said {secret}.")), Some(name));
    }
    assert_eq!(seed::secret_in(world, &story.log()), None);
}
