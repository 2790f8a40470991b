//! One field or several, as an argument of a step.

use std::sync::Arc;

use super::join::JoinField;
use crate::SortField;

/// One field or several: a name, or an array, a `Vec` or a slice of names. [`sort_by`](crate::Flow::sort_by) also takes
/// [`SortField`]s, and a [`join`](crate::Flow::join) also [`JoinField`]s, which pairs of names become.
///
/// ```
/// # use godata_etl::{Keep, Memory, Pipeline, desc, record};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_etl::BoxError> {
/// let rows = vec![record! {"id" => " 1", "n" => 2}, record! {"id" => "1", "n" => 3}];
/// let flow = Pipeline::builder("orders").read_vec(rows).untyped();
/// let flow = flow.trim("id").sort_by(desc("n"), Memory::mib(1)).dedupe_by(["id"], Keep::First, Memory::mib(1));
/// assert_eq!(flow.collect(2).await?, [record! {"id" => "1", "n" => 3}]);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a field nor a list of fields",
    label = "expected a name, or an array, a `Vec` or a slice of names",
    note = "collect an iterator first: `names.collect::<Vec<_>>()`"
)]
pub trait IntoFields<F>: private::Sealed<F> {
    /// The list.
    #[doc(hidden)]
    fn into_list(self) -> Vec<F>;
}

/// Implements the trait for one field.
macro_rules! one {
    ($($one:ty => $($field:ty),+;)+) => {
        $($(
            impl private::Sealed<$field> for $one {}

            impl IntoFields<$field> for $one {
                fn into_list(self) -> Vec<$field> {
                    vec![self.into()]
                }
            }
        )+)+
    };
}

one! {
    &str => String, Arc<str>, SortField, JoinField;
    String => String, Arc<str>, SortField, JoinField;
    &String => String;
    Arc<str> => Arc<str>, SortField;
    SortField => SortField;
    (&str, &str) => JoinField;
    JoinField => JoinField;
}

impl<F, S: Into<F>, const N: usize> IntoFields<F> for [S; N] {
    fn into_list(self) -> Vec<F> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<F, S: Into<F>> IntoFields<F> for Vec<S> {
    fn into_list(self) -> Vec<F> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<F, S: Into<F> + Clone> IntoFields<F> for &[S] {
    fn into_list(self) -> Vec<F> {
        self.iter().cloned().map(Into::into).collect()
    }
}

impl<F, S: Into<F> + Clone> IntoFields<F> for &Vec<S> {
    fn into_list(self) -> Vec<F> {
        self.as_slice().into_list()
    }
}

impl<F, S: Into<F> + Clone, const N: usize> IntoFields<F> for &[S; N] {
    fn into_list(self) -> Vec<F> {
        self.as_slice().into_list()
    }
}

mod private {
    pub trait Sealed<F> {}

    impl<F, S: Into<F>, const N: usize> Sealed<F> for [S; N] {}
    impl<F, S: Into<F>> Sealed<F> for Vec<S> {}
    impl<F, S: Into<F> + Clone> Sealed<F> for &[S] {}
    impl<F, S: Into<F> + Clone> Sealed<F> for &Vec<S> {}
    impl<F, S: Into<F> + Clone, const N: usize> Sealed<F> for &[S; N] {}
}
