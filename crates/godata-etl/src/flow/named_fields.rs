//! The batches whose records have named fields.

use crate::{Batch, Flow, Records};

/// A batch whose records have named fields: [`Records`], and nothing else.
///
/// The steps of [`Flow`] that work on fields by their names need it: `select`, `rename`, `drop_fields`, `cast`,
/// `derive`, `typed`, and those that clean fields. [`untyped`](Flow::untyped) turns any other batch into one.
#[diagnostic::on_unimplemented(
    message = "the records of `{Self}` have no named fields",
    label = "this step needs dynamic records",
    note = "call `.untyped()` before this step: it turns `Record`s, and values of any type that serde can serialize, into dynamic records"
)]
pub trait NamedFields: Batch + private::Sealed {
    /// The flow, whose type is known here.
    #[doc(hidden)]
    fn flow(flow: Flow<Self>) -> Flow<Records>
    where
        Self: Sized;
}

impl NamedFields for Records {
    fn flow(flow: Flow<Self>) -> Flow<Self> {
        flow
    }
}

mod private {
    pub trait Sealed {}

    impl Sealed for crate::Records {}
}
