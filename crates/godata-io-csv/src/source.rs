//! Open CSV files.

use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingSource, Origin, RunScope, Unit, Work};
use godata_io::{Blocks, Input};

use crate::FileColumns;
use crate::decode::{Decode, Decoder};
use crate::framing::{BrokenRecord, Cutter, record_lines, record_ranges};
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
    /// Whether the steps and the output know the names of the columns, as far as there are any.
    is_begun: bool,
}

impl<B> CsvSource<B> {
    pub(crate) fn open(
        input: &Input,
        options: Options,
        decode: Decode<B>,
        scope: &RunScope,
    ) -> Result<Self, BoxError> {
        let dialect = options.dialect.checked()?;
        let files = input.open(scope)?;
        let is_empty = files.is_empty();
        let mut blocks = Blocks::new(files, Cutter::new(dialect), scope);
        if options.file_columns != FileColumns::Same {
            // The records of a file are decoded by its own header.
            blocks = blocks.file_by_file();
        }
        if let Some(bytes) = options.block_size {
            blocks = blocks.block_size(bytes);
        }
        if let Some(bytes) = options.longest_record {
            blocks = blocks.longest_record(bytes);
        }
        let (opening, columns) = Opening::begin(&mut blocks, dialect, options, is_empty, scope)?;
        blocks.framing_mut().set_width(columns.width);
        let decoder = Arc::new(opening.decoder(columns));
        // Without a file no names are known, so there is no batch that would tell them.
        Ok(Self { blocks, opening, decoder, decode, is_begun: is_empty })
    }
}

impl<B: Batch> BlockingSource for CsvSource<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        let Self { blocks, opening, decoder, decode, is_begun } = self;
        let block = blocks.next(|blocks| {
            if let Some(columns) = opening.next(blocks)? {
                blocks.framing_mut().set_width(columns.width);
                *decoder = Arc::new(opening.decoder(columns));
            }
            Ok(())
        })?;
        let is_first = !std::mem::replace(is_begun, true);
        let (dialect, decoder, decode) = (opening.dialect, Arc::clone(decoder), *decode);
        let Some(mut block) = block else {
            // An empty batch tells the names to the steps and the output.
            let empty =
                move |work: &mut Work| decode(&decoder, Vec::new(), work)?.into_chunk(Origin::new(0), work);
            return Ok(is_first.then(|| Unit::new(empty)));
        };
        let broken = blocks.framing_mut().take_broken();
        Ok(Some(Unit::new(move |work| {
            let lines = move |bytes: &[u8], line| record_lines(bytes, dialect, line);
            let origin = block.origin_with_raw(work, lines, move |bytes| record_ranges(bytes, dialect));
            work.decoding(&origin);
            let Some(BrokenRecord { len, is_cut, error }) = broken else {
                return decode(&decoder, block.bytes, work)?.into_chunk(origin, work);
            };
            let row = block.records() - 1;
            block.bytes.truncate(block.bytes.len().saturating_sub(len));
            let mut decoded = decode(&decoder, block.bytes, work)?;
            let reason = decoder.broken(error).into_reason();
            let reason = if is_cut { reason.cut() } else { reason };
            decoded.bad.push(u32::try_from(row).unwrap_or(u32::MAX), reason);
            decoded.into_chunk(origin, work)
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
