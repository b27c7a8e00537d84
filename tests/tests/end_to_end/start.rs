//! A configuration that is wrong ends both functions at the start, with all that is wrong with it, and without a panic.

use std::path::{Path, PathBuf};

use tests::{Story, binary};
use tokio::process::Command;

/// Runs a binary as Lambda does, until it gives up. The standard error, and whether it succeeded.
async fn start(name: &str, config: &Path) -> (String, bool) {
    let output = Command::new(binary(name))
        .env_clear()
        .env("PORTCULLIS_CONFIG", config)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
        .kill_on_drop(true)
        .output();
    let output =
        tokio::time::timeout(std::time::Duration::from_secs(30), output).await.expect("it ends").expect("it runs");
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.success())
}

fn bad() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/bad");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn every_error_of_a_file_is_told_at_once() {
    for file in bad() {
        let text = std::fs::read_to_string(&file).expect("a file");
        let keys = text.lines().filter_map(|line| line.strip_prefix("# error: ")).filter(|key| *key != "syntax");
        for name in ["poller", "responder"] {
            let (said, succeeded) = start(name, &file).await;
            assert!(!succeeded && !said.contains("panicked"), "{name} with {}:\n{said}", file.display());
            for key in keys.clone() {
                assert!(said.contains(key), "{name} with {} does not name {key}:\n{said}", file.display());
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let (said, succeeded) = start("poller", Path::new("/nowhere/config.toml")).await;
    assert!(!succeeded && said.contains("/nowhere/config.toml"), "{said}");
}

#[tokio::test]
async fn every_secret_that_is_missing_is_named() {
    let story = Story::begin().await;
    let (said, succeeded) = start("responder", &story.config_path()).await;
    assert!(!succeeded && !said.contains("panicked"), "{said}");
    for key in ["slack.bot_token", "slack.signing_secrets"] {
        assert!(said.contains(key), "{key}:\n{said}");
    }
    let (said, _) = start("poller", &story.config_path()).await;
    assert!(said.contains("slack.bot_token") && !said.contains("slack.signing_secrets"), "{said}");
}

#[tokio::test]
async fn a_function_that_cannot_start_is_an_error_to_whoever_invokes_it() {
    let story = Story::begin().await;
    std::fs::write(story.config_path(), "[accounts]\n").expect("config.toml");
    let error = story.try_tick("poll").await.expect_err("an error").to_string();
    assert!(error.contains("portcullis-poller"), "{error}");
}
