//! What Slack makes of a text: mentions, links, dates.
//!
//! Format: docs.slack.dev, messaging/formatting-message-text. Where Slack's behaviour is not written down, this finds
//! rather more than less: it looks for tokens in code spans too, and reports a token that it does not know.

use serde_json::Value;

/// Something in a text that Slack makes more of than text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// `<@U...>`: a person is notified.
    User(String),
    /// `<!here>`, `<!channel>`, `<!everyone>`, or an unescaped `@here` where names are linked: all are notified.
    Broadcast(String),
    /// `<!subteam^S...>`: a group is notified.
    UserGroup(String),
    /// `<#C...>`, or `#name` where names are linked.
    Channel(String),
    /// A link, written as one or found in plain text.
    Link {
        /// Where it leads.
        url: String,
        /// What is shown, where that is something else.
        label: Option<String>,
    },
    /// `<!date^...>`.
    Date {
        /// Epoch seconds, as written.
        at: String,
        /// What is shown where the date cannot be.
        fallback: Option<String>,
        /// Where a click on it leads.
        link: Option<String>,
    },
    /// Something else between `<` and `>`.
    Unknown(String),
}

/// Every token of every mrkdwn text in the blocks, in the order of the texts. `plain_text` has none.
#[must_use]
pub fn mentions_and_links(blocks: &[Value]) -> Vec<Token> {
    let mut found = Vec::new();
    for block in blocks {
        collect(block, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut Vec<Token>) {
    match value {
        Value::Object(map) => {
            if map.get("type").and_then(Value::as_str) == Some("mrkdwn") {
                let text = map.get("text").and_then(Value::as_str).unwrap_or_default();
                let verbatim = map.get("verbatim").and_then(Value::as_bool).unwrap_or(false);
                found.extend(tokens(text, verbatim));
            } else {
                map.values().for_each(|value| collect(value, found));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The tokens of one mrkdwn text (a message's `text` is one, not verbatim). Without `verbatim` Slack also makes links of
/// URLs, mail addresses, `#channels` and `@here` in the text around them.
#[must_use]
pub fn tokens(mrkdwn: &str, verbatim: bool) -> Vec<Token> {
    let mut found = Vec::new();
    for piece in pieces(mrkdwn) {
        match piece {
            Piece::Token(inner) => found.push(token(inner)),
            Piece::Text(_) if verbatim => {}
            Piece::Text(text) => found.extend(unescape(text).split_whitespace().filter_map(linked)),
        }
    }
    found
}

/// What a person reads: escapes undone, tokens replaced by what Slack shows for them. Emphasis stays as it is written.
#[must_use]
pub fn visible(mrkdwn: &str) -> String {
    pieces(mrkdwn)
        .map(|piece| match piece {
            Piece::Text(text) => unescape(text),
            Piece::Token(inner) => match token(inner) {
                Token::User(id) | Token::UserGroup(id) => format!("@{id}"),
                Token::Broadcast(name) => format!("@{name}"),
                Token::Channel(id) => format!("#{id}"),
                Token::Link { url, label } => label.unwrap_or(url),
                Token::Date { at, fallback, .. } => fallback.unwrap_or(at),
                Token::Unknown(text) => text,
            },
        })
        .collect()
}

enum Piece<'a> {
    Text(&'a str),
    Token(&'a str),
}

/// Cuts a text at `<...>`. A `<` without its `>` is text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find('<').filter(|&start| rest[start..].contains('>'));
        match start {
            None if rest.is_empty() => None,
            None => Some(Piece::Text(std::mem::take(&mut rest))),
            Some(0) => {
                let end = rest.find('>').unwrap_or(rest.len() - 1);
                // Of `<a <b>` only `<b>` is a token.
                match rest[1..end].rfind('<') {
                    None => {
                        let inner = &rest[1..end];
                        rest = &rest[end + 1..];
                        Some(Piece::Token(inner))
                    }
                    Some(nested) => {
                        let (text, tail) = rest.split_at(1 + nested);
                        rest = tail;
                        Some(Piece::Text(text))
                    }
                }
            }
            Some(start) => {
                let (text, tail) = rest.split_at(start);
                rest = tail;
                Some(Piece::Text(text))
            }
        }
    })
}

fn token(inner: &str) -> Token {
    let (target, label) = match inner.split_once('|') {
        Some((target, label)) => (target, Some(unescape(label))),
        None => (inner, None),
    };
    if let Some(id) = target.strip_prefix('@') {
        return Token::User(id.to_owned());
    }
    if let Some(id) = target.strip_prefix('#') {
        return Token::Channel(id.to_owned());
    }
    if let Some(special) = target.strip_prefix('!') {
        return special_token(special, label).unwrap_or_else(|| Token::Unknown(inner.to_owned()));
    }
    if target.contains(':') {
        return Token::Link { url: unescape(target), label };
    }
    Token::Unknown(inner.to_owned())
}

fn special_token(special: &str, label: Option<String>) -> Option<Token> {
    let mut parts = special.split('^');
    match parts.next()? {
        name @ ("here" | "channel" | "everyone" | "group") => Some(Token::Broadcast(name.to_owned())),
        "subteam" => Some(Token::UserGroup(parts.next()?.to_owned())),
        "date" => {
            let at = parts.next()?.to_owned();
            let link = parts.nth(1).map(unescape);
            Some(Token::Date { at, fallback: label, link })
        }
        _ => None,
    }
}

/// What a word of plain text becomes where names and URLs are linked.
fn linked(word: &str) -> Option<Token> {
    let word =
        word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '#' | '/' | '&' | '=' | '-' | '_'));
    let link = |url: String| Some(Token::Link { url, label: None });
    if let Some(at) = ["http://", "https://", "mailto:"].iter().find_map(|scheme| word.find(scheme)) {
        return link(word[at..].to_owned());
    }
    if let Some(name) = word.strip_prefix('@') {
        return matches!(name, "here" | "channel" | "everyone").then(|| Token::Broadcast(name.to_owned()));
    }
    if let Some(name) = word.strip_prefix('#') {
        return name.starts_with(|c: char| c.is_ascii_lowercase()).then(|| Token::Channel(name.to_owned()));
    }
    if let Some((local, domain)) = word.split_once('@') {
        return (!local.is_empty() && is_domain(domain))
            .then(|| Token::Link { url: format!("mailto:{word}"), label: None });
    }
    let host = word.split(['/', '?']).next().unwrap_or(word);
    if is_domain(host) { link(format!("http://{word}")) } else { None }
}

/// Two or more labels, the last of letters only: `example.com`, but not `203.0.113.0` and not `v1.2`.
fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let is_label =
        |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    labels.len() >= 2
        && labels.iter().all(is_label)
        && labels.last().is_some_and(|top| top.len() >= 2 && top.chars().all(char::is_alphabetic))
}

/// Slack's three escapes. `&amp;` last, so that `&amp;lt;` stays what it says.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
