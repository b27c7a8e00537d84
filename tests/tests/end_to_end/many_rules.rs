//! As many rules as a call can open.

use local::{system::seed::Opener, world::ec2::Permission};
use tests::{BOB, Story};

#[tokio::test]
async fn five_hundred_rules_are_all_listed_and_all_taken_back() {
    let story = Story::begin().await;
    let web = story.group("web");
    let before = story.rules(&web);
    let all = (0..500).fold(Permission::new("tcp", 22, 22), |permission, at| {
        permission.from_ipv4(&format!("198.18.{}.{}/32", at / 250, at % 250), None)
    });
    story.open(Opener::Alice, &web, all);
    story.poll().await;
    let card = story.card();
    assert!(card.text.contains("500 rules"), "{card:#?}");
    let listed = story.thread().join("\n");
    for at in [0, 1, 249, 250, 499] {
        let source = format!("198.18.{}.{}/32", at / 250, at % 250);
        assert!(listed.contains(&source), "{source} is not in the thread:\n{listed}");
    }
    assert_eq!(listed.matches("198.18.").count(), 500);

    story.click(BOB, "deny").await;
    story.system.idle().await;
    assert_eq!(story.rules(&web), before, "{}", story.log());
    assert!(story.card().header.starts_with("Reverted"), "{:#?}", story.card());
    assert_eq!(story.item().await.state(), "Reverted");
}
