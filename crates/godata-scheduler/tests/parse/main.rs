//! Whatever the text, it is read or refused.

#![cfg(feature = "cron")]

mod target;

use proptest::prelude::*;
use proptest::sample::{Index, select};

const TEXTS: [&str; 14] = [
    "every 1h30m from 2026-01-01T00:00:00Z",
    "daily 02:00,14:30 mon-fri Europe/Berlin gap=shift overlap=both",
    "monthly 1,15,last,2nd-tue,last-fri 18:00 Europe/Berlin",
    "cron 0 2 * * MON-FRI Europe/Berlin",
    "cron */15 0 9-17/2 LW,15W JAN-MAR +FRI#2,5L 2030-2040/2",
    "cron @daily America/New_York overlap=last",
    "once 2026-03-29T01:00:00.250Z",
    "never",
    "any(daily 02:00; every 6h)",
    "except(daily 02:00; sat,sun 12-25 2026-04-03 2026-07-01..2026-07-14 on(monthly last 00:00) Europe/Berlin)",
    "between(every 5m; 2026-01-01T00:00:00Z..2026-07-01T00:00:00Z)",
    "any(any(any(any(never; every 1d))))",
    "except(except(daily 00:00; sat); none)",
    "between(cron 0 0 29 2 *; ..2100-01-01T00:00:00Z)",
];

/// One change of a text.
#[derive(Clone, Debug)]
enum Edit {
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    Repeat(Index, usize),
    Splice(Index, &'static str, Index),
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), 1..4_usize).prop_map(|(at, count)| Edit::Remove(at, count)),
        (any::<Index>(), prop::collection::vec(any::<u8>(), 1..4))
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), "[ ,;()*/0-9L#=.:@+-]{1,3}")
            .prop_map(|(at, text)| Edit::Insert(at, text.into_bytes())),
        (any::<Index>(), 1..30_usize).prop_map(|(at, count)| Edit::Repeat(at, count)),
        (any::<Index>(), select(&TEXTS[..]), any::<Index>())
            .prop_map(|(at, text, from)| Edit::Splice(at, text, from)),
    ]
}

fn edited(text: &str, edits: &[Edit]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for edit in edits {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match edit {
            Edit::Remove(at, count) => {
                let at = place(at);
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Edit::Insert(at, inserted) => {
                let at = place(at);
                bytes.splice(at..at, inserted.iter().copied());
            }
            Edit::Repeat(at, count) => {
                let at = place(at);
                let part = bytes[at..(at + count).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            Edit::Splice(at, text, from) => {
                bytes.truncate(place(at));
                bytes.extend_from_slice(&text.as_bytes()[from.index(text.len())..]);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        target::check(&bytes);
    }

    #[test]
    fn edited_texts_are_read_or_refused(text in select(&TEXTS[..]), edits in prop::collection::vec(edits(), 1..5)) {
        target::check(&edited(text, &edits));
    }
}

#[test]
fn the_texts_themselves_are_read() {
    for text in TEXTS {
        assert!(godata_scheduler::parse(text).is_ok(), "{text}");
        target::check(text.as_bytes());
    }
}

#[test]
fn deep_and_long_texts_are_refused_without_harm() {
    for text in [
        "any(".repeat(100_000),
        format!("{}never{}", "any(".repeat(50), ")".repeat(50)),
        "1,".repeat(500_000),
    ] {
        assert!(godata_scheduler::parse(&text).is_err());
        assert!(godata_scheduler::parse(&format!("daily {text}")).is_err());
        assert!(godata_scheduler::parse(&format!("cron {text} * * * *")).is_err());
    }
}
