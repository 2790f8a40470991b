//! The source of arrays: blocks of elements, and their decoding.

use std::str;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingSource, Chunk, Lines, RunScope, Stop, Unit, Work};
use godata_io::{Block, Blocks, InputFiles};

use super::elements::Elements;
use super::framing::ArrayFraming;
use super::pointer::Pointer;
use super::scanner::{Scanner, column_after};
use crate::JsonError;
use crate::decode::Decoder;
use crate::options::Options;

/// How many records are decoded between two checks for cancellation.
const RECORDS_PER_CHECK: u32 = 256;

/// Decodes a block of elements that begins at this column into a batch.
pub(super) type DecodeBlock<B> = fn(Block, u64, Options, &mut Work) -> Result<Chunk<B>, Stop>;

/// Reads documents, one after the other.
#[derive(Debug)]
pub struct JsonSource<B> {
    blocks: Blocks<ArrayFraming>,
    framing: ArrayFraming,
    pointer: Pointer,
    decode: DecodeBlock<B>,
    options: Options,
}

impl<B> JsonSource<B> {
    pub(super) fn new(
        files: InputFiles,
        pointer: Pointer,
        decode: DecodeBlock<B>,
        options: Options,
        scope: &RunScope,
    ) -> Self {
        let framing = ArrayFraming::default();
        let blocks = Blocks::new(files, framing.clone(), scope);
        framing.begin(Scanner::new(Arc::clone(blocks.name()), pointer.clone(), options));
        Self { blocks, framing, pointer, decode, options }
    }

    pub(super) fn block_size(self, bytes: usize) -> Self {
        Self { blocks: self.blocks.block_size(bytes), ..self }
    }
}

impl<B: Batch> BlockingSource for JsonSource<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        let Self { framing, pointer, decode, options, .. } = self;
        let (decode, options) = (*decode, *options);
        let next = self.blocks.next(|blocks| {
            framing.finish()?;
            framing.begin(Scanner::new(Arc::clone(blocks.name()), pointer.clone(), options));
            Ok(())
        });
        let Some(block) = next? else {
            self.framing.finish()?;
            return Ok(None);
        };
        let column = self.framing.frame_column();
        Ok(Some(Unit::new(move |work| decode(block, column, options, work))))
    }

    fn is_quick(&self) -> bool {
        self.blocks.is_quick()
    }
}

/// Decodes each element of a block.
pub(super) fn decode_block<D: Decoder>(
    block: Block,
    column: u64,
    options: Options,
    work: &mut Work,
) -> Result<Chunk<D::Batch>, Stop> {
    let origin = block.origin(|_, line| vec![line]);
    let first_line = origin.place(0).line.unwrap_or(1);
    work.decoding(&origin);
    let records = usize::try_from(block.records()).unwrap_or_default();
    let bytes = block.bytes;
    let mut decoder = D::new(options, records, bytes.len(), work.records());
    let mut lines = Vec::with_capacity(records);
    let (mut line, mut counted) = (first_line, 0);
    for (row, (begin, element)) in (0u32..).zip(Elements::of(&bytes)) {
        if row.is_multiple_of(RECORDS_PER_CHECK) {
            work.check()?;
        }
        line += line_feeds(&bytes[counted..begin]);
        counted = begin;
        lines.push(line);
        if let Err(mut error) = text(element).and_then(|text| decoder.push(text, begin)) {
            if let Some(at) = error.column_mut() {
                // The column counts on the line of the error, which can be after the line on which the record begins.
                let before = &bytes[..begin + (*at - 1).min(element.len())];
                *at = usize::try_from(column_after(before, column)).unwrap_or(usize::MAX);
                lines.pop();
                lines.push(first_line + line_feeds(before));
            }
            work.decoding(&origin.clone().lines(Lines::Each(lines.clone().into())));
            work.reject(row, error)?;
        }
    }
    let origin = origin.lines(Lines::Each(lines.into()));
    // The elements are valid UTF-8, and between them are only white space and commas.
    let text = String::from_utf8(bytes).map_err(|error| error.utf8_error())?;
    let (batch, rest) = decoder.finish(text)?;
    work.recycle(rest.unwrap_or_default().into_bytes());
    Ok(Chunk::new(batch, origin))
}

fn line_feeds(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn text(element: &[u8]) -> Result<&str, JsonError> {
    str::from_utf8(element).map_err(|error| JsonError::Utf8 { column: error.valid_up_to() + 1 })
}
