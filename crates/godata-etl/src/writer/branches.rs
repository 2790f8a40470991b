//! Encoding a batch for several writers.

use crate::{Batch, Chunk, Stop, Work, Writer};

/// Encodes batches for one writer, and keeps the last result.
pub(super) type Branch<'a, B> = Box<dyn FnMut(Chunk<B>, &mut Work) -> Result<(), Stop> + 'a>;

/// Encodes a batch for all branches. A record that one of them rejects is encoded for none: the others encode the batch again
/// without it.
pub(super) fn encode_for_all<B: Batch + Clone>(
    mut chunk: Chunk<B>,
    work: &mut Work,
    branches: &mut [Branch<'_, B>],
) -> Result<(), Stop> {
    if !work.may_reject() {
        return encode_once(chunk, work, branches);
    }
    let rows = chunk.renumber();
    let (outer, start) = (work.enter(&chunk.origin), work.rejected());
    let count = branches.len();
    // How many branches in a row have encoded the batch as it is now.
    let mut agreed = 0;
    for at in (0..count).cycle() {
        if agreed == count {
            break;
        }
        let before = work.rejected();
        branches[at](chunk.clone(), work)?;
        let rejected = chunk.positions(work.rejected_after(before));
        agreed = if rejected.is_empty() { agreed + 1 } else { 1 };
        chunk.take_out(&rejected);
    }
    work.enter(&outer);
    work.restore_rejected(start, &rows);
    Ok(())
}

/// Encodes a copy of a batch. Returns the batch without the records that were rejected.
pub(crate) fn encode_copy<B: Batch + Clone>(
    mut chunk: Chunk<B>,
    work: &mut Work,
    mut encode: impl FnMut(Chunk<B>, &mut Work) -> Result<(), Stop>,
) -> Result<Chunk<B>, Stop> {
    let mut copy = chunk.clone();
    if !work.may_reject() {
        encode(copy, work)?;
        return Ok(chunk);
    }
    let rows = copy.renumber();
    let (outer, start) = (work.enter(&copy.origin), work.rejected());
    encode(copy, work)?;
    // After the renumbering, the row of a record is its position.
    let mut rejected = work.rejected_after(start).to_vec();
    rejected.sort_unstable();
    rejected.dedup();
    chunk.take_out(&rejected);
    work.enter(&outer);
    work.restore_rejected(start, &rows);
    Ok(chunk)
}

/// Encodes a batch of which no record is left out. The last branch gets it without a copy.
fn encode_once<B: Batch + Clone>(
    chunk: Chunk<B>,
    work: &mut Work,
    branches: &mut [Branch<'_, B>],
) -> Result<(), Stop> {
    let Some((last, others)) = branches.split_last_mut() else { return Ok(()) };
    for branch in others {
        branch(chunk.clone(), work)?;
    }
    last(chunk, work)
}

/// Encodes a batch for a writer, unless there is nothing to encode.
pub(super) fn encode<B: Batch, W: Writer<B>>(
    writer: &W,
    chunk: Chunk<B>,
    work: &mut Work,
) -> Result<Option<W::Encoded>, Stop> {
    if chunk.is_empty() && !writer.encodes_empty(chunk.batch()) {
        return Ok(None);
    }
    writer.encode(chunk, work).map(Some)
}

/// Encodes batches for a writer, and keeps the last result.
pub(crate) fn branch<B: Batch, W: Writer<B>>(
    writer: &W,
    encoded: &mut Option<W::Encoded>,
) -> impl FnMut(Chunk<B>, &mut Work) -> Result<(), Stop> {
    |chunk, work| {
        *encoded = encode(writer, chunk, work)?;
        Ok(())
    }
}
