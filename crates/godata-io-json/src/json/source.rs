//! The source of arrays: blocks of elements, and their decoding.

use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingSource, Chunk, RunScope, Stop, Unit, Work};
use godata_io::{Block, Blocks, InputFiles};

use super::framing::ArrayFraming;
use super::pointer::Pointer;
use super::scanner::Scanner;
use crate::decode::Decoder;
use crate::options::Options;
use crate::values::{Layout, decode_values};

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
        let is_empty = files.is_empty();
        let blocks = Blocks::new(files, framing.clone(), scope);
        if !is_empty {
            framing.begin(Scanner::new(Arc::clone(blocks.name()), pointer.clone(), options));
        }
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
    decode_values::<D>(block, column, Layout::Elements, options, work)
}
