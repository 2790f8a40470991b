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

/// The first stage of a run whose source is quick: a worker reads a batch before it computes it. So the batch is in
/// that core's cache, and is handed to no other thread before it is written.
pub(super) struct SharedStage<B> {
    source: Arc<Shared<B>>,
    /// How many tasks were given out.
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

/// A source that one worker at a time reads from.
struct Shared<B> {
    reading: Mutex<Reading<B>>,
    /// Whether there is nothing more to read, for who must not wait for a worker that reads.
    has_ended: AtomicBool,
    run: Arc<Run>,
}

/// A unit within the bracket of its reading; `None` at the end.
type Read<B> = Result<Option<(Unit<B>, Bracket)>, Stopped>;

struct Reading<B> {
    /// `None` after its end and after a failure.
    source: Option<Box<dyn BlockingSource<Batch = B>>>,
    /// Reading began when the input was opened: the first batch is within that bracket.
    opening: Option<Bracket>,
    /// How many units were asked for.
    reads: u64,
    /// What was read for tasks that come later than those after them.
    ahead: BTreeMap<u64, Read<B>>,
}

impl<B: Batch> Shared<B> {
    /// The unit of the task of this number. Workers need not come in the order of their tasks: who is early reads for
    /// those before as well, and waits for nobody.
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
    use crate::{Origin, Work};

    /// Has units of one number each; after the last one it ends, or else fails.
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
            mistake: None,
        };
        Run::begin(&plan, &RunContext::new(), None, LoggedBy::Pipeline, runtime.handle().clone())
    }

    proptest! {
        #[test]
        fn each_task_reads_its_own_unit_whenever_it_comes(
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
