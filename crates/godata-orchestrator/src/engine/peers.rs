//! The instances that work on the same store, and which of them tries first to decide about a pipeline.

use std::time::Duration;

use godata_core::{OwnerId, PipelineName};

use crate::ids::mix;

/// How long each further instance waits before it looks whether those before it have done what is due.
const STEP: Duration = Duration::from_secs(2);

/// How long it waits at most.
const MOST: Duration = Duration::from_secs(10);

/// The owners whose leases have not expired, as the store told when this one's was last renewed.
#[derive(Debug, Default)]
pub(super) struct Peers(Vec<OwnerId>);

impl Peers {
    /// Replaces the peers, and returns whether they are others than before.
    pub(super) fn set(&mut self, peers: Vec<OwnerId>) -> bool {
        let before = std::mem::replace(&mut self.0, peers);
        before != self.0
    }

    /// How many peers come before this one for a pipeline. Each pipeline has an order of its own, so all have their share, and
    /// when a peer comes or goes, the others keep their order.
    pub(super) fn rank(&self, pipeline: &PipelineName, owner: OwnerId) -> usize {
        if self.are_none() {
            return 0;
        }
        let name = pipeline.as_str().bytes().fold(0, |bits, byte| mix(bits ^ u64::from(byte)));
        let own = weight(name, owner);
        self.0.iter().filter(|peer| **peer != owner && weight(name, **peer) > own).count()
    }

    /// Whether there is no other peer.
    pub(super) fn are_none(&self) -> bool {
        self.0.len() <= 1
    }
}

/// The patience of an instance that has this many before it.
pub(super) fn patience(rank: usize) -> Duration {
    STEP.saturating_mul(u32::try_from(rank).unwrap_or(u32::MAX)).min(MOST)
}

/// Rendezvous hashing (Thaler, Ravishankar 1998): the order of the weights is that of the peers.
fn weight(name: u64, owner: OwnerId) -> u64 {
    let (high, low) = owner.as_uuid().as_u64_pair();
    mix(mix(name ^ high) ^ low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_have_distinct_ranks_and_equal_shares_and_keep_their_order() {
        let owners: Vec<_> = (0..8).map(|_| OwnerId::generate()).collect();
        let (mut peers, mut fewer) = (Peers::default(), Peers::default());
        assert!(peers.set(owners.clone()) && !peers.set(owners.clone()));
        fewer.set(owners[1..].to_vec());
        let mut firsts = [0; 8];
        for number in 0..4_000 {
            let name = PipelineName::new(format!("pipeline-{number}")).unwrap();
            let ranks: Vec<_> = owners.iter().map(|owner| peers.rank(&name, *owner)).collect();
            let mut sorted = ranks.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..8).collect::<Vec<_>>());
            firsts[ranks.iter().position(|rank| *rank == 0).unwrap()] += 1;
            for (owner, rank) in owners.iter().zip(&ranks).skip(1) {
                let expected = rank - usize::from(ranks[0] < *rank);
                assert_eq!(fewer.rank(&name, *owner), expected, "without the first");
            }
        }
        assert!(firsts.iter().all(|count| (400..600).contains(count)), "{firsts:?}");
    }

    #[test]
    fn an_instance_that_is_alone_waits_for_nobody() {
        let (name, owner) = (PipelineName::new("a").unwrap(), OwnerId::generate());
        let mut peers = Peers::default();
        assert!(peers.are_none());
        peers.set(vec![owner]);
        assert_eq!((peers.are_none(), peers.rank(&name, owner)), (true, 0));
        assert_eq!([0, 1, 5, 90].map(patience), [0, 2, 10, 10].map(Duration::from_secs));
    }
}
