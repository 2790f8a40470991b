//! `FromStr` and serde for the kinds of schedules: each is read and written as its text.

use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::TextForm;
#[cfg(feature = "cron")]
use crate::Cron;
use crate::{
    AnyOf, AnySchedule, Between, Calendar, DailyAt, Except, Interval, MonthlyAt, Never, Once, ScheduleError,
    Zone,
};

macro_rules! from_text {
    ($($name:ident),*) => {$(
        impl FromStr for $name {
            type Err = ScheduleError;

            fn from_str(text: &str) -> Result<Self, ScheduleError> {
                <Self as TextForm>::parse(text)
            }
        }

        serde_as_text!($name);
    )*};
}

macro_rules! serde_as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

from_text!(AnyOf, Between, DailyAt, Except, Interval, MonthlyAt, Never, Once);
#[cfg(feature = "cron")]
from_text!(Cron);
serde_as_text!(AnySchedule, Calendar, Zone);
