//! What became of the records of a block.

use godata_etl::{Batch, Chunk, Origin, RejectReason, Stop, Work};

/// The records of a block that can be read, and the others.
#[derive(Debug)]
pub(crate) struct Decoded<B> {
    pub(crate) batch: B,
    pub(crate) bad: BadRows,
}

/// The records of a block that can't be read: their rows, which ascend, and what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct BadRows(Vec<(u32, RejectReason)>);

impl<B: Batch> Decoded<B> {
    /// Rejects the bad records.
    pub(crate) fn into_chunk(self, origin: Origin, work: &mut Work) -> Result<Chunk<B>, Stop> {
        for (row, reason) in self.bad.0 {
            work.reject(row, reason)?;
        }
        Ok(Chunk::new(self.batch, origin))
    }
}

impl BadRows {
    pub(crate) fn push(&mut self, row: u32, reason: RejectReason) {
        self.0.push((row, reason));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds records that turned out to be bad later. Instead of its row, each has its position among the records that were not
    /// bad before.
    pub(crate) fn merge(&mut self, later: Self) {
        let mut earlier = std::mem::take(&mut self.0).into_iter().peekable();
        let mut before = 0;
        for (position, reason) in later.0 {
            while let Some(bad) = earlier.next_if(|(row, _)| *row <= position + before) {
                self.0.push(bad);
                before += 1;
            }
            self.0.push((position + before, reason));
        }
        self.0.extend(earlier);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_bad_rows_have_their_place_among_the_earlier_ones() {
        let bad = |rows: &[u32]| BadRows(rows.iter().map(|&row| (row, "bad".into())).collect());
        for earlier in [&[][..], &[0], &[1], &[0, 1, 4], &[5], &[2, 3]] {
            let good: Vec<u32> = (0..6).filter(|row| !earlier.contains(row)).collect();
            for (position, &row) in good.iter().enumerate() {
                let mut merged = bad(earlier);
                merged.merge(bad(&[position as u32]));
                let mut expected = [earlier, &[row]].concat();
                expected.sort_unstable();
                assert_eq!(merged.0.iter().map(|(row, _)| *row).collect::<Vec<_>>(), expected);
            }
            let mut all = bad(earlier);
            all.merge(bad(&(0..).take(good.len()).collect::<Vec<u32>>()));
            assert!(all.0.iter().map(|(row, _)| *row).eq(0..6));
        }
    }
}
