//! How many runs go on at a time.

use std::collections::VecDeque;

/// The slots of an orchestrator and of its pools, and the pipelines that wait for one in the order in which they came.
#[derive(Debug)]
pub(crate) struct Slots {
    free: usize,
    /// The lines: first that of the pipelines without a pool, then those of the pools.
    lines: Vec<Line>,
    /// The line that is looked at first, so that each has its turn.
    turn: usize,
}

#[derive(Debug)]
struct Line {
    free: usize,
    waiting: VecDeque<usize>,
}

impl Slots {
    pub(crate) fn new(all: usize, pools: &[usize]) -> Self {
        let slots = [usize::MAX >> 1].into_iter().chain(pools.iter().copied());
        let lines = slots.map(|free| Line { free, waiting: VecDeque::new() }).collect();
        Self { free: all, lines, turn: 0 }
    }

    pub(crate) fn free(&self, pool: Option<usize>) -> usize {
        self.lines.get(line_of(pool)).map_or(0, |line| line.free.min(self.free))
    }

    /// Takes slots, as many as there are.
    pub(crate) fn take(&mut self, pool: Option<usize>, count: usize) -> Held {
        let Some(line) = self.lines.get_mut(line_of(pool)) else { return Held::default() };
        let count = count.min(self.free).min(line.free);
        (self.free, line.free) = (self.free - count, line.free - count);
        Held { pool, count }
    }

    pub(crate) fn give_back(&mut self, held: &mut Held) {
        let count = std::mem::take(&mut held.count);
        if let Some(line) = self.lines.get_mut(line_of(held.pool)) {
            (self.free, line.free) = (self.free + count, line.free + count);
        }
    }

    pub(crate) fn wait(&mut self, pool: Option<usize>, key: usize) {
        if let Some(line) = self.lines.get_mut(line_of(pool)) {
            line.waiting.push_back(key);
        }
    }

    /// The next pipeline that waits and for which there is a slot.
    pub(crate) fn next(&mut self) -> Option<usize> {
        let count = self.lines.len();
        for place in (0..count).map(|offset| (self.turn + offset) % count) {
            if self.free == 0 {
                return None;
            }
            let line = self.lines.get_mut(place).filter(|line| line.free > 0);
            if let Some(key) = line.and_then(|line| line.waiting.pop_front()) {
                self.turn = (place + 1) % count;
                return Some(key);
            }
        }
        None
    }
}

/// Slots that were taken, and are to be given back. There may be none: a run that turns out to have been started before
/// goes on without.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use]
pub(crate) struct Held {
    pool: Option<usize>,
    count: usize,
}

impl Held {
    /// One of them, if there is one.
    pub(crate) fn split_one(&mut self) -> Self {
        let count = self.count.min(1);
        self.count -= count;
        Self { pool: self.pool, count }
    }
}

fn line_of(pool: Option<usize>) -> usize {
    pool.map_or(0, |pool| pool + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_take_turns_and_a_full_pool_holds_up_nobody() {
        let mut slots = Slots::new(3, &[1]);
        let mut held = slots.take(Some(0), 1);
        assert_eq!((held.count, slots.free(Some(0)), slots.free(None)), (1, 0, 2));
        for (pool, key) in [(Some(0), 1), (None, 2), (Some(0), 3), (None, 4)] {
            slots.wait(pool, key);
        }
        assert_eq!([slots.next(), slots.next(), slots.next()], [Some(2), Some(4), None]);
        slots.give_back(&mut held);
        slots.wait(None, 5);
        assert_eq!([slots.next(), slots.next(), slots.next()], [Some(1), Some(5), Some(3)]);
        assert_eq!(slots.take(None, 9).count, 3);
        slots.wait(None, 6);
        assert_eq!(slots.next(), None);
    }
}
