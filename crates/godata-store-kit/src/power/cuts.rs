//! Cuts the power at every moment of a script.

use std::ops::ControlFlow;

use tokio::runtime::Runtime;

use super::player::{make, refused};
use super::{Failure, Open, Promise, Take, Tally};
use crate::crash::{Crash, Thoroughness, crashes};
use crate::{Broken, Disk, Event, Found, Image, Promises, Recording};

/// The search through the power cuts of a recorded script.
pub(super) struct Cuts<'a> {
    pub(super) take: &'a Take,
    pub(super) open: &'a Open<'a>,
    pub(super) runtime: Runtime,
    pub(super) tally: Tally,
}

/// Continues, or ends with a failure.
pub(super) type Step<T = ()> = ControlFlow<Box<Failure>, T>;

impl Cuts<'_> {
    pub(super) fn look(&mut self, crash: &Crash<'_>) -> Step {
        let promises = self.take.promises(crash.after);
        let disk = Disk::new(&crash.image);
        let found = self.recover(&disk, &promises);
        let found = self.or_fail(found, &crash.image, || self.story(crash))?;
        // What a store does after one crash it does after each; some of them will do.
        let nth = self.tally.images - self.tally.of_recoveries;
        if nth.is_multiple_of(16) {
            let result = self.go_on(&disk, &found);
            self.or_fail(result, &crash.image, || {
                format!("{}\nand then a commit was made", self.story(crash))
            })?;
        } else if nth % 64 == 1 {
            self.cut_power_in(&disk.recording(), crash, &promises)?;
        }
        ControlFlow::Continue(())
    }

    /// Crashes during the recovery from a crash.
    fn cut_power_in(&mut self, recovery: &Recording, first: &Crash<'_>, promises: &Promises) -> Step {
        crashes(recovery, 0, Thoroughness::GLANCE, self.tally.images, |crash| {
            let found = self.recover(&Disk::new(&crash.image), promises);
            self.tally.of_recoveries += 1;
            let story = || {
                let events = recovery.events.iter().take(crash.after);
                format!("{}\nrecovery: {}\n{}", self.story(first), shorten(events), crash.describe())
            };
            self.or_fail(found, &crash.image, story)?;
            ControlFlow::Continue(())
        })
    }

    /// The rows that the store finds on a disk.
    fn recover(&mut self, disk: &Disk, promises: &Promises) -> Result<Found, Broken> {
        self.tally.images += 1;
        let store = (self.open)(disk).map_err(|error| refused(&error))?;
        let found = self.runtime.block_on(Found::read(&store)).map_err(|error| refused(&error))?;
        self.take.check(&found, promises)?;
        Ok(found)
    }

    /// A recovered store also keeps a new promise: like the old ones, it survives the next power cut.
    fn go_on(&self, disk: &Disk, found: &Found) -> Result<(), Broken> {
        let disk = disk.restart();
        let store = (self.open)(&disk).map_err(|error| refused(&error))?;
        let Some((commit, expected)) = found.edited() else { return Ok(()) };
        self.runtime.block_on(make(&store, &disk, &(0, commit))).map_err(Broken::Refused)?;
        if self.take.script.promise == Promise::Synced {
            // Whatever it has not synced yet, it does when it is closed.
            drop(store);
        }
        let disk = Disk::new(&disk.recording().durable());
        let store = (self.open)(&disk).map_err(|error| refused(&error))?;
        let found = self.runtime.block_on(Found::read(&store)).map_err(|error| refused(&error))?;
        let is_there = found.is_left_of(&expected, &self.take.script.retention);
        if is_there { Ok(()) } else { Err(Broken::Lost("a commit after the recovery".to_owned())) }
    }

    /// Continues if the result is good.
    fn or_fail<T>(
        &self,
        result: Result<T, Broken>,
        image: &Image,
        story: impl FnOnce() -> String,
    ) -> Step<T> {
        match result {
            Ok(result) => ControlFlow::Continue(result),
            Err(broken) => ControlFlow::Break(Box::new(Failure {
                script: self.take.script,
                broken,
                story: story(),
                image: image.clone(),
            })),
        }
    }

    fn story(&self, crash: &Crash<'_>) -> String {
        let last = crash.after.saturating_sub(20);
        let events = self.take.recording.events.iter().take(crash.after).skip(last);
        format!("power is cut after event {}: {}\n{}", crash.after, shorten(events), crash.describe())
    }
}

/// Events in words, without the written bytes.
fn shorten<'a>(events: impl Iterator<Item = &'a Event>) -> String {
    let mut text = String::new();
    for event in events {
        text.push_str("\n  ");
        match event {
            Event::Write { file, at, bytes } => {
                text.push_str(&format!("Write {{ {file:?}, at: {at}, {} bytes }}", bytes.len()));
            }
            event => text.push_str(&format!("{event:?}")),
        }
    }
    text
}
