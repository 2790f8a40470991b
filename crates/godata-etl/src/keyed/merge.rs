//! Merges sorted blocks and runs.

use super::block::{Block, Prefix, Row, RowAt, prefix};
use super::spill::{RunReader, SpillError};
use super::tournament::Tournament;

/// The rows of several sorted inputs, in order. Those with equal keys are in the order of the inputs.
#[derive(Debug)]
pub(crate) struct Merge {
    inputs: Vec<Input>,
    tournament: Tournament,
    is_started: bool,
}

#[derive(Debug)]
pub(super) enum Input {
    /// A block, and its current row.
    Block(Block, Option<RowAt>),
    Run(RunReader),
    Ended,
}

impl Input {
    pub(super) fn of_block(block: Block) -> Self {
        Self::Block(block, None)
    }

    #[inline]
    fn row(&self) -> Option<Row<'_>> {
        match self {
            Self::Block(block, at) => at.as_ref().map(|at| block.row(at)),
            Self::Run(run) => run.row(),
            Self::Ended => None,
        }
    }

    /// Moves on to the next row, and returns the first bytes of its key.
    fn advance(&mut self) -> Result<Prefix, SpillError> {
        match self {
            Self::Block(block, at) => *at = block.find(at.as_ref().map_or(0, RowAt::end)),
            Self::Run(run) => run.advance()?,
            Self::Ended => {}
        }
        let next = self.row().map(|row| prefix(row.key));
        if next.is_none() {
            *self = Self::Ended;
        }
        Ok(next.unwrap_or(Prefix::MAX))
    }
}

impl Merge {
    pub(super) fn new(mut inputs: Vec<Input>) -> Result<Self, SpillError> {
        let prefixes: Vec<_> = inputs.iter_mut().map(Input::advance).collect::<Result<_, _>>()?;
        let tournament = Tournament::new(&prefixes, |a, b| is_less(&inputs, a, b));
        Ok(Self { inputs, tournament, is_started: false })
    }

    /// Moves on to the next row. Returns false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, SpillError> {
        if std::mem::replace(&mut self.is_started, true)
            && let Some(winner) = self.tournament.winner()
        {
            let prefix = self.inputs[winner].advance()?;
            self.tournament.replace(prefix, |a, b| is_less(&self.inputs, a, b));
        }
        Ok(self.tournament.winner().is_some_and(|winner| !matches!(self.inputs[winner], Input::Ended)))
    }

    /// The current row, once [`advance`](Self::advance) has returned true.
    #[inline]
    pub(crate) fn row(&self) -> Option<Row<'_>> {
        self.inputs[self.tournament.winner()?].row()
    }
}

/// Compares the rows of two inputs whose keys begin with the same bytes.
#[cold]
fn is_less(inputs: &[Input], a: usize, b: usize) -> bool {
    match (inputs[a].row(), inputs[b].row()) {
        (Some(x), Some(y)) => (x.key, a) < (y.key, b),
        (x, _) => x.is_some(),
    }
}
