//! How large numbers are written for people.

/// A number with a comma between thousands.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_stands_between_thousands_only() {
        for (number, written) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (65_536, "65,536"), (1 << 32, "4,294,967,296")]
        {
            assert_eq!(grouped(number), written);
        }
    }
}
