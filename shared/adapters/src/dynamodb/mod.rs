//! The table `secgrouprequests`: one item a change, and a few items of another kind, whose keys start with `#`.
//!
//! `shared/table.json` is the table's definition. A transition's guard becomes the condition of its write, and a write
//! whose answer was lost is recognised by the nonce that it left.

mod blob;
mod failure;
mod item;
mod notes;

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    clock::delta,
    domain::{
        change::{GroupKey, Revocation, RuleName},
        ids::RequestId,
        request::Request,
        step::{Guard, Transition},
    },
    ports::{Commit, GroupNotes, Inserted, KnownValue, RequestStore, RevertNote, StoreError, Watermark},
};

use self::{
    failure::Call,
    item::{Attributes, DUE, Item, KEY, number, text},
};

/// More than this is not worked off in one tick anyway.
const MOST_DUE: usize = 100_000;

/// The table.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
    retention: TimeDelta,
}

impl Table {
    /// The table of this name. Its items expire `retention` after they were stored.
    #[must_use]
    pub fn new(client: Client, table: String, retention: Duration) -> Self {
        Self { client, name: table, retention: delta(retention) }
    }

    async fn get(&self, call: Call<'_>, key: &str) -> Result<Option<Item>, StoreError> {
        let answer = self.client.get_item().table_name(&self.name).key(KEY, text(key)).consistent_read(true);
        Ok(answer.send().await.map_err(|error| call.failed(&error))?.item)
    }

    /// The keys of an index under a condition, in the index's order, at most `most`.
    async fn keys(
        &self,
        call: Call<'_>,
        index: &str,
        condition: &str,
        values: &[(&str, AttributeValue)],
        most: usize,
    ) -> Result<Vec<RequestId>, StoreError> {
        let values: HashMap<_, _> = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut ids = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .index_name(index)
                .key_condition_expression(condition)
                .set_expression_attribute_values(Some(values.clone()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| call.failed(&error))?;
            ids.extend(page.items.unwrap_or_default().iter().filter_map(|item| request_id(index, item)));
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() || ids.len() >= most {
                ids.truncate(most);
                return Ok(ids);
            }
        }
    }

    async fn write(&self, guard: &Guard, next: &Request) -> Result<(), SdkError<UpdateItemError>> {
        let attributes = item::attributes(next, self.retention).map_err(SdkError::construction_failure)?;
        let (expression, names, mut values) = update(attributes);
        values.insert(":guard_state".to_owned(), text(guard.state));
        values.insert(":guard_revision".to_owned(), number(guard.revision));
        self.client
            .update_item()
            .table_name(&self.name)
            .key(KEY, text(&next.change.id))
            .update_expression(expression)
            .condition_expression("#state = :guard_state AND #revision = :guard_revision")
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await
            .map(|_| ())
    }
}

impl RequestStore for Table {
    async fn insert(&self, request: &Request, record: &str) -> Result<Inserted, StoreError> {
        let call = Call { doing: "insert", what: request.change.id.as_str() };
        let attributes = item::attributes(request, self.retention).map_err(|why| call.refused(why))?;
        let (record_name, record) = item::record(record, &attributes).map_err(|why| call.refused(why))?;
        let sent = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(
                attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
            ))
            .item(KEY, text(&request.change.id))
            .item(record_name, record)
            .condition_expression("attribute_not_exists(requestid)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Inserted::New),
            Err(error) => match error.as_service_error() {
                // An attempt whose answer was lost may have stored it: then the nonce is ours.
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let ours = failed.item().is_some_and(|item| item::has_nonce(item, &request.nonce));
                    Ok(if ours { Inserted::New } else { Inserted::Known })
                }
                Some(_) | None => Err(call.failed(&error)),
            },
        }
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Request>, StoreError> {
        let item = self.get(Call { doing: "load", what: id.as_str() }, id.as_str()).await?;
        item.as_ref().map(item::request).transpose()
    }

    async fn commit(&self, transition: Transition) -> Result<Commit, StoreError> {
        let Transition { guard, next, effects } = transition;
        let error = match self.write(&guard, &next).await {
            Ok(()) => return Ok(Commit::Won { request: Box::new(next), effects }),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => match failed.item() {
                Some(old) if item::has_nonce(old, &next.nonce) => Ok(Commit::Won { request: Box::new(next), effects }),
                Some(old) => Ok(Commit::Lost { current: Some(Box::new(item::request(old)?)) }),
                None => Ok(Commit::Lost { current: None }),
            },
            Some(_) | None => Err(Call { doing: "commit", what: next.change.id.as_str() }.failed(&error)),
        }
    }

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<RequestId>, StoreError> {
        let values = [(":due", text(DUE)), (":now", number(now.timestamp_millis()))];
        let call = Call { doing: "list", what: "what is due" };
        self.keys(call, "due", "due_bucket = :due AND due_at <= :now", &values, MOST_DUE).await
    }

    async fn open_in(&self, group: &GroupKey) -> Result<Vec<RequestId>, StoreError> {
        let what = format!("what is open in {group}");
        let call = Call { doing: "list", what: &what };
        self.keys(call, "open", "open_group = :group", &[(":group", text(group))], usize::MAX).await
    }

    async fn watermark(&self, source: &str) -> Result<Option<Watermark>, StoreError> {
        notes::watermark(self, source).await
    }

    async fn set_watermark(&self, source: &str, to: Watermark) -> Result<(), StoreError> {
        notes::set_watermark(self, source, to).await
    }

    async fn next_post_slot(&self, now: DateTime<Utc>, pace: Duration) -> Result<DateTime<Utc>, StoreError> {
        notes::next_post_slot(self, now, pace).await
    }

    async fn group_notes(&self, group: &GroupKey) -> Result<GroupNotes, StoreError> {
        notes::group(self, group).await
    }

    async fn note_revocation(&self, group: &GroupKey, revocation: &Revocation) -> Result<(), StoreError> {
        notes::note_revocation(self, group, revocation).await
    }

    async fn note_revert(&self, group: &GroupKey, at: DateTime<Utc>, note: &RevertNote) -> Result<(), StoreError> {
        notes::note_revert(self, group, at, note).await
    }

    async fn known_values(&self, group: &GroupKey, rule: &RuleName) -> Result<Vec<KnownValue>, StoreError> {
        notes::known_values(self, group, rule).await
    }

    async fn note_value(&self, group: &GroupKey, rule: &RuleName, value: &KnownValue) -> Result<(), StoreError> {
        notes::note_value(self, group, rule, value).await
    }
}

/// `SET` for what is there, `REMOVE` for what must not be. What is not named (the record) stays as it is.
fn update(attributes: Attributes) -> (String, HashMap<String, String>, Item) {
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    let (mut names, mut values) = (HashMap::new(), HashMap::new());
    for (name, value) in attributes {
        names.insert(format!("#{name}"), name.to_owned());
        match value {
            Some(value) => {
                set.push(format!("#{name} = :{name}"));
                values.insert(format!(":{name}"), value);
            }
            None => remove.push(format!("#{name}")),
        }
    }
    let mut expression = format!("SET {}", set.join(", "));
    if !remove.is_empty() {
        expression.push_str(&format!(" REMOVE {}", remove.join(", ")));
    }
    (expression, names, values)
}

fn request_id(index: &str, item: &Item) -> Option<RequestId> {
    let key = item::key(item);
    RequestId::parse(&key)
        .inspect_err(|error| tracing::error!(index, key, %error, "an item of the index is none of ours; left alone"))
        .ok()
}
