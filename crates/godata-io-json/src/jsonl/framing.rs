//! Splits files into blocks of whole lines.

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};

use super::lines::{Lines, is_blank};

/// Splits after line feeds. A value has none inside: strings escape them, and JSON Lines allows no others.
#[derive(Debug, Default)]
pub(super) struct LineFraming {
    /// How many bytes of the next record are known to have no line feed.
    searched: usize,
}

impl Framing for LineFraming {
    const TERMINATOR: Option<u8> = Some(b'\n');

    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let unknown = ahead.bytes.get(self.searched..).unwrap_or_default();
        let line_feed = memchr::memrchr(b'\n', unknown).map(|at| self.searched + at);
        let bytes = match line_feed {
            _ if ahead.at_end => ahead.bytes.len(),
            Some(line_feed) => line_feed + 1,
            None => 0,
        };
        self.searched = if bytes == 0 { ahead.bytes.len() } else { 0 };
        let mut frame = Frame::new(bytes);
        for line in Lines::of(&ahead.bytes[..bytes]) {
            frame.lines += 1;
            frame.records += u64::from(!is_blank(line));
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(framing: &mut LineFraming, bytes: &[u8], at_end: bool) -> (usize, u64, u64) {
        let file = "f".into();
        let ahead = Ahead::new(bytes, &file);
        let frame = framing.frame(if at_end { ahead.at_end() } else { ahead }).unwrap();
        (frame.bytes, frame.records, frame.lines)
    }

    #[test]
    fn frames_have_whole_lines_and_count_those_that_are_not_blank() {
        let framing = &mut LineFraming::default();
        assert_eq!(frame(framing, b"1\n \r\n\n2\n3", false), (8, 2, 4));
        assert_eq!(frame(framing, b"3\n4", false), (2, 1, 1));
        assert_eq!(frame(framing, b"4", false), (0, 0, 0));
        assert_eq!(frame(framing, b"4\n", false), (2, 1, 1));
        assert_eq!(frame(framing, b"5\n6", true), (3, 2, 2));
        assert_eq!(frame(framing, b"", true), (0, 0, 0));
    }
}
