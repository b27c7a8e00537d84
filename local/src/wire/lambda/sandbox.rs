//! One sandbox: a process, its Runtime API, and where it is in an invocation.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{oneshot, watch},
};

use super::{Code, FunctionError, Logs, Spec, Stream, runtime_api};

/// Lambda allows 10 s; binaries without optimization on a busy machine get more.
const INIT_LIMIT: Duration = Duration::from_secs(60);

/// What a function answers.
pub(super) type Answer = Result<Value, FunctionError>;

/// An event on its way into a sandbox.
#[derive(Debug)]
pub(super) struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub(super) id: String,
    /// The event.
    pub(super) payload: Value,
    /// Where the answer goes.
    pub(super) answer: oneshot::Sender<Answer>,
}

/// What became of an answer that a process posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receipt {
    /// The caller has it.
    Accepted,
    /// The caller has it, and the process is being killed: it must not hear of it.
    AsItsLast,
    /// The process does not work on that event, or has answered it before.
    Unknown,
}

/// Where a sandbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It waits for an event.
    Idle,
    /// An invocation has claimed it; it starts, or works on the event.
    Invoked,
    /// It has answered and has not asked for its next event.
    Answered,
    /// Its process is gone.
    Dead,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Whether the process has asked for its first event.
    has_asked: bool,
    /// The event that it works on; the answer is taken when it is posted.
    current: Option<(String, Option<oneshot::Sender<Answer>>)>,
    /// The event that the process has not fetched yet.
    waiting: Option<Invocation>,
    /// Why it was killed, where it was.
    verdict: Option<FunctionError>,
}

/// A sandbox of a function.
#[derive(Debug)]
pub(super) struct Sandbox {
    pub(super) function: String,
    pub(super) arn: String,
    pub(super) timeout: Duration,
    state: Mutex<State>,
    changed: watch::Sender<()>,
    kill: watch::Sender<bool>,
    /// The function's: whether the sandbox that answers next is killed.
    doomed: Arc<AtomicBool>,
}

impl Sandbox {
    /// Starts a process with a Runtime API of its own. It is claimed by whoever started it.
    pub(super) async fn start(
        spec: &Spec,
        changed: &watch::Sender<()>,
        logs: &Arc<Logs>,
        doomed: &Arc<AtomicBool>,
    ) -> Result<Arc<Self>, FunctionError> {
        let not_started = |reason: std::io::Error| FunctionError::NotStarted {
            function: spec.name.clone(),
            reason: reason.to_string(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(not_started)?;
        let address = listener.local_addr().map_err(not_started)?;
        let sandbox = Arc::new(Self {
            function: spec.name.clone(),
            arn: format!("arn:aws:lambda:{}:{}:function:{}", spec.region, spec.account, spec.name),
            timeout: spec.timeout,
            state: Mutex::new(State {
                phase: Phase::Invoked,
                has_asked: false,
                current: None,
                waiting: None,
                verdict: None,
            }),
            changed: changed.clone(),
            kill: watch::Sender::new(false),
            doomed: Arc::clone(doomed),
        });
        let process = match &spec.code {
            Code::Binary(path) => {
                let child = command(path, spec, address).spawn().map_err(|error| FunctionError::NotStarted {
                    function: spec.name.clone(),
                    reason: format!("{}: {error}", path.display()),
                })?;
                Process::Child(child)
            }
            Code::Task(task) => Process::Task(tokio::spawn(task(address))),
        };
        let server = tokio::spawn(axum::serve(listener, runtime_api::router(Arc::clone(&sandbox))).into_future());
        tokio::spawn(Arc::clone(&sandbox).keep(process, Arc::clone(logs), server.abort_handle()));
        tokio::spawn(Arc::clone(&sandbox).limit_init());
        Ok(sandbox)
    }

    /// Takes the sandbox for an invocation, if it is idle.
    pub(super) fn claim(&self) -> bool {
        let mut state = self.lock();
        let idle = state.phase == Phase::Idle && state.verdict.is_none();
        if idle {
            state.phase = Phase::Invoked;
        }
        idle
    }

    /// Gives a claimed sandbox its event. Where the sandbox has died since, that is the answer.
    pub(super) fn hand_over(&self, invocation: Invocation) {
        let mut state = self.lock();
        match (state.phase, &state.verdict) {
            (Phase::Dead, Some(verdict)) => {
                let _ = invocation.answer.send(Err(verdict.clone()));
            }
            (Phase::Dead | Phase::Idle | Phase::Invoked | Phase::Answered, _) => state.waiting = Some(invocation),
        }
        drop(state);
        self.changed.send_replace(());
    }

    pub(super) fn is_alive(&self) -> bool {
        self.lock().phase != Phase::Dead
    }

    pub(super) fn is_busy(&self) -> bool {
        matches!(self.lock().phase, Phase::Invoked | Phase::Answered)
    }

    /// Kills the process; its invocation, if any, ends with this error.
    pub(super) fn kill(&self, verdict: FunctionError) {
        self.lock().verdict.get_or_insert(verdict);
        self.kill.send_replace(true);
    }

    /// The process asks for its next event: the one before is over. `None` when the sandbox is to end.
    pub(super) async fn next(self: &Arc<Self>) -> Option<(String, Value)> {
        self.lock().has_asked = true;
        self.changed.send_replace(());
        self.finish();
        let mut changes = self.changed.subscribe();
        loop {
            changes.borrow_and_update();
            if !self.is_alive() {
                return None;
            }
            if let Some((id, payload)) = self.fetch() {
                tokio::spawn(Arc::clone(self).limit(id.clone()));
                return Some((id, payload));
            }
            changes.changed().await.ok()?;
        }
    }

    fn fetch(&self) -> Option<(String, Value)> {
        let mut state = self.lock();
        let Invocation { id, payload, answer } = state.waiting.take()?;
        state.current = Some((id.clone(), Some(answer)));
        Some((id, payload))
    }

    fn finish(&self) {
        let mut state = self.lock();
        let Some((_, answer)) = state.current.take() else {
            // Just started, or asking again: an event that waits stays claimed.
            return;
        };
        if let Some(answer) = answer {
            let status = "it asked for its next event without an answer".to_owned();
            let _ = answer.send(Err(FunctionError::Exited { function: self.function.clone(), status }));
        }
        if state.phase != Phase::Dead {
            state.phase = Phase::Idle;
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// The process posts its answer.
    pub(super) fn answer(&self, id: &str, result: Answer) -> Receipt {
        let mut state = self.lock();
        let answer = match &mut state.current {
            Some((current, answer)) if current == id => answer.take(),
            Some(_) | None => None,
        };
        let Some(answer) = answer else { return Receipt::Unknown };
        let last = result.is_ok() && self.doomed.swap(false, Ordering::SeqCst);
        state.phase = Phase::Answered;
        // The caller may have stopped waiting; the function's work counts all the same.
        let _ = answer.send(result);
        drop(state);
        self.changed.send_replace(());
        if last {
            self.kill(FunctionError::Killed { function: self.function.clone() });
            return Receipt::AsItsLast;
        }
        Receipt::Accepted
    }

    /// The process says that it cannot start.
    pub(super) fn init_failed(&self, error: Value) {
        self.kill(FunctionError::InitFailed { function: self.function.clone(), error });
    }

    /// Kills the process if it is still at work on this event when the time-out is over.
    async fn limit(self: Arc<Self>, id: String) {
        let working = |sandbox: &Self| matches!(&sandbox.lock().current, Some((current, _)) if *current == id);
        if self.still(self.timeout, working).await {
            self.kill(FunctionError::TimedOut { function: self.function.clone(), timeout: self.timeout });
        }
    }

    /// Kills the process if it never asks for its first event.
    async fn limit_init(self: Arc<Self>) {
        let starting = |sandbox: &Self| !sandbox.lock().has_asked;
        if self.still(INIT_LIMIT, starting).await {
            self.kill(FunctionError::TimedOut { function: self.function.clone(), timeout: INIT_LIMIT });
        }
    }

    /// Waits at most `limit` while `holds`; true where it held to the end.
    async fn still(&self, limit: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let mut changes = self.changed.subscribe();
        let over = async {
            while self.is_alive() && holds(self) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(limit, over).await.is_err()
    }

    async fn keep(self: Arc<Self>, process: Process, logs: Arc<Logs>, server: tokio::task::AbortHandle) {
        let mut killed = self.kill.subscribe();
        let killed = async move { killed.wait_for(|killed| *killed).await.is_ok() };
        let status = process.run(killed, &logs).await;
        server.abort();
        self.die(status);
    }

    fn die(&self, status: String) {
        let mut state = self.lock();
        state.phase = Phase::Dead;
        let verdict = state
            .verdict
            .get_or_insert_with(|| FunctionError::Exited { function: self.function.clone(), status })
            .clone();
        let unanswered = state.current.take().and_then(|(_, answer)| answer);
        let unfetched = state.waiting.take().map(|invocation| invocation.answer);
        for answer in unanswered.into_iter().chain(unfetched) {
            let _ = answer.send(Err(verdict.clone()));
        }
        drop(state);
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Process {
    Child(Child),
    Task(tokio::task::JoinHandle<()>),
}

impl Process {
    /// Waits for its end, or kills it; says how it ended.
    async fn run(self, killed: impl Future<Output = bool>, logs: &Logs) -> String {
        match self {
            Self::Task(mut task) => tokio::select! {
                ended = &mut task => ended.map_or_else(|error| error.to_string(), |()| "the task returned".to_owned()),
                _ = killed => {
                    task.abort();
                    let _ = task.await;
                    "killed".to_owned()
                }
            },
            Self::Child(mut child) => {
                let (out, err) = (child.stdout.take(), child.stderr.take());
                let follow = async {
                    futures::join!(
                        async {
                            futures::future::OptionFuture::from(out.map(|out| logs.follow(Stream::Out, out))).await
                        },
                        async {
                            futures::future::OptionFuture::from(err.map(|err| logs.follow(Stream::Err, err))).await
                        },
                    )
                };
                let end = async {
                    let status = tokio::select! {
                        status = child.wait() => status,
                        _ = killed => {
                            let _ = child.start_kill();
                            child.wait().await
                        }
                    };
                    status.map_or_else(|error| error.to_string(), |status| status.to_string())
                };
                // The streams end with the process; what it printed last is read before it counts as gone.
                let (status, _) = futures::join!(end, follow);
                status
            }
        }
    }
}

fn command(path: &std::path::Path, spec: &Spec, address: SocketAddr) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| name == "PATH" || name == "HOME" || name == "TMPDIR"))
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", &spec.name)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", spec.name))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_REGION", &spec.region)
        .env("AWS_DEFAULT_REGION", &spec.region)
        .envs(&spec.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // The Ctrl-C that stops this process is not for the functions: they are killed when their work is no longer wanted.
        .process_group(0)
        .kill_on_drop(true);
    command
}
