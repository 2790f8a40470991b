//! Schedules as text.

mod duration;
mod instant;
mod list;
mod local;
mod parse;
mod serde;

pub(crate) use duration::{DurationText, describe_duration, duration};
pub(crate) use instant::{DateText, InstantText, date, describe_instant, instant, month_and_day};
pub(crate) use list::{list_items, listed};
pub(crate) use local::{LocalSuffix, describe_local};
pub use parse::parse;
pub(crate) use parse::{TextForm, inside, parts, schedule};
