//! Executes one stage on one batch: calls its hooks, contains its panics and counts its records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use godata_core::Canceled;

use super::{Bracket, Stage, Stopped};
use crate::error::Panicked;
use crate::{Batch, Chunk, Origin, Outcome, Stop, Unit, Work};

impl Work {
    /// Decodes a batch. This is the second half of reading it, in the bracket that was opened when it was fetched.
    pub(crate) fn read<B: Batch>(&mut self, bracket: Bracket, unit: Unit<B>) -> Result<Chunk<B>, Stopped> {
        self.stop_if_asked()?;
        let (mut chunk, bracket) = self.execute(bracket, |work| unit.decode(work))?;
        chunk.leave_out(&self.take_rejected());
        let records = chunk.len() as u64;
        self.carry_read(records + bracket.rejected());
        self.run().count_read(records, chunk.origin.byte_count());
        bracket.close(records, Outcome::Succeeded);
        Ok(chunk)
    }

    /// Runs step `index` on a batch.
    pub(crate) fn step<B: Batch, C: Batch>(
        &mut self,
        index: usize,
        chunk: Chunk<B>,
        f: impl FnOnce(Chunk<B>, &mut Self) -> Result<Chunk<C>, Stop>,
    ) -> Result<Chunk<C>, Stopped> {
        let bracket = self.open(Stage::Step(index), &chunk)?;
        let records_in = bracket.records_in();
        self.run().count_step_in(index, records_in);
        let (chunk, bracket) = self.execute(bracket, |work| f(chunk, work))?;
        let records_out = chunk.len() as u64;
        self.run().count_step_out(index, records_in, records_out, self.expanded(), bracket.rejected());
        bracket.close(records_out, Outcome::Succeeded);
        Ok(chunk)
    }

    /// Takes a batch into step `index`, which keeps its records.
    pub(crate) fn take_in<B: Batch, P>(
        &mut self,
        index: usize,
        chunk: Chunk<B>,
        f: impl FnOnce(Chunk<B>, &mut Self) -> Result<P, Stop>,
    ) -> Result<P, Stopped> {
        let bracket = self.open(Stage::Step(index), &chunk)?;
        self.run().count_step_in(index, bracket.records_in());
        let (made, bracket) = self.execute(bracket, |work| f(chunk, work))?;
        bracket.close(0, Outcome::Succeeded);
        Ok(made)
    }

    /// Works with the state of step `index`, on a batch that was taken in from `origin`.
    pub(crate) fn keep<T>(
        &mut self,
        index: usize,
        origin: &Arc<Origin>,
        f: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stopped> {
        self.stop_if_asked()?;
        self.enter(origin);
        let bracket = Bracket::open(self.run(), Stage::Step(index), 0);
        let (made, bracket) = self.execute(bracket, f)?;
        bracket.close(0, Outcome::Succeeded);
        Ok(made)
    }

    /// Makes a batch that step `index` passes on.
    pub(crate) fn pass_on<B: Batch>(&mut self, index: usize, unit: Unit<B>) -> Result<Chunk<B>, Stopped> {
        self.stop_if_asked()?;
        self.enter(&Arc::default());
        let bracket = Bracket::open(self.run(), Stage::Step(index), 0);
        let (chunk, bracket) = self.execute(bracket, |work| unit.decode(work))?;
        let records = chunk.len() as u64;
        self.run().count_step_made(index, records);
        bracket.close(records, Outcome::Succeeded);
        Ok(chunk)
    }

    /// Encodes a batch. This is the first half of writing it; the returned bracket is for the second.
    pub(crate) fn encode<B: Batch, E>(
        &mut self,
        chunk: Chunk<B>,
        f: impl FnOnce(Chunk<B>, &mut Self) -> Result<E, Stop>,
    ) -> Result<(E, Bracket), Stopped> {
        let bracket = self.open(Stage::Write, &chunk)?;
        self.execute(bracket, |work| f(chunk, work))
    }

    /// Opens the bracket of a stage for a chunk, unless the run is to stop.
    fn open<B: Batch>(&mut self, stage: Stage, chunk: &Chunk<B>) -> Result<Bracket, Stopped> {
        self.stop_if_asked()?;
        self.enter(&chunk.origin);
        Ok(Bracket::open(self.run(), stage, chunk.len() as u64))
    }

    /// Runs `f` as the stage of `bracket`. A failure or a panic is reported for that stage, and closes the bracket.
    fn execute<T>(
        &mut self,
        mut bracket: Bracket,
        f: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<(T, Bracket), Stopped> {
        let stage = bracket.stage();
        self.begin(stage);
        let span = self.run().span(stage).clone();
        let result = bracket.time(|| span.in_scope(|| catch_unwind(AssertUnwindSafe(|| f(self)))));
        let cause = match result {
            Ok(Ok(made)) => {
                bracket.add_rejected(self.rejected() as u64);
                return Ok((made, bracket));
            }
            Ok(Err(stop)) => stop.into_cause(),
            Err(panic) => Panicked::from_payload(panic).into(),
        };
        let stopped = match cause.downcast_ref::<Canceled>() {
            Some(&canceled) if self.is_stopped() => Stopped::Canceled(canceled),
            _ => Stopped::Failed { stage, place: self.place(), cause },
        };
        Err(stopped.close(bracket))
    }
}
