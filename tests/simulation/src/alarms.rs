//! The alarms that a run raised: log events with a field `alarm`, as CloudWatch's metric filters find them.

use std::{cell::RefCell, fmt::Write, sync::Once};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};

thread_local! {
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on this thread's alarms are kept; those before are forgotten.
pub fn listen() {
    static ONCE: Once = Once::new();
    // Should somebody else listen already, no alarm is heard, and every one is missed: that is loud.
    ONCE.call_once(|| drop(tracing::subscriber::set_global_default(Ears)));
    HEARD.with_borrow_mut(Vec::clear);
}

/// How many alarms of this name were raised about this.
#[must_use]
pub fn count(name: &str, about: &str) -> usize {
    HEARD.with_borrow(|heard| {
        heard.iter().filter(|alarm| alarm.contains(&format!("alarm={name} ")) && alarm.contains(about)).count()
    })
}

struct Ears;

fn is_alarm(metadata: &Metadata<'_>) -> bool {
    metadata.fields().field("alarm").is_some()
}

impl Subscriber for Ears {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_alarm(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_alarm(metadata)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        HEARD.with_borrow_mut(|heard| heard.push(words.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// `name=value ` for each field.
struct Words(String);

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{}={value} ", field.name());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}
