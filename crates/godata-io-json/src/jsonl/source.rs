//! Files of lines that are being read.

use godata_core::BoxError;
use godata_etl::{BlockingSource, Chunk, Stop, Unit, Work};
use godata_io::{Block, Blocks};

use super::{
    framing::LineFraming,
    lines::{Lines, is_blank},
};
use crate::{JsonError, decode::Decoder, options::Options};

/// How many records are decoded between two looks for a cancellation.
const RECORDS_PER_CHECK: u32 = 256;

/// Makes a batch of a block of lines.
pub(super) type DecodeBlock<B> = fn(Block, Options, &mut Work) -> Result<Chunk<B>, Stop>;

/// Files of lines that are being read, one after the other.
#[derive(Debug)]
pub struct JsonlSource<B> {
    blocks: Blocks<LineFraming>,
    decode: DecodeBlock<B>,
    options: Options,
}

impl<B> JsonlSource<B> {
    pub(super) fn new(blocks: Blocks<LineFraming>, decode: DecodeBlock<B>, options: Options) -> Self {
        Self { blocks, decode, options }
    }
}

impl<B: godata_etl::Batch> BlockingSource for JsonlSource<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        let (decode, options) = (self.decode, self.options);
        let block = self.blocks.next(|_| Ok(()))?;
        Ok(block.map(|block| Unit::new(move |work| decode(block, options, work))))
    }

    fn is_quick(&self) -> bool {
        self.blocks.is_quick()
    }
}

/// Makes a batch of a block, with a record of each line that is not blank.
pub(super) fn decode_block<D: Decoder>(
    block: Block,
    options: Options,
    work: &mut Work,
) -> Result<Chunk<D::Batch>, Stop> {
    let origin = block.origin(line_numbers);
    work.decoding(&origin);
    let records = usize::try_from(block.records()).unwrap_or_default();
    let mut decoder = D::new(options, records, block.bytes.len(), work.records());
    let (text, bad_column) = utf8_lines(block.bytes);
    let mut row = 0;
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let record = line.strip_suffix('\n').unwrap_or(line);
        let record = record.strip_suffix('\r').unwrap_or(record);
        if !is_blank(record.as_bytes()) {
            if row % RECORDS_PER_CHECK == 0 {
                work.check()?;
            }
            if let Err(error) = decoder.push(record, begin) {
                work.reject(row, error)?;
            }
            row += 1;
        }
        begin += line.len();
    }
    if let Some(column) = bad_column {
        work.reject(row, JsonError::Utf8 { column })?;
    }
    let (batch, rest) = decoder.finish(text);
    work.recycle(rest.unwrap_or_default().into_bytes());
    Ok(Chunk::new(batch, origin))
}

/// The lines of a block, up to one that is not UTF-8; and the column of that, from 1.
fn utf8_lines(bytes: Vec<u8>) -> (String, Option<usize>) {
    String::from_utf8(bytes).map_or_else(
        |error| {
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            let begin = memchr::memrchr(b'\n', &bytes[..valid]).map_or(0, |at| at + 1);
            bytes.truncate(begin);
            (String::from_utf8(bytes).unwrap_or_default(), Some(valid - begin + 1))
        },
        |text| (text, None),
    )
}

/// The lines that are records, because they are not blank; `bytes` begin on line `first`.
fn line_numbers(bytes: &[u8], first: u64) -> Vec<u64> {
    let numbered = (first..).zip(Lines::of(bytes));
    numbered.filter(|(_, line)| !is_blank(line)).map(|(number, _)| number).collect()
}
