//! A proof can only be trusted if it fails: a small store that makes no mistake passes, and with any one of the
//! mistakes that stores make it does not.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that can't go on fails, and says why")]

mod toy;

use std::path::Path;

use godata_core::{AnyStore, Retention};
use godata_store_kit::crash::Thoroughness;
use godata_store_kit::power::{Script, Take};
use godata_store_kit::{Call, Disk, Fault, Found, Ledger, Trouble, damage};

use toy::{Mistake, Toy};

/// How the kit finds out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Finding {
    PowerCut,
    FailedSync,
    Damage,
}

#[test]
fn a_store_without_mistakes_passes() {
    assert_eq!(finding(Mistake::None), None);
}

#[test]
fn every_mistake_is_found() {
    for (mistake, expected) in [
        (Mistake::AcknowledgesBeforeSync, Finding::PowerCut),
        (Mistake::NeverSyncsTheDirectory, Finding::PowerCut),
        (Mistake::RenamesBeforeSync, Finding::PowerCut),
        (Mistake::WritesACommitInTwoLines, Finding::PowerCut),
        (Mistake::AppendsBehindATornLine, Finding::PowerCut),
        (Mistake::TakesADamagedLineForTheEnd, Finding::Damage),
        (Mistake::HasNoChecksum, Finding::Damage),
        (Mistake::TakesAnyJournalForItsOwn, Finding::FailedSync),
        (Mistake::TrustsWhatItReads, Finding::FailedSync),
        (Mistake::IgnoresAFailedSync, Finding::FailedSync),
        (Mistake::SyncsAgain, Finding::FailedSync),
    ] {
        assert_eq!(finding(mistake), Some(expected), "{mistake:?}");
    }
}

/// What the kit finds first.
fn finding(mistake: Mistake) -> Option<Finding> {
    let open = |disk: &Disk| Toy::open(disk, mistake).map(AnyStore::new);
    for seed in 0..8 {
        let Ok(take) = Take::play(Script::numbered(seed, Retention::new()), &open) else {
            return Some(Finding::PowerCut);
        };
        let thoroughness = Thoroughness { subsets_of: 3, cuts: 4, every: 2 };
        if let Err(failure) = take.cut_power(thoroughness, &open) {
            println!("{mistake:?}: {failure}");
            return Some(Finding::PowerCut);
        }
    }
    let script = Script { processes: 2, ..Script::numbered(5, Retention::new()) };
    for sync in 0..20 {
        let fault = Fault::after(sync, Trouble::Broken).of(Call::Sync);
        let take = match Take::play_with(script, fault, &open) {
            Ok(take) => take,
            Err(broken) => {
                println!("{mistake:?}: {broken}");
                return Some(Finding::FailedSync);
            }
        };
        if let Err(failure) = take.cut_power(Thoroughness::GLANCE, &open) {
            println!("{mistake:?}: {failure}");
            return Some(Finding::FailedSync);
        }
    }
    (!notices_damage(&open)).then_some(Finding::Damage)
}

/// Whether the store refuses each change of its journal, or has what it had.
fn notices_damage(open: &godata_store_kit::power::Open<'_>) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let read = |disk: &Disk| runtime.block_on(async { Found::read(&open(disk).ok()?).await.ok() });
    let disk = Disk::new(&godata_store_kit::Image::new());
    let mut ledger = Ledger::new(7, 2);
    let mut older = None;
    {
        let store = open(&disk).unwrap();
        for n in 0..28 {
            let (number, commit) = ledger.next_of_any();
            runtime.block_on(godata_core::Store::commit(&store, &commit)).unwrap();
            ledger.acknowledge(number);
            if n == 12 {
                older = Some(disk.image());
            }
        }
    }
    let (image, older) = (disk.image(), older.unwrap());
    let whole = read(&Disk::new(&image)).unwrap();
    let journal = Path::new(toy::JOURNAL);
    let bytes = image.file(journal).unwrap();
    let last_line = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    // What is in the last line may be a torn write; all before it was acknowledged.
    let damaged =
        damage::flips(bytes, 1).take(last_line).map(|damaged| image.clone().with(journal, damaged.bytes));
    let snapshot = Path::new(toy::SNAPSHOT);
    let mixed = [image.clone().with(snapshot, older.file(snapshot).unwrap())];
    damaged.chain(mixed).all(|image| read(&Disk::new(&image)).is_none_or(|found| found == whole))
}
