//! Splits documents into blocks of whole elements.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};

use super::scanner::Scanner;

/// Splits documents with a [`Scanner`]. The source keeps a clone, to start each document and to ask for what a [`Frame`] can't
/// tell.
#[derive(Clone, Debug, Default)]
pub(super) struct ArrayFraming {
    document: Arc<Mutex<Document>>,
}

#[derive(Debug, Default)]
struct Document {
    /// `None` before the first document.
    scanner: Option<Scanner>,
    /// The line feeds so far.
    lines: u64,
}

impl ArrayFraming {
    /// Starts a document.
    pub(super) fn begin(&self, scanner: Scanner) {
        *self.document() = Document { scanner: Some(scanner), lines: 0 };
    }

    /// The column at which the last frame began, from 1.
    pub(super) fn frame_column(&self) -> u64 {
        self.document().scanner.as_ref().map_or(1, Scanner::frame_column)
    }

    /// Fails if the document is not complete here.
    pub(super) fn finish(&self) -> Result<(), BoxError> {
        let document = self.document();
        let Some(scanner) = &document.scanner else { return Ok(()) };
        Ok(scanner.finish(document.lines)?)
    }

    /// The lock is never contended: only one thread at a time has the source.
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
