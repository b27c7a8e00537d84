//! What the functions printed.

use serde_json::Value;

use crate::Story;

impl Story {
    /// Everything that both functions printed.
    #[must_use]
    pub fn log(&self) -> String {
        let functions = [&self.system.poller, &self.system.responder];
        let lines: Vec<String> =
            functions.iter().flat_map(|function| function.logs().lines()).map(|line| line.text).collect();
        lines.join("\n")
    }

    /// The lines with which the poller ended its invocations, once there are as many as `wanted`.
    pub async fn ends(&self, wanted: usize) -> Vec<Value> {
        let is_end = |line: &str| line.contains("\"tick ended\"");
        let ends = || {
            let lines = self.system.poller.logs().lines();
            lines.iter().filter(|line| is_end(&line.text)).map(|line| line.text.clone()).collect::<Vec<_>>()
        };
        // A line may be read after the answer of its invocation.
        self.system.poller.logs().line(|_| ends().len() >= wanted).await;
        ends().iter().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}
