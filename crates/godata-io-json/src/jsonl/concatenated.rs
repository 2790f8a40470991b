//! Splits files into blocks of whole values.

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};

use crate::values::{Layout, column_after, value_end};

/// Splits between values, wherever lines end.
#[derive(Debug)]
pub(super) struct ValueFraming {
    /// The column of the next byte, from 1.
    column: u64,
    /// The column at which the last frame began, from 1.
    frame_column: u64,
}

impl Default for ValueFraming {
    fn default() -> Self {
        Self { column: 1, frame_column: 1 }
    }
}

impl ValueFraming {
    /// The column at which the last frame began, from 1.
    pub(super) fn frame_column(&self) -> u64 {
        self.frame_column
    }
}

impl Framing for ValueFraming {
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let (end, records) = whole_values(ahead);
        let passed = &ahead.bytes[..end];
        self.frame_column = self.column;
        self.column = column_after(passed, self.column);
        let lines = memchr::memchr_iter(b'\n', passed).count() as u64;
        Ok(Frame::new(end).records(records).lines(lines))
    }
}

/// The end of the last whole value, and the number of values.
fn whole_values(ahead: Ahead<'_>) -> (usize, u64) {
    let bytes = ahead.bytes;
    let (mut end, mut records) = (0, 0);
    loop {
        let at = Layout::Concatenated.skip(bytes, end);
        if at == bytes.len() {
            // Without a value, what comes before the next one is taken on its own, so that it is not buffered.
            return (if records == 0 { at } else { end }, records);
        }
        match value_end(bytes, at) {
            Some(value_end) => end = value_end,
            None if ahead.at_end => end = bytes.len(),
            None => return (end, records),
        }
        records += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(framing: &mut ValueFraming, bytes: &[u8], at_end: bool) -> (usize, u64, u64, u64) {
        let file = "f".into();
        let ahead = Ahead::new(bytes, &file);
        let frame = framing.frame(if at_end { ahead.at_end() } else { ahead }).unwrap();
        (frame.bytes, frame.records, frame.lines, framing.frame_column())
    }

    #[test]
    fn frames_have_whole_values_and_count_the_columns_before_them() {
        let framing = &mut ValueFraming::default();
        assert_eq!(frame(framing, b"{\"a\":\n1}[2] 3", false), (11, 2, 1, 1));
        assert_eq!(frame(framing, b" 3", false), (0, 0, 0, 6));
        assert_eq!(frame(framing, b" 3\n\n{", false), (2, 1, 0, 6));
        assert_eq!(frame(framing, b"\n\n", false), (2, 0, 2, 8));
        assert_eq!(frame(framing, b"{\"}\"", true), (4, 1, 0, 1));
    }
}
