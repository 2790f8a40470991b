//! Splits files into blocks of whole lines, or of whole values.

use std::sync::Arc;

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};

use super::concatenated::ValueFraming;
use super::lines::{Lines, is_blank};
use crate::JsonError;
use crate::decode::hint;

/// How files are split.
#[derive(Debug)]
pub(super) enum JsonlFraming {
    Lines(LineFraming),
    Values(ValueFraming),
}

impl JsonlFraming {
    /// Starts another file.
    pub(super) fn begin_file(&mut self) {
        if let Self::Values(values) = self {
            *values = ValueFraming::default();
        }
    }

    /// The column at which the last frame began, from 1, unless frames are whole lines.
    pub(super) fn frame_column(&self) -> Option<u64> {
        match self {
            Self::Lines(_) => None,
            Self::Values(values) => Some(values.frame_column()),
        }
    }
}

impl Framing for JsonlFraming {
    const TERMINATOR: Option<u8> = LineFraming::TERMINATOR;

    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        match self {
            Self::Lines(lines) => lines.frame(ahead),
            Self::Values(values) => values.frame(ahead),
        }
    }
}

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
        if bytes == 0
            && ahead.is_longest
            && let Some(hint) = hint::of_long_line(ahead.bytes)
        {
            let (file, line, reason) =
                (Arc::clone(ahead.file), ahead.line, "a line of over 64 MiB".to_owned());
            return Err(JsonError::Document { file, line, column: 1, reason, hint: Some(hint) }.into());
        }
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
