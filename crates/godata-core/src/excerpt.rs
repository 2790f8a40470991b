//! The start of a value, for a message.

/// How many characters of a value a message shows.
const EXCERPT: usize = 80;

/// The first 80 characters of a text on one line, for an error message: control characters are escaped, and `…` marks
/// what was cut.
///
/// ```
/// use godata_core::excerpt;
///
/// assert_eq!(excerpt("two\nlines"), r"two\nlines");
/// assert_eq!(excerpt(&"x".repeat(1_000)), format!("{}…", "x".repeat(80)));
/// ```
#[must_use]
pub fn excerpt(text: &str) -> String {
    excerpt_within(text, EXCERPT)
}

/// As [`excerpt`], with a limit of its own in characters.
#[must_use]
pub fn excerpt_within(text: &str, limit: usize) -> String {
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
    fn a_text_is_cut_after_the_limit_and_not_before() {
        let exact = "é".repeat(EXCERPT);
        assert_eq!(excerpt(&exact), exact);
        assert_eq!(excerpt(&format!("{exact}x")), format!("{exact}…"));
        assert_eq!(excerpt_within("abc", 2), "ab…");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(excerpt("a\n\u{1b}b"), "a\\n\\u{1b}b");
    }
}
