//! Targets that take a batch of rows, or refuse it.

use std::future::ready;
use std::sync::{Arc, Mutex};

use godata_etl::{
    BlockingRowSink, BoxError, Chunk, Flow, Limit, OnError, Origin, Pipeline, PipelineError, Record, Records,
    RejectKind, RowSink, RunContext, RunReport, RunScope, Sink, StageName, Stop, Transient, Work, Writer,
    blocking_rows, record, rows, tee,
};
use proptest::prelude::*;

use crate::kit::{Numbers, RUNTIME, Seen, builder, is_bad};

/// A table that refuses the multiples of a number. Each write is a transaction.
#[derive(Clone, Default)]
struct Table {
    bad: Option<u64>,
    rows: Arc<Mutex<Vec<u64>>>,
    /// How many rows each write had.
    writes: Arc<Mutex<Vec<usize>>>,
    /// Canceled by this write.
    canceled_at: Option<(usize, RunContext)>,
    ended: Arc<Mutex<Vec<&'static str>>>,
}

impl Table {
    fn insert(&self, rows: impl ExactSizeIterator<Item = u64> + Clone) -> Result<(), BoxError> {
        let mut writes = self.writes.lock().unwrap();
        writes.push(rows.len());
        if let Some((write, cx)) = &self.canceled_at
            && writes.len() == *write
        {
            cx.cancel();
        }
        if let Some(bad) = rows.clone().find(|&n| is_bad(n, self.bad)) {
            return Err(format!("{bad} is refused").into());
        }
        self.rows.lock().unwrap().extend(rows);
        Ok(())
    }
}

impl RowSink<u64> for Table {
    async fn write(&mut self, rows: &[u64]) -> Result<(), BoxError> {
        self.insert(rows.iter().copied())
    }

    async fn commit(self) -> Result<(), BoxError> {
        self.ended.lock().unwrap().push("commit");
        Ok(())
    }

    async fn abort(self) {
        self.ended.lock().unwrap().push("abort");
    }
}

impl RowSink<Record> for Table {
    async fn write(&mut self, rows: &[Record]) -> Result<(), BoxError> {
        let numbers: Vec<_> = rows.iter().map(|row| row.u64("n")).collect::<Result<_, _>>()?;
        self.insert(numbers.into_iter())
    }
}

impl BlockingRowSink<u64> for Table {
    fn write(&mut self, rows: &[u64]) -> Result<(), BoxError> {
        self.insert(rows.iter().copied())
    }

    fn commit(self) -> Result<(), BoxError> {
        self.ended.lock().unwrap().push("commit");
        Ok(())
    }
}

impl BlockingRowSink<Record> for Table {
    fn write(&mut self, rows: &[Record]) -> Result<(), BoxError> {
        let numbers: Vec<_> = rows.iter().map(|row| row.u64("n")).collect::<Result<_, _>>()?;
        self.insert(numbers.into_iter())
    }
}

/// How a table is written.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Typed,
    Dynamic,
    Blocking,
    BlockingDynamic,
}

impl Kind {
    fn write(self, flow: Flow<Vec<u64>>, table: &Table) -> Pipeline {
        let dynamic = |flow: Flow<Vec<u64>>| flow.map(|n| record! {"n" => n}).untyped();
        let (open, table) = (table.clone(), table.clone());
        let blocking = blocking_rows(move |_| Ok(table.clone()));
        let waiting = rows(move |_| ready(Ok(open.clone())));
        match self {
            Self::Typed => flow.write(waiting).unwrap(),
            Self::Dynamic => dynamic(flow).write(waiting).unwrap(),
            Self::Blocking => flow.write(blocking).unwrap(),
            Self::BlockingDynamic => dynamic(flow).write(blocking).unwrap(),
        }
    }
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Typed), Just(Kind::Dynamic), Just(Kind::Blocking), Just(Kind::BlockingDynamic)]
}

fn run(pipeline: &Pipeline) -> Result<RunReport, PipelineError> {
    RUNTIME.block_on(async { pipeline.run(&RunContext::new()).await })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_refused_rows_are_rejected_and_the_others_written_in_order(
        records in prop_oneof![0..10_u64, 0..700_u64],
        batch in prop_oneof![1..9_u64, 1..300_u64],
        workers in 1..5_usize,
        bad in (prop::option::of(2..20_u64), prop::option::of(prop_oneof![1..9_u64, 2..300_u64])),
        kind in any_kind(),
    ) {
        let table = Table { bad: bad.1, ..Table::default() };
        let seen = Seen::default();
        let reader = Numbers { bad: bad.0, ..Numbers::new(records, batch) };
        let flow = builder(workers, OnError::skip(Limit::unlimited())).hook(seen.clone()).read(reader.clone());
        let report = run(&kind.write(flow, &table)).unwrap();

        let (refused, good): (Vec<_>, Vec<_>) = reader.good().into_iter().partition(|&n| is_bad(n, bad.1));
        prop_assert_eq!(&*table.rows.lock().unwrap(), &good);
        let counts = (report.written.records, report.written.rejected, report.unfinished());
        prop_assert_eq!(counts, (good.len() as u64, refused.len() as u64, 0));
        let mut places: Vec<_> = seen.take().into_iter().filter(|(_, error)| error.ends_with("refused")).collect();
        let expected: Vec<_> =
            refused.iter().map(|n| (format!("record {n} (numbers:{})", n + 1), format!("{n} is refused"))).collect();
        prop_assert_eq!(std::mem::take(&mut places), expected);
    }

    #[test]
    fn few_writes_find_few_bad_rows(rows in 1..2_000_u64, bad in 1..2_000_u64) {
        let table = Table { bad: Some(bad), ..Table::default() };
        let flow = builder(1, OnError::skip(Limit::unlimited())).read(Numbers::new(rows, rows));
        run(&Kind::Typed.write(flow, &table)).unwrap();
        // Halves of an odd number of rows are not equal.
        let (n, k) = (rows.next_power_of_two() as f64, (rows / bad) as f64);
        let most = if k == 0.0 { 1.0 } else { 2.0 * k * (n / k).log2() + 2.0 * k };
        let writes = table.writes.lock().unwrap().len();
        prop_assert!(writes as f64 <= most, "{} > {}", writes, most);
    }

    /// The oracle counts record by record, whatever rejected them and in whatever batch.
    #[test]
    fn limits_count_refused_rows_like_all_others_and_in_the_order_of_the_input(
        records in 0..300_u64,
        batch in 1..80_u64,
        workers in 1..5_usize,
        bad in (prop::option::of(2..20_u64), 2..20_u64),
        limit in prop::option::of(0..40_u64),
        percent in prop::option::of(0..=40_u32),
        after in prop::option::of(0..300_u64),
    ) {
        let mut policy = limit.map_or_else(Limit::unlimited, Limit::records);
        if let Some(percent) = percent {
            policy = policy.and_share(f64::from(percent) / 100.0);
        }
        if let Some(after) = after {
            policy = policy.after(after);
        }
        let too_many = |rejected: u64, read: u64| {
            percent.is_some_and(|percent| rejected * 100 > u64::from(percent) * read)
        };
        let mut rejected = 0;
        let mut exceeded = None;
        for n in (1..=records).filter(|&n| is_bad(n, bad.0) || n % bad.1 == 0) {
            rejected += 1;
            let is_over = limit.is_some_and(|limit| rejected > limit);
            if is_over || after.is_some_and(|after| n >= after) && too_many(rejected, n) {
                exceeded = Some((rejected, n));
                break;
            }
        }
        let exceeded = exceeded.or(too_many(rejected, records).then_some((rejected, records)));

        let table = Table { bad: Some(bad.1), ..Table::default() };
        let reader = Numbers { bad: bad.0, ..Numbers::new(records, batch) };
        let flow = builder(workers, OnError::skip(policy)).read(reader);
        match (exceeded, run(&Kind::Typed.write(flow, &table))) {
            (None, Ok(report)) => prop_assert_eq!(report.rejected(), rejected),
            (Some(exceeded), Err(PipelineError::TooManyRejected { rejected, read, .. })) => {
                // A batch with too many records that were rejected before is not written, so it is not known which
                // of its rows are refused.
                prop_assert!((rejected, read) == exceeded || bad.0.is_some() && read >= exceeded.1);
            }
            (expected, found) => prop_assert!(false, "{:?}, {:?}", expected, found),
        }
    }
}

#[test]
fn two_bad_rows_of_a_thousand_take_forty_writes() {
    let table = Table { bad: Some(500), ..Table::default() };
    let flow = builder(1, OnError::skip(Limit::records(2))).read(Numbers::new(1_024, 1_024));
    let report = run(&Kind::Typed.write(flow, &table)).unwrap();
    assert_eq!((report.written.records, report.written.rejected, report.written.batches), (1_022, 2, 1));
    assert_eq!(table.writes.lock().unwrap().len(), 39);
    assert_eq!(*table.ended.lock().unwrap(), ["commit"]);
}

#[test]
fn a_rejection_and_its_letter_name_the_row_and_have_its_bytes() {
    let letters = Arc::new(Mutex::new(Vec::new()));
    let table = Table { bad: Some(7), ..Table::default() };
    let policy = OnError::dead_letter(Letters::writer(&letters), Limit::records(2));
    let flow = builder(2, policy).read(Numbers::new(20, 20));
    let report = run(&Kind::Typed.write(flow, &table)).unwrap();
    let first = &report.rejections[0];
    assert_eq!((&first.stage, first.kind), (&StageName::Write, RejectKind::Refused));
    assert_eq!(format!("{first:?}"), "write rejected record 7 (numbers:8): 7 is refused");
    let letters = letters.lock().unwrap();
    let fields = |letter: &Record| {
        let text = |name| letter.text(name).unwrap().to_owned();
        (letter.u64("line").unwrap(), text("kind"), text("error"), text("raw"))
    };
    let expected = |line, n: &str| (line, "refused".to_owned(), format!("{n} is refused"), format!("{n}\n"));
    assert_eq!(letters.iter().map(fields).collect::<Vec<_>>(), [expected(8, "7"), expected(15, "14")]);
}

/// Keeps dead letters.
struct Letters(Arc<Mutex<Vec<Record>>>);

impl Letters {
    fn writer(letters: &Arc<Mutex<Vec<Record>>>) -> impl Writer<Records> + use<> {
        let letters = Arc::clone(letters);
        rows(move |_| ready(Ok(Self(Arc::clone(&letters)))))
    }
}

impl RowSink<Record> for Letters {
    async fn write(&mut self, rows: &[Record]) -> Result<(), BoxError> {
        self.0.lock().unwrap().extend_from_slice(rows);
        Ok(())
    }
}

#[test]
fn without_a_policy_a_refused_batch_fails_the_run_unsplit_and_names_its_rows() {
    for kind in [Kind::Typed, Kind::Dynamic, Kind::Blocking, Kind::BlockingDynamic] {
        let table = Table { bad: Some(7), ..Table::default() };
        let flow = builder(2, OnError::fail()).read(Numbers::new(20, 5));
        let failed = run(&kind.write(flow, &table)).unwrap_err();
        assert_eq!(
            format!("{failed:#}"),
            "write failed: 5 records, from record 6 (numbers:7) to record 10 (numbers:11), could not be written: 7 is refused"
        );
        assert_eq!(*table.writes.lock().unwrap(), [5, 5]);
    }
}

#[test]
fn an_error_that_is_not_the_fault_of_a_row_is_not_bisected() {
    let errors: [fn() -> BoxError; 3] = [
        || Transient::new("busy").into(),
        || std::io::Error::from(std::io::ErrorKind::ConnectionReset).into(),
        || panic!("a bug"),
    ];
    for error in errors {
        let (letters, calls) = (Arc::default(), Arc::new(Mutex::new(0)));
        let policy = OnError::dead_letter(Letters::writer(&letters), Limit::unlimited());
        let target = Broken { error, calls: Arc::clone(&calls) };
        let flow = builder(2, policy).read(Numbers::new(20, 5));
        let pipeline = flow.write(rows(move |_| ready(Ok(target.clone())))).unwrap();
        assert!(matches!(run(&pipeline), Err(PipelineError::Write { .. })));
        assert_eq!((*calls.lock().unwrap(), letters.lock().unwrap().len()), (1, 0));
    }
}

#[derive(Clone)]
struct Broken {
    error: fn() -> BoxError,
    calls: Arc<Mutex<u32>>,
}

impl RowSink<u64> for Broken {
    async fn write(&mut self, _: &[u64]) -> Result<(), BoxError> {
        *self.calls.lock().unwrap() += 1;
        Err((self.error)())
    }
}

#[test]
fn a_name_that_no_record_has_is_not_the_fault_of_a_row() {
    let table = Table::default();
    let writes = Arc::clone(&table.writes);
    let flow = builder(1, OnError::skip(Limit::unlimited())).read(Numbers::new(3, 3));
    let flow = flow.map(|n| record! {"number" => n}).untyped().select(["number"]);
    let pipeline = flow.write(rows(move |_| ready(Ok(table.clone())))).unwrap();
    let failed = run(&pipeline).unwrap_err();
    assert!(format!("{failed:#}").contains("`n`"), "{failed:#}");
    assert!(writes.lock().unwrap().is_empty());
}

#[test]
fn what_when_does_not_allow_fails_the_run_at_its_row() {
    let table = Table { bad: Some(7), ..Table::default() };
    let policy = OnError::skip(Limit::unlimited()).when(|rejected| rejected.kind != RejectKind::Refused);
    let failed = run(&Kind::Typed.write(builder(2, policy).read(Numbers::new(20, 20)), &table)).unwrap_err();
    assert_eq!(
        format!("{failed:#}"),
        "write failed: record 7 (numbers:8) could not be written: 7 is refused"
    );
    assert_eq!(*table.ended.lock().unwrap(), ["abort"]);
}

#[test]
fn a_run_that_fails_at_its_limit_does_not_look_for_more_bad_rows() {
    let table = Table { bad: Some(1), ..Table::default() };
    let flow = builder(1, OnError::skip(Limit::records(3))).read(Numbers::new(1_024, 1_024));
    let failed = run(&Kind::Typed.write(flow, &table)).unwrap_err();
    assert!(matches!(failed, PipelineError::TooManyRejected { rejected: 4, read: 4, .. }), "{failed:?}");
    assert!(table.writes.lock().unwrap().len() < 20);
}

#[test]
fn a_cancellation_ends_the_search() {
    for kind in [Kind::Typed, Kind::Blocking] {
        let cx = RunContext::new();
        let table = Table { bad: Some(1), canceled_at: Some((3, cx.clone())), ..Table::default() };
        let flow = builder(1, OnError::skip(Limit::unlimited())).read(Numbers::new(64, 64));
        let pipeline = kind.write(flow, &table);
        let canceled = RUNTIME.block_on(async { pipeline.run(&cx).await }).unwrap_err();
        assert!(canceled.is_canceled(), "{canceled:?}");
        assert_eq!(table.writes.lock().unwrap().len(), 3, "{kind:?}");
    }
}

#[test]
fn a_row_that_one_target_refuses_stays_in_the_other() {
    let (first, second) = (Table { bad: Some(7), ..Table::default() }, Table::default());
    let (a, b) = (first.clone(), second.clone());
    let both = tee(rows(move |_| ready(Ok(a.clone()))), rows(move |_| ready(Ok(b.clone()))));
    let flow = builder(2, OnError::skip(Limit::records(1))).read(Numbers::new(10, 5));
    let report = run(&flow.write(both).unwrap()).unwrap();
    assert_eq!((report.written.records, report.written.rejected), (9, 1));
    assert_eq!((first.rows.lock().unwrap().len(), second.rows.lock().unwrap().len()), (9, 10));
}

/// A target that answers for each row, and refuses the multiples of 7, also when it is asked at a wrong time.
#[derive(Clone)]
struct Bulk {
    rows: Arc<Mutex<Vec<u64>>>,
    at_commit: bool,
}

struct OpenBulk(Bulk, RunScope);

impl Writer<Vec<u64>> for Bulk {
    type Encoded = Chunk<Vec<u64>>;
    type Sink = OpenBulk;

    async fn open(&self, scope: &RunScope) -> Result<OpenBulk, BoxError> {
        Ok(OpenBulk(self.clone(), scope.clone()))
    }

    fn encode(&self, chunk: Chunk<Vec<u64>>, _: &mut Work) -> Result<Self::Encoded, Stop> {
        Ok(chunk)
    }
}

impl Sink<Chunk<Vec<u64>>> for OpenBulk {
    async fn write(&mut self, chunk: Chunk<Vec<u64>>) -> Result<(), BoxError> {
        for (index, &n) in chunk.batch().iter().enumerate() {
            if n % 7 == 0 {
                self.1.reject(&chunk, index, format!("{n} is refused"))?;
            } else {
                self.0.rows.lock().unwrap().push(n);
            }
        }
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        if self.0.at_commit {
            self.1.reject(&Chunk::new(vec![1], Origin::new(1)), 0, "too late")?;
        }
        Ok(())
    }
}

#[test]
fn a_sink_names_the_records_that_its_target_refuses() {
    let bulk = Bulk { rows: Arc::default(), at_commit: false };
    let flow = || builder(2, OnError::skip(Limit::records(2))).read(Numbers::new(20, 5));
    let report = run(&flow().write(bulk.clone()).unwrap()).unwrap();
    assert_eq!((report.written.records, report.written.rejected), (18, 2));
    assert_eq!(report.rejections[1].to_string(), "write rejected record 14 (numbers:15)");
    assert_eq!(*bulk.rows.lock().unwrap(), (1..=20).filter(|n| n % 7 != 0).collect::<Vec<_>>());

    // Nothing would count it.
    let late = run(&flow().write(Bulk { at_commit: true, ..bulk }).unwrap()).unwrap_err();
    assert_eq!(format!("{late:#}"), "write failed: too late");
}
