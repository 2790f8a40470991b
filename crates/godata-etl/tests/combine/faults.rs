//! Several outputs, of which one fails: none is visible.

use std::sync::Arc;

use godata_etl::{OnError, Pipeline, PipelineError, RunContext, route, tee, tee_all};

use crate::kit::{Fault, Numbers, Out, builder};

/// The ways to write to both outputs.
fn pipelines(first: &Out, second: &Out) -> [Pipeline; 3] {
    let flow = || builder(2, OnError::fail()).read(Numbers::new(20, 5));
    let (first, second) = (|| first.clone(), || second.clone());
    [
        flow().write(tee(first(), second())).unwrap(),
        flow().write(tee_all(vec![first(), second()])).unwrap(),
        flow().write(route(|n: &u64| n.is_multiple_of(2), first(), second())).unwrap(),
    ]
}

fn outputs(faults: [Option<Fault>; 2]) -> (Out, Out) {
    let first = Out { fault: faults[0], ..Out::named("first") };
    let second = Out { fault: faults[1], log: Arc::clone(&first.log), ..Out::named("second") };
    (first, second)
}

#[test]
fn whatever_fails_in_one_output_makes_none_visible_and_aborts_the_other() {
    for fault in [Fault::Open, Fault::Encode, Fault::Write, Fault::Prepare, Fault::Commit, Fault::Panic] {
        for failing in [0, 1] {
            let mut faults = [None, None];
            faults[failing] = Some(fault);
            let (first, second) = outputs(faults);
            for (kind, pipeline) in pipelines(&first, &second).into_iter().enumerate() {
                let case = format!("{fault:?} of {failing}, {kind}");
                first.log.lock().unwrap().clear();
                let failed = pipeline.run_blocking(&RunContext::new()).unwrap_err();
                assert!(matches!(failed, PipelineError::Write { .. }), "{case}: {failed:?}");
                let log = first.log.lock().unwrap().clone();
                let is_late = matches!(fault, Fault::Commit | Fault::Panic);
                // The window: the first was committed before the second failed.
                assert_eq!(
                    log.contains(&"first commit".to_owned()),
                    is_late && failing == 1,
                    "{case}: {log:?}"
                );
                if failing == 0 || !is_late {
                    assert_eq!((first.committed(), second.committed()), (None, None), "{case}");
                    let other = ["second", "first"][failing];
                    let was_opened = log.contains(&format!("{other} open"));
                    // A panic drops the other one.
                    let is_aborted = log.contains(&format!("{other} abort"));
                    assert_eq!(is_aborted, was_opened && fault != Fault::Panic, "{case}: {log:?}");
                }
            }
        }
    }
}

#[test]
fn all_are_prepared_before_the_first_is_committed() {
    let (first, second) = outputs([None, None]);
    for pipeline in pipelines(&first, &second) {
        first.log.lock().unwrap().clear();
        pipeline.run_blocking(&RunContext::new()).unwrap();
        let log = first.log.lock().unwrap().clone();
        let end: Vec<_> = log.iter().filter(|what| !what.contains("write")).collect();
        let expected =
            ["first open", "second open", "first prepare", "second prepare", "first commit", "second commit"];
        assert_eq!(end, expected);
    }
}

#[test]
fn a_canceled_run_aborts_both() {
    let (first, second) = outputs([None, None]);
    for pipeline in pipelines(&first, &second) {
        first.log.lock().unwrap().clear();
        let cx = RunContext::new();
        cx.cancel();
        assert!(pipeline.run_blocking(&cx).unwrap_err().is_canceled());
        assert!(!first.log.lock().unwrap().iter().any(|what| what.contains("commit")));
        assert_eq!((first.committed(), second.committed()), (None, None));
    }
}

#[test]
fn a_check_opens_and_aborts_both() {
    let (first, second) = outputs([None, None]);
    for pipeline in pipelines(&first, &second) {
        first.log.lock().unwrap().clear();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(pipeline.check(&RunContext::new())).unwrap();
        let expected = ["first open", "second open", "first abort", "second abort"];
        assert_eq!(*first.log.lock().unwrap(), expected);
    }
}
