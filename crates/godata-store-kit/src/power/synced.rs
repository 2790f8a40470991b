//! Commits that are acknowledged first and synced later.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Event, FileId};

/// A commit that is not known to be durable.
#[derive(Default)]
struct Waiting {
    /// The files written since the commit started and not synced since.
    files: BTreeSet<FileId>,
    is_acknowledged: bool,
}

/// The notes, with each acknowledgement delayed until all files that were written during the commit are synced. That is later
/// than necessary if a snapshot was written at the same time.
pub(super) fn synced<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<Event> {
    let mut notes = Vec::new();
    let mut waiting: BTreeMap<usize, Waiting> = BTreeMap::new();
    for event in events {
        match event {
            Event::Begun(number) => {
                notes.push(event.clone());
                waiting.insert(*number, Waiting::default());
            }
            Event::Write { file, .. } => {
                for commit in waiting.values_mut().filter(|commit| !commit.is_acknowledged) {
                    commit.files.insert(*file);
                }
            }
            Event::Acknowledged(number) => {
                if let Some(commit) = waiting.get_mut(number) {
                    commit.is_acknowledged = true;
                }
            }
            Event::Synced { file } => {
                for commit in waiting.values_mut() {
                    commit.files.remove(file);
                }
            }
            _ => {}
        }
        waiting.retain(|number, commit| {
            let is_durable = commit.is_acknowledged && commit.files.is_empty();
            notes.extend(is_durable.then_some(Event::Acknowledged(*number)));
            !is_durable
        });
    }
    notes
}
