//! A batch of rows.

use std::fmt;
use std::sync::Arc;

use super::cast::Type;
use super::casts::Cast;
use super::cell::Cell;
use super::empties::Empties;
use super::field_error::FieldError;
use super::names::{KnownNames, Names};
use super::record::Record;
use super::row::RecordRef;
use super::row_mut::RecordMut;
use super::rows::Rows;
use super::shape::Shape;
use super::shape_error::ShapeError;
use super::source_format::SourceFormat;
use super::storage::Storage;
use super::value::Value;
use super::value_ref::ValueRef;

/// A batch of rows that share their names and one text buffer.
///
/// A cell that came from text stays a slice of the buffer until it is read, and is written as it was read. A row may
/// lack a field that other rows have: the field is then *absent*, which is not the same as null. All rows have their
/// fields in the order of [`names`](Self::names).
///
/// The names of a batch are either known for all rows, as those of a CSV file, or open, as those of JSON, whose rows bring
/// their own. [`RecordRef`] says what that means for its getters.
///
/// Readers of formats fill a batch with [`RecordsBuilder`](crate::RecordsBuilder). Closures collect one from
/// [`Record`]s.
///
/// ```
/// use godata_etl::{Records, record};
///
/// let batch: Records = [record! {"id" => 1}, record! {"id" => 2, "note" => "late"}].into_iter().collect();
/// assert_eq!(batch.names().collect::<Vec<_>>(), ["id", "note"]);
/// let late = batch.iter().filter(|row| row.str("note") == Some("late"));
/// assert_eq!(late.count(), 1);
/// ```
#[derive(Clone, Default)]
pub struct Records {
    pub(super) shape: Arc<Shape>,
    /// The cells, with one column for each name.
    pub(super) storage: Storage,
    /// The stored rows that were not dropped, by their index in the storage.
    pub(super) rows: Vec<u32>,
    /// How many rows are stored, including dropped ones.
    pub(super) height: usize,
    /// The text of each stored row as it was read, or an absent cell. May be shorter than `height`.
    pub(super) sources: Vec<Cell>,
    /// The format of the sources, if there are any.
    pub(super) source_format: Option<SourceFormat>,
    /// Whether a row has lost a field, so that there may be a name that no row has.
    pub(super) lost_fields: bool,
    /// Whether the rows can have other names than those of the shape.
    pub(super) names: Names,
    /// In which stored rows an empty text stands for no value.
    pub(super) empties: Empties,
}

impl Records {
    /// A batch without rows and without names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A batch without rows, for rows with these names.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Duplicate`] if a name appears twice.
    pub fn with_names<I>(names: I) -> Result<Self, ShapeError>
    where
        I: IntoIterator<Item: Into<Arc<str>>>,
    {
        Ok(Self::with_shape(Arc::new(Shape::new(names)?)))
    }

    /// A batch without rows, for rows of this shape.
    #[must_use]
    pub fn with_shape(shape: Arc<Shape>) -> Self {
        Self::recycled(shape, Self::default())
    }

    /// A batch without rows, for rows of this shape, in the memory of another batch.
    pub(crate) fn recycled(shape: Arc<Shape>, other: Self) -> Self {
        let Self { storage, mut rows, mut sources, .. } = other;
        rows.clear();
        sources.clear();
        let storage = storage.recycled(shape.len());
        Self { shape, storage, rows, sources, names: Names::fixed(), ..Self::default() }
    }

    /// A batch without rows that has the names of this one.
    pub(crate) fn without_rows(&self) -> Self {
        let empty = Self::with_shape(Arc::clone(&self.shape));
        Self { names: self.names.clone(), empties: self.empties.without_rows(), ..empty }
    }

    /// Fills a batch that has no rows.
    pub(super) fn fill(&mut self, cells: Vec<Cell>, text: String) {
        let width = self.shape.len();
        assert!(width == 0 || cells.len().is_multiple_of(width), "each row has a cell for each name");
        self.height = cells.len().checked_div(width).unwrap_or_default();
        // The cells of 512 MiB of text, the most that there is, make fewer than 2^32 rows.
        self.rows.extend(0..u32::try_from(self.height).unwrap_or(u32::MAX));
        self.storage.set_grid(cells);
        self.storage.set_text(text);
    }

    /// Removes names, rows and values, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        *self = Self::recycled(Arc::default(), std::mem::take(self));
    }

    /// Takes out the memory of the texts, to be reused.
    pub(crate) fn take_text(&mut self) -> Vec<u8> {
        self.storage.take_text().into_bytes()
    }

    /// How many bytes of memory the batch holds after [`clear`](Self::clear).
    pub(crate) fn capacity(&self) -> usize {
        self.storage.capacity()
            + self.rows.capacity() * size_of::<u32>()
            + self.sources.capacity() * size_of::<Cell>()
    }

    /// Adds a row. Names that are new to the batch are added at the end.
    pub fn push(&mut self, record: Record) {
        let row = self.height;
        self.empties.add(row, record.empty_is_none());
        for (hint, (name, value)) in record.into_fields().into_iter().enumerate() {
            let column = self.column_from(hint, &name);
            self.storage.put_value(column, row, value);
        }
        self.end_row();
    }

    /// Makes unknown names valid: from now on, a name that the batch lacks may be one that none of its rows happens to
    /// have. Readers of formats whose rows name their fields call it. See [`select`](Self::select).
    pub fn open_names(&mut self) {
        self.names = Names::Open;
    }

    /// Says that the format of these rows has no null, so that an empty text is `None` for an `Option`. Readers of such
    /// formats call it. See [`RecordRef::de`].
    pub fn set_empty_as_none(&mut self) {
        self.empties = Empties::Nones;
    }

    /// Whether the rows can have only the names of the shape, such as those of a CSV file or of a [`select`](Self::select).
    /// Otherwise the rows bring their own names, or a step may have added names to some of them.
    #[must_use]
    pub fn has_fixed_names(&self) -> bool {
        matches!(self.names, Names::Fixed(_))
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Notes that a closure asked a row for a name that the batch does not have.
    #[cold]
    #[inline(never)]
    pub(super) fn note_unknown(&self, name: &str, row: usize) {
        self.names.note(&self.shape, name, Some(row));
    }

    /// The names of the fields, in order. A row may lack some of them.
    #[must_use]
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.shape.names()
    }

    /// The shape: the names of the fields.
    #[must_use]
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// The row at a position, from 0, or `None` beyond the last row.
    #[inline]
    #[must_use]
    pub fn row(&self, position: usize) -> Option<RecordRef<'_>> {
        self.rows.get(position).map(|&row| RecordRef::of_row(self, row as usize))
    }

    /// The row at a position, from 0, for changes; `None` beyond the last row.
    pub fn row_mut(&mut self, position: usize) -> Option<RecordMut<'_>> {
        let row = *self.rows.get(position)?;
        Some(RecordMut::of_row(self, row as usize))
    }

    /// The rows in order.
    #[must_use]
    pub fn iter(&self) -> Rows<'_> {
        Rows::of(self)
    }

    /// The rows as owned records. Values that steps made are moved, not copied.
    #[must_use]
    pub fn into_records(mut self) -> Vec<Record> {
        let rows = std::mem::take(&mut self.rows);
        let names = self.names.clone();
        let shape = Arc::clone(&self.shape);
        let known = names.missed().is_some().then(|| Arc::new(KnownNames { names, shape }));
        let record = |row: u32| {
            let row = row as usize;
            let empty = self.empties.is_none(row);
            self.take_record(row).with_known(known.clone()).with_empty_as_none(empty)
        };
        rows.into_iter().map(record).collect()
    }

    /// The text buffer that the cells are slices of: the text given to
    /// [`SlicesBuilder::finish`](crate::SlicesBuilder::finish), and what steps have appended to it.
    #[must_use]
    pub fn into_text(mut self) -> String {
        self.storage.take_text()
    }

    /// Keeps the rows at these positions and drops the others. For implementors of steps.
    ///
    /// The positions must be ascending and less than [`len`](Self::len). Debug builds panic otherwise; release builds
    /// skip a position without a row.
    pub fn keep(&mut self, kept: &[u32]) {
        debug_assert!(kept.is_sorted_by(|a, b| a < b), "the kept positions ascend");
        debug_assert!(kept.last().is_none_or(|&last| (last as usize) < self.len()), "the kept rows exist");
        let mut len = 0;
        for &position in kept.iter().take(self.rows.len()) {
            if let Some(&row) = self.rows.get(position as usize) {
                self.rows[len] = row;
                len += 1;
            }
        }
        self.rows.truncate(len);
    }

    /// Keeps the rows for which a closure returns true.
    pub fn retain(&mut self, mut keep: impl FnMut(RecordRef<'_>) -> bool) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.retain(|&row| keep(RecordRef::of_row(self, row as usize)));
        self.rows = rows;
    }

    /// Keeps the first `len` rows and drops the others. Does nothing if there are fewer.
    pub fn truncate(&mut self, len: usize) {
        self.rows.truncate(len);
    }

    /// Changes the type of one field in one row; see [`RecordMut::cast`]. For implementors of steps.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if there is no such field or row, or the value is not of that type.
    pub fn cast_row(&mut self, position: usize, field: &str, to: impl Into<Cast>) -> Result<(), FieldError> {
        let mut row = self.row_mut(position).ok_or_else(|| FieldError::missing(field))?;
        row.cast(field, to)
    }

    /// The column of a field; `None` if its name is unknown, and some rows may have it all the same.
    pub(crate) fn find_column(&self, name: &str) -> Result<Option<usize>, FieldError> {
        match self.shape.position(name) {
            None if self.names.excludes(&self.shape, name) => Err(self.names.missing(&self.shape, name)),
            column => Ok(column),
        }
    }

    /// The value of a field in the row at a position.
    #[inline]
    pub(crate) fn value_at(&self, position: usize, column: usize) -> Option<ValueRef<'_>> {
        self.storage.value(column, *self.rows.get(position)? as usize)
    }

    /// Sets the source of the row that is being built.
    pub(super) fn set_source(&mut self, format: SourceFormat, source: Cell) {
        self.source_format = Some(format);
        self.sources.resize(self.height, Cell::ABSENT);
        self.sources.push(source);
    }

    /// Discards the source of a stored row, because the row is about to change.
    #[inline]
    pub(super) fn forget_source(&mut self, row: usize) {
        if let Some(source) = self.sources.get_mut(row) {
            *source = Cell::ABSENT;
        }
    }

    /// The source of a stored row: its text as it was read.
    pub(super) fn source(&self, row: usize, format: SourceFormat) -> Option<&str> {
        let source = self.sources.get(row).filter(|_| self.source_format == Some(format))?;
        self.storage.text_part(*source)
    }

    /// Casts a field of the row at a position to a type. The column must exist.
    pub(crate) fn cast_cell_to(
        &mut self,
        position: usize,
        column: usize,
        field: &str,
        to: Type,
    ) -> Result<(), FieldError> {
        let row = *self.rows.get(position).ok_or_else(|| FieldError::missing(field))? as usize;
        self.storage.cast_type(column, row, field, to)?;
        self.forget_source(row);
        Ok(())
    }

    /// Casts a field of the row at a position. The column must exist, and the cast must not have a mistake.
    pub(crate) fn cast_cell(
        &mut self,
        position: usize,
        column: usize,
        field: &str,
        to: &Cast,
    ) -> Result<(), FieldError> {
        let row = *self.rows.get(position).ok_or_else(|| FieldError::missing(field))? as usize;
        self.storage.cast(column, row, field, to)?;
        self.forget_source(row);
        Ok(())
    }

    /// Sets a field of the row at a position, if there is such a row. The column must exist.
    #[inline]
    pub(crate) fn set_cell(&mut self, position: usize, column: usize, value: Value) {
        if let Some(&row) = self.rows.get(position) {
            self.forget_source(row as usize);
            self.storage.put_value(column, row as usize, value);
        }
    }

    /// The column of a name. A new name gets a new column.
    pub(crate) fn column(&mut self, name: &str) -> usize {
        match self.shape.position(name) {
            Some(column) => column,
            None => self.push_column(name.into()),
        }
    }

    /// Ends the row whose cells were put at `height`.
    pub(super) fn end_row(&mut self) {
        // A batch of more rows would have more cells than fit into memory.
        self.rows.push(u32::try_from(self.height).expect("a batch has fewer than 2^32 rows"));
        self.height += 1;
    }

    pub(super) fn to_record(&self, row: usize) -> Record {
        let field = |column: usize| {
            let name = self.shape.as_slice().get(column)?;
            Some((Arc::clone(name), self.storage.value(column, row)?.to_owned()))
        };
        let fields = self.storage.positions(row).filter_map(field).collect();
        Record::from_fields(fields).with_empty_as_none(self.empties.is_none(row))
    }

    fn take_record(&mut self, row: usize) -> Record {
        let columns: Vec<usize> = self.storage.positions(row).collect();
        let field = |column: usize| {
            let name = self.shape.as_slice().get(column)?;
            Some((Arc::clone(name), self.storage.take(column, row)?))
        };
        Record::from_fields(columns.into_iter().filter_map(field).collect())
    }

    /// Like `column`, for a name that needs no copy and is probably at `hint`.
    fn column_from(&mut self, hint: usize, name: &Arc<str>) -> usize {
        match self.shape.position_from(hint, name) {
            Some(column) => column,
            None => self.push_column(Arc::clone(name)),
        }
    }

    fn push_column(&mut self, name: Arc<str>) -> usize {
        Arc::make_mut(&mut self.shape).push(name);
        self.storage.push_column(self.height);
        self.shape.len() - 1
    }
}

impl Extend<Record> for Records {
    fn extend<I: IntoIterator<Item = Record>>(&mut self, records: I) {
        for record in records {
            self.push(record);
        }
    }
}

impl FromIterator<Record> for Records {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        let mut batch = Self::new();
        batch.extend(records);
        batch
    }
}

impl PartialEq for Records {
    /// Whether both have equal rows in the same order.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;

    #[test]
    fn absent_and_null_are_distinct() {
        let rows = [record! {"a" => 1}, record! {"b" => ()}, record! {"a" => 2, "b" => 3}];
        let batch: Records = rows.clone().into_iter().collect();
        assert_eq!(batch.row(1).map(|row| (row.contains("a"), row.contains("b"))), Some((false, true)));
        assert_eq!(batch.into_records(), rows);
    }

    #[test]
    fn keep_is_by_position_among_the_current_rows() {
        let mut batch: Records = (0..10).map(|i| record! {"i" => i}).collect();
        batch.keep(&[1, 3, 5, 7]);
        batch.keep(&[0, 2]);
        let ids: Vec<_> = batch.iter().map(|row| row.i64("i").unwrap()).collect();
        assert_eq!(ids, [1, 5]);
        batch.truncate(1);
        assert_eq!(batch.into_records(), [record! {"i" => 1}]);
    }

    #[test]
    fn dropped_rows_stay_dropped_when_rows_are_added() {
        let mut batch: Records = [record! {"i" => 0}, record! {"i" => 1}].into_iter().collect();
        batch.retain(|row| row.i64("i") == Ok(0));
        batch.push(record! {"i" => 2, "new" => true});
        assert_eq!(batch.into_records(), [record! {"i" => 0}, record! {"i" => 2, "new" => true}]);
    }

    #[test]
    fn a_shared_shape_is_not_changed_for_others() -> Result<(), ShapeError> {
        let shape = Arc::new(Shape::new(["a"])?);
        let mut batch = Records::with_shape(Arc::clone(&shape));
        batch.push(record! {"a" => 1, "b" => 2});
        assert_eq!(batch.names().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(shape.len(), 1);
        Ok(())
    }

    #[test]
    fn rows_with_names_of_their_own_are_a_list_of_rows_in_bounded_memory() {
        let len = 5_000;
        let rows = || (0..len).map(|i| record! {&*format!("id {i}") => i, "all" => true});
        let mut batch: Records = rows().collect();
        for i in 0..len {
            batch.row_mut(i).unwrap().set("new", i);
        }
        assert!(batch.capacity() < 512 * 3 * len, "{}", batch.capacity());
        assert_eq!(batch.row(7).unwrap().len(), 3);
        batch.drop_fields(&["all"]).unwrap();
        batch.row_mut(1).unwrap().remove("id 1");
        batch.prune();
        assert_eq!(batch.names().nth(1), Some("id 2"));
        let expected = rows().enumerate().map(|(i, mut row)| {
            row.remove("all");
            if i == 1 {
                row.remove("id 1");
            }
            row.set("new", i);
            row
        });
        assert_eq!(batch.into_records(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn casting_a_missing_row_is_an_error() {
        let mut batch = Records::new();
        assert!(batch.cast_row(0, "a", Type::Int).is_err());
    }
}
