//! What the functions printed.

use std::time::{Duration, Instant};

use local::system::seed;
use serde_json::Value;

use crate::{PATIENCE, Story, lock};

impl Story {
    /// Everything that both functions printed.
    #[must_use]
    pub fn log(&self) -> String {
        let functions = [&self.system.poller, &self.system.responder];
        let lines: Vec<String> =
            functions.iter().flat_map(|function| function.logs().lines()).map(|line| line.text).collect();
        lines.join("\n")
    }

    /// Waits for a text in what the functions print: a line may be read after the answer of its invocation.
    ///
    /// # Panics
    /// It is not there within 20 s.
    pub async fn until_logged(&self, text: &str) {
        let begun = Instant::now();
        while !self.log().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "never {text:?}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// No secret is in what the functions printed so far, nor in any message.
    ///
    /// # Panics
    /// One is.
    pub fn assert_nothing_told(&self) {
        let mut told: Vec<String> = self.system.poller.logs().leaks();
        told.extend(self.system.responder.logs().leaks());
        let said: Vec<String> = {
            let slack = lock(&self.system.world.slack);
            let channel = slack.messages(seed::CHANNEL).into_iter().flat_map(|message| {
                let thread = slack.thread(seed::CHANNEL, &message.ts.to_string());
                thread.into_iter().chain([message]).map(|message| format!("{message:?}")).collect::<Vec<_>>()
            });
            let whispers = slack.users().flat_map(|user| slack.whispers(&user.id));
            channel.chain(whispers.map(|whisper| format!("{whisper:?}"))).collect()
        };
        let secret = |text: &String| Some(format!("{}: {text}", seed::secret_in(&self.system.world, text)?));
        told.extend(said.iter().filter_map(secret));
        assert!(told.is_empty(), "secrets were told:\n{}", told.join("\n"));
    }

    /// The lines with which the poller ended its invocations, once there are as many as `wanted`: a line may be read after
    /// the answer of its invocation.
    ///
    /// # Panics
    /// There are fewer after 20 s.
    pub async fn ends(&self, wanted: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let lines = self.system.poller.logs().lines();
            let ends: Vec<_> = lines.iter().filter(|line| line.text.contains("\"tick ended\"")).collect();
            if ends.len() >= wanted {
                return ends.iter().map(|line| serde_json::from_str(&line.text).expect("a line of JSON")).collect();
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {wanted} lines:\n{}", ends.len(), self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
