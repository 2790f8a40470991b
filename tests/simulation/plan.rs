//! The plan that a seed stands for: the pipelines, the number of instances, and what happens to them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

pub(crate) use godata::orchestrator::{Misfire, Overlap, Recovery};
use godata::scheduler::parse;
use godata::{AnySchedule, PipelineName, RetryPolicy};

use crate::jobs::Habits;
use crate::random::Random;

/// One simulation.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Whether instances share the store. If not, there is one at a time.
    pub(crate) shared: bool,
    pub(crate) instances: usize,
    pub(crate) recovery: Recovery,
    /// How many runs each instance runs at a time.
    pub(crate) slots: usize,
    pub(crate) pipelines: BTreeMap<PipelineName, Terms>,
    /// After how many due times the simulation ends.
    pub(crate) due_times: u64,
    pub(crate) mood: Mood,
    /// Whether instances stop their jobs when they can't keep their lease.
    pub(crate) stops_when_lost: bool,
    /// When the store is away, from the beginning on.
    pub(crate) outage: Option<Range<Duration>>,
}

/// How much goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Nobody does anything, but what the plan itself says.
    Still,
    /// Nothing, as in everyday use.
    Peaceful,
    /// Instances come and go, and users are active; the network and the clocks are right.
    Busy,
    Wild,
}

/// The rules of a pipeline on every instance.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) misfire: Misfire,
    pub(crate) overlap: Overlap,
    pub(crate) retry: RetryPolicy,
    pub(crate) jitter: Duration,
    pub(crate) timeout: Option<Duration>,
    /// The pipelines that it runs after, once all of them have succeeded; none for one with a schedule.
    pub(crate) after: Vec<PipelineName>,
    /// The schedules that it is edited to, one after the other; none for one that runs after others.
    pub(crate) specs: Vec<String>,
    pub(crate) habits: Habits,
}

impl Plan {
    /// The plan of a seed, for this many due times.
    pub(crate) fn of(seed: u64, due_times: u64) -> Self {
        let random = &mut Random::stream(seed, "plan");
        let groups = &mut Random::stream(seed, "groups");
        let shared = random.one_in(2);
        let instances = if shared { 1 + random.below(4) as usize } else { 1 };
        let mood = match random.below(10) {
            0 => Mood::Peaceful,
            1..3 => Mood::Busy,
            _ => Mood::Wild,
        };
        let mut pipelines = BTreeMap::new();
        for number in 0..2 + random.below(5) {
            let mut after = Vec::new();
            if number > 0 && random.one_in(4) {
                after.push(name(0));
                after.extend((1..number).filter(|_| groups.one_in(2)).map(name));
            }
            pipelines.insert(name(number), terms(random, after));
        }
        let recovery = if random.one_in(2) { Recovery::Rerun } else { Recovery::Off };
        let slots = *random.pick(&[4, 16, 64]);
        let stops_when_lost = Random::stream(seed, "leases").one_in(2);
        let outage = None;
        Self { seed, shared, instances, recovery, slots, pipelines, due_times, mood, stops_when_lost, outage }
    }

    /// Instances on one store that run pipelines of the same schedule. Nothing else happens.
    pub(crate) fn still(seed: u64, instances: usize, pipelines: u64, spec: &str, longest: Duration) -> Self {
        let terms = |_| {
            let habits = Habits::reliable(longest);
            Terms { specs: vec![spec.to_owned()], habits, ..Terms::quiet() }
        };
        let pipelines = (0..pipelines).map(|number| (name(number), terms(number))).collect();
        Self {
            shared: true,
            instances,
            slots: 64,
            recovery: Recovery::Rerun,
            pipelines,
            mood: Mood::Still,
            stops_when_lost: false,
            ..Self::of(seed, u64::MAX)
        }
    }

    /// The same with one instance at a time.
    pub(crate) fn alone(self) -> Self {
        Self { shared: false, instances: 1, ..self }
    }
}

impl Terms {
    /// No random events, and jobs that end at once.
    pub(crate) fn quiet() -> Self {
        Self {
            misfire: Misfire::default(),
            overlap: Overlap::default(),
            retry: RetryPolicy::never(),
            jitter: Duration::ZERO,
            timeout: None,
            after: Vec::new(),
            specs: Vec::new(),
            habits: Habits::quiet(),
        }
    }

    /// Its schedule in a version of the program.
    pub(crate) fn schedule(&self, version: usize) -> Option<AnySchedule> {
        let spec = self.specs.get(version % self.specs.len().max(1))?;
        Some(parse(spec).unwrap())
    }
}

fn name(number: u64) -> PipelineName {
    PipelineName::new(format!("pipeline-{number}")).unwrap()
}

fn terms(random: &mut Random, after: Vec<PipelineName>) -> Terms {
    let overlap = match random.below(8) {
        0..3 => Overlap::Skip,
        3 => Overlap::BufferOne,
        4 => Overlap::BufferAll(1 + random.below(20) as usize),
        5 => Overlap::CancelOther,
        _ => Overlap::Allow,
    };
    let queues = matches!(overlap, Overlap::BufferAll(_) | Overlap::Allow);
    let misfire = match random.below(4) {
        0 => Misfire::Skip,
        1 if queues => Misfire::All,
        _ => Misfire::Latest,
    };
    let retry = RetryPolicy::attempts(1 + random.below(3) as u32)
        .backoff(Duration::from_millis(1 + random.below(5_000)), Duration::from_secs(1 + random.below(30)));
    let retry = if random.one_in(2) { retry } else { retry.only_transient() };
    let specs = if !after.is_empty() { Vec::new() } else { (0..3).map(|_| spec(random)).collect() };
    Terms {
        misfire,
        overlap,
        retry,
        jitter: if random.one_in(4) { Duration::from_millis(random.below(5_000)) } else { Duration::ZERO },
        timeout: random.one_in(4).then(|| Duration::from_secs(1 + random.below(60))),
        after,
        specs,
        habits: Habits::any(random),
    }
}

/// A typical schedule; most are due often enough that something happens.
fn spec(random: &mut Random) -> String {
    let often = [
        "every 1s",
        "every 1s500ms",
        "every 2s",
        "every 5s",
        "every 7s from 2026-03-01T00:00:00Z",
        "every 1m",
        "cron */10 * * * * *",
        "cron 5,35 * * * * *",
        "any(every 10s; every 7s)",
    ];
    let seldom = [
        "cron */5 * * * *",
        "cron 30 2 * * * Europe/Berlin",
        "daily 02:30,14:00 Europe/Berlin",
        "daily 00:00",
        "monthly last 12:00 America/New_York",
        "except(every 30m; sat,sun)",
        "once 2026-03-29T01:30:00Z",
    ];
    let among: &[&str] = if random.one_in(3) { &seldom } else { &often };
    (*random.pick(among)).to_owned()
}
