//! Finds names of fields that no record has.

use std::sync::{Arc, Mutex, PoisonError};

use godata_core::{debug_as_chain, excerpt_list};

/// The fields that a step looks for and has not found in any record yet. Records that bring their own names, such as those of
/// JSON, may lack a field. If all of them do, its name is most likely misspelled.
#[derive(Debug, Default)]
pub(crate) struct FieldsSeen(Mutex<Option<Vec<Arc<str>>>>);

/// No record has these fields.
#[derive(thiserror::Error)]
#[error("no record has a field {}; `fill_null` before this step gives it to all", excerpt_list(names))]
pub(crate) struct NeverThere {
    names: Vec<String>,
}

debug_as_chain!(NeverThere);

impl FieldsSeen {
    /// Notes which fields none of the records of a batch has.
    pub(crate) fn note(&self, missing: Vec<Arc<str>>) {
        let mut never = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *never {
            Some(never) => never.retain(|name| missing.contains(name)),
            None => *never = Some(missing),
        }
    }

    /// The fields that no record had.
    pub(crate) fn never(&self) -> Vec<String> {
        let never = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        never.iter().flatten().map(|name| String::from(&**name)).collect()
    }

    /// Fails if there is a field that no record had.
    pub(super) fn check(&self) -> Result<(), NeverThere> {
        let names = self.never();
        if names.is_empty() { Ok(()) } else { Err(NeverThere { names }) }
    }
}
