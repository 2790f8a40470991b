//! Dynamic records: rows whose names are known only when they are read.
//!
//! [`Record`] is one owned row of named [`Value`]s, for code that makes rows. [`Records`] is a batch of
//! rows that share one [`Shape`] (the names) and one text buffer. Steps see its rows as [`RecordRef`] and
//! [`RecordMut`]. All three have the same getters. A getter parses text on demand, so a column of a CSV file can be read
//! as a number without converting the whole file.
//!
//! A field of a row is in one of three distinct states: it is *absent* (the row has no such field), it is *null*, or it
//! has a value.
//!
//! Values that no step computes are written as they were read, also after a step that moves or copies them: a [`Number`]
//! keeps its digits, a [`Decimal`] its places, and a [`Timestamp`] its offset and the length of its fraction.

mod batch;
mod builder;
mod cast;
mod casts;
mod cell;
mod cell_ref;
mod cells;
mod clean;
mod codec;
mod convert;
mod date;
mod decimal;
mod decimal_sum;
mod decimal_text;
mod dense;
mod digits;
mod empties;
mod exponent;
mod field_error;
mod gather;
mod getters;
mod joined;
mod json_text;
mod lists;
mod macros;
mod names;
mod number;
mod number_ref;
mod record;
mod reshape;
mod row;
mod row_mut;
mod rows;
mod shape;
mod shape_error;
mod slices;
mod source_format;
mod sparse;
mod storage;
mod sum;
mod timestamp;
mod value;
mod value_codec;
mod value_from;
mod value_key;
mod value_ref;
mod written;

#[cfg(test)]
mod clean_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod value_key_tests;

pub use batch::Records;
pub use builder::RecordsBuilder;
pub use cast::Type;
pub use casts::{Cast, CastError};
pub use cell_ref::CellRef;
pub(crate) use codec::{RowCodec, key_value};
pub use convert::{ConvertError, to_record, to_value};
pub use decimal::Decimal;
pub use decimal_sum::{DecimalOverflow, DecimalSum};
pub use decimal_text::ParseDecimalError;
pub use field_error::FieldError;
pub(crate) use lists::Elements;
pub(crate) use names::Missed;
pub use number::Number;
pub use number_ref::NumberRef;
pub use record::Record;
pub use row::RecordRef;
pub use row_mut::RecordMut;
pub use rows::Rows;
pub use shape::Shape;
pub use shape_error::ShapeError;
pub use slices::SlicesBuilder;
pub use source_format::SourceFormat;
pub(crate) use sum::{Addend, Sum};
pub use timestamp::{ParseTimestampError, Timestamp};
pub use value::Value;
pub(crate) use value_key::{put_ordered, put_sorted, put_value};
pub use value_ref::ValueRef;
pub use written::{CellVisitor, WrittenText};
