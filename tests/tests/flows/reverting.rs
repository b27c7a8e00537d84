//! From a Deny to rules that are gone, and seen to be gone.

use shared::domain::request::State;
use tests::fakes::{Run, ssh};

#[tokio::test(start_paused = true)]
async fn an_opening_is_denied_and_gone() {
    for name in ["bastion", "web"] {
        let run = Run::new();
        let group = run.group(name);
        let before = run.ingress(&group);
        let id = run.open(&group, ssh("0.0.0.0/0"));
        let report = run.tick().await;
        assert_eq!((report.new, report.cards_posted), (1, 1));
        assert_eq!(run.headline(&id), "Approval needed");
        run.deny(&id).await;
        assert_eq!(run.state(&id), State::Reverted);
        assert_eq!(run.ingress(&group), before);
        assert_eq!(run.headline(&id), "Reverted");
        assert_eq!(run.sweep().await.due, 0);
    }
}
