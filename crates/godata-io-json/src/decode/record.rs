//! Dynamic records: objects decoded straight into the cells of a batch, which stay parts of the block.

use std::{borrow::Cow, sync::Arc};

use godata_etl::{Records, RecordsBuilder, SourceFormat};
use memchr::memchr2;

use super::{
    compact::compact,
    explain::explain_record,
    nested,
    parser::Parser,
    refused::{Problem, Refused},
};
use crate::{DuplicateKeys, JsonError, options::Options};

/// Fills a batch of dynamic records.
#[derive(Debug)]
pub(crate) struct RecordDecoder {
    builder: RecordsBuilder,
    options: Options,
    /// Where the record at work begins in the block.
    begin: usize,
}

impl RecordDecoder {
    /// For the records of a block of `len` bytes.
    pub(super) fn new(options: Options, len: usize, memory: Records) -> Self {
        Self { builder: RecordsBuilder::over(len, Arc::default(), memory), options, begin: 0 }
    }

    pub(super) fn push_row(&mut self, text: &str, begin: usize) -> Result<(), JsonError> {
        self.begin = begin;
        let mut json = Parser::new(text, self.options.max_depth());
        let decoded = self.row(&mut json).and_then(|()| json.end());
        decoded.map_err(|refused| explain_record(text, refused, self.options.max_depth()))?;
        self.builder.end_row().expect("every cell was pushed after its name was sought");
        Ok(())
    }

    /// Gives the block back if it is not as long as it was to be, or too long.
    pub(super) fn into_records(self, block: String) -> Result<Records, String> {
        self.builder.finish_over(block)
    }

    /// One object: a row.
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
                DuplicateKeys::First if !is_new => self.pass_over(json),
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

    /// Whether what was read can be written as it is: no key is there that does not count.
    fn keeps_text(&self) -> bool {
        self.options.duplicate_keys() == DuplicateKeys::Refuse
    }

    /// A value that does not count.
    fn pass_over(&self, json: &mut Parser<'_>) -> Result<(), Refused> {
        match json.peek() {
            Some(b'-' | b'0'..=b'9') => json.number().map(|_| ()),
            _ => nested::value(json, self.options.duplicate_keys()).map(|_| ()),
        }
    }
}
