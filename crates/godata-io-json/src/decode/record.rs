//! Decodes objects into the cells of a batch. Texts and numbers stay in the block, and the cells refer to it.

use std::borrow::Cow;
use std::sync::Arc;

use godata_etl::{Records, RecordsBuilder, SourceFormat};
use memchr::memchr2;

use super::compact::compact;
use super::explain::explain_record;
use super::nested;
use super::parser::Parser;
use super::problem::{Problem, Refused};
use crate::options::Options;
use crate::{DuplicateKeys, JsonError};

/// Fills a batch of dynamic records.
#[derive(Debug)]
pub(crate) struct RecordDecoder {
    builder: RecordsBuilder,
    options: Options,
    /// Where the current record begins in the block.
    begin: usize,
}

impl RecordDecoder {
    /// A decoder for the records of a block of `len` bytes.
    pub(super) fn new(options: Options, len: usize, memory: Records) -> Self {
        Self { builder: RecordsBuilder::over(len, Arc::default(), memory), options, begin: 0 }
    }

    pub(super) fn push_row(&mut self, text: &str, begin: usize) -> Result<(), JsonError> {
        self.begin = begin;
        let mut json = Parser::new(text, self.options.max_depth());
        let decoded = self.row(&mut json).and_then(|()| json.end());
        decoded.map_err(|refused| explain_record(text, refused, self.options.max_depth()))?;
        self.builder.end_row().expect("every cell is pushed after a seek to its name");
        Ok(())
    }

    /// Fails with the block if it is not as long as announced, or too long.
    pub(super) fn into_records(self, block: String) -> Result<Records, String> {
        self.builder.finish_over(block)
    }

    /// Decodes an object into a row.
    fn row(&mut self, json: &mut Parser<'_>) -> Result<(), Refused> {
        self.builder.begin_row();
        let Some(b'{') = json.peek() else { return Err(Problem::NotAnObject.into()) };
        let start = json.at();
        let mut first = true;
        json.open()?;
        while json.next(b'}', first)? {
            first = false;
            let (name, column) = json.key()?;
            let is_new = !self.builder.seek(&name).has_field();
            let field = match self.options.duplicate_keys() {
                DuplicateKeys::Refuse if !is_new => Err(Problem::Duplicate { column }.into()),
                DuplicateKeys::First if !is_new => self.skip(json),
                _ => self.cell(json),
            };
            field.map_err(|refused| refused.in_field(&name))?;
        }
        if self.keeps_text() && memchr2(b'\n', b'\r', json.text_from(start).as_bytes()).is_none() {
            self.builder.set_source(SourceFormat::Json, self.begin + start, json.at() - start);
        }
        Ok(())
    }

    fn cell(&mut self, json: &mut Parser<'_>) -> Result<(), Refused> {
        let first = json.peek();
        let begin = json.at();
        match first {
            Some(b'"') => match json.string()? {
                Cow::Borrowed(text) => self.builder.push_text_part(self.begin + begin + 1, text.len()),
                Cow::Owned(text) => self.builder.push_text(&text),
            },
            Some(b'-' | b'0'..=b'9') => {
                let digits = json.number()?;
                self.builder.push_number_part(self.begin + begin, digits.len());
            }
            Some(b'[' | b'{') if self.keeps_text() => {
                let value = nested::value(json, self.options.duplicate_keys())?;
                let text = json.text_from(begin);
                match compact(text) {
                    Cow::Borrowed(_) => self.builder.push_json_part(self.begin + begin, text.len(), value),
                    Cow::Owned(text) => self.builder.push_json(&text, value),
                }
            }
            _ => self.builder.push_value(nested::value(json, self.options.duplicate_keys())?),
        }
        Ok(())
    }

    /// Whether the text can be written as it was read. It can't if it has keys that do not count.
    fn keeps_text(&self) -> bool {
        self.options.duplicate_keys() == DuplicateKeys::Refuse
    }

    /// Skips a value that does not count.
    fn skip(&self, json: &mut Parser<'_>) -> Result<(), Refused> {
        match json.peek() {
            Some(b'-' | b'0'..=b'9') => json.number().map(|_| ()),
            _ => nested::value(json, self.options.duplicate_keys()).map(|_| ()),
        }
    }
}
