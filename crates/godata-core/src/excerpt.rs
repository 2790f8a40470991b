//! How error messages show a value that may be long.

/// How many characters of a value a message shows.
const EXCERPT: usize = 80;

/// Returns the first 80 characters of a text on one line, for an error message.
///
/// Control characters are escaped. `…` at the end says that the text was cut.
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

/// Returns the first `limit` characters of a text, as [`excerpt`] does.
///
/// ```
/// use godata_core::excerpt_within;
///
/// assert_eq!(excerpt_within("2024-02-30", 4), "2024…");
/// ```
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
    fn only_a_text_over_the_limit_is_cut() {
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
