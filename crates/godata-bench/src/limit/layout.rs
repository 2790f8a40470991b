//! The text around the cells of a row, built once.

use godata_core::BoxError;

use super::lines::{Piece, WIDTH};

/// The longest float has 24 bytes, and the end of a line has 2.
const GROSS: usize = 32;

/// The columns of the input, and the text written for them.
pub(super) struct Layout {
    pub(super) columns: usize,
    pub(super) status: usize,
    pub(super) amount: usize,
    /// The copied cells, with the text before each. The status is known, so it is part of that text.
    pub(super) cells: Vec<(Piece, usize)>,
    /// The text between the last cell and `gross`.
    pub(super) before_gross: Piece,
    /// The room that this takes in a line, including overcopied bytes and `gross`.
    pub(super) room: usize,
}

impl Layout {
    pub(super) fn of(header: &[u8]) -> Result<Self, BoxError> {
        let header = str::from_utf8(header)?;
        if header.contains(['"', '\r']) {
            return Err("the header has quotes or CRLF".into());
        }
        let names: Vec<_> = header.split(',').collect();
        let column = |wanted| {
            let found = names.iter().position(|name| *name == wanted);
            found.ok_or_else(|| format!("the input has no column `{wanted}`"))
        };
        let (status, amount) = (column("status")?, column("amount")?);
        let mut cells = Vec::new();
        let mut before = String::from("{");
        for (column, name) in names.iter().enumerate() {
            if column > 0 {
                before.push(',');
            }
            before.push_str(&serde_json::to_string(name)?);
            before.push(':');
            if column == status {
                before.push_str(r#""paid""#);
                continue;
            }
            let quote = if column == amount { "" } else { "\"" };
            before.push_str(quote);
            cells.push((Piece::new(&before), column));
            before.clear();
            before.push_str(quote);
        }
        before.push_str(r#","gross":"#);
        let before_gross = Piece::new(&before);
        let room = cells.iter().map(|(piece, _)| piece.room() + WIDTH).sum::<usize>() + before_gross.room();
        Ok(Self { columns: names.len(), status, amount, cells, before_gross, room: room + GROSS })
    }
}
