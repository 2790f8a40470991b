//! Sorting.

use std::sync::Arc;

use super::block::Block;
use super::key_of::KeyOf;
use super::memory::Memory;
use super::rows::Rows;
use super::store::{Kept, Store, empty_unit};
use crate::step::{Accumulate, Prepare};
use crate::{Chunk, Stop, Unit, Work};

/// Sorts the records of a run, and passes the first `limit` of them on.
pub(crate) struct Sort<B: Kept> {
    store: Arc<Store<B>>,
    rows: Rows,
}

impl<B: Kept> Sort<B> {
    pub(crate) fn open<K: KeyOf<B>>(key: &Arc<K>, memory: &Memory, limit: u64) -> (Prepare<B, Block>, Self) {
        let store = Arc::new(Store::default());
        let prepare = sorted_blocks(Arc::clone(key), &store, limit);
        let rows = Rows::new(store.sorter(memory.clone(), limit), limit);
        (prepare, Self { store, rows })
    }
}

/// Makes a sorted block of each batch.
pub(super) fn sorted_blocks<B: Kept, K: KeyOf<B>>(
    key: Arc<K>,
    store: &Arc<Store<B>>,
    limit: u64,
) -> Prepare<B, Block> {
    let store = Arc::clone(store);
    Arc::new(move |chunk: Chunk<B>, work: &mut Work| {
        store.note_missing(&chunk, key.missing(chunk.batch()));
        store.block(&*key, &chunk, |_| true, limit, work)
    })
}

impl<B: Kept> Accumulate<Block> for Sort<B> {
    type Out = B;

    fn add(&mut self, block: Block, work: &mut Work) -> Result<Option<Unit<B>>, Stop> {
        self.rows.add(block, &|| work.check())?;
        Ok(self.store.take_empty().map(empty_unit))
    }

    fn finish(&mut self, work: &mut Work) -> Result<Option<Unit<B>>, Stop> {
        self.store.check_fields()?;
        Ok(self.rows.next(&|| work.check())?.map(|piece| self.store.unit(piece)))
    }
}
