//! Processes that are killed while they commit, or whose system calls fail.

mod process;

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use godata_core::{AnyStore, StoreError, error_chain};
use tempfile::TempDir;

use self::process::Acknowledged;
pub use self::process::commit_and_say;
use crate::{Broken, Found, Ledger, Seeded};

/// Opens the store of a file, or makes it.
pub type OpenPath<'a> = dyn Fn(&Path) -> Result<AnyStore, StoreError> + 'a;

/// How many pipelines a process commits to.
pub const PIPELINES: usize = 3;

/// How many rounds there are before a new store is taken, so that the old ones do not grow.
const ROUNDS: u32 = 16;

/// What is done to a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Harm {
    /// It is killed, some time after it has acknowledged so many commits.
    KilledAfter(usize),
    /// It is killed at the n-th call of a system call, counted from 1. It takes `strace`, see [`can_trace`].
    KilledAt {
        /// What strace calls it.
        call: &'static str,
        /// Which of its calls.
        nth: u32,
    },
    /// The n-th call of a system call fails. It takes `strace` too.
    FailedCall {
        /// What strace calls it.
        call: &'static str,
        /// Which of its calls.
        nth: u32,
        /// What it fails with.
        error: &'static str,
    },
}

/// What became of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// How many commits it acknowledged.
    pub acknowledged: usize,
    /// Whether it ended before it had done its work.
    pub stopped: bool,
}

/// A store that processes commit to and are killed over, one after the other.
#[derive(Debug)]
pub struct Arena {
    program: PathBuf,
    seeded: Seeded,
    store: Option<(TempDir, Found)>,
    rounds: u32,
}

/// What became of many processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kills {
    /// Of those that were killed at some instant.
    pub at_random: u32,
    /// Of those that were killed at a system call.
    pub at_calls: u32,
    /// How many had done their work before.
    pub too_late: u32,
    /// How many commits they have acknowledged.
    pub acknowledged: usize,
}

/// The system calls of a store that writes.
pub const CALLS: [&str; 10] =
    ["write", "fdatasync", "fsync", "openat", "rename", "unlink", "ftruncate", "read", "flock", "close"];

impl Arena {
    /// An arena for a program that, given the words `commit PATH SEED COMMITS`, does [`commit_and_say`].
    pub fn new(program: impl Into<PathBuf>, seed: u64) -> Self {
        Self { program: program.into(), seeded: Seeded::new(seed), store: None, rounds: 0 }
    }

    /// Lets a process make commits and kills it, and checks what is there.
    ///
    /// # Errors
    ///
    /// The store does not keep its promises. Where it lies is said and stays.
    pub fn round(&mut self, harm: &Harm, open: &OpenPath<'_>) -> Result<Round, Broken> {
        self.rounds += 1;
        if self.rounds % ROUNDS == 1 {
            self.store = None;
        }
        let (dir, before) = match self.store.take() {
            Some(store) => store,
            None => (tempfile::tempdir().map_err(|error| unexpected(&error))?, Found::default()),
        };
        let seed = self.seeded.number();
        let commits = match harm {
            Harm::KilledAfter(commits) => commits + 20,
            Harm::KilledAt { .. } | Harm::FailedCall { .. } => 12,
        };
        let mut ledger = Ledger::going_on(seed, PIPELINES, &before);
        let round =
            self.run(harm, dir.path(), seed, commits, &mut ledger).map_err(|error| unexpected(&error))?;
        // The next process finds what this one has left, so somebody else looks at a copy.
        match look(dir.path(), &ledger, open) {
            Ok(found) => {
                self.store = Some((dir, found));
                Ok(round)
            }
            Err(broken) => Err(broken.at(&format!("{} after {harm:?}", dir.keep().display()))),
        }
    }

    /// Kills so many processes: at random, and if they can be traced, every other one at a system call, at the first
    /// of each kind, at the second, and so on.
    ///
    /// # Errors
    ///
    /// As [`round`](Self::round).
    pub fn rounds(&mut self, count: u32, traced: bool, open: &OpenPath<'_>) -> Result<Kills, Broken> {
        let mut kills = Kills::default();
        let mut calls = VecDeque::new();
        if traced {
            calls.extend(CALLS.map(|call| (call, 1)));
        }
        while kills.at_random + kills.at_calls < count {
            let call = if kills.at_calls <= kills.at_random { calls.pop_front() } else { None };
            let harm = match call {
                Some((call, nth)) => Harm::KilledAt { call, nth },
                None => Harm::KilledAfter(1 + self.seeded.below(30)),
            };
            let round = self.round(&harm, open)?;
            kills.acknowledged += round.acknowledged;
            match (call, round.stopped) {
                (Some((call, nth)), true) => {
                    kills.at_calls += 1;
                    calls.push_back((call, nth + 1));
                }
                // It makes fewer of these calls, or none at all.
                (Some((call, nth)), false) => {
                    kills.too_late += 1;
                    calls.extend((nth > 1).then_some((call, 1)));
                }
                (None, true) => kills.at_random += 1,
                (None, false) => kills.too_late += 1,
            }
        }
        Ok(kills)
    }

    /// In so many processes one after the other, lets the first call of a system call fail, the second, and so on.
    /// Says how many processes stopped because of it.
    ///
    /// # Errors
    ///
    /// As [`round`](Self::round).
    pub fn fail(
        &mut self,
        calls: RangeInclusive<u32>,
        call: &'static str,
        error: &'static str,
        open: &OpenPath<'_>,
    ) -> Result<usize, Broken> {
        let mut stopped = 0;
        for nth in calls {
            stopped += usize::from(self.round(&Harm::FailedCall { call, nth, error }, open)?.stopped);
        }
        Ok(stopped)
    }

    fn run(
        &mut self,
        harm: &Harm,
        dir: &Path,
        seed: u64,
        commits: usize,
        ledger: &mut Ledger,
    ) -> io::Result<Round> {
        let words = [seed.to_string(), commits.to_string()];
        let mut command = match harm {
            Harm::KilledAfter(_) => Command::new(&self.program),
            Harm::KilledAt { call, nth } => self.traced(call, &format!("signal=KILL:when={nth}")),
            Harm::FailedCall { call, nth, error } => self.traced(call, &format!("error={error}:when={nth}")),
        };
        let mut child = command.arg("commit").arg(path_in(dir)).args(words).stdout(Stdio::piped()).spawn()?;
        let mut script = Acknowledged::new(ledger);
        let status = self.follow(&mut child, harm, &mut script)?;
        if !status.success() && !is_killed(status) && !matches!(harm, Harm::FailedCall { .. }) {
            return Err(io::Error::other(format!("the process failed: {status}")));
        }
        Ok(Round { acknowledged: script.acknowledged, stopped: !status.success() })
    }

    /// The program, with something done to a system call.
    fn traced(&self, call: &str, injection: &str) -> Command {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
        command.args(["-e", &format!("inject={call}:{injection}")]).arg(&self.program);
        // Its words go to its own output, and what it complains of is expected.
        command.stderr(Stdio::null());
        command
    }

    fn follow(
        &mut self,
        child: &mut Child,
        harm: &Harm,
        script: &mut Acknowledged<'_>,
    ) -> io::Result<ExitStatus> {
        let out = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
        let mut out = BufReader::new(out);
        let mut line = String::new();
        while out.read_line(&mut line)? > 0 && line.ends_with('\n') {
            let number = line.trim_end().strip_prefix("ACK ").and_then(|number| number.parse().ok());
            script.acknowledge(number.ok_or_else(|| io::Error::other(format!("it says {line:?}")))?);
            line.clear();
            if *harm == Harm::KilledAfter(script.acknowledged) {
                for _ in 0..self.seeded.below(200_000) {
                    std::hint::spin_loop();
                }
                child.kill()?;
            }
        }
        child.wait()
    }
}

impl std::fmt::Display for Kills {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at_random, at_calls, too_late, acknowledged } = self;
        write!(
            f,
            "{at_random} kills at random and {at_calls} at system calls, {acknowledged} commits acknowledged"
        )?;
        write!(f, " ({too_late} processes ended before)")
    }
}

/// Whether processes can be traced here; if not, why.
///
/// # Errors
///
/// What the tracer says.
pub fn can_trace() -> Result<(), String> {
    let output = Command::new("strace").args(["-f", "-qq", "-e", "trace=none", "true"]).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()),
        Err(error) => Err(format!("strace can't be run: {error}")),
    }
}

/// Where the store of a directory is.
fn path_in(dir: &Path) -> PathBuf {
    dir.join("state.json")
}

/// Checks a copy of what is in a directory.
fn look(dir: &Path, ledger: &Ledger, open: &OpenPath<'_>) -> Result<Found, Broken> {
    let copy = tempfile::tempdir().map_err(|error| unexpected(&error))?;
    for entry in fs::read_dir(dir).map_err(|error| unexpected(&error))? {
        let entry = entry.map_err(|error| unexpected(&error))?;
        fs::copy(entry.path(), copy.path().join(entry.file_name())).map_err(|error| unexpected(&error))?;
    }
    let refused = |error: StoreError| Broken::Refused(error_chain(&error).to_string());
    let store = open(&path_in(copy.path())).map_err(refused)?;
    let runtime = crate::runtime();
    let found = runtime.block_on(Found::read(&store)).map_err(refused)?;
    ledger.check(&found, &ledger.all_promises())?;
    Ok(found)
}

fn unexpected(error: &io::Error) -> Broken {
    Broken::Refused(format!("what has nothing to do with the store failed: {error}"))
}

fn is_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    const SIGKILL: i32 = 9;
    // A shell and some versions of strace say it by the exit code.
    status.signal() == Some(SIGKILL) || status.code() == Some(128 + SIGKILL)
}
