//! The keys of numbers, against exact arithmetic.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::number_ref::NumberRef;
use super::value_key::put_value;
use super::value_ref::ValueRef;
use crate::keyed::KeyBytes;

fn key(digits: &str) -> Vec<u8> {
    let mut key = KeyBytes::default();
    put_value(ValueRef::Number(NumberRef::from_digits(digits).unwrap()), &mut key);
    key.as_slice().to_vec()
}

/// A number that is written in one of many ways: its digits before and after the point, and its exponent.
#[derive(Clone, Debug)]
struct Written {
    is_negative: bool,
    int: String,
    fraction: String,
    exponent: i128,
}

fn written() -> impl Strategy<Value = Written> {
    let exponent = prop_oneof![
        -5..6_i128,
        -105..106_i128,
        // Around the numbers at which the form of the key changes, and far beyond.
        (
            prop::sample::select(vec![
                100,
                10_i128.pow(18),
                1 << 63,
                1 << 64,
                10_i128.pow(20),
                10_i128.pow(30)
            ]),
            -3..4_i128
        )
            .prop_map(|(power, near)| power + near),
    ];
    (any::<bool>(), "0|[1-9][0-9]{0,3}|10{0,40}", "[0-9]{0,3}|0{0,40}[0-2]?", exponent, any::<bool>())
        .prop_map(|(is_negative, int, fraction, exponent, is_small)| {
            let exponent = if is_small { -exponent } else { exponent };
            Written { is_negative, int, fraction, exponent }
        })
}

impl Written {
    fn text(&self) -> String {
        let sign = if self.is_negative { "-" } else { "" };
        let point = if self.fraction.is_empty() { "" } else { "." };
        format!("{sign}{}{point}{}e{}", self.int, self.fraction, self.exponent)
    }

    /// The sign, and of a number that is not 0 how large it is: the power of its first digit, and its digits.
    fn parts(&self) -> (i8, i128, String) {
        let all = format!("{}{}", self.int, self.fraction);
        let digits = all.trim_start_matches('0');
        if digits.is_empty() {
            return (0, 0, String::new());
        }
        let power = self.exponent + self.int.len() as i128 - (all.len() - digits.len()) as i128;
        (if self.is_negative { -1 } else { 1 }, power, digits.trim_end_matches('0').to_owned())
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let ((sign, a_power, a_digits), (other_sign, b_power, b_digits)) = (self.parts(), other.parts());
        let by_size = (a_power, a_digits).cmp(&(b_power, b_digits));
        sign.cmp(&other_sign).then(if sign < 0 { by_size.reverse() } else { by_size })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn keys_compare_like_the_numbers_whatever_their_exponents(a in written(), b in written()) {
        let (ordering, a, b) = (a.cmp(&b), a.text(), b.text());
        prop_assert_eq!(key(&a).cmp(&key(&b)), ordering, "{} and {}", a, b);
        let is_equal = NumberRef::from_digits(&a) == NumberRef::from_digits(&b);
        prop_assert_eq!(is_equal, ordering.is_eq(), "{} and {}", a, b);
    }

    #[test]
    fn a_point_that_moves_with_its_exponent_leaves_the_key(a in written(), zeros in 0..4_usize) {
        let moved = Written {
            fraction: format!("{}{}", "0".repeat(zeros), a.int) + &a.fraction,
            int: "0".to_owned(),
            exponent: a.exponent + (zeros + a.int.len()) as i128,
            ..a.clone()
        };
        prop_assert_eq!(key(&a.text()), key(&moved.text()));
        let (a, moved) = (a.text(), moved.text());
        prop_assert_eq!(NumberRef::from_digits(&a), NumberRef::from_digits(&moved));
    }
}
