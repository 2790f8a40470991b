//! CSV files that were opened.

use std::{fmt, sync::Arc};

use godata_core::BoxError;
use godata_etl::{Batch, BlockingSource, Chunk, RunScope, Unit};
use godata_io::{Blocks, Input};

use crate::{
    decode::Decoder,
    delimiter::Delimiter,
    framing::{Cutter, record_lines},
    open::{self, Header},
    reader::{Decode, Options},
};

/// Cuts files into blocks, each of which is decoded on a worker.
pub struct CsvSource<B> {
    blocks: Blocks<Cutter>,
    /// What files after the first must begin with.
    header: Option<Header>,
    delimiter: Delimiter,
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
        let delimiter = Delimiter::new(options.delimiter)?;
        let mut blocks = Blocks::new(input.open(scope)?, Cutter::new(delimiter), scope);
        if let Some(bytes) = options.block_size {
            blocks = blocks.block_size(bytes);
        }
        let (columns, header) = open::columns(&mut blocks, delimiter, options)?;
        let decoder = Arc::new(Decoder::new(delimiter, columns));
        Ok(Self { blocks, header, delimiter, decoder, decode })
    }
}

impl<B: Batch> BlockingSource for CsvSource<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        let (delimiter, decoder, decode) = (self.delimiter, Arc::clone(&self.decoder), self.decode);
        let header = self.header.as_ref();
        let begin =
            |blocks: &mut Blocks<Cutter>| header.map_or(Ok(()), |header| header.expect(blocks, delimiter));
        let Some(block) = self.blocks.next(begin)? else { return Ok(None) };
        Ok(Some(Unit::new(move |work| {
            let origin = block.origin(|bytes, line| record_lines(bytes, delimiter, line));
            work.decoding(&origin);
            let batch = decode(&decoder, &block.bytes, work)?;
            work.recycle(block.bytes);
            Ok(Chunk::new(batch, origin))
        })))
    }
}

impl<B> fmt::Debug for CsvSource<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvSource").field("blocks", &self.blocks).finish_non_exhaustive()
    }
}
