//! The columns of a file.

use std::sync::Arc;

use godata_etl::Shape;

use crate::{Column, CsvError};

/// The usual delimiters.
const DELIMITERS: [u8; 4] = [b';', b'\t', b'|', b','];

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
    /// if the column did not exist: as `None`, as the `#[serde(default)]`, or else as an error. Structs and tuples that
    /// are read by position get empty cells instead.
    Pad,
    /// Short records are read as with [`Pad`](Self::Pad). In a long record, the cells after the last column are
    /// dropped, whatever they contain.
    Cut,
}

/// The columns of the records of a file.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// The names, or generated ones if the file has none.
    pub(crate) shape: Arc<Shape>,
    /// Whether the fields of a struct are read by name, and not by position.
    pub(crate) is_named: bool,
    pub(crate) ragged: Ragged,
}

impl Columns {
    /// Columns with the names `column_1`, `column_2` and so on.
    pub(crate) fn numbered(count: usize) -> Shape {
        let names = (1..=count).map(|number| format!("column_{number}"));
        Shape::new(names).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.shape.len()
    }

    /// Checks the number of cells in a record.
    pub(crate) fn check(&self, found: usize) -> Result<(), CsvError> {
        let expected = self.len();
        if found == expected || (found < expected && self.ragged != Ragged::Refuse) {
            return Ok(());
        }
        Err(CsvError::Columns { expected, found })
    }

    /// Asks about the delimiter in the error of a record, if the header looks as if the file had a different one.
    pub(crate) fn question_delimiter(&self, delimiter: u8, error: CsvError) -> CsvError {
        let mut names = self.shape.names().filter(|_| self.is_named);
        let (Some(header), None) = (names.next(), names.next()) else { return error };
        let is_likely = |&other: &u8| other != delimiter && header.as_bytes().contains(&other);
        match DELIMITERS.into_iter().find(is_likely) {
            Some(delimiter) => {
                CsvError::LikelyDelimiter { header: header.to_owned(), delimiter, source: Box::new(error) }
            }
            None => error,
        }
    }

    /// The column at a position from 0.
    pub(crate) fn column(&self, position: usize) -> Column {
        let name = self.shape.names().nth(position).filter(|name| self.is_named && !name.is_empty());
        Column { number: position + 1, name: name.map(Into::into) }
    }
}
