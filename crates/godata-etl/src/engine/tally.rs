//! Counts the rejected records of a run, and says when there are too many.

use crate::Limit;

/// Counts the rejected records of a run, in order, and says when there are too many.
///
/// The counts are kept where batches are written and not where they are computed. Batches that were computed ahead of a
/// failure or of a `take` would count otherwise, and the verdict would depend on the number of workers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    limit: Limit,
    /// How many records of earlier batches were read, with those that were rejected.
    read: u64,
    rejected: u64,
}

/// One record too many was rejected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exceeded {
    pub(crate) limit: Limit,
    /// How many records had been rejected, inclusive.
    pub(crate) rejected: u64,
    /// How many records had been read, inclusive.
    pub(crate) read: u64,
}

impl Tally {
    pub(super) fn new(limit: Limit) -> Self {
        Self { limit, read: 0, rejected: 0 }
    }

    /// Counts a rejected record: this row of a batch that has `len` rows. Rows ascend.
    pub(super) fn reject(&mut self, row: u32, len: u64) -> Result<(), Exceeded> {
        self.rejected += 1;
        let read = self.read + (u64::from(row) + 1).min(len);
        self.judge(read, self.limit.after.is_some_and(|after| read >= after))
    }

    /// Counts the rows of a batch, after those that were rejected.
    pub(super) fn end_batch(&mut self, len: u64) {
        self.read += len;
    }

    /// Checks the limit at the end of the input.
    pub(super) fn end(&self) -> Result<(), Exceeded> {
        self.judge(self.read, true)
    }

    fn judge(&self, read: u64, with_share: bool) -> Result<(), Exceeded> {
        let Self { limit, rejected, .. } = *self;
        // A division is rounded to the nearest number, so 29 of 100 are exactly the share of 0.29.
        let share = rejected as f64 / read.max(1) as f64;
        let exceeds = limit.records.is_some_and(|most| rejected > most)
            || with_share && limit.share.is_some_and(|most| share > most);
        if exceeds { Err(Exceeded { limit, rejected, read }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The verdict on batches of records, each of which was rejected or not.
    fn verdict(limit: Limit, batches: &[&[bool]]) -> Result<(), Exceeded> {
        let mut tally = Tally::new(limit);
        for batch in batches {
            for (row, _) in (0..).zip(*batch).filter(|&(_, &rejected)| rejected) {
                tally.reject(row, batch.len() as u64)?;
            }
            tally.end_batch(batch.len() as u64);
        }
        tally.end()
    }

    /// The same, record by record and in whole numbers.
    fn oracle(
        records: Option<u64>,
        percent: Option<u64>,
        after: Option<u64>,
        input: &[bool],
    ) -> Option<(u64, u64)> {
        let (mut read, mut rejected) = (0, 0);
        let too_many =
            |rejected: u64, read: u64| percent.is_some_and(|percent| rejected * 100 > percent * read);
        for &is_rejected in input {
            read += 1;
            rejected += u64::from(is_rejected);
            let counted = records.is_some_and(|most| rejected > most);
            if is_rejected
                && (counted || after.is_some_and(|after| read >= after) && too_many(rejected, read))
            {
                return Some((rejected, read));
            }
        }
        too_many(rejected, read).then_some((rejected, read))
    }

    proptest! {
        #[test]
        fn the_verdict_is_that_of_a_count_record_by_record_for_every_size_of_batches(
            input in prop_oneof![
                prop::collection::vec(any::<bool>(), 0..40),
                prop::collection::vec(prop::bool::weighted(0.05), 0..400),
            ],
            records in prop::option::of(0..20_u64),
            percent in prop::option::of(0..=100_u64),
            after in prop_oneof![Just(None), Just(Some(0)), (0..500_u64).prop_map(Some)],
            size in 1..50_usize,
        ) {
            let mut limit = Limit::unlimited();
            limit.after = after;
            limit.records = records;
            limit.share = percent.map(|percent| percent as f64 / 100.0);
            let batches: Vec<_> = input.chunks(size).collect();
            let found = verdict(limit, &batches).err().map(|exceeded| (exceeded.rejected, exceeded.read));
            prop_assert_eq!(found, oracle(records, percent, after, &input));
        }
    }

    #[test]
    fn a_share_below_the_sample_is_judged_at_the_end() {
        let limit = Limit::share(0.01).after(1_000);
        let mut input = [false; 1_000];
        input[0] = true;
        assert_eq!(verdict(limit, &[&input[..99]]), Err(Exceeded { limit, rejected: 1, read: 99 }));
        assert_eq!(verdict(limit, &[&input[..100]]), Ok(()));
        input[1..10].fill(true);
        assert_eq!(verdict(limit, &[&input]), Ok(()));
        input[999] = true;
        assert_eq!(verdict(limit, &[&input]), Err(Exceeded { limit, rejected: 11, read: 1_000 }));
    }
}
