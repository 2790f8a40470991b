//! The notation of numbers.

/// The spaces that are put between the parts of a number: the usual one, and the no-break spaces of typography.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}')
}

/// Whether a character stands for a separator.
pub(super) fn is_separator(c: char, separator: char) -> bool {
    match separator {
        ' ' => is_space(c),
        '\'' => matches!(c, '\'' | '’'),
        _ => c == separator,
    }
}

/// Whether a number is negative, and the rest of its text.
pub(super) fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The number in the notation of RFC 8259, section 6, from a text without its sign.
pub(super) fn plain(text: &str, point: char, thousands: Option<char>, is_negative: bool) -> Option<String> {
    let (number, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(number, exponent)| (number, Some(exponent)));
    let (int, fraction) = number.split_once(point).unwrap_or((number, ""));
    let mut plain = String::with_capacity(text.len() + 2);
    if is_negative {
        plain.push('-');
    }
    let start = plain.len();
    push_groups(&mut plain, int, thousands)?;
    if plain.len() == start && fraction.is_empty() {
        return None;
    }
    let zeros = plain[start..].bytes().take_while(|&digit| digit == b'0').count();
    plain.drain(start..start + zeros);
    if plain.len() == start {
        plain.push('0');
    }
    if !fraction.is_empty() {
        plain.push('.');
        push_digits(&mut plain, fraction)?;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        plain.push_str(if exponent.starts_with('-') { "e-" } else { "e" });
        push_digits(&mut plain, digits).filter(|()| !digits.is_empty())?;
    }
    Some(plain)
}

/// Adds the digits before the point. If they have separators, all groups but the first have three digits.
fn push_groups(plain: &mut String, int: &str, thousands: Option<char>) -> Option<()> {
    let Some(separator) = thousands else { return push_digits(plain, int) };
    let mut groups = int.split(|c| is_separator(c, separator));
    let first = groups.next()?;
    push_digits(plain, first)?;
    for group in groups {
        if group.len() != 3 || !(1..=3).contains(&first.len()) {
            return None;
        }
        push_digits(plain, group)?;
    }
    Some(())
}

fn push_digits(plain: &mut String, digits: &str) -> Option<()> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| plain.push_str(digits))
}
