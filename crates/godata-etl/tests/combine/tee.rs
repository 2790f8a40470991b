//! The same records in several outputs.

use godata_etl::{Flow, Limit, OnError, PipelineError, RunContext, RunReport, record, tee, tee_all};
use proptest::prelude::*;

use crate::kit::{Numbers, Numeric, Out, RUNTIME, Seen, builder, is_bad};

/// What happens before the output: the row of a record may be that of others, or unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Nothing,
    /// Drops every third record.
    Filter,
    /// Makes two records of each.
    Twice,
    /// A step on the whole batch, after which the places are unknown.
    Batch,
}

impl Before {
    fn apply(self, flow: Flow<Vec<u64>>) -> Flow<Vec<u64>> {
        match self {
            Self::Nothing => flow,
            Self::Filter => flow.filter(|n| n % 3 != 0),
            Self::Twice => flow.flat_map(|n| [2 * n, 2 * n + 1]),
            Self::Batch => flow.map_batch(|batch: Vec<u64>| Ok(batch)),
        }
    }

    /// The numbers that come to the output, each with the record that it was made from.
    fn model(self, records: u64) -> Vec<(u64, u64)> {
        let records = 1..=records;
        match self {
            Self::Nothing | Self::Batch => records.map(|n| (n, n)).collect(),
            Self::Filter => records.filter(|n| n % 3 != 0).map(|n| (n, n)).collect(),
            Self::Twice => records.flat_map(|n| [(n, 2 * n), (n, 2 * n + 1)]).collect(),
        }
    }

    fn place(self, record: u64) -> String {
        match self {
            Self::Batch => "a record (numbers)".to_owned(),
            _ => format!("record {record} (numbers:{})", record + 1),
        }
    }
}

fn any_bad() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(prop_oneof![1..5_u64, 2..60_u64])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_outputs_get_the_records_that_none_of_them_rejects(
        records in prop_oneof![0..10_u64, 0..400_u64],
        batch in 1..80_u64,
        workers in 1..5_usize,
        before in prop_oneof![
            Just(Before::Nothing), Just(Before::Filter), Just(Before::Twice), Just(Before::Batch)
        ],
        bad in prop::collection::vec(any_bad(), 2..5),
        nested in any::<bool>(),
        dynamic in any::<bool>(),
    ) {
        let bad = if nested { &bad[..2] } else { &bad };
        let outputs: Vec<_> = bad.iter().copied().map(Out::bad).collect();
        let seen = Seen::default();
        let flow = builder(workers, OnError::skip(Limit::unlimited())).hook(seen.clone());
        let flow = before.apply(flow.read(Numbers::new(records, batch)));
        let report = if dynamic {
            written(flow.map(|n| record! {"n" => n}).untyped(), &outputs, nested)
        } else {
            written(flow, &outputs, nested)
        }.unwrap();

        let is_bad = |n: u64| bad.iter().any(|&bad| is_bad(n, bad));
        let (rejected, good): (Vec<_>, Vec<_>) = before.model(records).into_iter().partition(|&(_, n)| is_bad(n));
        let good: Vec<_> = good.into_iter().map(|(_, n)| n).collect();
        for output in &outputs {
            prop_assert_eq!(output.committed(), Some(good.clone()));
        }
        let counts = (report.written.records, report.written.rejected);
        prop_assert_eq!(counts, (good.len() as u64, rejected.len() as u64));
        let mut found: Vec<(String, u64)> = Vec::new();
        for (place, error) in seen.take() {
            let Some((number, at)) = error.strip_prefix("bad ").and_then(|error| error.split_once(" at ")) else {
                panic!("{error}");
            };
            prop_assert_eq!(at, &place);
            found.push((place, number.parse().unwrap()));
        }
        let mut expected: Vec<_> = rejected.iter().map(|&(record, n)| (before.place(record), n)).collect();
        // Those of one row are in the order of the outputs.
        if matches!(before, Before::Twice | Before::Batch) {
            expected.sort();
            found.sort();
        }
        prop_assert_eq!(found, expected);
    }
}

fn written<B: Numeric>(flow: Flow<B>, outputs: &[Out], nested: bool) -> Result<RunReport, PipelineError> {
    let run = |pipeline: godata_etl::Pipeline| {
        let cx = RunContext::new();
        RUNTIME.block_on(async move { pipeline.run(&cx).await })
    };
    match outputs {
        [a, b, ..] if nested => run(flow.write(tee(a.clone(), b.clone())).unwrap()),
        _ => run(flow.write(tee_all(outputs.to_vec())).unwrap()),
    }
}

#[test]
fn a_record_that_both_outputs_reject_counts_once() {
    let outputs = [Out::bad(Some(10)), Out::bad(Some(10))];
    for (limit, fails) in [(10, false), (9, true)] {
        let flow = builder(2, OnError::skip(Limit::records(limit))).read(Numbers::new(100, 30));
        let written = written(flow, &outputs, true);
        assert_eq!(written.is_err(), fails, "{written:?}");
    }
}

#[test]
fn without_a_policy_the_first_bad_record_fails_the_run_and_is_named() {
    let outputs = [Out::bad(None), Out::bad(Some(7))];
    let flow = builder(2, OnError::fail()).read(Numbers::new(100, 30));
    let failed = written(flow, &outputs, true).unwrap_err();
    assert!(format!("{failed:#}").starts_with("write failed at record 7 (numbers:8): bad 7"), "{failed:#}");
    assert_eq!((outputs[0].committed(), outputs[1].committed()), (None, None));
}

#[test]
fn no_outputs_take_everything() {
    let flow = builder(2, OnError::fail()).read(Numbers::new(100, 30));
    assert_eq!(written(flow, &[], false).unwrap().written.records, 100);
}
