//! Schedules as text.

mod duration;
mod instant;
mod list;
mod local_suffix;
#[cfg(feature = "cron")]
mod on_calendar;
mod parse;
mod serde;

pub(crate) use duration::{DurationText, describe_duration, duration, meant_duration};
pub(crate) use instant::{DateText, InstantText, date, describe_instant, instant, month_and_day};
pub(crate) use list::{canonical_list, list_items, listed};
pub(crate) use local_suffix::{LocalSuffix, describe_local, policy_in};
pub use parse::parse;
pub(crate) use parse::{TextForm, WEEKDAYS, inside, is_text_of, parts, schedule};
