//! The events of a world: accidents, the work of operators, and the requests of users.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use godata::PipelineName;
use godata::orchestrator::{
    Backfill, Orchestrator, OrchestratorError, RegisterError, Registration, RunOptions,
};

use super::{World, beginning};
use crate::instance::Stall;
use crate::ledger::{Incarnation, Ledger};
use crate::medium::Medium;
use crate::network::Weather;
use crate::plan::Mood;

impl<M: Medium> World<M> {
    pub(super) fn something_happens(&mut self) {
        if self.plan.mood == Mood::Still {
            return;
        }
        if self.plan.mood == Mood::Wild {
            self.nature();
        }
        if self.plan.mood != Mood::Peaceful && self.random.one_in(60) {
            self.operators();
        }
        if self.random.one_in(20) {
            self.users();
        }
    }

    /// Networks, clocks, machines.
    fn nature(&mut self) {
        if self.random.one_in(50) {
            let weathers = [Weather::FAIR, Weather::FAIR, Weather::DRIZZLE, Weather::DRIZZLE, Weather::STORM];
            let weather = match self.random.below(20) {
                0 | 1 => Weather::OUTAGE,
                2 => Weather::AWAY,
                _ => *self.random.pick(&weathers),
            };
            self.ledger.note(|| format!("{} the weather is {weather:?}", self.now));
            self.network.set_weather(weather);
        }
        let number = self.random.below(self.places.len() as u64) as usize;
        if self.random.one_in(150) {
            self.take_down(number);
        }
        if self.random.one_in(150) {
            self.stall(number);
        }
        if self.random.one_in(200) {
            self.set_clock(number);
        }
    }

    fn stall(&mut self, number: usize) {
        let stall = if self.random.one_in(2) { Stall::Stopped } else { Stall::Suspended };
        let longest = *self.random.pick(&[5, 120, 1_200]);
        let until = self.now + self.random.duration(Duration::from_secs(longest));
        if let Some(instance) = &mut self.places[number].instance
            && instance.stalled.is_none()
        {
            self.ledger.note(|| format!("{} {} is {stall:?} until {until}", self.now, instance.who));
            instance.stalled = Some((until, stall));
        }
    }

    fn set_clock(&mut self, number: usize) {
        let far = *self.random.pick(&[1, 60, 7_200, 3 * 86_400]);
        let by = self.random.duration(Duration::from_secs(far)).as_millis() as i64;
        let skew = match self.random.below(3) {
            0 => by,
            1 => -by,
            _ => 0,
        };
        let place = &mut self.places[number];
        place.skew_ms = skew;
        if let Some(instance) = &place.instance {
            self.ledger.note(|| format!("{} the clock of {} is {skew} ms ahead", self.now, instance.who));
            instance.machine.set_skew(skew);
        }
    }

    /// Deployments, restarts, pauses.
    fn operators(&mut self) {
        let number = self.random.below(self.places.len() as u64) as usize;
        let names: Vec<_> = self.deployed.keys().cloned().collect();
        let name = self.random.pick(&names).clone();
        match self.random.below(8) {
            0 => *self.deployed.get_mut(&name).unwrap() += 1,
            1 | 2 => self.shut_down(number),
            3 => self.ask(number, async move |orchestrator, ledger, who| {
                let answer = orchestrator.pause(name.as_str()).await;
                ledger.note(|| format!("{who} pauses {name}: {answer:?}"));
            }),
            4 => self.ask(number, async move |orchestrator, ledger, who| {
                let answer = orchestrator.resume(name.as_str()).await;
                ledger.note(|| format!("{who} resumes {name}: {answer:?}"));
            }),
            5 => self.ask(number, async move |orchestrator, ledger, who| {
                let answer = orchestrator.resume_from_now(name.as_str()).await;
                ledger.note(|| format!("{who} resumes {name} from now: {answer:?}"));
            }),
            6 => self.register_anew(number, name),
            _ => {
                let pause = self.random.duration(Duration::from_secs(120));
                self.ask(number, async move |orchestrator, ledger, who| {
                    let answer = orchestrator.stop_scheduler().await;
                    ledger.note(|| format!("{who} stops its scheduler for {pause:?}: {answer:?}"));
                    tokio::time::sleep(pause).await;
                    start(&orchestrator).await;
                });
            }
        }
    }

    fn register_anew(&mut self, number: usize, name: PipelineName) {
        let gone = self.random.duration(Duration::from_secs(120));
        let Some(instance) = &self.places[number].instance else { return };
        let registration = self.registration(instance, &name);
        self.ask(number, async move |orchestrator, ledger, who| {
            ledger.unregisters(who, &name);
            let answer = orchestrator.unregister(name.as_str()).await;
            ledger.note(|| format!("{who} unregisters {name}: {answer:?}"));
            tokio::time::sleep(gone).await;
            if register(&orchestrator, registration).await {
                ledger.registers(who, &name);
            }
        });
    }

    pub(super) fn shut_down(&mut self, number: usize) {
        let grace = self.random.duration(Duration::from_secs(60));
        let Some(instance) = &self.places[number].instance else { return };
        let has_ended = Arc::clone(&instance.has_ended);
        self.ledger.leaves(instance.who);
        self.ask(number, async move |orchestrator, ledger, who| {
            ledger.note(|| format!("{who} shuts down"));
            orchestrator.shutdown(grace).await;
            has_ended.store(true, Relaxed);
        });
    }

    /// Runs by hand, with tokens and without, backfills, cancellations.
    fn users(&mut self) {
        let number = self.random.below(self.places.len() as u64) as usize;
        let names: Vec<_> = self.deployed.keys().cloned().collect();
        let name = self.random.pick(&names).clone();
        match self.random.below(8) {
            0 => self.backfill(number, name),
            1 | 2 => {
                let active = self.ledger.active_runs();
                if !active.is_empty() {
                    let run = *self.random.pick(&active);
                    self.ledger.is_to_be_canceled(run);
                    self.ask(number, async move |orchestrator, ledger, who| {
                        let answer = orchestrator.cancel(run).await;
                        ledger.note(|| format!("{who} cancels {run}: {answer:?}"));
                    });
                }
            }
            _ => {
                let options = match self.random.below(3) {
                    0 => RunOptions::new(),
                    1 => RunOptions::new().token(format!("token {}", self.random.below(20))),
                    _ => RunOptions::new().param("lot", self.random.below(100).to_string()),
                };
                self.ask(number, async move |orchestrator, ledger, who| {
                    match orchestrator.run_pipeline_with(name.as_str(), options).await {
                        Ok(run) => {
                            ledger.acknowledged(who, run.id());
                            if let Ok(result) = run.done().await {
                                ledger.done(&result);
                            }
                        }
                        Err(error) => ledger.note(|| format!("{who} can't run {name}: {error:?}")),
                    }
                });
            }
        }
    }

    fn backfill(&mut self, number: usize, name: PipelineName) {
        let times = 1 + self.random.below(12);
        let first = beginning() - Duration::from_secs(self.random.below(86_400));
        let backfill = Backfill::at((0..times).map(|n| first + Duration::from_secs(60 * n)));
        let backfill = if self.random.one_in(2) {
            backfill.named(format!("fill {}", self.random.below(5)))
        } else {
            backfill
        };
        self.ask(number, async move |orchestrator, ledger, who| {
            match orchestrator.backfill(name.as_str(), backfill).await {
                Ok(runs) => runs.iter().for_each(|run| ledger.acknowledged(who, *run)),
                Err(error) => ledger.note(|| format!("{who} can't backfill {name}: {error:?}")),
            }
        });
    }

    /// Lets an instance do something, if it is up, without waiting for it.
    fn ask<F: Future<Output = ()> + Send + 'static>(
        &self,
        number: usize,
        what: impl FnOnce(Orchestrator, Arc<Ledger>, Incarnation) -> F,
    ) {
        if let Some(instance) = &self.places[number].instance {
            let (ledger, who) = (Arc::clone(&self.ledger), instance.who);
            instance.spawn(|orchestrator| what(orchestrator, ledger, who));
        }
    }
}

/// Repeats a call until the store accepts it. Returns whether it did: the orchestrator may shut down, or have it already.
pub(super) async fn register(orchestrator: &Orchestrator, registration: Registration) -> bool {
    loop {
        match orchestrator.register_with(registration.clone()).await {
            Ok(()) => return true,
            Err(RegisterError::Orchestrator(error)) if is_of_store(&error) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(_) => return false,
        }
    }
}

pub(super) async fn start(orchestrator: &Orchestrator) {
    while let Err(error) = orchestrator.start_scheduler().await
        && is_of_store(&error)
    {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn is_of_store(error: &OrchestratorError) -> bool {
    matches!(error, OrchestratorError::Store { .. } | OrchestratorError::Unconfirmed { .. })
}
