//! Why somebody denied an opening, in their own words.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::one_line::one_line;

/// The reason of a Deny: 3 to 500 characters on one line, without characters that nobody sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

/// A text that is too short or too long for a reason. The words are for whoever wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A reason has {least} to {most} characters, and this has {has}. Nothing was changed.", least = Reason::LEAST, most = Reason::MOST)]
pub struct InvalidReason {
    /// How many characters it has.
    pub has: usize,
}

impl Reason {
    /// The fewest characters (Unicode scalar values).
    pub const LEAST: usize = 3;
    /// The most.
    pub const MOST: usize = 500;

    /// Makes the text one line, drops what nobody sees, and counts what is left.
    ///
    /// # Errors
    /// That is too little or too much.
    pub fn parse(text: &str) -> Result<Self, InvalidReason> {
        let text = one_line(text, usize::MAX, |_| 1);
        match text.chars().count() {
            Self::LEAST..=Self::MOST => Ok(Self(text)),
            has => Err(InvalidReason { has }),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Reason {
    type Error = InvalidReason;

    fn try_from(text: String) -> Result<Self, InvalidReason> {
        Self::parse(&text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn has(text: &str) -> usize {
        Reason::parse(text).expect_err(text).has
    }

    #[test]
    fn a_reason_has_3_to_500_characters_whatever_their_bytes() {
        for text in ["abc", "äöü", &"x".repeat(500), &"🔥".repeat(500)] {
            assert_eq!(Reason::parse(text).expect(text).as_str(), text);
        }
        assert_eq!((has(""), has("ab"), has(&"x".repeat(501))), (0, 2, 501));
        assert_eq!(
            Reason::parse("no").expect_err("short").to_string(),
            "A reason has 3 to 500 characters, and this has 2. Nothing was changed."
        );
    }

    #[test]
    fn it_is_one_line_that_reads_as_it_is_written() {
        let reason = |text: &str| Reason::parse(text).expect(text).to_string();
        assert_eq!(reason("  not in\r\n\tthe window \n"), "not in the window");
        assert_eq!(reason("a\u{202e}b\u{2066}c\u{0}\u{7}\u{1b}[31m"), "abc[31m");
        assert_eq!(has("\u{200b}\u{200b}\u{200b} a \n \u{202e}"), 1);
    }

    #[test]
    fn what_others_could_mistake_for_markup_stays_as_it_was_typed() {
        let text = "<!channel> *x* ` </script> \"quoted\" &amp;";
        assert_eq!(Reason::parse(text).expect("a reason").as_str(), text);
    }

    #[test]
    fn a_reason_is_stored_as_its_text_and_parsed_again() {
        let reason = Reason::parse("not now").expect("a reason");
        assert_eq!(serde_json::to_string(&reason).expect("JSON"), "\"not now\"");
        assert_eq!(serde_json::from_str::<Reason>("\"not now\"").expect("a reason").as_str(), "not now");
        assert!(serde_json::from_str::<Reason>("\"no\"").is_err());
    }

    proptest! {
        #[test]
        fn a_parsed_reason_parses_to_itself(text in any::<String>(), more in "(\\PC|\\s|\u{202e}){0,600}") {
            if let Ok(reason) = Reason::parse(&format!("{text}{more}")) {
                prop_assert!(!reason.as_str().contains(char::is_control));
                prop_assert_eq!(Reason::parse(reason.as_str()), Ok(reason));
            }
        }
    }
}
