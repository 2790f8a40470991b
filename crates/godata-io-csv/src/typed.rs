//! Deserializing structs from the cells of a split block.

use std::fmt;
use std::str::FromStr;

use godata_etl::{RecordRef, Records, Shape, Stop, ValueRef, Work};
use serde::de::value::BorrowedBytesDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};

/// How many records are decoded between two checks for cancellation.
const RECORDS_PER_CHECK: usize = 256;

/// The structs of a batch whose cells are all text, by name or by position, by the rules of the `csv` crate. Anything
/// unusual is left to the reader of that crate, which knows what it is or what is wrong.
pub(crate) fn structs<T: DeserializeOwned>(
    records: &Records,
    is_named: bool,
    work: &Work,
) -> Result<Result<Vec<T>, Unusual>, Stop> {
    let shape = records.shape();
    let mut ignored = vec![false; shape.len()];
    let mut batch = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        if index.is_multiple_of(RECORDS_PER_CHECK) {
            work.check()?;
        }
        let mut cells = CellDeserializer::of(record, is_named.then_some(&**shape), &mut ignored);
        match T::deserialize(&mut cells) {
            Ok(value) => batch.push(value),
            Err(unusual) => return Ok(Err(unusual)),
        }
    }
    Ok(Ok(batch))
}

/// Deserializes a value from the cells of a record.
struct CellDeserializer<'r, 'de> {
    record: RecordRef<'de>,
    /// The position of the next cell.
    position: usize,
    /// The names of the cells if they are read by name, and the position of the next name.
    names: Option<&'de Shape>,
    next_name: usize,
    /// The columns for which the struct has no field. That is the same for all records, so later records skip them.
    ignored: &'r mut [bool],
}

/// What is left to the reader of the `csv` crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusual {
    /// A rare type, which the next records have too.
    Type,
    /// A record that does not fit, or has a cell that only that reader accepts.
    Record,
}

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "not a usual type",
            Self::Record => "not a usual record",
        })
    }
}

impl std::error::Error for Unusual {}

impl serde::de::Error for Unusual {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Record
    }
}

impl<'r, 'de> CellDeserializer<'r, 'de> {
    fn of(record: RecordRef<'de>, names: Option<&'de Shape>, ignored: &'r mut [bool]) -> Self {
        Self { record, position: 0, names, next_name: 0, ignored }
    }

    /// The next cell, if there is one.
    #[inline]
    fn peek(&self) -> Option<&'de str> {
        self.record.text_at(self.position)
    }

    #[inline]
    fn take(&mut self) -> Result<&'de str, Unusual> {
        let cell = self.peek().ok_or(Unusual::Record)?;
        self.position += 1;
        Ok(cell)
    }

    fn parse<T: FromStr>(&mut self) -> Result<T, Unusual> {
        self.take()?.parse().map_err(|_| Unusual::Record)
    }
}

macro_rules! parse {
    ($($method:ident $visit:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
            visitor.$visit(self.parse()?)
        })+
    };
}

impl<'de> Deserializer<'de> for &mut CellDeserializer<'_, 'de> {
    type Error = Unusual;

    parse! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
        deserialize_f32 visit_f32
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        let text = self.take()?;
        // Finite decimals, and all others.
        match ValueRef::Text(text).as_f64() {
            Some(float) => visitor.visit_f64(float),
            None => visitor.visit_f64(text.parse().map_err(|_| Unusual::Record)?),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_borrowed_str(self.take()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_str(self.take()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.peek() {
            None => visitor.visit_none(),
            Some("") => {
                self.position += 1;
                visitor.visit_none()
            }
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        visitor.visit_seq(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if self.names.is_some() { visitor.visit_map(self) } else { visitor.visit_seq(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        visitor.visit_enum(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if let (true, Some(ignored)) =
            (self.position + 1 == self.next_name, self.ignored.get_mut(self.position))
        {
            *ignored = true;
        }
        self.take()?;
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unusual> {
        Err(Unusual::Type)
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf unit unit_struct identifier }
}

impl<'de> SeqAccess<'de> for &mut CellDeserializer<'_, 'de> {
    type Error = Unusual;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unusual> {
        if self.peek().is_some() { seed.deserialize(&mut **self).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for &mut CellDeserializer<'_, 'de> {
    type Error = Unusual;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unusual> {
        while self.position == self.next_name && self.ignored.get(self.position) == Some(&true) {
            self.take()?;
            self.next_name += 1;
        }
        let name = self.names.and_then(|names| names.name(self.next_name));
        let Some(name) = name else { return Ok(None) };
        self.next_name += 1;
        seed.deserialize(BorrowedBytesDeserializer::new(name.as_bytes())).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unusual> {
        seed.deserialize(&mut **self)
    }
}

impl<'de> EnumAccess<'de> for &mut CellDeserializer<'_, 'de> {
    type Error = Unusual;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Unusual> {
        let name = self.take()?;
        seed.deserialize(name.into_deserializer()).map(|variant| (variant, self))
    }
}

impl<'de> VariantAccess<'de> for &mut CellDeserializer<'_, 'de> {
    type Error = Unusual;

    fn unit_variant(self) -> Result<(), Unusual> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Unusual> {
        Err(Unusual::Type)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Unusual> {
        Err(Unusual::Type)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Unusual> {
        Err(Unusual::Type)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::sync::Arc;

    use godata_etl::RecordsBuilder;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Order<T> {
        #[serde(rename = "a")]
        _a: T,
    }

    #[derive(Debug, Deserialize)]
    struct Flattened {
        #[serde(flatten)]
        _order: Order<u32>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        A(#[expect(dead_code, reason = "only decoded")] u32),
    }

    #[track_caller]
    fn check<T: DeserializeOwned + Debug>(cell: &str, unusual: Unusual) {
        let shape = Arc::new(Shape::new(["a"]).unwrap());
        let mut records = RecordsBuilder::new(Arc::clone(&shape));
        records.begin_row();
        records.push_text(cell);
        records.end_row().unwrap();
        let records = records.finish();
        let mut ignored = [false];
        let mut cells = CellDeserializer::of(records.row(0).unwrap(), Some(&shape), &mut ignored);
        assert_eq!(T::deserialize(&mut cells).unwrap_err(), unusual);
    }

    #[test]
    fn an_unusual_cell_is_told_from_an_unusual_type() {
        check::<Order<u32>>("0x1F", Unusual::Record);
        check::<Order<Option<u8>>>("256", Unusual::Record);
        check::<Order<bool>>("", Unusual::Record);
        check::<Order<i128>>("1", Unusual::Type);
        check::<Order<Option<char>>>("a", Unusual::Type);
        check::<Order<Untagged>>("1", Unusual::Type);
        check::<Flattened>("1", Unusual::Type);
    }
}
