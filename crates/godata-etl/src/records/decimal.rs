//! An exact decimal number.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::decimal_text;

/// An exact decimal number, such as an amount of money: up to 38 digits, up to 38 of them after the point.
///
/// It keeps its decimal places, so `12.50` is written as `12.50`. Two decimals are equal if they are the same number: `1.0`
/// is `1.00`, and both have the same hash. There is no negative zero.
///
/// `parse` reads what a float is read from, if it has at most 38 digits: `12.50`, `-.5` and `1.5e3`.
///
/// With serde, a decimal is text (`"12.50"`), because most formats would make a float of a number. It is read from text, from
/// a whole number, and from a float of at most 15 digits, which has exactly one decimal. In JSON, a number with more digits
/// must be in quotes; dynamic records keep all digits of a number without quotes.
///
/// ```
/// use godata_etl::Decimal;
///
/// let price: Decimal = "12.50".parse()?;
/// let total = price.checked_mul(3.into()).ok_or("too many digits")?;
/// assert_eq!(total.to_string(), "37.50");
/// assert_eq!(total, "37.5".parse()?);
/// assert_eq!((total.mantissa(), total.scale()), (3750, 2));
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct Decimal {
    /// The bytes of an `i128`, whose alignment would make every value larger.
    mantissa: [u8; 16],
    scale: u8,
}

impl Decimal {
    /// How many digits there can be, before and after the point together.
    pub const DIGITS: u8 = 38;

    /// Less than this is the absolute value of each mantissa.
    const LIMIT: u128 = 10_u128.pow(Self::DIGITS as u32);

    /// `mantissa` / 10^`scale`; `None` if that has more than 38 digits, or more than 38 places.
    ///
    /// ```
    /// use godata_etl::Decimal;
    ///
    /// assert_eq!(Decimal::new(1250, 2).map(|price| price.to_string()), Some("12.50".into()));
    /// assert_eq!(Decimal::new(1, 39), None);
    /// ```
    #[must_use]
    pub fn new(mantissa: i128, scale: u8) -> Option<Self> {
        let fits = mantissa.unsigned_abs() < Self::LIMIT && scale <= Self::DIGITS;
        fits.then_some(Self { mantissa: mantissa.to_ne_bytes(), scale })
    }

    /// The number without its point: 1250 for `12.50`.
    #[must_use]
    pub fn mantissa(self) -> i128 {
        i128::from_ne_bytes(self.mantissa)
    }

    /// How many decimal places it has: 2 for `12.50`.
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The nearest float.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        /// Up to these, floats have all whole numbers, and all powers of ten that are a `u64`. So one division rounds correctly
        /// (Clinger, "How to read floating point numbers accurately", 1990).
        const EXACT: i128 = 1 << f64::MANTISSA_DIGITS;
        const POWERS: u8 = 19;
        let mantissa = self.mantissa();
        if (-EXACT..=EXACT).contains(&mantissa) && self.scale <= POWERS {
            return mantissa as f64 / 10_u64.pow(self.scale.into()) as f64;
        }
        // A decimal is always a finite number.
        self.to_string().parse().unwrap_or_default()
    }

    /// The number, if it is a whole number in the range of `i128`: each whole decimal is.
    #[must_use]
    pub fn to_i128(self) -> Option<i128> {
        let (whole, fraction) = self.parts();
        (fraction == 0).then_some(whole)
    }

    /// The sum, with the places of the operand that has more; `None` if that has more than 38 digits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.scale == other.scale {
            return Self::new(self.mantissa().checked_add(other.mantissa())?, self.scale);
        }
        let scale = self.scale.max(other.scale);
        Self::new(self.scaled(scale)?.checked_add(other.scaled(scale)?)?, scale)
    }

    /// The difference, with the places of the operand that has more; `None` if that has more than 38 digits.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Self::new(self.scaled(scale)?.checked_sub(other.scaled(scale)?)?, scale)
    }

    /// The product, with the places of both operands; `None` if that has more than 38 digits or places.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        Self::new(self.mantissa().checked_mul(other.mantissa())?, self.scale + other.scale)
    }

    /// The number with this many places. A digit that is cut off rounds to the nearest number, and from the middle to the
    /// even one (IEEE 754). `None` if the result has more than 38 digits or places.
    ///
    /// ```
    /// use godata_etl::Decimal;
    ///
    /// let gross: Decimal = "14.875".parse()?;
    /// assert_eq!(gross.rescale(2).map(|gross| gross.to_string()), Some("14.88".into()));
    /// # Ok::<(), godata_etl::BoxError>(())
    /// ```
    #[must_use]
    pub fn rescale(self, places: u8) -> Option<Self> {
        if places >= self.scale {
            return Self::new(self.scaled(places)?, places);
        }
        let unit = power(self.scale - places);
        let (kept, cut) = (self.mantissa() / unit, (self.mantissa() % unit).abs());
        let rounds_up = match cut.cmp(&(unit - cut)) {
            Ordering::Less => false,
            Ordering::Equal => kept % 2 != 0,
            Ordering::Greater => true,
        };
        Self::new(kept + if rounds_up { self.mantissa().signum() } else { 0 }, places)
    }

    /// The mantissa that the number has with this scale, which is not less than its own.
    fn scaled(self, scale: u8) -> Option<i128> {
        let factor = 10_i128.checked_pow(u32::from(scale - self.scale))?;
        self.mantissa().checked_mul(factor)
    }

    /// The whole number and the digits after the point, with a scale of 38. Both have the sign of the number.
    fn parts(self) -> (i128, i128) {
        let unit = power(self.scale);
        (self.mantissa() / unit, self.mantissa() % unit * power(Self::DIGITS - self.scale))
    }
}

/// 10 to a power of at most 38, which fits.
pub(super) fn power(exponent: u8) -> i128 {
    10_i128.pow(u32::from(exponent.min(Decimal::DIGITS)))
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl fmt::Display for Decimal {
    /// The digits with all decimal places, and without an exponent: a number by RFC 8259, section 6.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal_text::write(*self, f)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! from_whole {
    ($($type:ty)+) => {
        $(impl From<$type> for Decimal {
            fn from(value: $type) -> Self {
                Self { mantissa: i128::from(value).to_ne_bytes(), scale: 0 }
            }
        })+
    };
}

from_whole!(i8 i16 i32 i64 u8 u16 u32 u64);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn the_number_counts_and_not_its_places() {
        assert_eq!(decimal("1.0"), decimal("1.00"));
        assert_eq!(decimal("-0.0"), decimal("0"));
        let distinct: HashSet<_> = ["1", "1.0", "1e0", "-1", "-1.00", "0.1"].map(decimal).into();
        assert_eq!(distinct.len(), 3);
        let sorted =
            ["-1.5", "-1.25", "-0.5", "0", "0.00000000000000000000000000000000000001", "0.3", "99e36"];
        assert!(sorted.map(decimal).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn what_has_more_than_38_digits_is_none() {
        let most = decimal(&"9".repeat(38));
        assert_eq!(most.checked_add(Decimal::from(1)), None);
        assert_eq!(most.checked_mul(most), None);
        assert_eq!(most.checked_add(decimal("0.1")), None);
        assert_eq!(most.rescale(1), None);
        assert_eq!(decimal("0.1").rescale(200), None);
        assert_eq!(most.checked_sub(most).map(|zero| zero.to_string()), Some("0".into()));
    }

    #[test]
    fn the_middle_rounds_to_the_even_neighbor() {
        let table = [
            ("0.5", "0"),
            ("1.5", "2"),
            ("2.5", "2"),
            ("-2.5", "-2"),
            ("-2.51", "-3"),
            ("2.499", "2"),
            ("0.99999999999999999999999999999999999999", "1"),
        ];
        for (text, rounded) in table {
            assert_eq!(decimal(text).rescale(0).unwrap().to_string(), rounded, "{text}");
        }
    }

    #[test]
    fn a_decimal_needs_no_alignment_of_its_own() {
        assert_eq!((size_of::<Decimal>(), align_of::<Decimal>()), (17, 1));
    }

    proptest! {
        #[test]
        fn small_decimals_compute_like_fractions(a in -9999_i64..9999, b in -9999_i64..9999, places in 0_u8..4) {
            let [x, y] = [a, b].map(|n| Decimal::new(n.into(), places).unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.checked_add(y), Decimal::new((a + b).into(), places));
            prop_assert_eq!(x.checked_sub(y), Decimal::new((a - b).into(), places));
            prop_assert_eq!(x.checked_mul(y), Decimal::new((a * b).into(), 2 * places));
        }
    }
}
