//! A field, in the form in which writers of formats receive it.

use super::value_ref::ValueRef;

/// A field of a row in the form in which it is written. A field that no step changed has the bytes that were read.
///
/// ```
/// use godata_etl::{CellRef, Records, Type, record};
///
/// let mut batch: Records = [record! {"id" => "1", "amount" => "12.50"}].into_iter().collect();
/// batch.cast_row(0, "amount", Type::Float)?;
/// for row in &batch {
///     assert_eq!(row.cell_at(0), Some(CellRef::Text("1")));
///     assert_eq!(row.cell_at(1), Some(CellRef::Number("12.50")));
/// }
/// # Ok::<(), godata_etl::FieldError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum CellRef<'a> {
    /// Null.
    Null,
    /// Text, not quoted or escaped.
    Text(&'a str),
    /// The digits of a number by RFC 8259, section 6, to be written as they are.
    Number(&'a str),
    /// A list or a map as JSON (RFC 8259), as it was read.
    Json(&'a str),
    /// A value that is neither null, nor text, nor a number with digits.
    Value(ValueRef<'a>),
}

impl<'a> From<ValueRef<'a>> for CellRef<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Text(text) => Self::Text(text),
            ValueRef::Number(number) => number.digits().map_or(Self::Value(value), Self::Number),
            value => Self::Value(value),
        }
    }
}
