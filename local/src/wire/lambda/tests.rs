use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use futures::FutureExt;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{Code, Function, FunctionError, Spec, Task};

fn function(code: Code, timeout: Duration) -> Function {
    Function::new(Spec {
        name: "fake".to_owned(),
        code,
        timeout,
        account: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
        environment: BTreeMap::new(),
        log_file: None,
    })
    .unwrap()
}

/// A runtime as `lambda_runtime` is one: asks for an event, does what the event says, answers, works on, asks again.
fn runtime(work_after_answer: Arc<Semaphore>) -> Code {
    let task: Task = Arc::new(move |address| run(address, Arc::clone(&work_after_answer)).boxed());
    Code::Task(task)
}

async fn run(api: SocketAddr, work_after_answer: Arc<Semaphore>) {
    let client = reqwest::Client::new();
    let url = |path: &str| format!("http://{api}/2018-06-01/runtime/{path}");
    loop {
        let next = client.get(url("invocation/next")).send().await.unwrap();
        let header = |name: &str| next.headers()[name].to_str().unwrap().to_owned();
        let id = header("lambda-runtime-aws-request-id");
        let deadline: i64 = header("lambda-runtime-deadline-ms").parse().unwrap();
        let seen = json!({
            "arn": header("lambda-runtime-invoked-function-arn"),
            "trace": header("lambda-runtime-trace-id").starts_with("Root=1-"),
            "minutes_left": (deadline - chrono::Utc::now().timestamp_millis() + 59_999) / 60_000,
        });
        let event: Value = next.json().await.unwrap();
        match event["do"].as_str() {
            Some("hang") => std::future::pending().await,
            Some("exit") => return,
            Some("fail") => {
                let error = json!({"errorType": "Broken", "errorMessage": "as asked"});
                client.post(url(&format!("invocation/{id}/error"))).json(&error).send().await.unwrap();
            }
            _ => {
                let answer = json!({"event": event, "seen": seen});
                let posted = client.post(url(&format!("invocation/{id}/response"))).json(&answer).send().await.unwrap();
                assert_eq!(posted.status(), 202);
                let twice = client.post(url(&format!("invocation/{id}/response"))).json(&answer).send().await.unwrap();
                assert_eq!(twice.status(), 400);
            }
        }
        work_after_answer.acquire().await.unwrap().forget();
    }
}

const FIVE_MINUTES: Duration = Duration::from_secs(300);

#[tokio::test]
async fn the_answer_comes_before_the_work_after_it_ends() {
    let gate = Arc::new(Semaphore::new(0));
    let function = function(runtime(Arc::clone(&gate)), FIVE_MINUTES);

    let answer = function.invoke(json!({"n": 1})).await.unwrap();
    assert_eq!(answer["event"], json!({"n": 1}));
    assert_eq!(
        answer["seen"],
        json!({"arn": "arn:aws:lambda:eu-central-1:123456789012:function:fake", "trace": true, "minutes_left": 5})
    );
    assert!(function.idle().now_or_never().is_none(), "it still works");

    gate.add_permits(1);
    function.idle().await;
    assert_eq!(function.sandbox_count(), 1);
}

#[tokio::test]
async fn an_idle_sandbox_is_used_again_and_a_busy_one_is_not() {
    let gate = Arc::new(Semaphore::new(0));
    let function = function(runtime(Arc::clone(&gate)), FIVE_MINUTES);

    function.invoke(json!({})).await.unwrap();
    function.invoke(json!({})).await.unwrap();
    assert_eq!(function.sandbox_count(), 2, "the first still worked when the second came");

    gate.add_permits(2);
    function.idle().await;
    function.invoke(json!({})).await.unwrap();
    assert_eq!(function.sandbox_count(), 2);
}

#[tokio::test]
async fn a_first_invocation_may_take_longer_than_a_start() {
    let at_work = Arc::new(Semaphore::new(0));
    let begun = Arc::clone(&at_work);
    let task: Task = Arc::new(move |address| {
        let begun = Arc::clone(&begun);
        let work = async move {
            let url = format!("http://{address}/2018-06-01/runtime/invocation/next");
            let _event = reqwest::get(url).await.unwrap();
            begun.add_permits(1);
            std::future::pending::<()>().await;
        };
        work.boxed()
    });
    let function = function(Code::Task(task), FIVE_MINUTES);
    let invoked = function.clone();
    let invocation = tokio::spawn(async move { invoked.invoke(json!({})).await });
    at_work.acquire().await.unwrap().forget();

    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(!invocation.is_finished() && function.is_busy(), "it is at work");
}

#[tokio::test]
async fn a_kill_does_not_wait_for_who_comes_after_it() {
    let function = function(runtime(Arc::new(Semaphore::new(9))), FIVE_MINUTES);
    function.invoke(json!({})).await.unwrap();
    let mut kill = Box::pin(function.kill());
    assert!(kill.as_mut().now_or_never().is_none(), "it is being killed");
    function.invoke(json!({})).await.unwrap();
    kill.await;
    assert_eq!(function.sandbox_count(), 1, "the one that came after it");
}

#[tokio::test]
async fn an_error_is_the_functions_own() {
    let function = function(runtime(Arc::new(Semaphore::new(9))), FIVE_MINUTES);
    let error = function.invoke(json!({"do": "fail"})).await.unwrap_err();
    assert!(matches!(&error, FunctionError::Answered { error, .. } if error["errorType"] == "Broken"), "{error}");
}

#[tokio::test]
async fn a_sandbox_that_overruns_is_killed_and_replaced() {
    let function = function(runtime(Arc::new(Semaphore::new(9))), Duration::from_millis(200));
    let error = function.invoke(json!({"do": "hang"})).await.unwrap_err();
    assert!(matches!(error, FunctionError::TimedOut { .. }), "{error}");
    assert_eq!(function.sandbox_count(), 0);

    let again = function.invoke(json!({"do": "hang"})).await.unwrap_err();
    assert!(matches!(again, FunctionError::TimedOut { .. }), "another one took the invocation: {again}");
}

#[tokio::test]
async fn work_after_the_answer_counts_against_the_time_out() {
    // Long enough for the answer on a busy machine.
    let function = function(runtime(Arc::new(Semaphore::new(0))), Duration::from_secs(2));
    function.invoke(json!({})).await.unwrap();
    function.idle().await;
    assert_eq!(function.sandbox_count(), 0);
}

#[tokio::test]
async fn a_killed_function_starts_anew() {
    let gate = Arc::new(Semaphore::new(0));
    let function = function(runtime(Arc::clone(&gate)), FIVE_MINUTES);
    function.invoke(json!({})).await.unwrap();
    function.kill().await;
    assert_eq!(function.sandbox_count(), 0);

    let hanging = tokio::spawn({
        let function = function.clone();
        async move { function.invoke(json!({"do": "hang"})).await }
    });
    while function.sandbox_count() == 0 {
        tokio::task::yield_now().await;
    }
    function.kill().await;
    let error = hanging.await.unwrap().unwrap_err();
    assert!(matches!(error, FunctionError::Killed { .. }), "{error}");
    assert!(function.invoke(json!({})).await.is_ok());
}

#[tokio::test]
async fn a_function_that_is_to_die_after_its_answer_does_so_once_and_never_hears_that_it_was_taken() {
    // No permit: whoever went on to the work after the answer would be busy for ever.
    let gate = Arc::new(Semaphore::new(0));
    let function = function(runtime(Arc::clone(&gate)), FIVE_MINUTES);
    function.kill_after_next_answer(true);
    assert!(matches!(function.invoke(json!({"do": "fail"})).await, Err(FunctionError::Answered { .. })));
    assert!(function.is_doomed(), "an error is no answer");

    assert_eq!(function.invoke(json!({"n": 1})).await.unwrap()["event"], json!({"n": 1}));
    assert!(!function.is_doomed());
    gate.add_permits(1);
    function.idle().await;
    assert_eq!((function.sandbox_count(), gate.available_permits()), (1, 0), "only the one that failed worked on");

    gate.add_permits(1);
    assert!(function.invoke(json!({})).await.is_ok());
    function.idle().await;
    assert_eq!(function.sandbox_count(), 1);

    function.kill_after_next_answer(true);
    function.kill_after_next_answer(false);
    gate.add_permits(1);
    assert!(function.invoke(json!({})).await.is_ok());
    function.idle().await;
    assert_eq!(function.sandbox_count(), 1);
}

#[tokio::test]
async fn a_process_that_ends_is_an_error_and_what_it_printed_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("bootstrap");
    std::fs::write(&script, "#!/bin/sh\necho \"region $AWS_REGION\"\necho broken >&2\nexit 3\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();

    let function = function(Code::Binary(script), FIVE_MINUTES);
    let error = function.invoke(json!({})).await.unwrap_err();
    assert!(matches!(&error, FunctionError::Exited { status, .. } if status.contains('3')), "{error}");
    assert_eq!(function.logs().line(|line| line.starts_with("region")).await.text, "region eu-central-1");
    assert_eq!(function.logs().line(|line| line == "broken").await.stream, super::Stream::Err);
}

#[tokio::test]
async fn a_binary_that_is_not_there_is_named() {
    let error = function(Code::Binary("/nowhere/poller".into()), FIVE_MINUTES).invoke(json!({})).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/poller"), "{error}");
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why() {
    let task: Task = Arc::new(|api| {
        async move {
            let error = json!({"errorType": "Runtime.InitError", "errorMessage": "slack.channel is missing"});
            let url = format!("http://{api}/2018-06-01/runtime/init/error");
            reqwest::Client::new().post(url).json(&error).send().await.unwrap();
            std::future::pending::<()>().await;
        }
        .boxed()
    });
    let error = function(Code::Task(task), FIVE_MINUTES).invoke(json!({})).await.unwrap_err();
    assert!(error.to_string().contains("slack.channel is missing"), "{error}");
}
