//! The iterators of a batch.

use std::slice;
use std::vec;

use super::batch::Records;
use super::record::Record;
use super::row::RecordRef;

/// An iterator over the rows of a batch, from [`Records::iter`].
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    records: &'a Records,
    rows: slice::Iter<'a, u32>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(records: &'a Records) -> Self {
        Self { records, rows: records.rows.iter() }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = RecordRef<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next().map(|&row| RecordRef::of_row(self.records, row as usize))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl DoubleEndedIterator for Rows<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.rows.next_back().map(|&row| RecordRef::of_row(self.records, row as usize))
    }
}

impl ExactSizeIterator for Rows<'_> {}

impl<'a> IntoIterator for &'a Records {
    type Item = RecordRef<'a>;
    type IntoIter = Rows<'a>;

    fn into_iter(self) -> Rows<'a> {
        self.iter()
    }
}

impl IntoIterator for Records {
    type Item = Record;
    type IntoIter = vec::IntoIter<Record>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_records().into_iter()
    }
}
