//! Items as Portcullis writes them, for tests that have no Portcullis.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, SubsecRound, Utc};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use shared::domain::{
    change::{Actor, Change, OpenedRule, Opening, Origin, Place},
    ids::{AccountId, Region, RequestId, SecurityGroupId},
    request::Request,
    rule::{IngressRule, RuleText, SourceText},
};

use super::Shown;
use crate::system::seed::ACCOUNTS;

/// Alice's opening of these tcp ports to the world, stored just now.
pub(super) fn request(shown: &Shown, id: &str, at: DateTime<Utc>, ports: &[i64]) -> Request {
    let rule = |port: &i64| {
        let text = RuleText {
            ip_protocol: "tcp".to_owned(),
            from_port: Some(*port),
            to_port: Some(*port),
            source: SourceText::CidrIpv4("0.0.0.0/0".to_owned()),
        };
        OpenedRule::new(IngressRule::parse(&text).unwrap(), None, None)
    };
    let change = Change {
        id: RequestId::parse(id).unwrap(),
        place: Place {
            account: Some(AccountId::parse(ACCOUNTS[0].0).unwrap()),
            region: Some(Region::parse("eu-central-1").unwrap()),
            group: Some(SecurityGroupId::parse(&shown.web()).unwrap()),
            group_name: None,
        },
        at: at.trunc_subsecs(0),
        actor: Actor::SsoUser {
            user_name: "alice@example.com".to_owned(),
            role: "AWSReservedSSO_Admin".to_owned(),
            arn: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin/alice@example.com".to_owned(),
        },
        origin: Origin::default(),
        opening: Opening::Authorized { rules: ports.iter().map(rule).collect() },
    };
    Request::new(change, at, "nonce".to_owned())
}

pub(super) fn gzipped(text: &str) -> Value {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    json!({ "B": STANDARD.encode(encoder.finish().unwrap()) })
}

impl Shown {
    /// Portcullis writes a request, with its record.
    pub(super) async fn store(&self, request: &Request, record: &Value) {
        let text = |text: String| json!({ "S": text });
        let mut item = json!({
            "requestid": text(request.change.id.as_str().to_owned()),
            "state": text(request.state.name().to_owned()),
            "event_time": text(request.change.at.to_rfc3339()),
            "stored_at": text(request.stored_at.to_rfc3339()),
            "request": text(serde_json::to_string(request).unwrap()),
            "record": gzipped(&record.to_string()),
        });
        if let Some(due) = request.due_at() {
            item["due_bucket"] = json!({"S": "due"});
            item["due_at"] = json!({"N": due.timestamp_millis().to_string()});
        }
        self.put(item).await;
    }

    /// Something is written to the table, through the endpoint that the functions have.
    pub(super) async fn put(&self, item: Value) {
        let credentials = "Credential=local/20261120/eu-central-1/dynamodb/aws4_request";
        let response = self
            .client
            .post(self.system.services.dynamodb.url())
            .header("x-amz-target", "DynamoDB_20120810.PutItem")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", "20261120T100000Z")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 {credentials}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=0"),
            )
            .body(json!({"TableName": "secgrouprequests", "Item": item}).to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    }
}
