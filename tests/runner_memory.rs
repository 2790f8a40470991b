//! The memory of a runner does not grow with the runs that have ended. A program of its own, since it looks at the
//! whole process.

use std::fs;

use godata::prelude::*;
use godata::{AnyJob, RunRequest, Runner};

/// The most memory that this process has had in RAM, in KiB; `None` where the system does not say.
fn peak_resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_runs_stay_under_64_mib() -> Result<(), BoxError> {
    let runner = Runner::builder().keep_results(10_000).build()?;
    let job = AnyJob::new(job_fn("empty", |_cx| async { Ok(()) }));
    let mut last = None;
    for _ in 0..1_000 {
        let runs: Vec<_> = (0..1_000)
            .map(|_| runner.start_with(job.clone(), RunRequest::new()))
            .collect::<Result<_, _>>()?;
        for run in runs {
            assert!(run.finished().await.error.is_none());
            last = Some(run.id());
        }
    }
    assert!(last.and_then(|id| runner.result(id)).is_some());
    match peak_resident_kib() {
        Some(peak) => {
            println!("{peak} KiB");
            assert!(peak < 64 * 1024, "{peak} KiB");
        }
        None => println!("skipped: this system has no /proc/self/status to read the memory from"),
    }
    Ok(())
}
