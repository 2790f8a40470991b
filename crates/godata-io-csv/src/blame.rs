//! Finding the cell that a type refuses, for errors of the `csv` crate that have no column.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The position of the cell at which a `T` can't be deserialized from a record; `None` if all cells can.
///
/// It is deserialized in place of the `T` that failed, from the same record.
pub(crate) struct Blame<T> {
    pub(crate) position: Option<usize>,
    _type: std::marker::PhantomData<T>,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Blame<T> {
    fn deserialize<D: Deserializer<'de>>(inner: D) -> Result<Self, D::Error> {
        let cells = CellCounter::default();
        // The error is known already. Only the position matters here.
        let _known: Result<T, D::Error> = T::deserialize(Counted { inner, cells: &cells });
        Ok(Self { position: cells.at.get(), _type: std::marker::PhantomData })
    }
}

/// Counts the cells that were requested, and knows which one is being read.
#[derive(Default)]
struct CellCounter {
    count: Cell<usize>,
    at: Cell<Option<usize>>,
}

impl CellCounter {
    fn read<T, E>(&self, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.at.set(Some(self.count.get()));
        self.count.set(self.count.get() + 1);
        let value = read()?;
        self.at.set(None);
        Ok(value)
    }
}

/// Wraps a part of serde's machinery to count cells.
struct Counted<'a, X> {
    inner: X,
    cells: &'a CellCounter,
}

/// Methods that read one cell.
macro_rules! cells {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.cells.read(|| self.inner.$method(visitor))
        })+
    };
}

/// Methods that read no cell themselves, but let their visitor read cells.
macro_rules! groups {
    ($($method:ident($($argument:ident: $type:ty),*))+) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* Counted { inner: visitor, cells: self.cells })
        })+
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Counted<'_, D> {
    type Error = D::Error;

    cells! {
        deserialize_any deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_identifier deserialize_ignored_any
    }

    groups! {
        deserialize_option()
        deserialize_unit()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_seq()
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.cells.read(|| self.inner.deserialize_enum(name, variants, visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Counted<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    /// An empty cell.
    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.cells.read(|| self.inner.visit_none())
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Counted { inner, cells: self.cells })
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Counted { inner, cells: self.cells })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Counted { inner, cells: self.cells })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Counted { inner, cells: self.cells })
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Counted<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, inner: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_element_seed(Counted { inner, cells: self.cells })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Counted<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, inner: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Counted { inner, cells: self.cells })
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Counted<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Counted { inner, cells: self.cells })
    }
}

#[cfg(test)]
mod tests {
    use csv::StringRecord;
    use serde::de::IgnoredAny;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Status {
        Paid,
    }

    #[derive(Deserialize)]
    struct Wrapped(Status);

    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "c")]
        _status: Option<Wrapped>,
    }

    fn blamed<T: DeserializeOwned>(cells: &[&str], names: Option<&[&str]>) -> Option<usize> {
        let names: Option<StringRecord> = names.map(|names| names.iter().collect());
        let record: StringRecord = cells.iter().collect();
        record.deserialize::<Blame<T>>(names.as_ref()).unwrap().position
    }

    #[test]
    fn the_refused_cell_is_found() {
        let names = Some(["a", "b", "c", "d"].as_slice());
        assert_eq!(blamed::<Row>(&["", "1", "open", "2"], names), Some(2));
        assert_eq!(blamed::<Row>(&["", "1", "", "2"], names), None);
        assert_eq!(blamed::<Row>(&["", "1", "paid", "2"], names), None);
        type Nested = (IgnoredAny, (Option<u8>, Status), Status);
        assert_eq!(blamed::<Nested>(&["x", "", "paid", "open"], None), Some(3));
        assert_eq!(blamed::<Nested>(&["x", "1", "open", "paid"], None), Some(2));
    }

    #[test]
    fn a_missing_cell_has_no_position() {
        assert_eq!(blamed::<Row>(&["1"], Some(&["a"])), None);
        assert_eq!(blamed::<(Status, Status)>(&["paid"], None), None);
    }
}
