//! Splits a statement into words, symbols and texts.

use std::fmt;

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, a column, or the id of an event data store.
    Word(String),
    /// `'text'`, with `''` for a quote.
    Text(String),
    /// A comma, a parenthesis or a comparison.
    Symbol(&'static str),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "'{word}'"),
            Self::Text(text) => write!(f, "text '{text}'"),
            Self::Symbol(symbol) => write!(f, "'{symbol}'"),
        }
    }
}

/// Longer symbols go first: `<=` is not `<` and `=`.
const SYMBOLS: [&str; 10] = ["<=", ">=", "<>", "!=", "=", "<", ">", ",", "(", ")"];

/// Splits a statement. Quoted identifiers, comments, `;`, `*` and operators outside the subset are errors.
pub(super) fn tokens(statement: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = statement.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if first == '\'' {
            text(rest)?
        } else if is_word(first) && first != '-' {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            (Token::Word(word.to_owned()), after)
        } else {
            let symbol = SYMBOLS
                .into_iter()
                .find(|symbol| rest.starts_with(symbol))
                .ok_or_else(|| format!("extraneous input '{first}'"))?;
            (Token::Symbol(symbol), rest.strip_prefix(symbol).unwrap_or_default())
        };
        found.push(token);
        rest = after.trim_start();
    }
    Ok(found)
}

/// `-` is part of a word, because the id of an event data store stands unquoted; two of them begin a comment.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn text(rest: &str) -> Result<(Token, &str), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\'' {
            text.push(c);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            text.push('\'');
        } else {
            return Ok((Token::Text(text), rest.get(at + 1..).unwrap_or_default()));
        }
    }
    Err("a text has no closing quote".to_owned())
}
