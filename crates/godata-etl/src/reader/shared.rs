//! Reading on the workers.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::BlockingSource;
use crate::engine::{Bracket, Pull, Run, Stage, Stopped, Task};
use crate::error::contained;
use crate::{Batch, Chunk, Outcome, Unit};

/// The first stage of a run with a quick source: a worker reads a batch before it computes it. The batch is then in the
/// cache of that core, and stays on its thread until it is written.
pub(super) struct SharedStage<B> {
    source: Arc<Shared<B>>,
    /// How many tasks have been returned.
    tasks: u64,
}

impl<B: Batch> SharedStage<B> {
    pub(super) fn pull(
        source: Box<dyn BlockingSource<Batch = B>>,
        opening: Bracket,
        run: Arc<Run>,
    ) -> Box<dyn Pull<Chunk<B>>> {
        let reading =
            Reading { source: Some(source), opening: Some(opening), reads: 0, ahead: BTreeMap::new() };
        let source = Shared { reading: Mutex::new(reading), has_ended: AtomicBool::new(false), run };
        Box::new(Self { source: Arc::new(source), tasks: 0 })
    }
}

impl<B: Batch> Pull<Chunk<B>> for SharedStage<B> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Task<Chunk<B>>>, Stopped>> {
        async {
            if self.source.has_ended.load(Acquire) {
                return Ok(None);
            }
            let (source, number) = (Arc::clone(&self.source), self.tasks);
            self.tasks += 1;
            let read: Task<_> = Box::new(move |work| {
                work.stop_if_asked()?;
                let Some((unit, bracket)) = source.read(number)? else { return Ok(None) };
                work.read(bracket, unit).map(Some)
            });
            Ok(Some(read))
        }
        .boxed()
    }
}

/// A source that the workers read from, one at a time.
struct Shared<B> {
    reading: Mutex<Reading<B>>,
    /// Whether nothing is left to read. It can be checked without waiting for a worker that is reading.
    has_ended: AtomicBool,
    run: Arc<Run>,
}

/// A unit with the bracket of its reading; `None` at the end.
type Read<B> = Result<Option<(Unit<B>, Bracket)>, Stopped>;

struct Reading<B> {
    /// `None` after its end and after a failure.
    source: Option<Box<dyn BlockingSource<Batch = B>>>,
    /// The bracket of the first batch, which was opened before the input.
    opening: Option<Bracket>,
    /// How many units have been read.
    reads: u64,
    /// Units that were read early, by number of the task that they belong to.
    ahead: BTreeMap<u64, Read<B>>,
}

impl<B: Batch> Shared<B> {
    /// The unit of the task with this number. Workers may come out of order: one that comes early also reads the units of
    /// the tasks before its own, and waits for no other worker.
    fn read(&self, number: u64) -> Read<B> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = reading.ahead.remove(&number) {
            return read;
        }
        while reading.reads < number {
            let earlier = reading.reads;
            let read = self.next(&mut reading);
            reading.ahead.insert(earlier, read);
        }
        self.next(&mut reading)
    }

    fn next(&self, reading: &mut Reading<B>) -> Read<B> {
        reading.reads += 1;
        let Some(mut source) = reading.source.take() else { return Ok(None) };
        let opening = reading.opening.take();
        let mut bracket = opening.unwrap_or_else(|| Bracket::open(&self.run, Stage::Read, 0));
        let span = self.run.span(Stage::Read);
        match bracket.time(|| span.in_scope(|| contained(|| source.next()))) {
            Ok(Some(unit)) => {
                reading.source = Some(source);
                Ok(Some((unit, bracket)))
            }
            Ok(None) => {
                self.has_ended.store(true, Release);
                bracket.close(0, Outcome::Succeeded);
                Ok(None)
            }
            Err(cause) => {
                self.has_ended.store(true, Release);
                Err(self.run.stopped(Stage::Read, cause).close(bracket))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::ops::Range;

    use godata_core::{BoxError, Cancellation, RunContext};
    use proptest::prelude::*;
    use tokio::runtime;

    use super::*;
    use crate::engine::{LoggedBy, Plan};
    use crate::{OnError, Origin, Work};

    /// Has units of one number each. It ends after the last one if the flag is set, or else fails.
    struct Numbers(Range<u64>, bool);

    impl BlockingSource for Numbers {
        type Batch = Vec<u64>;

        fn next(&mut self) -> Result<Option<Unit<Vec<u64>>>, BoxError> {
            match self.0.next() {
                Some(number) => Ok(Some(Unit::ready(Chunk::new(vec![number], Origin::default())))),
                None if self.1 => Ok(None),
                None => Err("no more".into()),
            }
        }
    }

    fn run(runtime: &runtime::Runtime) -> Arc<Run> {
        let plan = Plan {
            name: "numbers".into(),
            steps: Vec::new(),
            hooks: Vec::new(),
            workers: NonZeroUsize::MIN,
            ordered: true,
            on_error: OnError::fail(),
            is_preview: false,
            mistake: None,
        };
        Run::begin(&plan, &RunContext::new(), None, LoggedBy::Pipeline, runtime.handle().clone())
    }

    proptest! {
        #[test]
        fn each_task_gets_its_own_unit_in_whatever_order_tasks_come(
            order in Just((0..12).collect::<Vec<u64>>()).prop_shuffle(),
            units in 0_u64..15,
            ends in any::<bool>(),
        ) {
            let runtime = runtime::Builder::new_current_thread().build().unwrap();
            let run = run(&runtime);
            let reading = Reading {
                source: Some(Box::new(Numbers(0..units, ends))),
                opening: None,
                reads: 0,
                ahead: BTreeMap::new(),
            };
            let shared =
                Shared { reading: Mutex::new(reading), has_ended: AtomicBool::new(false), run: Arc::clone(&run) };
            let mut work = Work::new(run, Cancellation::new());
            for number in order {
                match shared.read(number) {
                    Ok(Some((unit, bracket))) => {
                        let chunk = work.read(bracket, unit).unwrap();
                        prop_assert_eq!(chunk.into_batch(), [number]);
                    }
                    Ok(None) => prop_assert!(number > units || number == units && ends),
                    Err(_) => prop_assert!(number == units && !ends),
                }
            }
            prop_assert_eq!(shared.has_ended.into_inner(), units < 12);
        }
    }
}
