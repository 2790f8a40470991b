//! Merges sorted blocks and runs.

use super::block::{Block, Prefix, Row, RowAt, prefix};
use super::spill::{RunReader, SpillError};

/// The rows of several sorted inputs, in order: a tournament tree (Knuth, The Art of Computer Programming, volume 3, 5.4.1).
#[derive(Debug)]
pub(crate) struct Merge {
    inputs: Vec<Input>,
    /// The first bytes of the current key of each input, which decide most comparisons.
    prefixes: Vec<Prefix>,
    /// The input that lost at each node; the winner is first.
    tree: Vec<usize>,
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
        let prefixes = inputs.iter_mut().map(Input::advance).collect::<Result<_, _>>()?;
        let mut merge = Self { tree: vec![inputs.len(); inputs.len()], inputs, prefixes, is_started: false };
        (0..merge.inputs.len()).rev().for_each(|input| merge.play(input));
        Ok(merge)
    }

    /// Moves on to the next row. Returns false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, SpillError> {
        let Some(&winner) = self.tree.first() else { return Ok(false) };
        if std::mem::replace(&mut self.is_started, true) {
            self.prefixes[winner] = self.inputs[winner].advance()?;
            self.play(winner);
        }
        Ok(!matches!(self.inputs[self.tree[0]], Input::Ended))
    }

    /// The current row, once [`advance`](Self::advance) has returned true.
    #[inline]
    pub(crate) fn row(&self) -> Option<Row<'_>> {
        self.inputs[*self.tree.first()?].row()
    }

    /// Plays an input, whose row has changed, from its leaf to the root.
    fn play(&mut self, input: usize) {
        let mut winner = input;
        let mut node = (input + self.inputs.len()) / 2;
        while node > 0 {
            if self.is_less(self.tree[node], winner) {
                std::mem::swap(&mut self.tree[node], &mut winner);
            }
            node /= 2;
        }
        self.tree[0] = winner;
    }

    /// Whether the row of one input comes before that of another one. A node without a player, as at the start, wins, so that
    /// each input meets only inputs that have been played.
    #[inline]
    fn is_less(&self, a: usize, b: usize) -> bool {
        let count = self.inputs.len();
        if a == count || b == count {
            return a == count;
        }
        let (x, y) = (self.prefixes[a], self.prefixes[b]);
        if x == y { self.is_less_beyond(a, b) } else { x < y }
    }

    /// Compares two rows whose keys begin with the same bytes.
    #[cold]
    fn is_less_beyond(&self, a: usize, b: usize) -> bool {
        match (self.inputs[a].row(), self.inputs[b].row()) {
            (Some(a), Some(b)) => (a.key, a.number) < (b.key, b.number),
            (a, _) => a.is_some(),
        }
    }
}
