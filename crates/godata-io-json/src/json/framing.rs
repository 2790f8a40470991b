//! The scanner as a framing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};

use super::scanner::Scanner;

/// Cuts documents. Its clone stays with the source, which begins each of them and asks what a frame does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct ArrayFraming {
    document: Arc<Mutex<Document>>,
}

#[derive(Debug, Default)]
struct Document {
    /// `None` until a document was begun.
    scanner: Option<Scanner>,
    /// How many line feeds were passed.
    lines: u64,
}

impl ArrayFraming {
    /// Begins a document.
    pub(super) fn begin(&self, scanner: Scanner) {
        *self.document() = Document { scanner: Some(scanner), lines: 0 };
    }

    /// The column at which the last frame began, from 1.
    pub(super) fn frame_column(&self) -> u64 {
        self.document().scanner.as_ref().map_or(1, Scanner::frame_column)
    }

    /// Says whether the document may end here.
    pub(super) fn finish(&self) -> Result<(), BoxError> {
        let document = self.document();
        let Some(scanner) = &document.scanner else { return Ok(()) };
        Ok(scanner.finish(document.lines)?)
    }

    /// Only one thread at a time has the source.
    fn document(&self) -> MutexGuard<'_, Document> {
        self.document.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Framing for ArrayFraming {
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let mut document = self.document();
        let Some(scanner) = &mut document.scanner else { return Ok(Frame::default()) };
        let frame = scanner.frame(ahead)?;
        document.lines += frame.lines;
        Ok(frame)
    }
}
