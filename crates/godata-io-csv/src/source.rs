//! Open CSV files.

use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingSource, Chunk, RunScope, Unit};
use godata_io::{Blocks, Input};

use crate::decode::{Decode, Decoder};
use crate::dialect::Dialect;
use crate::framing::{Cutter, record_lines};
use crate::open;
use crate::open::Opening;
use crate::options::Options;

/// Cuts files into blocks, which are decoded on the workers.
pub struct CsvSource<B> {
    blocks: Blocks<Cutter>,
    /// What the files after the first must begin with.
    opening: Opening,
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
        let mut blocks = Blocks::new(input.open(scope)?, Cutter::new(dialect), scope);
        if let Some(bytes) = options.block_size {
            blocks = blocks.block_size(bytes);
        }
        let (columns, opening) = open::columns(&mut blocks, &options)?;
        let decoder = Arc::new(Decoder::new(dialect, columns, options.trim, options.nulls));
        Ok(Self { blocks, opening, dialect, decoder, decode })
    }
}

impl<B: Batch> BlockingSource for CsvSource<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        let (dialect, decoder, decode) = (self.dialect, Arc::clone(&self.decoder), self.decode);
        let Self { blocks, opening, .. } = self;
        let Some(block) = blocks.next(|blocks| opening.take(blocks))? else { return Ok(None) };
        Ok(Some(Unit::new(move |work| {
            let origin = block.origin(|bytes, line| record_lines(bytes, dialect, line));
            work.decoding(&origin);
            let batch = decode(&decoder, block.bytes, work)?;
            Ok(Chunk::new(batch, origin))
        })))
    }

    fn is_quick(&self) -> bool {
        self.blocks.is_quick()
    }
}

impl<B> fmt::Debug for CsvSource<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvSource").field("blocks", &self.blocks).finish_non_exhaustive()
    }
}
