//! Exponents of any size.

use std::cmp::Ordering;

/// A whole number in decimal digits of any length. Equal numbers are equal, however they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exponent {
    /// One of at most 18 digits.
    Near(i64),
    /// One of more digits: its sign, and its digits from the first one that is not 0.
    Far { is_negative: bool, digits: Vec<u8> },
}

/// The numbers of at most 18 digits are less than this.
const FAR: u64 = 1_000_000_000_000_000_000;

impl Exponent {
    /// The number with these digits and sign, plus `shift`, which has at most 18 digits. An exponent that is written down is
    /// shifted by digits that are written down too, so their number is far smaller.
    #[inline]
    pub(super) fn shifted(text: &str, shift: i64) -> Self {
        let near = text.parse::<i64>().ok().and_then(|exponent| exponent.checked_add(shift));
        match near.filter(|near| near.unsigned_abs() < FAR) {
            Some(near) => Self::Near(near),
            None => Self::shifted_far(text, shift),
        }
    }

    /// Adds digit by digit. The sum, or the number itself, has more than 18 digits, so the shift does not change the sign.
    #[cold]
    fn shifted_far(text: &str, shift: i64) -> Self {
        let is_negative = text.starts_with('-');
        let unsigned = text.trim_start_matches(['-', '+', '0']);
        let mut digits: Vec<u8> = unsigned.bytes().map(|digit| digit.wrapping_sub(b'0')).collect();
        let mut carry = if is_negative { -shift } else { shift };
        for digit in digits.iter_mut().rev() {
            carry += i64::from(*digit);
            *digit = carry.rem_euclid(10) as u8;
            carry = carry.div_euclid(10);
        }
        while carry > 0 {
            digits.insert(0, (carry % 10) as u8);
            carry /= 10;
        }
        let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..zeros);
        if digits.len() <= 18 {
            let near = digits.iter().fold(0, |near, &digit| near * 10 + i64::from(digit));
            return Self::Near(if is_negative { -near } else { near });
        }
        Self::Far { is_negative, digits }
    }

    /// How it compares to 0.
    pub(super) fn sign(&self) -> Ordering {
        match self {
            Self::Near(near) => near.cmp(&0),
            Self::Far { is_negative: true, .. } => Ordering::Less,
            Self::Far { is_negative: false, .. } => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whole numbers of 1 to 36 digits, and those around the powers of ten.
    fn whole() -> impl Strategy<Value = i128> {
        let any = (-9..10_i128, 0..36_u32, any::<i64>());
        any.prop_map(|(factor, power, near)| factor * 10_i128.pow(power) + i128::from(near % 1_000))
    }

    proptest! {
        #[test]
        fn shifting_is_addition(
            exponent in whole(), shift in prop_oneof![-99..99_i64, -999_999_999_999_999_999..1_000_000_000_000_000_000_i64],
            zeros in 0..4_usize, plus in any::<bool>(),
        ) {
            let sign = if exponent < 0 { "-" } else if plus { "+" } else { "" };
            let text = format!("{sign}{}{}", "0".repeat(zeros), exponent.unsigned_abs());
            let shifted = match Exponent::shifted(&text, shift) {
                Exponent::Near(near) => near.to_string(),
                Exponent::Far { is_negative, digits } => {
                    prop_assert!(digits.len() > 18);
                    let sign = if is_negative { "-" } else { "" };
                    digits.iter().fold(sign.to_owned(), |text, digit| text + &digit.to_string())
                }
            };
            prop_assert_eq!(shifted, (exponent + i128::from(shift)).to_string());
        }
    }
}
