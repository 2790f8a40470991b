//! The lines of a block.

/// Iterates over the lines of a block, without their line feeds. Empty lines are included.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        Some(line)
    }
}

/// Whether a line has only what JSON calls white space.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_needs_no_line_feed() {
        let lines = |text: &'static str| Lines::of(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(lines("a\n\nb"), [&b"a"[..], b"", b"b"]);
        assert_eq!(lines("a\n\n"), [&b"a"[..], b""]);
        assert_eq!(lines(""), [b""; 0]);
    }

    #[test]
    fn only_white_space_of_json_is_blank() {
        for line in ["", " ", "\t", "\r", " \t\r\r"] {
            assert!(is_blank(line.as_bytes()), "{line:?}");
        }
        for line in ["\u{a0}", "\u{b}", "\0", "\u{feff}", " x"] {
            assert!(!is_blank(line.as_bytes()), "{line:?}");
        }
    }
}
