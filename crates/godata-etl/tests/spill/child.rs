//! The process that runs a step and is in trouble.

use std::env;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use godata_etl::{
    Batch, BoxError, Chunk, Flow, Memory, Pipeline, RunContext, RunScope, Sink, Stop, Work, Writer,
};

use crate::steps::STEPS;

pub(crate) const STEP: &str = "GODATA_TEST_STEP";
pub(crate) const MOMENT: &str = "GODATA_TEST_MOMENT";
pub(crate) const FOLDER: &str = "GODATA_TEST_SPILL";

/// When the trouble starts, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    FullAtStart,
    FullInTheMiddle,
    FullAfterTheInput,
    KilledAtTheEnd,
    KilledAtTheOutput,
}

impl Moment {
    const ALL: [Self; 5] = [
        Self::FullAtStart,
        Self::FullInTheMiddle,
        Self::FullAfterTheInput,
        Self::KilledAtTheEnd,
        Self::KilledAtTheOutput,
    ];

    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }

    /// Makes the disk full, or waits to be killed, if it is this moment.
    fn comes(self) {
        if env::var(MOMENT).as_deref() != Ok(&self.name()) {
            return;
        }
        match self {
            Self::FullAtStart | Self::FullInTheMiddle | Self::FullAfterTheInput => {
                let process = std::process::id().to_string();
                let limit = ["--pid", &process, "--fsize=0:"];
                let status = Command::new("prlimit").args(limit).status();
                assert!(status.is_ok_and(|status| status.success()), "prlimit limits files");
            }
            Self::KilledAtTheEnd | Self::KilledAtTheOutput => {
                say("waiting");
                let _ = std::io::stdin().read(&mut [0]);
            }
        }
    }
}

/// How many records the input has. They take more than a MiB.
const RECORDS: u64 = 60_000;
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

/// Distinct numbers in no order.
pub(crate) fn numbers() -> impl Iterator<Item = u64> {
    (0..RECORDS).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The same numbers, as the input in which the trouble starts.
fn input() -> Flow<Vec<u64>> {
    let ended = std::iter::from_fn(|| {
        HAS_ENDED.store(true, Ordering::Relaxed);
        Moment::FullAfterTheInput.comes();
        None
    });
    let noted = numbers().zip(1..).map(|(number, at)| {
        if at == RECORDS / 2 {
            Moment::FullInTheMiddle.comes();
        }
        if at == RECORDS {
            Moment::KilledAtTheEnd.comes();
        }
        number
    });
    let input = std::sync::Mutex::new(Some(noted.chain(ended)));
    Pipeline::builder("test")
        .read_iter(move |_| input.lock().ok().and_then(|mut input| input.take()).into_iter().flatten())
}

/// Writes a line for the parent. The harness may have begun another one.
fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).expect("the parent reads");
}

/// An output that says what becomes of it.
pub(crate) struct Output;

impl<B: Batch> Writer<B> for Output {
    type Encoded = ();
    type Sink = Self;

    async fn open(&self, _: &RunScope) -> Result<Self, BoxError> {
        say("opened");
        Ok(Self)
    }

    fn encode(&self, _: Chunk<B>, _: &mut Work) -> Result<(), Stop> {
        Ok(())
    }
}

impl Sink<()> for Output {
    async fn write(&mut self, (): ()) -> Result<(), BoxError> {
        if HAS_ENDED.load(Ordering::Relaxed) {
            Moment::KilledAtTheOutput.comes();
        }
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        say("committed");
        Ok(())
    }

    async fn abort(self) {
        say("aborted");
    }
}

/// Not a test by itself: the others run it in a process of its own.
#[test]
fn child() {
    let Ok(name) = env::var(STEP) else { return };
    let step = STEPS.iter().find(|(step, _)| *step == name).expect("there is such a step").1;
    assert!(Moment::ALL.iter().any(|moment| env::var(MOMENT).as_deref() == Ok(&moment.name())));
    let memory = Memory::mib(1).spill_to(env::var(FOLDER).expect("a folder is given"));
    let pipeline = step(input(), memory, Output).expect("the pipeline is right");
    Moment::FullAtStart.comes();
    if let Err(error) = pipeline.run_blocking(&RunContext::new()) {
        say(&format!("{error:#}"));
    }
}
