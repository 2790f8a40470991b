//! Dynamic records: objects decoded straight into the cells of a batch.

use godata_etl::{Records, RecordsBuilder};

use super::{
    explain::explain_record,
    names::Names,
    nested,
    parser::Parser,
    refused::{Problem, Refused},
};
use crate::{DuplicateKeys, JsonError, options::Options};

/// Fills a batch of dynamic records.
#[derive(Debug)]
pub(crate) struct RecordDecoder {
    builder: RecordsBuilder,
    names: Names,
    options: Options,
}

impl RecordDecoder {
    pub(super) fn new(options: Options) -> Self {
        Self { builder: RecordsBuilder::default(), names: Names::default(), options }
    }

    pub(super) fn push_row(&mut self, text: &str) -> Result<(), JsonError> {
        let mut json = Parser::new(text, self.options.max_depth());
        let decoded = self.row(&mut json).and_then(|()| json.end());
        decoded.map_err(|refused| explain_record(text, refused, self.options.max_depth()))?;
        self.builder.end_row().expect("every cell was pushed after its name was sought");
        Ok(())
    }

    pub(super) fn into_records(self) -> Records {
        self.builder.finish()
    }

    /// One object: a row.
    fn row(&mut self, json: &mut Parser<'_>) -> Result<(), Refused> {
        self.builder.begin_row();
        self.names.begin_row();
        let Some(b'{') = json.peek() else { return Err(Problem::NotAnObject.into()) };
        let mut first = true;
        json.open()?;
        while json.next(b'}', first)? {
            first = false;
            let (name, column) = json.key()?;
            let is_new = self.names.insert(&name);
            let field = match self.options.duplicate_keys() {
                DuplicateKeys::Refuse if !is_new => Err(Problem::Duplicate { column }.into()),
                DuplicateKeys::First if !is_new => self.pass_over(json),
                _ => self.cell(&name, json),
            };
            field.map_err(|refused| refused.in_field(&name))?;
        }
        Ok(())
    }

    fn cell(&mut self, name: &str, json: &mut Parser<'_>) -> Result<(), Refused> {
        let builder = self.builder.seek(name);
        match json.peek() {
            Some(b'"') => builder.push_text(&json.string()?),
            Some(b'-' | b'0'..=b'9') => builder.push_number(json.number()?),
            _ => builder.push_value(nested::value(json, self.options.duplicate_keys())?),
        }
        Ok(())
    }

    /// A value that does not count.
    fn pass_over(&self, json: &mut Parser<'_>) -> Result<(), Refused> {
        match json.peek() {
            Some(b'-' | b'0'..=b'9') => json.number().map(|_| ()),
            _ => nested::value(json, self.options.duplicate_keys()).map(|_| ()),
        }
    }
}
