//! Checks the fields of a pattern, and finds the invalid one.

use std::ops::RangeInclusive;

use croner::parser::CronParser;
use godata_core::excerpt;

use crate::ScheduleError;

/// A field and what it accepts.
struct Field {
    name: &'static str,
    expected: &'static str,
    /// Smaller than the number of values, because a larger step would match only the first.
    steps: RangeInclusive<u16>,
    expected_steps: &'static str,
    /// Words that can stand for its numbers.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 7] = [
    Field {
        name: "second",
        expected: "0-59 as *, numbers, a-b, */n, a-b/n, or a list of them",
        steps: 1..=59,
        expected_steps: "a step from 1 to 59",
        names: &[],
    },
    Field {
        name: "minute",
        expected: "0-59 as *, numbers, a-b, */n, a-b/n, or a list of them",
        steps: 1..=59,
        expected_steps: "a step from 1 to 59",
        names: &[],
    },
    Field {
        name: "hour",
        expected: "0-23 as *, numbers, a-b, */n, a-b/n, or a list of them",
        steps: 1..=23,
        expected_steps: "a step from 1 to 23",
        names: &[],
    },
    Field {
        name: "day of month",
        expected: "1-31 as *, ?, numbers, a-b, */n, a-b/n, nW, or a list of them; L or LW",
        steps: 1..=30,
        expected_steps: "a step from 1 to 30",
        names: &[],
    },
    Field {
        name: "month",
        expected: "1-12 or JAN-DEC as *, numbers, a-b, */n, a-b/n, or a list of them",
        steps: 1..=11,
        expected_steps: "a step from 1 to 11",
        names: &MONTHS,
    },
    Field {
        name: "day of week",
        expected: "0-7 or SUN-SAT as *, ?, numbers, a-b, */n, a-b/n, nL, n#1 to n#5, or a list of them; + before it",
        steps: 1..=6,
        expected_steps: "a step from 1 to 6",
        names: &WEEKDAYS,
    },
    Field {
        name: "year",
        expected: "1-5000 as *, numbers, a-b, */n, a-b/n, or a list of them",
        steps: 1..=4_999,
        expected_steps: "a step from 1 to 4999",
        names: &[],
    },
];

const DAY_OF_MONTH: usize = 3;
const DAY_OF_WEEK: usize = 5;

/// Refuses what the parser would accept: names in fields without names, names without a separator between them, empty list
/// items, steps that are too large, and items without effect.
pub(super) fn check(pattern: &str) -> Result<(), ScheduleError> {
    for (index, text) in numbered(pattern) {
        let Some(field) = FIELDS.get(index) else { continue };
        if !is_well_formed(index, text) {
            return Err(invalid(pattern, field, text, field.expected));
        }
        let mut steps = text.split(',').filter_map(|item| item.split_once('/'));
        if !steps.all(|(_, step)| step.parse().is_ok_and(|step| field.steps.contains(&step))) {
            return Err(invalid(pattern, field, text, field.expected_steps));
        }
    }
    Ok(())
}

/// The error for a pattern that the parser does not accept, with the field at fault.
pub(super) fn blame(pattern: &str) -> ScheduleError {
    for (index, text) in numbered(pattern) {
        let Some(field) = FIELDS.get(index) else { continue };
        let mut alone = ["*"; FIELDS.len()];
        if let Some(other) = alone.get_mut(index) {
            *other = text;
        }
        if CronParser::new().parse(&alone.join(" ")).is_err() {
            return invalid(pattern, field, text, field.expected);
        }
    }
    let expected = "5 fields (minute, hour, day of month, month, day of week), 6 with seconds before them, 7 with \
                    years after those; or @yearly, @monthly, @weekly, @daily or @hourly";
    ScheduleError::invalid("cron pattern", pattern, expected)
}

/// Whether a word could be a field rather than the name of a zone.
pub(super) fn looks_like_one(word: &str) -> bool {
    let mut names = word.split(|c: char| !c.is_ascii_alphabetic()).filter(|name| !name.is_empty());
    names.all(|name| {
        let name = name.to_ascii_uppercase();
        let stem = name.strip_suffix('L').unwrap_or(&name);
        ["L", "W", "LW"].contains(&name.as_str())
            || MONTHS.contains(&name.as_str())
            || WEEKDAYS.contains(&name.as_str())
            || WEEKDAYS.contains(&stem)
    })
}

/// The fields, each with its index in [`FIELDS`]; empty if there are too few or too many.
fn numbered(pattern: &str) -> impl Iterator<Item = (usize, &str)> {
    let texts: Vec<&str> = pattern.split_whitespace().collect();
    let known = (5..=7).contains(&texts.len());
    let first = usize::from(texts.len() == 5);
    (first..).zip(texts).filter(move |_| known)
}

fn is_well_formed(index: usize, text: &str) -> bool {
    let names = FIELDS.get(index).map(|field| field.names).unwrap_or_default();
    let text = if index == DAY_OF_WEEK { text.strip_prefix('+').unwrap_or(text) } else { text };
    let is_atom = |atom: &str| {
        let stem = match index {
            DAY_OF_MONTH => atom.strip_suffix('W').unwrap_or(atom),
            DAY_OF_WEEK => atom.strip_suffix('L').unwrap_or(atom),
            _ => atom,
        };
        let is_number = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit());
        let is_last = index == DAY_OF_MONTH && (atom == "L" || atom == "LW");
        is_number || is_last || names.contains(&stem) || atom == "*" || (atom == "?" && text == "?")
    };
    let is_item = |item: &str| item.split(['-', '/', '#']).all(is_atom);
    let items = || text.split(',');
    // Of `L` and `LW` in one list, the parser would ignore one.
    let loses_one = items().any(|item| item == "L") && items().any(|item| item == "LW");
    items().all(is_item) && !loses_one
}

fn invalid(pattern: &str, field: &Field, text: &str, expected: &'static str) -> ScheduleError {
    ScheduleError::CronField { field: field.name, found: excerpt(text), pattern: excerpt(pattern), expected }
}
