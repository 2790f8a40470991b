//! Repairs: one that is cut off can be made again and comes to the same, and one that is refused changes nothing.
//!
//! Optimised, there are more of them: `cargo test --release -p godata-store-kit --test file_store repair`.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use godata_core::{StoreError, error_chain};
use godata_store_file::{FileStore, Loss, Repaired};
use godata_store_kit::crash::{Thoroughness, crashes};
use godata_store_kit::{Disk, Event, Found, Image, Ledger, Recording, Seeded, file_store};

use crate::support::{commit, read};

/// How many damaged stores are repaired, in each way that there is.
const STORES: u32 = if cfg!(debug_assertions) { 60 } else { 400 };

const JOURNAL: &str = "/store/state.json.journal";
const LOSSES: [Loss; 3] = [Loss::Nothing, Loss::FromDamageOn, Loss::DamagedLines];

/// What became of the repairs.
#[derive(Debug, Default)]
struct Tally {
    sound: u32,
    refused: u32,
    complete: u32,
    lossy: u32,
    images: u32,
}

#[test]
fn no_power_cut_makes_of_a_repair_anything_but_the_whole_of_it() {
    let (mut tally, mut seeded) = (Tally::default(), Seeded::new(3));
    for seed in 0..STORES / 4 {
        let images = images(seed.into(), &mut seeded);
        for n in 0..4 {
            let image = seeded.pick(&images);
            let whole = opened(&Disk::new(image)).unwrap();
            let image = damaged(image, &mut seeded);
            for loss in LOSSES {
                let place = format!("store {n} of seed {seed}: {image:?}, {loss:?}");
                hold(&image, &whole, loss, &place, &mut tally);
            }
        }
    }
    println!("{tally:?}");
    let Tally { sound, refused, complete, lossy, .. } = tally;
    assert!(sound.min(refused).min(complete).min(lossy) > 0, "they are not of all kinds");
}

/// What a store may leave on its disk.
fn images(seed: u64, seeded: &mut Seeded) -> Vec<Image> {
    let disk = Disk::new(&Image::new());
    let mut ledger = Ledger::new(seed, 2);
    for _ in 0..2 {
        let store = file_store::open(&disk).unwrap();
        commit(&store, &mut ledger, 12 + seeded.below(8));
    }
    let mut images = Vec::new();
    let visited = crashes(&disk.recording(), 0, Thoroughness::GLANCE, seed, |crash| {
        images.push(crash.image.clone());
        ControlFlow::<()>::Continue(())
    });
    assert!(visited.is_continue());
    // Those with a history, and a generation before.
    images.split_off(images.len() / 2)
}

/// With one to three bytes changed, or a file gone or empty.
fn damaged(image: &Image, seeded: &mut Seeded) -> Image {
    let files: Vec<_> = image.files().filter(|(_, bytes)| !bytes.is_empty()).collect();
    let (path, bytes) = *seeded.pick(&files);
    match seeded.below(8) {
        0 => image.clone().with(path, ""),
        1 => without(image, path),
        _ => {
            let mut bytes = bytes.to_vec();
            for _ in 0..=seeded.below(3) {
                let at = seeded.below(bytes.len());
                bytes[at] ^= 1 << seeded.below(8);
            }
            image.clone().with(path, bytes)
        }
    }
}

fn without(image: &Image, path: &Path) -> Image {
    let others = image.files().filter(|(other, _)| *other != path);
    others.fold(Image::new(), |image, (path, bytes)| image.with(path, bytes))
}

fn repair(disk: &Disk, loss: Loss) -> Result<Repaired, StoreError> {
    FileStore::builder(file_store::PATH).vfs(Arc::new(disk.clone())).repair(loss)
}

/// Repairs a store that had all this before it was damaged.
fn hold(image: &Image, whole: &Found, loss: Loss, place: &str, tally: &mut Tally) {
    let disk = Disk::new(image);
    match repair(&disk, loss) {
        Ok(repaired) if repaired.damage.is_empty() => tally.sound += 1,
        Ok(repaired) => {
            let recording = disk.recording();
            let expected = opened(&disk).unwrap_or_else(|error| panic!("{place}: {}", error_chain(&error)));
            if repaired.is_complete {
                assert!(expected == *whole, "{place}: {expected:#?}\nis said to be\n{whole:#?}");
                tally.complete += 1;
            } else {
                tally.lossy += 1;
            }
            return cut_off(&recording, loss, &expected, place, tally);
        }
        Err(StoreError::Corrupt { .. }) if loss == Loss::Nothing => tally.refused += 1,
        Err(error) => panic!("{place}: {}", error_chain(&error)),
    }
    assert!(!is_changed(&disk), "{place}: something was changed");
}

fn is_changed(disk: &Disk) -> bool {
    let changes = |event: &Event| event.is_of_the_disk() && !matches!(event, Event::DirSynced { .. });
    disk.recording().events.iter().any(changes)
}

/// Cuts a repair off, and makes it again unless it was done.
fn cut_off(recording: &Recording, loss: Loss, expected: &Found, place: &str, tally: &mut Tally) {
    let visited = crashes(recording, 0, Thoroughness::GLANCE, 1, |crash| {
        tally.images += 1;
        let disk = Disk::new(&crash.image);
        let found = match opened(&disk) {
            Err(StoreError::Corrupt { .. }) => {
                let again = Disk::new(&crash.image);
                repair(&again, loss).and_then(|_| opened(&again))
            }
            opened => opened,
        };
        match found {
            Ok(found) if found == *expected => ControlFlow::Continue(()),
            Ok(found) => {
                ControlFlow::Break(format!("{found:#?}\nis not\n{expected:#?}\n{}", crash.describe()))
            }
            Err(error) => ControlFlow::Break(format!("{}\n{}", error_chain(&error), crash.describe())),
        }
    });
    if let ControlFlow::Break(why) = visited {
        panic!("{place}: {why}");
    }
}

fn opened(disk: &Disk) -> Result<Found, StoreError> {
    file_store::open_with(disk, 1 << 30).map(|store| read(&store))
}

/// A store whose journal has a damaged line in its middle.
fn with_a_damaged_journal() -> Image {
    let disk = Disk::new(&Image::new());
    commit(&file_store::open_with(&disk, 1 << 30).unwrap(), &mut Ledger::new(1, 2), 12);
    let mut bytes = disk.image().file(Path::new(JOURNAL)).unwrap().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    disk.image().with(JOURNAL, bytes)
}

#[test]
fn a_repair_that_is_refused_does_not_even_finish_what_a_crash_has_left() {
    let image = with_a_damaged_journal();
    let journal = image.file(Path::new(JOURNAL)).unwrap();
    let image = without(&image, Path::new(JOURNAL)).with(format!("{JOURNAL}.next"), journal);
    let disk = Disk::new(&image);
    assert!(matches!(repair(&disk, Loss::Nothing), Err(StoreError::Corrupt { .. })));
    assert!(!is_changed(&disk));
    assert!(repair(&disk, Loss::FromDamageOn).is_ok() && opened(&disk).is_ok());
}

#[test]
fn a_repair_that_was_begun_is_done_as_soon_as_the_new_snapshot_has_its_name() {
    for loss in [Loss::FromDamageOn, Loss::DamagedLines] {
        let disk = Disk::new(&with_a_damaged_journal());
        repair(&disk, loss).unwrap();
        let recording = disk.recording();
        let expected = opened(&disk).unwrap();
        let is_named =
            |event: &Event| matches!(event, Event::Rename { to, .. } if to == Path::new(file_store::PATH));
        let named = recording.events.iter().position(is_named).unwrap();
        // The directory is synced next.
        let visited = crashes(&recording, named + 2, Thoroughness::USUAL, 1, |crash| {
            match opened(&Disk::new(&crash.image)) {
                Ok(found) if found == expected => ControlFlow::Continue(()),
                other => ControlFlow::Break(format!("{other:?}\n{}", crash.describe())),
            }
        });
        assert_eq!(visited, ControlFlow::Continue(()), "{loss:?}");
    }
}
