//! Text that others chose, made one visible line.

/// One line without control characters, invisible characters and characters that turn the direction of writing; runs of
/// white space are one space. Reads no further than it takes to see that the budget is used up: the text may be long.
#[must_use]
pub fn one_line(text: &str, budget: usize, cost: fn(char) -> usize) -> String {
    let (mut out, mut spent, mut gap) = (String::new(), 0, false);
    for char in text.chars() {
        if char.is_whitespace() {
            gap = !out.is_empty();
        } else if !is_invisible(char) {
            if gap {
                out.push(' ');
            }
            out.push(char);
            spent += cost(char) + usize::from(gap);
            gap = false;
            if spent > budget {
                break;
            }
        }
    }
    out
}

fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_with_the_first_character_beyond_the_budget() {
        let one = |_: char| 1;
        assert_eq!(one_line("abcdef", 3, one), "abcd");
        assert_eq!(one_line("a b c d", 3, one), "a b c", "a space that is written costs one");
        assert_eq!(one_line("\u{202e}a\u{200b}\n\n b ", 9, one), "a b");
        assert_eq!(one_line("aé", 2, char::len_utf8), "aé", "the cost is the caller's");
        assert_eq!(one_line("éab", 2, char::len_utf8), "éa");
    }
}
