//! The fields of a pattern: their names, values, and the texts of errors.

use std::ops::RangeInclusive;

use godata_core::excerpt;

use super::values::Refused;
use crate::ScheduleError;

/// A field and what it accepts.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) values: RangeInclusive<u16>,
    /// Words that can stand for its values, from the first value on.
    pub(super) names: &'static [&'static str],
    expected: &'static str,
    expected_steps: &'static str,
}

const MONTH_NAMES: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAY_NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

pub(super) static SECOND: Field = Field {
    name: "second",
    values: 0..=59,
    names: &[],
    expected: "* alone, or a list of 0-59, a-b, */n and a-b/n",
    expected_steps: "a step from 1 to 59",
};

pub(super) static MINUTE: Field = Field {
    name: "minute",
    values: 0..=59,
    names: &[],
    expected: "* alone, or a list of 0-59, a-b, */n and a-b/n",
    expected_steps: "a step from 1 to 59",
};

pub(super) static HOUR: Field = Field {
    name: "hour",
    values: 0..=23,
    names: &[],
    expected: "* alone, or a list of 0-23, a-b, */n and a-b/n",
    expected_steps: "a step from 1 to 23",
};

pub(super) static DAY_OF_MONTH: Field = Field {
    name: "day of month",
    values: 1..=31,
    names: &[],
    expected: "* or ? alone, or a list of 1-31, a-b, */n, a-b/n, nW, L and LW",
    expected_steps: "a step from 1 to 30",
};

pub(super) static MONTH: Field = Field {
    name: "month",
    values: 1..=12,
    names: &MONTH_NAMES,
    expected: "* alone, or a list of 1-12 or JAN-DEC, a-b, */n and a-b/n",
    expected_steps: "a step from 1 to 11",
};

/// Its values end with 7, which is Sunday too.
pub(super) static DAY_OF_WEEK: Field = Field {
    name: "day of week",
    values: 0..=7,
    names: &WEEKDAY_NAMES,
    expected: "* or ? alone, or a list of 0-7 or SUN-SAT, a-b, */n, a-b/n, n#1 to n#5, n#L and nL; + before it all",
    expected_steps: "a step from 1 to 6",
};

pub(super) static YEAR: Field = Field {
    name: "year",
    values: 1..=5_000,
    names: &[],
    expected: "* alone, or a list of 1-5000, a-b, */n and a-b/n",
    expected_steps: "a step from 1 to 4999",
};

impl Field {
    /// Smaller than the number of values, because a larger step would match only the first.
    pub(super) fn steps(&self) -> RangeInclusive<u16> {
        // Sunday, which has two numbers, counts once.
        let last = if self.name == DAY_OF_WEEK.name { 6 } else { *self.values.end() };
        1..=last - self.values.start()
    }

    /// The most digits of a number.
    pub(super) fn digits(&self) -> usize {
        if *self.values.end() > 99 { 4 } else { 2 }
    }

    pub(super) fn error(&self, refused: Refused, text: &str, pattern: &str) -> ScheduleError {
        let expected = match refused {
            Refused::Item => self.expected,
            Refused::Step => self.expected_steps,
            Refused::StepOfOne => "a range before the step: */n from the first value, a-b/n from another one",
        };
        ScheduleError::CronField {
            field: self.name,
            found: excerpt(text),
            pattern: excerpt(pattern),
            expected,
        }
    }
}

/// Whether a word could be a field rather than the name of a zone.
pub(super) fn looks_like_one(word: &str) -> bool {
    let mut names = word.split(|c: char| !c.is_ascii_alphabetic()).filter(|name| !name.is_empty());
    names.all(|name| {
        let name = name.to_ascii_uppercase();
        let stem = name.strip_suffix('L').unwrap_or(&name);
        ["L", "W", "LW"].contains(&&*name)
            || MONTH_NAMES.contains(&&*name)
            || WEEKDAY_NAMES.contains(&&*name)
            || WEEKDAY_NAMES.contains(&stem)
    })
}
