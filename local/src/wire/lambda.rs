//! Lambda on one machine: functions whose code is a process that speaks the Runtime API.
//!
//! As in Lambda, a function has sandboxes. An invocation takes an idle one, or a new one where none is idle. The caller
//! has its answer as soon as it is posted; the sandbox is idle again when it asks for its next event, and may work in
//! between. A sandbox that overruns the function's time-out, or is killed, is gone; the next invocation starts another.
//!
//! Where this differs from Lambda: an idle process is not frozen, and nothing is retried by the emulator itself.

mod logs;
mod runtime_api;
mod sandbox;

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{oneshot, watch};

pub use self::logs::{LogLine, Logs, Stream, Tells};
use self::sandbox::{Invocation, Sandbox};

/// A task that plays a function's process, given the address of its Runtime API: for tests within one process.
pub type Task = Arc<dyn Fn(SocketAddr) -> BoxFuture<'static, ()> + Send + Sync>;

/// What a sandbox runs.
#[derive(Clone)]
pub enum Code {
    /// An executable.
    Binary(PathBuf),
    /// A task of this process.
    Task(Task),
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary(path) => f.debug_tuple("Binary").field(path).finish(),
            Self::Task(_) => f.write_str("Task"),
        }
    }
}

/// A function's configuration.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// What it runs.
    pub code: Code,
    /// How long one invocation may take, work after the answer included.
    pub timeout: Duration,
    /// The account it stands in; for its ARN.
    pub account: String,
    /// Its region; for its ARN and `AWS_REGION`.
    pub region: String,
    /// Environment beyond what Lambda sets by itself. Nothing else of this process's environment is handed on.
    pub environment: BTreeMap<String, String>,
    /// Where every line that it prints is written as well.
    pub log_file: Option<PathBuf>,
}

/// Why an invocation has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// The process could not be started: build the binary, or correct its path.
    #[error("function {function} could not be started: {reason}")]
    NotStarted {
        /// The function.
        function: String,
        /// What the operating system said.
        reason: String,
    },
    /// The function reported an error while it started.
    #[error("function {function} failed to initialize: {error}")]
    InitFailed {
        /// The function.
        function: String,
        /// The body that it posted.
        error: Value,
    },
    /// The function posted an error instead of an answer.
    #[error("function {function} answered with an error: {error}")]
    Answered {
        /// The function.
        function: String,
        /// The body that it posted: `errorType`, `errorMessage`.
        error: Value,
    },
    /// The process ended before it answered: read its log.
    #[error("function {function} ended before it answered: {status}")]
    Exited {
        /// The function.
        function: String,
        /// How the process ended.
        status: String,
    },
    /// It took longer than the function's time-out, and was killed.
    #[error("function {function} timed out after {timeout:?}")]
    TimedOut {
        /// The function.
        function: String,
        /// Its time-out.
        timeout: Duration,
    },
    /// It was killed by [`Function::kill`].
    #[error("function {function} was killed")]
    Killed {
        /// The function.
        function: String,
    },
}

/// The invocation of a function that ended last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When it was answered, or failed.
    pub at: DateTime<Utc>,
    /// Why it has no answer.
    pub error: Option<String>,
}

/// A function. Clones are the same function.
#[derive(Clone, Debug)]
pub struct Function {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    spec: Spec,
    sandboxes: Mutex<Vec<Arc<Sandbox>>>,
    /// Touched whenever a sandbox changes its phase.
    changed: watch::Sender<()>,
    logs: Arc<Logs>,
    last: Mutex<Option<Ended>>,
    /// Whether the sandbox that answers next is killed.
    doomed: Arc<AtomicBool>,
}

impl Function {
    /// A function without a sandbox; the first invocation starts one.
    ///
    /// # Errors
    /// The log file cannot be opened.
    pub fn new(spec: Spec) -> std::io::Result<Self> {
        let logs = Arc::new(Logs::new(spec.log_file.as_deref())?);
        Ok(Self {
            inner: Arc::new(Inner {
                spec,
                sandboxes: Mutex::default(),
                changed: watch::Sender::new(()),
                logs,
                last: Mutex::default(),
                doomed: Arc::default(),
            }),
        })
    }

    /// Its configuration.
    pub fn spec(&self) -> &Spec {
        &self.inner.spec
    }

    /// What it has printed.
    pub fn logs(&self) -> &Logs {
        &self.inner.logs
    }

    /// Invokes the function and gives its answer as soon as that is posted.
    ///
    /// # Errors
    /// [`FunctionError`]; whatever the function did before it failed stays done.
    pub async fn invoke(&self, payload: Value) -> Result<Value, FunctionError> {
        let answer = self.answer(payload).await;
        let ended = Ended { at: Utc::now(), error: answer.as_ref().err().map(ToString::to_string) };
        *self.inner.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
        answer
    }

    async fn answer(&self, payload: Value) -> Result<Value, FunctionError> {
        let (answer, answered) = oneshot::channel();
        let invocation = Invocation { id: uuid::Uuid::new_v4().to_string(), payload, answer };
        self.claim().await?.hand_over(invocation);
        answered.await.unwrap_or_else(|_| Err(FunctionError::Killed { function: self.inner.spec.name.clone() }))
    }

    /// A sandbox that is claimed for one invocation.
    async fn claim(&self) -> Result<Arc<Sandbox>, FunctionError> {
        if let Some(idle) = self.sandboxes().iter().find(|sandbox| sandbox.claim()) {
            return Ok(Arc::clone(idle));
        }
        let Inner { spec, changed, logs, doomed, .. } = &*self.inner;
        let sandbox = Sandbox::start(spec, changed, logs, doomed).await?;
        let mut sandboxes = self.sandboxes();
        sandboxes.retain(|sandbox| sandbox.is_alive());
        sandboxes.push(Arc::clone(&sandbox));
        Ok(sandbox)
    }

    /// Resolves when no sandbox is at work: every invocation has been answered and its work after the answer is done.
    pub async fn idle(&self) {
        self.wait_until(|sandboxes| sandboxes.iter().all(|sandbox| !sandbox.is_busy())).await;
    }

    /// Whether a sandbox is at work.
    pub fn is_busy(&self) -> bool {
        self.sandboxes().iter().any(|sandbox| sandbox.is_busy())
    }

    /// The invocation that ended last, whatever came of it.
    pub fn last(&self) -> Option<Ended> {
        self.inner.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many sandboxes exist, idle or busy.
    pub fn sandbox_count(&self) -> usize {
        self.sandboxes().iter().filter(|sandbox| sandbox.is_alive()).count()
    }

    /// Kills every sandbox (SIGKILL) and resolves when they are gone; one that is started meanwhile stays. Invocations under
    /// way fail with [`FunctionError::Killed`].
    pub async fn kill(&self) {
        let killed = self.sandboxes().clone();
        for sandbox in &killed {
            sandbox.kill(FunctionError::Killed { function: self.inner.spec.name.clone() });
        }
        self.wait_until(|_| killed.iter().all(|sandbox| !sandbox.is_alive())).await;
    }

    /// Kills (SIGKILL) the sandbox that answers next, once: its caller has the answer, and nothing that the function does
    /// after its answer is begun. `false` takes that back.
    pub fn kill_after_next_answer(&self, kill: bool) {
        self.inner.doomed.store(kill, Ordering::SeqCst);
    }

    /// Whether the sandbox that answers next will be killed.
    pub fn is_doomed(&self) -> bool {
        self.inner.doomed.load(Ordering::SeqCst)
    }

    async fn wait_until(&self, holds: impl Fn(&[Arc<Sandbox>]) -> bool) {
        let mut changes = self.inner.changed.subscribe();
        loop {
            changes.borrow_and_update();
            if holds(&self.sandboxes()) {
                return;
            }
            // The sender lives as long as `self`, so a change can always come.
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn sandboxes(&self) -> MutexGuard<'_, Vec<Arc<Sandbox>>> {
        self.inner.sandboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for sandbox in self.sandboxes.get_mut().unwrap_or_else(PoisonError::into_inner) {
            sandbox.kill(FunctionError::Killed { function: self.spec.name.clone() });
        }
    }
}

#[cfg(test)]
mod tests;
