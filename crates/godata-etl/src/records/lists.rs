//! Texts to lists and back.

use super::batch::Records;
use super::field_error::FieldError;
use super::value::Value;
use super::value_ref::ValueRef;

/// What [`Records::take_list`] finds in a field.
pub(crate) enum Elements {
    /// The elements, which are no longer in the field.
    Taken(Vec<Value>),
    /// The row has no such field, or it is null.
    None,
}

impl Records {
    /// Splits the text of a field of the row at a position into a list.
    pub(crate) fn split_cell(
        &mut self,
        position: usize,
        column: usize,
        field: &str,
        separator: &str,
    ) -> Result<(), FieldError> {
        let list: Vec<Value> = match self.value_at(position, column) {
            None | Some(ValueRef::Null) => return Ok(()),
            Some(ValueRef::Text(text)) => text.split(separator).map(Value::from).collect(),
            Some(other) => return Err(FieldError::mismatch(field, "text", other)),
        };
        self.set_cell(position, column, Value::List(list));
        Ok(())
    }

    /// Joins the list in a field of the row at a position into a text.
    pub(crate) fn join_cell(
        &mut self,
        position: usize,
        column: usize,
        field: &str,
        separator: &str,
    ) -> Result<(), FieldError> {
        let text = match self.value_at(position, column) {
            None | Some(ValueRef::Null) => return Ok(()),
            Some(ValueRef::List(list)) => joined(list, separator).map_err(|other| {
                FieldError::mismatch(field, "a list of texts and numbers", other.as_ref())
            })?,
            Some(other) => return Err(FieldError::mismatch(field, "a list", other)),
        };
        self.set_cell(position, column, Value::Text(text));
        Ok(())
    }

    /// Takes the list out of a field of the row at a position.
    pub(crate) fn take_list(
        &mut self,
        position: usize,
        column: usize,
        field: &str,
    ) -> Result<Elements, FieldError> {
        match self.value_at(position, column) {
            None | Some(ValueRef::Null) => return Ok(Elements::None),
            Some(ValueRef::List(_)) => {}
            Some(other) => return Err(FieldError::mismatch(field, "a list", other)),
        }
        let row = self.rows.get(position).map_or(0, |&row| row as usize);
        Ok(match self.storage.take(column, row) {
            Some(Value::List(values)) => Elements::Taken(values),
            _ => Elements::None,
        })
    }
}

/// The elements that are not null, as text. Or the first that has none.
fn joined<'a>(list: &'a [Value], separator: &str) -> Result<String, &'a Value> {
    let mut text = String::new();
    let mut is_first = true;
    for value in list {
        match value {
            Value::Null => continue,
            Value::Bytes(_) | Value::List(_) | Value::Map(_) => return Err(value),
            _ => {}
        }
        if !std::mem::take(&mut is_first) {
            text.push_str(separator);
        }
        text.push_str(&value.to_string());
    }
    Ok(text)
}
