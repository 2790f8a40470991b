//! Grouping the records of a batch by their files.

use std::collections::HashMap;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Stop, Work};

use super::Fields;
use crate::IoError;
use crate::output::{Template, push_value};

/// Separates the values of a key. No value contains it.
pub(super) const SEPARATOR: char = '/';

/// The records of a batch that go to one file.
#[derive(Debug)]
pub(super) struct Group {
    /// The values of the fields, as parts of paths.
    pub(super) key: Box<str>,
    /// The indices of the records.
    pub(super) records: Vec<usize>,
}

/// The groups, in the order of their first records, and for each field of the template whether any record has it.
pub(super) fn groups<B: Fields>(
    template: &Template,
    batch: &B,
    row: impl Fn(usize) -> u32,
    work: &mut Work,
) -> Result<(Vec<Group>, Vec<bool>), Stop> {
    let names = template.fields();
    let mut groups = Groups::default();
    let mut present = vec![false; names.len()];
    let mut key = String::new();
    batch.cells(names, |index, cells| {
        key.clear();
        let pushed = cells.and_then(|cells| {
            for (field, (name, &cell)) in names.iter().zip(cells).enumerate() {
                if field > 0 {
                    key.push(SEPARATOR);
                }
                present[field] |= cell.is_some();
                push_value(&mut key, cell).map_err(|found| refused(name, found))?;
            }
            Ok(())
        });
        match pushed {
            Ok(()) => groups.add(&key, index),
            Err(error) => work.reject(row(index), error)?,
        }
        Ok(())
    })?;
    Ok((groups.groups, present))
}

fn refused(field: &Arc<str>, found: &'static str) -> BoxError {
    IoError::PartitionValue { field: String::from(&**field), found }.into()
}

#[derive(Default)]
struct Groups {
    groups: Vec<Group>,
    by_key: HashMap<Box<str>, usize>,
    /// The group of the previous record, which is often that of the next one too.
    last: usize,
}

impl Groups {
    fn add(&mut self, key: &str, record: usize) {
        if self.groups.get(self.last).is_none_or(|group| *group.key != *key) {
            self.last = match self.by_key.get(key) {
                Some(&group) => group,
                None => {
                    let group = self.groups.len();
                    self.groups.push(Group { key: key.into(), records: Vec::new() });
                    self.by_key.insert(key.into(), group);
                    group
                }
            };
        }
        self.groups[self.last].records.push(record);
    }
}
