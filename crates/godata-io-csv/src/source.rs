//! Open CSV files.

use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingSource, Chunk, Origin, RunScope, Unit, Work};
use godata_io::{Blocks, Input};

use crate::FileColumns;
use crate::decode::{Decode, Decoder};
use crate::framing::{Cutter, record_lines};
use crate::open::Opening;
use crate::options::Options;

/// Cuts files into blocks, which are decoded on the workers.
pub struct CsvSource<B> {
    blocks: Blocks<Cutter>,
    /// What comes before the records of each file.
    opening: Opening,
    /// Decodes the records of the current file.
    decoder: Arc<Decoder>,
    decode: Decode<B>,
    has_records: bool,
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
        if options.file_columns != FileColumns::Same {
            // The records of a file are decoded by its own header.
            blocks = blocks.file_by_file();
        }
        if let Some(bytes) = options.block_size {
            blocks = blocks.block_size(bytes);
        }
        let (opening, columns) = Opening::begin(&mut blocks, dialect, options, scope)?;
        let decoder = Arc::new(opening.decoder(columns));
        Ok(Self { blocks, opening, decoder, decode, has_records: false })
    }
}

impl<B: Batch> BlockingSource for CsvSource<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        let Self { blocks, opening, decoder, decode, has_records } = self;
        let block = blocks.next(|blocks| {
            if let Some(columns) = opening.next(blocks)? {
                *decoder = Arc::new(opening.decoder(columns));
            }
            Ok(())
        })?;
        let is_first = !std::mem::replace(has_records, true);
        let (dialect, decoder, decode) = (opening.dialect, Arc::clone(decoder), *decode);
        let Some(block) = block else {
            // An empty batch tells the names to the steps and the output.
            let empty =
                move |work: &mut Work| Ok(Chunk::new(decode(&decoder, Vec::new(), work)?, Origin::new(0)));
            return Ok(is_first.then(|| Unit::new(empty)));
        };
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
