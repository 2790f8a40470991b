//! Each record in one of two outputs.

use godata_etl::{Limit, OnError, RecordRef, RunContext, record, route, tee};
use proptest::prelude::*;

use crate::kit::{Numbers, Out, RUNTIME, Seen, builder, is_bad};

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_record_is_in_its_output_in_order_and_a_bad_one_in_none(
        records in prop_oneof![0..10_u64, 0..400_u64],
        batch in 1..80_u64,
        workers in 1..5_usize,
        divisor in prop_oneof![Just(1_u64), 2..4_u64, Just(1_000)],
        bad in (prop::option::of(1..9_u64), prop::option::of(1..9_u64), prop::option::of(1..9_u64)),
        dynamic in any::<bool>(),
    ) {
        let (yes, no, all) = (Out::bad(bad.0), Out::bad(bad.1), Out::bad(bad.2));
        let copy = Out::default();
        let both = tee(copy.clone(), yes.clone());
        let seen = Seen::default();
        let builder = builder(workers, OnError::skip(Limit::unlimited())).hook(seen.clone());
        let flow = builder.read(Numbers::new(records, batch)).flat_map(|n| [n, n]);
        let pipeline = if dynamic {
            let is_yes = move |r: RecordRef<'_>| r.u64("n").unwrap().is_multiple_of(divisor);
            let writer = tee(route(is_yes, both, no.clone()), all.clone());
            flow.map(|n| record! {"n" => n}).untyped().write(writer)
        } else {
            let is_yes = move |n: &u64| n.is_multiple_of(divisor);
            flow.write(tee(route(is_yes, both, no.clone()), all.clone()))
        }.unwrap();
        let report = RUNTIME.block_on(async { pipeline.run(&RunContext::new()).await }).unwrap();

        let is_yes = |n: &u64| n.is_multiple_of(divisor);
        let is_good = |&n: &u64| !is_bad(n, bad.2) && !is_bad(n, if is_yes(&n) { bad.0 } else { bad.1 });
        let (good, rejected): (Vec<_>, Vec<_>) = (1..=records).flat_map(|n| [n, n]).partition(is_good);
        let (expected_yes, expected_no): (Vec<_>, Vec<_>) = good.iter().partition(|n| is_yes(n));
        prop_assert_eq!(copy.committed(), Some(expected_yes.clone()));
        prop_assert_eq!(yes.committed(), Some(expected_yes));
        prop_assert_eq!(no.committed(), Some(expected_no));
        prop_assert_eq!(all.committed(), Some(good));
        prop_assert_eq!(report.written.rejected, rejected.len() as u64);
        let places: Vec<_> = seen.take().into_iter().map(|(place, _)| place).collect();
        let expected: Vec<_> = rejected.iter().map(|n| format!("record {n} (numbers:{})", n + 1)).collect();
        prop_assert_eq!(places, expected);
    }
}

#[test]
fn an_output_that_has_something_to_write_without_records_gets_an_empty_part() {
    let (yes, no) = (Out { wants_empty: true, ..Out::named("yes") }, Out::named("no"));
    let flow = builder(1, OnError::fail()).read(Numbers::new(3, 3));
    let pipeline = flow.write(route(|_: &u64| false, yes.clone(), no.clone())).unwrap();
    pipeline.run_blocking(&RunContext::new()).unwrap();
    assert_eq!((yes.committed(), no.committed()), (Some(vec![]), Some(vec![1, 2, 3])));
    assert_eq!(*yes.log.lock().unwrap(), ["yes open", "yes write", "yes prepare", "yes commit"]);
}

#[test]
fn a_predicate_that_panics_fails_the_run_at_its_record() {
    let flow = builder(1, OnError::fail()).read(Numbers::new(10, 4));
    let predicate = |n: &u64| {
        assert!(*n != 6, "six");
        true
    };
    let pipeline = flow.write(route(predicate, Out::named("yes"), Out::named("no"))).unwrap();
    let failed = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    assert_eq!(format!("{failed:#}"), "write failed at record 6 (numbers:7): panicked: six");
}

#[test]
fn a_predicate_that_asks_for_an_unknown_name_fails_the_run() {
    let flow = builder(1, OnError::skip(Limit::unlimited())).read(Numbers::new(3, 3));
    let flow = flow.map(|n| record! {"n" => n}).untyped().select(["n"]);
    let predicate = |r: RecordRef<'_>| r.str("country") == Some("DE");
    let pipeline = flow.write(route(predicate, Out::named("yes"), Out::named("no"))).unwrap();
    let failed = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    assert!(format!("{failed:#}").contains("country"), "{failed:#}");
}
