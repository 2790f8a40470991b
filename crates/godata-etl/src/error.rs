//! The errors of building and running a pipeline.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use godata_core::{
    BoxError, Canceled, NameError, PipelineName, debug_as_chain, error_chain, error_levels, excerpt,
    excerpt_path, excerpt_within, panic_message,
};

use crate::{CastError, Limit, Place, RunReport, StepInfo};

/// Why a pipeline can't be built from its description.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The name breaks the rules of [`PipelineName`](crate::PipelineName).
    #[error("invalid pipeline name `{}`", excerpt(name))]
    InvalidName {
        /// The name.
        name: String,
        /// The rule that it breaks.
        source: NameError,
    },
    /// The name of a [`batch_step`](crate::Flow::batch_step) breaks the rules of [`PipelineName`](crate::PipelineName).
    #[error("invalid step name `{}` in pipeline `{}`", excerpt(name), name_excerpt(pipeline))]
    InvalidStepName {
        /// The pipeline.
        pipeline: String,
        /// The name.
        name: String,
        /// The rule that it breaks.
        source: NameError,
    },
    /// [`workers(0)`](crate::PipelineBuilder::workers): a pipeline needs at least one worker.
    #[error("pipeline `{}` needs at least one worker; the default is one per core", name_excerpt(pipeline))]
    NoWorkers {
        /// The pipeline.
        pipeline: String,
    },
    /// The [share](crate::Limit::share) of a limit is not from 0 to 1.
    #[error(
        "the share of rejected records of pipeline `{}` must be from 0 to 1, and it is {}",
        name_excerpt(pipeline),
        excerpt(share)
    )]
    InvalidShare {
        /// The pipeline.
        pipeline: String,
        /// The share.
        share: String,
    },
    /// `Ordered(0)` or `Unordered(0)`: no record could ever be in flight.
    #[error("{step} of pipeline `{}` needs at least one record in flight", name_excerpt(pipeline))]
    NoConcurrency {
        /// The pipeline.
        pipeline: String,
        /// The step.
        step: StepInfo,
    },
    /// The arguments of a step make no sense: an empty separator, no fields, or a field that is there twice.
    #[error("{step} of pipeline `{}` {}", name_excerpt(pipeline), excerpt(mistake))]
    InvalidStep {
        /// The pipeline.
        pipeline: String,
        /// The step.
        step: StepInfo,
        /// What is wrong with it.
        mistake: String,
    },
    /// A [`Cast`](crate::Cast) has a format that can't be read, or an option that does not fit its type.
    #[error("the cast of field `{}` in pipeline `{}` has a mistake", excerpt(field), name_excerpt(pipeline))]
    InvalidCast {
        /// The pipeline.
        pipeline: String,
        /// The field.
        field: String,
        /// What is wrong with the cast.
        source: CastError,
    },
}

/// Why a run did not succeed: the stage that failed, the record, the cause, and the report of what was done.
///
/// `Display` prints the stage and the place (`step[2] (transform) failed at record 101 (orders.csv:103)`). The cause is
/// the [`source`](Error::source). `{:#}` and `Debug` print the message with all its causes on one line, so a `main` that
/// returns the error prints it whole. A program that runs several pipelines finds the name in the [`report`](Self::report).
///
/// ```
/// use godata_etl::{Pipeline, PipelineError, RunContext};
///
/// let pipeline = Pipeline::builder("numbers")
///     .read_vec(vec!["1", "2", "x"])
///     .try_map(|text| Ok(text.parse::<u32>()?))
///     .write_fn(|_, _| async { Ok(()) })?;
///
/// let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
/// assert_eq!(error.to_string(), "step[0] (try_map) failed at record 3");
/// assert_eq!(format!("{error:?}"), "step[0] (try_map) failed at record 3: invalid digit found in string");
/// assert!(matches!(&error, PipelineError::Step { step, .. } if step.name() == "try_map"));
/// assert_eq!(error.place().and_then(|place| place.record), Some(3));
/// assert_eq!(error.report().map(|report| report.read.records), Some(3));
/// # Ok::<(), godata_etl::BuildError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum PipelineError {
    /// The pipeline can't be built from its description. Only previews return this.
    Build {
        /// The mistake in the description.
        source: BuildError,
    },
    /// The pipeline can't run in this place: there is no tokio runtime, [`run_blocking`](crate::Pipeline::run_blocking)
    /// was called on one, or the caller is a step of a pipeline.
    Runtime {
        /// The pipeline.
        pipeline: String,
        /// Why not.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The input could not be opened, read or decoded.
    Read {
        /// The record, if the reader knows it.
        place: Option<Place>,
        /// The cause.
        source: Arc<dyn Error + Send + Sync>,
        /// What had been done by then.
        report: Arc<RunReport>,
    },
    /// A step failed or panicked.
    Step {
        /// The step.
        step: StepInfo,
        /// The record, if the stage was working on one.
        place: Option<Place>,
        /// The cause.
        source: Arc<dyn Error + Send + Sync>,
        /// What had been done by then.
        report: Arc<RunReport>,
    },
    /// The output could not be opened, encoded, written or committed.
    Write {
        /// The record, if the stage was working on one.
        place: Option<Place>,
        /// The cause.
        source: Arc<dyn Error + Send + Sync>,
        /// What had been done by then.
        report: Arc<RunReport>,
    },
    /// More records were rejected than the [`OnError`](crate::OnError) of the pipeline allows. The source is the first
    /// rejection; the report has the [first ones](RunReport::rejections). As the error of a [`Job`](crate::Job) it is
    /// [`Permanent`](crate::Permanent): the same input would be read again.
    TooManyRejected {
        /// How many records were rejected, including the one that exceeded the limit.
        rejected: u64,
        /// How many records had been read by then, including rejected ones.
        read: u64,
        /// The limit.
        limit: Limit,
        /// What had been done by then.
        report: Arc<RunReport>,
    },
    /// The run was canceled, or its future dropped, before the output was committed.
    Canceled {
        /// The cancellation, which makes the error count as canceled.
        source: Canceled,
        /// What had been done by then.
        report: Arc<RunReport>,
    },
}

impl PipelineError {
    pub(crate) fn wrong_place(pipeline: &str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Runtime { pipeline: pipeline.to_owned(), source: Arc::new(source) }
    }

    /// The report of what had been done; `None` if the run could not start.
    #[must_use]
    pub fn report(&self) -> Option<&RunReport> {
        match self {
            Self::Build { .. } | Self::Runtime { .. } => None,
            Self::Read { report, .. }
            | Self::Step { report, .. }
            | Self::Write { report, .. }
            | Self::TooManyRejected { report, .. }
            | Self::Canceled { report, .. } => Some(report),
        }
    }

    /// The record that failed, if it is known.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Read { place, .. } | Self::Step { place, .. } | Self::Write { place, .. } => place.as_ref(),
            _ => None,
        }
    }

    /// Whether the run was canceled, or its future dropped. Otherwise it failed.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        matches!(self, Self::Canceled { .. })
    }

    /// Whether the write failed because the reader of a pipe has closed it, as `head` does once it has its lines. What was
    /// written before has arrived.
    ///
    /// A program that writes to standard output treats this as a normal end, as other filters do:
    ///
    /// ```
    /// # use std::io;
    /// # use godata_etl::{Pipeline, PipelineError, RunContext};
    /// # fn main() -> Result<(), PipelineError> {
    /// # let pipeline = Pipeline::builder("t").read_vec(vec![1]);
    /// # let pipeline = pipeline.write_fn(|_, _| async { Err(io::Error::from(io::ErrorKind::BrokenPipe).into()) })?;
    /// match pipeline.run_blocking(&RunContext::new()) {
    ///     Err(error) if !error.is_broken_pipe() => Err(error),
    ///     _ => Ok(()),
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        let source = match self {
            Self::Write { source, .. } => source,
            Self::Step { step, source, .. } if step.name == "also_write" => source,
            _ => return false,
        };
        error_levels(&**source).any(|cause| {
            let error = cause.downcast_ref::<io::Error>();
            error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
        })
    }
}

impl From<BuildError> for PipelineError {
    fn from(source: BuildError) -> Self {
        Self::Build { source }
    }
}

impl Error for PipelineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Build { source } => Some(source),
            Self::Canceled { source, .. } => Some(source),
            Self::TooManyRejected { report, .. } => report.rejections.first().map(|first| first as _),
            Self::Runtime { source, .. }
            | Self::Read { source, .. }
            | Self::Step { source, .. }
            | Self::Write { source, .. } => Some(&**source),
        }
    }
}

impl fmt::Display for PipelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return write!(f, "{}", error_chain(self));
        }
        match self {
            Self::Build { .. } => f.write_str("the pipeline can't be built"),
            Self::Runtime { pipeline, .. } => {
                write!(f, "pipeline `{}` can't run here", name_excerpt(pipeline))
            }
            Self::Read { .. } => f.write_str("read failed"),
            Self::Step { step, .. } => write!(f, "{step} failed"),
            Self::Write { .. } => f.write_str("write failed"),
            Self::TooManyRejected { rejected, read, limit, .. } => {
                write!(f, "{rejected} of {read} records were rejected; the limit is {limit}")
            }
            Self::Canceled { report, .. } => {
                write!(f, "pipeline `{}` was stopped", name_excerpt(&report.pipeline))
            }
        }?;
        match self.place() {
            Some(Place { record: None, line: None, source: Some(source), .. }) => {
                write!(f, " in `{}`", excerpt_path(&**source))
            }
            Some(place) => write!(f, " at {place}"),
            None => Ok(()),
        }
    }
}

debug_as_chain!(BuildError, PipelineError);

/// The name of a pipeline, which is whole if it is valid.
fn name_excerpt(name: &str) -> String {
    excerpt_within(name, PipelineName::MAX_BYTES)
}

/// How many characters of an error from elsewhere are shown.
pub(crate) const MESSAGE: usize = 2_000;

/// How many characters of a panic's message are shown.
const PANIC: usize = 1_000;

/// A panic in the user's code, caught where it happened.
#[derive(thiserror::Error)]
#[error("panicked: {}", excerpt_within(message, PANIC))]
pub(crate) struct Panicked {
    message: String,
}

debug_as_chain!(Panicked);

/// Runs the user's code: a panic in it becomes an error.
pub(crate) fn contained<T>(f: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| Err(Panicked::from_payload(panic).into()))
}

impl Panicked {
    /// Takes the payload that `catch_unwind` returned.
    pub(crate) fn from_payload(payload: Box<dyn Any + Send>) -> Self {
        Self { message: panic_message(payload) }
    }
}
