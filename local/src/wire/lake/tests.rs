use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    wire::Server,
    world::{
        World,
        faults::Fault,
        identity::Identity,
        lake::{DEFAULT_ACCOUNT, DEFAULT_STORE},
        sts::{AssumeRole, Role},
    },
};

struct Client {
    world: Arc<World>,
    server: Server,
}

impl Client {
    async fn new() -> Self {
        let world = Arc::new(World::default());
        let reader = Identity::role(DEFAULT_ACCOUNT, "/security/", "lake-read", "portcullis");
        world.sts.lock().unwrap().add_access_key("ASIAREADER", DEFAULT_ACCOUNT, reader);
        let server = Server::start(super::router(Arc::clone(&world))).await.unwrap();
        Self { world, server }
    }

    async fn send(&self, operation: &str, body: Value) -> reqwest::Result<reqwest::Response> {
        self.send_as("ASIAREADER", "us-east-1", operation, body).await
    }

    async fn send_as(
        &self,
        key: &str,
        region: &str,
        operation: &str,
        body: Value,
    ) -> reqwest::Result<reqwest::Response> {
        let scope = format!("{key}/20261120/{region}/cloudtrail/aws4_request");
        reqwest::Client::new()
            .post(self.server.url())
            .header("x-amz-target", format!("CloudTrail_20131101.{operation}"))
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string())
            .send()
            .await
    }

    /// The status and the body.
    async fn call(&self, operation: &str, body: Value) -> (u16, Value) {
        let response = self.send(operation, body).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn error(&self, operation: &str, body: Value) -> (u16, String) {
        let (status, body) = self.call(operation, body).await;
        assert!(body["message"].is_string());
        (status, body["__type"].as_str().unwrap().to_owned())
    }
}

fn statement() -> String {
    format!(
        "SELECT eventTime, eventSource, eventName, errorCode, eventJson FROM {DEFAULT_STORE} \
         WHERE eventTime >= '2026-11-20 10:00:00' AND eventTime < '2026-11-20 11:00:00'"
    )
}

#[tokio::test]
async fn a_query_goes_from_start_to_rows() {
    let client = Client::new().await;
    let record = json!({"eventTime": "2026-11-20T10:05:00Z", "eventSource": "ec2.amazonaws.com", "eventName": "X"});
    client.world.lake.lock().unwrap().deliver(record.clone(), "2026-11-20T10:06:00Z".parse().unwrap());

    let (_, started) = client.call("StartQuery", json!({ "QueryStatement": statement() })).await;
    let id = started["QueryId"].as_str().unwrap();
    for status in ["QUEUED", "RUNNING", "FINISHED"] {
        assert_eq!(client.call("DescribeQuery", json!({ "QueryId": id })).await.1["QueryStatus"], status);
    }
    let (status, results) = client.call("GetQueryResults", json!({ "QueryId": id, "MaxQueryResults": 1000 })).await;
    assert_eq!(status, 200);
    assert_eq!(
        results,
        json!({
            "QueryStatus": "FINISHED",
            "QueryStatistics": {"ResultsCount": 1, "TotalResultsCount": 1, "BytesScanned": record.to_string().len()},
            "QueryResultRows": [[
                {"eventTime": "2026-11-20 10:05:00.000"}, {"eventSource": "ec2.amazonaws.com"}, {"eventName": "X"},
                {"eventJson": record.to_string()},
            ]],
        })
    );
}

#[tokio::test]
async fn refusals_have_the_services_names() {
    let client = Client::new().await;
    let start = |statement: String| json!({ "QueryStatement": statement });
    let missing = json!({ "QueryId": "00000000-0000-4000-8000-000000000000" });
    for (operation, body, code) in [
        ("StartQuery", start("SELECT 1".to_owned()), "InvalidQueryStatementException"),
        (
            "StartQuery",
            start(statement().replace(DEFAULT_STORE, "00000000-0000-4000-8000-000000000000")),
            "EventDataStoreNotFoundException",
        ),
        ("StartQuery", json!({}), "SerializationException"),
        ("DescribeQuery", missing.clone(), "QueryIdNotFoundException"),
        ("GetQueryResults", missing.clone(), "QueryIdNotFoundException"),
        ("CancelQuery", missing, "QueryIdNotFoundException"),
        ("LookupEvents", json!({}), "UnknownOperationException"),
    ] {
        assert_eq!(client.error(operation, body).await, (400, code.to_owned()), "{operation}");
    }
}

#[tokio::test]
async fn switches_make_it_fail() {
    let client = Client::new().await;
    let start = json!({ "QueryStatement": statement() });
    for (fault, status, code) in [
        (Fault::Throttle, 400, "ThrottlingException"),
        (Fault::ServerError, 500, "InternalFailure"),
        (Fault::Denied, 400, "AccessDeniedException"),
    ] {
        client.world.faults.set("lake", "StartQuery", fault, Some(1));
        assert_eq!(client.error("StartQuery", start.clone()).await, (status, code.to_owned()));
    }
    assert_eq!(client.world.lake.lock().unwrap().statements().len(), 0);

    client.world.faults.set("lake", "*", Fault::DropBefore, Some(1));
    assert!(client.send("StartQuery", start.clone()).await.is_err());
    assert_eq!(client.world.lake.lock().unwrap().statements().len(), 0);

    client.world.faults.set("lake", "*", Fault::DropAfter, Some(1));
    assert!(client.send("StartQuery", start.clone()).await.is_err());
    assert_eq!(client.world.lake.lock().unwrap().statements().len(), 1);

    client.world.faults.set("lake", "*", Fault::Slow(Duration::from_millis(20)), Some(1));
    assert_eq!(client.call("StartQuery", start).await.0, 200);
}

#[tokio::test]
async fn only_a_session_that_may_read_the_lake_gets_through() {
    let client = Client::new().await;
    let spoke = {
        let mut sts = client.world.sts.lock().unwrap();
        let hub = Identity::role("123456789012", "/security/", "hub-001", "poller");
        let hub_arn = hub.role_arn().unwrap();
        sts.add_access_key("ASIAHUB", "123456789012", hub);
        let spoke = Role::spoke(DEFAULT_ACCOUNT, "/security/", "spoke-001", &hub_arn, None);
        let call = AssumeRole { role_arn: spoke.arn(), session_name: "portcullis".to_owned(), ..AssumeRole::default() };
        sts.add_role(spoke);
        let now = chrono::Utc::now();
        let hub = sts.authenticate("ASIAHUB", None, now).unwrap().clone();
        sts.assume_role(&hub, &call, now).unwrap()
    };
    for (key, region, code) in [
        ("ASIANOBODY", "us-east-1", "UnrecognizedClientException"),
        (spoke.access_key_id.as_str(), "us-east-1", "UnrecognizedClientException"),
        ("ASIAHUB", "us-east-1", "EventDataStoreNotFoundException"),
        ("ASIAREADER", "eu-central-1", "EventDataStoreNotFoundException"),
    ] {
        let body = json!({ "QueryStatement": statement() });
        let response = client.send_as(key, region, "StartQuery", body).await.unwrap();
        assert_eq!(response.json::<Value>().await.unwrap()["__type"], code, "{key} in {region}");
    }
}
