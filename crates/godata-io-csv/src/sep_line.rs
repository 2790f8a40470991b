//! The line with which Excel declares the delimiter of a file.

use godata_core::BoxError;
use godata_io::{Ahead, Blocks, Frame, Framing};

use crate::framing::{Cutter, RawLine};

/// The declaration of a delimiter on the first line of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SepLine {
    pub(crate) delimiter: u8,
    pub(crate) frame: Frame,
}

impl SepLine {
    /// The declaration at the start of a file, which is not skipped yet.
    pub(crate) fn of(blocks: &mut Blocks<Cutter>) -> Result<Option<Self>, BoxError> {
        let head = blocks.first_record(&mut Start)?;
        Ok(head.and_then(|head| Some(Self { delimiter: delimiter(head.bytes)?, frame: head.frame })))
    }
}

/// How long a declaration may be: `"sep=;"` and CRLF.
const LONGEST: usize = 8;

/// Cuts the first line if it is short enough, otherwise a part of it.
struct Start;

impl Framing for Start {
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let frame = RawLine.frame(ahead)?;
        let is_long = frame.bytes == 0 && ahead.bytes.len() >= LONGEST;
        Ok(if is_long { Frame::new(LONGEST) } else { frame })
    }
}

/// The delimiter that a line declares.
fn delimiter(line: &[u8]) -> Option<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (name, [delimiter]) = line.split_at_checked(4)? else { return None };
    name.eq_ignore_ascii_case(b"sep=").then_some(*delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_line_declares_a_delimiter() {
        for line in ["sep=;", "sep=;\n", "sep=;\r\n", "SEP=;\r", "\"sep=;\"\r\n"] {
            assert_eq!(delimiter(line.as_bytes()), Some(b';'), "{line:?}");
        }
        assert_eq!(delimiter(b"sep=\t\n"), Some(b'\t'));
        for line in ["sep=", "sep=\n", "sep=;;", "sep;", "", "a", "sep=;,a", " sep=;", "\"sep=;", "set=;"] {
            assert_eq!(delimiter(line.as_bytes()), None, "{line:?}");
        }
    }
}
