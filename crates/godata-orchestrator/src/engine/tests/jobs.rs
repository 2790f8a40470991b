use super::*;
use crate::decide::End;
use crate::entry::Entry;
use crate::shutdown::{Closing, ClosingStage};

/// A registered pipeline with a running row, whose job has not started.
fn starting(directory: &mut Directory) -> (EntryId, RunRecord) {
    let id = register(directory, "a", &[]);
    let run = run("a", RunStatus::Running, None);
    directory.entry_mut(id).unwrap().runs.push(run.clone());
    (id, run)
}

/// Starts it in a slot of the pool.
fn start(jobs: &mut Jobs, directory: &mut Directory, closing: Option<&mut Closing>) -> (EntryId, RunRecord) {
    let (id, run) = starting(directory);
    let slot = jobs.slots.take(Some(0), 1);
    jobs.will_start(id, run.id, slot);
    jobs.start_all(directory, closing);
    (id, run)
}

fn ends(entry: &Entry) -> Vec<(RunStatus, bool)> {
    entry.ends.iter().map(|end| (end.status, end.started_at.is_some())).collect()
}

#[test]
fn a_job_keeps_its_slot_until_it_has_ended() {
    let (mut jobs, mut directory) = (jobs(Ok(()), 3), Directory::default());
    let (id, run) = start(&mut jobs, &mut directory, None);
    let (all, pools) = jobs.slots_used();
    assert_eq!((all.taken, all.total, pools[0].1.taken, pools[0].1.total), (1, 3, 1, 1));
    assert_eq!((jobs.pipeline_of(run.id), jobs.running(&directory).len()), (Some(id), 1));
    assert!(jobs.are_written(&directory));

    let entry = directory.entry_mut(id).unwrap();
    let end = || End::without_result(run.id, RunStatus::Failed, String::new(), Some(at(0)), at(1));
    jobs.ended(entry, end());
    jobs.ended(entry, end());
    assert_eq!(ends(entry), [(RunStatus::Failed, true)], "once");
    assert_eq!(jobs.slots_used().0.taken, 0);
    assert!(jobs.running(&directory).is_empty() && !jobs.are_written(&directory));

    let mut written = run.clone();
    written.status = RunStatus::Failed;
    jobs.written(directory.entry_mut(id).unwrap(), &written);
    assert_eq!((jobs.pipeline_of(run.id), directory.entry(id).unwrap().jobs.len()), (None, 0));
}

#[test]
fn a_final_row_that_is_not_of_its_end_leaves_a_running_job_watched() {
    let (mut jobs, mut directory) = (jobs(Ok(()), 3), Directory::default());
    let (id, mut run) = start(&mut jobs, &mut directory, None);
    run.status = RunStatus::Interrupted;
    jobs.written(directory.entry_mut(id).unwrap(), &run);
    assert_eq!(jobs.pipeline_of(run.id), Some(id));
}

#[test]
fn a_job_that_can_not_start_ends_at_once_and_gives_its_slot_back() {
    let table = [
        (Err(RunnerError::UnknownPool { pool: "x".into() }), RunStatus::Failed),
        (Err(RunnerError::ShuttingDown), RunStatus::Interrupted),
    ];
    for (answer, status) in table {
        let (mut jobs, mut directory) = (jobs(answer, 3), Directory::default());
        let (id, _) = start(&mut jobs, &mut directory, None);
        assert_eq!(ends(directory.entry(id).unwrap()), [(status, false)]);
        assert_eq!(jobs.slots_used().0.taken, 0);
    }
}

#[test]
fn a_job_whose_registration_is_gone_is_canceled_and_one_that_comes_too_late_is_interrupted() {
    let (mut jobs, mut directory) = (jobs(Ok(()), 3), Directory::default());
    let (id, run) = starting(&mut directory);
    directory.remove_plan(id);
    let slot = jobs.slots.take(None, 1);
    jobs.start(directory.entry_mut(id).unwrap(), run.id, slot, None);
    assert_eq!(ends(directory.entry(id).unwrap()), [(RunStatus::Canceled, false)]);

    let mut closing = Closing::new(Some(Duration::ZERO), Duration::ZERO, Vec::new());
    let mut other = Directory::default();
    start(&mut jobs, &mut other, Some(&mut closing));
    assert_eq!(closing.runs.len(), 1, "it may still start, and counts as one of the shutdown");
    closing.begin(ClosingStage::Stopping);
    let mut late = Directory::default();
    let (id, _) = start(&mut jobs, &mut late, Some(&mut closing));
    assert_eq!(ends(late.entry(id).unwrap()), [(RunStatus::Interrupted, false)]);
    assert_eq!(closing.runs.len(), 2, "so that the report has it");
}

#[test]
fn a_slot_for_a_run_that_is_gone_is_given_back() {
    let (mut jobs, mut directory) = (jobs(Ok(()), 3), Directory::default());
    let (id, run) = starting(&mut directory);
    directory.entry_mut(id).unwrap().runs.clear();
    for id in [id, EntryId(9)] {
        let slot = jobs.slots.take(None, 1);
        jobs.will_start(id, run.id, slot);
    }
    assert_eq!(jobs.slots_used().0.taken, 2);
    jobs.start_all(&mut directory, None);
    assert_eq!(jobs.slots_used().0.taken, 0);
}

#[test]
fn a_caller_gets_the_same_handle_before_and_after_the_start() {
    let (mut jobs, mut directory) = (jobs(Ok(()), 3), Directory::default());
    let (id, run) = starting(&mut directory);
    let entry = directory.entry_mut(id).unwrap();
    let queued = jobs.handle_of(entry, &run);
    let slot = jobs.slots.take(None, 1);
    jobs.start(entry, run.id, slot, None);
    let running = jobs.handle_of(entry, &run);
    queued.stop();
    assert!(running.context().is_canceled());
}

#[test]
fn an_end_that_comes_too_late_is_forgotten() {
    let (mut jobs, mut directory) = (jobs(Ok(()), 3), Directory::default());
    let (id, run) = start(&mut jobs, &mut directory, None);
    let entry = directory.entry_mut(id).unwrap();
    jobs.ended(entry, End::without_result(run.id, RunStatus::Failed, String::new(), None, at(1)));
    jobs.supersede(entry, run.id);
    assert!(entry.ends.is_empty() && entry.jobs.is_empty() && jobs.pipeline_of(run.id).is_none());
}
