//! Whether a type reads the cells of a record by position.

use std::fmt;

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// Whether a type is a tuple or a list, which reads the cells of a record by position even if they have names.
pub(crate) fn is_positional<T: DeserializeOwned>() -> bool {
    matches!(T::deserialize(Probe), Err(Asked { for_sequence: true }))
}

/// Notes what a type asks for first.
struct Probe;

/// What was asked for.
#[derive(Debug)]
struct Asked {
    for_sequence: bool,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only asked")
    }
}

impl std::error::Error for Asked {}

impl serde::de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self { for_sequence: false }
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked { for_sequence: false })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked { for_sequence: true })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Asked> {
        Err(Asked { for_sequence: true })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked { for_sequence: true })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct map struct
        enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Named {
        _a: (u8, u8),
    }

    #[derive(Deserialize)]
    struct Wrapped(#[expect(dead_code, reason = "only its type matters")] (u8, u8));

    #[derive(Deserialize)]
    struct Pair(
        #[expect(dead_code, reason = "only its type matters")] u8,
        #[expect(dead_code, reason = "only its type matters")] u8,
    );

    #[test]
    fn tuples_and_lists_are_positional() {
        assert!(
            is_positional::<(u8, String)>() && is_positional::<Vec<String>>() && is_positional::<[u8; 2]>()
        );
        assert!(is_positional::<Pair>() && is_positional::<Wrapped>() && is_positional::<Option<Pair>>());
        assert!(
            !is_positional::<Named>() && !is_positional::<BTreeMap<String, u8>>() && !is_positional::<u8>()
        );
    }
}
