//! Byte order marks.

/// Byte order marks and their encodings (Unicode 16.0, table 2-4); those that begin like another come first.
const MARKS: [(&[u8], &str); 5] = [
    (b"\xef\xbb\xbf", "UTF-8"),
    (b"\xff\xfe\0\0", "UTF-32LE"),
    (b"\0\0\xfe\xff", "UTF-32BE"),
    (b"\xff\xfe", "UTF-16LE"),
    (b"\xfe\xff", "UTF-16BE"),
];

/// The longest byte order mark.
pub(crate) const LONGEST_MARK: usize = 4;

/// How long the UTF-8 byte order mark is that `bytes` begin with, or the other encoding that they say.
pub(crate) fn mark_len(bytes: &[u8]) -> Result<usize, &'static str> {
    match MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        None => Ok(0),
        Some((mark, "UTF-8")) => Ok(mark.len()),
        Some((_, encoding)) => Err(encoding),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_apart() {
        let table: [(&[u8], _); 8] = [
            (b"", Ok(0)),
            (b"a", Ok(0)),
            (b"\xef\xbb", Ok(0)),
            (b"\xef\xbb\xbfa", Ok(3)),
            (b"\xff\xfea\0", Err("UTF-16LE")),
            (b"\xfe\xff\0a", Err("UTF-16BE")),
            (b"\xff\xfe\0\0", Err("UTF-32LE")),
            (b"\0\0\xfe\xff", Err("UTF-32BE")),
        ];
        for (bytes, expected) in table {
            assert_eq!(mark_len(bytes), expected, "{bytes:?}");
        }
    }
}
