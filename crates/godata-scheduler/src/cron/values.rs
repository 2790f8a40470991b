//! The values of a field: read from a list, and written in one way.

use super::fields::{DAY_OF_WEEK, Field};

/// Values in ascending order, without duplicates.
pub(super) type Values = Vec<u16>;

/// Why an item is not part of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Item,
    Step,
    /// A step after a single value, as in `0/15`.
    StepOfOne,
}

/// Reads `*`, or a list.
pub(super) fn parse(field: &Field, text: &str) -> Result<Values, Refused> {
    if text == "*" {
        return Ok(field.values.clone().collect());
    }
    let mut values = Vec::new();
    for item in text.split(',') {
        values.extend(parse_item(field, item)?);
    }
    Ok(sorted(values))
}

/// Reads a value, `a-b`, `*/n` or `a-b/n`.
pub(super) fn parse_item(field: &Field, item: &str) -> Result<Values, Refused> {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (item, None),
    };
    let values = match (range.split_once('-'), step) {
        (Some((first, last)), _) => range_of(field, first, last),
        (None, Some(_)) if range == "*" => Some(field.values.clone()),
        (None, Some(_)) if value(field, range).is_some() => return Err(Refused::StepOfOne),
        (None, Some(_)) => None,
        (None, None) => value(field, range).map(|value| value..=value),
    };
    let values = values.ok_or(Refused::Item)?;
    let step = step.map_or(Ok(1), |step| self::step(field, step))?;
    Ok(values.step_by(step).collect())
}

fn range_of(field: &Field, first: &str, last: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let (first, mut last) = (value(field, first)?, value(field, last)?);
    // In `SAT-SUN`, Sunday is 7.
    if field.name == DAY_OF_WEEK.name && last == 0 && first > 0 {
        last = 7;
    }
    (first <= last).then_some(first..=last)
}

/// Reads a number or a name.
pub(super) fn value(field: &Field, text: &str) -> Option<u16> {
    let named = field.names.iter().position(|name| *name == text);
    let value = match named {
        Some(index) => field.values.start() + u16::try_from(index).ok()?,
        None => number(field, text)?,
    };
    field.values.contains(&value).then_some(value)
}

fn step(field: &Field, text: &str) -> Result<usize, Refused> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::Item);
    }
    let step = number(field, text).filter(|step| field.steps().contains(step));
    step.map(usize::from).ok_or(Refused::Step)
}

fn number(field: &Field, text: &str) -> Option<u16> {
    let digits = text.len() <= field.digits() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

pub(super) fn sorted(mut values: Values) -> Values {
    values.sort_unstable();
    values.dedup();
    values
}

/// Whether a text may begin with `*`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Star {
    Allowed,
    Forbidden,
}

/// The shortest usual text: `*`, `*/5`, `9-17`, `0-30/5`, `1,15`.
pub(super) fn text(field: &Field, values: &[u16], star: Star) -> String {
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else { return String::new() };
    let step = step_of(values);
    let spans =
        first == *field.values.start() && last.saturating_add(step.unwrap_or(1)) > *field.values.end();
    match step {
        Some(1) if spans && star == Star::Allowed => "*".to_owned(),
        Some(step) if step > 1 && spans && star == Star::Allowed && values.len() > 2 => format!("*/{step}"),
        Some(step) if step > 1 && values.len() > 3 => {
            format!("{}-{}/{step}", name(field, first), name(field, last))
        }
        _ => runs(field, values),
    }
}

/// A text that begins with `*/n`, then lists the values that are not among those; `None` if there is no such `n`.
pub(super) fn text_with_star(field: &Field, values: &[u16]) -> Option<String> {
    let every = |step: u16| field.values.clone().step_by(step.into());
    let has_all = |step: &u16| every(*step).all(|value| values.binary_search(&value).is_ok());
    let step = field.steps().find(has_all)?;
    let covered: Values = every(step).collect();
    let others: Values =
        values.iter().copied().filter(|value| covered.binary_search(value).is_err()).collect();
    let others = if others.is_empty() { String::new() } else { format!(",{}", runs(field, &others)) };
    Some(if step == 1 { "*".to_owned() } else { format!("*/{step}{others}") })
}

/// The difference of all neighbors, if it is the same.
fn step_of(values: &[u16]) -> Option<u16> {
    let mut steps = values.windows(2).map(|pair| pair[1] - pair[0]);
    let step = steps.next()?;
    steps.all(|other| other == step).then_some(step)
}

/// `1,3-5,8`.
fn runs(field: &Field, values: &[u16]) -> String {
    let mut items = Vec::new();
    for run in values.chunk_by(|a, b| *b == a + 1) {
        match run {
            [first, _, .., last] => items.push(format!("{}-{}", name(field, *first), name(field, *last))),
            few => items.extend(few.iter().map(|value| name(field, *value))),
        }
    }
    items.join(",")
}

fn name(field: &Field, value: u16) -> String {
    let index = usize::from(value - field.values.start());
    field.names.get(index).map_or_else(|| value.to_string(), |name| (*name).to_owned())
}
