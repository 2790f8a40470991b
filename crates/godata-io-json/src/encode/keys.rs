//! The names of a batch, encoded once for all its rows.

use std::ops::Range;

use godata_etl::{Shape, WrittenText};

/// The names of a batch with the punctuation around them: `","name":"`.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    shape: &'a Shape,
    /// All keys, one after the other. Spaces at the end allow the last ones to be copied in the same wide steps.
    text: String,
    keys: Vec<Range<usize>>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(shape: &'a Shape) -> Self {
        let mut text = String::new();
        let key = |name: &str| {
            let begin = text.len();
            text.push_str("\",");
            text.push_str(&serde_json::to_string(name).expect("every text can be written as JSON"));
            text.push_str(":\"");
            begin..text.len()
        };
        let keys = shape.names().map(key).collect();
        text.push_str(&" ".repeat(32));
        Self { shape, text, keys }
    }

    /// The text between the value before a column and the column's own value. If one of these is a string, its quote is
    /// included.
    #[inline]
    pub(super) fn get(&self, column: usize, after_string: bool, before_string: bool) -> WrittenText<'_> {
        let Some(key) = self.keys.get(column) else { return "".into() };
        let begin = key.start + usize::from(!after_string);
        let end = key.end - usize::from(!before_string);
        WrittenText::part(&self.text, begin, end - begin)
    }

    /// The plain name, for error messages.
    pub(super) fn name(&self, column: usize) -> &str {
        self.shape.names().nth(column).unwrap_or_default()
    }
}
