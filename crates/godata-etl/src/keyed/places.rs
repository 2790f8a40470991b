//! The places of kept records.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Origin;
use crate::bytes::{Bytes, Damaged, put_int};
use crate::origin::{PlaceOf, Places};

/// The names of the sources that kept records came from.
#[derive(Debug, Default)]
pub(super) struct Sources(Mutex<Names>);

#[derive(Debug, Default)]
struct Names {
    numbers: HashMap<Arc<str>, usize>,
    names: Vec<Arc<str>>,
}

impl Sources {
    /// The number of a source, from 1.
    fn number(&self, name: &Arc<str>) -> usize {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&number) = names.numbers.get(name) {
            return number;
        }
        names.names.push(Arc::clone(name));
        let number = names.names.len();
        names.numbers.insert(Arc::clone(name), number);
        number
    }

    /// The places in these rows, which are in the order of the records.
    pub(super) fn read(&self, rows: Vec<PlaceOf>) -> Places {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner).names.clone();
        Places { rows, sources: names }
    }
}

/// Writes the places of the records of a batch. Most have the same source.
#[derive(Debug)]
pub(super) struct PlaceWriter<'a> {
    sources: &'a Sources,
    last: Option<(Arc<str>, usize)>,
}

impl<'a> PlaceWriter<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, last: None }
    }

    /// Appends the place of a row.
    pub(super) fn write(&mut self, origin: &Origin, row: u32, out: &mut Vec<u8>) {
        let PlaceOf { source, record, line } = self.compact(origin, row);
        put_int(source as u64, out);
        put_int(record, out);
        // Most lines have the number of the record, or one close to it.
        let distance = line.wrapping_sub(record) as i64;
        put_int((distance << 1 ^ distance >> 63) as u64, out);
    }

    /// The place of a row, with the number of its source.
    pub(super) fn compact(&mut self, origin: &Origin, row: u32) -> PlaceOf {
        let (source, place) = origin.numbers(row);
        let source = source.map_or(0, |source| match &self.last {
            Some((last, number)) if Arc::ptr_eq(last, source) => *number,
            _ => {
                let number = self.sources.number(source);
                self.last = Some((Arc::clone(source), number));
                number
            }
        });
        PlaceOf { source, ..place }
    }
}

pub(super) fn read_place(bytes: &mut Bytes<'_>) -> Result<PlaceOf, Damaged> {
    let (source, record, distance) = (bytes.len()?, bytes.int()?, bytes.int()?);
    let distance = (distance >> 1) ^ (distance & 1).wrapping_neg();
    Ok(PlaceOf { source, record, line: record.wrapping_add(distance) })
}
