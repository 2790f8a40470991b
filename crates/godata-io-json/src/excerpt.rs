//! The beginning of a text, for a message.

/// How many characters of a value a message shows.
const VALUE: usize = 80;

/// The beginning of a value, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    cut(text, VALUE)
}

/// The beginning of a text, on one line.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    let mut short = String::new();
    for c in text.chars().take(limit) {
        if c.is_control() { short.extend(c.escape_default()) } else { short.push(c) }
    }
    if text.chars().nth(limit).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_stays_on_one_line() {
        let exact = "é".repeat(VALUE);
        assert_eq!(excerpt(&exact), exact);
        assert_eq!(excerpt(&format!("{exact}x")), format!("{exact}…"));
        assert_eq!(excerpt("a\nb"), "a\\nb");
    }
}
