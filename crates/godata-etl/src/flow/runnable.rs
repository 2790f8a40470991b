//! What the compiler says about a flow that is run before it has a `write`.

use crate::{Batch, Flow, PipelineError, RunContext, RunReport};

/// Implemented by nothing: a flow runs only once a `write` has turned it into a pipeline.
#[diagnostic::on_unimplemented(
    message = "this flow has no `write` yet, so it can't run",
    label = "a `write` is missing before this call",
    note = "end the flow with `.write(…)?` or `.write_fn(…)?`, which return a `Pipeline`, and run that",
    note = "to look at the first records without writing them, call `.collect(10).await?`"
)]
pub trait HasWrite {
    fn run(self, cx: &RunContext) -> impl Future<Output = Result<RunReport, PipelineError>> + Send;

    fn run_blocking(self, cx: &RunContext) -> Result<RunReport, PipelineError>;
}

/// Methods that can't be called. They turn "no method named `run`" into an error that says what is missing.
impl<B: Batch> Flow<B> {
    #[doc(hidden)]
    pub fn run(self, cx: &RunContext) -> impl Future<Output = Result<RunReport, PipelineError>> + Send
    where
        Self: HasWrite,
    {
        HasWrite::run(self, cx)
    }

    #[doc(hidden)]
    pub fn run_blocking(self, cx: &RunContext) -> Result<RunReport, PipelineError>
    where
        Self: HasWrite,
    {
        HasWrite::run_blocking(self, cx)
    }
}
