//! The names of a batch, as they are written.

use godata_etl::Shape;

use super::unwritable::write_json;

/// The names of a batch with all that stands around them, made once for its rows: `,"name":`.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    shape: &'a Shape,
    keys: Vec<Vec<u8>>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(shape: &'a Shape) -> Self {
        let key = |name: &str| {
            let mut key = vec![b','];
            write_json(&mut key, name).expect("text can be written to memory");
            key.push(b':');
            key
        };
        Self { shape, keys: shape.names().map(key).collect() }
    }

    /// The names in the order of the shape, each with a comma before it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().map(Vec::as_slice)
    }

    /// The name itself, for a message.
    pub(super) fn name(&self, column: usize) -> &str {
        self.shape.names().nth(column).unwrap_or_default()
    }
}
