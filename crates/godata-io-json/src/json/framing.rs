//! The scanner as a framing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};

use super::scanner::Scanner;

/// Cuts a document. Its clone stays with the source, which asks it what a frame does not say.
#[derive(Clone, Debug)]
pub(super) struct ArrayFraming {
    scanner: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    scanner: Scanner,
    /// How many line feeds were passed.
    lines: u64,
}

impl ArrayFraming {
    pub(super) fn new(scanner: Scanner) -> Self {
        Self { scanner: Arc::new(Mutex::new(State { scanner, lines: 0 })) }
    }

    /// The column at which the last frame began, from 1.
    pub(super) fn frame_column(&self) -> u64 {
        self.state().scanner.frame_column()
    }

    /// Says whether the document may end here.
    pub(super) fn finish(&self) -> Result<(), BoxError> {
        let state = self.state();
        Ok(state.scanner.finish(state.lines)?)
    }

    /// Only one thread at a time has the source.
    fn state(&self) -> MutexGuard<'_, State> {
        self.scanner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Framing for ArrayFraming {
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let mut state = self.state();
        let frame = state.scanner.frame(ahead)?;
        state.lines += frame.lines;
        Ok(frame)
    }
}
