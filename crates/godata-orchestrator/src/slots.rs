//! Limits on how many jobs run at a time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::entry::EntryId;

/// The slots of an orchestrator and of its pools, and the queues of pipelines that wait for one.
#[derive(Debug)]
pub(crate) struct Slots {
    free: usize,
    /// First the queue of the pipelines without a pool, then the queues of the pools.
    queues: Vec<Queue>,
    /// The queue that is served next, so that each gets its turn.
    turn: usize,
    freed: Freed,
}

#[derive(Debug)]
struct Queue {
    free: usize,
    /// The pipelines, and since when they wait. Some no longer do: their runs were canceled.
    waiting: VecDeque<(EntryId, Instant)>,
    /// The same, for this pool.
    freed: Freed,
}

/// When a slot was last given back, and whether a stall was reported after that.
#[derive(Debug, Default)]
struct Freed {
    at: Option<Instant>,
    is_reported: bool,
}

impl Freed {
    fn now() -> Self {
        Self { at: Some(Instant::now()), is_reported: false }
    }

    /// Whether it is so long ago that a stall is reported.
    fn is_long_ago(&self, wait: Duration) -> bool {
        !self.is_reported && self.at.is_none_or(|at| at.elapsed() >= wait)
    }
}

impl Queue {
    /// The pipelines that still wait, if the first of them waits for that long.
    fn long_waiting(&self, wait: Duration, waits: impl Fn(EntryId) -> bool) -> Vec<EntryId> {
        let mut waiting = self.waiting.iter().filter(|(id, _)| waits(*id)).peekable();
        match waiting.peek() {
            Some((_, since)) if since.elapsed() >= wait => waiting.map(|(id, _)| *id).collect(),
            _ => Vec::new(),
        }
    }
}

/// All slots, or those of a pool, are taken, and none was given back for a while although pipelines wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stall {
    pub(crate) pool: Option<usize>,
    /// The pipelines that wait.
    pub(crate) waiting: Vec<EntryId>,
}

impl Slots {
    pub(crate) fn new(all: usize, pools: &[usize]) -> Self {
        let slots = [usize::MAX >> 1].into_iter().chain(pools.iter().copied());
        let queue = |free| Queue { free, waiting: VecDeque::new(), freed: Freed::default() };
        Self { free: all, queues: slots.map(queue).collect(), turn: 0, freed: Freed::default() }
    }

    pub(crate) fn free(&self, pool: Option<usize>) -> usize {
        self.queues.get(queue_of(pool)).map_or(0, |queue| queue.free.min(self.free))
    }

    /// How many slots are free: of all, and of each pool.
    pub(crate) fn all_free(&self) -> (usize, impl Iterator<Item = usize>) {
        (self.free, self.queues.iter().skip(1).map(|queue| queue.free))
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
            if count > 0 {
                (self.freed, queue.freed) = (Freed::now(), Freed::now());
            }
        }
    }

    pub(crate) fn wait(&mut self, pool: Option<usize>, id: EntryId) {
        if let Some(queue) = self.queues.get_mut(queue_of(pool)) {
            queue.waiting.push_back((id, Instant::now()));
        }
    }

    /// What has been stalled for that long, if one of its pipelines still waits. Each stall is returned once.
    pub(crate) fn stalls(&mut self, wait: Duration, waits: impl Fn(EntryId) -> bool) -> Vec<Stall> {
        if self.free == 0 {
            let waiting = |queue: &Queue| queue.long_waiting(wait, &waits);
            let waiting: Vec<_> = self.queues.iter().flat_map(waiting).collect();
            if waiting.is_empty() || !self.freed.is_long_ago(wait) {
                return Vec::new();
            }
            self.freed.is_reported = true;
            return vec![Stall { pool: None, waiting }];
        }
        let mut stalls = Vec::new();
        for (place, queue) in self.queues.iter_mut().enumerate() {
            let waiting = queue.long_waiting(wait, &waits);
            if queue.free == 0 && !waiting.is_empty() && queue.freed.is_long_ago(wait) {
                queue.freed.is_reported = true;
                stalls.push(Stall { pool: place.checked_sub(1), waiting });
            }
        }
        stalls
    }

    /// The next waiting pipeline for which there is a slot.
    pub(crate) fn next(&mut self) -> Option<EntryId> {
        let count = self.queues.len();
        for place in (0..count).map(|offset| (self.turn + offset) % count) {
            if self.free == 0 {
                return None;
            }
            let queue = self.queues.get_mut(place).filter(|queue| queue.free > 0);
            if let Some((id, _)) = queue.and_then(|queue| queue.waiting.pop_front()) {
                self.turn = (place + 1) % count;
                return Some(id);
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
    /// Whether it holds a slot of this pool, or any if there is no pool.
    pub(crate) fn is_of(&self, pool: Option<usize>) -> bool {
        self.count > 0 && (pool.is_none() || self.pool == pool)
    }

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
        for (pool, id) in [(Some(0), 1), (None, 2), (Some(0), 3), (None, 4)] {
            slots.wait(pool, EntryId(id));
        }
        assert_eq!([slots.next(), slots.next(), slots.next()], [Some(EntryId(2)), Some(EntryId(4)), None]);
        slots.give_back(&mut held);
        slots.wait(None, EntryId(5));
        assert_eq!(
            [slots.next(), slots.next(), slots.next()],
            [Some(EntryId(1)), Some(EntryId(5)), Some(EntryId(3))]
        );
        assert_eq!(slots.take(None, 9).count, 3);
        slots.wait(None, EntryId(6));
        assert_eq!(slots.next(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_told_once_until_a_slot_is_given_back() {
        const MINUTE: Duration = Duration::from_secs(60);
        for (slots, pool) in [(1, None), (9, Some(0))] {
            let mut slots = Slots::new(slots, &[1]);
            let mut held = slots.take(pool, 1);
            tokio::time::advance(MINUTE).await;
            assert_eq!(slots.stalls(MINUTE, |_| true), [], "nobody waits");
            slots.wait(pool, EntryId(7));
            slots.wait(pool, EntryId(8));
            assert_eq!(slots.stalls(MINUTE, |_| true), []);
            tokio::time::advance(MINUTE).await;
            assert_eq!(
                slots.stalls(MINUTE, |_| true),
                [Stall { pool, waiting: vec![EntryId(7), EntryId(8)] }]
            );
            assert_eq!(slots.stalls(MINUTE, |_| true), []);
            slots.give_back(&mut held);
            assert_eq!(slots.next(), Some(EntryId(7)));
            let _held = slots.take(pool, 1);
            assert_eq!((slots.next(), slots.stalls(MINUTE, |_| true)), (None, vec![]));
            tokio::time::advance(MINUTE).await;
            assert_eq!(slots.stalls(MINUTE, |id| id != EntryId(8)), [], "its run was canceled");
            slots.wait(pool, EntryId(9));
            assert_eq!(slots.stalls(MINUTE, |id| id != EntryId(8)), [], "it has just begun to wait");
            assert_eq!(
                slots.stalls(MINUTE, |_| true),
                [Stall { pool, waiting: vec![EntryId(8), EntryId(9)] }]
            );
        }
    }
}
