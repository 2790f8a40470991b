//! Everything that a power cut may leave of a disk.

mod choice;
mod moment;

use std::collections::HashSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::ops::ControlFlow;

use self::choice::Choices;
use self::moment::{Moment, Open};
use crate::{Event, Image, Recording, Seeded};

/// A power cut: when it happened, and what it left.
#[derive(Debug)]
pub struct Crash<'a> {
    /// After how many events of the recording it happened.
    pub after: usize,
    /// The content of the disk.
    pub image: Image,
    open: &'a [Open],
    choices: Choices,
}

impl Crash<'_> {
    /// The fate of each change that was not durable, in words, one per line.
    #[must_use]
    pub fn describe(&self) -> String {
        self.choices.describe(self.open)
    }
}

/// How many crashes to visit.
#[derive(Clone, Copy, Debug)]
pub struct Thoroughness {
    /// At a moment with up to this many unsynced changes, each subset of them is taken. At a moment with more, these are
    /// taken: all, none, each alone, all but each, and random ones, as many as there are subsets of this many changes.
    pub subsets_of: u32,
    /// A last write of up to this many bytes is cut at every byte; a longer one at this many random bytes.
    pub cuts: usize,
    /// Visits only every this many-th moment before a change of the disk.
    pub every: usize,
}

impl Thoroughness {
    /// Subsets of 5 changes, cuts in 2,048 bytes, at every moment.
    pub const USUAL: Self = Self { subsets_of: 5, cuts: 2_048, every: 1 };
    /// A few crashes of each moment, for crashes during the recovery from many others.
    pub const GLANCE: Self = Self { subsets_of: 2, cuts: 4, every: 1 };
}

/// Visits the crashes of a recording until the visitor breaks.
///
/// At each moment, any of the unsynced changes may survive. A write may survive up to any byte; where it made the file longer,
/// blocks of 512 bytes may be zeros or garbage instead. Each change of a name survives or not, independently. Images that
/// were already visited since the last note or sync in the recording are skipped. Equal seeds give equal crashes. Only
/// crashes after the first `from` events are visited.
pub fn crashes<B>(
    recording: &Recording,
    from: usize,
    thoroughness: Thoroughness,
    seed: u64,
    mut visit: impl FnMut(&Crash<'_>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let mut seeded = Seeded::new(seed);
    let mut moment = Moment::new(&recording.before);
    let mut seen = Seen::default();
    // Equal seeds begin at the same one.
    let mut moments = seeded.below(thoroughness.every);
    for after in 0..=recording.events.len() {
        if let Some(event) = after.checked_sub(1).and_then(|last| recording.events.get(last)) {
            moment.pass(event);
            // More may be expected from then on.
            if !event.is_of_the_disk() || matches!(event, Event::Synced { .. }) {
                seen = Seen::default();
            }
        }
        // Notes change what is expected and not what is there: what was noted last is expected of all.
        if recording.events.get(after).is_some_and(|next| !next.is_of_the_disk()) {
            continue;
        }
        moments += 1;
        if after < from || !moments.is_multiple_of(thoroughness.every) {
            continue;
        }
        let open = moment.open_changes();
        for choices in Choices::all(&open, thoroughness, &mut seeded) {
            let image = moment.image(&open, &choices);
            if seen.insert(&image) {
                visit(&Crash { after, image, open: &open, choices })?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// The images that were visited, by their hashes.
#[derive(Default)]
struct Seen {
    hasher: BuildHasherDefault<DefaultHasher>,
    hashes: HashSet<u64>,
}

impl Seen {
    fn insert(&mut self, image: &Image) -> bool {
        self.hashes.insert(self.hasher.hash_one(image))
    }
}

impl Recording {
    /// The content of the disk if nothing unsynced survives.
    #[must_use]
    pub fn durable(&self) -> Image {
        let mut moment = Moment::new(&self.before);
        self.events.iter().for_each(|event| moment.pass(event));
        let open = moment.open_changes();
        moment.image(&open, &Choices::nothing(&open))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::{Call, Disk, Fault, Trouble};

    fn images(disk: &Disk) -> Vec<Image> {
        let mut images = Vec::new();
        let visited = crashes(&disk.recording(), 0, Thoroughness::USUAL, 1, |crash| {
            images.push(crash.image.clone());
            ControlFlow::<()>::Continue(())
        });
        assert!(visited.is_continue());
        images
    }

    /// The content of a file in each image; `None` where the file does not exist.
    fn contents(disk: &Disk, path: &Path) -> BTreeSet<Option<Vec<u8>>> {
        images(disk).iter().map(|image| image.file(path).map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn a_write_is_there_up_to_any_byte_or_its_block_is_zeros_or_garbage() {
        let path = Path::new("/f");
        let disk = Disk::new(&Image::new().with(path, "0"));
        let file = disk.open(path).unwrap();
        disk.append(file, b"abc").unwrap();
        let mut contents = contents(&disk, path);
        for expected in ["0", "0a", "0ab", "0abc", "0\0\0\0"] {
            assert!(contents.remove(&Some(expected.into())), "{expected:?}");
        }
        assert!(contents.iter().flatten().all(|garbage| garbage.len() == 4 && garbage[0] == b'0'));
        assert!(!contents.is_empty());
    }

    #[test]
    fn names_and_bytes_are_durable_each_by_their_own_sync() {
        let (temporary, path) = (Path::new("/d/t"), Path::new("/d/f"));
        let run = |sync_file: bool, sync_dir: bool| {
            let disk = Disk::new(&Image::new().with(path, "old"));
            let file = disk.create(temporary).unwrap();
            disk.append(file, b"new").unwrap();
            if sync_file {
                disk.sync(file).unwrap();
            }
            disk.rename(temporary, path).unwrap();
            if sync_dir {
                disk.sync_dir(Path::new("/d")).unwrap();
            }
            let durable = disk.recording().durable().file(path).map(<[u8]>::to_vec);
            (contents(&disk, path), durable)
        };
        let (seen, durable) = run(true, true);
        assert_eq!(seen, BTreeSet::from([Some(b"old".to_vec()), Some(b"new".to_vec())]));
        assert_eq!(durable, Some(b"new".to_vec()));
        assert_eq!(run(true, false).1, Some(b"old".to_vec()));
        let (seen, durable) = run(false, true);
        assert!(seen.contains(&Some(Vec::new())));
        assert_eq!(durable, Some(Vec::new()));
    }

    #[test]
    fn what_a_sync_has_failed_to_write_no_later_sync_writes() {
        let path = Path::new("/f");
        let disk = Disk::new(&Image::new().with(path, ""));
        let file = disk.open(path).unwrap();
        disk.append(file, b"lost").unwrap();
        disk.fail(Fault::after(0, Trouble::Broken).of(Call::Sync));
        assert!(disk.sync(file).is_err());
        disk.append(file, b"kept").unwrap();
        assert!(disk.sync(file).is_ok());
        assert_eq!(disk.image().file(path), Some(&b"lostkept"[..]));
        assert_eq!(disk.recording().durable().file(path), Some(&b"\0\0\0\0kept"[..]));
    }

    #[test]
    fn equal_seeds_give_equal_crashes() {
        let disk = Disk::new(&Image::new());
        for n in 0..8 {
            let file = disk.create(Path::new(&format!("/{n}"))).unwrap();
            disk.append(file, &[n; 700]).unwrap();
        }
        assert_eq!(images(&disk), images(&disk));
    }
}
