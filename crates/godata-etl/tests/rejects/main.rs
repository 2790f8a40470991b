//! What becomes of records that can't be processed.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod kit;
mod letters;
mod model;
mod rules;

use godata_etl::{Limit, PipelineError};
use proptest::prelude::*;

use crate::model::{Case, Policy, Step, any_case};

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_good_records_are_written_and_each_bad_one_is_named_once_and_in_order(case in any_case()) {
        let (expected, run) = (case.model(), case.run(Policy::skip(Limit::unlimited())));
        let (mut written, mut rejected) = (run.written, run.rejected);
        let (mut good, mut bad) = (expected.written.clone(), expected.rejected.clone());
        if !case.keeps_order() {
            written.sort_unstable();
            rejected.sort_unstable();
            good.sort_unstable();
            bad.sort_unstable();
        }
        prop_assert_eq!(written, good);
        prop_assert_eq!(&rejected, &bad);

        let report = run.result.unwrap();
        prop_assert_eq!(report.rejected(), bad.len() as u64);
        prop_assert_eq!(report.written.records, expected.written.len() as u64);
        if case.keeps_order() {
            let first: Vec<_> = report.rejections.iter().map(|rejected| rejected.place.record.unwrap()).collect();
            prop_assert_eq!(first, bad.iter().take(10).map(|&(record, _)| record).collect::<Vec<_>>());
        }
        if case.has_no_take() {
            prop_assert_eq!(report.read.records + report.read.rejected, case.records);
            prop_assert_eq!(report.unfinished(), 0);
            for step in &report.steps {
                let left = step.records_out + step.dropped + step.rejected;
                prop_assert_eq!(step.records_in + step.expanded, left, "{:?}", step);
            }
            let stages = (0..case.stages()).map(|stage| bad.iter().filter(|&&(_, at)| at == stage).count() as u64);
            let counted = std::iter::once(report.read.rejected)
                .chain(report.steps.iter().map(|step| step.rejected))
                .chain(std::iter::once(report.written.rejected));
            prop_assert_eq!(counted.collect::<Vec<_>>(), stages.collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_limit_is_exact_for_every_number_of_workers_and_every_size_of_batches(
        case in any_case().prop_filter("the order decides", Case::keeps_order),
        records in prop::option::weighted(0.7, prop_oneof![0..20_u64, 0..2_000_u64]),
        percent in prop::option::of(0..=100_u32),
        after in prop_oneof![Just(None), Just(Some(0)), (0..3_000_u64).prop_map(Some)],
    ) {
        let mut limit = records.map_or_else(Limit::unlimited, Limit::records);
        if let Some(after) = after {
            limit = limit.after(after);
        }
        if let Some(percent) = percent {
            limit = limit.and_share(f64::from(percent) / 100.0);
        }
        let expected = case.model();
        let too_many = |rejected: u64, read: u64| {
            percent.is_some_and(|percent| rejected * 100 > u64::from(percent) * read)
        };
        let exceeded = (1..).zip(&expected.rejected).find(|&(count, &(record, _))| {
            records.is_some_and(|most| count > most) || after.is_some_and(|after| record >= after) && too_many(count, record)
        });
        let total = expected.rejected.len() as u64;
        let at_end = too_many(total, expected.read).then_some((total, expected.read));
        let exceeded = exceeded.map(|(count, &(record, _))| (count, record)).or(at_end);

        let run = case.run(Policy::skip(limit));
        match (exceeded, run.result) {
            (None, Ok(_)) => prop_assert_eq!(run.written, expected.written),
            (Some(exceeded), Err(PipelineError::TooManyRejected { rejected, read, report, .. })) => {
                prop_assert_eq!((rejected, read), exceeded);
                prop_assert_eq!(run.rejected, &expected.rejected[..rejected as usize]);
                prop_assert_eq!(report.rejected(), rejected);
                prop_assert_eq!(run.written, Vec::<u64>::new());
            }
            (expected, found) => prop_assert!(false, "{:?}, {:?}", expected, found),
        }
    }
}

#[test]
fn a_batch_that_has_no_record_left_overtakes_no_other() {
    // Every other batch is empty, and every third record waits in the step before it is rejected.
    let case = Case {
        records: 300,
        batch: 1,
        bad_read: Some(2),
        steps: vec![Step::Async(3), Step::Scan(5), Step::Async(7)],
        workers: 4,
        ..Case::default()
    };
    assert_eq!(case.run(Policy::skip(Limit::unlimited())).rejected, case.model().rejected);
}

#[test]
fn records_after_the_last_one_of_a_take_are_not_judged() {
    for batch in [1, 7, 100] {
        // The records 1, 2, 4, 5, 7 and 8 are taken, and 3 and 6 are rejected by then.
        let steps = vec![Step::Filter(50), Step::Take(6), Step::TryMap(8)];
        let case = Case { records: 100, batch, bad_read: Some(3), steps, ..Case::default() };
        let run = case.run(Policy::skip(Limit::records(3)));
        assert_eq!(run.rejected, [(3, 0), (6, 0), (8, 3)], "{batch}");
        assert_eq!((run.written, run.result.unwrap().rejected()), (vec![1, 2, 4, 5, 7], 3));
        // The second one is judged at the end of the input.
        for share in [Limit::share(0.37), Limit::share(0.37).after(1_000)] {
            let failed = case.run(Policy::skip(share)).result.unwrap_err();
            assert!(
                matches!(failed, PipelineError::TooManyRejected { rejected: 3, read: 8, .. }),
                "{failed:?}"
            );
        }
    }
}

#[test]
fn n_bad_records_pass_a_limit_of_n_and_one_more_fails_the_run() {
    for workers in [1, 4, 16] {
        for batch in [1, 7, 64, 2_000] {
            for limit in [9, 10] {
                let case = Case { records: 1_000, batch, bad_read: Some(100), workers, ..Case::default() };
                let run = case.run(Policy::skip(Limit::records(limit)));
                match run.result {
                    Ok(report) => assert_eq!((limit, report.rejected()), (10, 10)),
                    Err(error) => assert_eq!(
                        format!("{limit}, {error:#}"),
                        "9, 10 of 1000 records were rejected; the limit is 9 records: read rejected record 100 (numbers:101): bad 100"
                    ),
                }
            }
        }
    }
}
