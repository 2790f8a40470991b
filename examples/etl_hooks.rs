//! Hooks that observe a pipeline and a job. The last record is invalid, so the run fails on purpose.
//!
//!     cargo run --example etl_hooks

use godata::prelude::*;
use godata::{JobInfo, PipelineEnd, PipelineInfo, StageEnd, StepInfo};

struct Log;

/// Every method of a hook is optional.
impl PipelineHook for Log {
    fn on_pipeline_start(&self, _cx: &RunContext, pipeline: &PipelineInfo) {
        println!("{} starts with {} steps", pipeline.name(), pipeline.steps().len());
    }

    fn on_step_end(&self, _cx: &RunContext, _pipeline: &PipelineInfo, step: &StepInfo, end: &StageEnd<'_>) {
        println!("{step} {}: {} of {} records", end.outcome, end.records_out, end.records_in);
    }

    fn on_pipeline_end(&self, _cx: &RunContext, pipeline: &PipelineInfo, end: &PipelineEnd<'_>) {
        println!("{} {}", pipeline.name(), end.outcome);
    }
}

impl JobHook for Log {
    fn on_job_end(&self, _cx: &RunContext, job: &JobInfo, end: &PipelineEnd<'_>) {
        println!("the job of {} {}", job.pipeline_name(), end.outcome);
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let pipeline = Pipeline::builder("invoices")
        .hook(Log)
        .read_vec(vec!["12.50", "7.00", "", "oops"])
        .filter(|amount| !amount.is_empty())
        .try_map(|amount| amount.parse::<f64>().map_err(|error| format!("`{amount}`: {error}").into()))
        .write_fn(|_cx, _amounts| async { Ok(()) })?;

    let mut job = PipelineJob::new(pipeline).hook(Log);
    if let Err(error) = job.run(&RunContext::new()).await {
        println!("{error:#}");
    }
    assert!(job.duration().is_some() && job.error().is_some());
    Ok(())
}
