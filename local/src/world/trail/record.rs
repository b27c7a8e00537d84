//! A record's frame
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>).

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Again, Cut, Style, parameters, response};
use crate::world::{
    ec2::{Answer, Call},
    identity::{Caller, second},
};

pub(super) fn ec2(
    caller: &Caller,
    call: &Call,
    answer: &Answer,
    event_id: &str,
    style: Style,
    now: DateTime<Utc>,
) -> Value {
    let elements = answer.result.as_ref().map(|outcome| response::ec2(&answer.request_id, outcome, style));
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": caller.identity.user_identity(&caller.access_key_id, now),
        "eventTime": second(now),
        "eventSource": "ec2.amazonaws.com",
        "eventName": call.operation.name(),
        "awsRegion": caller.region,
        "sourceIPAddress": caller.source_ip,
        "userAgent": caller.user_agent,
        "errorCode": null,
        "errorMessage": null,
        "requestParameters": parameters::ec2(call, style),
        "responseElements": elements.unwrap_or(Value::Null),
        "requestID": answer.request_id,
        "eventID": event_id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": caller.account,
        "eventCategory": "Management",
    });
    let Some(fields) = record.as_object_mut() else { return record };
    match &answer.result {
        Err(error) => {
            let code = if style.bare_error_codes { error.code().to_owned() } else { error.trail_code() };
            fields.insert("errorCode".to_owned(), code.into());
            fields.insert("errorMessage".to_owned(), error.to_string().into());
        }
        Ok(_) if style.null_error_code => {}
        Ok(_) => {
            fields.shift_remove("errorCode");
            fields.shift_remove("errorMessage");
        }
    }
    if let Some(service) = &caller.invoked_by {
        fields["userIdentity"]["invokedBy"] = service.as_str().into();
    }
    if caller.console {
        fields.insert("sessionCredentialFromConsole".to_owned(), "true".into());
    }
    record
}

/// A second record of a call that has one already, under an event id of its own.
pub(super) fn repeat(first: &mut Value, again: &Again, event_id: &str, shared_id: &str) -> Value {
    match again {
        Again::ForAccount(account) => {
            first["sharedEventID"] = shared_id.into();
            let mut copy = first.clone();
            copy["eventID"] = event_id.into();
            copy["recipientAccountId"] = account.as_str().into();
            copy
        }
        Again::Addendum => {
            let mut late = first.clone();
            late["addendum"] = json!({
                "reason": "DELIVERY_DELAY",
                "updatedFields": "eventVersion",
                "originalRequestID": first["requestID"],
                "originalEventID": first["eventID"],
            });
            late["eventID"] = event_id.into();
            late
        }
    }
}

pub(super) fn cut(record: &mut Value, cut: Cut) {
    let fields: &[&str] = match cut {
        Cut::RequestParameters => &["requestParameters"],
        Cut::RequestAndResponse | Cut::Null => &["requestParameters", "responseElements"],
    };
    for field in fields {
        let size = record[*field].to_string().len();
        record[*field] = match cut {
            Cut::Null => Value::Null,
            Cut::RequestParameters | Cut::RequestAndResponse => json!({
                "omitted": true,
                "reason": format!("{field} too large"),
                "originalSize": size,
            }),
        };
    }
}
