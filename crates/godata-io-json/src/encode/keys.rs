//! The names of a batch, as they are written.

use std::ops::Range;

use godata_etl::Shape;

use super::unwritable::{Unwritable, write_json};

/// The names of a batch with all that stands around them, made once for its rows: `,"name":`.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    shape: &'a Shape,
    text: Vec<u8>,
    /// Where each name is in the text.
    places: Vec<Range<usize>>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(shape: &'a Shape) -> Self {
        let mut keys = Self { shape, text: Vec::new(), places: Vec::new() };
        for name in shape.names() {
            keys.push(name).expect("text can be written to memory");
        }
        keys
    }

    /// The names in the order of the shape, each with a comma before it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| &self.text[place.clone()])
    }

    /// The name itself, for a message.
    pub(super) fn name(&self, column: usize) -> &str {
        self.shape.names().nth(column).unwrap_or_default()
    }

    fn push(&mut self, name: &str) -> Result<(), Unwritable> {
        let start = self.text.len();
        self.text.push(b',');
        write_json(&mut self.text, name)?;
        self.text.push(b':');
        self.places.push(start..self.text.len());
        Ok(())
    }
}
