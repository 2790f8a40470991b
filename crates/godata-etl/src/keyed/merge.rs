//! Merges sorted blocks and runs.

use super::block::{Block, Row, prefix};
use super::spill::{RunReader, SpillError};

/// The rows of several sorted inputs, in order: a tournament tree (Knuth, The Art of Computer Programming, volume 3, 5.4.1).
#[derive(Debug)]
pub(crate) struct Merge {
    inputs: Vec<Input>,
    /// The first bytes of the current key of each input, which decide most comparisons.
    prefixes: Vec<u64>,
    /// The input that lost at each node; the winner is first.
    tree: Vec<usize>,
    is_started: bool,
}

#[derive(Debug)]
pub(super) enum Input {
    Block(Block, usize),
    Run(RunReader),
    Ended,
}

impl Input {
    fn row(&self) -> Option<Row<'_>> {
        match self {
            Self::Block(block, at) => block.row(*at),
            Self::Run(run) => run.row(),
            Self::Ended => None,
        }
    }
}

impl Merge {
    pub(super) fn new(mut inputs: Vec<Input>) -> Result<Self, SpillError> {
        for input in &mut inputs {
            if let Input::Run(run) = input
                && !run.advance()?
            {
                *input = Input::Ended;
            }
        }
        let prefixes =
            inputs.iter().map(|input| input.row().map_or(u64::MAX, |row| prefix(row.key))).collect();
        let mut merge = Self { tree: vec![inputs.len(); inputs.len()], inputs, prefixes, is_started: false };
        (0..merge.inputs.len()).rev().for_each(|input| merge.play(input));
        Ok(merge)
    }

    /// Moves on to the next row. Returns false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, SpillError> {
        if std::mem::replace(&mut self.is_started, true) {
            let Some(&winner) = self.tree.first() else { return Ok(false) };
            self.step(winner)?;
            self.play(winner);
        }
        Ok(self.row().is_some())
    }

    /// The current row, once [`advance`](Self::advance) has returned true.
    pub(crate) fn row(&self) -> Option<Row<'_>> {
        self.inputs[*self.tree.first()?].row()
    }

    fn step(&mut self, at: usize) -> Result<(), SpillError> {
        let input = &mut self.inputs[at];
        let is_ended = match input {
            Input::Block(block, row) => {
                *row += 1;
                self.prefixes[at] = block.prefix(*row);
                *row >= block.len()
            }
            Input::Run(run) => !run.advance()?,
            Input::Ended => true,
        };
        if is_ended {
            *input = Input::Ended;
            self.prefixes[at] = u64::MAX;
        } else if let Input::Run(run) = input {
            self.prefixes[at] = run.row().map_or(u64::MAX, |row| prefix(row.key));
        }
        Ok(())
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
    fn is_less(&self, a: usize, b: usize) -> bool {
        let count = self.inputs.len();
        if a == count || b == count {
            return a == count;
        }
        let (x, y) = (self.prefixes[a], self.prefixes[b]);
        if x != y {
            return x < y;
        }
        match (self.inputs[a].row(), self.inputs[b].row()) {
            (Some(a), Some(b)) => (a.key, a.number) < (b.key, b.number),
            (a, _) => a.is_some(),
        }
    }
}
