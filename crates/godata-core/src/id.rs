//! The ids of runs, jobs and owners.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::str::FromStr;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::excerpt;

/// Generates UUIDv7s (RFC 9562) in order, each greater than all that this process has generated before.
///
/// The version and variant aside, the first 60 bits count the milliseconds and the ids within each. If a millisecond
/// has more than 4,096 ids, the count runs ahead of the clock. The remaining bits are a hash of that count under a key
/// that is random in each process, so that no id needs a system call for random bytes.
fn generate<const N: usize>() -> [Uuid; N] {
    static LAST: AtomicU64 = AtomicU64::new(0);
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let earliest = (since_1970.as_millis() as u64) << 12;
    let first_after = |last: u64| earliest.max(last + 1);
    let last_after = |last| first_after(last) + (N as u64).saturating_sub(1);
    let first = match LAST.fetch_update(Relaxed, Relaxed, |last| Some(last_after(last))) {
        Ok(last) | Err(last) => first_after(last),
    };
    std::array::from_fn(|n| {
        let count = first + n as u64;
        let (time, sequence) = (u128::from(count >> 12), u128::from(count & 0xfff));
        let random = u128::from(KEY.hash_one(count) >> 2);
        Uuid::from_u128(time << 80 | 7 << 76 | sequence << 64 | 0b10 << 62 | random)
    })
}

/// The ids of a new run of a new job. The clock is read once for both.
pub(crate) fn generate_run() -> (RunId, JobId) {
    let [run, job] = generate();
    (RunId(run), JobId(job))
}

/// Defines one kind of id: a newtype over a UUID, so that one kind can't be passed where another is expected.
macro_rules! id {
    ($(#[$docs:meta])* $name:ident, $kind:literal) => {
        $(#[$docs])*
        ///
        /// A UUIDv7. Ids sort by the time they were generated; the ids of one process sort in exactly the order in which
        /// they were generated. An id prints as 36 characters in lower case, and is that string in JSON.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Generates a new id, different from every other.
            #[must_use]
            pub fn generate() -> Self {
                let [id] = generate();
                Self(id)
            }

            /// Returns the UUID, for databases that have a type for it.
            #[must_use]
            pub fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        /// Makes an id from a UUID of any version that was generated elsewhere.
        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        /// Parses a UUID in any of its common forms, in upper or lower case.
        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                match Uuid::parse_str(text) {
                    Ok(uuid) => Ok(Self(uuid)),
                    Err(source) => Err(ParseIdError { kind: $kind, text: text.to_owned(), source }),
                }
            }
        }
    };
}

id! {
    /// Identifies one run: one attempt to execute a job.
    ///
    /// ```
    /// use godata_core::{ParseIdError, RunId};
    ///
    /// let id = RunId::generate();
    /// assert_eq!(id.to_string().parse::<RunId>()?, id);
    /// # Ok::<(), ParseIdError>(())
    /// ```
    RunId, "run id"
}

id! {
    /// Identifies one piece of work. All attempts at it have the same job id.
    ///
    /// It can be used as an idempotency key: a target that has seen it has already been given this work.
    ///
    /// ```
    /// use godata_core::{JobId, ParseIdError};
    ///
    /// let id = JobId::generate();
    /// assert_eq!(id.to_string().parse::<JobId>()?, id);
    /// # Ok::<(), ParseIdError>(())
    /// ```
    JobId, "job id"
}

id! {
    /// Identifies an owner of runs: one orchestrator, which commits to a store and runs what it has committed.
    ///
    /// An orchestrator that was declared dead continues under a new id. The old one never comes back.
    ///
    /// ```
    /// use godata_core::OwnerId;
    ///
    /// assert_ne!(OwnerId::generate(), OwnerId::generate());
    /// ```
    OwnerId, "owner id"
}

/// The error for text that is not an id.
///
/// ```
/// let error = "17".parse::<godata_core::RunId>().unwrap_err();
/// assert_eq!(error.to_string(), "`17` is not a run id (expected a UUID)");
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a {kind} (expected a UUID)", excerpt(text))]
pub struct ParseIdError {
    kind: &'static str,
    text: String,
    source: uuid::Error,
}

debug_as_chain!(ParseIdError);

impl ParseIdError {
    /// Returns the text that could not be parsed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use time::UtcDateTime;

    use super::*;

    const TEXT: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn ids_are_the_same_text_in_display_and_json() {
        let id: RunId = TEXT.parse().unwrap();
        assert_eq!(id.to_string(), TEXT);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("{TEXT:?}"));
        assert_eq!(serde_json::from_str::<RunId>(&format!("{TEXT:?}")).unwrap(), id);
        assert_eq!(RunId::from(id.as_uuid()), id);
    }

    #[test]
    fn ids_sort_in_the_order_they_were_generated() {
        let ids: Vec<RunId> = (0..1_000).map(|_| RunId::generate()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn the_ids_of_a_run_sort_among_all_other_ids() {
        let ids: Vec<_> = (0..10_000)
            .flat_map(|_| {
                let (run, job) = generate_run();
                [run.as_uuid(), job.as_uuid(), OwnerId::generate().as_uuid()]
            })
            .collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn ids_are_uuids_of_version_7_and_carry_the_time() {
        let before = UtcDateTime::now().unix_timestamp();
        let ids: Vec<_> = (0..10_000).map(|_| RunId::generate().as_uuid()).collect();
        for id in &ids {
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
            let (seconds, _) = id.get_timestamp().unwrap().to_unix();
            assert!((before..before + 60).contains(&i64::try_from(seconds).unwrap()), "{id}");
        }
        let tails: HashSet<u64> = ids.iter().map(|id| id.as_u64_pair().1).collect();
        assert_eq!(tails.len(), ids.len(), "two ids have the same random bits");
    }

    #[test]
    fn each_thread_generates_unique_ids_in_order() {
        let generate = || (0..10_000).map(|_| RunId::generate()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| thread::spawn(generate)).collect();
        let ids: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(ids.iter().all(|ids| ids.is_sorted_by(|a, b| a < b)));
        assert_eq!(ids.concat().into_iter().collect::<HashSet<_>>().len(), 40_000);
    }

    #[test]
    fn the_error_names_the_text_that_is_not_an_id() {
        for text in ["", "17", "01890a5d-ac96-774b-bcce-b302099a805"] {
            let error = text.parse::<JobId>().unwrap_err();
            assert_eq!(error.text(), text);
            assert_eq!(error.to_string(), format!("`{}` is not a job id (expected a UUID)", excerpt(text)));
        }
    }
}
