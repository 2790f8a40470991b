//! Why a unit of work ended early.

use godata_core::{BoxError, Canceled};

/// Why a unit of work ended early: it failed, or the run is to stop.
///
/// `?` converts any error into it. It is not an error itself: the engine unpacks it, adds the stage and the record, and
/// turns it into a [`PipelineError`](crate::PipelineError).
#[derive(Debug)]
pub struct Stop(BoxError);

impl Stop {
    pub(crate) fn is_canceled(&self) -> bool {
        self.0.is::<Canceled>()
    }

    pub(crate) fn into_cause(self) -> BoxError {
        self.0
    }
}

impl<E: Into<BoxError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}
