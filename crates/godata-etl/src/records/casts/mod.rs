//! Casts with options: how the text of a field is read.

mod bool;
mod cell;
mod error;
mod format;
mod format_item;
mod format_text;
mod moment;
mod number;
mod number_text;

use std::fmt;
use std::sync::Arc;

use time::{PrimitiveDateTime, UtcOffset};

use self::bool::Words;
pub use self::error::CastError;
use self::format::Format;
use self::moment::{Moment, Zone};
use self::number::{NumberKind, NumberRule};
use super::cast::{Type, cast_value};
use super::field_error::FieldError;
use super::value::Value;
use super::value_ref::ValueRef;

/// How the text of a field is read: as which type, and in which notation.
///
/// [`Flow::cast`](crate::Flow::cast) takes one, and [`parse`](Self::parse) is the same for closures. A [`Type`] is the cast that
/// reads the notation of programs: `12.5`, `true`, `2024-05-01`. The casts here read what people and spreadsheets write.
///
/// Null stays null, and a value that has the type already stays as it is, but with `percent` a number is an error, because it may
/// have been divided already. Empty text is not null: make it null first, with
/// [`null_if`](crate::Flow::null_if) or an option of the format. Spaces around the whole text are an error;
/// [`trim`](crate::Flow::trim) removes them.
///
/// An option that does not fit the type, such as the decimal comma of a date, and a format that can't be read are mistakes.
/// Building the pipeline fails with [`BuildError::InvalidCast`](crate::BuildError::InvalidCast).
///
/// ```
/// use godata_etl::{Cast, Value};
///
/// let amount = Cast::decimal().comma().thousands('.').currency("€");
/// assert_eq!(amount.parse("1.234,50 €")?.to_string(), "1234.50");
/// assert_eq!(Cast::decimal().percent().parse("19 %")?.to_string(), "0.19");
/// assert_eq!(Cast::date("%d.%m.%Y").parse("1.5.2024")?.to_string(), "2024-05-01");
/// assert_eq!(Cast::bool(["ja", "x"], ["nein"]).parse("Ja")?, Value::Bool(true));
///
/// let error = amount.parse("12.50").unwrap_err();
/// assert_eq!(error.to_string(), "expected a decimal number such as `1.234,50 €`, found text `12.50`");
/// # Ok::<(), godata_etl::CastError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Cast {
    rule: Rule,
    /// What is wrong with it, if that was clear from a call.
    mistake: Option<Arc<str>>,
}

#[derive(Clone, PartialEq, Eq)]
enum Rule {
    Type(Type),
    Number(Arc<NumberRule>),
    Bool(Arc<Words>),
    Moment(Arc<Moment>),
}

impl Cast {
    /// An exact [`Decimal`](crate::Decimal) of at most 38 digits.
    #[must_use]
    pub fn decimal() -> Self {
        Self::of_number(NumberKind::Decimal)
    }

    /// A floating point number. It is written with the digits that were read.
    #[must_use]
    pub fn number() -> Self {
        Self::of_number(NumberKind::Float)
    }

    /// A whole number in the range of `i64`. A fraction of zeros is accepted.
    #[must_use]
    pub fn integer() -> Self {
        Self::of_number(NumberKind::Int)
    }

    /// A bool by words. Upper and lower case are the same.
    #[must_use]
    pub fn bool<Y, N>(yes: Y, no: N) -> Self
    where
        Y: IntoIterator<Item: Into<String>>,
        N: IntoIterator<Item: Into<String>>,
    {
        let words = Words::new(yes.into_iter().map(Into::into), no.into_iter().map(Into::into));
        Self::new(Rule::Bool(Arc::new(words)))
    }

    /// A date in a format: `%d.%m.%Y`, say. A time in the format is read and dropped.
    ///
    /// The fields are those of `strptime` in POSIX and Python:
    ///
    /// | field | is |
    /// |---|---|
    /// | `%Y`, `%y` | the year with four digits; with two, from 1969 to 2068 |
    /// | `%m`, `%d` | month and day with one or two digits |
    /// | `%b` or `%B` | an English month name, short or long |
    /// | `%a` or `%A` | an English name of a weekday, which is not compared with the date |
    /// | `%H`, `%M`, `%S` | hour, minute and second with one or two digits |
    /// | `%I`, `%p` | hour from 1 to 12, `AM` or `PM` |
    /// | `%f` | one to nine digits of a second |
    /// | `%z` | `Z` or an offset from UTC: `+02:00`, `+0200` or `+02` |
    /// | `%F`, `%T` | `%Y-%m-%d`, `%H:%M:%S` |
    /// | `%%` | a percent sign |
    ///
    /// `%-d` is `%d`. Spaces match one or more spaces. All other characters match themselves.
    #[must_use]
    pub fn date(format: &str) -> Self {
        Self::of_moment(Type::Date, format)
    }

    /// An instant in a format with the fields of [`date`](Self::date). A format without `%z` is in UTC, or in the zone of
    /// [`in_zone`](Self::in_zone). Fields of the time that are not in the format are 0.
    ///
    /// ```
    /// use godata_etl::Cast;
    /// use godata_etl::time::UtcOffset;
    ///
    /// let hour = UtcOffset::from_hms(1, 0, 0)?;
    /// let at = Cast::timestamp("%d.%m.%Y %H:%M").in_zone(hour);
    /// assert_eq!(at.parse("01.05.2024 14:30")?.to_string(), "2024-05-01T14:30:00+01:00");
    /// # Ok::<(), godata_etl::BoxError>(())
    /// ```
    #[must_use]
    pub fn timestamp(format: &str) -> Self {
        Self::of_moment(Type::Timestamp, format)
    }

    /// The number has a decimal comma in place of the point.
    #[must_use]
    pub fn comma(self) -> Self {
        self.with_number("comma", |rule| rule.point = ',')
    }

    /// The number may have this character between groups of three digits. A space stands for no-break spaces too, and `'` for
    /// `’`. Groups of another length are an error, so that `12.50` is not read as 1250.
    #[must_use]
    pub fn thousands(self, separator: char) -> Self {
        self.with_number("thousands", |rule| rule.thousands = Some(separator))
    }

    /// The number is followed by a percent sign, and is divided by 100: `12.5 %` is 0.125. Text without the sign is an error.
    #[must_use]
    pub fn percent(self) -> Self {
        self.with_number("percent", |rule| rule.is_percent = true)
    }

    /// The number may have this sign before or after it, with or without spaces: `€`, `EUR`. Call it again for another sign.
    #[must_use]
    pub fn currency(self, sign: impl Into<String>) -> Self {
        let sign = sign.into();
        self.with_number("currency", |rule| rule.currencies.push(sign))
    }

    /// The timestamps are in a zone with this offset from UTC.
    #[must_use]
    pub fn in_zone(self, offset: UtcOffset) -> Self {
        self.with_zone("in_zone", Zone::Fixed(offset))
    }

    /// The timestamps are in a zone whose offset is what `offset` returns for a date and time on its clocks. `None` says that
    /// there is no such time, as in the hour that is skipped in spring, and is an error.
    #[must_use]
    pub fn in_zone_with<F>(self, offset: F) -> Self
    where
        F: Fn(PrimitiveDateTime) -> Option<UtcOffset> + Send + Sync + 'static,
    {
        self.with_zone("in_zone_with", Zone::By(Arc::new(offset)))
    }

    /// The type that the cast leads to.
    #[must_use]
    pub fn kind(&self) -> Type {
        match &self.rule {
            Rule::Type(to) => *to,
            Rule::Number(rule) => rule.kind.to_type(),
            Rule::Bool(_) => Type::Bool,
            Rule::Moment(moment) => moment.kind,
        }
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// [`CastError`] if the text is not of this form, or if the cast has a mistake.
    pub fn parse(&self, text: &str) -> Result<Value, CastError> {
        self.convert(ValueRef::Text(text))
    }

    /// Casts a value. Null stays null.
    ///
    /// # Errors
    ///
    /// [`CastError`] if the value is neither of this type nor a text of this form, or if the cast has a mistake.
    pub fn convert<'a>(&self, value: impl Into<ValueRef<'a>>) -> Result<Value, CastError> {
        self.check()?;
        self.apply(value.into())
    }

    /// Casts a value by a cast without a mistake.
    fn apply(&self, value: ValueRef<'_>) -> Result<Value, CastError> {
        let read = match (&self.rule, value) {
            (_, ValueRef::Null) => Some(Value::Null),
            (Rule::Number(rule), ValueRef::Text(text)) => rule.read(text),
            (Rule::Bool(words), ValueRef::Text(text)) => words.read(text).map(Value::Bool),
            (Rule::Moment(moment), ValueRef::Text(text)) => moment.read(text),
            (Rule::Number(rule), _) if rule.is_percent => None,
            _ => cast_value(value, self.kind()),
        };
        read.ok_or_else(|| CastError::unexpected(self.expected(), value))
    }

    /// Casts the value of a field.
    pub(super) fn convert_field(&self, field: &str, value: ValueRef<'_>) -> Result<Value, FieldError> {
        self.check().and_then(|()| self.apply(value)).map_err(|error| FieldError::cast(field, error))
    }

    /// Fails if the cast has a mistake.
    pub(crate) fn check(&self) -> Result<(), CastError> {
        let mistake = match (&self.mistake, &self.rule) {
            (Some(mistake), _) => Some(mistake.to_string()),
            (None, Rule::Number(rule)) => rule.mistake(),
            (None, Rule::Bool(words)) => words.mistake(),
            (None, Rule::Moment(moment)) => moment.mistake(),
            (None, Rule::Type(_)) => None,
        };
        mistake.map_or(Ok(()), |mistake| Err(CastError::mistake(mistake)))
    }

    /// The type, if the cast is nothing but that.
    pub(crate) fn as_type(&self) -> Option<Type> {
        match self.rule {
            Rule::Type(to) => Some(to),
            _ => None,
        }
    }

    /// What is read, in the words of an error message.
    fn expected(&self) -> String {
        match &self.rule {
            Rule::Type(to) => to.expected().to_owned(),
            Rule::Number(rule) => rule.expected(),
            Rule::Bool(words) => words.expected(),
            Rule::Moment(moment) => moment.expected(),
        }
    }

    fn new(rule: Rule) -> Self {
        Self { rule, mistake: None }
    }

    fn of_number(kind: NumberKind) -> Self {
        Self::new(Rule::Number(Arc::new(NumberRule::new(kind))))
    }

    fn of_moment(kind: Type, format: &str) -> Self {
        match Format::new(format) {
            Ok(format) => Self::new(Rule::Moment(Arc::new(Moment::new(kind, format)))),
            Err(mistake) => Self { rule: Rule::Type(kind), mistake: Some(mistake.into()) },
        }
    }

    fn with_number(mut self, option: &str, set: impl FnOnce(&mut NumberRule)) -> Self {
        match &mut self.rule {
            Rule::Number(rule) => set(Arc::make_mut(rule)),
            _ => self.misuse(option, "a number"),
        }
        self
    }

    fn with_zone(mut self, option: &str, zone: Zone) -> Self {
        match &mut self.rule {
            Rule::Moment(moment) if moment.kind == Type::Timestamp => Arc::make_mut(moment).zone = Some(zone),
            _ => self.misuse(option, "a timestamp with a format"),
        }
        self
    }

    fn misuse(&mut self, option: &str, of: &str) {
        let kind = self.kind();
        self.mistake.get_or_insert_with(|| {
            format!("`{option}` is an option of {of}, and not of a cast to {kind}").into()
        });
    }
}

impl From<Type> for Cast {
    fn from(to: Type) -> Self {
        Self::new(Rule::Type(to))
    }
}

impl From<&Self> for Cast {
    fn from(cast: &Self) -> Self {
        cast.clone()
    }
}

impl fmt::Display for Cast {
    /// The cast as Rust code: `Cast::decimal().comma()`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Rule::Type(to) => write!(f, "Type::{to:?}"),
            Rule::Number(rule) => rule.fmt(f),
            Rule::Bool(words) => words.fmt(f),
            Rule::Moment(moment) => moment.fmt(f),
        }
    }
}

impl fmt::Debug for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
