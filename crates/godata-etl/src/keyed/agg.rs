//! What a group of dynamic records is summarized to.
//!
//! Each function returns an [`Aggregate`] for [`GroupByFields::aggregate`](crate::GroupByFields::aggregate). Its name, and that of the
//! field it makes, is that of the function and of its field: `sum("amount")` makes `sum_amount`, unless
//! [`named`](Aggregate::named) says otherwise. All of them leave out records in which the field has no value: absent, null, or
//! empty in a CSV file.

use std::collections::HashSet;
use std::sync::Arc;

use godata_core::BoxError;

use super::key::KeyBytes;
use crate::records::{Addend, Sum, key_value, put_sorted, put_value};
use crate::{FieldError, Records, Type, Value, ValueRef};

/// One field of the record that a group of dynamic records is summarized to. The functions of [`agg`](crate::agg) make them.
#[derive(Clone, Debug)]
pub struct Aggregate {
    name: Arc<str>,
    field: Option<Arc<str>>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Count,
    Sum,
    Mean,
    Min,
    Max,
    First,
    Last,
    Distinct,
}

/// How many records the group has.
#[must_use]
pub fn count() -> Aggregate {
    Aggregate { name: "count".into(), field: None, kind: Kind::Count }
}

/// The sum of the numbers in a field; 0 if there are none. Numbers in decimal digits are added exactly: 0.1 and 0.20 make 0.30. The
/// sum is a float if one of the numbers is a computed float, or if it has more than 38 digits. A
/// record whose value is not a number is rejected.
pub fn sum(field: impl Into<Arc<str>>) -> Aggregate {
    Aggregate::of("sum", field.into(), Kind::Sum)
}

/// The mean of the numbers in a field, as a float; null if there are none. A record whose value is not a number is rejected.
pub fn mean(field: impl Into<Arc<str>>) -> Aggregate {
    Aggregate::of("mean", field.into(), Kind::Mean)
}

/// The least value of a field, in the order of [`sort_by`](crate::Flow::sort_by); null if there are none.
pub fn min(field: impl Into<Arc<str>>) -> Aggregate {
    Aggregate::of("min", field.into(), Kind::Min)
}

/// The greatest value of a field, in the order of [`sort_by`](crate::Flow::sort_by); null if there are none.
pub fn max(field: impl Into<Arc<str>>) -> Aggregate {
    Aggregate::of("max", field.into(), Kind::Max)
}

/// The first value of a field, in the order of the records; null if there are none.
pub fn first(field: impl Into<Arc<str>>) -> Aggregate {
    Aggregate::of("first", field.into(), Kind::First)
}

/// The last value of a field, in the order of the records; null if there are none.
pub fn last(field: impl Into<Arc<str>>) -> Aggregate {
    Aggregate::of("last", field.into(), Kind::Last)
}

/// The number of distinct values of a field, as `COUNT(DISTINCT field)` of SQL. The values are in memory: those of all groups together, as long as the groups fit, and
/// else at least those of one group. If they don't fit, the run fails.
pub fn distinct(field: impl Into<Arc<str>>) -> Aggregate {
    Aggregate::of("distinct", field.into(), Kind::Distinct)
}

impl Aggregate {
    fn of(function: &str, field: Arc<str>, kind: Kind) -> Self {
        Self { name: format!("{function}_{field}").into(), field: Some(field), kind }
    }

    /// Sets the name of the field that it makes.
    #[must_use]
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), ..self }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The field whose values it takes, if it takes any.
    pub(crate) fn field(&self) -> Option<&Arc<str>> {
        self.field.as_ref()
    }

    /// What it makes of no records.
    pub(super) fn start(&self) -> State {
        match self.kind {
            Kind::Count => State::Count(0),
            Kind::Sum | Kind::Mean => State::Sum(Sum::default()),
            Kind::Min | Kind::Max => State::Extreme(None),
            Kind::First | Kind::Last => State::Value(Value::Null),
            Kind::Distinct => State::Distinct(HashSet::new(), 0),
        }
    }

    /// What it needs of a batch, before it has read the records.
    pub(super) fn inputs(&self, batch: &Records) -> Result<Inputs, FieldError> {
        let column = self.field.as_ref().map(|field| batch.find_column(field)).transpose()?.flatten();
        let room = if self.reads() { batch.len() } else { 0 };
        Ok(Inputs { column, addends: Vec::with_capacity(room) })
    }

    /// Whether it [reads](Self::read) the records.
    pub(super) fn reads(&self) -> bool {
        matches!(self.kind, Kind::Sum | Kind::Mean)
    }

    /// Reads a record, after those before it. Fails if it can't take the record.
    pub(super) fn read(&self, batch: &Records, index: usize, inputs: &mut Inputs) -> Result<(), BoxError> {
        inputs.addends.resize(index, None);
        let Some(value) = inputs.value(batch, index) else { return Ok(()) };
        let field = self.field.as_deref().unwrap_or_default();
        let addend = Addend::of(value).ok_or_else(|| FieldError::unexpected(field, Type::Float, value))?;
        inputs.addends.push(Some(addend));
        Ok(())
    }

    /// Takes a record. Returns by how many bytes the state has grown.
    pub(super) fn add(&self, state: &mut State, batch: &Records, inputs: &Inputs, index: usize) -> i64 {
        match state {
            State::Count(count) => {
                *count += 1;
                return 0;
            }
            State::Sum(sum) => {
                if let Some(&Some(addend)) = inputs.addends.get(index) {
                    sum.add(addend);
                }
                return 0;
            }
            _ => {}
        }
        let Some(value) = inputs.value(batch, index) else { return 0 };
        let before = state.size();
        match state {
            State::Extreme(extreme) => {
                let mut key = KeyBytes::default();
                put_sorted(value, &mut key);
                let is_better = extreme.as_ref().is_none_or(|(old, _)| match self.kind {
                    Kind::Min => key.as_slice() < old.as_slice(),
                    _ => key.as_slice() > old.as_slice(),
                });
                if is_better {
                    *extreme = Some((key, value.to_owned()));
                }
            }
            State::Value(first) if matches!(self.kind, Kind::First) && *first != Value::Null => {}
            State::Value(kept) => *kept = value.to_owned(),
            State::Distinct(values, size) => {
                let mut key = KeyBytes::default();
                put_value(value, &mut key);
                // A set takes about twice what its elements take.
                let more = 2 * (key.as_slice().len() + size_of::<Box<[u8]>>()) as u64;
                if values.insert(key.as_slice().into()) {
                    *size += more;
                }
            }
            State::Count(_) | State::Sum(_) => {}
        }
        state.size().cast_signed() - before.cast_signed()
    }

    pub(super) fn finish(&self, state: State) -> Value {
        match state {
            State::Count(count) => Value::from(count),
            State::Sum(sum) if matches!(self.kind, Kind::Mean) => sum.mean(),
            State::Sum(sum) => sum.value(),
            State::Extreme(extreme) => extreme.map_or(Value::Null, |(_, value)| value),
            State::Value(value) => value,
            State::Distinct(values, _) => Value::from(values.len() as u64),
        }
    }
}

/// What an aggregate has made of the records so far.
#[derive(Debug)]
pub(crate) enum State {
    Count(u64),
    Sum(Sum),
    /// The key and the value.
    Extreme(Option<(KeyBytes, Value)>),
    Value(Value),
    /// The keys of the values, and how many bytes they take.
    Distinct(HashSet<Box<[u8]>>, u64),
}

impl State {
    /// How many bytes it takes beyond its own size.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Count(_) | Self::Sum(_) | Self::Extreme(None) => 0,
            Self::Extreme(Some((key, value))) => key.as_slice().len() as u64 + text_size(value),
            Self::Value(value) => text_size(value),
            Self::Distinct(_, size) => *size,
        }
    }
}

/// What an aggregate needs of a batch.
#[derive(Debug)]
pub(crate) struct Inputs {
    column: Option<usize>,
    /// The number in each record, if the aggregate adds numbers. Those missing at the end have none.
    addends: Vec<Option<Addend>>,
}

impl Inputs {
    /// The value of the field in a record; `None` if there is none.
    fn value<'a>(&self, batch: &'a Records, index: usize) -> Option<ValueRef<'a>> {
        key_value(batch, index, self.column?)
    }

    /// Forgets the records at these positions, which are ascending.
    pub(super) fn take_out(&mut self, rejected: &[u32]) {
        let mut rejected = rejected.iter().peekable();
        let mut position = 0;
        self.addends.retain(|_| {
            let is_rejected = rejected.next_if(|&&at| at == position).is_some();
            position += 1;
            !is_rejected
        });
    }
}

/// How many bytes a value takes beyond its own size, about.
pub(super) fn text_size(value: &Value) -> u64 {
    match value {
        Value::Text(text) => text.len() as u64,
        Value::Bytes(bytes) => bytes.len() as u64,
        Value::List(values) => values.iter().map(|value| size_of::<Value>() as u64 + text_size(value)).sum(),
        Value::Map(fields) => fields
            .iter()
            .map(|(name, value)| (size_of::<(String, Value)>() + name.len()) as u64 + text_size(value))
            .sum(),
        Value::Number(_) => 16,
        Value::Null | Value::Bool(_) | Value::Timestamp(_) | Value::Decimal(_) | Value::Date(_) => 0,
    }
}
