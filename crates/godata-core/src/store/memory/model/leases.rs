//! Explores what an outage of the store does to the leases of two healthy instances, and to that of a dead one.
//!
//! The outage begins and ends at any time. The instances renew as an orchestrator does, each in its own phase, and in any order
//! within a moment. After each renewal they reap, and that call may arrive at any later time. Whatever happens, no healthy
//! instance is declared dead. The dead one is declared dead once the store has been there for long enough.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use super::{at, name, owner};
use crate::tables::MemoryTables;
use crate::{Commit, Committed, OwnerId, PipelineRecord};

/// In moments. The others are shares of it, as in an orchestrator.
const LEASE: u64 = 12;
const EVERY: u64 = LEASE / 3;
const DEADLINE: u64 = LEASE / 6;

/// When the outage begins at the latest, how long it may take, and when the exploration ends.
const LATEST: u64 = LEASE + EVERY;
const LONGEST: u64 = LEASE + LEASE / 2;
const END: u64 = LATEST + LONGEST + 2 * LEASE + 1;

#[derive(Clone, Copy, PartialEq)]
enum Rule {
    AsItIs,
    /// Owners declare others dead whether they have renewed without a gap or not.
    AnybodyReaps,
    /// A renewal that hangs is given up only after a whole lease.
    OneLongRenewal,
}

#[derive(Clone)]
struct World {
    rows: MemoryTables,
    now: u64,
    outage: Outage,
    instances: [Instance; 2],
}

#[derive(Clone, Copy, PartialEq, Hash)]
enum Outage {
    Ahead,
    Since(u64),
    Over { at: u64 },
}

#[derive(Clone, Copy, Hash)]
struct Instance {
    tries_at: u64,
    /// Its call to reap is on its way.
    reaps: bool,
}

const DEAD: u128 = 7;
/// Renews at each moment, even while the store is away, and does nothing else.
const GHOST: u128 = 8;

impl World {
    fn new(phase: u64) -> Self {
        let mut rows = MemoryTables::default();
        for n in [0, 1, DEAD, GHOST] {
            rows.enroll(owner(n), ttl(), Some(at(0)));
        }
        let instances = [EVERY, EVERY - phase].map(|tries_at| Instance { tries_at, reaps: false });
        Self { rows, now: 0, outage: Outage::Ahead, instances }
    }

    fn is_away(&self) -> bool {
        matches!(self.outage, Outage::Since(_))
    }

    /// All states that are one step away.
    fn successors(&self, rule: Rule) -> Vec<Self> {
        let mut next = Vec::new();
        match self.outage {
            Outage::Ahead if self.now > LATEST => {}
            Outage::Ahead => next.push(Self { outage: Outage::Since(self.now), ..self.clone() }),
            Outage::Since(_) => next.push(Self { outage: Outage::Over { at: self.now }, ..self.clone() }),
            Outage::Over { .. } => {}
        }
        for i in 0..2 {
            if self.instances[i].tries_at == self.now {
                next.push(self.renew(i, rule));
            }
            if self.instances[i].reaps && !self.is_away() {
                next.push(self.reap(i, rule));
            }
        }
        let all_have_tried = self.instances.iter().all(|instance| instance.tries_at > self.now);
        let is_over = !matches!(self.outage, Outage::Since(since) if self.now - since == LONGEST);
        if all_have_tried && is_over && self.now < END {
            let mut world = Self { now: self.now + 1, ..self.clone() };
            world.rows.renew(owner(GHOST), ttl(), Some(at(world.now)));
            next.push(world);
        }
        next
    }

    fn renew(&self, i: usize, rule: Rule) -> Self {
        let mut world = self.clone();
        let instance = &mut world.instances[i];
        if self.is_away() {
            // It hangs until its deadline, even if the store is back before that.
            instance.tries_at += if rule == Rule::OneLongRenewal { LEASE } else { DEADLINE };
        } else {
            instance.tries_at += EVERY;
            instance.reaps = true;
            world.rows.renew(owner(i as u128), ttl(), Some(at(self.now)));
        }
        world
    }

    fn reap(&self, i: usize, rule: Rule) -> Self {
        let mut world = self.clone();
        world.instances[i].reaps = false;
        let by = if rule == Rule::AnybodyReaps { GHOST } else { i as u128 };
        world.rows.reap(owner(by), &[], Some(at(self.now)));
        world
    }

    fn violation(&self) -> Option<&'static str> {
        if (0..2).any(|n| self.is_dead(owner(n))) {
            return Some("a healthy instance was declared dead");
        }
        let was_there = match self.outage {
            Outage::Ahead => self.now,
            Outage::Since(_) => 0,
            Outage::Over { at } => self.now - at,
        };
        // No call to reap is still on its way.
        let have_reaped = self.instances.iter().all(|instance| !instance.reaps);
        if was_there > 2 * LEASE && have_reaped && !self.is_dead(owner(DEAD)) {
            return Some("a dead instance is not declared dead");
        }
        None
    }

    fn is_dead(&self, owner: OwnerId) -> bool {
        let commit = Commit::new(owner, PipelineRecord::new(name(), at(0)));
        self.rows.check(&commit, Some(at(self.now))).unwrap() == Committed::OwnerLost
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.now, self.outage, self.instances).hash(&mut hasher);
        format!("{:?}", self.rows).hash(&mut hasher);
        hasher.finish()
    }
}

fn ttl() -> Duration {
    Duration::from_secs(LEASE)
}

/// The number of states, or the first violation.
fn explore(rule: Rule) -> Result<usize, &'static str> {
    let mut known = HashSet::new();
    let mut open: Vec<_> = (0..EVERY).map(World::new).collect();
    while let Some(world) = open.pop() {
        if !known.insert(world.fingerprint()) {
            continue;
        }
        if let Some(violation) = world.violation() {
            return Err(violation);
        }
        open.extend(world.successors(rule));
    }
    Ok(known.len())
}

#[test]
fn no_outage_gets_a_healthy_instance_declared_dead() {
    let states = explore(Rule::AsItIs).unwrap();
    println!("{states} states");
    assert!(states > 10_000, "{states} states can't be all");
}

#[test]
fn the_model_finds_a_reaper_that_has_not_renewed_without_a_gap() {
    assert_eq!(explore(Rule::AnybodyReaps), Err("a healthy instance was declared dead"));
}

#[test]
fn the_model_finds_a_renewal_that_hangs_for_a_whole_lease() {
    assert_eq!(explore(Rule::OneLongRenewal), Err("a healthy instance was declared dead"));
}
