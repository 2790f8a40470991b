//! Runs scripts.

use std::collections::BTreeSet;

use futures::future::join_all;
use godata_core::{AnyStore, Commit, Committed, Store as _, StoreError, error_chain};
use tokio::runtime::Runtime;

use super::{Open, Script, Take};
use crate::{Broken, Disk, Event, Found, Image, Ledger, Recording, runtime};

/// A script that is being run.
pub(super) struct Player<'a> {
    script: Script,
    open: &'a Open<'a>,
    runtime: Runtime,
    pub(super) disk: Disk,
    ledger: Ledger,
}

impl<'a> Player<'a> {
    pub(super) fn new(script: Script, open: &'a Open<'a>) -> Self {
        let ledger = Ledger::new(script.seed, script.pipelines).forgetting(script.retention);
        Self { script, open, runtime: runtime(), disk: Disk::new(&Image::new()), ledger }
    }

    pub(super) fn play(mut self) -> Result<Take, Broken> {
        for _ in 0..self.script.processes {
            match (self.open)(&self.disk) {
                Ok(store) => self.process(store)?,
                Err(error) => self.may_fail(refused(&error))?,
            }
            self.disk.heal();
            if self.disk.failures() > 0 {
                self.disk = self.disk.restart();
            }
        }
        let Self { script, disk, ledger, .. } = self;
        let (calls, failures) = (disk.calls(), disk.failures());
        Ok(Take { script, recording: disk.recording(), ledger, calls, failures })
    }

    fn process(&mut self, store: AnyStore) -> Result<(), Broken> {
        self.look(&store)?;
        for _ in 0..self.script.commits {
            let commits = if self.script.at_once {
                self.ledger.next_of_each()
            } else {
                vec![self.ledger.next_of_any()]
            };
            let made = join_all(commits.iter().map(|commit| make(&store, &self.disk, commit)));
            for made in self.runtime.block_on(made) {
                match made {
                    Ok(number) => self.ledger.acknowledge(number),
                    Err(error) => {
                        self.may_fail(Broken::Refused(error))?;
                        self.look(&store)?;
                    }
                }
            }
        }
        if self.script.killed {
            // It is gone before the store notices: what that does when it is dropped comes to nothing.
            self.disk = self.disk.restart();
        }
        drop(store);
        Ok(())
    }

    /// Makes the next decision build on the rows of the store.
    fn look(&mut self, store: &AnyStore) -> Result<(), Broken> {
        match self.runtime.block_on(Found::read(store)) {
            Ok(found) => {
                self.ledger.check(&found, &self.ledger.promises(&self.disk.recording().events))?;
                self.ledger.resume(&found);
                Ok(())
            }
            Err(error) => self.may_fail(refused(&error)),
        }
    }

    /// A store may fail after its disk has failed.
    fn may_fail(&self, broken: Broken) -> Result<(), Broken> {
        if self.disk.failures() > 0 { Ok(()) } else { Err(broken) }
    }
}

impl Recording {
    /// A process must never sync a file again after a failed sync: success would wrongly mean that all of it is durable, and a
    /// power cut would lose what was acknowledged because of it.
    pub(super) fn no_file_is_synced_again(&self) -> Result<(), Broken> {
        let mut failed = BTreeSet::new();
        for event in &self.events {
            match event {
                Event::Restarted => failed.clear(),
                Event::Synced { file } | Event::SyncFailed { file } if failed.contains(file) => {
                    return Err(Broken::Lost(format!("{file:?} is synced again after that has failed")));
                }
                Event::SyncFailed { file } => drop(failed.insert(*file)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Makes a commit, and notes it in the recording.
pub(super) async fn make(
    store: &AnyStore,
    disk: &Disk,
    (number, commit): &(usize, Commit),
) -> Result<usize, String> {
    disk.note(Event::Begun(*number));
    match store.commit(commit).await {
        Ok(Committed::Done(_)) => {
            disk.note(Event::Acknowledged(*number));
            Ok(*number)
        }
        Ok(answer) => Err(format!("commit {number}: {answer:?}")),
        Err(error) => Err(format!("commit {number}: {}", error_chain(&error))),
    }
}

pub(super) fn refused(error: &StoreError) -> Broken {
    Broken::Refused(error_chain(error).to_string())
}
