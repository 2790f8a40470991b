//! A store that was used for a while.

use godata_core::{AnyStore, Committed, Store as _};
use godata_store_kit::{Found, Ledger};
use tokio::runtime::{Builder, Runtime};

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Makes some commits, all of which must succeed.
pub(crate) fn commit(store: &AnyStore, ledger: &mut Ledger, commits: usize) {
    let runtime = runtime();
    for _ in 0..commits {
        let (number, commit) = ledger.next_of_any();
        let answer = runtime.block_on(store.commit(&commit));
        assert!(matches!(answer, Ok(Committed::Done(_))), "{answer:?}");
        ledger.acknowledge(number);
    }
}

/// Everything in a store.
pub(crate) fn read(store: &AnyStore) -> Found {
    runtime().block_on(Found::read(store)).unwrap()
}
