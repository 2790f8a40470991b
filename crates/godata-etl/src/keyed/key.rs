//! Keys: values of Rust types as bytes that compare like the values.

use std::cmp::Reverse;
use std::sync::Arc;

use time::{Date, OffsetDateTime, UtcDateTime};

use crate::records::put_value;
use crate::{Decimal, ValueRef};

/// A key by which records are sorted, grouped, joined or deduplicated.
///
/// It is implemented for the whole numbers, `f32`, `f64`, `bool`, `char`, the string types, [`Decimal`], [`Date`], [`UtcDateTime`],
/// [`OffsetDateTime`], and for `Option`, [`Reverse`], `Vec` and tuples of up to six keys. The order is that of `Ord`: `None` is
/// first, and tuples compare from left to right. Floats have the order of `f64::total_cmp`, and -0.0 is 0.0.
///
/// A type of your own is a key by the keys it consists of:
///
/// ```
/// use godata_etl::{Key, KeyBytes};
///
/// struct Sku {
///     vendor: u16,
///     code: String,
/// }
///
/// impl Key for Sku {
///     fn put(&self, key: &mut KeyBytes) {
///         self.vendor.put(key);
///         self.code.put(key);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key",
    label = "not a `Key`",
    note = "use a field that is one, or a tuple of fields: a number, a bool, a text, a date, a time, or an `Option` of these",
    note = "implement `Key` for a type of your own by calling `put` of its fields"
)]
pub trait Key {
    /// Appends this key to the bytes. Equal keys append equal bytes, and the bytes of a key are never the beginning of those of
    /// another one.
    fn put(&self, key: &mut KeyBytes);
}

/// The bytes of a key. [`Key::put`] appends to them.
#[derive(Clone, Debug, Default)]
pub struct KeyBytes(Vec<u8>);

impl KeyBytes {
    #[inline]
    pub(crate) fn put_byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    #[inline]
    pub(crate) fn put_array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.extend_from_slice(&bytes);
    }

    #[inline]
    pub(crate) fn put_slice(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Appends a byte string and its end, which is less than any byte in it.
    #[inline]
    pub(crate) fn put_bytes(&mut self, bytes: &[u8]) {
        let mut parts = bytes.split(|&byte| byte == 0);
        self.0.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            self.put_array([0, 0xff]);
            self.0.extend_from_slice(part);
        }
        self.put_array([0, 0]);
    }

    pub(crate) fn put_i128(&mut self, int: i128) {
        self.put_array((int ^ i128::MIN).to_be_bytes());
    }

    /// Reverses the order of what `put` appends.
    pub(crate) fn reversed(&mut self, put: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        put(self);
        self.0[start..].iter_mut().for_each(|byte| *byte ^= 0xff);
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

macro_rules! unsigned {
    ($($type:ty)+) => {
        $(impl Key for $type {
            #[inline]
            fn put(&self, key: &mut KeyBytes) {
                key.put_array(self.to_be_bytes());
            }
        })+
    };
}

macro_rules! signed {
    ($($type:ty)+) => {
        $(impl Key for $type {
            #[inline]
            fn put(&self, key: &mut KeyBytes) {
                key.put_array((self ^ <$type>::MIN).to_be_bytes());
            }
        })+
    };
}

unsigned!(u8 u16 u32 u64 u128 usize);
signed!(i8 i16 i32 i64 i128 isize);

impl Key for f64 {
    fn put(&self, key: &mut KeyBytes) {
        let bits = (self + 0.0).to_bits();
        let flip = if bits >> 63 == 1 { u64::MAX } else { 1 << 63 };
        key.put_array((bits ^ flip).to_be_bytes());
    }
}

impl Key for f32 {
    fn put(&self, key: &mut KeyBytes) {
        f64::from(*self).put(key);
    }
}

impl Key for bool {
    fn put(&self, key: &mut KeyBytes) {
        key.put_byte(u8::from(*self));
    }
}

impl Key for char {
    fn put(&self, key: &mut KeyBytes) {
        u32::from(*self).put(key);
    }
}

impl Key for str {
    fn put(&self, key: &mut KeyBytes) {
        key.put_bytes(self.as_bytes());
    }
}

impl Key for String {
    fn put(&self, key: &mut KeyBytes) {
        self.as_str().put(key);
    }
}

impl Key for Date {
    fn put(&self, key: &mut KeyBytes) {
        self.to_julian_day().put(key);
    }
}

impl Key for Decimal {
    fn put(&self, key: &mut KeyBytes) {
        put_value(ValueRef::Decimal(*self), key);
    }
}

impl Key for UtcDateTime {
    fn put(&self, key: &mut KeyBytes) {
        key.put_i128(self.unix_timestamp_nanos());
    }
}

impl Key for OffsetDateTime {
    fn put(&self, key: &mut KeyBytes) {
        key.put_i128(self.unix_timestamp_nanos());
    }
}

impl<K: Key> Key for Option<K> {
    fn put(&self, key: &mut KeyBytes) {
        key.put_byte(u8::from(self.is_some()));
        if let Some(some) = self {
            some.put(key);
        }
    }
}

impl<K: Key> Key for Reverse<K> {
    fn put(&self, key: &mut KeyBytes) {
        key.reversed(|key| self.0.put(key));
    }
}

impl<K: Key> Key for Vec<K> {
    fn put(&self, key: &mut KeyBytes) {
        for element in self {
            key.put_byte(1);
            element.put(key);
        }
        key.put_byte(0);
    }
}

macro_rules! pointers {
    ($($type:ty)+) => {
        $(impl<K: Key + ?Sized> Key for $type {
            fn put(&self, key: &mut KeyBytes) {
                (**self).put(key);
            }
        })+
    };
}

pointers!(&K Box<K> Arc<K>);

macro_rules! tuples {
    ($(($($part:ident $at:tt)+))+) => {
        $(impl<$($part: Key),+> Key for ($($part,)+) {
            fn put(&self, key: &mut KeyBytes) {
                $(self.$at.put(key);)+
            }
        })+
    };
}

tuples! {
    (A 0)
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
    (A 0 B 1 C 2 D 3 E 4)
    (A 0 B 1 C 2 D 3 E 4 F 5)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(key: &impl Key) -> Vec<u8> {
        let mut bytes = KeyBytes::default();
        key.put(&mut bytes);
        bytes.0
    }

    type Parts = (Option<String>, Reverse<i64>, Vec<Vec<u8>>, (char, bool));

    fn parts() -> impl Strategy<Value = Parts> {
        let text = prop::option::of("[a\0\u{1}\u{ff}]{0,3}");
        (
            text,
            any::<i64>().prop_map(Reverse),
            prop::collection::vec(prop::collection::vec(0..3_u8, 0..3), 0..3),
            any::<(char, bool)>(),
        )
    }

    proptest! {
        #[test]
        fn the_bytes_compare_like_the_keys(a in parts(), b in parts(), c in any::<(i8, u128, i128)>(), d in any::<(i8, u128, i128)>()) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
            prop_assert_eq!(bytes(&c).cmp(&bytes(&d)), c.cmp(&d));
        }

        #[test]
        fn floats_have_a_total_order(a in any::<f64>(), b in any::<f64>()) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), (a + 0.0).total_cmp(&(b + 0.0)));
        }
    }

    #[test]
    fn minus_zero_is_zero() {
        assert_eq!(bytes(&-0.0), bytes(&0.0));
    }
}
