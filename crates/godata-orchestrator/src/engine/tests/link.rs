use super::*;
use crate::persist::StoreAnswer;
use godata_core::StoreError;

fn entry(id: usize) -> crate::entry::Entry {
    crate::entry::Entry::new(EntryId(id), row(&format!("p{id}")), Vec::new())
}

#[tokio::test(start_paused = true)]
async fn answers_come_with_the_pipeline_that_they_are_about() {
    let mut link = link(&ManualClock::new(at(0)), Keep::default());
    assert!(link.has_no_calls() && link.next_ready().is_none());
    let mut entries: Vec<_> = (0..5).map(entry).collect();
    for entry in &mut entries {
        link.read(entry, Duration::ZERO, None);
        assert!(entry.flight.is_some());
    }
    assert!(!link.has_no_calls());
    let mut ids = BTreeSet::new();
    for _ in 0..5 {
        match link.next().await {
            super::super::link::Answered::Pipeline(id, StoreAnswer::Reloaded(Ok(read))) => {
                assert!(read.row.is_none());
                ids.insert(id);
            }
            _ => panic!("only reads are in flight"),
        }
    }
    assert_eq!((ids.len(), link.has_no_calls()), (5, true));
}

#[tokio::test(start_paused = true)]
async fn the_store_is_open_once_it_was_read() {
    let mut link = link(&ManualClock::new(at(0)), Keep::default());
    assert!(!link.is_open() && !link.is_opening());
    link.open();
    assert!(link.is_opening());
    let super::super::link::Answered::Opened(opened) = link.next().await else { panic!("it opens") };
    link.opened(opened.is_ok());
    assert!(link.is_open());
    link.opened(false);
    assert!(!link.is_open() && !link.is_opening());
}

#[tokio::test(start_paused = true)]
async fn one_renewal_and_one_round_are_in_flight_at_a_time() {
    let mut link = link(&ManualClock::new(at(0)), Keep { newest: Some(1), age: None });
    let mut rounds = 0;
    for _ in 0..3 {
        link.renew();
        link.start_round(|| {
            rounds += 1;
            Vec::new()
        });
    }
    assert_eq!(rounds, 1);
    let (mut renewed, mut rounded) = (0, 0);
    for _ in 0..2 {
        match link.next().await {
            super::super::link::Answered::Renewed(_) => renewed += 1,
            super::super::link::Answered::Rounded(_) => rounded += 1,
            _ => panic!("nothing else is in flight"),
        }
    }
    assert_eq!((renewed, rounded), (1, 1));
}

#[test]
fn trouble_lasts_from_the_first_failure_to_the_last_recovery() {
    let clock = ManualClock::new(at(0));
    let mut link = link(&clock, Keep::default());
    let error = Arc::new(StoreError::unavailable("it is away"));
    let mut entry = entry(0);
    link.failed(&entry, Vec::new(), &error);
    clock.set(at(5));
    link.call_failed("renew", &error);
    assert_eq!(link.failing_since(), Some(at(0)));
    (entry.failures, entry.error) = (3, Some(error));
    link.recovered(&mut entry);
    assert_eq!((entry.failures, entry.error.is_some(), link.failing_since()), (0, false, Some(at(0))));
    link.call_succeeded("now");
    assert_eq!(link.failing_since(), Some(at(0)), "another call");
    assert_eq!(link.checked("renew", Ok(7)), Some(7));
    assert_eq!(link.failing_since(), None);
    assert_eq!(link.checked::<()>("renew", Err(StoreError::unavailable("again"))), None);
    assert_eq!(link.failing_since(), Some(at(5)));
}

#[test]
fn a_clock_that_goes_back_by_more_than_a_minute_is_noticed_once() {
    let clock = ManualClock::new(at(1_000));
    let mut link = link(&clock, Keep::default());
    assert_eq!(link.clock_went_back(), None);
    clock.set(at(2_000));
    link.now();
    clock.set(at(1_950));
    assert_eq!(link.clock_went_back(), None);
    link.now();
    clock.set(at(1_800));
    assert_eq!(link.clock_went_back(), Some(time::Duration::seconds(150)));
    assert_eq!(link.clock_went_back(), None);
}

#[test]
fn due_times_come_sooner_if_the_store_is_less_far_behind() {
    let mut link = link(&ManualClock::new(at(0)), Keep::default());
    let seconds = Duration::from_secs;
    let sooner = [0, 10, 10, 9, 3, 0].map(|behind| link.set_behind(seconds(behind)));
    assert_eq!(sooner, [false, false, false, false, true, true]);
    assert_eq!(link.behind(), Duration::ZERO);
}
