//! The `record!` literal.

/// Makes a [`Record`](crate::Record) from `name => value` pairs, in their order.
///
/// A value is anything that is `Into<`[`Value`](crate::Value)`>`. If a name appears twice, the last value wins.
///
/// ```
/// use godata_etl::record;
///
/// let order = record! {
///     "id" => "A-1",
///     "amount" => 12.5,
///     "coupon" => None::<String>,
/// };
/// assert_eq!(order.text("id")?, "A-1");
/// assert!(order.is_null("coupon"));
/// assert!(record! {}.is_empty());
/// # Ok::<(), godata_etl::FieldError>(())
/// ```
#[macro_export]
macro_rules! record {
    () => { $crate::Record::new() };
    ($($name:expr => $value:expr),+ $(,)?) => {
        <$crate::Record as ::core::iter::FromIterator<_>>::from_iter([
            $(($name, $crate::Value::from($value))),+
        ])
    };
}
