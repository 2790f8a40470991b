//! The text of a decision, for printing and for the digest.

use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use super::Decision;

impl Hash for Decision<'_> {
    fn hash<H: Hasher>(&self, to: &mut H) {
        let after = &self.after;
        (self.by, self.owner, self.at, &after.name, after.rev, &after.spec, after.spec_since).hash(to);
        (after.cursor, after.open_skip, after.paused_at, after.removed_at, after.last_success_rev).hash(to);
        for change in &self.changes {
            let run = change.after;
            (run.id, run.job_id, &run.key, run.status, run.due, run.attempt, run.fence).hash(to);
            (run.not_before, run.started_at, run.ended_at, run.created_at).hash(to);
            run.covers.map(|covers| (covers.first, covers.count)).hash(to);
        }
    }
}

/// One line for the pipeline and one for each run.
impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = &self.after;
        write!(f, "{} {} {}: rev {}", self.at, self.by, row.name, row.rev)?;
        if let Some(cursor) = row.cursor {
            write!(f, ", decided up to {cursor}")?;
        }
        let mut state = String::new();
        for (what, since) in [("paused", row.paused_at), ("removed", row.removed_at)] {
            if let Some(since) = since {
                write!(state, ", {what} at {since}")?;
            }
        }
        if self.before.as_ref().is_none_or(|before| before.spec_since != row.spec_since) {
            write!(state, ", {:?} since {}", row.spec.as_deref().unwrap_or("none"), row.spec_since)?;
        }
        f.write_str(&state)?;
        for change in &self.changes {
            let run = change.after;
            let from = change.before.as_ref().map_or("new", |row| row.status.as_str());
            write!(
                f,
                "\n    run {} ({}) {from} -> {}, attempt {}",
                run.id, run.key, run.status, run.attempt
            )?;
            if let (Some(due), Some(covers)) = (run.due, run.covers) {
                write!(f, ", {} from {} to {due}", covers.count, covers.first)?;
            }
            if let Some(not_before) = run.not_before {
                write!(f, ", not before {not_before}")?;
            }
            if let Some(reason) = &run.reason {
                write!(f, ", {reason}")?;
            }
        }
        Ok(())
    }
}
