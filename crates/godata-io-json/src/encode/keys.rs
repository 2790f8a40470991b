//! The names of a batch, as they are written.

use godata_etl::Shape;

use super::unwritable::{Unwritable, write_json};

/// The names of a batch with all that stands around them, made once for its rows: `,"name":`.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    shape: &'a Shape,
    text: Vec<u8>,
    /// Where each name ends in the text.
    ends: Vec<usize>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(shape: &'a Shape) -> Self {
        let mut keys = Self { shape, text: Vec::new(), ends: Vec::new() };
        for name in shape.names() {
            keys.push(name).expect("text can be written to memory");
        }
        keys
    }

    /// The names in the order of the shape, each with a comma before it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }

    /// The name itself, for a message.
    pub(super) fn name(&self, column: usize) -> &str {
        self.shape.names().nth(column).unwrap_or_default()
    }

    fn push(&mut self, name: &str) -> Result<(), Unwritable> {
        self.text.push(b',');
        write_json(&mut self.text, name)?;
        self.text.push(b':');
        self.ends.push(self.text.len());
        Ok(())
    }
}
