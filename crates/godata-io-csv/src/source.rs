//! A CSV file that was opened.

use std::{fmt, sync::Arc};

use godata_core::BoxError;
use godata_etl::{Batch, BlockingSource, Chunk, Lines, Origin, RunScope, Unit};
use godata_io::{Block, Blocks, Input};

use crate::{
    decode::Decoder,
    dialect::Dialect,
    framing::{Cutter, record_lines},
    open,
    reader::{Decode, Options},
};

/// Cuts a file into blocks, each of which is decoded on a worker.
pub struct CsvSource<B> {
    blocks: Blocks<Cutter>,
    dialect: Dialect,
    decoder: Arc<Decoder>,
    decode: Decode<B>,
}

impl<B> CsvSource<B> {
    pub(crate) fn open(
        input: &Input,
        options: Options,
        decode: Decode<B>,
        scope: &RunScope,
    ) -> Result<Self, BoxError> {
        let dialect = options.dialect.checked()?;
        let mut blocks = Blocks::new(input.open(scope)?, Cutter::new(input.name(), dialect), scope);
        if let Some(bytes) = options.block_size {
            blocks = blocks.block_size(bytes);
        }
        let columns = open::columns(&mut blocks, &options)?;
        let decoder = Decoder::new(dialect, columns, options.trim, options.nulls);
        Ok(Self { blocks, dialect, decoder: Arc::new(decoder), decode })
    }
}

impl<B: Batch> BlockingSource for CsvSource<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        let Some(block) = self.blocks.next()? else { return Ok(None) };
        let (dialect, decoder, decode) = (self.dialect, Arc::clone(&self.decoder), self.decode);
        Ok(Some(Unit::new(move |work| {
            let origin = origin(&block, dialect);
            work.decoding(&origin);
            let batch = decode(&decoder, &block.bytes, work)?;
            work.recycle(block.bytes);
            Ok(Chunk::new(batch, origin))
        })))
    }
}

/// Where the records of a block stand: as the block says, unless records and lines differ.
fn origin(block: &Block, dialect: Dialect) -> Origin {
    let origin = block.origin.clone();
    if block.records == block.lines {
        return origin;
    }
    let first = origin.place(0).line.unwrap_or_default();
    let lines = record_lines(&block.bytes, dialect, first);
    origin.lines(Lines::Each(lines.into()))
}

impl<B> fmt::Debug for CsvSource<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvSource").field("blocks", &self.blocks).finish_non_exhaustive()
    }
}
