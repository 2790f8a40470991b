//! A job keeps the result of its execution, and calls its hooks.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::future::{pending, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use godata_etl::Concurrency::Ordered;
use godata_etl::{
    JobHook, JobInfo, Pipeline, PipelineEnd, PipelineHook, PipelineInfo, PipelineJob, RunContext,
};
use tokio::sync::Notify;

/// Keeps a line for each call.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    ended: Arc<Notify>,
}

impl Log {
    fn add(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }
}

impl PipelineHook for Log {
    fn on_pipeline_start(&self, _: &RunContext, pipeline: &PipelineInfo) {
        self.add(format!("pipeline {} starts", pipeline.name()));
    }

    fn on_pipeline_end(&self, _: &RunContext, _: &PipelineInfo, end: &PipelineEnd<'_>) {
        self.add(format!("pipeline {}", end.outcome));
    }
}

impl JobHook for Log {
    fn on_job_start(&self, cx: &RunContext, job: &JobInfo) {
        assert_eq!(cx.job_id(), job.job_id());
        self.add(format!("job of {} starts", job.pipeline_name()));
    }

    fn on_job_end(&self, _: &RunContext, _: &JobInfo, end: &PipelineEnd<'_>) {
        self.add(format!("job {}", end.outcome));
        self.ended.notify_one();
    }
}

fn job(log: &Log, fails: bool, hangs: bool) -> PipelineJob {
    let flow = Pipeline::builder("p").hook(log.clone()).read_vec(vec![1]);
    let flow = flow.try_map(move |n| if fails { Err("bad".into()) } else { Ok(n) });
    let flow =
        flow.map_async(Ordered(1), move |n| async move { if hangs { pending().await } else { Ok(n) } });
    PipelineJob::new(flow.write_fn(|_, _| ready(Ok(()))).unwrap()).hook(log.clone())
}

#[tokio::test]
async fn a_job_keeps_times_and_report() {
    let log = Log::default();
    let mut job = job(&log, false, false);
    assert!(job.started_at().is_none() && job.ended_at().is_none() && job.duration().is_none());
    let report = job.run(&RunContext::new()).await.unwrap();
    assert!(job.started_at() <= job.ended_at() && job.duration().is_some() && job.error().is_none());
    assert_eq!(job.report(), Some(report));
    assert_eq!((job.name(), job.pipeline().name()), ("p", "p"));
    let lines = ["job of p starts", "pipeline p starts", "pipeline succeeded", "job succeeded"];
    assert_eq!(*log.lines.lock().unwrap(), lines);
}

#[tokio::test]
async fn a_job_keeps_its_error() {
    let log = Log::default();
    let mut job = job(&log, true, false);
    let error = job.run(&RunContext::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "step[0] (try_map) failed at record 1");
    assert_eq!(job.error().unwrap().to_string(), error.to_string());
    assert_eq!(job.report().unwrap().read.records, 1);
    assert_eq!(log.lines.lock().unwrap().last().unwrap(), "job failed: step[0] (try_map) failed at record 1");
}

#[tokio::test]
async fn a_job_whose_future_is_dropped_ends_as_canceled() {
    let log = Log::default();
    let mut job = job(&log, false, true);
    let cx = RunContext::new();
    {
        let mut run = pin!(job.run(&cx));
        std::future::poll_fn(|cx| {
            assert!(run.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    log.ended.notified().await;
    assert!(job.error().unwrap().is_canceled());
    assert!(job.ended_at().is_some() && !cx.is_canceled());
    let lines = ["job of p starts", "pipeline p starts", "pipeline canceled", "job canceled"];
    assert_eq!(*log.lines.lock().unwrap(), lines);
}

/// Sets a report of its own at the end.
struct OwnReport;

impl PipelineHook for OwnReport {
    fn on_pipeline_end(&self, cx: &RunContext, _: &PipelineInfo, end: &PipelineEnd<'_>) {
        let theirs = cx.progress().report().unwrap();
        assert_eq!(*theirs, *end.report.to_json());
        cx.progress().set_report(format!(r#"{{"own":{theirs}}}"#)).unwrap();
    }
}

#[tokio::test]
async fn the_context_of_a_run_gets_its_report_however_it_ended() {
    for (fails, hangs) in [(false, false), (true, false), (false, true)] {
        let cx = RunContext::new();
        let mut job = job(&Log::default(), fails, hangs);
        let cancel = async {
            while hangs && cx.progress().records_read() == 0 {
                tokio::task::yield_now().await;
            }
            if hangs {
                assert_eq!(cx.progress().report(), None, "it has not ended");
                cx.cancel();
            }
        };
        let (result, ()) = tokio::join!(job.run(&cx), cancel);
        assert_eq!(result.is_ok(), !fails && !hangs);
        let report = cx.progress().report().unwrap();
        assert_eq!(*report, *job.report().unwrap().to_json());
        assert!(report.contains(r#""steps":[{"name":"try_map","in":"#), "{report}");
    }
}

#[tokio::test]
async fn a_hook_can_replace_the_report_and_a_check_sets_none() {
    let flow = Pipeline::builder("p").hook(OwnReport).read_vec(vec![1]);
    let pipeline = flow.write_fn(|_, _| ready(Ok(()))).unwrap();
    let cx = RunContext::new();
    pipeline.check(&cx).await.unwrap();
    assert_eq!(cx.progress().report(), None);
    let report = pipeline.run(&cx).await.unwrap();
    let own = format!(r#"{{"own":{}}}"#, report.to_json());
    assert_eq!(cx.progress().report().as_deref(), Some(&*own));
}
