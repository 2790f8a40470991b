//! From a record to the text of one value.

mod cell;
mod finite;
mod indent;
mod keys;
mod row;
mod text;
mod typed;
mod unwritable;

pub(crate) use self::{indent::indent, keys::Keys, row::write_row, typed::write_typed};

#[cfg(test)]
mod tests;
