//! The source of JSON Lines: blocks of lines, and their decoding.

use std::ops::Range;
use std::str;

use godata_core::BoxError;
use godata_etl::{BlockingSource, Chunk, Place, Stop, Unit, Work};
use godata_io::{Block, Blocks};

use super::framing::JsonlFraming;
use super::lines::{Lines, is_blank};
use crate::JsonError;
use crate::decode::{Decoder, hint};
use crate::options::Options;
use crate::values::{Layout, decode_values};

/// Decodes a block into a batch: a block of values that begins at a column, or a block of lines.
pub(super) type DecodeBlock<B> = fn(Block, Option<u64>, Options, &mut Work) -> Result<Chunk<B>, Stop>;

/// Reads files, one after the other.
#[derive(Debug)]
pub struct JsonlSource<B> {
    blocks: Blocks<JsonlFraming>,
    decode: DecodeBlock<B>,
    options: Options,
}

impl<B> JsonlSource<B> {
    pub(super) fn new(blocks: Blocks<JsonlFraming>, decode: DecodeBlock<B>, options: Options) -> Self {
        Self { blocks, decode, options }
    }
}

impl<B: godata_etl::Batch> BlockingSource for JsonlSource<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        let (decode, options) = (self.decode, self.options);
        let block = self.blocks.next(|blocks| {
            blocks.framing_mut().begin_file();
            Ok(())
        })?;
        let column = self.blocks.framing_mut().frame_column();
        Ok(block.map(|block| Unit::new(move |work| decode(block, column, options, work))))
    }

    fn is_quick(&self) -> bool {
        self.blocks.is_quick()
    }
}

/// Decodes a block, as [`DecodeBlock`] says.
pub(super) fn decode_block<D: Decoder>(
    block: Block,
    column: Option<u64>,
    options: Options,
    work: &mut Work,
) -> Result<Chunk<D::Batch>, Stop> {
    match column {
        Some(column) => decode_values::<D>(block, column, Layout::Concatenated, options, work),
        None => decode_lines::<D>(block, options, work),
    }
}

/// Decodes each line of a block that is not blank.
fn decode_lines<D: Decoder>(
    block: Block,
    options: Options,
    work: &mut Work,
) -> Result<Chunk<D::Batch>, Stop> {
    let origin = block.origin_with_raw(work, line_numbers, line_ranges);
    work.decoding(&origin);
    let records = usize::try_from(block.records()).unwrap_or_default();
    let mut decoder = D::new(options, records, block.bytes.len(), work.records());
    let (text, bad_lines) = utf8_lines(block.bytes);
    let mut bad_lines = bad_lines.into_iter().peekable();
    let mut row = 0;
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let record = line.strip_suffix('\n').unwrap_or(line);
        let record = record.strip_suffix('\r').unwrap_or(record);
        if let Some((_, column)) = bad_lines.next_if(|&(at, _)| at == begin) {
            work.reject(row, JsonError::Utf8 { column }.into_reason())?;
            row += 1;
        } else if !is_blank(record.as_bytes()) {
            if row % Work::RECORDS_PER_CHECK == 0 {
                work.check()?;
            }
            if let Err(error) = decoder.push(record, begin) {
                work.reject(row, hinted(error, record, &origin.place(row)).into_reason())?;
            }
            row += 1;
        }
        begin += line.len();
    }
    let (batch, rest) = decoder.finish(text)?;
    work.recycle(rest.unwrap_or_default().into_bytes());
    Ok(Chunk::new(batch, origin))
}

#[cold]
fn hinted(error: JsonError, line: &str, place: &Place) -> JsonError {
    let hint = hint::of_line(line, &error, place.record == Some(1));
    error.with_hint(hint)
}

/// The text of a block, and the lines that are not UTF-8: for each, its start in the text and the column of the first
/// invalid byte, from 1. These lines are replaced by blanks; all other lines keep their place.
fn utf8_lines(bytes: Vec<u8>) -> (String, Vec<(usize, usize)>) {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return (text, Vec::new()),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut bad_lines = Vec::new();
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        match str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            Err(error) => {
                bad_lines.push((text.len(), error.valid_up_to() + 1));
                text.extend(line.iter().map(|&byte| if byte == b'\n' { '\n' } else { ' ' }));
            }
        }
    }
    (text, bad_lines)
}

/// Where the lines that are not blank are, line ends included.
fn line_ranges(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut begin = 0;
    let lines = bytes.split_inclusive(|&byte| byte == b'\n').filter_map(|line| {
        let range = begin..begin + line.len();
        begin = range.end;
        (!is_blank(line.strip_suffix(b"\n").unwrap_or(line))).then_some(range)
    });
    lines.collect()
}

/// The numbers of the lines that are not blank, where `bytes` begin on line `first`.
fn line_numbers(bytes: &[u8], first: u64) -> Vec<u64> {
    let numbered = (first..).zip(Lines::of(bytes));
    numbered.filter(|(_, line)| !is_blank(line)).map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_not_utf_8_are_blanked_and_all_others_keep_their_place() {
        let block = b"{}\n\xc3\xa9\xff{}\r\n\xc3\xa9\n\n\xff\n{}\xc3";
        let (text, bad_lines) = utf8_lines(block.to_vec());
        assert_eq!(text, "{}\n      \n\u{e9}\n\n \n   ");
        assert_eq!(bad_lines, [(3, 3), (14, 1), (16, 3)]);
        assert_eq!(utf8_lines(b"{}\n".to_vec()), ("{}\n".to_owned(), vec![]));
    }
}
