//! The row of a pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use super::instant;
use crate::{PipelineName, RunId, RunRecord};

/// The row of a pipeline: its settings, and the last due time that was decided for it.
///
/// A store keeps all fields and interprets only `name` and `rev`; [`check_commit`](crate::check_commit) and the
/// orchestrator use the others. In JSON, the fields have these names and instants are RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PipelineRecord {
    /// The name, unique among the rows of pipelines.
    pub name: PipelineName,
    /// The number of commits to the row. In a [`Commit`](crate::Commit) it is the one that the stored row is expected to
    /// have; 0 means that there is no row yet.
    pub rev: u64,
    /// Whether the schedule is active. Manual runs are allowed either way.
    pub enabled: bool,
    /// When the pipeline was paused. While it is set, nothing new is decided for the pipeline.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<UtcDateTime>,
    /// When the pipeline was removed. Its history stays.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<UtcDateTime>,
    /// The text of the schedule. A text that means another schedule is an edit.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "shared_text")]
    pub spec: Option<Arc<str>>,
    /// When the pipeline was registered, or its schedule was last edited.
    #[serde(with = "instant")]
    pub spec_since: UtcDateTime,
    /// The last due time that was decided. It never goes back while `spec_since` stays the same.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<UtcDateTime>,
    /// The first due time after the cursor. If it has passed when the schedule is edited, a skipped run records it, because
    /// the old schedule is not known any more. `None` if there is none, if the pipeline is disabled or removed, and in rows of
    /// an earlier version.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<UtcDateTime>,
    /// The skipped run that grows if the next due time is skipped as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_skip: Option<RunId>,
    /// For each pipeline that this one runs after: the rev of the last success that was handled.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub after_seen: BTreeMap<PipelineName, u64>,
    /// The rev of the commit of its own last success; 0 before the first.
    #[serde(default)]
    pub last_success_rev: u64,
    /// Rows that are committed but not yet put. Only the default [`commit`](crate::Store::commit) uses them. The field is
    /// empty in every row that [`AnyStore`](crate::AnyStore) returns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<RunRecord>,
    /// Text that the user has stored with the pipeline, such as JSON. Neither the orchestrator nor the store interprets
    /// it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub options: String,
    /// The rules by which the pipeline runs, as text that the orchestrator writes and reads: its `RegistrationInfo`. A store does
    /// not interpret it. `None` in rows of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "shared_text")]
    pub rules: Option<Arc<str>>,
    /// Tags that the user has given the pipeline.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// When the row was first committed. It never changes.
    #[serde(with = "instant")]
    pub created_at: UtcDateTime,
    /// When the row was last committed.
    #[serde(with = "instant")]
    pub updated_at: UtcDateTime,
}

impl PipelineRecord {
    /// Makes the row of a pipeline that is not stored yet: enabled, without a schedule, created at `now`.
    ///
    /// ```
    /// use godata_core::{Clock, NameError, PipelineName, PipelineRecord, SystemClock};
    ///
    /// let orders = PipelineRecord::new(PipelineName::new("orders")?, SystemClock.now());
    /// assert_eq!((orders.rev, orders.enabled, orders.spec), (0, true, None));
    /// # Ok::<(), NameError>(())
    /// ```
    #[must_use]
    pub fn new(name: PipelineName, now: UtcDateTime) -> Self {
        let now = now.truncate_to_millisecond();
        Self {
            name,
            rev: 0,
            enabled: true,
            paused_at: None,
            removed_at: None,
            spec: None,
            spec_since: now,
            cursor: None,
            next_due: None,
            open_skip: None,
            after_seen: BTreeMap::new(),
            last_success_rev: 0,
            pending: Vec::new(),
            options: String::new(),
            rules: None,
            tags: BTreeSet::new(),
            created_at: now,
            updated_at: now,
        }
    }
}

/// Text that copies of a row share.
mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Option<Arc<str>>, to: S) -> Result<S::Ok, S::Error> {
        text.as_deref().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<str>>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Arc::from))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Cause, RunKey, RunStatus};

    #[test]
    fn a_row_is_readable_json() {
        let at = UtcDateTime::UNIX_EPOCH + Duration::from_millis(1_500);
        let mut pipeline = PipelineRecord::new(PipelineName::new("orders").unwrap(), at);
        let expected = concat!(
            r#"{"name":"orders","rev":0,"enabled":true,"spec_since":"1970-01-01T00:00:01.5Z","#,
            r#""last_success_rev":0,"created_at":"1970-01-01T00:00:01.5Z","updated_at":"1970-01-01T00:00:01.5Z"}"#
        );
        assert_eq!(serde_json::to_string(&pipeline).unwrap(), expected);
        assert_eq!(serde_json::from_str::<PipelineRecord>(expected).unwrap(), pipeline);
        (pipeline.cursor, pipeline.next_due) = (Some(at), Some(at + Duration::from_secs(1)));
        pipeline.pending =
            vec![RunRecord::new(&pipeline.name, RunKey::due(at, at), Cause::Schedule, RunStatus::Queued, at)];
        let json = serde_json::to_string(&pipeline).unwrap();
        assert_eq!(serde_json::from_str::<PipelineRecord>(&json).unwrap(), pipeline);
    }
}
