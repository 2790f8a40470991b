//! What is kept of a pipeline.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use super::instant;
use crate::{PipelineName, RunId, RunRecord};

/// A pipeline's row: what was decided for it, up to when.
///
/// A store keeps all of it and understands none but `name` and `rev`; the rest is for [`check`](crate::check) and
/// for the orchestrator. In JSON its fields have these names and instants are RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PipelineRecord {
    /// The name, which no other row has.
    pub name: PipelineName,
    /// How many commits the row has seen. In a [`Commit`](crate::Commit) it is the one that the row is expected
    /// to have; 0 means that there is no row yet.
    pub rev: u64,
    /// Whether its schedule counts. Runs by hand are allowed either way.
    pub enabled: bool,
    /// Since when nothing new is decided for it.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<UtcDateTime>,
    /// When it was unregistered; its history stays.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<UtcDateTime>,
    /// The text of its schedule; another text is an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// When it was registered, or its schedule last edited.
    #[serde(with = "instant")]
    pub spec_since: UtcDateTime,
    /// The last due time that was decided. It only rises while `spec_since` stays.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<UtcDateTime>,
    /// The skipped row that grows when the next due time is skipped as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_skip: Option<RunId>,
    /// Of each pipeline that it runs after, the last success that it has seen, by that pipeline's rev.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub after_seen: BTreeMap<PipelineName, u64>,
    /// The rev of its own last success; 0 before the first.
    #[serde(default)]
    pub last_success_rev: u64,
    /// Rows that are committed but not yet put. Only the default [`commit`](crate::Store::commit) uses it; it is
    /// empty in every row that [`AnyStore`](crate::AnyStore) returns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<RunRecord>,
    /// What the orchestrator keeps of the registration, as text. A store keeps it as it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub options: String,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// When the row was first committed. It never changes.
    #[serde(with = "instant")]
    pub created_at: UtcDateTime,
    /// When it was last committed.
    #[serde(with = "instant")]
    pub updated_at: UtcDateTime,
}

impl PipelineRecord {
    /// A pipeline that is not stored yet: enabled, without a schedule, created at `now`.
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
            open_skip: None,
            after_seen: BTreeMap::new(),
            last_success_rev: 0,
            pending: Vec::new(),
            options: String::new(),
            tags: BTreeSet::new(),
            created_at: now,
            updated_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Cause, RunKey, RunStatus};

    #[test]
    fn a_row_is_json_that_a_person_can_read() {
        let at = UtcDateTime::UNIX_EPOCH + Duration::from_millis(1_500);
        let mut pipeline = PipelineRecord::new(PipelineName::new("orders").unwrap(), at);
        let expected = concat!(
            r#"{"name":"orders","rev":0,"enabled":true,"spec_since":"1970-01-01T00:00:01.5Z","#,
            r#""last_success_rev":0,"created_at":"1970-01-01T00:00:01.5Z","updated_at":"1970-01-01T00:00:01.5Z"}"#
        );
        assert_eq!(serde_json::to_string(&pipeline).unwrap(), expected);
        pipeline.cursor = Some(at);
        pipeline.pending =
            vec![RunRecord::new(&pipeline.name, RunKey::due(at, at), Cause::Schedule, RunStatus::Queued, at)];
        let json = serde_json::to_string(&pipeline).unwrap();
        assert_eq!(serde_json::from_str::<PipelineRecord>(&json).unwrap(), pipeline);
    }
}
