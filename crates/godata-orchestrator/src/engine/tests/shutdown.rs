use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::super::shutdown::Lifecycle;
use super::*;
use crate::decide::Mode;
use crate::shutdown::ClosingStage;

struct World {
    lifecycle: Lifecycle,
    jobs: Jobs,
    directory: Directory,
    link: StoreLink,
    ended: Arc<AtomicBool>,
}

impl World {
    fn new() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        Self {
            lifecycle: Lifecycle::new(Duration::from_secs(30), Arc::clone(&ended)),
            jobs: jobs(Ok(()), 3),
            directory: Directory::default(),
            link: link(&ManualClock::new(at(0)), Keep::default()),
            ended,
        }
    }

    /// Starts a job that never ends.
    fn start(&mut self) -> RunRecord {
        let id = register(&mut self.directory, "a", &[]);
        let run = run("a", RunStatus::Running, Some(self.link.owner()));
        let entry = self.directory.entry_mut(id).unwrap();
        entry.runs.push(run.clone());
        let slot = self.jobs.slots.take(None, 1);
        self.jobs.start(entry, run.id, slot, None);
        run
    }

    fn begin(&mut self) {
        self.lifecycle.begin("test", Some(Duration::from_secs(1)), &self.jobs, &self.directory);
    }

    fn is_over(&mut self) -> bool {
        self.lifecycle.is_over(&self.jobs, &self.directory, &self.link)
    }

    fn stage(&self) -> ClosingStage {
        self.lifecycle.closing.as_ref().unwrap().stage
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_without_jobs_is_over_at_once() {
    let mut world = World::new();
    assert!(!world.is_over() && !world.lifecycle.is_closing());
    world.begin();
    assert_eq!(world.lifecycle.mode, Mode::Draining);
    assert!(world.is_over());
    let ended = world.lifecycle.end(&world.directory, &world.link);
    assert!(world.ended.load(Relaxed) && ended.report.runs.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_does_not_end_is_asked_to_stop_and_then_given_up() {
    let mut world = World::new();
    let run = world.start();
    world.begin();
    assert!(!world.is_over());
    assert_eq!(world.stage(), ClosingStage::Draining);
    assert!(world.lifecycle.next_stage(&world.jobs, &world.directory).is_empty());
    assert_eq!(world.stage(), ClosingStage::Stopping);
    let handle = world.jobs.running(&world.directory).pop().unwrap();
    assert!(handle.context().is_canceled() && !world.is_over());
    let stuck = world.lifecycle.next_stage(&world.jobs, &world.directory);
    assert_eq!(stuck.iter().map(RunHandle::id).collect::<Vec<_>>(), [run.id]);
    assert_eq!(world.stage(), ClosingStage::Saving);
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_calls_of_the_store_and_reports_what_stays_queued() {
    let mut world = World::new();
    let id = register(&mut world.directory, "a", &[]);
    let owner = Some(world.link.owner());
    let queued = run("a", RunStatus::Queued, owner);
    let entry = world.directory.entry_mut(id).unwrap();
    entry.runs = vec![queued.clone(), run("a", RunStatus::Queued, Some(OwnerId::generate()))];
    world.link.read(entry, Duration::ZERO, None);
    world.begin();
    assert!(!world.is_over());
    world.link.next().await;
    assert!(world.is_over());
    let ended = world.lifecycle.end(&world.directory, &world.link);
    assert_eq!(ended.report.queued, [queued.id]);
}

#[tokio::test(start_paused = true)]
async fn a_second_shutdown_joins_the_first() {
    let mut world = World::new();
    world.start();
    world.begin();
    let deadline = world.lifecycle.deadline();
    world.begin();
    assert_eq!((world.lifecycle.deadline(), world.stage()), (deadline, ClosingStage::Draining));
}
