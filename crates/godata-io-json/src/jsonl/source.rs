//! Files of lines that are being read.

use godata_core::BoxError;
use godata_etl::{BlockingSource, Chunk, Stop, Unit, Work};
use godata_io::{Block, Blocks};

use super::{
    framing::LineFraming,
    lines::{Lines, is_blank, text},
};
use crate::{decode::Decoder, options::Options};

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
}

/// Makes a batch of a block, with a record of each line that is not blank.
pub(super) fn decode_block<D: Decoder>(
    block: Block,
    options: Options,
    work: &mut Work,
) -> Result<Chunk<D::Batch>, Stop> {
    let origin = block.origin(line_numbers);
    work.decoding(&origin);
    let mut decoder = D::new(options, usize::try_from(block.records()).unwrap_or_default());
    let records = Lines::of(&block.bytes).filter(|line| !is_blank(line));
    for (row, line) in (0u32..).zip(records) {
        if row.is_multiple_of(RECORDS_PER_CHECK) {
            work.check()?;
        }
        if let Err(error) = text(line).and_then(|text| decoder.push(text)) {
            work.reject(row, error)?;
        }
    }
    work.recycle(block.bytes);
    Ok(Chunk::new(decoder.finish(), origin))
}

/// The lines that are records, because they are not blank; `bytes` begin on line `first`.
fn line_numbers(bytes: &[u8], first: u64) -> Vec<u64> {
    let numbered = (first..).zip(Lines::of(bytes));
    numbered.filter(|(_, line)| !is_blank(line)).map(|(number, _)| number).collect()
}
