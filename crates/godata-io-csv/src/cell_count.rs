//! Counting the cells of records that span lines.

use crate::columns::Width;
use crate::structure::{NotSimple, lowest};

/// Checks that records of several lines have the right number of cells, 64 bytes at a time.
pub(crate) struct CellCount {
    width: Option<Width>,
    /// Whether cells are counted. Otherwise, no record of several lines is simple.
    counts: bool,
    /// The number of cells that have ended in the current record.
    cells: u32,
    /// Whether the current record has several lines.
    has_lines: bool,
}

impl CellCount {
    /// Allows any number of cells if there is no `width`.
    pub(crate) fn new(width: Option<Width>, counts: bool) -> Self {
        Self { width, counts, cells: 0, has_lines: false }
    }

    /// Goes on with 64 bytes, in which these end cells and records, and are line breaks inside quotes.
    #[inline]
    pub(crate) fn next(&mut self, ends: u64, record_ends: u64, inner_breaks: u64) -> Result<(), NotSimple> {
        match self.width {
            Some(width) if self.counts => self.count(width, ends, record_ends, inner_breaks),
            Some(_) if inner_breaks != 0 => Err(NotSimple),
            _ => Ok(()),
        }
    }

    #[inline(never)]
    fn count(
        &mut self,
        width: Width,
        ends: u64,
        mut record_ends: u64,
        inner_breaks: u64,
    ) -> Result<(), NotSimple> {
        let mut rest = u64::MAX;
        if inner_breaks == 0 && !self.has_lines && record_ends != 0 {
            // Only the last record, which goes on after these bytes, may have several lines.
            rest = !lowest((u64::BITS - record_ends.leading_zeros()) as usize);
            (record_ends, self.cells) = (0, 0);
        }
        while record_ends != 0 {
            let record = rest & lowest(record_ends.trailing_zeros() as usize + 1);
            self.add(ends & record, inner_breaks & record);
            self.end_record(width)?;
            rest &= !record;
            record_ends &= record_ends - 1;
        }
        self.add(ends & rest, inner_breaks & rest);
        Ok(())
    }

    fn add(&mut self, ends: u64, inner_breaks: u64) {
        self.cells += ends.count_ones();
        self.has_lines |= inner_breaks != 0;
    }

    fn end_record(&mut self, width: Width) -> Result<(), NotSimple> {
        if self.has_lines && !width.allows(self.cells as usize, || false) {
            return Err(NotSimple);
        }
        (self.cells, self.has_lines) = (0, false);
        Ok(())
    }

    /// Ends the last record if no line break did.
    pub(crate) fn finish(&mut self) -> Result<(), NotSimple> {
        self.cells += 1;
        self.width.map_or(Ok(()), |width| self.end_record(width))
    }
}
