//! The process that is killed, and what is known about it outside.

use std::cell::RefCell;
use std::io::Write;

use futures::future::join_all;
use godata_core::{AnyStore, BoxError, Committed, Store as _};

use super::PIPELINES;
use crate::{Found, Ledger};

/// The ledger of the process, rebuilt from its output.
pub(super) struct Acknowledged<'a> {
    ledger: &'a mut Ledger,
    /// How many of the current commits are not acknowledged yet.
    open: usize,
    pub(super) acknowledged: usize,
}

impl<'a> Acknowledged<'a> {
    /// The state for a process that is about to start.
    pub(super) fn new(ledger: &'a mut Ledger) -> Self {
        let mut this = Self { ledger, open: 0, acknowledged: 0 };
        this.begin_batch();
        this
    }

    fn begin_batch(&mut self) {
        self.open = self.ledger.next_of_each().len();
    }

    pub(super) fn acknowledge(&mut self, number: usize) {
        self.ledger.acknowledge(number);
        self.acknowledged += 1;
        self.open -= 1;
        if self.open == 0 {
            self.begin_batch();
        }
    }
}

/// The work of a process that will be killed: it commits for all pipelines at the same time, and prints `ACK` and the number of
/// each commit once it is acknowledged.
///
/// # Errors
///
/// Those of the store and of the output.
pub async fn commit_and_say(
    store: &AnyStore,
    seed: u64,
    commits: usize,
    out: impl Write,
) -> Result<(), BoxError> {
    let found = Found::read(store).await?;
    let mut ledger = Ledger::going_on(seed, PIPELINES, &found);
    let out = RefCell::new(out);
    for _ in 0..commits {
        let batch = ledger.next_of_each();
        let made = batch.iter().map(async |(number, commit)| {
            match store.commit(commit).await? {
                Committed::Done(_) => {}
                answer => return Err(format!("commit {number}: {answer:?}").into()),
            }
            // In one write, so that there is no half of a line.
            out.borrow_mut().write_all(format!("ACK {number}\n").as_bytes())?;
            Ok::<_, BoxError>(*number)
        });
        for number in join_all(made).await {
            ledger.acknowledge(number?);
        }
    }
    Ok(())
}
