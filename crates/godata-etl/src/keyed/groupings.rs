//! The kinds of groups.

use std::marker::PhantomData;
use std::sync::Arc;

use godata_core::BoxError;

use super::agg::{Aggregate, Inputs, State, text_size};
use super::grouping::Grouping;
use crate::records::key_value;
use crate::{
    Chunk, FieldError, Record, RecordRef, Records, RecordsBuilder, Shape, Stop, Value, ValueRef, Work,
};

/// Folds the values of a group with a closure.
pub(crate) struct Fold<T, F, A, G> {
    pub(crate) key: F,
    pub(crate) initial: A,
    pub(crate) fold: G,
    pub(crate) _values: PhantomData<fn(T)>,
}

impl<T, K, A, F, G> Grouping<Vec<T>> for Fold<T, F, A, G>
where
    T: Send + 'static,
    K: Send + 'static,
    A: Clone + Send + Sync + 'static,
    F: Fn(&T) -> K + Send + Sync + 'static,
    G: Fn(&mut A, &T) -> Result<(), BoxError> + Send + Sync + 'static,
{
    type Group = (K, A);
    type Inputs = ();
    type Out = Vec<(K, A)>;

    fn prepare(&self, chunk: Chunk<Vec<T>>, _: &mut Work) -> Result<(Chunk<Vec<T>>, ()), Stop> {
        Ok((chunk, ()))
    }

    fn start(&self, batch: &Vec<T>, (): &(), index: usize) -> Result<(K, A), BoxError> {
        let first = batch.get(index).ok_or("a group without a record")?;
        Ok(((self.key)(first), self.initial.clone()))
    }

    fn add(&self, (_, folded): &mut (K, A), batch: &Vec<T>, (): &(), index: usize) -> Result<i64, BoxError> {
        batch.get(index).map_or(Ok(()), |item| (self.fold)(folded, item))?;
        Ok(0)
    }

    fn size(&self, _: &(K, A)) -> u64 {
        0
    }

    fn finish(&self, groups: Vec<(K, A)>) -> Result<Vec<(K, A)>, BoxError> {
        Ok(groups)
    }
}

/// Folds the dynamic records of a group with a closure.
pub(crate) struct FoldRecords<A, G> {
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) initial: A,
    pub(crate) fold: G,
}

impl<A, G> Grouping<Records> for FoldRecords<A, G>
where
    A: Clone + Send + Sync + 'static,
    G: Fn(&mut A, RecordRef<'_>) -> Result<(), BoxError> + Send + Sync + 'static,
{
    type Group = (Record, A);
    /// The columns of the key.
    type Inputs = Vec<Option<usize>>;
    type Out = Vec<(Record, A)>;

    fn prepare(&self, chunk: Chunk<Records>, _: &mut Work) -> Result<(Chunk<Records>, Self::Inputs), Stop> {
        let columns = columns(&self.names, chunk.batch())?;
        Ok((chunk, columns))
    }

    fn start(&self, batch: &Records, columns: &Self::Inputs, index: usize) -> Result<(Record, A), BoxError> {
        let values = columns.iter().map(|&column| value(batch, index, column));
        let key: Vec<_> = self.names.iter().cloned().zip(values).collect();
        Ok((key.into_iter().collect(), self.initial.clone()))
    }

    fn add(
        &self,
        (_, folded): &mut (Record, A),
        batch: &Records,
        _: &Self::Inputs,
        index: usize,
    ) -> Result<i64, BoxError> {
        batch.row(index).map_or(Ok(()), |record| (self.fold)(folded, record))?;
        Ok(0)
    }

    fn size(&self, (key, _): &(Record, A)) -> u64 {
        let texts: usize = key.iter().filter_map(|(_, value)| value.as_str()).map(str::len).sum();
        (key.len() * size_of::<(Arc<str>, Value)>() + texts) as u64
    }

    fn finish(&self, groups: Vec<(Record, A)>) -> Result<Vec<(Record, A)>, BoxError> {
        Ok(groups)
    }
}

/// Summarizes the dynamic records of a group.
pub(crate) struct Aggregates {
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) aggregates: Vec<Aggregate>,
    /// The fields of the key and of the aggregates.
    pub(crate) needed: Vec<Arc<str>>,
    pub(crate) shape: Arc<Shape>,
}

/// The values of the key, and what the aggregates have made so far.
pub(crate) type Summary = (Box<[Value]>, Box<[State]>);

/// What is known about a batch that is summarized.
pub(crate) struct Summarized {
    /// The columns of the key.
    columns: Vec<Option<usize>>,
    /// What each aggregate needs.
    inputs: Vec<Inputs>,
}

impl Grouping<Records> for Aggregates {
    type Group = Summary;
    type Inputs = Summarized;
    type Out = Records;

    fn missing(&self, batch: &Records) -> Vec<Arc<str>> {
        let fields = self.aggregates.iter().filter_map(Aggregate::field);
        fields.filter(|field| batch.shape().position(field).is_none()).cloned().collect()
    }

    /// A record that one of the aggregates can't take changes none of them.
    fn prepare(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<(Chunk<Records>, Summarized), Stop> {
        let mut chunk = chunk;
        // The other fields would only take memory.
        chunk.batch.select(&self.needed)?;
        let mut inputs: Vec<_> = self
            .aggregates
            .iter()
            .map(|aggregate| aggregate.inputs(chunk.batch()))
            .collect::<Result<_, _>>()?;
        let pairs = self.aggregates.iter().zip(&mut inputs);
        let mut reading: Vec<_> = pairs.filter(|(aggregate, _)| aggregate.reads()).collect();
        let rejected = work.each(&chunk.rows, 0..chunk.len(), |index, _| {
            let read =
                reading.iter_mut().map(|(aggregate, inputs)| aggregate.read(chunk.batch(), index, inputs));
            read.collect::<Result<(), BoxError>>()
        })?;
        if !rejected.is_empty() {
            chunk.take_out(&rejected);
            inputs.iter_mut().for_each(|inputs| inputs.take_out(&rejected));
        }
        let columns = columns(&self.names, chunk.batch())?;
        Ok((chunk, Summarized { columns, inputs }))
    }

    fn start(
        &self,
        batch: &Records,
        Summarized { columns, .. }: &Summarized,
        index: usize,
    ) -> Result<Summary, BoxError> {
        let key = columns.iter().map(|&column| value(batch, index, column)).collect();
        Ok((key, self.aggregates.iter().map(Aggregate::start).collect()))
    }

    fn add(
        &self,
        (_, states): &mut Summary,
        batch: &Records,
        Summarized { inputs, .. }: &Summarized,
        index: usize,
    ) -> Result<i64, BoxError> {
        let each = self.aggregates.iter().zip(states).zip(inputs);
        Ok(each.map(|((aggregate, state), inputs)| aggregate.add(state, batch, inputs, index)).sum())
    }

    fn size(&self, (key, states): &Summary) -> u64 {
        // What the allocator adds to each part.
        const OVERHEAD: u64 = 16;
        let key: u64 = key.iter().map(|value| size_of::<Value>() as u64 + text_size(value) + OVERHEAD).sum();
        let states = states.iter().map(|state| size_of::<State>() as u64 + state.size()).sum::<u64>();
        key + states + 2 * OVERHEAD
    }

    fn finish(&self, groups: Vec<Summary>) -> Result<Records, BoxError> {
        let mut builder = RecordsBuilder::new(Arc::clone(&self.shape));
        for (key, states) in groups {
            builder.begin_row();
            key.into_iter().for_each(|value| match value {
                Value::Text(text) => builder.push_text(&text),
                value => builder.push_value(value),
            });
            let states = self.aggregates.iter().zip(states);
            states.for_each(|(aggregate, state)| builder.push_value(aggregate.finish(state)));
            builder.end_row()?;
        }
        Ok(builder.finish())
    }
}

/// The columns of these fields.
fn columns(names: &[Arc<str>], batch: &Records) -> Result<Vec<Option<usize>>, FieldError> {
    names.iter().map(|name| batch.find_column(name)).collect()
}

/// The value of a field; null if it is absent, or stands for no value.
fn value(batch: &Records, index: usize, column: Option<usize>) -> Value {
    let value = column.and_then(|column| key_value(batch, index, column));
    value.map_or(Value::Null, ValueRef::to_owned)
}
