//! Steps that compare records by key: sort, dedupe, group, join. They keep to a bounded memory.
//!
//! * [`KeyOf`] makes the [`KeyBytes`] of records, which compare like the keys.
//! * [`Store`](store::Store) turns records and their places into bytes and back.
//! * [`Sorter`](sorter::Sorter) takes sorted [`Block`](block::Block)s of such rows. [`Rows`](rows::Rows) passes them on in the end:
//!   in [`Parts`](parts::Parts) if all are in memory, and from temporary files through a [`Merge`] otherwise.
//! * [`KeyTable`](table::KeyTable) is what steps use for as long as all keys fit into the memory. Rows with other keys go to a
//!   sorter.

pub mod agg;
mod block;
mod block_memory;
mod by_number;
mod dedupe;
mod early_groups;
mod expansion;
mod fields_seen;
mod folding;
mod group;
mod group_piece;
mod grouping;
mod groupings;
mod join;
mod key;
mod key_of;
mod kinds;
mod late_rows;
mod load;
mod lookup_table;
mod memory;
mod merge;
mod merge_join;
mod merging;
mod order;
mod parts;
mod piece;
mod places;
mod rows;
mod segments;
mod sort;
mod sorter;
mod spill;
mod split_keys;
mod store;
mod table;
mod table_join;
mod tournament;
mod unsorted;

#[cfg(test)]
mod tests;

pub use agg::Aggregate;
pub use dedupe::Keep;
pub(crate) use dedupe::{KeepFirst, KeepLast};
pub(crate) use fields_seen::FieldsSeen;
pub(crate) use group::Groups;
pub(crate) use grouping::Grouping;
pub(crate) use groupings::{Aggregates, Fold, FoldRecords};
pub use join::Join;
pub(crate) use join::{AddFields, Combine, Pairs, Rule};
pub use key::{Key, KeyBytes};
pub(crate) use key_of::{ByClosure, ByFields, ByRecord, KeyOf};
pub use key_of::{SortField, asc, desc};
pub(crate) use kinds::{JoinedFields, Kinds};
pub(crate) use load::{Table, TableFlow};
pub use memory::Memory;
pub(crate) use merge_join::MergeJoin;
pub(crate) use sort::Sort;
pub(crate) use store::Kept;
pub(crate) use table_join::TableJoin;
