//! Builds a batch row by row.

use std::sync::Arc;

use super::batch::Records;
use super::cell::{Cell, Kind};
use super::digits;
use super::shape::Shape;
use super::shape_error::ShapeError;
use super::source_format::SourceFormat;
use super::storage::Storage;
use super::value::Value;

/// Builds a batch row by row. For readers of formats.
///
/// Each row starts with [`begin_row`](Self::begin_row) and ends with [`end_row`](Self::end_row). Cells are
/// pushed in the order of the shape. A format whose rows name their fields calls [`seek`](Self::seek) to set the field of
/// the next cell. A row that is not ended, because decoding failed in its middle, is not part of the batch.
///
/// ```
/// use std::sync::Arc;
/// use godata_etl::{RecordsBuilder, Shape, record};
///
/// let mut builder = RecordsBuilder::new(Arc::new(Shape::new(["id", "amount"])?));
/// builder.begin_row();
/// builder.push_text("A-1");
/// builder.push_number("12.50");
/// builder.end_row()?;
///
/// builder.begin_row();
/// builder.seek("note").push_text("late");
/// builder.end_row()?;
///
/// let rows = builder.finish().into_records();
/// assert_eq!(rows, [record! {"id" => "A-1", "amount" => 12.5}, record! {"note" => "late"}]);
/// # Ok::<(), godata_etl::ShapeError>(())
/// ```
#[derive(Debug, Default)]
pub struct RecordsBuilder {
    records: Records,
    /// The column of the next cell.
    column: usize,
    /// How many names there were when the row started.
    names: usize,
    /// The length of the text when the row started.
    text: usize,
    /// The length of the text that is given at the end, and precedes that of the batch.
    given: usize,
    /// Whether something has been added to the row.
    is_started: bool,
}

impl RecordsBuilder {
    /// A builder of rows of this shape, to which [`seek`](Self::seek) may add names. If it can add names in some batches of an
    /// input and not in others, call [`Records::open_names`] on each batch.
    #[must_use]
    pub fn new(shape: Arc<Shape>) -> Self {
        let names = shape.len();
        Self { records: Records::with_shape(shape), names, ..Self::default() }
    }

    /// Like [`new`](Self::new), in the memory of a batch that is no longer needed.
    #[must_use]
    pub fn recycled(shape: Arc<Shape>, memory: Records) -> Self {
        let names = shape.len();
        Self { records: Records::recycled(shape, memory), names, ..Self::default() }
    }

    /// Like [`recycled`](Self::recycled), for rows that name their fields, and whose cells can be parts of a given text of
    /// `len` bytes. End the builder by passing that text to [`finish_over`](Self::finish_over).
    #[must_use]
    pub fn over(len: usize, shape: Arc<Shape>, memory: Records) -> Self {
        let mut builder = Self { given: len, ..Self::recycled(shape, memory) };
        builder.records.open_names();
        builder
    }

    /// How many rows have been ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no row has been ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many bytes of text are stored, as a measure to cut batches by.
    #[must_use]
    pub fn text_len(&self) -> usize {
        self.records.storage.text_len()
    }

    /// Starts a row. Discards a row that was started and not ended.
    pub fn begin_row(&mut self) {
        if self.is_started {
            self.discard_row();
        }
    }

    /// Sets the field of the next cell. A new name is added at the end.
    ///
    /// If the row has the field already, the cell replaces it.
    pub fn seek(&mut self, name: &str) -> &mut Self {
        let next = self.records.shape.position_from(self.column, name);
        self.is_started = true;
        self.column = next.unwrap_or_else(|| self.records.column(name));
        self
    }

    /// Whether the row already has the field of the next cell.
    #[must_use]
    pub fn has_field(&self) -> bool {
        !self.records.storage.cell(self.column, self.records.height).is_absent()
    }

    /// Adds a cell with a part of the given text: `len` bytes from `start` on. They must be within the text. This is not
    /// checked: the content of a cell beyond the text is unspecified.
    #[inline]
    pub fn push_text_part(&mut self, start: usize, len: usize) {
        self.push_cell(Cell::text_unchecked(start, len, Kind::Text));
    }

    /// Like [`push_text_part`](Self::push_text_part), for the digits of a number by RFC 8259, section 6.
    #[inline]
    pub fn push_number_part(&mut self, start: usize, len: usize) {
        self.push_cell(Cell::text_unchecked(start, len, Kind::Number));
    }

    /// Adds a cell with a list or a map that was read from a part of the given text, which is JSON.
    pub fn push_json_part(&mut self, start: usize, len: usize, value: Value) {
        let json = Cell::text_unchecked(start, len, Kind::Text);
        let cell = self.records.storage.json_cell(json, value);
        self.push_cell(cell);
    }

    /// Like [`push_json_part`](Self::push_json_part), with a copy of the JSON, which must be on one line.
    pub fn push_json(&mut self, json: &str, value: Value) {
        let json = self.records.storage.text_cell(self.given, json, Kind::Text);
        let cell = self.records.storage.json_cell(json, value);
        self.push_cell(cell);
    }

    /// Sets the source of the row: the part of the given text, in this format, that the row was read from. Writers can
    /// copy it until a step changes the row; see [`RecordRef::as_read`](crate::RecordRef::as_read).
    pub fn set_source(&mut self, format: SourceFormat, start: usize, len: usize) {
        self.is_started = true;
        self.records.set_source(format, Cell::text_unchecked(start, len, Kind::Text));
    }

    /// Adds a cell with a copy of this text.
    pub fn push_text(&mut self, text: &str) {
        self.push_slice(text, Kind::Text);
    }

    /// Adds a cell with a number that is written with these digits.
    ///
    /// Digits that are not a number by RFC 8259, section 6, are added as text.
    pub fn push_number(&mut self, digits: &str) {
        self.push_slice(digits, if digits::is_json(digits) { Kind::Number } else { Kind::Text });
    }

    /// Adds a cell with this value.
    pub fn push_value(&mut self, value: Value) {
        let cell = self.records.storage.value_cell(value);
        self.push_cell(cell);
    }

    /// Adds a cell with null.
    pub fn push_null(&mut self) {
        self.push_cell(Cell::NULL);
    }

    /// Adds a field with this value: [`seek`](Self::seek) and [`push_value`](Self::push_value).
    pub fn push_field(&mut self, name: &str, value: impl Into<Value>) {
        self.seek(name).push_value(value.into());
    }

    /// Ends the row. Fields without a cell are absent.
    ///
    /// # Errors
    ///
    /// [`ShapeError::TooManyCells`] if there are more cells than names. The row is then discarded.
    pub fn end_row(&mut self) -> Result<(), ShapeError> {
        let (cells, names) = (self.column, self.records.shape.len());
        if cells > names {
            self.discard_row();
            return Err(ShapeError::TooManyCells { cells, names });
        }
        self.records.end_row();
        self.mark_row();
        Ok(())
    }

    /// The batch of the rows that have been ended.
    #[must_use]
    pub fn finish(mut self) -> Records {
        self.discard_row();
        self.records
    }

    /// The batch of the rows that have been ended, with the given text. A part that starts or ends within a character
    /// becomes an empty text.
    ///
    /// # Errors
    ///
    /// The text, if its length is not the one passed to [`over`](Self::over), or if it has 512 MiB or more, which is too
    /// long for a batch.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use godata_etl::{Records, RecordsBuilder, Shape, record};
    ///
    /// let text = "A-1=12.50";
    /// let mut builder = RecordsBuilder::over(text.len(), Arc::default(), Records::new());
    /// builder.begin_row();
    /// builder.seek("id").push_text_part(0, 3);
    /// builder.seek("amount").push_number_part(4, 5);
    /// builder.seek("note").push_text("late");
    /// builder.end_row()?;
    ///
    /// let rows = builder.finish_over(text.into()).map(Records::into_records);
    /// assert_eq!(rows, Ok(vec![record! {"id" => "A-1", "amount" => 12.5, "note" => "late"}]));
    /// # Ok::<(), godata_etl::ShapeError>(())
    /// ```
    pub fn finish_over(mut self, mut text: String) -> Result<Records, String> {
        if text.len() != self.given || Cell::text(0, text.len(), Kind::Text).is_none() {
            return Err(text);
        }
        self.discard_row();
        text.push_str(self.records.storage.text());
        self.records.storage.set_text(text);
        Ok(self.records)
    }

    /// The storage of the batch, for the text or the value of the next cell.
    pub(super) fn storage(&mut self) -> &mut Storage {
        &mut self.records.storage
    }

    fn push_slice(&mut self, text: &str, kind: Kind) {
        let cell = self.records.storage.text_cell(self.given, text, kind);
        self.push_cell(cell);
    }

    /// Only counts a cell beyond the last name, so that `end_row` can refuse the row.
    #[inline]
    pub(super) fn push_cell(&mut self, cell: Cell) {
        self.is_started = true;
        if self.column < self.records.shape.len() {
            self.records.storage.put(self.column, self.records.height, cell);
        }
        self.column += 1;
    }

    fn discard_row(&mut self) {
        let records = &mut self.records;
        if records.shape.len() > self.names {
            Arc::make_mut(&mut records.shape).truncate(self.names);
        }
        records.storage.truncate(self.names, records.height, self.text);
        records.sources.truncate(records.height);
        self.mark_row();
    }

    fn mark_row(&mut self) {
        self.column = 0;
        self.is_started = false;
        self.names = self.records.shape.len();
        self.text = self.records.storage.text_len();
    }
}

#[cfg(test)]
mod tests {
    use super::super::cell_ref::CellRef;
    use super::*;
    use crate::record;

    fn builder(names: &[&str]) -> RecordsBuilder {
        RecordsBuilder::new(Arc::new(Shape::new(names.iter().copied()).unwrap()))
    }

    #[test]
    fn a_short_row_lacks_its_last_fields() {
        let mut builder = builder(&["a", "b"]);
        for texts in [&["1", "2"][..], &["3"], &[], &["4", "5"]] {
            builder.begin_row();
            texts.iter().for_each(|text| builder.push_text(text));
            builder.end_row().unwrap();
        }
        let rows = [
            record! {"a" => "1", "b" => "2"},
            record! {"a" => "3"},
            record! {},
            record! {"a" => "4", "b" => "5"},
        ];
        assert_eq!(builder.finish().into_records(), rows);
    }

    #[test]
    fn a_long_row_is_refused_and_leaves_nothing() {
        let mut builder = builder(&["a"]);
        builder.begin_row();
        builder.push_text("1");
        builder.push_null();
        assert_eq!(builder.end_row(), Err(ShapeError::TooManyCells { cells: 2, names: 1 }));
        assert_eq!((builder.len(), builder.text_len()), (0, 0));
        builder.begin_row();
        builder.push_text("2");
        builder.end_row().unwrap();
        assert_eq!(builder.finish().into_records(), [record! {"a" => "2"}]);
    }

    #[test]
    fn a_row_that_is_not_ended_leaves_nothing() {
        let mut builder = builder(&["a"]);
        builder.begin_row();
        builder.push_text("1");
        builder.push_field("b", 2);
        builder.begin_row();
        builder.end_row().unwrap();
        builder.begin_row();
        builder.push_field("c", 3);
        let batch = builder.finish();
        assert_eq!(batch.names().collect::<Vec<_>>(), ["a"]);
        assert_eq!(batch.into_records(), [record! {}]);
    }

    #[test]
    fn a_text_of_another_length_is_returned() {
        let over = |len| {
            let mut builder = RecordsBuilder::over(len, Arc::default(), Records::new());
            builder.begin_row();
            builder.seek("a").push_text_part(0, 1);
            builder.seek("b").push_text("2");
            builder.end_row().unwrap();
            builder
        };
        let rows = over(1).finish_over("1".into()).unwrap();
        assert_eq!(rows.into_records(), [record! {"a" => "1", "b" => "2"}]);
        for text in ["", "12"] {
            assert_eq!(over(1).finish_over(text.into()).unwrap_err(), text);
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_returned() {
        let len = 1 << 29;
        let text = String::from_utf8(vec![0; len]).unwrap();
        let builder = RecordsBuilder::over(len, Arc::default(), Records::new());
        assert_eq!(builder.finish_over(text).unwrap_err().len(), len);
    }

    #[test]
    fn rows_may_name_their_fields_in_any_order() {
        let mut builder = RecordsBuilder::default();
        builder.begin_row();
        builder.push_field("a", 1);
        builder.seek("b").push_number("2.50");
        builder.push_field("a", 3);
        builder.end_row().unwrap();
        builder.begin_row();
        builder.seek("b").push_number("007");
        builder.seek("a").push_null();
        builder.end_row().unwrap();
        let batch = builder.finish();
        let cells: Vec<Vec<_>> =
            batch.iter().map(|row| row.cells().map(|(_, cell)| cell).collect()).collect();
        assert_eq!(cells[0], [CellRef::Value(3i64.into()), CellRef::Number("2.50")]);
        assert_eq!(cells[1], [CellRef::Null, CellRef::Text("007")]);
        assert_eq!(batch.into_records()[0], record! {"a" => 3, "b" => 2.5});
    }
}
