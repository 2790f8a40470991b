//! How messages show text that others have written: it may be long, and may have characters that control a terminal.

use std::path::Path;

/// How many characters of a value a message shows.
const EXCERPT: usize = 80;

/// How many characters of a path a message shows, and how many of them are from its end. That is enough for the name of a
/// file, which has at most 255.
const PATH: usize = 400;
const PATH_END: usize = 299;

/// How many names of a list a message shows.
const LISTED: usize = 20;

/// Returns the first 80 characters of a text on one line, for a message.
///
/// Control characters are escaped, and so are characters that can't be seen or that change the order of others: line and
/// paragraph separators, marks of writing direction, zero-width characters and tags. `…` at the end says that the text was
/// cut. An excerpt of up to 80 characters is its own excerpt.
///
/// ```
/// use godata_core::excerpt;
///
/// assert_eq!(excerpt("two\nlines"), r"two\nlines");
/// assert_eq!(excerpt("cod\u{202e}txt.exe"), r"cod\u{202e}txt.exe");
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
    push_escaped(&mut short, text.chars().take(limit));
    if text.chars().nth(limit).is_some() {
        short.push('…');
    }
    short
}

/// Returns a path on one line, for a message. Characters are escaped as by [`excerpt`], and bytes that are not UTF-8 become
/// U+FFFD. Of more than 400 characters, the first 100 and the last 299 are shown, so that the name of the file is whole.
///
/// ```
/// use godata_core::excerpt_path;
///
/// assert_eq!(excerpt_path("data/orders\u{1b}[2J.csv"), r"data/orders\u{1b}[2J.csv");
/// ```
#[must_use]
pub fn excerpt_path(path: impl AsRef<Path>) -> String {
    let path = path.as_ref().to_string_lossy();
    let len = path.chars().count();
    let mut short = String::new();
    if len <= PATH {
        push_escaped(&mut short, path.chars());
    } else {
        push_escaped(&mut short, path.chars().take(PATH - PATH_END - 1));
        short.push('…');
        push_escaped(&mut short, path.chars().skip(len - PATH_END));
    }
    short
}

/// Returns the first 20 of a list of names, for a message. Each is an [`excerpt`] between backticks.
///
/// ```
/// use godata_core::excerpt_list;
///
/// assert_eq!(excerpt_list(["id", "amount"]), "`id`, `amount`");
/// assert!(excerpt_list(["x"; 5_000]).ends_with(", `x` and 4,980 more"));
/// ```
#[must_use]
pub fn excerpt_list<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> String {
    let mut names = names.into_iter();
    let shown: Vec<_> =
        names.by_ref().take(LISTED).map(|name| format!("`{}`", excerpt(name.as_ref()))).collect();
    match names.count() {
        0 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), grouped(more)),
    }
}

fn push_escaped(short: &mut String, characters: impl Iterator<Item = char>) {
    for c in characters {
        if is_hidden(c) { short.extend(c.escape_default()) } else { short.push(c) }
    }
}

/// Whether a character controls a terminal or can't be seen. That is every character that Unicode calls "default ignorable",
/// except U+FE00 to U+FE0F, the variation selectors of emoji.
pub(crate) const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        // Control characters.
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Separators of lines and paragraphs, and marks of writing direction.
        | '\u{2028}'..='\u{202e}' | '\u{61c}'
        // Characters without width or shape, and tags.
        | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A number with a comma between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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

    #[test]
    fn what_a_terminal_obeys_or_hides_is_escaped_and_other_text_is_not() {
        let ranges = [
            0..=0x1f,
            0x7f..=0x9f,
            0xad..=0xad,
            0x61c..=0x61c,
            0x200b..=0x200f,
            0x2028..=0x202e,
            0x2060..=0x206f,
            0xfeff..=0xfeff,
            0xe0000..=0xe007f,
        ];
        for c in ranges.into_iter().flatten().filter_map(char::from_u32) {
            let text = format!("a{c}b");
            for shown in [excerpt(&text), excerpt_path(&text), excerpt_list([&text])] {
                assert!(!shown.contains(c) && shown.contains('\\'), "{shown:?}");
            }
        }
        for text in
            ["Bestellungen täglich", "注文 数", "אבג", "e\u{301}", "❤\u{fe0f}", r"C:\data", "a\u{a0}b"]
        {
            assert_eq!((excerpt(text), excerpt_path(text)), (text.to_owned(), text.to_owned()));
        }
    }

    #[test]
    fn a_long_path_keeps_its_beginning_and_its_file_name() {
        let exact = format!("/{}", "d".repeat(PATH - 1));
        assert_eq!(excerpt_path(&exact), exact);
        let name = format!("{}.csv", "n".repeat(251));
        let shown = excerpt_path(format!("/data{}/{name}", "/d".repeat(1_000)));
        assert!(shown.starts_with("/data/d/d") && shown.ends_with(&format!("/{name}")), "{shown}");
        assert_eq!(shown.chars().count(), PATH);
    }

    #[test]
    fn a_list_says_how_many_names_it_leaves_out() {
        let names: Vec<_> = (0..1_234_587).map(|n| n.to_string()).collect();
        assert_eq!(excerpt_list(&names[..0]), "");
        assert!(excerpt_list(&names[..20]).ends_with("`18`, `19`"));
        assert!(excerpt_list(&names[..21]).ends_with("`18`, `19` and 1 more"));
        assert!(excerpt_list(&names[..1_020]).ends_with("`19` and 1,000 more"));
        assert!(excerpt_list(&names).ends_with("`19` and 1,234,567 more"));
    }
}
