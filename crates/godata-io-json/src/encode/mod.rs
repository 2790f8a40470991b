//! From a record to the text of one value.

mod cell;
mod finite;
mod keys;
mod row;
mod typed;
mod unwritable;

pub(crate) use self::{keys::Keys, row::write_row, typed::write_typed};

#[cfg(test)]
mod tests;
