//! Decodes arrays and objects within a dynamic record.

use std::collections::HashMap;

use godata_etl::Value;

use super::parser::Parser;
use super::problem::{Problem, Refused};
use crate::DuplicateKeys;

/// Up to this many keys, a linear search is faster than a hash table.
const SCAN_LIMIT: usize = 16;

/// The value that begins here.
pub(super) fn value(json: &mut Parser<'_>, rule: DuplicateKeys) -> Result<Value, Refused> {
    match json.peek() {
        Some(b'"') => Ok(Value::Text(json.string()?.into_owned())),
        Some(b'-' | b'0'..=b'9') => number(json, rule),
        Some(b'[') => list(json, rule),
        Some(b'{') => map(json, rule),
        Some(b'n') => json.word("null").map(|()| Value::Null),
        Some(b't') => json.word("true").map(|()| Value::Bool(true)),
        Some(b'f') => json.word("false").map(|()| Value::Bool(false)),
        _ => Err(Problem::Syntax.into()),
    }
}

fn number(json: &mut Parser<'_>, rule: DuplicateKeys) -> Result<Value, Refused> {
    let column = json.at() + 1;
    let digits = json.number()?;
    // As an integer, `-0` would lose its sign.
    let int = || digits.parse::<i64>().ok().filter(|_| digits != "-0").map(Value::Int);
    let uint = || digits.parse().ok().map(Value::UInt);
    let float = || digits.parse().ok().filter(|float: &f64| float.is_finite()).map(Value::Float);
    let value = int().or_else(uint).or_else(float);
    if rule == DuplicateKeys::Refuse {
        // The list or map is written as it was read, so the output still has a number here.
        return Ok(value.unwrap_or_else(|| Value::Text(digits.to_owned())));
    }
    value.ok_or_else(|| Problem::Range { column, digits: digits.to_owned() }.into())
}

fn list(json: &mut Parser<'_>, rule: DuplicateKeys) -> Result<Value, Refused> {
    let mut values = Vec::new();
    json.open()?;
    while json.next(b']', values.is_empty())? {
        let index = values.len();
        values.push(value(json, rule).map_err(|refused| refused.in_index(index))?);
    }
    Ok(Value::List(values))
}

fn map(json: &mut Parser<'_>, rule: DuplicateKeys) -> Result<Value, Refused> {
    let mut known = Fields::default();
    let mut first = true;
    json.open()?;
    while json.next(b'}', first)? {
        first = false;
        let (name, column) = json.key()?;
        let before = known.position(&name);
        if before.is_some() && rule == DuplicateKeys::Refuse {
            return Err(Refused::from(Problem::Duplicate { column }).in_field(&name));
        }
        let value = value(json, rule).map_err(|refused| refused.in_field(&name))?;
        match before {
            None => known.push(name.into_owned(), value),
            Some(position) if rule == DuplicateKeys::Last => known.fields[position].1 = value,
            Some(_) => {}
        }
    }
    Ok(Value::Map(known.fields))
}

/// The fields of an object so far.
#[derive(Default)]
struct Fields {
    fields: Vec<(String, Value)>,
    /// The position of each field, once there are many.
    positions: HashMap<String, usize>,
}

impl Fields {
    fn position(&mut self, name: &str) -> Option<usize> {
        if self.fields.len() < SCAN_LIMIT {
            return self.fields.iter().position(|(known, _)| known == name);
        }
        if self.positions.is_empty() {
            self.positions
                .extend((0..).zip(&self.fields).map(|(position, (known, _))| (known.clone(), position)));
        }
        self.positions.get(name).copied()
    }

    fn push(&mut self, name: String, value: Value) {
        if !self.positions.is_empty() {
            self.positions.insert(name.clone(), self.fields.len());
        }
        self.fields.push((name, value));
    }
}
