//! A batch of records.

use crate::Records;

/// Records that travel through the steps together.
///
/// `Vec<T>` is a batch for any `T`, and [`Records`] is the batch of dynamic records. Implement it for another container,
/// such as columns, to send that container through the same engine, with [`Flow::map_batch`](crate::Flow::map_batch) as
/// its step.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a batch of records",
    label = "not a `Batch`",
    note = "`Vec<T>` is a batch for any `T`, and `Records` is the batch of dynamic records"
)]
pub trait Batch: Send + 'static {
    /// How many records there are.
    fn len(&self) -> usize;

    /// Keeps the first `len` records and drops the others. Does nothing if there are fewer.
    fn truncate(&mut self, len: usize);

    /// Keeps the records at these positions, which are ascending and exist, and drops the others.
    fn keep(&mut self, positions: &[u32]);

    /// Whether there are no records.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Send + 'static> Batch for Vec<T> {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn truncate(&mut self, len: usize) {
        Self::truncate(self, len);
    }

    fn keep(&mut self, positions: &[u32]) {
        let mut kept = positions.iter().copied().peekable();
        let mut position = 0;
        self.retain(|_| {
            let keep = kept.next_if_eq(&position).is_some();
            position += 1;
            keep
        });
    }
}

impl Batch for Records {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn truncate(&mut self, len: usize) {
        Self::truncate(self, len);
    }

    fn keep(&mut self, positions: &[u32]) {
        Self::keep(self, positions);
    }
}
