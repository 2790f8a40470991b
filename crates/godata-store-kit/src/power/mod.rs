//! Power cuts while a store works.

mod cuts;
mod failure;
mod player;
mod synced;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use godata_core::{AnyStore, Retention, StoreError};

use self::cuts::Cuts;
pub use self::failure::Failure;
use self::player::Player;
use self::synced::synced;
use crate::crash::{Thoroughness, crashes};
use crate::{Broken, Disk, Event, Fault, Found, Ledger, Promises, Recording, runtime};

/// Opens the store on a disk, or creates it.
pub type Open<'a> = dyn Fn(&Disk) -> Result<AnyStore, StoreError> + Sync + 'a;

/// The work of a store while its disk is recorded. Equal scripts do the same.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// Decides the commits.
    pub seed: u64,
    /// How many pipelines there are.
    pub pipelines: usize,
    /// How many processes use the store, one after the other.
    pub processes: usize,
    /// How many commits each of them makes; per pipeline if they are made [at once](Self::at_once).
    pub commits: usize,
    /// Whether the commits of different pipelines are made at the same time.
    pub at_once: bool,
    /// Whether the processes are killed. Otherwise they drop the store.
    pub killed: bool,
    /// The runs that the store forgets on its own.
    pub retention: Retention,
    /// What the store promises.
    pub promise: Promise,
}

/// What must survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Everything that was acknowledged.
    Acknowledged,
    /// Everything that was acknowledged and then synced. Any other commit survives only with all commits before it. Commits are
    /// made one after the other.
    Synced,
}

impl Script {
    /// One of many kinds of short scripts, for a store with this retention.
    #[must_use]
    pub fn numbered(seed: u64, retention: Retention) -> Self {
        let bit = |n: u32| seed >> n & 1 == 1;
        Self {
            seed,
            pipelines: if bit(0) { 3 } else { 2 },
            processes: if bit(1) { 3 } else { 1 },
            commits: if bit(2) { 4 } else { 8 },
            at_once: bit(0) && bit(3),
            killed: bit(4),
            retention,
            promise: Promise::Acknowledged,
        }
    }

    /// The same for a store that promises only what it has synced.
    #[must_use]
    pub fn promising_what_is_synced(self) -> Self {
        Self { at_once: false, promise: Promise::Synced, ..self }
    }
}

/// A script that was run, and the recording of its disk.
#[derive(Debug)]
pub struct Take {
    script: Script,
    recording: Recording,
    ledger: Ledger,
    calls: u64,
    failures: u64,
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Scripts that were run.
    pub scripts: u64,
    /// Images of disks from which the store was opened.
    pub images: u64,
    /// How many of them come from a crash during a recovery.
    pub of_recoveries: u64,
}

impl Take {
    /// Runs a script on a working disk.
    ///
    /// # Errors
    ///
    /// The store fails.
    pub fn play(script: Script, open: &Open<'_>) -> Result<Self, Broken> {
        Player::new(script, open).play()
    }

    /// Runs a script on a disk that fails while the first process uses it.
    ///
    /// # Errors
    ///
    /// The store fails although the disk does not; or, after the disk has failed, it lacks something it acknowledged, or syncs
    /// a file again whose sync failed.
    pub fn play_with(script: Script, fault: Fault, open: &Open<'_>) -> Result<Self, Broken> {
        let player = Player::new(script, open);
        player.disk.fail(fault);
        let take = player.play()?;
        take.recording.no_file_is_synced_again()?;
        Ok(take)
    }

    /// The promises after this many events.
    fn promises(&self, after: usize) -> Promises {
        let events = self.recording.events.iter().take(after);
        match self.script.promise {
            Promise::Acknowledged => self.ledger.promises(events),
            Promise::Synced => self.ledger.promises(&synced(events)),
        }
    }

    /// Checks that a store keeps its promises.
    fn check(&self, found: &Found, promises: &Promises) -> Result<(), Broken> {
        self.ledger.check(found, promises)?;
        match self.script.promise {
            Promise::Acknowledged => Ok(()),
            Promise::Synced => self.ledger.check_order(found, promises),
        }
    }

    /// How many calls of the disk there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// How many calls failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Opens the store after every possible power cut, and after power cuts during its recovery. If the disk failed, only power
    /// cuts after that are checked.
    ///
    /// # Errors
    ///
    /// The first power cut after which the store breaks a promise.
    pub fn cut_power(&self, thoroughness: Thoroughness, open: &Open<'_>) -> Result<Tally, Box<Failure>> {
        let mut cuts = Cuts { take: self, open, runtime: runtime(), tally: Tally::default() };
        let from = self.recording.first_failure();
        match crashes(&self.recording, from, thoroughness, self.script.seed, |crash| cuts.look(crash)) {
            ControlFlow::Break(failure) => Err(failure),
            ControlFlow::Continue(()) => Ok(cuts.tally),
        }
    }
}

impl Recording {
    /// How many events there were before the disk first failed; 0 if it did not.
    fn first_failure(&self) -> usize {
        self.events.iter().position(|event| matches!(event, Event::Failed { .. })).unwrap_or(0)
    }
}

/// Runs scripts with different numbers on all cores and cuts the power in each, until this many images were checked.
///
/// # Errors
///
/// The first failure that is found.
pub fn hunt(
    images: u64,
    script: &(dyn Fn(u64) -> Script + Sync),
    open: &Open<'_>,
) -> Result<Tally, Box<Failure>> {
    let next = AtomicU64::new(0);
    let tally = Mutex::new(Ok(Tally::default()));
    let lock = || tally.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        while matches!(&*lock(), Ok(tally) if tally.images < images) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let script = script(number);
            let thoroughness = match script.promise {
                // Most of the last writes look alike: of most scripts, some of their cuts will do.
                Promise::Acknowledged if !number.is_multiple_of(16) => {
                    Thoroughness { cuts: 24, ..Thoroughness::USUAL }
                }
                Promise::Acknowledged => Thoroughness::USUAL,
                // At each moment far more is not synced, and much of it was not at the moment before.
                Promise::Synced => Thoroughness { every: 5, ..Thoroughness::GLANCE },
            };
            let found = Take::play(script, open)
                .map_err(|broken| Box::new(Failure::of_script(script, broken)))
                .and_then(|take| take.cut_power(thoroughness, open));
            let mut tally = lock();
            match (&mut *tally, found) {
                (Ok(tally), Ok(found)) => tally.add(found),
                (Ok(_), Err(failure)) => *tally = Err(failure),
                (Err(_), _) => {}
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    tally.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.images += other.images;
        self.of_recoveries += other.of_recoveries;
        self.scripts += 1;
    }
}
