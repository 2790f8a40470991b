//! The headline job by hand: as fast as it can be written without `unsafe`, for this job alone.
//!
//! It is what the library is measured against, so it does what the library does: it keeps the orders that are paid,
//! adds `gross`, and writes valid JSON Lines in the order of the input. It accepts RFC 4180 with LF, a header without
//! quotes, and text that it assumes to be UTF-8, and nothing else.
//!
//! Each worker takes a block of whole records, finds the ends of all cells, writes the paid rows to memory,
//! and waits for its turn to write to the file.

mod blocks;
mod ends;
mod layout;
mod lines;
mod slow;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use godata_core::BoxError;

use self::blocks::{Block, Blocks};
use self::ends::Ends;
use self::layout::Layout;
use self::lines::Lines;

/// Does the job with `threads` threads.
pub(crate) fn run(input: &Path, output: &Path, threads: NonZero<usize>) -> Result<(), BoxError> {
    let (blocks, header) = Blocks::open(File::open(input)?, File::create(output)?)?;
    let layout = Layout::of(&header)?;
    let blocks = Mutex::new(blocks);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.get()).map(|_| scope.spawn(|| work(&blocks, &layout))).collect();
        let ends = workers.into_iter().map(|worker| worker.join().map_err(|_| "a worker panicked")?);
        ends.collect()
    })
}

fn work(blocks: &Mutex<Blocks>, layout: &Layout) -> Result<(), BoxError> {
    let (mut block, mut ends, mut lines) = (Block::default(), Ends::default(), Lines::default());
    loop {
        let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).next(&mut block)?;
        let Some(turn) = next else { return Ok(()) };
        lines.clear();
        if ends.find(&block)? {
            lines.write_plain(&mut block, &ends, layout)?;
        } else {
            slow::write(&block, &ends, layout, &mut lines)?;
        }
        turn.take(|output| output.write_all(lines.bytes()))?;
    }
}
