//! Numbers as people write them.

use std::fmt;

use godata_core::excerpt;

use super::super::cast::Type;
use super::super::decimal::Decimal;
use super::super::digits;
use super::super::number::{Number, Repr};
use super::super::value::Value;
use super::super::value_ref::ValueRef;
use super::number_text::{self, is_separator, is_space};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberKind {
    Decimal,
    Float,
    Int,
}

/// How a number is written.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct NumberRule {
    pub(super) kind: NumberKind,
    pub(super) point: char,
    pub(super) thousands: Option<char>,
    pub(super) is_percent: bool,
    pub(super) currencies: Vec<String>,
}

impl NumberKind {
    pub(super) fn to_type(self) -> Type {
        match self {
            Self::Decimal => Type::Decimal,
            Self::Float => Type::Float,
            Self::Int => Type::Int,
        }
    }
}

impl NumberRule {
    pub(super) fn new(kind: NumberKind) -> Self {
        Self { kind, point: '.', thousands: None, is_percent: false, currencies: Vec::new() }
    }

    pub(super) fn read(&self, text: &str) -> Option<Value> {
        let (mut is_negative, unsigned) = number_text::sign(text);
        let number = self.without_marks(unsigned)?;
        // The sign can be on either side of a currency.
        let has_sign = unsigned.len() < text.len();
        let (is_inner, number) = if number.len() < unsigned.len() && !has_sign {
            number_text::sign(number)
        } else {
            (false, number)
        };
        is_negative |= is_inner;
        let plain = number_text::plain(number, self.point, self.thousands, is_negative)?;
        let plain = if self.is_percent { hundredth(&plain)? } else { plain };
        match self.kind {
            NumberKind::Decimal => plain.parse().ok().map(Value::Decimal),
            NumberKind::Int => {
                ValueRef::Number(Number::from_digits(&plain)?.as_ref()).as_i64().map(Value::from)
            }
            NumberKind::Float => {
                let float = digits::parse_float(&plain)?;
                Some(Value::Number(Number(Repr::FloatDigits(float, plain.into()))))
            }
        }
    }

    /// Removes a percent sign and a currency.
    fn without_marks<'a>(&self, text: &'a str) -> Option<&'a str> {
        if self.is_percent {
            return text.strip_suffix('%').map(|text| text.trim_end_matches(is_space));
        }
        let strip = |sign: &String| {
            let before = text.strip_prefix(&**sign).map(|text| text.trim_start_matches(is_space));
            before.or_else(|| text.strip_suffix(&**sign).map(|text| text.trim_end_matches(is_space)))
        };
        Some(self.currencies.iter().find_map(strip).unwrap_or(text))
    }

    pub(super) fn expected(&self) -> String {
        let kind = match self.kind {
            NumberKind::Decimal => "a decimal number",
            NumberKind::Float => "a number",
            NumberKind::Int => "a whole number",
        };
        format!("{kind} such as `{}`", self.example())
    }

    fn example(&self) -> String {
        if self.is_percent {
            return if self.kind == NumberKind::Int {
                "100 %".to_owned()
            } else {
                format!("12{}5 %", self.point)
            };
        }
        let thousands = self.thousands.map(String::from).unwrap_or_default();
        let fraction = if self.kind == NumberKind::Int { String::new() } else { format!("{}50", self.point) };
        let sign = self.currencies.first().map(|sign| format!(" {}", excerpt(sign))).unwrap_or_default();
        format!("1{thousands}234{fraction}{sign}")
    }

    pub(super) fn mistake(&self) -> Option<String> {
        let is_part = |separator: char| separator.is_alphanumeric() || "+-%".contains(separator);
        let mistake = match self.thousands {
            Some(separator) if is_separator(separator, self.point) => {
                "the separator of thousands is that of the fraction; call `comma()` for numbers such as `1.234,50`"
            }
            Some(separator) if is_part(separator) => "the separator of thousands can be a part of a number",
            _ if self.currencies.iter().any(String::is_empty) => "the sign of a currency is empty",
            _ if self.is_percent && !self.currencies.is_empty() => "a percentage has no currency",
            _ => return None,
        };
        Some(mistake.to_owned())
    }
}

/// A hundredth of a number, exactly.
fn hundredth(plain: &str) -> Option<String> {
    let number: Decimal = plain.parse().ok()?;
    Decimal::new(number.mantissa(), number.scale() + 2).map(|number| number.to_string())
}

impl fmt::Display for NumberRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            NumberKind::Decimal => "Cast::decimal()",
            NumberKind::Float => "Cast::number()",
            NumberKind::Int => "Cast::integer()",
        })?;
        if self.point == ',' {
            f.write_str(".comma()")?;
        }
        if let Some(separator) = self.thousands {
            write!(f, ".thousands({separator:?})")?;
        }
        if self.is_percent {
            f.write_str(".percent()")?;
        }
        self.currencies.iter().try_for_each(|sign| write!(f, ".currency({sign:?})"))
    }
}
