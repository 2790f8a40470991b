//! Finds the keys of a batch in a table that takes no further ones.

use super::block::Block;
use super::key_of::Keys;
use super::store::{Kept, Store};
use super::table::KeyTable;
use crate::chunk::row_number;
use crate::{BoxError, Chunk};

/// The records of a batch whose keys a table has, and the others.
pub(super) struct Split {
    /// The positions of the records with a key of the table, and the numbers of the keys.
    pub(super) known: Vec<(u32, usize)>,
    /// The others, sorted by key.
    pub(super) others: Option<Block>,
}

impl Split {
    pub(super) fn of<B: Kept>(
        table: &KeyTable,
        keys: &Keys,
        store: &Store<B>,
        chunk: &Chunk<B>,
    ) -> Result<Self, BoxError> {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for index in 0..keys.len() {
            let (key, hash) = keys.at(index);
            match table.find(key, hash) {
                Some(number) => known.push((row_number(index), number)),
                None => unknown.push(row_number(index)),
            }
        }
        let others = keys.block_of(store, chunk, &unknown)?;
        Ok(Self { known, others })
    }
}
