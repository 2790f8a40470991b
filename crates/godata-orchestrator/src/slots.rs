//! Limits on how many jobs run at a time.

use std::collections::VecDeque;

/// The slots of an orchestrator and of its pools, and the queues of pipelines that wait for one.
#[derive(Debug)]
pub(crate) struct Slots {
    free: usize,
    /// First the queue of the pipelines without a pool, then the queues of the pools.
    queues: Vec<Queue>,
    /// The queue that is served next, so that each gets its turn.
    turn: usize,
}

#[derive(Debug)]
struct Queue {
    free: usize,
    waiting: VecDeque<usize>,
}

impl Slots {
    pub(crate) fn new(all: usize, pools: &[usize]) -> Self {
        let slots = [usize::MAX >> 1].into_iter().chain(pools.iter().copied());
        let queues = slots.map(|free| Queue { free, waiting: VecDeque::new() }).collect();
        Self { free: all, queues, turn: 0 }
    }

    pub(crate) fn free(&self, pool: Option<usize>) -> usize {
        self.queues.get(queue_of(pool)).map_or(0, |queue| queue.free.min(self.free))
    }

    /// Takes up to `count` slots, as many as are free.
    pub(crate) fn take(&mut self, pool: Option<usize>, count: usize) -> Held {
        let Some(queue) = self.queues.get_mut(queue_of(pool)) else { return Held::default() };
        let count = count.min(self.free).min(queue.free);
        (self.free, queue.free) = (self.free - count, queue.free - count);
        Held { pool, count }
    }

    pub(crate) fn give_back(&mut self, held: &mut Held) {
        let count = std::mem::take(&mut held.count);
        if let Some(queue) = self.queues.get_mut(queue_of(held.pool)) {
            (self.free, queue.free) = (self.free + count, queue.free + count);
        }
    }

    pub(crate) fn wait(&mut self, pool: Option<usize>, key: usize) {
        if let Some(queue) = self.queues.get_mut(queue_of(pool)) {
            queue.waiting.push_back(key);
        }
    }

    /// The next waiting pipeline for which there is a slot.
    pub(crate) fn next(&mut self) -> Option<usize> {
        let count = self.queues.len();
        for place in (0..count).map(|offset| (self.turn + offset) % count) {
            if self.free == 0 {
                return None;
            }
            let queue = self.queues.get_mut(place).filter(|queue| queue.free > 0);
            if let Some(key) = queue.and_then(|queue| queue.waiting.pop_front()) {
                self.turn = (place + 1) % count;
                return Some(key);
            }
        }
        None
    }
}

/// Slots that were taken and have to be given back. There may be none: a run that turns out to have been started before
/// continues without a slot.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use]
pub(crate) struct Held {
    pool: Option<usize>,
    count: usize,
}

impl Held {
    /// Splits off one slot, if there is one.
    pub(crate) fn split_one(&mut self) -> Self {
        let count = self.count.min(1);
        self.count -= count;
        Self { pool: self.pool, count }
    }
}

fn queue_of(pool: Option<usize>) -> usize {
    pool.map_or(0, |pool| pool + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_take_turns_and_a_full_pool_holds_up_no_other_queue() {
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
