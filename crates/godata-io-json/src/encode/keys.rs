//! The names of a batch, as they are written.

use godata_etl::Shape;

use super::unwritable::write_json;

/// The names of a batch with all that stands around them, made once for its rows: `","name":"`.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    shape: &'a Shape,
    keys: Vec<Vec<u8>>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(shape: &'a Shape) -> Self {
        let key = |name: &str| {
            let mut key = b"\",".to_vec();
            write_json(&mut key, name).expect("text can be written to memory");
            key.extend_from_slice(b":\"");
            key
        };
        Self { shape, keys: shape.names().map(key).collect() }
    }

    /// The name of a column, from the end of the value before it to the begin of its own; each may be a string, whose
    /// quote is part of it then.
    #[inline]
    pub(super) fn get(&self, column: usize, after_string: bool, before_string: bool) -> &[u8] {
        let key = self.keys.get(column).map_or(&[][..], Vec::as_slice);
        let key = if after_string { key } else { key.get(1..).unwrap_or_default() };
        if before_string { key } else { key.split_last().map_or(&[], |(_, key)| key) }
    }

    /// The name itself, for a message.
    pub(super) fn name(&self, column: usize) -> &str {
        self.shape.names().nth(column).unwrap_or_default()
    }
}
