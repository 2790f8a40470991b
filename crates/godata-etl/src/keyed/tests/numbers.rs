//! Keys of numbers.

use proptest::prelude::*;

use crate::Value;
use crate::keyed::KeyBytes;

#[test]
fn numbers_sort_by_value_however_they_are_written() {
    let ordered = [
        "-1e400",
        "-12345678901234567890.5",
        "-2.5",
        "-2.45",
        "-0.001",
        "0",
        "1e-300",
        "0.1",
        "5",
        "5.5",
        "1e2",
        "1e400",
    ];
    for (at, a) in ordered.iter().enumerate() {
        for (bt, b) in ordered.iter().enumerate() {
            let key = |text: &str| {
                let mut key = KeyBytes::default();
                let number = crate::NumberRef::from_digits(text).unwrap();
                crate::records::put_value(crate::ValueRef::Number(number), &mut key);
                key.as_slice().to_vec()
            };
            assert_eq!(key(a).cmp(&key(b)), at.cmp(&bt), "{a} and {b}");
        }
    }
}

proptest! {
    #[test]
    fn equal_numbers_have_equal_keys(a in -1000..1000_i64, places in 0..4_usize, zeros in 0..3_usize) {
        let key = |value: &Value| {
            let mut key = KeyBytes::default();
            crate::records::put_value(value.as_ref(), &mut key);
            key.as_slice().to_vec()
        };
        let text = format!("{:.places$}", a as f64 / 10_f64.powi(places as i32));
        let dot = if places == 0 { "." } else { "" };
        let zeroed = if zeros > 0 { format!("{text}{dot}{}", "0".repeat(zeros)) } else { text.clone() };
        let number = |text: &str| Value::Number(crate::Number::from_digits(text).unwrap());
        let float = Value::from(text.parse::<f64>().unwrap());
        prop_assert_eq!(key(&number(&text)), key(&number(&zeroed)));
        prop_assert_eq!(key(&number(&text)), key(&float));
        prop_assert_eq!(key(&number(&text)), key(&Value::Decimal(zeroed.parse().unwrap())));
        if places == 0 {
            prop_assert_eq!(key(&Value::from(a)), key(&float));
        }
    }
}
