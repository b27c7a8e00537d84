//! What became of a request's rules, counted and in words.

use super::{limits, lines, text};
use crate::domain::{
    change::{Fate, OpenedRule},
    request::Request,
};

/// The outcomes, counted.
pub(super) struct Tally<'a> {
    pub(super) total: usize,
    /// What is open, widest first.
    pub(super) open: Vec<&'a OpenedRule>,
    pub(super) removed: usize,
    pub(super) changed: usize,
    gone_before: usize,
}

impl<'a> Tally<'a> {
    pub(super) fn of(request: &'a Request) -> Self {
        let rules = request.change.opening.rules();
        let mut tally = Self { total: rules.len(), open: Vec::new(), removed: 0, changed: 0, gone_before: 0 };
        for opened in lines::ranked(rules).into_iter().map(|one| one.opened) {
            match &opened.fate {
                Fate::Standing | Fate::Failed { .. } | Fate::Approved { .. } => tally.open.push(opened),
                Fate::Removed => tally.removed += 1,
                Fate::Changed { .. } => tally.changed += 1,
                Fate::NotThere | Fate::RemovedByHand { .. } => tally.gone_before += 1,
            }
        }
        tally
    }

    /// What is open, for `text`.
    pub(super) fn list(&self) -> String {
        let rules = self.open.iter().map(|opened| opened.rule.to_string()).collect();
        text::first_of(rules, "; ", "more, none wider")
    }

    pub(super) fn gone_before(&self) -> String {
        match self.gone_before {
            0 => String::new(),
            gone => format!(" {} {} gone before.", text::rules(gone), text::plural(gone, "was", "were")),
        }
    }

    /// What EC2 said about the rules that are open, with a space before.
    pub(super) fn why(&self) -> String {
        let (mut codes, mut sentences): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for opened in &self.open {
            let Fate::Failed { why } = &opened.fate else { continue };
            let is_code = why.chars().all(|char| char.is_ascii_alphanumeric() || char == '.');
            let (list, said) = if is_code {
                (&mut codes, text::code(why, limits::NAME))
            } else {
                (&mut sentences, text::sentence(why, limits::NAME))
            };
            if !list.contains(&said) {
                list.push(said);
            }
        }
        let mut out = String::new();
        if !codes.is_empty() {
            out.push_str(&format!(" EC2 said {}.", text::first(limits::FEW, codes, ", ", "more")));
        }
        if !sentences.is_empty() {
            out.push_str(&format!(" Seen: {}.", text::first(limits::FEW, sentences, "; ", "more")));
        }
        out
    }
}
