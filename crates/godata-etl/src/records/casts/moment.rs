//! Dates and timestamps in a format.

use std::fmt;
use std::sync::Arc;

use time::{PrimitiveDateTime, UtcOffset};

use super::super::cast::Type;
use super::super::timestamp::Timestamp;
use super::super::value::Value;
use super::format::Format;
use super::format_item::Item;

/// How a date or a timestamp is written.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// [`Type::Date`] or [`Type::Timestamp`].
    pub(super) kind: Type,
    format: Format,
    pub(super) zone: Option<Zone>,
}

/// Where the clocks are that show a time without an offset.
#[derive(Clone)]
pub(super) enum Zone {
    Fixed(UtcOffset),
    By(Arc<OffsetOf>),
}

type OffsetOf = dyn Fn(PrimitiveDateTime) -> Option<UtcOffset> + Send + Sync;

impl Moment {
    pub(super) fn new(kind: Type, format: Format) -> Self {
        Self { kind, format, zone: None }
    }

    pub(super) fn read(&self, text: &str) -> Option<Value> {
        let parts = self.format.read(text)?;
        let local = PrimitiveDateTime::new(parts.date()?, parts.time()?);
        if self.kind == Type::Date {
            return Some(Value::Date(local.date()));
        }
        let offset = match (parts.offset, &self.zone) {
            (Some(offset), _) => offset,
            (None, Some(Zone::Fixed(offset))) => *offset,
            (None, Some(Zone::By(offset))) => offset(local)?,
            (None, None) => UtcOffset::UTC,
        };
        Timestamp::at_offset(local, offset).map(Value::Timestamp)
    }

    pub(super) fn expected(&self) -> String {
        format!("a {} such as `{}`", self.kind, self.format.example())
    }

    pub(super) fn mistake(&self) -> Option<String> {
        let is_double = self.zone.is_some() && self.format.has(Item::Offset);
        is_double.then(|| "a format with `%z` has its own offset and needs no zone".to_owned())
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fixed(a), Self::Fixed(b)) => a == b,
            (Self::By(a), Self::By(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Eq for Zone {}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cast::{}({:?})", self.kind, self.format.text())?;
        match &self.zone {
            None => Ok(()),
            Some(Zone::Fixed(offset)) => {
                let (hours, minutes, seconds) = offset.as_hms();
                write!(f, ".in_zone(UtcOffset::from_hms({hours}, {minutes}, {seconds})?)")
            }
            Some(Zone::By(_)) => f.write_str(".in_zone_with(…)"),
        }
    }
}
