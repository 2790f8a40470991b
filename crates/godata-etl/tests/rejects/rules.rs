//! Which errors reject a record, and which always fail the run.

use std::future::ready;
use std::sync::{Arc, Mutex};

use godata_etl::{
    BoxError, BuildError, Canceled, Cancellation, Chunk, Concurrency, ExpectationFailed, FieldError, Flow,
    Job, JobErrorKind, Limit, OnError, Origin, Permanent, Pipeline, PipelineBuilder, PipelineError, Reader,
    Records, RejectKind, RunContext, RunReport, RunScope, Source, StageName, Transient, Type, Unit,
    error_chain, record,
};

use crate::kit::{Kept, Numbers};

fn skipping(limit: Limit) -> PipelineBuilder {
    Pipeline::builder("rules").on_error(OnError::skip(limit))
}

fn numbers() -> Flow<Vec<u64>> {
    skipping(Limit::unlimited()).read_vec((1..=5).collect())
}

fn rows() -> Flow<Records> {
    let mut batch = Records::with_names(["n", "text"]).unwrap();
    for n in 1..=5 {
        batch.push(record! {"n" => n, "text" => if n == 2 { "x" } else { "1" }});
    }
    skipping(Limit::unlimited()).read(OneBatch(batch))
}

/// Reads a batch, as a file with a header is read.
struct OneBatch(Records);

impl Reader for OneBatch {
    type Batch = Records;
    type Source = OpenBatch;

    async fn open(&self, _: &RunScope) -> Result<OpenBatch, BoxError> {
        Ok(OpenBatch(Some(self.0.clone())))
    }
}

struct OpenBatch(Option<Records>);

impl Source for OpenBatch {
    type Batch = Records;

    async fn next(&mut self) -> Result<Option<Unit<Records>>, BoxError> {
        Ok(self.0.take().map(|batch| Unit::ready(Chunk::new(batch, Origin::new(1)))))
    }
}

fn run<B: godata_etl::Batch>(flow: Flow<B>) -> Result<RunReport, PipelineError> {
    flow.write_fn(|_, _| ready(Ok(()))).unwrap().run_blocking(&RunContext::new())
}

#[test]
fn an_error_that_is_not_the_fault_of_the_record_fails_the_run() {
    type Step = fn(Flow<Vec<u64>>, Fails) -> Flow<Vec<u64>>;
    #[derive(Clone)]
    struct Fails(fn() -> BoxError);
    let canceled = || {
        let cancellation = Cancellation::new();
        cancellation.cancel();
        Box::<Canceled>::from(cancellation.check().unwrap_err()).into()
    };
    let errors: [fn() -> BoxError; 4] = [
        || Transient::new("busy").into(),
        || std::io::Error::other(Transient::new("busy")).into(),
        canceled,
        || panic!("no"),
    ];
    for error in errors.map(Fails) {
        let steps: [Step; 3] = [
            |flow, fails| flow.try_map(move |n| if n == 3 { Err(fails.0()) } else { Ok(n) }),
            |flow, fails| flow.scan((), move |(), n| if n == 3 { Err(fails.0()) } else { Ok(Some(n)) }),
            |flow, fails| {
                flow.map_async(Concurrency::Ordered(2), move |n| {
                    let fails = fails.clone();
                    async move { if n == 3 { Err(fails.0()) } else { Ok(n) } }
                })
            },
        ];
        for step in steps {
            let failed = run(step(numbers(), error.clone())).unwrap_err();
            assert!(matches!(failed, PipelineError::Step { .. }), "{failed:?}");
            assert_eq!(failed.place().unwrap().record, Some(3));
        }
    }
}

#[test]
fn an_error_that_is_permanent_rejects_the_record_even_with_a_transient_cause() {
    let step =
        numbers().try_map(|n| if n == 3 { Err(Permanent::new(Transient::new("no")).into()) } else { Ok(n) });
    assert_eq!(run(step).unwrap().rejected(), 1);
}

#[test]
fn a_name_that_no_record_has_fails_the_run() {
    let flows: [fn(Flow<Records>) -> Flow<Records>; 6] = [
        |flow| flow.try_filter(|r| Ok(r.f64("price")? > 0.0)),
        |flow| flow.expect("a price", |r| r.f64("price").is_ok()),
        |flow| flow.transform(|r| r.f64("price").map(drop).map_err(Into::into)),
        |flow| flow.derive("double", |r| Ok(r.f64("price")? * 2.0)),
        |flow| flow.cast("price", Type::Float),
        |flow| flow.scan((), |(), r| Ok(r.f64("price").is_ok().then_some(r))).untyped(),
    ];
    for flow in flows {
        let failed = format!("{:#}", run(flow(rows())).unwrap_err());
        assert!(failed.ends_with("no field is named `price`; the fields are `n`, `text`"), "{failed}");
    }
    #[derive(serde::Deserialize)]
    struct Order {
        #[expect(dead_code, reason = "it is only read")]
        price: f64,
    }
    let failed = run(rows().typed::<Order>()).unwrap_err();
    let unknown = "no field is named `price`; the fields are `n`, `text`";
    assert_eq!(format!("{failed:#}"), format!("step[0] (typed) failed at record 1: {unknown}"));
}

#[test]
fn a_record_without_a_field_that_others_may_have_is_rejected() {
    let rows = vec![record! {"n" => 1}, record! {"price" => 2}, record! {"n" => 3}];
    #[derive(serde::Deserialize)]
    struct Order {
        #[expect(dead_code, reason = "it is only read")]
        n: f64,
    }
    let flow = || skipping(Limit::unlimited()).read_vec(rows.clone()).untyped();
    for report in [run(flow().cast("n", Type::Float)), run(flow().typed::<Order>())] {
        let report = report.unwrap();
        let rejected = &report.rejections[0];
        assert_eq!((report.rejected(), rejected.place.record), (1, Some(2)));
        assert_eq!((rejected.kind, rejected.column.as_deref()), (RejectKind::Type, Some("n")));
    }
}

#[test]
fn what_when_does_not_allow_fails_the_run_with_its_own_error() {
    let policy = OnError::skip(Limit::unlimited()).when(|rejected| rejected.kind == RejectKind::Type);
    let flow =
        Pipeline::builder("when").on_error(policy).read_vec(vec![record! {"n" => "x"}, record! {"n" => 2}]);
    let flow = flow.untyped().cast("n", Type::Int).expect("small", |r| r.i64("n") == Ok(1));
    let failed = run(flow).unwrap_err();
    assert_eq!(format!("{failed:#}"), "step[2] (expect) failed at record 2: expected: small");
    let PipelineError::Step { source, report, .. } = failed else { panic!("{failed:?}") };
    assert!(source.downcast_ref::<ExpectationFailed>().is_some());
    assert_eq!(report.rejected(), 0);
}

#[test]
fn a_panic_in_when_fails_the_run() {
    let policy = OnError::skip(Limit::unlimited()).when(|_| panic!("no policy"));
    let flow = Pipeline::builder("when").on_error(policy).read_vec(vec![1_u64]);
    let flow = flow.map_async(Concurrency::Ordered(1), |_| ready(Err::<u64, _>("bad".into())));
    assert_eq!(
        format!("{:#}", run(flow).unwrap_err()),
        "step[0] (map_async) failed at record 1: panicked: no policy"
    );
}

#[test]
fn without_a_policy_the_first_bad_record_fails_the_run() {
    for builder in [Pipeline::builder("fail"), Pipeline::builder("fail").on_error(OnError::fail())] {
        let flow = builder.read(Numbers { records: 10, batch: 3, bad: Some(4) });
        let failed = run(flow).unwrap_err();
        assert_eq!(format!("{failed:#}"), "read failed at record 4 (numbers:5): bad 4");
        assert_eq!(failed.report().unwrap().rejected(), 0);
    }
}

#[test]
fn a_record_that_a_transform_failed_on_leaves_no_field_behind() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let output = Arc::clone(&written);
    let flow = rows().select(["n", "text"]).transform(|r| {
        if r.str("text") == Some("x") {
            r.set("only here", 1);
            return Err("bad".into());
        }
        Ok(())
    });
    let pipeline = flow.write_fn(move |_, batch| {
        output.lock().unwrap().push(batch);
        ready(Ok(()))
    });
    assert_eq!(pipeline.unwrap().run_blocking(&RunContext::new()).unwrap().rejected(), 1);
    let written = written.lock().unwrap();
    assert_eq!(written[0].names().collect::<Vec<_>>(), ["n", "text"]);
    assert_eq!(written[0].len(), 4);
}

#[test]
fn a_transform_that_rejects_every_record_keeps_the_names() {
    let names = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&names);
    let flow = rows().derive("more", |_| Err::<u64, _>("bad".into())).map_batch(move |batch| {
        seen.lock().unwrap().extend(batch.names().map(str::to_owned));
        Ok(batch)
    });
    assert_eq!(run(flow).unwrap().rejected(), 5);
    assert_eq!(*names.lock().unwrap(), ["n", "text", "more"]);
}

#[test]
fn an_error_that_panics_when_it_is_printed_is_rejected_like_any_other() {
    #[derive(Debug)]
    struct Unprintable;
    impl std::error::Error for Unprintable {}
    impl std::fmt::Display for Unprintable {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("unprintable")
        }
    }
    let report = run(numbers().try_map(|n| if n == 3 { Err(Unprintable.into()) } else { Ok(n) })).unwrap();
    let first = format!("{:?}", report.rejections[0]);
    assert!(first.ends_with("an error panicked when it was printed: unprintable"), "{first}");
}

#[test]
fn a_rejection_says_the_stage_the_place_and_the_cause() {
    let report = run(rows().cast("text", Type::Int)).unwrap();
    let rejected = &report.rejections[0];
    assert!(matches!(&rejected.stage, StageName::Step(step) if step.name() == "cast"));
    assert_eq!(rejected.to_string(), "step[0] (cast) rejected record 2");
    assert_eq!((rejected.kind, rejected.column.as_deref()), (RejectKind::Type, Some("text")));
    assert!(rejected.error.downcast_ref::<FieldError>().is_some());
    let report = run(numbers().expect("odd", |n| n % 2 == 1)).unwrap();
    assert_eq!((report.rejections[0].kind, report.rejected()), (RejectKind::Expectation, 2));
}

#[test]
fn a_run_keeps_the_first_ten_rejections() {
    let flow = skipping(Limit::unlimited()).read(Numbers { records: 100, batch: 7, bad: Some(5) });
    let report = run(flow).unwrap();
    let records: Vec<_> = report.rejections.iter().map(|rejected| rejected.place.record.unwrap()).collect();
    assert_eq!((report.rejected(), records), (20, (1..=10).map(|n| n * 5).collect()));
}

#[test]
fn a_share_that_is_not_from_0_to_1_is_a_mistake() {
    for share in [1.5, -0.1, f64::NAN] {
        let flow = skipping(Limit::share(share)).read_vec(vec![1]);
        let mistake = flow.write_fn(|_, _| ready(Ok(()))).unwrap_err();
        assert!(matches!(mistake, BuildError::InvalidShare { .. }), "{mistake:?}");
    }
    let mistake = skipping(Limit::share(5.0)).read_vec(vec![1]).write_fn(|_, _| ready(Ok(()))).unwrap_err();
    assert_eq!(
        mistake.to_string(),
        "the share of rejected records of pipeline `rules` must be from 0 to 1, and it is 5"
    );
}

#[test]
fn an_encoder_that_rejects_everything_leaves_an_empty_output() {
    let kept = Kept { bad: Some(1), ..Kept::default() };
    let report = numbers().write(kept).unwrap().run_blocking(&RunContext::new()).unwrap();
    assert_eq!((report.written.rejected, report.written.records, report.unfinished()), (5, 0, 0));
}

#[test]
fn a_batch_step_has_a_name_and_keeps_the_places() {
    let flow = skipping(Limit::unlimited()).read(Numbers { records: 20, batch: 6, bad: Some(5) });
    let flow = flow.batch_step("add \"2\"", |mut chunk, work| {
        let (mut made, mut from) = (Vec::new(), Vec::new());
        for (index, n) in (0..).zip(chunk.take_batch()) {
            if n % 4 == 0 {
                work.reject(chunk.row(index as usize), "a multiple of 4")?;
            } else {
                made.extend([n, n]);
                from.extend([index, index]);
            }
        }
        Ok(chunk.replaced_by(made, from))
    });
    let report = run(flow.expect("not 18", |&n| n != 18)).unwrap();
    let rejected: Vec<_> = report.rejections.iter().map(ToString::to_string).collect();
    let step = |n: u64| format!("step[0] (add \"2\") rejected record {n} (numbers:{})", n + 1);
    let read = |n: u64| format!("read rejected record {n} (numbers:{})", n + 1);
    let last = "step[1] (expect) rejected record 18 (numbers:19)".to_owned();
    let expected =
        [step(4), read(5), step(8), read(10), step(12), read(15), step(16), last.clone(), last, read(20)];
    assert_eq!(rejected, expected);
    assert_eq!((report.steps[0].expanded, report.steps[0].rejected), (12, 4));
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["steps"][0]["name"], "add \"2\"");
    assert_eq!((&json["rejected"], &json["steps"][0]["rejected"]), (&10.into(), &4.into()));
}

#[test]
fn a_batch_step_that_asks_for_an_unknown_name_fails() {
    let failed = run(rows().batch_step("prices", |chunk, _| {
        let _ = chunk.batch().iter().filter(|r| r.str("price").is_some()).count();
        Ok(chunk)
    }));
    let failed = format!("{:#}", failed.unwrap_err());
    assert_eq!(failed, "step[0] (prices) failed: no field is named `price`; the fields are `n`, `text`");
}

#[test]
fn a_step_needs_a_valid_name() {
    let flow = numbers().batch_step(" parse", |chunk, _| Ok(chunk));
    let mistake = flow.write_fn(|_, _| ready(Ok(()))).unwrap_err();
    assert_eq!(mistake.to_string(), "invalid step name ` parse` in pipeline `rules`");
}

#[test]
fn a_step_after_a_step_that_made_a_batch_as_a_whole_rejects_records_without_a_number() {
    let report = run(numbers().map_batch(Ok).expect("odd", |n| n % 2 == 1)).unwrap();
    let places: Vec<_> = report.rejections.iter().map(|rejected| rejected.place.to_string()).collect();
    assert_eq!(places, ["a record", "a record"]);
}

#[test]
fn a_service_that_is_down_fails_the_run_however_its_error_is_wrapped() {
    use std::io::ErrorKind::{ConnectionRefused, InvalidData, TimedOut};

    #[derive(Debug, thiserror::Error)]
    #[error("the order could not be looked up")]
    struct Lookup(#[source] std::io::Error);

    for (kind, is_rejected) in [(ConnectionRefused, false), (TimedOut, false), (InvalidData, true)] {
        for is_permanent in [false, true] {
            let failing = move |n: u64| match n {
                3 if is_permanent => Err(Permanent::new(Lookup(kind.into())).into()),
                3 => Err(Lookup(kind.into()).into()),
                n => Ok(n),
            };
            let reports = [
                run(numbers().try_map(failing)),
                run(numbers().map_async(Concurrency::Ordered(2), move |n| ready(failing(n)))),
            ];
            for report in reports {
                let rejected = report.ok().map(|report| report.rejected());
                assert_eq!(rejected, (is_rejected || is_permanent).then_some(1), "{kind}, {is_permanent}");
            }
        }
    }
}

#[test]
fn an_error_that_another_one_wraps_still_tells_its_kind_and_column() {
    #[derive(Debug, thiserror::Error)]
    #[error("no number")]
    struct Wrapped(#[from] FieldError);

    let flow = rows().try_filter(|record| Ok(record.f64("text").map_err(Wrapped)? > 0.0));
    let report = run(flow).unwrap();
    let first = &report.rejections[0];
    assert_eq!((first.kind, first.column.as_deref()), (RejectKind::Type, Some("text")));
}

#[tokio::test]
async fn too_many_rejected_records_are_a_permanent_failure_of_a_job() {
    let flow = skipping(Limit::records(1)).read_vec(vec![1, 2, 3]).expect("odd", |n| n % 2 == 0);
    let pipeline = flow.write_fn(|_, _| ready(Ok(()))).unwrap();
    let error = Job::run(&pipeline, &RunContext::new()).await.unwrap_err();
    assert_eq!(JobErrorKind::of(&*error), JobErrorKind::Permanent);
    let expected = "permanent failure: 2 of 3 records were rejected; the limit is 1 record: step[0] (expect) rejected record 1: expected: odd";
    assert_eq!(error_chain(&*error).to_string(), expected);
}

#[test]
fn the_table_of_a_report_shows_which_stage_rejected() {
    let report = run(numbers().expect("odd", |n| n % 2 == 1)).unwrap();
    let table = report.to_string();
    let cells = |line: usize| -> Vec<String> {
        table.lines().nth(line).unwrap().split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(cells(1), ["stage", "records", "in", "records", "out", "rejected", "bytes", "busy"]);
    assert_eq!(cells(3)[..5], ["0", "expect", "5", "3", "2"]);
    assert!(!run(numbers()).unwrap().to_string().contains("rejected"));
}

/// A record of several parts, two of which are rejected.
#[test]
fn counts_add_up_even_if_a_step_rejects_a_record_twice() {
    let flow = skipping(Limit::unlimited()).read_vec(vec![1_u64, 2]).batch_step("parts", |chunk, work| {
        for part in ["no name", "no price"] {
            work.reject(chunk.row(0), part)?;
        }
        let row = chunk.batch()[1];
        Ok(chunk.replaced_by(vec![row], vec![1]))
    });
    let report = run(flow).unwrap();
    let step = &report.steps[0];
    assert_eq!((step.records_in, step.records_out, step.rejected), (2, 1, 2));
    assert_eq!(step.records_in + step.expanded, step.records_out + step.rejected + step.dropped);
}
