//! Sorted rows in memory that are merged in parts.

use super::block::{Block, Prefix, RowAt, Samples, prefix};
use super::order;

/// Sorted blocks, cut by key into parts. Each part can be merged on another worker.
#[derive(Debug)]
pub(crate) struct Parts {
    blocks: Vec<Block>,
    /// Where each part but the first one starts.
    bounds: Vec<Bound>,
}

/// A row at which a part starts.
#[derive(Clone, Copy, Debug)]
struct Bound {
    block: usize,
    start: usize,
}

impl Parts {
    /// How many bytes a part should have of each block, because it costs a search in each.
    const BYTES_OF_EACH: usize = 512;
    /// Between how many bytes a part should have.
    const LEAST: usize = 256 << 10;
    const MOST: usize = 4 << 20;

    pub(super) fn new(blocks: Vec<Block>) -> Self {
        let mut samples = Vec::new();
        for (number, block) in blocks.iter().enumerate() {
            let Samples { prefixes, starts } = block.samples();
            let ends = starts.iter().skip(1).copied().chain([block.len_in_bytes()]);
            samples.extend(prefixes.iter().zip(starts).zip(ends).map(|((&prefix, &start), end)| Sample {
                prefix,
                bound: Bound { block: number, start },
                bytes: end - start,
            }));
        }
        let key = |bound: Bound| {
            let block = &blocks[bound.block];
            (block.find(bound.start).map(|at| block.row(&at).key), bound.block, bound.start)
        };
        samples
            .sort_unstable_by(|a, b| a.prefix.cmp(&b.prefix).then_with(|| key(a.bound).cmp(&key(b.bound))));
        let least = (blocks.len() * Self::BYTES_OF_EACH).clamp(Self::LEAST, Self::MOST);
        let mut bytes = 0;
        let mut bounds = Vec::new();
        for sample in &samples {
            if bytes >= least {
                bounds.push(sample.bound);
                bytes = 0;
            }
            bytes += sample.bytes;
        }
        Self { blocks, bounds }
    }

    /// How many parts there are.
    pub(super) fn len(&self) -> usize {
        if self.blocks.is_empty() { 0 } else { self.bounds.len() + 1 }
    }

    /// The payloads of the rows of a part, in order.
    pub(super) fn payloads(&self, part: usize) -> Vec<&[u8]> {
        let from = part.checked_sub(1).map(|before| self.bounds[before]);
        let to = self.bounds.get(part).copied();
        let start = |number, bound: Option<Bound>| bound.map(|bound| self.start(number, bound));
        let ranges = self.blocks.iter().enumerate().map(|(number, block)| {
            start(number, from).unwrap_or(0)..start(number, to).unwrap_or(block.len_in_bytes())
        });
        let ranges: Vec<_> = ranges.collect();
        let shared = match (from, to) {
            (Some(from), Some(to)) => order::shared(self.key(from), self.key(to)),
            _ => 0,
        };
        let in_part = || ranges.iter().zip(&self.blocks);
        let mut entries = Vec::with_capacity(in_part().map(|(range, block)| block.count(range)).sum());
        for (number, (range, block)) in (0..).zip(in_part()) {
            let number: u64 = number << u32::BITS;
            // Within a part, a row starts less than 4 GiB after the first one of its block.
            let row = |start: usize| number | (start - range.start) as u64;
            entries.extend(
                block.rows(range.clone()).map(|(start, at)| order::entry(at.key, shared, row(start))),
            );
        }
        let row = |row: u64| {
            let number = (row >> u32::BITS) as usize;
            let block = &self.blocks[number];
            block.find(ranges[number].start + row as u32 as usize).map(|at| block.row(&at))
        };
        order::sort(&mut entries, |number| row(number).map(|row| row.key).unwrap_or_default());
        entries.into_iter().filter_map(|entry| row(order::row_of(entry))).map(|row| row.payload).collect()
    }

    /// The key of the row at a bound.
    fn key(&self, Bound { block, start }: Bound) -> &[u8] {
        let block = &self.blocks[block];
        block.find(start).map(|at| block.row(&at).key).unwrap_or_default()
    }

    /// Where the rows of a block start that don't come before a bound.
    fn start(&self, number: usize, bound: Bound) -> usize {
        if number == bound.block {
            return bound.start;
        }
        let block = &self.blocks[number];
        let bound = (self.key(bound), bound.block);
        let comes_before = |at: &RowAt| (block.row(at).key, number) < bound;
        let Samples { prefixes, starts } = block.samples();
        let least = prefix(bound.0);
        // Samples with the same prefix may be before or after the bound.
        let sure = prefixes.partition_point(|&prefix| prefix < least);
        let same = prefixes[sure..].partition_point(|&prefix| prefix == least);
        let is_before = |&start: &usize| block.find(start).is_some_and(|at| comes_before(&at));
        let sample = sure + starts[sure..sure + same].partition_point(is_before);
        let mut start = starts.get(sample.saturating_sub(1)).copied().unwrap_or_default();
        while let Some(at) = block.find(start).filter(&comes_before) {
            start = at.end();
        }
        start
    }
}

/// A row, and how many bytes there are up to the next sample of its block.
struct Sample {
    prefix: Prefix,
    bound: Bound,
    bytes: usize,
}
