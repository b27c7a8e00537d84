//! The panics of a run. Most of what a run does is a task of its own, and a task that panics ends without a word.

use std::{
    cell::RefCell,
    panic::{PanicHookInfo, set_hook, take_hook},
    sync::Once,
};

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on this thread's panics are kept; those before are forgotten. A run stays on one thread from begin to end.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            PANICS.with_borrow_mut(|panics| panics.push(in_words(panic)));
            usual(panic);
        }));
    });
    PANICS.with_borrow_mut(Vec::clear);
}

/// The first panic of this thread.
#[must_use]
pub fn first() -> Option<String> {
    PANICS.with_borrow(|panics| panics.first().cloned())
}

fn in_words(panic: &PanicHookInfo<'_>) -> String {
    let words = panic.payload_as_str().unwrap_or("without words");
    panic.location().map_or_else(|| words.to_owned(), |at| format!("{words} at {}:{}", at.file(), at.line()))
}
