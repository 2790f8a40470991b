//! Guessing the columns of a file and their types from its first records.

use std::fmt;

use godata_core::excerpt;
use godata_etl::{Cast, Flow, Pipeline, PipelineError, Record, Records, Type};
use godata_io::Input;

use crate::guess::cast_of;
use crate::{CsvReader, read_records};

/// How many records are sampled by default.
const RECORDS: u64 = 1000;

/// Samples the first 1,000 records of a CSV file. To set options or another number, use [`CsvReader::sample`].
///
/// ```
/// use godata_io_csv::{self as csv, CastAs, Pipeline, record};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), csv::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.csv");
/// std::fs::write(&path, "id,amount,paid\nA-1,12.50,true\nA-2,7,false\n")?;
/// let sample = csv::sample(&path).await?;
/// println!("{sample}");
///
/// let flow = Pipeline::builder("orders").read(csv::read_records(&path)).cast_as(&sample);
/// let orders = flow.collect(1).await?;
/// assert_eq!(orders, [record! {"id" => "A-1", "amount" => 12.5, "paid" => true}]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The errors of a run that reads the file, which [the crate](crate#errors) lists.
pub async fn sample(input: impl Into<Input>) -> Result<Sample, PipelineError> {
    read_records(input).sample(RECORDS).await
}

impl CsvReader<Records> {
    /// Samples the first `records` records of the file. If it has fewer, all of them are sampled.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Type};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let reader = csv::read_records(Input::bytes("orders", "id;amount\nA-1;12.5\n")).delimiter(b';');
    /// let sample = reader.sample(100).await?;
    /// assert_eq!(sample.types().collect::<Vec<_>>(), [("id", Type::Text), ("amount", Type::Float)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of a run that reads the file. Errors in later records are not found.
    pub async fn sample(&self, records: u64) -> Result<Sample, PipelineError> {
        let flow = Pipeline::builder("sample").workers(1).read(self.clone());
        let found = flow.collect(records).await?;
        Ok(Sample::of(&found))
    }
}

/// The columns of a file, guessed from its first records; made by [`sample()`]. `Display` prints a table.
///
/// A later record may have a cell that does not fit the guessed type, and [`CastAs::cast_as`] fails there. The sample
/// of a file without records has no columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    columns: Vec<SampleColumn>,
    records: u64,
}

/// A column of a [`Sample`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SampleColumn {
    /// Its name.
    pub name: String,
    /// The type that fits all cells that are not null: that of the [`cast`](Self::cast). It is text if all cells are null, or if
    /// a cell is empty.
    ///
    /// Digits that are not a quantity are text: numbers with leading zeros or a plus sign, such as postal codes and
    /// phone numbers, and whole numbers beyond the range of `i64`, such as account numbers.
    pub kind: Type,
    /// How the cells are read: the first that fits of bool, int, float, timestamp and date in the notation of programs, words
    /// for true and false, numbers with decimal commas, separators of thousands, percent signs or currencies, and dates such
    /// as `31.12.2024`.
    ///
    /// What can be read in two ways stays text: `1,234`, and `01/02/2024` if no day in the column is greater than 12.
    /// A timestamp without an offset stays text too, because a file does not say its zone.
    pub cast: Cast,
    /// How many cells are null.
    pub nulls: u64,
    /// How many cells are empty text. With [`nulls([""])`](CsvReader::nulls) they would be null.
    pub empties: u64,
}

impl Sample {
    fn of(records: &[Record]) -> Self {
        let names = records.first().into_iter().flat_map(Record::iter).map(|(name, _)| name);
        let columns = names.map(|name| SampleColumn::of(name, records)).collect();
        Self { columns, records: records.len() as u64 }
    }

    /// The columns, in the order of the file.
    #[must_use]
    pub fn columns(&self) -> &[SampleColumn] {
        &self.columns
    }

    /// How many records were sampled.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The casts of all columns that are not text, as Rust code to copy and change: a line such as
    /// `.cast("amount", Cast::decimal().comma())` for each.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let text = "day;price\n01.05.2024;12,50 €\n31.05.2024;7,00 €\n";
    /// let sample = csv::read_records(Input::bytes("prices", text)).delimiter(b';').sample(100).await?;
    /// let code: Vec<String> = sample.code().lines().map(str::to_owned).collect();
    /// assert_eq!(code, [
    ///     r#".cast("day", Cast::date("%d.%m.%Y"))"#,
    ///     r#".cast("price", Cast::decimal().comma().currency("€"))"#,
    /// ]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn code(&self) -> String {
        self.casts().map(|(name, cast)| format!(".cast({name:?}, {cast})\n")).collect()
    }

    /// The names of the columns that are not text, and their casts.
    fn casts(&self) -> impl Iterator<Item = (&str, &Cast)> {
        let typed = self.columns.iter().filter(|column| column.kind != Type::Text);
        typed.map(|column| (column.name.as_str(), &column.cast))
    }

    /// The names of the columns and their types.
    pub fn types(&self) -> impl Iterator<Item = (&str, Type)> {
        self.columns.iter().map(|column| (column.name.as_str(), column.kind))
    }
}

impl SampleColumn {
    fn of(name: &str, records: &[Record]) -> Self {
        let texts: Vec<&str> = records.iter().filter_map(|record| record.str(name)).collect();
        let nulls = (records.len() - texts.len()) as u64;
        let empties = texts.iter().filter(|text| text.is_empty()).count() as u64;
        let cast = cast_of(&texts);
        Self { name: name.to_owned(), kind: cast.kind(), cast, nulls, empties }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |column: &SampleColumn| excerpt(&column.name);
        let width = self.columns.iter().map(|column| name(column).chars().count()).fold(6, usize::max);
        writeln!(f, "{:<width$}  {:<9}  {:>7}  {:>7}", "column", "type", "nulls", "empties")?;
        for column in &self.columns {
            let SampleColumn { kind, nulls, empties, .. } = column;
            writeln!(f, "{:<width$}  {kind:<9}  {nulls:>7}  {empties:>7}", name(column))?;
        }
        write!(f, "{} records sampled", self.records)
    }
}

/// Casts the fields of a flow to the types of a [`Sample`]. [`sample()`] has an example.
pub trait CastAs {
    /// Casts each field of the sample as proposed. It adds one [`cast`](Flow::cast) step for each field that is not
    /// text.
    ///
    /// Null stays null. A cell that does not fit its type fails the run, and the error names the field and the value.
    #[must_use]
    fn cast_as(self, sample: &Sample) -> Self;
}

impl CastAs for Flow<Records> {
    fn cast_as(self, sample: &Sample) -> Self {
        sample.casts().fold(self, |flow, (name, cast)| flow.cast(name, cast))
    }
}
