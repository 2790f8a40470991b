//! Decodes arrays and objects within a dynamic record.

use std::collections::HashMap;

use godata_etl::{Number, Value};

use super::parser::Parser;
use super::problem::{Problem, Refused};
use crate::DuplicateKeys;

/// Up to this many keys, a linear search is faster than a hash table.
const SCAN_LIMIT: usize = 16;

/// The value that begins here.
pub(super) fn value(json: &mut Parser<'_>, rule: DuplicateKeys) -> Result<Value, Refused> {
    match json.peek() {
        Some(b'"') => Ok(Value::Text(json.string()?.into_owned())),
        Some(b'-' | b'0'..=b'9') => Ok(Value::from(Number::from_digits(json.number()?))),
        Some(b'[') => list(json, rule),
        Some(b'{') => map(json, rule),
        Some(b'n') => json.word("null").map(|()| Value::Null),
        Some(b't') => json.word("true").map(|()| Value::Bool(true)),
        Some(b'f') => json.word("false").map(|()| Value::Bool(false)),
        _ => Err(Problem::Syntax.into()),
    }
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
