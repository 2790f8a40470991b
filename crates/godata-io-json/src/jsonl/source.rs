//! A file of lines that is being read.

use godata_core::BoxError;
use godata_etl::{BlockingSource, Chunk, Lines as LineNumbers, Origin, Stop, Unit, Work};
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

/// A file of lines that is being read.
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
        let block = self.blocks.next()?;
        Ok(block.map(|block| Unit::new(move |work| decode(block, options, work))))
    }
}

/// Makes a batch of a block, with a record of each line that is not blank.
pub(super) fn decode_block<D: Decoder>(
    block: Block,
    options: Options,
    work: &mut Work,
) -> Result<Chunk<D::Batch>, Stop> {
    let origin = with_line_numbers(&block);
    work.decoding(&origin);
    let mut decoder = D::new(options, usize::try_from(block.records).unwrap_or_default());
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

/// The origin of a block, in which every line is a record unless some are blank.
fn with_line_numbers(block: &Block) -> Origin {
    let origin = block.origin.clone();
    match origin.place(0).line {
        Some(first) if block.records < block.lines => {
            let numbered = (first..).zip(Lines::of(&block.bytes));
            let records = numbered.filter(|(_, line)| !is_blank(line));
            origin.lines(LineNumbers::Each(records.map(|(number, _)| number).collect()))
        }
        _ => origin,
    }
}
