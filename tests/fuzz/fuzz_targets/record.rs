//! CloudTrail records: any text becomes a change, a revocation or a reason; every change becomes cards that Slack takes, in
//! every delivery, and survives the table.
#![no_main]

use chrono::{DateTime, Utc};
use fuzz::blocks::check_message;
use libfuzzer_sys::fuzz_target;
use shared::domain::{
    card::{Message, View, full_list, render},
    change::Reading,
    plan::Plan,
    record,
    request::Request,
};

fn check(message: &Message) {
    let wrong = check_message(&message.blocks);
    assert!(wrong.is_empty(), "{wrong:?}: {message:?}");
    assert!(!message.text.contains(['<', '>']), "text may notify somebody: {}", message.text);
}

fuzz_target!(|data: &[u8]| {
    let now: DateTime<Utc> = DateTime::from_timestamp(1_795_190_000, 0).unwrap();
    let text = String::from_utf8_lossy(data);
    let Reading::Change(change) = record::read(&text, now) else { return };
    let request = Request::new(change, now, "nonce".to_owned());
    for (webhook, watch_only) in [(false, false), (true, false), (false, true)] {
        let view = View { webhook, watch_only, ..View::default() };
        check(&render(&request, &view));
        full_list(&request, &view).iter().for_each(check);
    }
    let plan = Plan::make(request.change.opening.rules(), &[]);
    assert!(plan.is_empty(), "nothing is there, so nothing is revoked");
    let stored = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&stored).unwrap(), request);
});
