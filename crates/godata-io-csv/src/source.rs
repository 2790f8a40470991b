//! Open CSV files.

use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingSource, Origin, RunScope, Unit, Work};
use godata_io::{Blocks, Input};

use crate::FileColumns;
use crate::decode::{Decode, Decoder};
use crate::decoded::{BadRows, Decoded};
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
        let broken = if block.is_alone() { blocks.framing_mut().take_broken() } else { Vec::new() };
        Ok(Some(Unit::new(move |work| {
            let ranges: Arc<[_]> = broken.iter().map(|record| record.bytes.clone()).collect();
            let lines = |bytes: &[u8], line| record_lines(bytes, dialect, line, &ranges);
            let broken_ranges = Arc::clone(&ranges);
            let rows = move |bytes: &[u8]| record_ranges(bytes, dialect, &broken_ranges);
            let origin = block.origin_with_raw(work, lines, rows);
            work.decoding(&origin);
            if broken.is_empty() {
                return decode(&decoder, block.bytes, work)?.into_chunk(origin, work);
            }
            let mut bad = remove(broken, &mut block.bytes, &decoder);
            let decoded = decode(&decoder, block.bytes, work)?;
            bad.merge(decoded.bad);
            Decoded { batch: decoded.batch, bad }.into_chunk(origin, work)
        })))
    }

    fn is_quick(&self) -> bool {
        self.blocks.is_quick()
    }
}

/// Removes the broken records of a block. They become its bad rows.
#[cold]
fn remove(broken: Vec<BrokenRecord>, block: &mut Vec<u8>, decoder: &Decoder) -> BadRows {
    let mut bad = BadRows::default();
    // The bytes before `kept` stay, and so do those from `from` to the next broken record.
    let (mut kept, mut from) = (0, 0);
    for BrokenRecord { row, bytes, is_cut, error } in broken {
        block.copy_within(from..bytes.start, kept);
        (kept, from) = (kept + bytes.start - from, bytes.end);
        let reason = decoder.broken(error).into_reason();
        bad.push(row, if is_cut { reason.cut() } else { reason });
    }
    block.copy_within(from.., kept);
    block.truncate(kept + block.len() - from);
    bad
}

impl<B> fmt::Debug for CsvSource<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvSource").field("blocks", &self.blocks).finish_non_exhaustive()
    }
}
