//! The offsets of a zone, from Python.

/// The clock changes of one zone.
pub(crate) struct Offsets {
    pub(crate) zone: String,
    /// The second, and the offset from then on; the first is the start of 1970.
    changes: Vec<(i64, i64)>,
}

impl Offsets {
    /// Reads what `offsets.py` printed.
    pub(crate) fn read_all(text: &str) -> Vec<Self> {
        let mut zones: Vec<Self> = Vec::new();
        for line in text.lines() {
            let (left, right) = line.split_once(' ').unwrap();
            if left == "zone" {
                zones.push(Self { zone: right.to_owned(), changes: Vec::new() });
            } else {
                let change = (left.parse().unwrap(), right.parse().unwrap());
                zones.last_mut().unwrap().changes.push(change);
            }
        }
        zones
    }

    /// The changes after the start of 1970.
    pub(crate) fn changes(&self) -> &[(i64, i64)] {
        &self.changes[1..]
    }

    /// The offset at a second.
    pub(crate) fn at(&self, second: i64) -> i64 {
        let begun = self.changes.partition_point(|change| change.0 <= second);
        self.changes[begun.saturating_sub(1)].1
    }

    /// All offsets in use within a day of a second.
    pub(crate) fn near(&self, second: i64) -> Vec<i64> {
        let (from, to) = (second - 86_400, second + 86_400);
        let first = self.changes.partition_point(|change| change.0 <= from).saturating_sub(1);
        let near = self.changes[first..].iter().take_while(|change| change.0 <= to);
        let mut offsets: Vec<i64> = near.map(|change| change.1).collect();
        offsets.sort_unstable();
        offsets.dedup();
        offsets
    }

    /// The first second whose local time is not before `local`, where the second before it was.
    pub(crate) fn end_of_gap(&self, local: i64) -> i64 {
        let jumps = |pair: &&[(i64, i64)]| {
            let [(_, before), (second, after)] = pair else { unreachable!("a window of two") };
            second + before <= local && local < second + after
        };
        let gap = self.changes.windows(2).find(jumps).expect("a local time that no second has is in a gap");
        gap[1].0
    }

    /// The offset before that second.
    pub(crate) fn before(&self, second: i64) -> i64 {
        self.at(second - 1)
    }
}
