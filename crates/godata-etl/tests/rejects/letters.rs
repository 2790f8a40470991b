//! Dead letters: what is in them, and when they become visible.

use std::sync::{Arc, Mutex};

use godata_etl::{
    BoxError, Chunk, Flow, Limit, Lines, OnError, Origin, Pipeline, PipelineError, Reader, Record, Records,
    RunContext, RunReport, RunScope, Sink, Source, Stop, Unit, Value, Work, Writer, record,
};

use crate::kit::{Fault, Letters, Numbers, text_of};

/// A pipeline whose reader rejects the multiples of 4 and whose step rejects those of 3. Its output has the log of `letters`.
fn flow(letters: &Letters, limit: Limit, workers: usize, batch: u64) -> Flow<Records> {
    Pipeline::builder("letters")
        .workers(workers)
        .on_error(OnError::dead_letter(letters.clone(), limit))
        .read(Numbers { records: 100, batch, bad: Some(4) })
        .map(|n| record! {"n" => n})
        .untyped()
        .try_filter(|r| if r.u64("n")? % 3 == 0 { Err("a multiple of 3".into()) } else { Ok(true) })
}

fn output(letters: &Letters) -> Letters {
    Letters { name: "output", visible: Arc::default(), fault: None, ..letters.clone() }
}

fn run(letters: &Letters, output: &Letters, limit: Limit) -> Result<RunReport, PipelineError> {
    let pipeline = flow(letters, limit, 2, 50).write(output.clone()).unwrap();
    pipeline.run_blocking(&RunContext::new())
}

fn named(name: &'static str) -> Letters {
    Letters { name, ..Letters::default() }
}

#[test]
fn each_letter_has_the_place_and_the_bytes_of_its_record_and_they_are_in_order() {
    let text = [b"n\n".to_vec(), text_of(1, 101)].concat();
    for workers in [1, 4, 16] {
        for batch in [1, 3, 50, 1_000] {
            let letters = named("letters");
            let pipeline =
                flow(&letters, Limit::unlimited(), workers, batch).write(output(&letters)).unwrap();
            let report = pipeline.run_blocking(&RunContext::new()).unwrap();
            assert_eq!((report.rejected(), report.written.records), (25 + 25, 50));
            let visible = letters.visible.lock().unwrap();
            let bad: Vec<u64> = (1..=100).filter(|n| n % 4 == 0 || n % 3 == 0).collect();
            assert_eq!(visible.iter().map(|letter| letter.u64("record").unwrap()).collect::<Vec<_>>(), bad);
            for (letter, n) in visible.iter().zip(bad) {
                let raw = letter.text("raw").unwrap();
                let byte = letter.u64("byte").unwrap() as usize;
                assert_eq!((raw, letter.u64("line").unwrap()), (&*format!("{n}\n"), n + 1));
                assert_eq!(&text[byte..byte + raw.len()], raw.as_bytes());
            }
        }
    }
}

#[test]
fn a_letter_says_what_was_where_and_why() {
    let letters = named("letters");
    let cx = RunContext::new().with_attempt(3);
    let pipeline = flow(&letters, Limit::unlimited(), 1, 10).write(output(&letters)).unwrap();
    pipeline.run_blocking(&cx).unwrap();
    let letter = letters.visible.lock().unwrap()[0].clone();
    let time = letter.get("time").unwrap();
    let expected = record! {
        "pipeline" => "letters", "run_id" => cx.run_id().to_string(), "attempt" => 3, "time" => time,
        "stage" => "step[2] (try_filter)", "step" => 2, "file" => "numbers", "record" => 3, "line" => 4, "byte" => 6,
        "column" => (), "kind" => "other", "error" => "a multiple of 3", "raw" => "3\n", "raw_hex" => (),
        "header" => "n\n",
    };
    assert_eq!(letter, expected);
}

#[test]
fn the_letters_of_a_batch_are_written_after_it_and_committed_before_the_output() {
    let letters = named("letters");
    run(&letters, &output(&letters), Limit::unlimited()).unwrap();
    let expected = [
        "output open",
        "letters open",
        "output write 26",
        "letters write 24",
        "output write 24",
        "letters write 26",
        "letters commit",
        "output commit",
    ];
    assert_eq!(*letters.log.lock().unwrap(), expected);
}

#[test]
fn a_run_over_its_limit_gives_up_the_letters_and_the_output() {
    let letters = named("letters");
    let failed = run(&letters, &output(&letters), Limit::records(49)).unwrap_err();
    assert!(matches!(failed, PipelineError::TooManyRejected { rejected: 50, read: 100, .. }), "{failed:?}");
    let log = letters.log.lock().unwrap().clone();
    assert_eq!(log[log.len() - 2..], ["output abort", "letters abort"]);
    assert!(letters.visible.lock().unwrap().is_empty());
}

#[test]
fn letters_that_cannot_be_written_fail_the_run() {
    for (fault, cause) in [
        (Fault::Open, "disk full"),
        (Fault::Encode, "not a letter"),
        (Fault::Write, "disk full"),
        (Fault::Commit, "disk full"),
    ] {
        let letters = Letters { fault: Some(fault), ..named("letters") };
        let output = output(&letters);
        let failed = run(&letters, &output, Limit::unlimited()).unwrap_err();
        let expected = format!("write failed: the dead letters could not be written: {cause}");
        assert_eq!(format!("{failed:#}"), expected, "{fault:?}");
        assert!(output.visible.lock().unwrap().is_empty(), "{fault:?}");
        assert!(!letters.log.lock().unwrap().iter().any(|line| line == "output commit"), "{fault:?}");
    }
}

#[test]
fn the_bytes_of_letters_are_not_those_of_the_output() {
    let letters = named("letters");
    let report = run(&letters, &output(&letters), Limit::unlimited()).unwrap();
    assert_eq!(report.written.bytes, 2_000);
}

#[tokio::test]
async fn a_preview_writes_no_letters() {
    let letters = named("letters");
    assert_eq!(flow(&letters, Limit::unlimited(), 2, 10).collect(1_000).await.unwrap().len(), 50);
    assert!(letters.log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_check_opens_the_letters_too() {
    let letters = Letters { fault: Some(Fault::Open), ..named("letters") };
    let pipeline = flow(&letters, Limit::unlimited(), 2, 10).write(output(&letters)).unwrap();
    let failed = pipeline.check(&RunContext::new()).await.unwrap_err();
    assert_eq!(format!("{failed:#}"), "write failed: the dead letters could not be written: disk full");
}

/// Reads one batch of two sources, each with two lines.
struct TwoFiles;

struct OpenFiles(bool);

impl Reader for TwoFiles {
    type Batch = Vec<u32>;
    type Source = OpenFiles;

    async fn open(&self, _: &RunScope) -> Result<OpenFiles, BoxError> {
        Ok(OpenFiles(true))
    }
}

impl Source for OpenFiles {
    type Batch = Vec<u32>;

    async fn next(&mut self) -> Result<Option<Unit<Vec<u32>>>, BoxError> {
        let unit = Unit::new(|work| {
            let file = |name: &str, bytes: &[u8]| {
                let origin = Origin::new(1).source(name).lines(Lines::From(2)).header(format!("{name}\n"));
                work.keep_raw(origin, bytes, 5, |_| vec![0..2, 2..4])
            };
            let origin = file("a", b"0\n1\n").followed_by(2, file("b", b"2\n\xff\n"));
            let origin = origin.followed_by(4, file("c", b"2\n\0\n"));
            Ok(Chunk::new(vec![0, 1, 2, 3, 4, 5], origin))
        });
        Ok(std::mem::take(&mut self.0).then_some(unit))
    }
}

#[test]
fn a_batch_of_several_files_has_the_bytes_and_the_header_of_each() {
    let letters = named("letters");
    let flow = Pipeline::builder("files")
        .on_error(OnError::dead_letter(letters.clone(), Limit::unlimited()))
        .read(TwoFiles)
        .expect("even", |n| n % 2 == 0);
    let pipeline = flow.write_fn(|_, _| async { Ok(()) }).unwrap();
    pipeline.run_blocking(&RunContext::new()).unwrap();
    let found: Vec<Record> = letters.visible.lock().unwrap().clone();
    let parts = |letter: &Record| {
        ["file", "line", "byte", "raw", "raw_hex", "header"]
            .map(|name| Value::from(letter.get(name).unwrap()))
    };
    let expected: [[Value; 6]; 3] = [
        ["a".into(), 3.into(), 7.into(), "1\n".into(), ().into(), "a\n".into()],
        ["b".into(), 3.into(), 7.into(), ().into(), "ff0a".into(), "b\n".into()],
        ["c".into(), 3.into(), 7.into(), ().into(), "000a".into(), "c\n".into()],
    ];
    assert_eq!(found.iter().map(parts).collect::<Vec<_>>(), expected);
}

#[test]
fn an_output_that_cannot_be_made_visible_leaves_the_new_letters() {
    let letters = named("letters");
    let output = Letters { fault: Some(Fault::Commit), ..output(&letters) };
    let failed = run(&letters, &output, Limit::unlimited()).unwrap_err();
    assert_eq!(format!("{failed:#}"), "write failed: disk full");
    assert_eq!((letters.visible.lock().unwrap().len(), output.visible.lock().unwrap().len()), (50, 0));
}

#[test]
fn each_run_can_have_letters_of_its_own() {
    let letters = named("letters");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (made, runs) = (letters.clone(), Arc::clone(&asked));
    let on_error = OnError::dead_letter_with(
        move |cx: &RunContext| {
            runs.lock().unwrap().push(cx.run_id());
            if cx.attempt() == 2 { Err("no folder".into()) } else { Ok(made.clone()) }
        },
        Limit::unlimited(),
    );
    let flow = Pipeline::builder("own").on_error(on_error).read_vec(vec![1, 2]).expect("odd", |n| n % 2 == 1);
    let pipeline = flow.write_fn(|_, _| async { Ok(()) }).unwrap();
    let cx = RunContext::new();
    pipeline.run_blocking(&cx).unwrap();
    assert_eq!(
        (asked.lock().unwrap().clone(), letters.visible.lock().unwrap().len()),
        (vec![cx.run_id()], 1)
    );
    let failed = pipeline.run_blocking(&RunContext::new().with_attempt(2)).unwrap_err();
    assert_eq!(format!("{failed:#}"), "write failed: the dead letters could not be written: no folder");
}

/// An output whose encoder rejects its only record twice.
struct Picky;

impl Writer<Vec<u64>> for Picky {
    type Encoded = ();
    type Sink = Self;

    async fn open(&self, _: &RunScope) -> Result<Self, BoxError> {
        Ok(Self)
    }

    fn encode(&self, chunk: Chunk<Vec<u64>>, work: &mut Work) -> Result<(), Stop> {
        work.reject(chunk.row(0), "no name")?;
        work.reject(chunk.row(0), "no price")
    }
}

impl Sink<()> for Picky {
    async fn write(&mut self, (): ()) -> Result<(), BoxError> {
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn an_encoder_that_rejects_a_record_twice_writes_no_record() {
    let flow = Pipeline::builder("t").on_error(OnError::skip(Limit::unlimited())).read_vec(vec![1_u64]);
    let report = flow.write(Picky).unwrap().run_blocking(&RunContext::new()).unwrap();
    assert_eq!((report.written.records, report.written.rejected), (0, 2));
}
