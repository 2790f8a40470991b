//! Encodes a record as the text of one value.

mod cell;
mod finite;
mod indent;
mod keys;
mod problem;
mod row;
mod text;
mod typed;

pub(crate) use self::indent::indent;
pub(crate) use self::keys::Keys;
pub(crate) use self::row::write_row;
pub(crate) use self::typed::write_typed;

#[cfg(test)]
mod tests;
