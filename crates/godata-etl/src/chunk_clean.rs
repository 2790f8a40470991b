//! The operations of the steps that clean fields, which work record by record.

use crate::chunk::row_number;
use crate::records::Elements;
use crate::{Chunk, FieldError, Records, Stop, Work};

impl Chunk<Records> {
    pub(crate) fn split(self, work: &mut Work, field: &str, separator: &str) -> Result<Self, Stop> {
        self.change_field(work, field, |batch, position, column| {
            batch.split_cell(position, column, field, separator)
        })
    }

    pub(crate) fn join_text(self, work: &mut Work, field: &str, separator: &str) -> Result<Self, Stop> {
        self.change_field(work, field, |batch, position, column| {
            batch.join_cell(position, column, field, separator)
        })
    }

    /// Makes a record for each element of the list in a field.
    pub(crate) fn explode(mut self, work: &mut Work, field: &str) -> Result<Self, Stop> {
        let Some(column) = self.batch.find(field)? else { return Ok(self) };
        let Self { batch, rows, .. } = &mut self;
        let mut made = Vec::with_capacity(batch.len());
        work.each(rows, 0..batch.len(), |_, position| {
            let row = row_number(position);
            match batch.take_list(position, column, field)? {
                Elements::None => made.push((row, None)),
                Elements::Taken(values) if values.is_empty() => made.push((row, Some(().into()))),
                Elements::Taken(values) => made.extend(values.into_iter().map(|value| (row, Some(value)))),
            }
            Ok(())
        })?;
        self.multiplied(work, made.iter().map(|&(position, _)| position).collect());
        self.batch.repeat(column, made);
        Ok(self)
    }

    /// Makes a record for each of these fields.
    pub(crate) fn unpivot(
        mut self,
        work: &mut Work,
        fields: &[String],
        name: &str,
        value: &str,
    ) -> Result<Self, Stop> {
        let len = self.batch.len();
        work.check()?;
        self.batch.unpivot(fields, name, value)?;
        self.multiplied(work, (0..row_number(len)).flat_map(|row| fields.iter().map(move |_| row)).collect());
        Ok(self)
    }

    /// Notes the positions of the records that the new ones come from, of which each has at least one, unless it was rejected.
    fn multiplied(&mut self, work: &mut Work, from: Vec<u32>) {
        let more = from.windows(2).filter(|pair| pair[0] == pair[1]).count();
        work.add_expanded(more as u64);
        self.rows.keep(from);
    }

    fn change_field(
        mut self,
        work: &mut Work,
        field: &str,
        mut change: impl FnMut(&mut Records, usize, usize) -> Result<(), FieldError>,
    ) -> Result<Self, Stop> {
        let Some(column) = self.batch.find(field)? else { return Ok(self) };
        let Self { batch, rows, .. } = &mut self;
        let rejected = work.each(rows, 0..batch.len(), |_, position| Ok(change(batch, position, column)?))?;
        self.take_out(&rejected);
        Ok(self)
    }
}
