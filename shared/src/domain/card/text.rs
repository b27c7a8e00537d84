//! Text for Slack. Whatever others chose goes through here: cleaned, cut by character, and only then escaped.

use chrono::{DateTime, Utc};

use super::limits;
use crate::domain::one_line::one_line;

/// One visible line, no longer than it takes to see that the budget is used up.
fn clean(text: &str, budget: usize) -> String {
    one_line(text, budget, cost)
}

/// Escapes what Slack gives a meaning to.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    out
}

/// How many characters it takes when escaped.
fn cost(char: char) -> usize {
    match char {
        '&' => 5,
        '<' | '>' => 4,
        _ => 1,
    }
}

/// Cuts by character so that the escaped text stays within the budget; says by `…` that it was cut.
fn cut(text: &str, budget: usize) -> String {
    if text.chars().map(cost).sum::<usize>() <= budget {
        return text.to_owned();
    }
    let mut left = budget.saturating_sub(1);
    let mut out: String = text
        .chars()
        .take_while(|char| {
            let fits = cost(*char) <= left;
            left = left.saturating_sub(cost(*char));
            fits
        })
        .collect();
    out.push('…');
    out
}

/// Text of others for `text`, where no formatting is: cleaned, cut, escaped.
pub(super) fn plain(text: &str, budget: usize) -> String {
    escape(&cut(&clean(text, budget), budget))
}

/// Text of others within a code block: it can't end the block, and can't close the quotes around it.
pub(super) fn in_code(text: &str, budget: usize) -> String {
    plain(text, budget).replace(['`', '"'], "'")
}

/// Text of others as a code span.
pub(super) fn code(text: &str, budget: usize) -> String {
    let inner = plain(text, budget).replace('`', "'");
    if inner.is_empty() { "`(empty)`".to_owned() } else { format!("`{inner}`") }
}

/// A name of others: bare where it holds nothing that Slack could format, else a code span.
pub(super) fn name(text: &str, budget: usize) -> String {
    let cleaned = clean(text, budget);
    let harmless = |char: char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '.' | ',' | '(' | ')' | '/');
    if !cleaned.is_empty() && cleaned.chars().all(harmless) && !looks_like_a_link(&cleaned) {
        plain(&cleaned, budget)
    } else {
        code(&cleaned, budget)
    }
}

/// Slack's clients make links of bare domain names when they feel like it.
fn looks_like_a_link(text: &str) -> bool {
    text.split(' ').any(|word| word.trim_matches('.').contains('.') && word.contains(char::is_alphabetic))
}

/// A sentence of ours that may quote others: code spans stay, everything else is made harmless. A span that nothing closes,
/// as where the sentence was cut within it, is closed at the end: what it quotes must not come out of it. The further
/// backticks of a row are dropped, since they would begin a code block.
pub(super) fn sentence(text: &str, budget: usize) -> String {
    let mut out = plain(text, budget);
    while out.contains("``") {
        out = out.replace("``", "`");
    }
    if !out.matches('`').count().is_multiple_of(2) {
        match out.strip_suffix('`').map(str::len) {
            Some(before) => out.truncate(before),
            None => out.push('`'),
        }
    }
    out
}

/// Like [`sentence`], for `text`: without the marks of code spans.
pub(super) fn plain_sentence(text: &str, budget: usize) -> String {
    plain(text, budget).replace('`', "")
}

/// Cuts what is put together from parts that are escaped already; never within an entity.
pub(super) fn cut_escaped(text: &str, budget: usize) -> String {
    if text.chars().count() <= budget {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(budget.saturating_sub(1)).collect();
    if let Some(start) = out.rfind('&')
        && !out[start..].contains(';')
    {
        out.truncate(start);
    }
    out.push('…');
    out
}

/// `1 rule`, `3 rules`.
pub(super) fn rules(count: usize) -> String {
    if count == 1 { "1 rule".to_owned() } else { format!("{count} rules") }
}

/// A word for one or for several.
pub(super) fn plural(count: usize, one: &'static str, several: &'static str) -> &'static str {
    if count == 1 { one } else { several }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The first parts, and how many more there are.
pub(super) fn first_of(parts: Vec<String>, separator: &str, more: &str) -> String {
    first(limits::NAMED, parts, separator, more)
}

/// The first so many parts, and how many more there are.
pub(super) fn first(most: usize, parts: Vec<String>, separator: &str, more: &str) -> String {
    let hidden = parts.len().saturating_sub(most);
    let mut out = parts.into_iter().take(most).collect::<Vec<_>>().join(separator);
    if hidden > 0 {
        out.push_str(&format!("{separator}and {hidden} {more}"));
    }
    out
}

/// A time for readers, in their own zone; to the second.
pub(super) fn when_exactly(at: DateTime<Utc>) -> String {
    format!("<!date^{}^{{date_short_pretty}} {{time_secs}}|{} UTC>", at.timestamp(), at.format("%Y-%m-%d %H:%M:%S"))
}

/// A time for readers, in their own zone; to the minute.
pub(super) fn when(at: DateTime<Utc>) -> String {
    format!("<!date^{}^{{date_short_pretty}} {{time}}|{} UTC>", at.timestamp(), at.format("%Y-%m-%d %H:%M"))
}

/// A time for `text` and headers, to the second.
pub(super) fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_flat_visible_and_escaped() {
        assert_eq!(plain("a\nb\r\n\tc\u{202e}d\u{200b}e\u{0}", 99), "a b cde");
        assert_eq!(plain("<!here> & co", 99), "&lt;!here&gt; &amp; co");
        assert_eq!(plain("\u{2028}x\u{2029}\u{85}y", 99), "x y");
        assert_eq!(plain("tag\u{e0041}\u{2066}s", 99), "tags");
    }

    #[test]
    fn it_is_cut_by_character_before_it_is_escaped() {
        assert_eq!(plain("äöü<<<", 8), "äöü&lt;…");
        assert_eq!(plain("äöü<<<", 15), "äöü&lt;&lt;&lt;");
        assert_eq!(plain("&&", 5), "…");
        assert_eq!(cut_escaped("abc&amp;d", 6), "abc…");
        assert_eq!(cut_escaped("abc&amp;d", 9), "abc&amp;d");
    }

    #[test]
    fn a_backtick_ends_no_code() {
        assert_eq!(code("a`b", 99), "`a'b`");
        assert_eq!(in_code("```\" removed", 99), "'''' removed");
        assert_eq!(code("\u{200b}", 99), "`(empty)`");
        assert_eq!(sentence("when assuming `role/x` in `1", 99), "when assuming `role/x` in `1`");
        assert_eq!(sentence("It begins: `*a* b` and more", 14), "It begins: `*…`", "what was quoted stays quoted");
        assert_eq!(sentence("`a` b`", 99), "`a` b");
        assert_eq!(sentence("```\n*x*```", 99), "` *x*`");
    }

    #[test]
    fn a_name_that_slack_could_format_is_shown_as_code() {
        assert_eq!(name("web-alb", 99), "web-alb");
        assert_eq!(name("Prod (EU), payments", 99), "Prod (EU), payments");
        for formatted in ["*Approved*", "_x_", "~x~", ":here:", "@everyone", "evil.example", "> x"] {
            assert!(name(formatted, 99).starts_with('`'), "{formatted}");
        }
    }

    #[test]
    fn lists_read_like_english() {
        let of = |parts: &[&str]| and(&parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            (of(&[]), of(&["a"]), of(&["a", "b", "c"])),
            (String::new(), "a".to_owned(), "a, b and c".to_owned())
        );
    }
}
