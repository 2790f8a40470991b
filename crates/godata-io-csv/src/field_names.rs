//! The names of the fields in a batch, for the header.

use std::sync::Arc;

use godata_etl::{Place, Shape};

/// The names of the fields in an encoded batch, in the order of its cells.
#[derive(Clone, Debug)]
pub struct FieldNames {
    pub(crate) shape: Arc<Shape>,
    /// The first record that has each of them. `None` if the names were known without the records: they were given, or are
    /// those of an input.
    pub(crate) first: Option<Vec<FirstRecord>>,
    /// Where the records come from, if the names are those of an input.
    pub(crate) input: Option<Arc<str>>,
    /// How many records there are.
    pub(crate) records: usize,
    /// Whether a record is a blank line. It needs quotes if the header has one column, and null for the others otherwise.
    pub(crate) has_blank: bool,
}

/// The first record of a batch that has a field.
#[derive(Clone, Debug)]
pub(crate) struct FirstRecord {
    /// Its position in the batch.
    pub(crate) position: usize,
    /// Where it was read.
    pub(crate) place: Place,
}

impl FieldNames {
    /// Names that were known without the records.
    pub(crate) fn known(shape: &Arc<Shape>, records: usize) -> Self {
        Self { shape: Arc::clone(shape), first: None, input: None, records, has_blank: false }
    }

    /// The names that one of the first `records` records has.
    pub(crate) fn within(&self, records: usize) -> impl Iterator<Item = &str> {
        let first = self.first.as_deref();
        let is_within =
            move |at: usize| first.is_none_or(|first| first.get(at).is_some_and(|at| at.position < records));
        self.shape.names().enumerate().filter(move |&(at, _)| is_within(at)).map(|(_, name)| name)
    }

    /// The names that the header does not have, and those that only the header has.
    pub(crate) fn differences(&self, header: &Shape) -> (Vec<String>, Vec<String>) {
        let only_in = |one: &Shape, other: &Shape| {
            one.names().filter(|name| other.position(name).is_none()).map(str::to_owned).collect()
        };
        (only_in(&self.shape, header), only_in(header, &self.shape))
    }

    /// The first name that is not in the header, and the record that has it.
    pub(crate) fn new_to(&self, header: &Shape) -> Option<(&str, Place)> {
        let (at, name) = self.shape.names().enumerate().find(|(_, name)| header.position(name).is_none())?;
        let first = self.first.as_ref().and_then(|first| first.get(at));
        Some((name, first.map(|first| first.place.clone()).unwrap_or_default()))
    }
}
