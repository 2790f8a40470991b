//! The fields of a pattern, and which of them is wrong.

use croner::parser::CronParser;

use crate::ScheduleError;
use crate::error::excerpt;

/// A field: its name, what is accepted, and the words that may stand for its numbers.
struct Field {
    name: &'static str,
    expected: &'static str,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 7] = [
    Field { name: "second", expected: "0-59 as *, numbers, a-b, */n, a-b/n, or a list of them", names: &[] },
    Field { name: "minute", expected: "0-59 as *, numbers, a-b, */n, a-b/n, or a list of them", names: &[] },
    Field { name: "hour", expected: "0-23 as *, numbers, a-b, */n, a-b/n, or a list of them", names: &[] },
    Field {
        name: "day of month",
        expected: "1-31 as *, ?, numbers, a-b, */n, a-b/n, nW, or a list of them; L or LW",
        names: &[],
    },
    Field {
        name: "month",
        expected: "1-12 or JAN-DEC as *, numbers, a-b, */n, a-b/n, or a list of them",
        names: &MONTHS,
    },
    Field {
        name: "day of week",
        expected: "0-7 or SUN-SAT as *, ?, numbers, a-b, */n, a-b/n, nL, n#1 to n#5, or a list of them; + before it",
        names: &WEEKDAYS,
    },
    Field { name: "year", expected: "1-5000 as *, numbers, a-b, */n, a-b/n, or a list of them", names: &[] },
];

const DAY_OF_MONTH: usize = 3;
const DAY_OF_WEEK: usize = 5;

/// Refuses what the parser would let pass: names in fields that have none, names without a separator between them,
/// empty items of lists, and what has no effect.
pub(super) fn check(pattern: &str) -> Result<(), ScheduleError> {
    for (index, text) in numbered(pattern) {
        if !is_well_formed(index, text) {
            return Err(invalid(pattern, index, text));
        }
    }
    Ok(())
}

/// Says which field it is that the parser does not accept.
pub(super) fn blame(pattern: &str) -> ScheduleError {
    for (index, text) in numbered(pattern) {
        let mut alone = ["*"; FIELDS.len()];
        if let Some(field) = alone.get_mut(index) {
            *field = text;
        }
        if CronParser::new().parse(&alone.join(" ")).is_err() {
            return invalid(pattern, index, text);
        }
    }
    let expected = "5 fields (minute, hour, day of month, month, day of week), 6 with seconds before them, 7 with \
                    years after those; or @yearly, @monthly, @weekly, @daily or @hourly";
    ScheduleError::invalid("cron pattern", pattern, expected)
}

/// Whether a word could be a field, rather than the name of a zone.
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

/// The fields, each with its place in [`FIELDS`]. Nothing if there are too few or too many.
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
    let loses_one = items().any(|item| item == "L") && items().any(|item| item == "LW");
    items().all(is_item) && !loses_one
}

fn invalid(pattern: &str, index: usize, text: &str) -> ScheduleError {
    let (field, expected) = FIELDS.get(index).map(|field| (field.name, field.expected)).unwrap_or_default();
    ScheduleError::CronField { field, found: excerpt(text), pattern: excerpt(pattern), expected }
}
