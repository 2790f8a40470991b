//! The owners of a shared store, their leases, and which of them are dead.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use time::UtcDateTime;

use crate::OwnerId;

/// The owners that a store knows. Invariant: no owner has a lease and is dead.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    leases: BTreeMap<OwnerId, Lease>,
    dead: BTreeSet<OwnerId>,
}

/// The lease of an owner that was not declared dead. It may have expired.
#[derive(Clone, Copy, Debug)]
struct Lease {
    ttl: time::Duration,
    renewed_at: UtcDateTime,
    /// The first renewal after which none came late.
    since: UtcDateTime,
}

impl Owners {
    /// Starts the lease of a new owner, or renews it. Returns whether the owner is alive.
    pub(super) fn enroll(&mut self, owner: OwnerId, ttl: Duration, now: UtcDateTime) -> bool {
        if self.is_dead(owner) {
            return false;
        }
        let lease = Lease { ttl: signed(ttl), renewed_at: now, since: now };
        self.leases.entry(owner).and_modify(|known| known.renew(lease)).or_insert(lease);
        true
    }

    /// Renews the lease of an owner, and returns whether it is alive. An owner that is not known is dead.
    pub(super) fn renew(&mut self, owner: OwnerId, ttl: Duration, now: UtcDateTime) -> bool {
        self.leases.contains_key(&owner) && self.enroll(owner, ttl, now)
    }

    pub(super) fn is_dead(&self, owner: OwnerId) -> bool {
        self.dead.contains(&owner)
    }

    /// The owners whose leases have not expired, sorted.
    pub(super) fn peers(&self, now: UtcDateTime) -> Vec<OwnerId> {
        let alive = self.leases.iter().filter(|(_, lease)| !lease.has_expired(lease.ttl, now));
        alive.map(|(owner, _)| *owner).collect()
    }

    /// Declares owners dead whose leases have expired, and those of `others` that are not known. Only an owner that has renewed
    /// without a gap for half a lease may do so: in that time, all that are alive have renewed too.
    pub(super) fn declare_dead(
        &mut self,
        by: OwnerId,
        others: impl Iterator<Item = OwnerId>,
        now: UtcDateTime,
    ) {
        let Some(reaper) = self.leases.get(&by).copied().filter(|lease| !lease.is_late(now)) else { return };
        let known = self.leases.iter().filter(|(_, lease)| {
            // Instances may be configured with different leases, as during a deploy.
            let ttl = lease.ttl.max(reaper.ttl);
            lease.has_expired(ttl, now) && reaper.is_steady(ttl, now)
        });
        let mut dead: BTreeSet<_> = known.map(|(owner, _)| *owner).collect();
        if reaper.is_steady(reaper.ttl, now) {
            dead.extend(others.filter(|owner| !self.leases.contains_key(owner)));
        }
        self.leases.retain(|owner, _| !dead.contains(owner));
        self.dead.append(&mut dead);
    }

    /// For a store that is not shared: declares these owners dead.
    pub(super) fn bury(&mut self, owners: impl IntoIterator<Item = OwnerId>) {
        self.dead.extend(owners);
    }
}

impl Lease {
    fn renew(&mut self, next: Self) {
        let since = if self.is_late(next.renewed_at) { next.renewed_at } else { self.since };
        *self = Self { since, ..next };
    }

    /// Whether a renewal now would come so late that one must have been missed.
    fn is_late(&self, now: UtcDateTime) -> bool {
        now - self.renewed_at >= self.ttl / 2
    }

    fn has_expired(&self, ttl: time::Duration, now: UtcDateTime) -> bool {
        self.renewed_at.saturating_add(ttl) <= now
    }

    fn is_steady(&self, ttl: time::Duration, now: UtcDateTime) -> bool {
        now - self.since >= ttl / 2
    }
}

fn signed(duration: Duration) -> time::Duration {
    time::Duration::try_from(duration).unwrap_or(time::Duration::MAX)
}
