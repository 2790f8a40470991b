//! Rows that are sorted once all have come.

use std::ops::Range;
use std::sync::Arc;

use super::block::Block;
use super::merge::Merge;
use super::parts::Parts;
use super::piece::{Payloads, Piece};
use super::sorter::{Check, Sorter};
use crate::Stop;

/// Rows that come in any order, and go out sorted once all have come.
#[derive(Debug)]
pub(super) struct Rows {
    state: State,
    /// How many may go out.
    limit: u64,
}

#[derive(Debug)]
enum State {
    Coming(Sorter),
    /// All are in memory. The next parts go out.
    InMemory(Arc<Parts>, Range<usize>),
    /// The rows, and how many have gone out.
    Merged(Merge, u64),
    Ended,
}

impl Rows {
    pub(super) fn new(sorter: Sorter, limit: u64) -> Self {
        Self { state: State::Coming(sorter), limit }
    }

    pub(super) fn add(&mut self, block: Block, check: Check<'_>) -> Result<(), Stop> {
        match &mut self.state {
            State::Coming(sorter) => sorter.add(block, check),
            _ => Ok(()),
        }
    }

    /// The next rows, as many as make a batch; `None` after the last one.
    pub(super) fn next(&mut self, check: Check<'_>) -> Result<Option<Piece>, Stop> {
        check()?;
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Coming(sorter) => self.start(sorter, check)?,
            started => started,
        };
        let piece = match &mut self.state {
            State::InMemory(parts, range) => range.next().map(|part| Piece::Part(Arc::clone(parts), part)),
            State::Merged(rows, gone) => next_rows(rows, gone, self.limit)?,
            State::Coming(_) | State::Ended => None,
        };
        if piece.is_none() {
            self.state = State::Ended;
        }
        Ok(piece)
    }

    fn start(&self, sorter: Sorter, check: Check<'_>) -> Result<State, Stop> {
        if self.limit < u64::MAX || !sorter.is_in_memory() {
            return Ok(State::Merged(sorter.finish(check)?, 0));
        }
        let parts = Parts::new(sorter.into_blocks()?);
        let range = 0..parts.len();
        Ok(State::InMemory(Arc::new(parts), range))
    }
}

/// Copies the next rows, of which `gone` have gone out before.
fn next_rows(rows: &mut Merge, gone: &mut u64, limit: u64) -> Result<Option<Piece>, Stop> {
    let mut payloads = Payloads::default();
    while *gone < limit && !payloads.is_full() && rows.advance()? {
        let Some(row) = rows.row() else { break };
        payloads.push(row.payload);
        *gone += 1;
    }
    Ok(if payloads.is_empty() { None } else { Some(Piece::Copied(payloads)) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bytes::put_bytes;
    use crate::keyed::Memory;
    use crate::keyed::merging::Merging;
    use crate::keyed::unsorted::Unsorted;

    /// A key and a payload, of which there are few, and those are of very different lengths.
    fn row() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
        let key = prop_oneof![
            8 => Just(vec![7]),
            8 => prop::collection::vec(0..3_u8, 1..3),
            1 => prop::collection::vec(0..2_u8, 15..40),
            1 => prop::collection::vec(0..2_u8, 7..12),
        ];
        let len = prop_oneof![8 => Just(0), 8 => 0..2000_usize, 1 => Just(300 << 10)];
        // A number that ends the key, so that no key is the beginning of another one.
        (key, len).prop_map(|(mut key, len)| {
            key.iter_mut().for_each(|byte| *byte += 1);
            key.push(0);
            (key, vec![1; len])
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rows_have_the_order_of_their_keys_and_then_that_in_which_they_came(
            blocks in prop::collection::vec(prop::collection::vec(row(), 0..60), 0..60),
            memory in prop_oneof![Just(1), Just(100_000), Just(3_000_000), Just(u64::MAX)],
            limit in prop_oneof![3 => Just(usize::MAX), 1 => 0..100_usize],
            helps in prop::collection::vec(any::<bool>(), 60),
        ) {
            let mut expected = Vec::new();
            let (mut unsorted, merging) = (Unsorted::default(), Arc::<Merging>::default());
            let sorter = Sorter::with_limit(Memory::of_bytes(memory), limit as u64).with_merging(Arc::clone(&merging), Arc::default());
            let mut rows = Rows::new(sorter, limit as u64);
            for (block, helps) in blocks.into_iter().zip(helps) {
                let count = block.len();
                for (index, (key, mut payload)) in block.into_iter().enumerate() {
                    payload.extend_from_slice(&expected.len().to_le_bytes());
                    unsorted.push(index, &key, |out| {
                        put_bytes(&payload, out);
                        Ok::<_, crate::keyed::unsorted::TooBig>(())
                    }).unwrap();
                    expected.push((key, payload));
                }
                if helps {
                    merging.help();
                }
                rows.add(unsorted.sort(count, limit as u64, &Arc::default()), &|| Ok(())).unwrap();
            }
            expected.sort_by(|(a, _), (b, _)| a.cmp(b));
            expected.truncate(limit);
            let mut sorted = Vec::new();
            while let Some(piece) = rows.next(&|| Ok(())).unwrap() {
                sorted.extend(piece.payloads().into_iter().map(<[u8]>::to_vec));
            }
            let expected: Vec<_> = expected.into_iter().map(|(_, payload)| payload).collect();
            prop_assert!(sorted == expected);
        }
    }
}
