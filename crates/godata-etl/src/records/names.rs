//! Which names the rows of a batch can have, and the first unknown one that a closure asked for.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use super::batch::Records;
use super::field_error::FieldError;
use super::record::Record;
use super::shape::Shape;

/// Which names the rows of a batch can have beside those of its shape.
///
/// A getter that is asked for a name that no row can have notes it, and the step of the closure then fails. Otherwise a column
/// that is renamed in the source would be `None` for every row.
#[derive(Clone, Debug, Default)]
pub(crate) enum Names {
    /// Any: the rows bring their own.
    #[default]
    Open,
    /// None: the input or a step fixed the names for all rows.
    Fixed(Arc<Missed>),
}

/// The first unknown name that a closure asked for.
#[derive(Debug, Default)]
pub(crate) struct Missed(OnceLock<Miss>);

#[derive(Debug)]
struct Miss {
    /// The stored row that was asked. An owned record has none.
    row: Option<usize>,
    error: FieldError,
}

/// The names of the batch that an owned record comes from.
#[derive(Debug)]
pub(super) struct KnownNames {
    pub(super) names: Names,
    pub(super) shape: Arc<Shape>,
}

impl Names {
    pub(super) fn fixed() -> Self {
        Self::Fixed(Arc::default())
    }

    /// These names, after a step that declares all names.
    pub(super) fn declared(&self) -> Self {
        Self::Fixed(self.missed().cloned().unwrap_or_default())
    }

    /// Whether a name that is not in the shape can't be that of any row.
    pub(super) fn excludes(&self, shape: &Shape, name: &str) -> bool {
        match self {
            Self::Open => false,
            Self::Fixed(_) => shape.position(name).is_none(),
        }
    }

    /// Why a row has no field of this name.
    pub(super) fn missing(&self, shape: &Arc<Shape>, name: &str) -> FieldError {
        if self.excludes(shape, name) {
            FieldError::unknown(name, Arc::clone(shape))
        } else {
            FieldError::missing(name)
        }
    }

    /// Notes that a getter was asked for a name that the row does not have, if no row can have it.
    pub(super) fn note(&self, shape: &Arc<Shape>, name: &str, row: Option<usize>) {
        if let Some(missed) = self.missed().filter(|_| self.excludes(shape, name)) {
            missed.0.get_or_init(|| Miss { row, error: FieldError::unknown(name, Arc::clone(shape)) });
        }
    }

    pub(super) fn missed(&self) -> Option<&Arc<Missed>> {
        match self {
            Self::Open => None,
            Self::Fixed(missed) => Some(missed),
        }
    }
}

impl Missed {
    /// The notes of a batch of dynamic records with known names; `None` for any other batch.
    #[inline]
    pub(crate) fn of<B: Any>(batch: &B) -> Option<Arc<Self>> {
        let batch: &dyn Any = batch;
        let names = match batch.downcast_ref::<Records>() {
            Some(records) => &records.names,
            None => &batch.downcast_ref::<Vec<Record>>()?.first()?.known()?.names,
        };
        names.missed().cloned()
    }

    /// Fails if a closure asked for an unknown name.
    pub(crate) fn check(&self) -> Result<(), FieldError> {
        self.0.get().map_or(Ok(()), |miss| Err(miss.error.clone()))
    }
}

impl Records {
    /// The error for the first unknown name that a closure asked for, and the position of the row that was asked.
    pub(crate) fn missed(&self) -> Option<(usize, FieldError)> {
        let miss = self.names.missed()?.0.get()?;
        let stored = miss.row.and_then(|row| u32::try_from(row).ok());
        let position = stored.and_then(|row| self.rows.iter().position(|&other| other == row));
        Some((position.unwrap_or(usize::MAX), miss.error.clone()))
    }
}
