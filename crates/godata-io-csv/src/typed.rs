//! Deserializing values from the cells of records.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use csv::StringRecord;
use godata_etl::{RecordRef, Records, Shape, Stop, ValueRef, Work};
use serde::de::value::BorrowedBytesDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};

/// The structs of a batch whose cells are all text, by name or by position. `unusual` is called with each record that does
/// not fit, and its index, to find out why; it is left out if there is no value for it.
pub(crate) fn structs<T: DeserializeOwned>(
    records: &Records,
    is_named: bool,
    work: &Work,
    mut unusual: impl FnMut(u32, RecordRef<'_>) -> Option<T>,
) -> Result<Vec<T>, Stop> {
    let shape = records.shape();
    let mut ignored = vec![false; shape.len()];
    let mut batch = Vec::with_capacity(records.len());
    for (index, record) in (0_u32..).zip(records.iter()) {
        if index.is_multiple_of(Work::RECORDS_PER_CHECK) {
            work.check()?;
        }
        match deserialize(record, is_named.then_some(&**shape), shape.len(), &mut ignored) {
            Ok(value) => batch.push(value),
            Err(Unusual) => batch.extend(unusual(index, record)),
        }
    }
    Ok(batch)
}

/// The value of one record, by name or by position, or the reason why it does not fit.
pub(crate) fn value<T: DeserializeOwned>(
    record: &StringRecord,
    names: Option<&StringRecord>,
) -> Result<T, Refusal> {
    deserialize(record, names, record.len(), &mut vec![false; record.len()])
}

fn deserialize<'de, T: DeserializeOwned, C: Cells<'de>, N: Cells<'de>, E: CellError>(
    cells: C,
    names: Option<N>,
    len: usize,
    ignored: &mut [bool],
) -> Result<T, E> {
    let mut cells =
        CellDeserializer { cells, len, position: 0, names, next_name: 0, ignored, error: PhantomData };
    T::deserialize(RecordDeserializer(&mut cells))
}

/// The texts of a record or of a header.
trait Cells<'de>: Copy {
    fn text(self, position: usize) -> Option<&'de str>;
}

impl<'de> Cells<'de> for RecordRef<'de> {
    #[inline]
    fn text(self, position: usize) -> Option<&'de str> {
        self.text_at(position)
    }
}

impl<'de> Cells<'de> for &'de Shape {
    #[inline]
    fn text(self, position: usize) -> Option<&'de str> {
        self.name(position)
    }
}

impl<'de> Cells<'de> for &'de StringRecord {
    fn text(self, position: usize) -> Option<&'de str> {
        self.get(position)
    }
}

/// An error that may know its cell.
trait CellError: Error {
    /// Sets the position of the cell, unless it is known.
    fn at(self, position: usize) -> Self;
}

/// A record does not fit. [`value`] finds out why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unusual;

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a usual record")
    }
}

impl std::error::Error for Unusual {}

impl Error for Unusual {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl CellError for Unusual {
    fn at(self, _: usize) -> Self {
        self
    }
}

/// Why a record does not fit its type, in the words of serde and the standard library.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The position of the cell that is refused, or that is missing.
    pub(crate) position: Option<usize>,
    reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}

impl Error for Refusal {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self { position: None, reason: reason.to_string() }
    }
}

impl CellError for Refusal {
    fn at(mut self, position: usize) -> Self {
        self.position.get_or_insert(position);
        self
    }
}

/// Deserializes a record as a whole. A type that holds one value is read from the only cell of a record, and refuses a
/// record of several cells.
struct RecordDeserializer<'a, D>(&'a mut D);

macro_rules! only_cell {
    ($($method:ident($($argument:ident: $type:ty),*))+) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, X> {
            if self.0.len == 1 {
                self.0.$method($($argument,)* visitor).map_err(|error| error.at(0))
            } else {
                self.0.deserialize_map(visitor)
            }
        })+
    };
}

impl<'de, C: Cells<'de>, N: Cells<'de>, X: CellError> Deserializer<'de>
    for RecordDeserializer<'_, CellDeserializer<'_, C, N, X>>
{
    type Error = X;

    only_cell! {
        deserialize_bool()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf()
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        self.0.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        if self.0.len == 1 && self.0.peek() == Some("") {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, X> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        self.0.deserialize_seq(visitor)
    }

    /// A tuple holds all cells.
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, X> {
        let cells = self.0;
        let value = cells.deserialize_seq(visitor)?;
        if cells.position == cells.len {
            Ok(value)
        } else {
            let (len, read) = (cells.len, cells.position);
            Err(X::custom(format_args!("the record has {len} cells, and the type holds {read}")))
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, X> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, X> {
        self.0.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { unit unit_struct map identifier }
}

/// Deserializes a value from the cells of a record.
struct CellDeserializer<'r, C, N, X> {
    cells: C,
    /// The number of cells.
    len: usize,
    /// The position of the next cell.
    position: usize,
    /// The names of the cells if they are read by name, and the position of the next name.
    names: Option<N>,
    next_name: usize,
    /// The columns for which the struct has no field. That is the same for all records, so later records skip them.
    ignored: &'r mut [bool],
    error: PhantomData<X>,
}

impl<'de, C: Cells<'de>, N: Cells<'de>, X: CellError> CellDeserializer<'_, C, N, X> {
    /// The next cell, if there is one.
    #[inline]
    fn peek(&self) -> Option<&'de str> {
        self.cells.text(self.position)
    }

    #[inline]
    fn take(&mut self) -> Result<&'de str, X> {
        let cell = self.peek().ok_or_else(|| X::custom("a cell is missing"))?;
        self.position += 1;
        Ok(cell)
    }

    fn parse<T: FromStr<Err: fmt::Display>>(&mut self) -> Result<T, X> {
        self.take()?.parse().map_err(X::custom)
    }

    /// A number that is not infinite, unless it is written as `inf`.
    fn parse_float<T: FromStr<Err: fmt::Display> + Into<f64> + Copy>(&mut self, name: &str) -> Result<T, X> {
        let text = self.take()?;
        let float: T = text.parse().map_err(X::custom)?;
        if float.into().is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(X::custom(format_args!("beyond the range of {name}")));
        }
        Ok(float)
    }
}

macro_rules! parse_int {
    ($($method:ident $visit:ident $type:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
            let text = self.take()?;
            let int = match text.strip_prefix("0x") {
                None => text.parse(),
                Some(digits) => $type::from_str_radix(digits, 16),
            };
            visitor.$visit(int.map_err(X::custom)?)
        })+
    };
}

impl<'de, C: Cells<'de>, N: Cells<'de>, X: CellError> Deserializer<'de>
    for &mut CellDeserializer<'_, C, N, X>
{
    type Error = X;

    parse_int! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_i128 visit_i128 i128
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
        deserialize_u128 visit_u128 u128
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        visitor.visit_bool(self.parse()?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        visitor.visit_f32(self.parse_float("f32")?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        // Finite decimals, and all others.
        match self.peek().and_then(|text| ValueRef::Text(text).as_f64()) {
            Some(float) => {
                self.position += 1;
                visitor.visit_f64(float)
            }
            None => visitor.visit_f64(self.parse_float("f64")?),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        visitor.visit_char(self.parse()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        visitor.visit_borrowed_bytes(self.take()?.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        visitor.visit_borrowed_str(self.take()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        visitor.visit_str(self.take()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        match self.peek() {
            None => visitor.visit_none(),
            Some("") => {
                self.position += 1;
                visitor.visit_none()
            }
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, X> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, X> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, X> {
        visitor.visit_seq(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        if self.names.is_some() { visitor.visit_map(self) } else { visitor.visit_seq(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, X> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, X> {
        visitor.visit_enum(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        if let (true, Some(ignored)) =
            (self.position + 1 == self.next_name, self.ignored.get_mut(self.position))
        {
            *ignored = true;
        }
        self.take()?;
        visitor.visit_unit()
    }

    /// A cell is text, whatever it looks like.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, X> {
        visitor.visit_borrowed_str(self.take()?)
    }

    forward_to_deserialize_any! { unit unit_struct identifier }
}

impl<'de, C: Cells<'de>, N: Cells<'de>, X: CellError> SeqAccess<'de> for &mut CellDeserializer<'_, C, N, X> {
    type Error = X;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, X> {
        let at = self.position;
        if self.peek().is_none() {
            return Ok(None);
        }
        seed.deserialize(&mut **self).map(Some).map_err(|error: X| error.at(at))
    }
}

impl<'de, C: Cells<'de>, N: Cells<'de>, X: CellError> MapAccess<'de> for &mut CellDeserializer<'_, C, N, X> {
    type Error = X;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, X> {
        while self.position == self.next_name && self.ignored.get(self.position) == Some(&true) {
            self.take()?;
            self.next_name += 1;
        }
        let names = self.names.filter(|_| self.next_name < self.len);
        let Some(name) = names.and_then(|names| names.text(self.next_name)) else { return Ok(None) };
        self.next_name += 1;
        seed.deserialize(BorrowedBytesDeserializer::new(name.as_bytes())).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, X> {
        let at = self.position;
        seed.deserialize(&mut **self).map_err(|error: X| error.at(at))
    }
}

impl<'de, C: Cells<'de>, N: Cells<'de>, X: CellError> EnumAccess<'de> for &mut CellDeserializer<'_, C, N, X> {
    type Error = X;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), X> {
        let name = self.take()?;
        seed.deserialize(name.into_deserializer()).map(|variant| (variant, self))
    }
}

impl<'de, C: Cells<'de>, N: Cells<'de>, X: CellError> VariantAccess<'de>
    for &mut CellDeserializer<'_, C, N, X>
{
    type Error = X;

    fn unit_variant(self) -> Result<(), X> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, X> {
        Err(X::invalid_type(Unexpected::UnitVariant, &"newtype variant"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, X> {
        Err(X::invalid_type(Unexpected::UnitVariant, &"tuple variant"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, X> {
        Err(X::invalid_type(Unexpected::UnitVariant, &"struct variant"))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Order<T> {
        #[serde(rename = "a")]
        _a: T,
    }

    #[track_caller]
    fn check<T: DeserializeOwned + Debug>(cells: &[&str], position: Option<usize>, message: &str) {
        let names = StringRecord::from(vec!["z", "a", "b"]);
        let refusal = value::<T>(&cells.iter().collect(), Some(&names)).unwrap_err();
        assert_eq!((refusal.position, &*refusal.to_string()), (position, message));
    }

    #[test]
    fn the_refused_cell_is_known() {
        let at_a = Some(1);
        check::<Order<u8>>(&["", "256", ""], at_a, "number too large to fit in target type");
        check::<Order<bool>>(&["", "", ""], at_a, "provided string was not `true` or `false`");
        check::<Order<Option<char>>>(&["", "ab", ""], at_a, "too many characters in string");
        check::<Order<()>>(&["", "x", ""], at_a, "invalid type: string \"x\", expected unit");
        check::<Order<Option<f32>>>(&["", "-1e39", ""], at_a, "beyond the range of f32");
        check::<Order<f64>>(&["", "1e400", ""], at_a, "beyond the range of f64");
        check::<(u8, (u8, u8))>(&["1", "2", "x"], Some(2), "invalid digit found in string");
        check::<Order<u8>>(&["1"], None, "missing field `a`");
    }

    #[test]
    fn an_infinite_float_is_written_as_one() {
        let names = StringRecord::from(vec!["a"]);
        for text in ["inf", "-Infinity", "NaN", "1e308", "1e-400"] {
            value::<Order<f64>>(&[text].iter().collect(), Some(&names)).unwrap();
        }
    }

    #[test]
    fn a_type_of_one_value_does_not_hold_several_cells() {
        check::<String>(&["1", "2", "3"], None, "invalid type: map, expected a string");
        check::<u32>(&["1", "2", "3"], None, "invalid type: map, expected u32");
        check::<Option<u32>>(&["", "2", "3"], None, "invalid type: map, expected u32");
        check::<(u32,)>(&["1", "2", "3"], None, "the record has 3 cells, and the type holds 1");
        check::<u32>(&["x"], Some(0), "invalid digit found in string");
        let names = StringRecord::from(vec!["a"]);
        let one = |cell: &str| value::<Option<u32>>(&[cell].iter().collect(), Some(&names)).unwrap();
        assert_eq!((one("7"), one("")), (Some(7), None));
    }
}
