//! What an answer of the store means for a pipeline: pure functions, without a clock, a store or a task.
//!
//! [`reconcile`] is the counterpart of [`decide`](crate::decide::decide). It takes what the loop knows about one pipeline and an
//! answer of the store, brings the entry up to date, and returns what follows from it as [`Effect`]s. Each rule has its own
//! file:
//!
//! * a commit is durable: `stored`
//! * the store refuses a commit: `refused`
//! * the answer to a commit is lost, or a read fails: `lost`
//! * a pipeline was read: `read`, and in it `ends`, `row`, `jobs`, `duplicate` and `granted`

mod duplicate;
mod effects;
mod ends;
mod granted;
mod jobs;
pub(crate) mod lost;
mod read;
mod refused;
mod row;
mod stored;
#[cfg(test)]
mod tests;

use godata_core::{Committed, OwnerId};
use time::UtcDateTime;

pub(crate) use self::effects::{Before, Effect, Effects, Wait};
use crate::entry::{Entry, Flight};
use crate::persist::StoreAnswer;

/// The instance that got the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instance {
    pub(crate) owner: OwnerId,
    pub(crate) now: UtcDateTime,
}

/// Brings an entry up to date with the answer to the call of the store that is in flight for it.
pub(crate) fn reconcile(entry: &mut Entry, answer: StoreAnswer, instance: Instance) -> Effects {
    let mut effects = Effects::default();
    match (entry.flight.take(), answer) {
        (Some(Flight::Commit(pending)), StoreAnswer::Committed(commit, answer)) => {
            let mut pending = *pending;
            effects.slots = std::mem::take(&mut pending.slots);
            match answer {
                Ok(Committed::Done(rev)) => stored::stored(entry, pending, *commit, rev, &mut effects),
                Ok(refusal) => refused::refused(entry, &commit, &refusal, instance, &mut effects),
                Err(error) => {
                    let was_asked = pending.verdict.is_some();
                    lost::commit_failed(entry, &commit, error, was_asked, &mut effects);
                }
            }
        }
        (Some(Flight::Reload { duplicate }), StoreAnswer::Reloaded(answer)) => match answer {
            Ok(reloaded) => read::read(entry, *reloaded, duplicate, instance, &mut effects),
            Err(error) => lost::read_failed(entry, error, &mut effects),
        },
        (Some(Flight::Look), StoreAnswer::Reloaded(answer)) => match answer {
            Ok(reloaded) => read::read(entry, *reloaded, None, instance, &mut effects),
            Err(error) => lost::read_failed(entry, error, &mut effects),
        },
        // The answer of another call can't come.
        (_, StoreAnswer::Committed(..) | StoreAnswer::Reloaded(_)) => {}
    }
    effects
}
