//! Lines that are not records.

use crate::dialect::Dialect;

/// Which lines are blank. Blank lines are not records: they are skipped, and counted as lines in errors.
///
/// ```
/// use godata_io_csv::{self as csv, BlankLines, Input, Pipeline, record};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), csv::BoxError> {
/// let input = Input::bytes("orders", "id,amount\nA-1,7\n  \n,,,\nA-2,8\n");
/// let reader = csv::read_records(input).blank_lines(BlankLines::EmptyCells);
/// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
/// assert_eq!(orders[1], record! {"id" => "A-2", "amount" => "8"});
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlankLines {
    /// Those without any bytes.
    #[default]
    Empty,
    /// Those without any bytes but white space: spaces, tabs, vertical tabs and form feeds. A delimiter does not count as
    /// white space.
    White,
    /// Those without any bytes but delimiters and white space, such as `,,,`: all cells of such a record are empty.
    EmptyCells,
}

impl BlankLines {
    /// Whether a byte may be in a blank line.
    pub(crate) fn allow(self, byte: u8, dialect: Dialect) -> bool {
        match self {
            Self::Empty => false,
            Self::EmptyCells if byte == dialect.delimiter => true,
            Self::White | Self::EmptyCells => {
                matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
                    && byte != dialect.delimiter
                    && Some(byte) != dialect.quote
            }
        }
    }
}
