//! Which names a row has already.

use std::{collections::HashMap, sync::Arc};

/// Which names the row at work has already. Most rows have the same names in the same order, so that the name
/// after the last one is looked at first.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<Name>,
    positions: HashMap<Arc<str>, usize>,
    row: u64,
    /// Where the next name probably stands.
    next: usize,
}

#[derive(Debug)]
struct Name {
    name: Arc<str>,
    /// The last row that had it.
    row: u64,
}

impl Names {
    pub(super) fn begin_row(&mut self) {
        self.row += 1;
        self.next = 0;
    }

    /// Adds a name to the row; false if the row had it.
    pub(super) fn insert(&mut self, name: &str) -> bool {
        let position = self.position(name);
        self.next = position + 1;
        std::mem::replace(&mut self.names[position].row, self.row) != self.row
    }

    fn position(&mut self, name: &str) -> usize {
        if self.names.get(self.next).is_some_and(|known| *known.name == *name) {
            return self.next;
        }
        self.positions.get(name).copied().unwrap_or_else(|| self.push(name.into()))
    }

    fn push(&mut self, name: Arc<str>) -> usize {
        let position = self.names.len();
        self.positions.insert(Arc::clone(&name), position);
        self.names.push(Name { name, row: 0 });
        position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_for_one_row() {
        let mut names = Names::default();
        for row in [&["a", "b"][..], &["b", "a"], &["c"], &[], &["a", "b", "c"]] {
            names.begin_row();
            assert!(row.iter().all(|name| names.insert(name)), "{row:?}");
            assert!(!row.iter().any(|name| names.insert(name)), "{row:?}");
        }
    }
}
