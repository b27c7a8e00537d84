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
async fn troubled(story: &Story) -> Vec<String> {
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
    let mut reply_urls = Vec::new();
    for (who, button) in [(MALLORY, "deny"), (BOB, "deny")] {
        for fault in faults {
            let click = story.press(who, button);
            reply_urls.push(click.response_url().to_owned());
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
    reply_urls
}

fn assert_kept(story: &Story, secrets: &[String]) {
    let slack = story.system.world.slack.lock().expect("Slack");
    let said: Vec<String> = slack.messages(seed::CHANNEL).iter().map(|message| format!("{message:?}")).collect();
    let whispered: Vec<String> =
        [BOB, MALLORY].iter().flat_map(|user| slack.whispers(user)).map(|whisper| format!("{whisper:?}")).collect();
    drop(slack);
    let all = format!("{}\n{}\n{}", story.log(), said.join("\n"), whispered.join("\n"));
    assert!(all.contains("tick ended"));
    for secret in secrets {
        let found = all.find(secret.as_str()).map(|at| &all[at.saturating_sub(300)..(at + 100).min(all.len())]);
        assert_eq!(found, None, "{secret} was told");
    }
}

#[tokio::test]
async fn by_bot_token() {
    let story = Story::with(|options| options.environment.push(("RUST_LOG".to_owned(), "debug".to_owned()))).await;
    let mut secrets = troubled(&story).await;
    secrets.extend([seed::BOT_TOKEN, seed::SIGNING_SECRET].map(str::to_owned));
    assert_kept(&story, &secrets);
}

#[tokio::test]
async fn by_webhook() {
    let story = Story::with(|options| {
        options.config.delivery = Delivery::Webhook;
        options.environment.push(("RUST_LOG".to_owned(), "debug".to_owned()));
    })
    .await;
    let mut secrets = troubled(&story).await;
    secrets.push(seed::SIGNING_SECRET.to_owned());
    secrets.push(story.system.poller.spec().environment["SLACK_WEBHOOK_URL"].clone());
    secrets.push("/services/".to_owned());
    secrets.push("/actions/".to_owned());
    assert_kept(&story, &secrets);
}
