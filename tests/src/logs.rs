//! What the functions printed.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{PATIENCE, Story};

impl Story {
    /// Everything that both functions printed.
    #[must_use]
    pub fn log(&self) -> String {
        let functions = [&self.system.poller, &self.system.responder];
        let lines: Vec<String> =
            functions.iter().flat_map(|function| function.logs().lines()).map(|line| line.text).collect();
        lines.join("\n")
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
