//! Guessing the columns of a file and their types from its first records.

use std::fmt;

use godata_core::excerpt;
use godata_etl::{Flow, Pipeline, PipelineError, Record, Records, Type};
use godata_io::Input;

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
    /// The first of bool, int, float, timestamp and text that fits all cells that are not null. Bools are `true` and
    /// `false`, timestamps are RFC 3339. The type is text if all cells are null, or if a cell is empty.
    ///
    /// Digits that are not a quantity are text: numbers with leading zeros or a plus sign, such as postal codes and
    /// phone numbers, and whole numbers beyond the range of `i64`, such as account numbers.
    pub kind: Type,
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

    /// The names of the columns and their types.
    pub fn types(&self) -> impl Iterator<Item = (&str, Type)> {
        self.columns.iter().map(|column| (column.name.as_str(), column.kind))
    }
}

impl SampleColumn {
    fn of(name: &str, records: &[Record]) -> Self {
        let texts = || records.iter().filter_map(|record| record.str(name));
        let fits = |kind: &Type| texts().all(|text| fits(text, *kind));
        let kinds = [Type::Bool, Type::Int, Type::Float, Type::Timestamp];
        let count = texts().count();
        let kind = kinds.into_iter().find(fits).filter(|_| count > 0).unwrap_or(Type::Text);
        let empties = texts().filter(|text| text.is_empty()).count();
        Self { name: name.to_owned(), kind, nulls: (records.len() - count) as u64, empties: empties as u64 }
    }
}

/// Whether a text can be cast without losing information.
fn fits(text: &str, kind: Type) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_code = text.starts_with('+')
        || (digits.len() > 1
            && digits.starts_with('0')
            && !digits.starts_with("0.")
            && !digits.starts_with("0e"));
    let is_long =
        digits.len() > 18 && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_err();
    if (is_code || is_long) && matches!(kind, Type::Int | Type::Float) {
        return false;
    }
    let mut record: Record = [("cell", text)].into_iter().collect();
    record.cast("cell", kind).is_ok()
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
    /// Casts each field of the sample to its type. It adds one [`cast`](Flow::cast) step for each field that is not
    /// text.
    ///
    /// Null stays null. A cell that does not fit its type fails the run, and the error names the field and the value.
    #[must_use]
    fn cast_as(self, sample: &Sample) -> Self;
}

impl CastAs for Flow<Records> {
    fn cast_as(self, sample: &Sample) -> Self {
        let types = sample.types().filter(|&(_, kind)| kind != Type::Text);
        types.fold(self, |flow, (name, kind)| flow.cast(name, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_not_numbers() {
        for text in ["007", "+49", "-01", "00.5", "9223372036854775808"] {
            assert!(!fits(text, Type::Int) && !fits(text, Type::Float), "{text}");
        }
        for text in ["0", "-0", "10", "-7"] {
            assert!(fits(text, Type::Int) && fits(text, Type::Float), "{text}");
        }
        for text in ["0.5", "-0.5", "0e1", "1e3", "12.50"] {
            assert!(!fits(text, Type::Int) && fits(text, Type::Float), "{text}");
        }
        for text in ["", "inf", "NaN", " 1"] {
            assert!(!fits(text, Type::Float), "{text}");
        }
    }
}
