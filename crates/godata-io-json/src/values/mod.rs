//! Values that follow one another, whether lines end between them or not.

mod decode;
mod scan;
mod structure;

pub(crate) use self::decode::{column_after, decode_values};
pub(crate) use self::scan::{Layout, skip_space, value_end};
