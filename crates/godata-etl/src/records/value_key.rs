//! Values as bytes that compare like the values.

use super::digits;
use super::exponent::Exponent;
use super::number::Repr;
use super::number_ref::NumberRef;
use super::value::Value;
use super::value_ref::ValueRef;
use crate::keyed::{Key, KeyBytes};

// The order of the kinds. Each is less than the tag of null.
const BOOL: u8 = 0x10;
const NUMBER: u8 = 0x20;
const TEXT: u8 = 0x30;
const BYTES: u8 = 0x40;
const TIMESTAMP: u8 = 0x50;
const DATE: u8 = 0x58;
const LIST: u8 = 0x60;
const MAP: u8 = 0x70;

// The order of the numbers.
const NEGATIVE_INFINITY: u8 = 0;
const NEGATIVE: u8 = 1;
const ZERO: u8 = 2;
const POSITIVE: u8 = 3;
const INFINITY: u8 = 4;
const NAN: u8 = 5;

/// Appends a value, so that equal values have equal bytes and a lesser value has lesser bytes. Values of different kinds
/// have the order bool, number, text, bytes, timestamp, date, list, map. A decimal is a number.
pub(crate) fn put_value(value: ValueRef<'_>, key: &mut KeyBytes) {
    match value {
        ValueRef::Null => key.put_byte(0),
        ValueRef::Bool(bool) => key.put_array([BOOL, u8::from(bool)]),
        ValueRef::Number(number) => {
            key.put_byte(NUMBER);
            put_number(number, key);
        }
        ValueRef::Decimal(decimal) => {
            key.put_byte(NUMBER);
            put_digits(&decimal.to_string(), key);
        }
        ValueRef::Date(date) => {
            key.put_byte(DATE);
            date.put(key);
        }
        ValueRef::Text(text) => {
            key.put_byte(TEXT);
            key.put_bytes(text.as_bytes());
        }
        ValueRef::Bytes(bytes) => {
            key.put_byte(BYTES);
            key.put_bytes(bytes);
        }
        ValueRef::Timestamp(at) => {
            key.put_byte(TIMESTAMP);
            key.put_i128(at.instant().unix_timestamp_nanos());
        }
        ValueRef::List(values) => {
            key.put_byte(LIST);
            values.iter().for_each(|value| put_element(value, key));
            key.put_byte(0);
        }
        ValueRef::Map(fields) => {
            key.put_byte(MAP);
            for (name, value) in fields {
                key.put_byte(1);
                key.put_bytes(name.as_bytes());
                put_element(value, key);
            }
            key.put_byte(0);
        }
    }
}

/// Like [`put_value`], but a text that is a number has its place among the numbers.
pub(crate) fn put_sorted(value: ValueRef<'_>, key: &mut KeyBytes) {
    match value {
        ValueRef::Text(text) if put_short_whole(text, key) => {}
        ValueRef::Text(text) if digits::parse_float(text).is_some() => {
            key.put_byte(NUMBER);
            put_digits(text, key);
        }
        value => put_value(value, key),
    }
}

/// Like [`put_sorted`], but only equal values have equal bytes. A text that is a number comes after that number.
pub(crate) fn put_ordered(value: ValueRef<'_>, key: &mut KeyBytes) {
    let start = key.as_slice().len();
    put_sorted(value, key);
    let is_number = key.as_slice().get(start) == Some(&NUMBER);
    match value {
        ValueRef::Text(text) if is_number => {
            key.put_byte(TEXT);
            key.put_bytes(text.as_bytes());
        }
        _ if is_number => key.put_byte(0),
        _ => {}
    }
}

/// Appends a whole number of a few digits, which most numbers are: the bytes that [`put_decimal`] makes of it. Returns false if
/// the text is something else.
#[inline]
fn put_short_whole(text: &str, key: &mut KeyBytes) -> bool {
    const DIGITS: usize = 18;
    let text = text.as_bytes();
    if text.is_empty() || text.len() > DIGITS || !text.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let zeros = text.iter().take_while(|&&digit| digit == b'0').count();
    let digits = &text[zeros..];
    let Some(last) = digits.iter().rposition(|&digit| digit != b'0') else {
        key.put_array([NUMBER, ZERO]);
        return true;
    };
    let (mut bytes, mut len) = ([0; 4 + DIGITS / 2], 3);
    bytes[..3].copy_from_slice(&[NUMBER, POSITIVE, digits.len() as u8 + 0x80]);
    for pair in digits[..=last].chunks(2) {
        let second = pair.get(1).map_or(0, |digit| digit - b'0');
        bytes[len] = (pair[0] - b'0') * 10 + second + 1;
        len += 1;
    }
    // The byte after them is the end.
    key.put_slice(&bytes[..=len]);
    true
}

/// Appends a value within another one, so that the end of the other one is less.
fn put_element(value: &Value, key: &mut KeyBytes) {
    key.put_byte(1);
    put_value(value.as_ref(), key);
}

fn put_number(number: NumberRef<'_>, key: &mut KeyBytes) {
    match number.0 {
        Repr::Int(int) => put_whole(int.unsigned_abs(), int < 0, key),
        Repr::UInt(int) => put_whole(int, false, key),
        Repr::Float(float) | Repr::FloatDigits(float, _) if float.is_nan() => key.put_byte(NAN),
        Repr::Float(f64::INFINITY) => key.put_byte(INFINITY),
        Repr::Float(f64::NEG_INFINITY) => key.put_byte(NEGATIVE_INFINITY),
        Repr::Float(float) => put_digits(&format!("{float:e}"), key),
        Repr::Digits(digits) | Repr::FloatDigits(_, digits) => put_digits(digits, key),
    }
}

/// Appends a whole number.
fn put_whole(mut int: u64, is_negative: bool, key: &mut KeyBytes) {
    const MOST: usize = 20;
    let mut digits = [0; MOST];
    let mut start = MOST;
    while int > 0 {
        start -= 1;
        digits[start] = (int % 10) as u8;
        int /= 10;
    }
    let digits = &digits[start..];
    put_decimal(digits, &Exponent::Near(digits.len() as i64), is_negative, key);
}

/// Appends a number in decimal digits, as JSON and Rust's `parse` read them.
fn put_digits(text: &str, key: &mut KeyBytes) {
    let bytes = text.as_bytes();
    let end = bytes.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
    let (mantissa, exponent) = (&text[..end], text.get(end + 1..).unwrap_or("0"));
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let point = unsigned.bytes().position(|byte| byte == b'.').unwrap_or(unsigned.len());
    let (int, fraction) = (&unsigned[..point], unsigned.get(point + 1..).unwrap_or(""));
    let leading = int.bytes().chain(fraction.bytes()).take_while(|&digit| digit == b'0').count();
    let point = Exponent::shifted(exponent, int.len() as i64 - leading as i64);
    let digits = int.bytes().chain(fraction.bytes()).skip(leading).map(|digit| digit.wrapping_sub(b'0'));
    let is_negative = mantissa.starts_with('-');
    // Most numbers are short.
    let (mut short, len) = ([0; 40], int.len() + fraction.len() - leading);
    match short.get_mut(..len) {
        Some(short) => {
            short.iter_mut().zip(digits).for_each(|(to, digit)| *to = digit);
            put_decimal(short, &point, is_negative, key);
        }
        None => put_decimal(&digits.collect::<Vec<_>>(), &point, is_negative, key),
    }
}

/// Appends the number 0.d1d2d3… times 10 to the power of `point`. The first digit is not 0.
fn put_decimal(digits: &[u8], point: &Exponent, is_negative: bool, key: &mut KeyBytes) {
    let zeros = digits.iter().rev().take_while(|&&digit| digit == 0).count();
    let digits = &digits[..digits.len() - zeros];
    if digits.is_empty() {
        return key.put_byte(ZERO);
    }
    key.put_byte(if is_negative { NEGATIVE } else { POSITIVE });
    // Of two negative numbers, the one that is farther from zero is less.
    let flip = if is_negative { 0xff } else { 0 };
    match point {
        &Exponent::Near(point @ -100..=100) => key.put_byte((point + 0x80) as u8 ^ flip),
        far => put_far(far, flip, key),
    }
    for pair in digits.chunks(2) {
        let pair = pair[0] * 10 + pair.get(1).copied().unwrap_or(0);
        key.put_byte((pair + 1) ^ flip);
    }
    key.put_byte(flip);
}

/// Appends a point that is far from the digits, beyond those that are one byte.
#[cold]
fn put_far(point: &Exponent, flip: u8, key: &mut KeyBytes) {
    let is_negative = point.sign().is_lt();
    key.put_byte(if is_negative { 0 } else { 0xff } ^ flip);
    match point {
        Exponent::Near(point) => key.put_array((point ^ i64::MIN).to_be_bytes().map(|byte| byte ^ flip)),
        Exponent::Far { digits, .. } => {
            key.put_array([if is_negative { 0 } else { 0xff } ^ flip; 8]);
            // Of two that are far below zero, the one with more or greater digits is less.
            let flip = if is_negative { flip ^ 0xff } else { flip };
            key.put_array((digits.len() as u64).to_be_bytes().map(|byte| byte ^ flip));
            digits.iter().for_each(|digit| key.put_byte(digit ^ flip));
        }
    }
}
