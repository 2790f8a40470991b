//! A sum of decimals that notices when it overflows.

use std::iter::Sum;
use std::ops::{AddAssign, SubAssign};

use godata_core::debug_as_chain;

use super::decimal::Decimal;

/// A running total of [`Decimal`]s, for `+=` in a closure. A total of more than 38 digits is an error, and never a wrong number.
///
/// ```
/// # use godata_etl::{DecimalSum, Memory, Pipeline, record};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_etl::BoxError> {
/// let orders = vec![
///     record! {"customer" => "Ann", "net" => "0.10", "tax" => "0.02"},
///     record! {"customer" => "Ann", "net" => "0.20", "tax" => "0.04"},
/// ];
/// let totals = Pipeline::builder("orders")
///     .read_vec(orders)
///     .untyped()
///     .group_by("customer", Memory::mib(64))
///     .fold(DecimalSum::default(), |total, r| {
///         *total += r.decimal("net")?;
///         *total += r.decimal("tax")?;
///         Ok(())
///     })
///     .try_map(|(key, total)| Ok((key, total.total()?)));
/// let (_, total) = totals.collect(1).await?.remove(0);
/// assert_eq!(total.to_string(), "0.36");
/// # Ok(())
/// # }
/// ```
///
/// It is also what [`GroupBy::sum`](crate::GroupBy::sum) and [`Iterator::sum`] make of decimals:
///
/// ```
/// use godata_etl::{Decimal, DecimalSum};
///
/// let prices: Vec<Decimal> = vec!["12.50".parse()?, "0.5".parse()?];
/// let total: DecimalSum = prices.into_iter().sum();
/// assert_eq!(total.total()?.to_string(), "13.00");
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecimalSum(
    /// `None` after an overflow.
    Option<Decimal>,
);

/// A [`DecimalSum`] has come to more than 38 digits.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sum has more than {} digits", Decimal::DIGITS)]
#[non_exhaustive]
pub struct DecimalOverflow;

debug_as_chain!(DecimalOverflow);

impl DecimalSum {
    /// The total, with the places of the number that has the most.
    ///
    /// # Errors
    ///
    /// [`DecimalOverflow`] if the total has had more than 38 digits at some time, also if it has fewer now.
    pub fn total(self) -> Result<Decimal, DecimalOverflow> {
        self.0.ok_or(DecimalOverflow)
    }
}

/// Zero.
impl Default for DecimalSum {
    fn default() -> Self {
        Decimal::default().into()
    }
}

impl From<Decimal> for DecimalSum {
    fn from(first: Decimal) -> Self {
        Self(Some(first))
    }
}

impl<D: Into<Self>> AddAssign<D> for DecimalSum {
    fn add_assign(&mut self, other: D) {
        self.0 = self.0.zip(other.into().0).and_then(|(sum, other)| sum.checked_add(other));
    }
}

impl<D: Into<Self>> SubAssign<D> for DecimalSum {
    fn sub_assign(&mut self, other: D) {
        self.0 = self.0.zip(other.into().0).and_then(|(sum, other)| sum.checked_sub(other));
    }
}

impl<D: Into<Self>> Sum<D> for DecimalSum {
    fn sum<I: Iterator<Item = D>>(numbers: I) -> Self {
        numbers.fold(Self::default(), |mut sum, number| {
            sum += number;
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sum_is_exact_or_an_overflow(
            numbers in prop::collection::vec((any::<i64>(), 0_u8..4), 0..20),
            big in prop::option::of(prop::sample::select(vec![1, -1])),
        ) {
            let mut sum: DecimalSum = numbers.iter().filter_map(|&(n, scale)| Decimal::new(n.into(), scale)).sum();
            // In thousandths.
            let expected: i128 = numbers.iter().map(|&(n, scale)| i128::from(n) * 10_i128.pow(3 - u32::from(scale))).sum();
            prop_assert_eq!(sum.total(), Ok(Decimal::new(expected, 3).unwrap()));
            for &(n, scale) in &numbers {
                sum -= Decimal::new(n.into(), scale).unwrap();
            }
            prop_assert_eq!(sum.total(), Ok(Decimal::default()));
            if let Some(sign) = big {
                let most = Decimal::new(sign * (10_i128.pow(38) - 1), 0).unwrap();
                sum = most.into();
                prop_assert_eq!(sum.total(), Ok(most));
                sum += most;
                sum -= most;
                prop_assert_eq!(sum.total(), Err(DecimalOverflow));
            }
        }
    }
}
