//! The columns of a file.

use std::cmp::Ordering;
use std::sync::Arc;

use csv::ByteRecord;
use godata_etl::Shape;

use crate::delimiters::others;
use crate::options::Options;
use crate::{Column, CsvError};

/// How to read a record with fewer or more cells than there are columns. According to RFC 4180 (section 2.4), all
/// records have as many cells as the header.
///
/// ```
/// use godata_io_csv::{self as csv, Input, Pipeline, Ragged, record};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), csv::BoxError> {
/// let input = Input::bytes("orders", "id,amount\nA-1\nA-2,7,late\n");
/// let reader = csv::read_records(input).ragged(Ragged::Cut);
/// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
/// assert_eq!(orders, [record! {"id" => "A-1", "amount" => ()}, record! {"id" => "A-2", "amount" => "7"}]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ragged {
    /// A short or long record is an error, [`CsvError::Columns`].
    #[default]
    Refuse,
    /// The missing cells of a short record are null; a long record is an error. For a struct, their fields are read as
    /// if the column did not exist: as `None`, as the `#[serde(default)]`, or else as an error. Tuples, lists,
    /// and structs of files without a header are read by position, and get empty cells instead.
    Pad,
    /// Short records are read as with [`Pad`](Self::Pad). In a long record, the cells after the last column are
    /// dropped, whatever they contain.
    Cut,
}

/// Which columns the files of one input may have.
///
/// In all cases a name occurs once in a header, and the records of a file have as many cells as its header. Without
/// headers this has no effect. With a value other than the default, small files do not share batches, so reading many of
/// them takes longer.
///
/// ```
/// use godata_io_csv::{self as csv, FileColumns, Input, Pipeline, record};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), csv::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// # let path = |name: &str| folder.path().join(name);
/// std::fs::write(path("2024.csv"), "id,amount\nA-1,12.5\n")?;
/// std::fs::write(path("2025.csv"), "coupon,id,amount\nSPRING,A-2,7.25\n")?;
///
/// let input = Input::paths([path("2024.csv"), path("2025.csv")]);
/// let reader = csv::read_records(input).file_columns(FileColumns::Union);
/// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
/// assert_eq!(orders, [
///     record! {"id" => "A-1", "amount" => "12.5", "coupon" => ()},
///     record! {"id" => "A-2", "amount" => "7.25", "coupon" => "SPRING"},
/// ]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileColumns {
    /// The same columns in the same order. Other columns are an error, [`CsvError::OtherHeader`].
    #[default]
    Same,
    /// The same columns in any order. They are matched by name, and records have them in the order of the first file.
    AnyOrder,
    /// Any columns. They are matched by name. Records have the columns of the first file, and after them those that only
    /// later files have.
    ///
    /// A column that a file lacks is null. For a struct, its field is read as if the column did not exist: as `None`, as
    /// the `#[serde(default)]`, or else as an error. Tuples and lists are read by position, so they need files with the
    /// same columns, in any order.
    ///
    /// A file with another delimiter than the others is an error, [`CsvError::FileDelimiter`]: otherwise its header would be
    /// one more column.
    ///
    /// All headers are read when the run begins, so that the first record has all columns. So every file after the first is
    /// opened twice. If one of them is not a regular file, such as a FIFO, that is an
    /// [`IoError::NotAFile`](godata_io::IoError::NotAFile).
    Union,
}

/// The columns of the records of a file.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// The names, or generated ones if the file has none.
    pub(crate) shape: Arc<Shape>,
    /// The names of all files.
    pub(crate) all: Arc<Shape>,
    /// The columns in the order of `all`, if that is another order: their names and positions.
    pub(crate) order: Option<(Arc<Shape>, Vec<usize>)>,
    /// Whether the fields of a struct are read by name, and not by position.
    pub(crate) is_named: bool,
    /// Whether the values of a type are read by position, so that they need all cells: as an `Option`, an empty one is `None`.
    pub(crate) is_positional: bool,
    pub(crate) width: Width,
}

/// How many cells a record may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Width {
    columns: usize,
    ragged: Ragged,
    drops_trailing_empty: bool,
    /// Whether cells are trimmed before they are dropped.
    pub(crate) trims: bool,
}

impl Width {
    /// Exactly this number of cells.
    #[cfg(test)]
    pub(crate) fn of(columns: usize) -> Self {
        Self { columns, ragged: Ragged::Refuse, drops_trailing_empty: false, trims: false }
    }

    pub(crate) fn columns(self) -> usize {
        self.columns
    }

    /// Whether a record may have so many cells; `is_empty` says whether those after the last column are empty.
    pub(crate) fn allows(self, cells: usize, is_empty: impl FnOnce() -> bool) -> bool {
        match cells.cmp(&self.columns) {
            Ordering::Less => self.ragged != Ragged::Refuse,
            Ordering::Equal => true,
            Ordering::Greater => self.ragged == Ragged::Cut || (self.drops_trailing_empty && is_empty()),
        }
    }
}

impl Columns {
    pub(crate) fn new(shape: Arc<Shape>, all: &Arc<Shape>, is_named: bool, options: &Options) -> Self {
        let order: Vec<usize> = all.names().filter_map(|name| shape.position(name)).collect();
        let ordered = Shape::new(order.iter().filter_map(|&position| shape.name(position)));
        let width = Width {
            columns: shape.len(),
            ragged: options.ragged,
            drops_trailing_empty: options.drops_trailing_empty,
            trims: options.trim.takes_fields(),
        };
        Self {
            order: (!order.is_sorted()).then(|| (Arc::new(ordered.unwrap_or_default()), order)),
            shape,
            all: Arc::clone(all),
            is_named,
            is_positional: options.is_positional || !is_named,
            width,
        }
    }

    /// Columns with the names `column_1`, `column_2` and so on.
    pub(crate) fn numbered(count: usize) -> Shape {
        let names = (1..=count).map(|number| format!("column_{number}"));
        Shape::new(names).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.shape.len()
    }

    /// Removes the cells after the last column that the options drop.
    pub(crate) fn cut(&self, record: &mut ByteRecord) {
        let columns = self.len();
        let is_empty = |cell: &[u8]| cell.is_empty() || (self.width.trims && cell.trim_ascii().is_empty());
        let found = record.len();
        if found > columns && self.width.allows(found, || record.iter().skip(columns).all(is_empty)) {
            record.truncate(columns);
        }
    }

    /// Checks the number of cells in a record.
    pub(crate) fn check(&self, found: usize) -> Result<(), CsvError> {
        if self.width.allows(found, || false) {
            return Ok(());
        }
        Err(CsvError::Columns { expected: self.len(), found })
    }

    /// Asks about the delimiter in the error of a record, if the header looks as if the file had a different one.
    pub(crate) fn question_delimiter(&self, delimiter: u8, error: CsvError) -> CsvError {
        let mut names = self.shape.names().filter(|_| self.is_named);
        let (Some(header), None) = (names.next(), names.next()) else { return error };
        match others(delimiter).find(|other| header.as_bytes().contains(other)) {
            Some(delimiter) => {
                CsvError::LikelyDelimiter { header: header.to_owned(), delimiter, source: Box::new(error) }
            }
            None => error,
        }
    }

    /// The error of a broken record, with the name of its column.
    pub(crate) fn named(&self, mut error: CsvError) -> CsvError {
        if let Some(column) = error.broken_column_mut() {
            *column = self.column(column.number - 1);
        }
        error
    }

    /// The column at a position from 0.
    pub(crate) fn column(&self, position: usize) -> Column {
        let name = self.shape.names().nth(position).filter(|name| self.is_named && !name.is_empty());
        Column { number: position + 1, name: name.map(Into::into) }
    }
}
