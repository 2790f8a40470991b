//! The names of a batch, as they are written.

use std::ops::Range;

use godata_etl::{Shape, WrittenText};

/// The names of a batch with all that stands around them, made once for its rows: `","name":"`.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    shape: &'a Shape,
    /// One after the other, and some spaces so that the last ones are copied as fast as the first.
    text: String,
    keys: Vec<Range<usize>>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(shape: &'a Shape) -> Self {
        let mut text = String::new();
        let key = |name: &str| {
            let begin = text.len();
            text.push_str("\",");
            text.push_str(&serde_json::to_string(name).expect("a text can be written"));
            text.push_str(":\"");
            begin..text.len()
        };
        let keys = shape.names().map(key).collect();
        text.push_str(&" ".repeat(32));
        Self { shape, text, keys }
    }

    /// The name of a column, from the end of the value before it to the begin of its own; each may be a string, whose
    /// quote is part of it then.
    #[inline]
    pub(super) fn get(&self, column: usize, after_string: bool, before_string: bool) -> WrittenText<'_> {
        let Some(key) = self.keys.get(column) else { return "".into() };
        let begin = key.start + usize::from(!after_string);
        let end = key.end - usize::from(!before_string);
        WrittenText::part(&self.text, begin, end - begin)
    }

    /// The name itself, for a message.
    pub(super) fn name(&self, column: usize) -> &str {
        self.shape.names().nth(column).unwrap_or_default()
    }
}
