//! Byte order marks.

/// Byte order marks and their encodings (Unicode 16.0, table 2-4). A mark comes before the marks that are a prefix of
/// it.
const MARKS: [(&[u8], &str); 5] = [
    (b"\xef\xbb\xbf", "UTF-8"),
    (b"\xff\xfe\0\0", "UTF-32LE"),
    (b"\0\0\xfe\xff", "UTF-32BE"),
    (b"\xff\xfe", "UTF-16LE"),
    (b"\xfe\xff", "UTF-16BE"),
];

/// The length of the longest byte order mark.
pub(crate) const LONGEST_MARK: usize = 4;

/// The length and the encoding of the byte order mark at the start of `bytes`.
pub(crate) fn mark(bytes: &[u8]) -> Option<(usize, &'static str)> {
    let (mark, encoding) = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark))?;
    Some((mark.len(), encoding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_order_mark_is_recognized() {
        let table: [(&[u8], _); 8] = [
            (b"", None),
            (b"a", None),
            (b"\xef\xbb", None),
            (b"\xef\xbb\xbfa", Some((3, "UTF-8"))),
            (b"\xff\xfea\0", Some((2, "UTF-16LE"))),
            (b"\xfe\xff\0a", Some((2, "UTF-16BE"))),
            (b"\xff\xfe\0\0", Some((4, "UTF-32LE"))),
            (b"\0\0\xfe\xff", Some((4, "UTF-32BE"))),
        ];
        for (bytes, expected) in table {
            assert_eq!(mark(bytes), expected, "{bytes:?}");
        }
    }
}
