//! The world made from a seed: machines, a network, a store, and their users.

mod happenings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use godata::orchestrator::Registration;
use godata::{MemoryStore, Params, PipelineName};
use time::UtcDateTime;

use self::happenings::{register, start};
use crate::clock::StoreClock;
use crate::instance::Instance;
use crate::ledger::{Incarnation, Ledger, Totals};
use crate::medium::{Files, Medium};
use crate::network::{Network, Weather};
use crate::plan::{Mood, Plan};
use crate::random::Random;
use crate::{jobs, panics};

/// 2026-03-27, two days before clocks change in Europe.
const BEGINNING: i64 = 1_774_569_600;

/// How long everything has to calm down.
const CALM: Duration = Duration::from_secs(6 * 60);

/// The maximum length of a simulation.
const LONGEST: Duration = Duration::from_secs(6 * 3_600);

/// The result of a simulation.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) digest: u64,
    pub(crate) totals: Totals,
    pub(crate) violations: Vec<String>,
    /// How often instances looked at pipelines that others may have changed.
    pub(crate) looks: u64,
}

/// Runs a plan to its end, on a store in memory.
pub(crate) fn simulate(plan: Plan, is_told: bool) -> Outcome {
    let clock = StoreClock::new(beginning());
    let store = if plan.shared { MemoryStore::with_clock(clock.clone()) } else { MemoryStore::new() };
    simulate_on(store, clock, plan, is_told)
}

/// Runs a plan on a file store, which one instance has open at a time.
pub(crate) fn simulate_on_files(plan: Plan, is_told: bool) -> Outcome {
    let files = Files::new(plan.seed);
    simulate_on(files, StoreClock::new(beginning()), plan.alone(), is_told)
}

/// Runs a plan on any store, which uses this clock if instances share it.
fn simulate_on<M: Medium>(medium: M, clock: StoreClock, plan: Plan, is_told: bool) -> Outcome {
    let ledger = Arc::new(Ledger::new(plan.clone(), is_told));
    let random = Random::stream(plan.seed, "network");
    let network = Network::new(medium, clock.clone(), Arc::clone(&ledger), random);
    let mut world = World {
        random: Random::stream(plan.seed, "world"),
        now: beginning(),
        places: (0..plan.instances).map(|_| Place::default()).collect(),
        deployed: plan.pipelines.keys().map(|name| (name.clone(), 0)).collect(),
        plan,
        clock,
        network,
        ledger,
    };
    panics::forget();
    world.live();
    let ledger = &world.ledger;
    panics::take().into_iter().for_each(|panic| ledger.violated(format!("somebody panicked: {panic}")));
    let looks = world.network.looks();
    Outcome { digest: ledger.digest(), totals: ledger.totals(), violations: ledger.violations(), looks }
}

fn beginning() -> UtcDateTime {
    UtcDateTime::from_unix_timestamp(BEGINNING).unwrap()
}

struct World<M> {
    plan: Plan,
    random: Random,
    /// The true time.
    now: UtcDateTime,
    clock: StoreClock,
    network: Arc<Network<M>>,
    ledger: Arc<Ledger>,
    places: Vec<Place>,
    /// Which of its schedules each pipeline has in the newest version of the program.
    deployed: BTreeMap<PipelineName, usize>,
}

/// The place of an instance, which may be down at the moment.
#[derive(Default)]
struct Place {
    instance: Option<Instance>,
    lives: u32,
    boots_at: Option<UtcDateTime>,
    skew_ms: i64,
}

impl<M: Medium> World<M> {
    fn live(&mut self) {
        if self.plan.mood == Mood::Still {
            return self.live_still();
        }
        while self.now - beginning() < LONGEST && self.ledger.totals().due_times < self.plan.due_times {
            self.something_happens();
            let step = self.random.duration(Duration::from_secs(8));
            self.pass(step);
            if self.ledger.is_broken() {
                return self.stop();
            }
        }
        self.calm_down();
        self.restart();
        self.calm_down();
        self.end();
    }

    /// Lets time pass in small steps, in which the order of the machines hardly matters.
    fn live_still(&mut self) {
        let outage = self.plan.outage.clone().unwrap_or_default();
        while self.ledger.totals().due_times < self.plan.due_times && !self.ledger.is_broken() {
            let time = self.now - beginning();
            let is_away = outage.start <= time && time < outage.end;
            self.network.set_weather(if is_away { Weather::AWAY } else { Weather::FAIR });
            self.pass(Duration::from_millis(100));
        }
        self.stop();
    }

    /// Lets time pass on one machine after the other.
    fn pass(&mut self, step: Duration) {
        let now = self.now + step;
        let mut order: Vec<_> = (0..self.places.len()).collect();
        self.random.shuffle(&mut order);
        for number in order {
            self.boot_if_due(number);
            let place = &mut self.places[number];
            if let Some(instance) = &mut place.instance {
                instance.run(now);
                if instance.has_ended() {
                    self.take_down(number);
                }
            }
        }
        self.now = now;
        self.clock.reach(now);
        self.network.deliver_some();
    }

    fn boot_if_due(&mut self, number: usize) {
        let place = &mut self.places[number];
        if place.instance.is_some() || place.boots_at.is_some_and(|at| at > self.now) {
            return;
        }
        place.lives += 1;
        let who = Incarnation { instance: number, life: place.lives };
        self.ledger.note(|| format!("{} {who} boots", self.now));
        let instance = Instance::boot(&self.plan, who, &self.network, self.now, place.skew_ms);
        let names = self.deployed.keys().cloned();
        let registrations: Vec<_> =
            names.map(|name| (name.clone(), self.registration(&instance, &name))).collect();
        let ledger = Arc::clone(&self.ledger);
        let starts_first = self.random.one_in(4);
        instance.spawn(async move |orchestrator| {
            if starts_first {
                start(&orchestrator).await;
            }
            for (name, registration) in registrations {
                if register(&orchestrator, registration).await {
                    ledger.registers(who, &name);
                }
            }
            if !starts_first {
                start(&orchestrator).await;
            }
        });
        self.places[number].instance = Some(instance);
    }

    fn registration(&self, instance: &Instance, name: &PipelineName) -> Registration {
        let terms = &self.plan.pipelines[name];
        let job = jobs::job(
            name.as_str(),
            terms.habits,
            self.plan.seed,
            instance.who,
            &instance.machine,
            &self.ledger,
        );
        let registration = Registration::new(job)
            .misfire(terms.misfire)
            .overlap(terms.overlap)
            .retry(terms.retry.clone())
            .jitter(terms.jitter);
        let registration = match terms.timeout {
            Some(timeout) => registration.timeout(timeout),
            None => registration,
        };
        let registration = match &*terms.after {
            [] => registration,
            [upstream] => registration.after(upstream.as_str()),
            group => registration.after_all(group.iter().map(PipelineName::as_str)),
        };
        let version = self.deployed[name];
        let registration = registration.param("version", version.to_string());
        match terms.schedule(version) {
            Some(schedule) => registration.schedule_with(schedule, Params::new().with("by", "schedule")),
            None => registration,
        }
    }

    /// The machine is down, after a crash or a shutdown.
    fn take_down(&mut self, number: usize) {
        let place = &mut self.places[number];
        if let Some(instance) = place.instance.take() {
            let who = instance.who;
            self.ledger.note(|| format!("{} {who} is gone", self.now));
            instance.crash();
            if !self.plan.shared {
                // What the process had sent to its disk has arrived there or not.
                self.network.end_process(who);
            }
            place.boots_at = Some(self.now + self.random.duration(Duration::from_secs(600)));
        }
    }

    /// Everything calms down: the network and the clocks are right, every machine is up, and time passes.
    fn calm_down(&mut self) {
        self.ledger.note(|| format!("{} all calms down", self.now));
        self.network.set_weather(Weather::FAIR);
        for place in &mut self.places {
            (place.skew_ms, place.boots_at) = (0, None);
            if let Some(instance) = &mut place.instance {
                instance.machine.set_skew(0);
                instance.stalled = instance.stalled.map(|(_, stall)| (self.now, stall));
            }
        }
        self.pass_slowly(CALM);
        let up: BTreeSet<_> = self.instances().map(|instance| instance.who).collect();
        self.ledger.check_calm(self.now, &up);
    }

    /// Restarts everything with the newest version of the program.
    fn restart(&mut self) {
        for number in 0..self.places.len() {
            self.take_down(number);
        }
    }

    fn end(&mut self) {
        for number in 0..self.places.len() {
            self.shut_down(number);
        }
        let mut waits = 0;
        while self.instances().next().is_some() && waits < 300 {
            // An instance that is down stays down.
            self.pass(Duration::from_secs(1));
            waits += 1;
            for place in &mut self.places {
                place.boots_at = Some(self.now + LONGEST);
            }
        }
        for instance in self.instances() {
            self.ledger.violated(format!("{} does not shut down", instance.who));
        }
        self.ledger.check_end();
        self.stop();
    }

    /// Instances that were shutting down are restarted at once.
    fn pass_slowly(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end && !self.ledger.is_broken() {
            self.places.iter_mut().for_each(|place| place.boots_at = None);
            self.pass(Duration::from_secs(1));
        }
    }

    fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.places.iter().filter_map(|place| place.instance.as_ref())
    }

    fn stop(&mut self) {
        for place in &mut self.places {
            if let Some(instance) = place.instance.take() {
                instance.crash();
            }
        }
    }
}
