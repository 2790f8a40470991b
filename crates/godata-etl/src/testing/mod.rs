//! Readers and writers for tests of pipelines, without files.
//!
//! Available with the feature `testing`, which belongs in `[dev-dependencies]`:
//!
//! ```toml
//! [dev-dependencies]
//! godata-etl = { version = "0.1", features = ["testing"] }
//! ```
//!
//! With `godata` instead of `godata-etl`, it is the feature `testing` of `godata`, and the module `godata::etl::testing`.
//!
//! A [`Script`] is a reader that says what is read, and in which batches. [`Captured`] is a writer that keeps what was
//! committed. Both can fail on request.
//!
//! ```
//! use godata_etl::testing::{Captured, Script};
//! use godata_etl::{BoxError, BuildError, Limit, OnError, Pipeline, PipelineError, Reader, RunContext, Writer};
//!
//! /// The pipeline that is tested.
//! fn doubled(
//!     reader: impl Reader<Batch = Vec<u32>>,
//!     writer: impl Writer<Vec<u32>>,
//! ) -> Result<Pipeline, BuildError> {
//!     let builder = Pipeline::builder("doubled").on_error(OnError::skip(Limit::records(1)));
//!     builder.read(reader).map(|n| n * 2).write(writer)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let written = Captured::new();
//! let reader = Script::new().rows([1, 2]).bad_row("not a number").rows([3]);
//! let report = doubled(reader, written.clone())?.run(&RunContext::new()).await?;
//! assert_eq!((written.visible(), report.rejected()), (vec![2, 4, 6], 1));
//!
//! let written = Captured::new();
//! let reader = Script::new().rows([1, 2]).transient("the connection was lost");
//! let error = doubled(reader, written.clone())?.run(&RunContext::new()).await.unwrap_err();
//! assert!(matches!(error, PipelineError::Read { .. }));
//! assert_eq!(written.visible(), []);
//! # Ok(())
//! # }
//! ```

mod captured;
mod gate;
mod script;

pub use captured::{Captured, OpenCaptured};
pub use gate::Gate;
pub use script::{OpenScript, Script};
