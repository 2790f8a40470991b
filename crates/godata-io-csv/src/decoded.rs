//! What became of the records of a block.

use godata_etl::{Batch, Chunk, Origin, Stop, Work};

use crate::CsvError;

/// The records of a block that can be read, and the others.
#[derive(Debug)]
pub(crate) struct Decoded<B> {
    pub(crate) batch: B,
    pub(crate) faults: Faults,
}

/// The records of a block that can't be read: their rows, which ascend, and what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(u32, CsvError)>);

impl<B: Batch> Decoded<B> {
    /// Rejects the records with faults. The others keep the rows that they have in the block.
    pub(crate) fn into_chunk(self, origin: Origin, work: &mut Work) -> Result<Chunk<B>, Stop> {
        let Self { batch, faults } = self;
        let rows: Vec<_> = faults.0.iter().map(|(row, _)| *row).collect();
        for (row, error) in faults.0 {
            work.reject(row, error.into_reject())?;
        }
        Ok(Chunk::without_rows(batch, origin, &rows))
    }
}

impl Faults {
    pub(crate) fn push(&mut self, row: u32, error: CsvError) {
        self.0.push((row, error));
    }

    /// Adds faults of other rows.
    pub(crate) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.sort_by_key(|(row, _)| *row);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The row of the record at `index` among those without faults.
    pub(crate) fn row(&self, index: u32) -> u32 {
        self.0.iter().fold(index, |row, (fault, _)| row + u32::from(*fault <= row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_block() {
        let faults = |rows: &[u32]| Faults(rows.iter().map(|&row| (row, CsvError::NoFields)).collect());
        for bad in [&[][..], &[0], &[1], &[0, 1, 4], &[5], &[2, 3]] {
            let rows: Vec<u32> = (0..6).filter(|row| !bad.contains(row)).collect();
            let found: Vec<u32> = (0..).take(rows.len()).map(|index| faults(bad).row(index)).collect();
            assert_eq!(found, rows);
        }
        let mut merged = faults(&[1, 4]);
        merged.merge(faults(&[0, 3]));
        assert_eq!(merged.0.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 1, 3, 4]);
    }
}
