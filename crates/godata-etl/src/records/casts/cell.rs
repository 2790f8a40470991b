//! Casts of the cells of a batch.

use super::super::cell::{Cell, Kind};
use super::super::field_error::FieldError;
use super::super::number::{Number, Repr};
use super::super::storage::Storage;
use super::super::value::Value;
use super::Cast;

impl Storage {
    /// Casts a cell in place. The cast must not have a mistake.
    pub(in super::super) fn cast(
        &mut self,
        column: usize,
        row: usize,
        field: &str,
        cast: &Cast,
    ) -> Result<(), FieldError> {
        if let Some(to) = cast.as_type() {
            return self.cast_type(column, row, field, to);
        }
        let value = self.value(column, row).ok_or_else(|| FieldError::missing(field))?;
        let value = cast.apply(value).map_err(|error| FieldError::cast(field, error))?;
        let cell = self.short_cell(value);
        self.put(column, row, cell);
        Ok(())
    }

    /// The cell of a value. Its digits become a part of the text, which takes less memory than a value.
    fn short_cell(&mut self, value: Value) -> Cell {
        match value {
            Value::Decimal(decimal) => self.text_cell(0, &decimal.to_string(), Kind::Decimal),
            Value::Date(date) => self.text_cell(0, &date.to_string(), Kind::Date),
            Value::Number(Number(Repr::FloatDigits(float, digits))) => {
                let digits = self.text_cell(0, &digits, Kind::Text);
                self.float_cell(digits, float)
            }
            value => self.value_cell(value),
        }
    }
}
